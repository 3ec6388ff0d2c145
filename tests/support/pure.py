"""Contracts of the tests' own, tests/support/vyper/contracts: most make a library or a module callable."""

from functools import cache

from nacre.artifacts import ROOT, Artifact, compile_contract
from nacre.chain import Contract, EmbeddedChain

PLACE = "tests/support/vyper/contracts"


@cache
def harness(name: str) -> Artifact:
    """It imports from contracts."""
    return compile_contract(f"{PLACE}/{name}.vy", ROOT)


@cache
def pure(name: str) -> Contract:
    """On a chain of its own."""
    chain = EmbeddedChain(exact_gas=False)
    return chain.deploy(harness(name), sender=chain.account("owner"))
