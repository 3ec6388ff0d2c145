"""report.json: exact, complete, and the sums in it follow from the rows."""

import json
from decimal import Decimal

from nacre.replay.result import FORCE_CLOSE, TAKEOVER, Absorption, BalanceSheet


def test_amounts_are_exact_decimals(result):
    report = json.loads(result.as_json())
    assert Decimal(report["solvency"]["assets"]).scaleb(18) == result.balance.assets
    assert report["solvency"]["dust"] == "0.000000000000001234"
    assert report["candles"][0]["open"] == "9130"
    assert report["candles"][0]["timestamp"] == result.candles[0].timestamp


def test_all_rows_are_there(result):
    report = json.loads(result.as_json())
    assert len(report["liquidations"]) == len(result.liquidations)
    assert len(report["samples"]) == len(result.samples)
    assert len(report["deficits"]) == len(result.absorptions)
    assert report["gas"][0] == {"operation": "takeover", "count": 30, "mean": 81_234, "highest": 99_000}


def test_totals_follow_from_the_rows(result):
    report = json.loads(result.as_json())
    for kind in (TAKEOVER, FORCE_CLOSE):
        rows = [row for row in report["liquidations"] if row["kind"] == kind]
        total = report["liquidations_by_kind"][kind]
        assert total["count"] == len(rows)
        assert Decimal(total["notional"]) == sum(Decimal(row["notional"]) for row in rows)
        assert Decimal(total["deficit"]) == sum(Decimal(row["deficit"]) for row in rows)
    losses = {name: Decimal(value) for name, value in report["losses"].items()}
    assert losses.pop("deficits") == sum(losses.values())


def test_a_range_without_a_side_is_paid_by_both(result):
    result.absorptions = [
        Absorption(0, "long", "takeover", 100, 10, 20, 5),
        Absorption(0, "short", "takeover", 50, 50, 0, 0),
        Absorption(0, "none", "remove range", 7, 0, 0, 0),
    ]
    assert result.socialised("long") == 65 + 4
    assert result.socialised("short") == 3


def test_a_sheet_balances_only_with_dust_that_is_not_negative():
    assert BalanceSheet(10, (("a", 7), ("b", 2)), 1).balances
    assert BalanceSheet(10, (("a", 12), ("b", -2)), 0).balances
    assert not BalanceSheet(10, (("a", 12),), -2).balances
    assert not BalanceSheet(10, (("a", 7),), 2).balances
