# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Timelock
@license MIT
@notice The owner that Config, the treasury and the oracles are meant to have. Its own owner schedules a call, all of
        which an event tells, and executes it once the delay has passed: whoever dislikes it leaves first.
@custom:security It makes calls that were scheduled, each id once, after the delay in force when it was scheduled and
        within two weeks from then: what everybody has forgotten does not happen. Delay and canceller change only by
        calls that it makes to itself. The owner, handed over in two steps, schedules, executes and cancels. The
        canceller only cancels, and not the call that replaces it: a bad one is got rid of in one delay. It sends no
        value and runs no foreign code in its storage.
@custom:kill There is none: cancel what is scheduled.
"""

from interfaces import ITimelock

# The owner.
from contracts.modules import ownership

implements: ITimelock

initializes: ownership

exports: (
    ownership.owner,
    ownership.pending_owner,
    ownership.transfer_ownership,
    ownership.accept_ownership,
)


# Bounds of the delay.
MIN_DELAY: public(constant(uint256)) = 3_600
MAX_DELAY: public(constant(uint256)) = 30 * 86_400

# For so long a call may be executed once it is ready.
GRACE: public(constant(uint256)) = 14 * 86_400


# Seconds between scheduling and executing, for calls scheduled from now on.
delay: public(uint256)

# May cancel; zero if there is none.
canceller: public(address)

# What was scheduled, by id; what was cancelled is forgotten.
calls: public(HashMap[bytes32, ITimelock.Call])


@deploy
def __init__(_owner: address, _canceller: address, _delay: uint256):
    """
    @param _owner who may schedule and execute, from now on
    @param _canceller who may cancel besides the owner; zero for nobody
    @param _delay seconds, an hour to 30 days
    """
    ownership.__init__(_owner)
    self._set_canceller(_canceller)
    self._set_delay(_delay)


# ---- owner


@external
def schedule(_target: address, _calldata: Bytes[2_048], _salt: bytes32) -> bytes32:
    """
    @notice Announces a call; after the delay `execute` makes it. Only the owner.
    @param _salt anything, to tell the call from an equal one that was made before
    @return id of the call; one that expired or was cancelled may be scheduled again, one that was executed never
    @dev Reverts "ownable: caller is not the owner", "target is no contract", "already executed", "already scheduled".
    """
    ownership._check_owner()
    # A call to an address without code would go through and do nothing.
    assert _target.is_contract, "target is no contract"
    id: bytes32 = self._id(_target, _calldata, _salt)
    before: ITimelock.Call = self.calls[id]
    assert not before.executed, "already executed"
    assert before.ready_at == 0 or block.timestamp >= before.ready_at + GRACE, "already scheduled"
    ready_at: uint256 = block.timestamp + self.delay
    names_canceller: bool = (
        _target == self and len(_calldata) >= 4 and slice(_calldata, 0, 4) == method_id("set_canceller(address)")
    )
    self.calls[id] = ITimelock.Call(ready_at=ready_at, executed=False, names_canceller=names_canceller)
    log ITimelock.Scheduled(
        id=id, target=_target, data=_calldata, salt=_salt, ready_at=ready_at, expires_at=ready_at + GRACE
    )
    return id


@external
def execute(_target: address, _calldata: Bytes[2_048], _salt: bytes32):
    """
    @notice Makes a call whose delay has passed. Only the owner: in which order and when changes come may matter.
    @dev Reverts with the callee's own words at any length, "call failed" if it has none; the call stays as it was then.
    """
    ownership._check_owner()
    id: bytes32 = self._id(_target, _calldata, _salt)
    assert block.timestamp >= self._pending(id).ready_at, "too early"
    self.calls[id].executed = True
    log ITimelock.Executed(id=id, target=_target)
    answer: (bool, Bytes[1]) = raw_call(_target, _calldata, max_outsize=1, revert_on_failure=False)
    if not answer[0]:
        if len(answer[1]) > 0:
            # Asked again it says all it has to say.
            raw_call(_target, _calldata)
        raise "call failed"


# ---- canceller or owner


@external
def cancel(_id: bytes32):
    """
    @notice Drops a call that was not executed yet. Only the canceller or the owner; of a call that replaces the
            canceller only the owner.
    @dev Reverts "not canceller", "not scheduled", "already executed", "call expired", "only the owner cancels this".
    """
    is_owner: bool = msg.sender == ownership.ownable.owner
    assert is_owner or msg.sender == self.canceller, "not canceller"
    names_canceller: bool = self._pending(_id).names_canceller
    assert is_owner or not names_canceller, "only the owner cancels this"
    self.calls[_id] = empty(ITimelock.Call)
    log ITimelock.Cancelled(id=_id, sender=msg.sender)


# ---- the timelock itself, by a call that was scheduled; while `execute` holds the lock


@external
@reentrant
def set_delay(_delay: uint256):
    """
    @notice Changes the delay of calls that are scheduled later. Only this contract.
    @param _delay seconds, an hour to 30 days
    @dev Reverts "not timelock", "bad delay".
    """
    assert msg.sender == self, "not timelock"
    self._set_delay(_delay)


@external
@reentrant
def set_canceller(_canceller: address):
    """
    @notice Replaces the canceller; zero for none. Only this contract.
    @dev Reverts "not timelock".
    """
    assert msg.sender == self, "not timelock"
    self._set_canceller(_canceller)


# ---- views


@external
@view
def call_id(_target: address, _calldata: Bytes[2_048], _salt: bytes32) -> bytes32:
    """
    @notice The id that the call has, scheduled or not.
    """
    return self._id(_target, _calldata, _salt)


@internal
@view
def _id(_target: address, _calldata: Bytes[2_048], _salt: bytes32) -> bytes32:
    return keccak256(abi_encode(chain.id, self, _target, _calldata, _salt))


@internal
@view
def _pending(_id: bytes32) -> ITimelock.Call:
    """
    @notice A call that may still be executed, now or later.
    """
    found: ITimelock.Call = self.calls[_id]
    assert found.ready_at != 0, "not scheduled"
    assert not found.executed, "already executed"
    assert block.timestamp < found.ready_at + GRACE, "call expired"
    return found


@internal
def _set_delay(_delay: uint256):
    assert _delay >= MIN_DELAY and _delay <= MAX_DELAY, "bad delay"
    self.delay = _delay
    log ITimelock.DelaySet(delay=_delay)


@internal
def _set_canceller(_canceller: address):
    self.canceller = _canceller
    log ITimelock.CancellerSet(canceller=_canceller)
