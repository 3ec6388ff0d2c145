"""A Chainlink feed of 8 decimals at 100, with a heartbeat of an hour, and its adapter with a jump limit of 1 %."""

from collections.abc import Callable

import pytest

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain

UNIT = 10**8
NO_LIMIT = 2**191 - 1
ZERO = "0x" + "00" * 20
PHASE = 1 << 64


@pytest.fixture
def chain() -> EmbeddedChain:
    return EmbeddedChain()


@pytest.fixture
def node(chain: EmbeddedChain) -> str:
    """Writes rounds."""
    return chain.account("node")


@pytest.fixture
def aggregator(chain: EmbeddedChain, node: str) -> Contract:
    feed = chain.deploy(load("MockAggregator"), 8, sender=node)
    feed.transact("push", 100 * UNIT, sender=node).check()
    return feed


@pytest.fixture
def deploy_adapter(chain: EmbeddedChain, node: str) -> Callable[..., Contract]:
    def deployed(
        feed: str,
        heartbeat: int = 3600,
        push_jump_bps: int = 100,
        low: int = 0,
        high: int = NO_LIMIT,
        sequencer: str = ZERO,
    ) -> Contract:
        return chain.deploy(load("ChainlinkOracle"), feed, heartbeat, push_jump_bps, low, high, sequencer, sender=node)

    return deployed


@pytest.fixture
def oracle(deploy_adapter: Callable[..., Contract], aggregator: Contract) -> Contract:
    return deploy_adapter(aggregator.address)


@pytest.fixture
def set_round(chain: EmbeddedChain, aggregator: Contract, node: str) -> Callable[..., None]:
    """Writes a round of the first phase, complete and `age` seconds before its block unless told otherwise."""

    def written(number: int, answer: int, age: int = 0, phase: int = 1, answered_in: int | None = None) -> None:
        round_id = phase * PHASE + number
        answered = round_id if answered_in is None else answered_in
        made = chain.timestamp + 1 - age
        aggregator.transact("set_round", round_id, answer, made, made, answered, sender=node).check()

    return written
