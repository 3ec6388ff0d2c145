"""See tests/support/timelock.py."""

import pytest
from support.timelock import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk.open()
