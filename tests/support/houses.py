"""A clearinghouse with its parts, for any collateral, engine and Config: mere addresses do."""

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain

# What `deploy_house` sends before the clearinghouse itself: for who reckons addresses from nonces.
PARTS = 4


def deploy_house(chain: EmbeddedChain, token: str, engine: str, config: str, sender: str) -> Contract:
    """As nacre/deploy/core.py does, but by itself. The contract answers for its parts too."""

    def deploy(name: str, *arguments: str) -> str:
        return chain.deploy(load(name), *arguments, sender=sender).address

    cross = deploy("ClearinghouseCross")
    parts = (
        cross,
        deploy("ClearinghouseCrossLiquidation", cross),
        deploy("ClearinghouseMarkets", config, cross),
        deploy("ClearinghouseDeleveraging", engine),
    )
    return chain.deploy(load("Clearinghouse"), token, engine, *parts, sender=sender)
