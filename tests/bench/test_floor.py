"""The arithmetic floor of transactions small enough to count by hand, and that traces add up."""

import pytest

from nacre.artifacts import load
from nacre.bench.floor import floor_of
from nacre.bench.kinds import causes
from nacre.bench.replica import MirroredChain
from nacre.bench.trace import TraceError, record
from nacre.units import MAX_UINT256

TRANSFER_CALLDATA = 4 * 16 + 12 * 4 + 20 * 16 + 31 * 4 + 16  # selector, an address without zero bytes, one small number


@pytest.fixture
def chain():
    return MirroredChain()


@pytest.fixture
def ann(chain):
    return chain.account("ann")


@pytest.fixture
def bob():
    return "0x" + "b0" * 20


@pytest.fixture
def token(chain, ann):
    token = chain.deploy(load("MockToken"), "Test", "TST", 6, sender=ann)
    token.transact("mint", ann, 100, sender=ann).check()
    return token


def transfer(chain, token, sender, receiver, amount):
    return record(chain, token.address, token.encode("transfer", receiver, amount), sender)


def test_first_transfer_sets_a_slot(chain, token, ann, bob):
    floor = floor_of(transfer(chain, token, ann, bob, 5))
    assert (floor.base, floor.calldata) == (21_000, TRANSFER_CALLDATA)
    assert (floor.accounts, floor.slots) == (0, 2 * 2_100)
    assert floor.writes == 2_900 + 20_000
    assert floor.logs == 4 * 375 + 32 * 8
    assert floor.refund == 0
    assert floor.total == 21_000 + TRANSFER_CALLDATA + 4_200 + 22_900 + 1_756


def test_transfer_of_everything_is_refunded(chain, token, ann, bob):
    token.transact("transfer", bob, 5, sender=ann).check()
    floor = floor_of(transfer(chain, token, ann, bob, 95))
    assert floor.writes == 2 * 2_900
    assert floor.refund == 4_800
    assert floor.counts["slots_cleared"] == 1


def test_write_of_the_same_value_is_no_write(chain, token, ann, bob):
    floor = floor_of(transfer(chain, token, ann, bob, 0))
    assert floor.writes == 0
    assert floor.slots == 2 * 2_100


def test_gas_lies_above_the_floor_and_adds_up(chain, token, ann, bob):
    done = transfer(chain, token, ann, bob, 5)
    assert floor_of(done).total < done.gas_used == sum(causes(done).values())


def test_recording_changes_nothing(chain, token, ann, bob):
    before = chain.timestamp
    transfer(chain, token, ann, bob, 5)
    assert token.call("balanceOf", bob) == 0
    assert chain.timestamp == before


def test_revert_is_told(chain, token, ann, bob):
    with pytest.raises(TraceError, match="transaction: insufficient balance"):
        transfer(chain, token, ann, bob, 101)


def test_state_that_the_second_evm_lacks_is_noticed(chain, token, ann):
    token.transact("approve", ann, MAX_UINT256, sender=ann).check()
    assert record(chain, token.address, token.encode("transferFrom", ann, ann, 5), ann).gas_used
    chain.written.clear()
    with pytest.raises(TraceError, match=r"the second EVM says .*insufficient allowance"):
        record(chain, token.address, token.encode("transferFrom", ann, ann, 5), ann)
