"""The lens over a book that shows whatever a test puts there; market 0 is Oyster's, with 6-decimal collateral."""

from collections.abc import Callable
from typing import Any

import pytest

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain
from nacre.model.positions import Position
from nacre.units import WAD

MARKET_PARAMS = {
    "imr_bps": 1000,
    "mmr_bps": 500,
    "trading_fee_bps": 0,
    "protocol_fee_bps": 0,
    "penalty": [0, 0, 0, 0],
    "max_deviation_bps": 0,
    "max_open_interest": 0,
    "funding_cap_bps": 0,
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
POLICY_PARAMS = {
    "trigger_bps": 10_000,
    "backstop_bps": 6667,
    "margin_call_bps": 15_000,
    "takeover": True,
    "force_close": True,
    "force_close_fees": True,
    "loss_adl": False,
    "adl_previous_mark": False,
    "at_liquidation_price": False,
    "min_slice_bps": 0,
    "liquidation_fee_bps": 0,
    "reward_share_bps": 0,
    "chunk_bps": 0,
    "residue": 0,
    "cooldown_seconds": 0,
    "last_resort_seconds": 0,
    "grace_seconds": 0,
    "large_notional": 0,
}
FIELDS = ("index_price", "mark_price", "price_time", "stale", "jumped", "mid_price", "idle_since",
          "previous_mark", "final_price", "accrued_at", "premium", "premium_ema", "funding_index",
          "borrow_index", "long_social_loss_index", "short_social_loss_index", "total_long", "total_short",
          "holders_long", "holders_short", "insurance_fund", "pot", "protocol_fees", "borrow_fees",
          "unallocated_loss", "owed_total", "lp_margin", "lp_factor", "lp_epoch", "ranges", "draw_level",
          "status")  # fmt: skip


@pytest.fixture
def chain() -> EmbeddedChain:
    return EmbeddedChain(exact_gas=False)


@pytest.fixture
def anyone(chain: EmbeddedChain) -> str:
    return chain.account("anyone")


@pytest.fixture
def token(chain: EmbeddedChain, anyone: str) -> Contract:
    return chain.deploy(load("MockToken"), "Collateral", "COL", 6, sender=anyone)


@pytest.fixture
def book(chain: EmbeddedChain, token: Contract, anyone: str) -> Contract:
    made = chain.deploy(load("MockMarketBook"), sender=anyone)
    made.transact("show_collateral", token.address, sender=anyone).check()
    return made


@pytest.fixture
def lens(chain: EmbeddedChain, book: Contract, anyone: str) -> Contract:
    return chain.deploy(load("Lens"), book.address, book.address, sender=anyone)


@pytest.fixture
def set_params(chain: EmbeddedChain, book: Contract, anyone: str) -> Callable[..., None]:
    """Stores parameters through Config: those above but for the given ones, of market and policy alike."""
    config = chain.deploy(load("Config"), *[anyone] * 4, book.address, book.address, sender=anyone)
    places = {"oracle": book.address, "venue": book.address}
    config.transact("list_market", MARKET_PARAMS | places, POLICY_PARAMS, sender=anyone).check()

    def stored(**fields: int) -> None:
        market = MARKET_PARAMS | places | {name: value for name, value in fields.items() if name in MARKET_PARAMS}
        policy = POLICY_PARAMS | {name: value for name, value in fields.items() if name in POLICY_PARAMS}
        config.transact("set_market_params", 0, market, sender=anyone).check()
        config.transact("set_policy_params", 0, policy, sender=anyone).check()

    return stored


@pytest.fixture
def show_market(book: Contract, set_params: Callable[..., None], anyone: str) -> Callable[..., None]:
    """Market 0 in the given state; what is not given is zero, the mark 100."""

    def shown(**fields: Any) -> None:
        state = dict.fromkeys(FIELDS, 0) | {"mark_price": 100 * WAD} | fields
        book.transact("show_market", 0, state, sender=anyone).check()

    shown()
    return shown


@pytest.fixture
def show_account(book: Contract, anyone: str) -> Callable[..., None]:
    """A position of an account in market 0."""

    def shown(account: str, position: Position, owed: int = 0, free: int = 0, since: int = 0) -> None:
        record = (position.size, position.balance, position.entry_notional, position.entry_carry, False, 0)
        book.transact("show_account", 0, account, record, owed, free, since, sender=anyone).check()

    return shown
