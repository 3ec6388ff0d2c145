"""push, and what price() says after it."""

import pytest
from eth_account import Account
from eth_keys.datatypes import PrivateKey

from nacre.artifacts import load
from nacre.chain import CallFailed, TransactionFailed
from nacre.units import WAD

FEED_ID = b"\x42" * 32
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1
ZERO = "0x" + "00" * 20


def test_no_price_before_the_first_push(oracle):
    with pytest.raises(CallFailed, match=r"no price yet$"):
        oracle.call("price")
    assert oracle.call("outage_end") == 0


def test_anyone_brings_a_signed_price(chain, oracle, push):
    made = chain.timestamp - 30
    receipt = push(100 * WAD, made).check()
    assert receipt.event("PricePushed").args == (100 * WAD, made, 0)
    chain.mine()
    assert oracle.call("price") == (100 * WAD, made, False)
    assert oracle.call("outage_end") == 0
    assert oracle.call("FEED_ID") == FEED_ID


def test_strictly_newer_replaces_older(chain, oracle, push):
    made = chain.timestamp - 30
    push(100 * WAD, made).check()
    assert push(100 * WAD, made).reason == "old price"
    assert push(101 * WAD, made).reason == "old price"
    assert push(101 * WAD, made - 1).reason == "old price"
    push(101 * WAD, made + 1).check()
    assert oracle.call("price")[:2] == (101 * WAD, made + 1)


def test_a_signature_counts_once(chain, oracle, push, sign, stranger):
    made = chain.timestamp - 30
    first = (100 * WAD, made, *sign(100 * WAD, made).arguments)
    oracle.transact("push", *first, sender=stranger).check()
    push(200 * WAD, made + 10).check()
    assert oracle.transact("push", *first, sender=stranger).reason == "old price"


def test_the_present_is_allowed_the_future_not(chain, oracle, push):
    next_block = chain.timestamp + 1
    assert push(WAD, next_block + 1).reason == "future price"
    assert push(WAD, chain.timestamp + 1).ok
    assert oracle.call("price")[1] == chain.timestamp


def test_bounds_of_a_signed_price(chain, push):
    made = chain.timestamp - 30
    assert push(0, made).reason == "zero price"
    assert push(2**88, made).reason == "price too large"
    assert push(1, made).ok
    assert push(2**88 - 1, made + 1).ok


def test_what_was_signed_for_something_else(chain, oracle, push, stranger):
    made = chain.timestamp - 30
    assert push(WAD, made, feed=b"\x43" * 32).reason == "bad signature"
    assert push(WAD, made, chain_id=1).reason == "bad signature"
    assert push(WAD, made, contract=stranger).reason == "bad signature"
    assert push(WAD, made, signer=Account.from_key("0x" + "22" * 32)).reason == "bad signature"
    assert push(WAD, made).ok


def test_changed_after_signing(chain, oracle, sign, stranger):
    made = chain.timestamp - 30
    good = sign(WAD, made)
    for price, timestamp in ((WAD + 1, made), (WAD, made + 1)):
        refused = oracle.transact("push", price, timestamp, *good.arguments, sender=stranger)
        assert refused.reason == "bad signature"


def test_malformed_signatures(chain, oracle, sign, stranger):
    made = chain.timestamp - 30
    v, r, s = sign(WAD, made).arguments
    zero = bytes(32)
    twin = (55 - v, r, (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big"))  # valid on the curve, but high
    malformed = [twin, (55 - v, r, s), (0, r, s), (26, r, s), (29, r, s), (v, zero, s), (v, r, zero), (0, zero, zero)]
    for signature in malformed:
        assert oracle.transact("push", WAD, made, *signature, sender=stranger).reason == "bad signature", signature
    assert oracle.transact("push", WAD, made, v, r, s, sender=stranger).ok


@pytest.mark.parametrize(("above_half", "reason"), [(0, ""), (1, "bad signature")])
def test_the_highest_low_s(chain, oracle, oracle_owner, stranger, above_half, reason):
    """A key for which a signature of this very price has the s that is wanted: d = (s k - digest) / r."""
    digest, nonce, s = int.from_bytes(oracle.call("digest", WAD, 5), "big"), 7, ORDER // 2 + above_half
    point = PrivateKey(nonce.to_bytes(32, "big")).public_key.to_bytes()
    r, v = int.from_bytes(point[:32], "big"), 27 + point[63] % 2
    secret = (s * nonce - digest) * pow(r, -1, ORDER) % ORDER
    signer = Account.from_key(secret.to_bytes(32, "big")).address
    oracle.transact("propose_signer", signer, sender=oracle_owner).check()
    oracle.transact("accept_signer", sender=signer).check()
    signature = (v, r.to_bytes(32, "big"), s.to_bytes(32, "big"))
    assert oracle.transact("push", WAD, 5, *signature, sender=stranger).reason == reason


def test_digest_is_what_wallets_sign(chain, oracle, key):
    digest = oracle.call("digest", WAD, 5)
    signed = key.unsafe_sign_hash(digest)
    assert oracle.transact(
        "push", WAD, 5, signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big"), sender=key.address
    ).ok


@pytest.mark.parametrize(("value", "jumped"), [(101 * WAD, False), (101 * WAD + 1, True), (99 * WAD - 1, True)])
def test_a_jump_is_measured_from_the_last_earlier_block(chain, oracle, push, value, jumped):
    made = chain.timestamp - 30
    push(100 * WAD, made).check()
    with chain.block():
        push(100 * WAD + 1, made + 1).check()
        push(value, made + 2).check()
        assert oracle.call("price") == (value, made + 2, jumped)
        assert oracle.call("previous_price") == 100 * WAD
    chain.mine()
    assert oracle.call("price")[2] is False


def test_the_first_price_jumps_for_its_block(chain, oracle, push):
    push(100 * WAD, chain.timestamp).check()
    assert oracle.call("price")[2] is True
    chain.mine()
    assert oracle.call("price")[2] is False


@pytest.mark.parametrize(
    ("signer", "owner", "jump", "reason"),
    [
        (None, "owner", 0, "zero signer"),
        ("signer", None, 0, "zero owner"),
        ("signer", "owner", 10_001, "bad push jump"),
    ],
)
def test_what_cannot_be_deployed(chain, signer, owner, jump, reason):
    roles = [chain.account(name) if name else ZERO for name in (signer, owner)]
    with pytest.raises(TransactionFailed, match=f"{reason}$"):
        chain.deploy(load("SignedOracle"), FEED_ID, *roles, jump, sender=chain.account("deployer"))
