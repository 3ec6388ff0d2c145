"""Config over a book that keeps what it is told, and parameters that pass."""

from collections.abc import Callable
from typing import Any

import pytest

from nacre.artifacts import load
from nacre.chain import ZERO_ADDRESS, Contract, EmbeddedChain, Receipt
from nacre.units import WAD


@pytest.fixture
def chain() -> EmbeddedChain:
    return EmbeddedChain(exact_gas=False)


@pytest.fixture
def config_owner(chain: EmbeddedChain) -> str:
    return chain.account("config owner")


@pytest.fixture
def config_guardian(chain: EmbeddedChain) -> str:
    return chain.account("config guardian")


@pytest.fixture
def treasury(chain: EmbeddedChain) -> str:
    return chain.account("treasury")


@pytest.fixture
def stranger(chain: EmbeddedChain) -> str:
    return chain.account("stranger")


@pytest.fixture
def book(chain: EmbeddedChain) -> Contract:
    return chain.deploy(load("MockMarketBook"), sender=chain.account("deployer"))


@pytest.fixture
def config(chain: EmbeddedChain, book: Contract, config_owner: str, config_guardian: str, treasury: str) -> Contract:
    roles = (config_owner, config_guardian, treasury, ZERO_ADDRESS, book.address, book.address)
    return chain.deploy(load("Config"), *roles, sender=chain.account("deployer"))


@pytest.fixture
def lister(chain: EmbeddedChain) -> str:
    return chain.account("lister")


@pytest.fixture
def with_lister(
    chain: EmbeddedChain, book: Contract, config_owner: str, config_guardian: str, treasury: str, lister: str
) -> Contract:
    roles = (config_owner, config_guardian, treasury, lister)
    return chain.deploy(load("Config"), *roles, book.address, book.address, sender=chain.account("deployer"))


@pytest.fixture
def market_params(chain: EmbeddedChain, book: Contract) -> dict[str, Any]:
    """Oyster's; any contract serves as oracle and venue here."""
    return {
        "oracle": book.address,
        "venue": book.address,
        "imr_bps": 1000,
        "mmr_bps": 500,
        "trading_fee_bps": 5,
        "protocol_fee_bps": 2,
        "penalty": [4 * WAD, 3 * WAD, 2 * WAD, WAD // 10_000],
        "max_deviation_bps": 800,
        "max_open_interest": 100_000 * WAD,  # as much as auto-deleveraging allows
        "funding_cap_bps": 300,
        "funding_period_seconds": 28_800,
        "min_notional": 10 * WAD,
        "oracle_max_age": 3600,
        "entry_margin_rule": False,
        "tip": 5 * WAD // 2,
        "insurance_draw_bps": 5000,
        "force_close_band_bps": 120,
        "mark_median": True,
        "previous_mark": False,
        "cross_margin": True,
        "tiers": [(100_000 * WAD, 2000, 1000), (1_000_000 * WAD, 5000, 2500), (0, 0, 0)],
        "borrow_rate_bps": 1095,
        "borrow_share_bps": 5000,
        "settlement_delay": 604_800,
        "shown_trigger_bps": 10_000,
    }


@pytest.fixture
def policy_params() -> dict[str, Any]:
    return {
        "trigger_bps": 10_000,
        "backstop_bps": 6667,
        "margin_call_bps": 15_000,
        "takeover": True,
        "force_close": False,
        "force_close_fees": True,
        "loss_adl": False,
        "adl_previous_mark": False,
        "at_liquidation_price": True,
        "min_slice_bps": 500,
        "liquidation_fee_bps": 100,
        "reward_share_bps": 4000,
        "chunk_bps": 2000,
        "residue": 2,
        "cooldown_seconds": 30,
        "last_resort_seconds": 7200,
        "grace_seconds": 900,
        "large_notional": 100_000 * WAD,
    }


@pytest.fixture
def listed(
    config: Contract, config_owner: str, market_params: dict[str, Any], policy_params: dict[str, Any]
) -> Contract:
    """Config with market 0."""
    config.transact("list_market", market_params, policy_params, sender=config_owner).check()
    return config


@pytest.fixture
def set_market(listed: Contract, market_params: dict[str, Any], config_owner: str) -> Callable[..., Receipt]:
    """Sets market 0 to the parameters above, but for the given ones."""

    def changed(**fields: Any) -> Receipt:
        return listed.transact("set_market_params", 0, market_params | fields, sender=config_owner)

    return changed


@pytest.fixture
def set_policy(listed: Contract, policy_params: dict[str, Any], config_owner: str) -> Callable[..., Receipt]:
    def changed(**fields: Any) -> Receipt:
        return listed.transact("set_policy_params", 0, policy_params | fields, sender=config_owner)

    return changed
