"""What all proofs share."""

from collections.abc import Iterator

import pytest
import z3
from prover import Proof


@pytest.fixture(autouse=True)
def _fresh_context() -> Iterator[None]:
    """A test's terms are numbered from the start, so that its proofs go the same way whatever ran before it."""
    z3.z3._main_ctx = None
    yield
    z3.z3._main_ctx = None


@pytest.fixture
def proof() -> Proof:
    return Proof()
