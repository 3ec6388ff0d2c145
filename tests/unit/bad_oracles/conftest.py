"""A clearinghouse with two markets: the oracle of the first misbehaves on demand, that of the second does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from support.houses import PARTS, deploy_house

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain, create_address
from nacre.units import WAD


@dataclass(frozen=True)
class House:
    clearinghouse: Contract
    config: Contract
    oracles: list[Contract]
    venues: list[Contract]
    market_params: dict[str, Any]


@pytest.fixture
def chain() -> EmbeddedChain:
    return EmbeddedChain(exact_gas=False)


@pytest.fixture
def holder(chain: EmbeddedChain) -> str:
    return chain.account("holder")


@pytest.fixture
def house_owner(chain: EmbeddedChain) -> str:
    return chain.account("house owner")


@pytest.fixture
def house(chain: EmbeddedChain, holder: str, house_owner: str) -> House:
    """The holder has 100,000 in it, liquidity of 10,000 in each venue and a long of 1 in each market."""
    deployer = chain.account("deployer")

    def deploy(name: str, *arguments: Any) -> Contract:
        return chain.deploy(load(name), *arguments, sender=deployer)

    token, engine = deploy("MockToken", "Collateral", "COL", 18), deploy("MockMarketBook")
    config_address = create_address(deployer, chain.nonce(deployer) + PARTS + 1)
    clearinghouse = deploy_house(chain, token.address, engine.address, config_address, deployer)
    config = deploy("Config", house_owner, *[deployer] * 3, clearinghouse.address, engine.address)
    assert config.address == config_address
    oracles = [deploy("MockBadOracle", 100 * WAD) for _ in range(2)]
    venues = [deploy("OysterAmm", clearinghouse.address, number, 100 * WAD) for number in range(2)]
    params = _market_params()
    for oracle, venue in zip(oracles, venues, strict=True):
        places = {"oracle": oracle.address, "venue": venue.address}
        config.transact("list_market", params | places, _policy_params(), sender=house_owner).check()

    token.transact("mint", holder, 100_000 * WAD, sender=holder).check()
    token.transact("approve", clearinghouse.address, 100_000 * WAD, sender=holder).check()
    clearinghouse.transact("deposit", 100_000 * WAD, sender=holder).check()
    for number, venue in enumerate(venues):
        venue.transact("add_liquidity", 39_000, 53_000, 10_000 * WAD, sender=holder).check()
        clearinghouse.transact("trade", number, WAD, 20 * WAD, 0, 0, sender=holder).check()
    params |= {"oracle": oracles[0].address, "venue": venues[0].address}
    return House(clearinghouse, config, oracles, venues, params)


def _market_params() -> dict[str, Any]:
    return {
        "imr_bps": 1000,
        "mmr_bps": 500,
        "trading_fee_bps": 5,
        "protocol_fee_bps": 2,
        "penalty": [0, 0, 0, 0],
        "max_deviation_bps": 0,
        "max_open_interest": 0,
        "funding_cap_bps": 300,
        "funding_period_seconds": 28_800,
        "min_notional": 0,
        "oracle_max_age": 3600,
        "entry_margin_rule": False,
        "tip": 0,
        "insurance_draw_bps": 10_000,
        "force_close_band_bps": 0,
        "mark_median": False,
        "previous_mark": False,
        "cross_margin": False,
        "tiers": [(0, 0, 0)] * 3,
        "borrow_rate_bps": 0,
        "borrow_share_bps": 0,
        "settlement_delay": 0,
        "shown_trigger_bps": 0,
    }


def _policy_params() -> dict[str, Any]:
    numbers = (
        "backstop_bps",
        "margin_call_bps",
        "min_slice_bps",
        "liquidation_fee_bps",
        "reward_share_bps",
        "chunk_bps",
        "residue",
        "cooldown_seconds",
        "last_resort_seconds",
        "grace_seconds",
        "large_notional",
    )
    switches = ("takeover", "force_close", "force_close_fees", "loss_adl", "adl_previous_mark", "at_liquidation_price")
    return {"trigger_bps": 10_000} | dict.fromkeys(numbers, 0) | dict.fromkeys(switches, False)


@pytest.fixture
def snapshot(house: House, holder: str) -> Callable[[], tuple]:
    """What the holder and the markets have, as far as it needs no price."""

    def taken() -> tuple:
        views = ("pot", "insurance_fund", "open_interest", "long_social_loss_index", "short_social_loss_index")
        return (
            house.clearinghouse.call("free_collateral", holder),
            *(house.clearinghouse.call("position", number, holder) for number in range(2)),
            *(house.clearinghouse.call(view, number) for view in views for number in range(2)),
        )

    return taken
