# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Signed oracle
@license MIT
@notice A pull feed: one signer signs prices with their time, anyone brings them here. Strictly newer replaces older.
        Typed data (EIP-712) of domain ("Nacre SignedOracle", "1", chain id, this contract) and
        Price(bytes32 feed,uint256 price,uint256 timestamp), so that a signature counts on one chain, for one feed, once.
@custom:security The signer is trusted with the price. Whoever pushes may choose among the signed prices newer than the
        last one, and when: the jump rule of IOracle keeps a push from being used in its own block. A new signer is
        proposed by the owner and must accept itself, so that a mistyped address cannot stop the feed. The guardian
        cannot say who signs, only stop who does: a bad guardian stops the feed until the owner has replaced it.
@custom:kill The guardian or the owner revokes the signer: no price can be pushed any more, the last grows stale, the
        market waits. The guardian is there because the owner may be a timelock, and a leaked key cannot wait for one.
"""

from interfaces import IOracle
# The hot word.
from contracts.lib import price_word
# Who sets signer, guardian and jump limit.
from contracts.modules import ownership

implements: IOracle

initializes: ownership

exports: (
    ownership.owner,
    ownership.pending_owner,
    ownership.transfer_ownership,
    ownership.accept_ownership,
)


DOMAIN_TYPEHASH: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
PRICE_TYPEHASH: public(constant(bytes32)) = keccak256("Price(bytes32 feed,uint256 price,uint256 timestamp)")
NAME_HASH: constant(bytes32) = keccak256("Nacre SignedOracle")
VERSION_HASH: constant(bytes32) = keccak256("1")
# Half the order of secp256k1: of the two signatures that the curve allows, only the one with the lower s counts.
MAX_S: constant(uint256) = 57_896_044_618_658_097_711_785_492_504_343_953_926_418_782_139_537_452_191_302_581_570_759_080_747_168


# Which feed of the signer this is.
FEED_ID: public(immutable(bytes32))


event SignerProposed:
    signer: indexed(address)


event SignerSet:
    signer: indexed(address)


event GuardianSet:
    guardian: indexed(address)


event PushJumpSet:
    push_jump_bps: uint256


# Price, the last earlier block's price, times and jump limit: see price_word.
word: public(uint256)

# Whose prices count; zero after a revocation.
signer: public(address)

# Who may become the signer.
pending_signer: public(address)

# Who may revoke the signer besides the owner, and nothing else; zero for none.
guardian: public(address)


@deploy
def __init__(_feed_id: bytes32, _signer: address, _owner: address, _push_jump_bps: uint256):
    """
    @param _feed_id which feed of the signer this is
    @param _signer whose prices count
    @param _owner who may replace the signer
    @param _push_jump_bps move within a block that counts as a jump; 0: none does
    """
    ownership.__init__(_owner)
    assert _signer != empty(address), "zero signer"
    FEED_ID = _feed_id
    self._set_signer(_signer)
    self._set_push_jump(_push_jump_bps)


@external
def push(_price: uint256, _timestamp: uint256, _v: uint256, _r: bytes32, _s: bytes32):
    """
    @notice Brings a signed price. Anyone.
    @param _price WAD, above zero
    @param _timestamp unix seconds, newer than the last
    @dev Reverts "zero price", "price too large", "future price", "old price", "no signer", "bad signature".
    """
    assert _price != 0, "zero price"
    assert _price <= price_word.MAX_PRICE, "price too large"
    assert _timestamp <= block.timestamp, "future price"
    word: uint256 = self.word
    assert _timestamp > price_word._updated_at(word), "old price"
    current: address = self.signer
    assert current != empty(address), "no signer"
    assert convert(_s, uint256) <= MAX_S, "bad signature"
    # A failed recovery is the zero address, which is no signer.
    assert ecrecover(self._digest(_price, _timestamp), _v, _r, _s) == current, "bad signature"
    self.word = price_word._push(word, _price, _timestamp, block.timestamp)
    log IOracle.PricePushed(price=_price, updated_at=_timestamp, outage_end=0)


@external
def propose_signer(_signer: address):
    """
    @notice Lets an address become the signer; zero takes a proposal back. Only the owner.
    @dev Reverts "ownable: caller is not the owner".
    """
    ownership._check_owner()
    self.pending_signer = _signer
    log SignerProposed(signer=_signer)


@external
def accept_signer():
    """
    @notice The proposed signer replaces the present one. Only itself.
    @dev Reverts "not pending signer".
    """
    assert msg.sender == self.pending_signer, "not pending signer"
    self.pending_signer = empty(address)
    self._set_signer(msg.sender)


@external
def revoke_signer():
    """
    @notice No price counts any more until a new signer accepts. For a key that leaked. Only the owner.
    @dev Reverts "ownable: caller is not the owner".
    """
    ownership._check_owner()
    self._set_signer(empty(address))


@external
def revoke_as_guardian(_signer: address):
    """
    @notice No new price counts until another signer accepts; who is proposed already may do so at once. Only the guardian.
    @param _signer whose key leaked: a successor who has accepted meanwhile stays
    @dev Reverts "not oracle guardian", "not the signer".
    """
    assert msg.sender == self.guardian, "not oracle guardian"
    assert _signer == self.signer, "not the signer"
    self._set_signer(empty(address))


@external
def set_guardian(_guardian: address):
    """
    @notice Replaces the guardian; zero for none. Only the owner.
    @dev Reverts "ownable: caller is not the owner".
    """
    ownership._check_owner()
    self.guardian = _guardian
    log GuardianSet(guardian=_guardian)


@external
def set_push_jump(_push_jump_bps: uint256):
    """
    @notice Sets the move within a block that counts as a jump; 0: none does. Only the owner.
    @dev Reverts "ownable: caller is not the owner", "bad push jump".
    """
    ownership._check_owner()
    self._set_push_jump(_push_jump_bps)


@external
@view
@reentrant
def price() -> (uint256, uint256, bool):
    """
    @notice See IOracle.
    """
    word: uint256 = self.word
    value: uint256 = price_word._price(word)
    assert value != 0, "no price yet"
    return value, price_word._updated_at(word), price_word._jumped(word, block.timestamp)


@external
@view
@reentrant
def outage_end() -> uint256:
    """
    @notice See IOracle. A pull feed has no outages: whoever needs a price brings it.
    """
    return 0


@external
@view
def push_jump_bps() -> uint256:
    """
    @notice Move within a block that counts as a jump, basis points; 0: none does.
    """
    return price_word._push_jump_bps(self.word)


@external
@view
def previous_price() -> uint256:
    """
    @notice What the price was before the first push of the block of the last push, WAD; 0: there was none.
    """
    return price_word._previous_price(self.word)


@external
@view
def digest(_price: uint256, _timestamp: uint256) -> bytes32:
    """
    @notice What the signer signs.
    """
    return self._digest(_price, _timestamp)


@internal
@view
def _digest(_price: uint256, _timestamp: uint256) -> bytes32:
    # The chain id is read each time: after a fork of the chain no signature counts on both.
    domain: bytes32 = keccak256(abi_encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, chain.id, self))
    message: bytes32 = keccak256(abi_encode(PRICE_TYPEHASH, FEED_ID, _price, _timestamp))
    return keccak256(concat(x"1901", domain, message))


@internal
def _set_signer(_signer: address):
    self.signer = _signer
    log SignerSet(signer=_signer)


@internal
def _set_push_jump(_push_jump_bps: uint256):
    assert _push_jump_bps <= 10_000, "bad push jump"
    self.word = price_word._set_jump(self.word, _push_jump_bps)
    log PushJumpSet(push_jump_bps=_push_jump_bps)
