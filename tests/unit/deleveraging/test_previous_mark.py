"""auto_deleverage at the previous mark: that of the last touch in an earlier block, where it leaves no deficit."""

import pytest
from support import spec
from support.deleveraging import bankruptcy_terms, deleverage, expected
from support.ruin import SIZE, open_target
from support.spec import Pos

from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


@pytest.fixture
def previous(opened_adl):
    return opened_adl(adl_price="previous_mark")


def move(exchange, who, *prices):
    """Each price in a block of its own, touched in it."""
    for price in prices:
        with exchange.chain.block():
            exchange.system.push_price(exchange.main, price)
            exchange.house.transact("accrue", 0, sender=who).check()


def price(side, distance):
    return (100 - side * distance) * WAD


@SIDES
def test_all_are_closed_there_and_the_target_keeps_what_is_left(previous, crowd, trader, keeper, side):
    exchange = previous
    open_target(exchange, trader, side)
    accounts = crowd(exchange, *[(-side * 5 * WAD, margin * WAD) for margin in (60, 70)])
    move(exchange, keeper, price(side, 8))
    exchange.push(price(side, 15))
    before = exchange.pos(trader)
    left = spec.equity(before, price(side, 8))
    free = exchange.free(trader)
    receipt = deleverage(exchange, trader, accounts)
    assert receipt.event("AutoDeleveraging").notional == price(side, 8) * 10
    assert left > 0
    assert exchange.free(trader) == free + left
    assert exchange.pos(trader) == Pos()


@SIDES
def test_nothing_is_drawn_from_insurance(previous, crowd, trader, keeper, side):
    exchange = previous
    open_target(exchange, trader, side)
    accounts = crowd(exchange, (-side * SIZE, 300 * WAD))
    exchange.house.transact("donate_insurance", 0, 20 * WAD, sender=keeper).check()
    move(exchange, keeper, price(side, 8))
    exchange.push(price(side, 15))
    receipt = deleverage(exchange, trader, accounts)
    assert receipt.event("AutoDeleveraging").from_insurance == 0
    assert exchange.state().insurance_fund == 20 * WAD


@SIDES
def test_the_bankruptcy_price_where_that_mark_leaves_a_deficit(previous, crowd, trader, keeper, side):
    exchange = previous
    open_target(exchange, trader, side)
    accounts = crowd(exchange, (-side * SIZE, 300 * WAD))
    exchange.house.transact("donate_insurance", 0, 20 * WAD, sender=keeper).check()
    move(exchange, keeper, price(side, 14))
    exchange.push(price(side, 15))
    receipt = deleverage(exchange, trader, accounts)
    assert receipt.event("AutoDeleveraging").from_insurance == 20 * WAD
    assert exchange.pos(trader) == Pos()


@SIDES
def test_the_edge_between_the_two(previous, crowd, trader, keeper, side):
    """Equity of zero at the previous mark leaves no deficit; a wei less does."""
    for missing in (0, 1):
        with previous.undone():
            exchange = previous
            open_target(exchange, trader, side)
            accounts = crowd(exchange, (-side * SIZE, 300 * WAD))
            move(exchange, keeper, price(side, 12))
            lacking = -exchange.lens.call("health", 0, trader).equity + missing
            exchange.house.transact("adjust_margin", 0, lacking - 2 * missing, sender=trader).check()
            assert exchange.lens.call("health", 0, trader).equity == -missing
            exchange.push(price(side, 15))
            terms = exchange.lens.call("adl_terms", 0, trader)
            assert terms.at_previous_mark == (missing == 0)
            deleverage(exchange, trader, accounts)
            assert exchange.pos(trader) == Pos()


@SIDES
def test_a_price_that_nobody_touched_is_not_the_previous_one(previous, crowd, trader, keeper, side):
    """Of several blocks the last in which the market was touched counts, not the oracle's last."""
    exchange = previous
    open_target(exchange, trader, side)
    accounts = crowd(exchange, (-side * SIZE, 300 * WAD))
    move(exchange, keeper, price(side, 5))
    exchange.push(price(side, 8))
    exchange.push(price(side, 15))
    receipt = deleverage(exchange, trader, accounts)
    assert receipt.event("AutoDeleveraging").notional == price(side, 5) * 10


@SIDES
@pytest.mark.parametrize("touched", [False, True], ids=["first touch", "touched"])
def test_it_is_no_older_than_a_price_may_be(previous, crowd, trader, keeper, side, touched):
    """By the time of its touch, to the second; whether or not the market has been touched in the block already."""
    exchange = previous
    max_age = exchange.config.call("market_params", 0).oracle_max_age
    open_target(exchange, trader, side)
    accounts = crowd(exchange, (-side * SIZE, 300 * WAD))
    move(exchange, keeper, price(side, 3), price(side, 8))
    since = exchange.chain.timestamp
    exchange.push(price(side, 15))
    bankruptcy = bankruptcy_terms(exchange.pos(trader)).notional
    for age, notional in ((max_age, price(side, 8) * 10), (max_age + 1, bankruptcy)):
        with exchange.undone():
            exchange.chain.set_next_timestamp(since + age)
            with exchange.chain.block():
                if touched:
                    exchange.house.transact("accrue", 0, sender=keeper).check()
                mark, terms = exchange.state().previous_mark, exchange.lens.call("adl_terms", 0, trader)
                receipt = exchange.engine.transact("auto_deleverage", 0, trader, accounts, sender=keeper).check()
            assert receipt.timestamp == since + age
            assert receipt.event("AutoDeleveraging").notional == terms.notional == notional
            assert mark == (price(side, 8) if age == max_age else 0)
            assert terms.at_previous_mark == (age == max_age)


