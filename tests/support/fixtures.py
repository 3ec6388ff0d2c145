"""Fixtures of tests that stand on a whole system; a conftest.py imports them, so that other folders keep theirs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from support.exchange import SHORT_POT_MARKET, Exchange, open_exchange, short_pot

__all__ = [
    "chain_account",
    "counterparty",
    "exchange",
    "guardian",
    "keeper",
    "opened",
    "outsider",
    "owner",
    "provider",
    "short",
    "trader",
]


@pytest.fixture
def opened() -> Iterator[Callable[..., Exchange]]:
    """Opens an exchange with other parameters; all that is done with it is undone after the test."""
    with ExitStack() as stack:

        def opened_with(**fields: Any) -> Exchange:
            exchange = open_exchange(**fields)
            stack.enter_context(exchange.undone())
            return exchange

        yield opened_with


@pytest.fixture
def exchange(opened: Callable[..., Exchange]) -> Exchange:
    """The plain one: see support/exchange.py."""
    return opened()


@pytest.fixture
def short(opened: Callable[..., Exchange]) -> Exchange:
    """A market whose pot is short: see `short_pot`."""
    opened(**SHORT_POT_MARKET)
    return short_pot()


def _person(name: str) -> Any:
    @pytest.fixture(name=name)
    def person(chain_account: Callable[[str], str]) -> str:
        return chain_account(name)

    return person


@pytest.fixture
def chain_account() -> Callable[[str], str]:
    """Addresses are the same on every embedded chain."""
    return open_exchange().chain.account


trader = _person("trader")
counterparty = _person("counterparty")
keeper = _person("keeper")
provider = _person("provider")
outsider = _person("outsider")


@pytest.fixture
def owner(exchange: Exchange) -> str:
    return exchange.system.owner


@pytest.fixture
def guardian(exchange: Exchange) -> str:
    return exchange.system.guardian
