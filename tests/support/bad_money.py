"""An exchange whose collateral can be told to misbehave after everybody has deposited.

exchange = open_bad_money(loss="adl", ...)         # deployed once for each set of parameters; undo what you do
turn(exchange, REVERTS)                             # from now on every transfer fails
"""

from functools import lru_cache
from typing import Any

from support.exchange import FREE, LIQUIDITY, PEOPLE, PLAIN, Exchange

from nacre.artifacts import load
from nacre.chain import EmbeddedChain
from nacre.deploy import deploy_system, list_market
from nacre.presets import MarketConfig

BEHAVES = 0
# As contracts/mocks/MockBadToken.vy numbers its modes.
(
    RETURNS_FALSE,
    LIES,
    REVERTS,
    REVERTS_SILENTLY,
    TAKES_FEE,
    GIVES_MORE,
    REENTERS,
    BURNS_GAS,
    MOVES_AND_RETURNS_FALSE,
    RETURNS_SHORT,
    RETURNS_GARBAGE,
    REVERTS_AT_LENGTH,
) = (1 << bit for bit in range(12))


def new_bad_money(**fields: Any) -> Exchange:
    chain = EmbeddedChain(exact_gas=False)
    token = chain.deploy(load("MockBadToken"), 18, sender=chain.account("issuer"))
    system = deploy_system(chain, token=token, treasury=chain.account("treasury"))
    # the token's own interface: the deployment knows it as a plain one
    system.token = token
    list_market(system, "main", MarketConfig(**PLAIN | fields))
    exchange = Exchange(chain, system, {name: chain.account(name) for name in PEOPLE})
    for account in exchange.people.values():
        system.fund(account, FREE)
    system.fund(exchange.people["provider"], LIQUIDITY)
    exchange.provide(exchange.people["provider"], LIQUIDITY)
    return exchange


@lru_cache(maxsize=8)
def _shared(fields: tuple[tuple[str, Any], ...]) -> Exchange:
    return new_bad_money(**dict(fields))


def open_bad_money(**fields: Any) -> Exchange:
    return _shared(tuple(sorted(fields.items())))


def turn(exchange: Exchange, mode: int) -> None:
    exchange.token.transact("set_mode", mode, sender=exchange.chain.account("issuer")).check()
