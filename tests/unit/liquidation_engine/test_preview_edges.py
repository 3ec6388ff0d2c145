"""Previews refuse what the transaction refuses: a settling market, a position beyond all bounds, deleveraging that can
pass a side."""

from types import SimpleNamespace

import pytest
from support.exchange import ALL, PRICE, bare_house, open_exchange, reason_of

from nacre.artifacts import load
from nacre.units import WAD

# lib/policy_word
LOSS_ADL = 1 << 3
MOST_DELEVERAGED = 1_000


def test_a_settling_market(exchange, trader, keeper):
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(88 * WAD)
    arguments = (0, trader, ALL, 300 * WAD)
    assert exchange.engine.call("preview_takeover", *arguments, sender=keeper).new_size == 20 * WAD
    exchange.config.transact("settle_market", 0, 88 * WAD, sender=exchange.system.owner).check()
    for function, preview, last in (
        ("liquidate_by_takeover", "preview_takeover", 300 * WAD),
        ("force_close", "preview_force_close", 0),
    ):
        exchange.refuses("market is settling", exchange.engine, function, 0, trader, ALL, last, sender=keeper)
        assert reason_of(exchange.engine, preview, 0, trader, ALL, last, sender=keeper) == "market is settling"


@pytest.fixture
def bare():
    """A house whose venue hands out what it likes, and an engine that reads it. The house obeys a mere account."""
    house = bare_house()
    engine = house.chain.deploy(
        load("LiquidationEngine"), house.house.address, house.config, sender=house.chain.account("deployer")
    )
    policy = open_exchange().engine.call("policy", 0)

    def hand_out(who, size, balance, notional):
        house.send(house.venue, "venue_absorb", 0, who, who, (0, balance, size, notional, PRICE)).check()

    def set_policy(flags=0):
        engine.transact("set_policy", 0, policy | flags, sender=house.config).check()
        return policy | flags

    return SimpleNamespace(house=house, engine=engine, hand_out=hand_out, set_policy=set_policy)


@pytest.mark.parametrize("side", [1, -1])
def test_a_takeover_beyond_all_bounds(bare, trader, keeper, side):
    most = 2**110
    policy = bare.set_policy()
    bare.hand_out(keeper, side * (most - WAD), 2**126, 100 * (most - WAD))
    bare.hand_out(trader, side * 2 * WAD, 15 * WAD, (200 + side * 10) * WAD)
    for size, reason in ((WAD + 1, "size too large"), (WAD, "")):
        arguments = (0, trader, size, 0)
        if reason:
            assert reason_of(bare.engine, "preview_takeover", *arguments, sender=keeper) == reason
        else:
            assert bare.engine.call("preview_takeover", *arguments, sender=keeper).new_size == side * most
        sent = bare.house.send(bare.house.engine, "take_over", 0, keeper, trader, size, 0, policy, 0)
        assert sent.reason == reason


@pytest.mark.parametrize("side", [1, -1])
def test_more_holders_than_one_deleveraging_can_pass(bare, trader, keeper, outsider, side):
    """A thousand opposite: it is for deleveraging. One more: the waterfall takes it."""
    policy = bare.set_policy(LOSS_ADL)
    # bankrupt by 10, but not handed out so
    bare.hand_out(trader, side * 2 * WAD, 40 * WAD, 200 * WAD)
    price = PRICE * (100 - 25 * side) // 100
    bare.house.oracle.transact("set_price", price, sender=bare.house.oracle.call("feeder")).check()
    for number in range(MOST_DELEVERAGED):
        bare.hand_out(bare.house.chain.account(f"holder {number}"), -side * WAD, 100 * WAD, price)
    preview = ("preview_takeover", 0, trader, ALL, 100 * WAD)
    take_over = ("take_over", 0, keeper, trader, ALL, 100 * WAD, policy, 0)
    assert reason_of(bare.engine, *preview, sender=keeper) == "use ADL"
    assert bare.house.send(bare.house.engine, *take_over).reason == "use ADL"
    bare.hand_out(bare.house.chain.account("one more"), -side * WAD, 100 * WAD, price)
    seen = bare.engine.call(*preview, sender=keeper)
    assert seen.deficit == 10 * WAD
    receipt = bare.house.send(bare.house.engine, *take_over).check()
    assert receipt.event("Takeover").new_balance == seen.new_balance
    event = receipt.event("DeficitAbsorbed")
    assert (event.deficit, event.unallocated_loss) == (10 * WAD, 0)
    # one wei is as good as any size
    bare.hand_out(outsider, side, 25, 100)
    price -= side * WAD
    bare.house.oracle.transact("set_price", price, sender=bare.house.oracle.call("feeder")).check()
    receipt = bare.house.send(bare.house.engine, "take_over", 0, keeper, outsider, ALL, 100 * WAD, policy, 0).check()
    assert receipt.event("DeficitAbsorbed").deficit == 1
