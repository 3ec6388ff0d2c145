"""A clearinghouse with two markets: the oracle of the first misbehaves on demand, that of the second does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from support.houses import PARTS, deploy_house

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain, create_address
from nacre.deploy import market_params, policy_params
from nacre.presets import MarketConfig
from nacre.units import WAD

CONFIG = MarketConfig(
    trading_fee_bps=5,
    protocol_fee_bps=2,
    penalty=[0, 0, 0, 0],
    funding_cap_bps=300,
    funding_period_seconds=28_800,
    tip=0,
)


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
    params = [market_params(CONFIG, o.address, v.address) for o, v in zip(oracles, venues, strict=True)]
    for listed in params:
        config.transact("list_market", listed, policy_params(CONFIG), sender=house_owner).check()

    token.transact("mint", holder, 100_000 * WAD, sender=holder).check()
    token.transact("approve", clearinghouse.address, 100_000 * WAD, sender=holder).check()
    clearinghouse.transact("deposit", 100_000 * WAD, sender=holder).check()
    for number, venue in enumerate(venues):
        venue.transact("add_liquidity", 39_000, 53_000, 10_000 * WAD, sender=holder).check()
        clearinghouse.transact("trade", number, WAD, 20 * WAD, 0, 0, sender=holder).check()
    return House(clearinghouse, config, oracles, venues, params[0])


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
