"""What stories of attacks share: markets of the shipped policies, what people could walk away with, the books.

exchange = policy_exchange("hyperliquid")        # deployed once a process; the caller undoes what it does
with no_gain(exchange, attacker, accomplice):    # whatever they do inside: together no richer, and the books hold
    ...
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import pytest
from support import spec
from support.exchange import FREE, WIDE, Exchange, new_exchange
from support.sheets import RangeKey, balanced
from support.spec import Pos

from nacre.presets import preset, preset_names

POLICIES = preset_names()
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
# Where attackers have ranges in these stories, besides WIDE.
NARROW = (45_000, 47_000)
RANGES = (WIDE, NARROW)


@lru_cache(maxsize=64)
def _policy_exchange(policy: str, fields: tuple[tuple[str, Any], ...]) -> Exchange:
    wanted = dict(fields)
    decimals = wanted.pop("decimals", 18)
    config = preset(policy, **wanted).model_dump()
    return new_exchange(decimals=decimals, free=50 * FREE, **config)


def policy_exchange(policy: str, **fields: Any) -> Exchange:
    """A market of a shipped policy, single fields changed; everybody has 500,000. `decimals` are the collateral's."""
    return _policy_exchange(policy, tuple(sorted(fields.items())))


def ranges_of(exchange: Exchange, who: str, market: str = "main") -> list[RangeKey]:
    venue = exchange.system.markets[market].venue
    return [(who, *edges) for edges in RANGES if venue.call("range_of", who, *edges).liquidity]


def holdings(exchange: Exchange, *people: str) -> int:
    """What they could walk away with at mark: tokens, free collateral, debts to them, positions, ranges. What an
    isolated position or a range lacks costs them nothing; a cross account ends at nothing."""
    unit, total = exchange.system.unit, 0
    for who in people:
        account = exchange.free(who)
        for name, market in exchange.system.markets.items():
            worth, cross = position_worth(exchange, who, market.id)
            account += worth if cross else max(worth, 0)
            total += exchange.house.call("owed", market.id, who)
            for key in ranges_of(exchange, who, name):
                total += max(market.venue.call("range_of", *key).equity, 0)
        total += max(account, 0) + exchange.token.call("balanceOf", who) * unit
    return total


def position_worth(exchange: Exchange, who: str, market: int = 0) -> tuple[int, bool]:
    """Equity at mark, carry included, and whether free collateral backs it."""
    record, state = exchange.record(who, market), exchange.state(market)
    longs, shorts = state.long_social_loss_index, state.short_social_loss_index
    social = longs + state.funding_index if record.size > 0 else shorts - state.funding_index
    paid = spec.carry(record.size, social + state.borrow_index - record.entry_carry) if record.size else 0
    return spec.equity(Pos(record.size, record.balance, record.entry_notional), state.mark_price, paid), record.cross


def check_books(exchange: Exchange, *others: str) -> None:
    """Every token is somebody's, and every pot covers all claims on it, to a little dust."""
    known = [*exchange.people.values(), *others]
    ranges = {key for name in exchange.system.markets for who in known for key in ranges_of(exchange, who, name)}
    balanced(exchange, *known, ranges=tuple(ranges - {(exchange.people["provider"], *WIDE)}))


@contextmanager
def no_gain(exchange: Exchange, *attackers: str) -> Iterator[None]:
    """At one price whatever they do leaves them together with no more than they had."""
    before = holdings(exchange, *attackers)
    yield
    assert holdings(exchange, *attackers) <= before
    check_books(exchange)
