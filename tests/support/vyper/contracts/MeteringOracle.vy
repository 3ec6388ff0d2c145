# pragma version 0.4.3
"""
@title  Metering oracle
@notice Says how much gas it was given, as a price.
"""


@external
@view
def price() -> (uint256, uint256, bool):
    return 100 * 10**18 + msg.gas, block.timestamp, False


@external
@view
def price_with(_gas: uint256) -> uint256:
    """
    @notice What it says to whoever gives it so much.
    """
    answer: Bytes[96] = raw_call(self, method_id("price()"), max_outsize=96, gas=_gas, is_static_call=True)
    return convert(slice(answer, 0, 32), uint256)
