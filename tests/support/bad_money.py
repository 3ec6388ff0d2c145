"""An exchange whose collateral can be told to misbehave after everybody has deposited.

exchange = open_bad_money(loss="adl", ...)         # deployed once for each set of parameters; undo what you do
turn(exchange, bad_token.REVERTS)                   # from now on every transfer fails
"""

from functools import lru_cache
from typing import Any

from support.exchange import FREE, LIQUIDITY, PEOPLE, PLAIN, Exchange

from nacre.artifacts import ROOT, compile_contract, load
from nacre.chain import EmbeddedChain
from nacre.deploy import deploy_system, list_market
from nacre.presets import MarketConfig

# Sources that only tests need.
OWN = ROOT / "tests" / "support" / "vyper"


def new_bad_money(token: str = "MockBadToken", **fields: Any) -> Exchange:
    chain = EmbeddedChain(exact_gas=False)
    code = load(token) if token.startswith("Mock") else compile_contract(f"contracts/{token}.vy", OWN)
    arguments = [] if token == "MockSilentToken" else [18]
    money = chain.deploy(code, *arguments, sender=chain.account("issuer"))
    system = deploy_system(chain, token=money)
    # the token's own interface: the deployment knows it as a plain one
    system.token = money
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


def block(exchange: Exchange, *accounts: str, blocked: bool = True) -> None:
    for account in accounts:
        exchange.token.transact("set_blocked", account, blocked, sender=exchange.chain.account("issuer")).check()
