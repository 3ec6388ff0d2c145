"""Liquidations cost the same however many positions are open, and docs/gas.md says what."""

import json

import pytest

from nacre.bench.__main__ import main
from nacre.bench.document import drift, growth_tables
from nacre.bench.growth import FEW, GROWING, MANY, OWNED, UNIT, fill, growth, open_positions
from nacre.bench.growth import MARGIN as MARGIN_OF_EACH
from nacre.bench.measure import Bench, named
from nacre.bench.stage import Stage
from nacre.chain import EmbeddedChain


@pytest.fixture(scope="module")
def found():
    return growth()


def test_ten_thousand_positions_cost_no_more_than_ten(found):
    assert [item.operation for item in found] == list(GROWING)
    assert [list(item.gas) for item in found] == [[FEW, MANY]] * len(GROWING)
    assert {item.operation: item.more for item in found} == dict.fromkeys(GROWING, 0)


def test_it_is_the_gas_of_the_table(found):
    bench = Bench()
    assert {item.operation: item.gas[FEW] for item in found} == {
        name: bench.recorded(named(name)).gas_used for name in GROWING
    }


def test_document_is_up_to_date(found):
    lines = drift(growth_tables(found))
    assert not lines, "renew it with ./run bench growth --write:\n" + "\n".join(lines)


def test_the_crowd_is_real():
    """Sizes, margins and deposits of newcomers are those of ordinary calls, and the books add up."""
    stage = Stage(EmbeddedChain())
    house, market = stage.house, stage.market.id
    before, first = house.call("market_state", market), open_positions(stage)
    fill(stage, first + 6)
    after = house.call("market_state", market)
    assert open_positions(stage) == first + 6
    assert after.total_long - before.total_long == after.total_short - before.total_short == 3 * UNIT
    newcomers = [stage.chain.account(f"holder {number}") for number in range(first, first + 6)]
    positions = [house.call("position", market, account) for account in newcomers]
    assert [position.size for position in positions] == [-UNIT, UNIT] * 3
    assert all(house.call("free_collateral", account) == OWNED - MARGIN_OF_EACH for account in newcomers)
    # Six margins of which trading fees stay in the pot, too: of ranges, of the protocol.
    assert after.pot - before.pot == 6 * MARGIN_OF_EACH
    assert all(0 < MARGIN_OF_EACH - position.balance < UNIT for position in positions)


def test_command_prints_and_writes(found, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("nacre.bench.growth.growth", lambda: found)
    file = tmp_path / "growth.json"
    assert main(["growth", "--json", str(file), "--check"]) == 0
    rows = json.loads(file.read_text())["operations"]
    assert rows == [
        {"operation": item.operation, "gas": {str(n): gas for n, gas in item.gas.items()}} for item in found
    ]
    assert "takeover_solvent" in capsys.readouterr().out
