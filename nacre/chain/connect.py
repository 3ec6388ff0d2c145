"""The chain that a script was told to work on: a URL, or a network of Ape's.

with connected(network="ethereum:local:test", url=None) as chain:
    ...
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from nacre.chain.base import ChainError
from nacre.chain.node import PRIVATE_KEY_VARIABLE, NodeChain

# Ape's test chain in this process: it starts empty and is gone when the script ends.
DEFAULT_NETWORK = "ethereum:local:test"


@contextmanager
def connected(network: str | None = None, url: str | None = None) -> Iterator[NodeChain]:
    """A node by URL, signed for with the key in NACRE_PRIVATE_KEY if there is one; else a network by its Ape name."""
    key = os.environ.get(PRIVATE_KEY_VARIABLE)
    if url is None and network is not None and network.startswith(("http://", "https://")):
        url = network
    if url is not None:
        yield NodeChain(url, key)
        return
    # Ape takes seconds to import: not when a URL was given.
    from ape import networks
    from ape.exceptions import ApeException

    try:
        context = networks.parse_network_choice(network or DEFAULT_NETWORK)
    except (ApeException, ValueError) as error:
        # Without the list of every network that Ape has heard of.
        raise ChainError(f"{network}: {str(error).split(' Options:')[0]}") from None
    with context as provider:
        tester = getattr(provider, "tester", None)
        if tester is not None:
            from nacre.chain.eth_tester import EthTesterRpc

            yield NodeChain(rpc=EthTesterRpc(tester.ethereum_tester, provider.chain_id))
            return
        uri = getattr(provider, "http_uri", None) or getattr(provider, "uri", None)
        if not uri:
            raise ChainError(f"{network}: its provider {provider.name} has no http address; use --url")
        yield NodeChain(str(uri), key)
