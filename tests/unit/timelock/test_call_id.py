"""The id of a call: the hash of chain, timelock, target, calldata and salt, in Solidity's standard encoding."""

from eth_abi import encode
from eth_utils import keccak
from support.timelock import DELAY, SALT

from nacre.artifacts import load
from nacre.chain import EmbeddedChain


def hashed(chain_id, *fields):
    return keccak(encode(["uint256", "address", "address", "bytes", "bytes32"], [chain_id, *fields]))


def test_it_is_the_hash_of_the_whole_call(desk):
    for data in (b"", b"\x01", desk.jump(5), bytes(range(256)) * 8):
        expected = hashed(desk.chain.chain_id, desk.timelock.address, desk.oracle.address, data, SALT)
        assert desk.id(data) == expected


def test_every_part_counts(desk):
    data = desk.jump(5)
    others = [
        desk.id(data, salt=b"\x01".rjust(32, b"\0")),
        desk.id(data, desk.refuser),
        desk.id(data[:-1]),
        desk.id(data + b"\0"),
        desk.id(desk.jump(6)),
        hashed(desk.chain.chain_id + 1, desk.timelock.address, desk.oracle.address, data, SALT),
        hashed(desk.chain.chain_id, desk.refuser, desk.oracle.address, data, SALT),
    ]
    assert len({desk.id(data), *others}) == 1 + len(others)


def test_another_chain_another_id(desk):
    """A call announced on one chain is none on a copy of it."""
    chain = EmbeddedChain(chain_id=desk.chain.chain_id + 1)
    roles = (chain.account("owner"), chain.account("canceller"), DELAY)
    timelock = chain.deploy(load("Timelock"), *roles, sender=chain.account("deployer"))
    assert timelock.address == desk.timelock.address
    assert timelock.call("call_id", desk.oracle.address, b"", SALT) != desk.id(b"")


def test_scheduling_returns_it(desk):
    receipt = desk.schedule(desk.jump(5)).check()
    assert receipt.value == desk.id(desk.jump(5))
