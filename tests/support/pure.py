"""Libraries and modules, callable: a contract of tests/support/vyper/contracts on a chain of its own."""

from functools import cache

from nacre.artifacts import ROOT, compile_contract
from nacre.chain import Contract, EmbeddedChain

PLACE = "tests/support/vyper/contracts"


@cache
def pure(name: str) -> Contract:
    """It imports from contracts/. Not from the cache, which knows only what lies under contracts/."""
    chain = EmbeddedChain(exact_gas=False)
    artifact = compile_contract(f"{PLACE}/{name}.vy", ROOT, use_cache=False)
    return chain.deploy(artifact, sender=chain.account("owner"))
