"""Side by side: every number is that of its own report, and the accounts can open under every policy."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from nacre.presets import preset, preset_names
from nacre.replay import compare
from nacre.replay.compare import Comparison, Measure
from nacre.replay.result import ADL
from nacre.replay.words import story
from nacre.units import WAD


def row(comparison, name):
    (found,) = [measure for group in comparison.groups() for measure in group.measures if measure.name == name]
    return found


def test_each_policy_has_its_own_numbers(comparison, result, defx):
    assert row(comparison, "traders").values == [-182_345 * WAD, -202_345 * WAD]
    assert row(comparison, "keepers").values == [58_720 * WAD] * 2
    assert row(comparison, "backstop vault").values == [0, 20_000 * WAD]
    assert row(comparison, "takeovers").values == [30, 0]
    assert row(comparison, "by ADL").values == [0, len(defx.of_kind(ADL))]
    assert row(comparison, "treasury income").values == [5_000 * WAD - 1_234] * 2
    assert row(comparison, "margin calls recorded").values == [0, 12]


def test_what_all_roles_gain_is_the_dust(comparison):
    roles = [row(comparison, name).values for name in compare.ROLES]
    for at, result in enumerate(comparison.results):
        assert sum(values[at] for values in roles) == result.zero_sum()


def test_losses_add_up_to_what_was_borne(comparison):
    payers = (
        "paid by insurance",
        "social loss, longs",
        "social loss, shorts",
        "social loss, providers",
        "borne in ADL, longs",
        "borne in ADL, shorts",
        "without a payer",
    )
    borne = [sum(amounts) for amounts in zip(*[row(comparison, name).values for name in payers], strict=True)]
    assert borne == row(comparison, "deficits").values
    assert row(comparison, "borne in ADL, shorts").values[1] > 0
    assert row(comparison, "borne in ADL, longs").values == [0, 0]


def test_what_the_previous_mark_leaves_to_the_bankrupt_is_no_loss(comparison, defx):
    before = row(comparison, "deficits").values[1]
    number = next(number for number, item in enumerate(defx.liquidations) if item.kind == ADL)
    item = defx.liquidations[number]
    defx.liquidations[number] = replace(item, given_up=item.given_up + 7 * WAD, residue=7 * WAD)
    assert row(comparison, "deficits").values[1] == before
    assert row(comparison, "given up beyond it").values == [0, 7 * WAD]
    assert "7.00 of that is more than the loss" in " ".join(story(defx))


def test_kinds_add_up_to_all_liquidations(comparison):
    kinds = [row(comparison, name).values for name in ("takeovers", "force closes", "by the backstop", "by ADL")]
    assert [sum(counts) for counts in zip(*kinds, strict=True)] == [60, 60]


def test_rows_of_nothing_are_left_out_where_they_are_shown(comparison):
    names = {measure.name for group in comparison.groups() for measure in group.telling().measures}
    assert "without a payer" not in names
    assert "traders" in names


@pytest.mark.parametrize(
    ("measure", "cells"),
    [
        (Measure("a", [0, -5 * WAD]), ["0", "−5.00"]),
        (Measure("a", [5 * WAD, 0], signed=True), ["+5.00", "0"]),
        (Measure("a", [1_234, 0], "count"), ["1,234", "0"]),
        (Measure("a", [1_234, 0], "gas"), ["1,234", "–"]),
    ],
)
def test_cells_are_written_by_their_unit(measure, cells):
    assert measure.cells() == cells


def test_the_json_has_the_table_the_candles_once_and_a_whole_report_a_policy(comparison, result):
    report = json.loads(comparison.as_json())
    assert [entry["policy"] for entry in report["policies"]] == ["oyster", "defx"]
    assert len(report["candles"]) == len(result.candles)
    own = json.loads(result.as_json())
    assert report["policies"][0] == {key: value for key, value in own.items() if key not in compare.SHARED}
    assert report["seed"] == own["seed"]
    rows = {entry["name"]: entry["values"] for entry in report["comparison"]}
    assert Decimal(rows["traders"]["defx"]) == -202_345
    assert rows["margin calls recorded"] == {"oyster": 0, "defx": 12}


def test_the_story_names_best_and_worst(comparison):
    text = " ".join(comparison.story())
    assert "under oyster, where they did best" in text
    assert "under defx, where they did worst" in text
    assert "paid a social loss under oyster and defx" in text
    assert "closed by auto-deleveraging under defx" in text


def test_a_loss_without_a_payer_is_told(comparison, result):
    result.absorptions[0] = type(result.absorptions[0])(0, "long", "takeover", 10, 0, 0, 10)
    assert "found no payer under oyster" in " ".join(Comparison([result]).story())


def test_policies_come_in_the_order_of_the_design_and_new_ones_last():
    assert compare.ordered(["zebra", "defx", "oyster", "apple"]) == ["oyster", "defx", "apple", "zebra"]
    assert list(compare.configs(preset_names())) == list(compare.ORDER)


def test_the_common_leverage_is_what_the_strictest_market_allows():
    markets = [preset(name) for name in preset_names()]
    common = compare.common_leverage(markets)
    assert common == compare.common_leverage([preset("oyster")])
    assert 80_000 < common < 100_000
    assert compare.common_leverage([preset("hyperliquid")]) > 300_000
