"""Opens incidents and undoes them: see tests/support/incidents.py."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from support.incidents import Incident, open_incident


@pytest.fixture
def incident() -> Iterator[Callable[..., Incident]]:
    """One with the parameters given; all that happens in it is undone after the test."""
    with ExitStack() as stack:

        def opened(policy: str, **changed: Any) -> Incident:
            told = open_incident(policy, **changed)
            stack.enter_context(told.exchange.undone())
            return told

        yield opened
