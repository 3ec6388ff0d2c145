"""The whole way of the money on a real deployment: a trade's fee, the treasury's collateral, a staker's wallet."""

import pytest
from support.exchange import Exchange, new_exchange

from nacre.artifacts import load
from nacre.chain import Contract
from nacre.units import DAY, WAD


def treasury_of(exchange: Exchange) -> tuple[Contract, Contract]:
    """A treasury and its governance token, and Config told to pay it."""
    system, chain = exchange.system, exchange.chain
    share = chain.deploy(load("MockToken"), "Governance", "GOV", 18, sender=system.deployer)
    treasury = chain.deploy(
        load("Treasury"), system.owner, system.clearinghouse.address, share.address, DAY, sender=system.deployer
    )
    system.config.transact("set_treasury", treasury.address, sender=system.owner).check()
    for name in ("keeper", "outsider"):
        who = exchange.people[name]
        share.transact("mint", who, 100 * WAD, sender=who).check()
        share.transact("approve", treasury.address, 100 * WAD, sender=who).check()
    return treasury, share


@pytest.mark.parametrize("decimals", [6, 18])
def test_from_a_trade_to_a_wallet(decimals: int) -> None:
    exchange = new_exchange(decimals, protocol_fee_bps=20)
    chain, house, token = exchange.chain, exchange.house, exchange.token
    trader, _, keeper, _, outsider = exchange.people.values()
    treasury, share = treasury_of(exchange)
    treasury.transact("stake", 100 * WAD, sender=keeper).check()

    # 0.2 % of the notional, to the wei: mostly no whole number of token units.
    notional = exchange.trade(trader, 20 * WAD + 7, 400 * WAD).value
    fee = exchange.config.transact("collect_fees", 0, sender=outsider).check().value
    assert fee == -(-notional * 20 // 10_000)
    assert house.call("free_collateral", treasury.address) == fee
    units = fee // exchange.system.unit
    assert treasury.call("collectable") == units > 0

    collected = treasury.transact("collect", sender=outsider).check()
    assert (collected.value, collected.event("DistributionStarted").amount) == (units, units)
    assert house.call("free_collateral", treasury.address) == fee - units * exchange.system.unit
    assert token.call("balanceOf", treasury.address) == units

    # Half of the time alone, half with one who came later and staked as much.
    share_before = share.call("balanceOf", outsider)
    with chain.block(seconds=DAY // 2):
        treasury.transact("stake", 100 * WAD, sender=outsider).check()
    chain.mine(DAY // 2)
    before = token.call("balanceOf", keeper)
    earned = treasury.transact("claim", sender=keeper).check().value
    assert units * 3 // 4 - 1 <= earned <= units * 3 // 4
    assert token.call("balanceOf", keeper) == before + earned
    late = treasury.transact("claim", sender=outsider).check().value
    assert units - 2 <= earned + late <= units

    for who in (keeper, outsider):
        treasury.transact("unstake", 100 * WAD, sender=who).check()
    assert share.call("balanceOf", outsider) == share_before
    assert token.call("balanceOf", treasury.address) == units - earned - late

    # The clearinghouse has neither more nor less than it says.
    everybody = [*exchange.people.values(), treasury.address]
    said = sum(map(exchange.free, everybody)) + house.call("pot", 0)
    assert token.call("balanceOf", house.address) * exchange.system.unit == said


def test_what_waits_before_the_first_staker_and_a_change_of_treasury() -> None:
    exchange = new_exchange(6, protocol_fee_bps=20)
    trader, counterparty, keeper, *_ = exchange.people.values()
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    treasury, _ = treasury_of(exchange)
    # Fees from before the change, not yet collected, go to the one that is named now.
    first = exchange.config.transact("collect_fees", 0, sender=keeper).check().value
    treasury.transact("collect", sender=keeper).check()
    exchange.trade(counterparty, -20 * WAD, 400 * WAD)
    second = exchange.config.transact("collect_fees", 0, sender=keeper).check().value
    treasury.transact("collect", sender=keeper).check()
    units = (first + second) // exchange.system.unit
    assert treasury.call("undistributed") == units
    treasury.transact("stake", 1, sender=keeper).check()
    assert treasury.transact("collect", sender=keeper).check().event("DistributionStarted").amount == units
    exchange.chain.mine(DAY)
    assert treasury.call("claimable", keeper) == units
