"""The same story on every backend: in process (both ways), on anvil, on Ape's test chain."""

import pytest
from support.commands import anvil

from nacre.artifacts import load
from nacre.chain import (
    ZERO_ADDRESS,
    CallFailed,
    ChainError,
    EmbeddedChain,
    NodeChain,
    TransactionFailed,
    create_address,
    restored,
)
from nacre.chain.eth_tester import EthTesterRpc

# Of MockToken: mint to a new holder, transfer to a new one, again, of everything, and one that reverts.
GAS = [67_930, 51_066, 33_966, 29_190]
GAS_REVERT = 24_227
ANVIL_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # account 0 of every anvil


@pytest.fixture(scope="module")
def anvil_url(tmp_path_factory):
    with anvil(tmp_path_factory.mktemp("anvil")) as address:
        yield address


@pytest.fixture(params=["embedded", "fast", "anvil", "eth-tester"])
def chain(request):
    if request.param == "anvil":
        node = NodeChain(request.getfixturevalue("anvil_url"))
        with restored(node):
            yield node
    elif request.param == "eth-tester":
        provider = request.getfixturevalue("networks").provider
        node = NodeChain(rpc=EthTesterRpc(provider.tester.ethereum_tester, provider.chain_id))
        with restored(node):
            yield node
    else:
        yield EmbeddedChain(exact_gas=request.param == "embedded")


@pytest.fixture
def ann(chain):
    return chain.accounts[0]


@pytest.fixture
def bob(chain):
    return chain.accounts[1]


@pytest.fixture
def token(chain, ann):
    expected = create_address(ann, chain.nonce(ann))
    token = chain.deploy(load("MockToken"), "Test", "TST", 6, sender=ann)
    assert token.address == expected
    return token


def test_calls_and_receipts(chain, ann, bob, token):
    receipt = token.transact("mint", ann, 100, sender=ann)
    assert receipt.ok
    assert receipt.event("Transfer").value == 100
    assert receipt.event("Transfer").receiver == ann
    assert token.transact("transfer", bob, 40, sender=ann).check().ok
    assert token.call("balanceOf", bob) == 40
    assert token.call("name") == "Test"
    assert len(chain.code(token.address)) == load("MockToken").code_size


def test_revert_has_its_reason(chain, ann, bob, token):
    receipt = token.transact("transfer", bob, 1, sender=ann)
    assert not receipt.ok
    assert receipt.reason == "insufficient balance"
    assert receipt.logs == []
    with pytest.raises(TransactionFailed, match=r"MockToken\.transfer: insufficient balance"):
        receipt.check()
    with pytest.raises(CallFailed, match="insufficient balance"):
        token.call("transfer", bob, 1, sender=ann)


def test_snapshot_goes_back_in_state_and_time(chain, ann, bob, token):
    token.transact("mint", ann, 100, sender=ann).check()
    before = chain.timestamp
    outer = chain.snapshot()
    token.transact("transfer", bob, 10, sender=ann).check()
    chain.snapshot()
    token.transact("transfer", bob, 20, sender=ann).check()
    chain.mine(1000)
    assert token.call("balanceOf", bob) == 30

    chain.revert(outer)
    assert token.call("balanceOf", bob) == 0
    assert token.call("balanceOf", ann) == 100
    assert chain.timestamp == before


def test_snapshot_goes_back_before_a_creation(chain, ann, bob):
    nonce = chain.nonce(ann)
    snapshot = chain.snapshot()
    first = chain.deploy(load("MockToken"), "Test", "TST", 6, sender=ann)
    first.transact("mint", bob, 7, sender=ann).check()
    chain.revert(snapshot)
    assert chain.nonce(ann) == nonce
    assert chain.code(first.address) == b""

    second = chain.deploy(load("MockToken"), "Other", "OTH", 8, sender=ann)
    assert second.address == first.address
    assert (second.call("decimals"), second.call("balanceOf", bob), second.call("name")) == (8, 0, "Other")