@SIDES
def test_within_the_block_of_the_crash(previous, crowd, trader, keeper, side):
    """The touch at the new price does not make it the previous one before the next block."""
    exchange = previous
    open_target(exchange, trader, side)
    accounts = crowd(exchange, (-side * SIZE, 300 * WAD))
    move(exchange, keeper, price(side, 8))
    with exchange.chain.block():
        exchange.system.push_price(exchange.main, price(side, 15))
        exchange.house.transact("accrue", 0, sender=keeper).check()
        receipt = exchange.engine.transact("auto_deleverage", 0, trader, accounts, sender=keeper).check()
    assert receipt.event("AutoDeleveraging").notional == price(side, 8) * 10


@SIDES
def test_a_block_after_a_touch_at_the_new_price_it_is_too_late(previous, crowd, trader, keeper, side):
    """That is then the mark of the last touch, and leaves a deficit."""
    exchange = previous
    open_target(exchange, trader, side)
    accounts = crowd(exchange, (-side * SIZE, 300 * WAD))
    move(exchange, keeper, price(side, 8), price(side, 15), price(side, 15))
    notional = bankruptcy_terms(exchange.pos(trader)).notional
    receipt = deleverage(exchange, trader, accounts)
    assert receipt.event("AutoDeleveraging").notional == notional


@SIDES
def test_half_of_it_taken_leaves_the_rest_with_its_gain(previous, crowd, trader, keeper, side):
    """What the closed part realised at the better price stays in the position: the rest may lack nothing any more."""
    exchange = previous
    open_target(exchange, trader, side)
    (winner,) = crowd(exchange, (-side * 8 * WAD, 200 * WAD))
    move(exchange, keeper, price(side, 8))
    exchange.push(price(side, 12))
    with exchange.chain.block():
        want = expected(exchange, trader, [winner])
    assert want.deficit == 0
    receipt = deleverage(exchange, trader, [winner])
    assert receipt.events("DeficitAbsorbed") == []
    assert exchange.record(trader).size == side * 2 * WAD
    assert exchange.lens.call("health", 0, trader).equity > 0


@SIDES
def test_what_the_rest_still_lacks_is_drawn_from_insurance(previous, crowd, trader, keeper, side):
    exchange = previous
    open_target(exchange, trader, side)
    (winner,) = crowd(exchange, (-side * WAD, 100 * WAD))
    exchange.house.transact("donate_insurance", 0, 5 * WAD, sender=keeper).check()
    move(exchange, keeper, price(side, 8))
    exchange.push(price(side, 15))
    receipt = deleverage(exchange, trader, [winner])
    assert receipt.event("AutoDeleveraging").from_insurance == 0
    assert receipt.event("DeficitAbsorbed").from_insurance == 5 * WAD
    assert exchange.lens.call("health", 0, trader).equity == 0


@SIDES
def test_the_policy_decides(exchange, crowd, trader, keeper, side):
    """Where it says bankruptcy price, the previous mark does not matter."""
    open_target(exchange, trader, side)
    accounts = crowd(exchange, (-side * SIZE, 300 * WAD))
    move(exchange, keeper, price(side, 8))
    exchange.push(price(side, 15))
    notional = bankruptcy_terms(exchange.pos(trader)).notional
    receipt = deleverage(exchange, trader, accounts)
    assert receipt.event("AutoDeleveraging").notional == notional


def test_what_was_made_good_in_this_block_gains_no_more(previous, trader, outsider, keeper):
    """The deficit of a bankrupt range is absorbed at mark. Its inventory joins a bankrupt position, which the previous
    mark would make good once more: until the next block it is deleveraged at the bankruptcy price."""
    exchange = previous
    open_target(exchange, trader, 1)
    exchange.provide(trader, 500 * WAD, 45_550, 46_550)
    exchange.lead_venue(outsider, 92 * WAD, 9_000 * WAD)
    move(exchange, keeper, 92 * WAD)
    touched = exchange.chain.timestamp
    exchange.push(75 * WAD)
    alone = exchange.lens.call("adl_terms", 0, trader)
    assert alone.at_previous_mark
    with exchange.chain.block():
        removal = exchange.venue.transact("remove_liquidity", 45_550, 46_550, trader, sender=keeper).check()
        assert removal.event("DeficitAbsorbed").deficit > 0
        terms = exchange.lens.call("adl_terms", 0, trader)
        receipt = exchange.engine.transact("auto_deleverage", 0, trader, [outsider], sender=keeper).check()
    assert exchange.house.call("made_good", 0, trader) == receipt.timestamp > touched
    assert terms.size > alone.size
    assert not terms.at_previous_mark
    event = receipt.event("AutoDeleveraging")
    assert (event.size, event.notional, event.surplus) == (terms.size, terms.notional, 0)
    assert exchange.pos(trader) == Pos()


def test_a_range_that_lacked_nothing_changes_nothing(previous, trader, outsider, keeper):
    exchange = previous
    open_target(exchange, trader, 1)
    exchange.provide(trader, 500 * WAD, 45_550, 46_550)
    exchange.lead_venue(outsider, 92 * WAD, 9_000 * WAD)
    exchange.push(91 * WAD)
    removal = exchange.venue.transact("remove_liquidity", 45_550, 46_550, trader, sender=keeper).check()
    assert removal.events("DeficitAbsorbed") == []
    assert exchange.pos(trader).size > SIZE
    assert exchange.house.call("made_good", 0, trader) == 0
