"""A whole system with one plain market, and people in it: see tests/support/exchange.py."""

from support.fixtures import *  # noqa: F403
