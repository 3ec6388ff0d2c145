"""A mock oracle at 100, a jump limit of 1 %, and a heartbeat of an hour."""

import pytest

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain
from nacre.units import WAD


@pytest.fixture
def chain() -> EmbeddedChain:
    return EmbeddedChain()


@pytest.fixture
def feeder(chain: EmbeddedChain) -> str:
    return chain.account("feeder")


@pytest.fixture
def oracle_owner(chain: EmbeddedChain) -> str:
    return chain.account("oracle owner")


@pytest.fixture
def stranger(chain: EmbeddedChain) -> str:
    return chain.account("stranger")


@pytest.fixture
def oracle(chain: EmbeddedChain, feeder: str, oracle_owner: str) -> Contract:
    return chain.deploy(
        load("MockOracle"), 100 * WAD, feeder, oracle_owner, 100, 3600, sender=chain.account("deployer")
    )
