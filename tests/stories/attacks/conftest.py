"""People and exchanges as in all stories; and markets of the shipped policies."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from support.attacks import policy_exchange
from support.exchange import Exchange


@pytest.fixture
def under() -> Iterator[Callable[..., Exchange]]:
    """Opens an exchange under a shipped policy; all that is done with it is undone after the test."""
    with ExitStack() as stack:

        def opened_under(policy: str, **fields: Any) -> Exchange:
            exchange = policy_exchange(policy, **fields)
            stack.enter_context(exchange.undone())
            return exchange

        yield opened_under
