"""Config on the real clearinghouse and engine: what a change does to a market with people in it."""

import pytest
from support import spec

from nacre.chain import EmbeddedChain
from nacre.deploy import deploy_system, list_market
from nacre.presets import preset
from nacre.units import WAD

LOWER, UPPER = 39_100, 53_000


@pytest.fixture
def system():
    """A provider, and a trader who is long 10 in market 0, which has moved the venue above the index."""
    chain = EmbeddedChain()
    made = deploy_system(chain)
    market = list_market(made, "main", preset("oyster", funding_cap_bps=500, funding_period_seconds=3600))
    for name in ("provider", "trader"):
        made.fund(chain.account(name), 100_000 * WAD)
    market.venue.transact("add_liquidity", LOWER, UPPER, 20_000 * WAD, sender=chain.account("provider")).check()
    made.clearinghouse.transact("trade", 0, 10 * WAD, 200 * WAD, 0, 0, sender=chain.account("trader")).check()
    return made


@pytest.fixture
def trader(system):
    return system.chain.account("trader")


@pytest.fixture
def change(system):
    """Changes single parameters of market 0."""

    def changed(**fields):
        params = system.config.call("market_params", 0)._asdict() | fields
        return system.config.transact("set_market_params", 0, params, sender=system.owner).check()

    return changed


def trade(system, trader, size, margin=0):
    return system.clearinghouse.transact("trade", 0, size, margin, 0, 0, sender=trader)


def test_the_past_accrues_by_the_old_parameters(system, change, trader):
    system.clearinghouse.transact("accrue", 0, sender=trader).check()
    system.chain.mine(600)
    receipt = change(funding_cap_bps=0)
    accrued = spec.accrual(receipt.event("FundingAccrued").accrual).funding_index
    assert accrued > 0
    system.chain.mine(600)
    assert system.clearinghouse.call("market_state", 0).funding_index == accrued
    change(funding_cap_bps=500)
    state = system.clearinghouse.call("market_state", 0)
    assert state.funding_index == accrued  # nothing is charged for the time without funding
    assert state.accrued_at == system.chain.timestamp


def test_a_stale_price_is_no_obstacle(system, change):
    system.chain.mine(500_000)
    assert system.clearinghouse.call("market_state", 0).stale is True
    change(oracle_max_age=600_000)
    assert system.clearinghouse.call("market_state", 0).stale is False


def test_tighter_margins_count_at_once(system, change, trader):
    assert system.lens.call("health", 0, trader).stage == 0
    change(imr_bps=5000, mmr_bps=2500)
    seen = system.lens.call("health", 0, trader)
    assert (seen.stage, seen.maintenance_margin) == (2, 250 * WAD)


@pytest.mark.parametrize("how", ["pause", "set_reduce_only"])
def test_no_opening_but_every_exit(system, trader, how):
    if how == "pause":
        system.config.transact("pause", 0, sender=system.guardian).check()
    else:
        system.config.transact("set_reduce_only", 0, True, sender=system.owner).check()
    provider = system.chain.account("provider")
    assert trade(system, trader, WAD, 100 * WAD).reason == "market is reduce-only"
    more = system.markets["main"].venue.transact("add_liquidity", 45_000, 47_000, WAD, sender=provider)
    assert more.reason == "market is reduce-only"
    assert system.clearinghouse.transact("adjust_margin", 0, 10 * WAD, sender=trader).ok
    assert trade(system, trader, -5 * WAD).ok
    assert system.clearinghouse.transact("withdraw", WAD, sender=trader).ok
    assert trade(system, trader, -5 * WAD).ok
    assert system.markets["main"].venue.transact("remove_liquidity", LOWER, UPPER, sender=provider).ok
    if how == "pause":
        system.config.transact("unpause", 0, sender=system.owner).check()
    else:
        system.config.transact("set_reduce_only", 0, False, sender=system.owner).check()
    assert system.clearinghouse.call("market_state", 0).status == 1


def test_fees_reach_the_treasury(system, trader):
    fees = system.clearinghouse.call("market_state", 0).protocol_fees
    assert fees > 0
    receipt = system.config.transact("collect_fees", 0, sender=trader).check()
    assert receipt.value == fees
    assert system.clearinghouse.call("free_collateral", system.treasury) == fees
    assert system.clearinghouse.call("market_state", 0).protocol_fees == 0
    assert system.config.transact("collect_fees", 0, sender=trader).check().value == 0


def test_only_config_sets_anything(system, trader):
    for account in (system.owner, system.deployer, trader):
        calls = (("set_market", 0, 1, 1, 1, 0), ("set_status", 0, 1), ("collect_protocol_fees", 0, account))
        for call in calls:
            assert system.clearinghouse.transact(*call, sender=account).reason == "not config"
        assert system.engine.transact("set_policy", 0, 1, sender=account).reason == "not config"
