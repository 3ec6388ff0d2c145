# pragma version 0.4.3
"""
@title  Token calls
@license MIT
@notice Has a foreign token move tokens, and asks it for a balance. Whatever it does there is a reason: its own, if it gives
        one, else "transfer failed" or "balance unknown". A token may return nothing, as USDT does.
"""


@internal
@view
def _held(_token: address) -> uint256:
    """
    @notice Tokens that this contract has, in token units.
    """
    question: Bytes[36] = abi_encode(self, method_id=method_id("balanceOf(address)"))
    answer: (bool, Bytes[32]) = raw_call(
        _token, question, max_outsize=32, is_static_call=True, revert_on_failure=False
    )
    if answer[0]:
        # An account without code answers with nothing.
        assert len(answer[1]) == 32, "balance unknown"
        return convert(answer[1], uint256)
    if len(answer[1]) > 0:
        # Asked again it says all it has to say, at any length.
        raw_call(_token, question, is_static_call=True)
    raise "balance unknown"


@internal
def _pull(_token: address, _from: address, _amount: uint256):
    """
    @notice Takes an allowance; not one unit less or more may arrive.
    """
    before: uint256 = self._held(_token)
    self._move(
        _token, abi_encode(_from, self, _amount, method_id=method_id("transferFrom(address,address,uint256)"))
    )
    assert self._held(_token) == before + _amount, "fee on transfer"


@internal
def _push(_token: address, _to: address, _amount: uint256):
    """
    @notice Pays; asks for no balance, so that nobody's exit hangs on one.
    """
    self._move(_token, abi_encode(_to, _amount, method_id=method_id("transfer(address,uint256)")))


@internal
def _move(_token: address, _call: Bytes[100]):
    answer: (bool, Bytes[32]) = raw_call(_token, _call, max_outsize=32, revert_on_failure=False)
    if answer[0]:
        if len(answer[1]) == 32 and convert(answer[1], uint256) == 1:
            return
        if len(answer[1]) == 0 and _token.is_contract:
            return
    elif len(answer[1]) > 0:
        raw_call(_token, _call)
    raise "transfer failed"
