"""The lens over a book that shows whatever a test puts there; market 0 is Oyster's, with 6-decimal collateral."""

from collections.abc import Callable
from typing import Any

import pytest

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain
from nacre.deploy import market_params, policy_params
from nacre.model.positions import Position
from nacre.presets import MarketConfig
from nacre.units import WAD

CONFIG = MarketConfig(
    trading_fee_bps=0,
    protocol_fee_bps=0,
    penalty=[0, 0, 0, 0],
    funding_cap_bps=0,
    funding_period_seconds=28_800,
    tip=0,
    backstop_bps=6_667,
    margin_call_bps=15_000,
)
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
    params, policy = market_params(CONFIG, book.address, book.address), policy_params(CONFIG)
    config.transact("list_market", params, policy, sender=anyone).check()

    def stored(**fields: int) -> None:
        market = params | {name: value for name, value in fields.items() if name in params}
        config.transact("set_market_params", 0, market, sender=anyone).check()
        ladder = policy | {name: value for name, value in fields.items() if name in policy}
        config.transact("set_policy_params", 0, ladder, sender=anyone).check()

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