def test_time_moves_as_told(chain, ann, token):
    start = chain.timestamp
    chain.mine(3600)
    assert chain.timestamp == start + 3600
    chain.set_next_timestamp(start + 4000)
    assert token.transact("mint", ann, 1, sender=ann).timestamp == start + 4000
    with chain.block(seconds=60):
        assert token.transact("mint", ann, 1, sender=ann).timestamp == start + 4060


def test_gas_is_that_of_a_real_transaction(chain, ann, bob, token):
    if chain.name == "embedded" and not chain.exact_gas:
        token.transact("mint", ann, 100, sender=ann)
        assert token.transact("transfer", bob, 0, sender=ann).gas_used < GAS[2]
        return
    used = [token.transact("mint", ann, 1_000_000, sender=ann).gas_used]
    used += [token.transact("transfer", bob, amount, sender=ann).gas_used for amount in (5, 5, 999_990)]
    assert used == GAS
    failed = token.transact("transfer", bob, 10**9, sender=ann)
    assert failed.gas_used == (0 if "test chain" in chain.name else GAS_REVERT)


def test_creation_that_fails(chain, ann):
    with pytest.raises(TransactionFailed, match="deploy Config: zero owner"):
        chain.deploy(load("Config"), ZERO_ADDRESS, ann, ann, ann, ann, ann, sender=ann)


def test_one_block_for_several_transactions():
    chain = EmbeddedChain()
    ann = chain.account("ann")
    token = chain.deploy(load("MockToken"), "Test", "TST", 6, sender=ann)
    with chain.block(seconds=5):
        receipts = [token.transact("mint", ann, 1, sender=ann) for _ in range(3)]
        with pytest.raises(ChainError, match="a block is open already"), chain.block():
            pass
    assert len({receipt.block_number for receipt in receipts}) == 1
    assert {receipt.timestamp for receipt in receipts} == {chain.timestamp}
    assert token.transact("mint", ann, 1, sender=ann).timestamp == chain.timestamp == receipts[0].timestamp + 1


def test_embedded_chain_does_not_go_back_in_time():
    chain = EmbeddedChain()
    with pytest.raises(ChainError, match="the next block cannot be at"):
        chain.set_next_timestamp(chain.timestamp)


def test_released_snapshot_keeps_what_happened():
    for exact in (True, False):
        chain = EmbeddedChain(exact_gas=exact)
        ann = chain.account("ann")
        token = chain.deploy(load("MockToken"), "Test", "TST", 6, sender=ann)
        for _ in range(1_100):  # deeper than the call depth of the EVM
            snapshot = chain.snapshot()
            token.transact("mint", ann, 1, sender=ann).check()
            chain.release(snapshot)
        assert token.call("balanceOf", ann) == 1_100
        with pytest.raises(ChainError, match="there is no snapshot 0"):
            chain.revert(0)


def test_own_key_on_a_node_that_is_not_anvil(anvil_url):
    chain = NodeChain(anvil_url, ANVIL_KEY)
    chain.is_anvil = chain.moves_time = False
    ann, bob = chain.accounts[0], chain.accounts[2]
    token = chain.deploy(load("MockToken"), "Test", "TST", 6, sender=ann)
    assert token.transact("mint", ann, 5, sender=ann).ok

    refused = token.transact("transfer", bob, 6, sender=ann)
    assert (refused.ok, refused.reason, refused.gas_used) == (False, "insufficient balance", 0)
    with pytest.raises(ChainError, match="the node has no key of"):
        token.transact("mint", ann, 5, sender=token.address)
    with pytest.raises(ChainError, match="exist in process and on anvil only"):
        chain.account("carol")
    with pytest.raises(ChainError, match="time moves by itself"):
        chain.mine(5)


@pytest.mark.parametrize(
    ("url", "key", "reason"),
    [
        ("http://127.0.0.1:1", None, "no node answers at http://127.0.0.1:1"),
        ("localhost:8545", None, "not the address of a node"),
        (None, "0x12", "the private key is not 32 bytes in hexadecimal"),
    ],
)
def test_node_that_cannot_be_used(anvil_url, url, key, reason):
    with pytest.raises(ChainError, match=reason) as caught:
        NodeChain(url or anvil_url, key)
    assert key is None or key not in str(caught.value)
