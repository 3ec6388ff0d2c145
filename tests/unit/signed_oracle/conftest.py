"""A signed oracle, and a signer whose key the tests hold."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain, Receipt

FEED_ID = b"\x42" * 32


@dataclass(frozen=True)
class Signature:
    v: int
    r: int
    s: int

    @property
    def arguments(self) -> tuple[int, bytes, bytes]:
        return self.v, self.r.to_bytes(32, "big"), self.s.to_bytes(32, "big")


Sign = Callable[..., Signature]


@pytest.fixture
def chain() -> EmbeddedChain:
    return EmbeddedChain()


@pytest.fixture
def key() -> Account:
    return Account.from_key("0x" + "11" * 32)


@pytest.fixture
def oracle_owner(chain: EmbeddedChain) -> str:
    return chain.account("oracle owner")


@pytest.fixture
def stranger(chain: EmbeddedChain) -> str:
    return chain.account("stranger")


@pytest.fixture
def oracle(chain: EmbeddedChain, key: Account, oracle_owner: str) -> Contract:
    return chain.deploy(load("SignedOracle"), FEED_ID, key.address, oracle_owner, 100, sender=chain.account("deployer"))


@pytest.fixture
def sign(chain: EmbeddedChain, oracle: Contract, key: Account) -> Sign:
    """Signs as any wallet would, from the typed data alone."""

    def signed(
        price: int,
        timestamp: int,
        feed: bytes = FEED_ID,
        chain_id: int | None = None,
        contract: str | None = None,
        signer: Account = key,
    ) -> Signature:
        domain = {
            "name": "Nacre SignedOracle",
            "version": "1",
            "chainId": chain.chain_id if chain_id is None else chain_id,
            "verifyingContract": contract or oracle.address,
        }
        fields = [("bytes32", "feed"), ("uint256", "price"), ("uint256", "timestamp")]
        types = {"Price": [{"type": kind, "name": name} for kind, name in fields]}
        message = {"feed": feed, "price": price, "timestamp": timestamp}
        made = signer.sign_message(encode_typed_data(domain, types, message))
        return Signature(made.v, made.r, made.s)

    return signed


@pytest.fixture
def push(oracle: Contract, sign: Sign, stranger: str) -> Callable[..., Receipt]:
    """A stranger brings a price that the signer signed."""

    def pushed(price: int, timestamp: int, **other: object) -> Receipt:
        return oracle.transact("push", price, timestamp, *sign(price, timestamp, **other).arguments, sender=stranger)

    return pushed
