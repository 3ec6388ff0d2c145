# pragma version 0.4.3
"""
@title  Scripted venue
@notice Fills whatever it is asked to for the notional that a test has set, without fees, and says to its market what the test wants.
"""

from interfaces import IVenue

notional: public(uint256)


@external
def set_notional(_notional: uint256):
    self.notional = _notional


@external
def swap(_order: IVenue.SwapOrder) -> IVenue.SwapResult:
    return IVenue.SwapResult(
        notional=self.notional, lp_fee=0, protocol_fee=0, penalty=0, mid_after=_order.mark_price
    )


@external
def tell(_house: address, _data: Bytes[1_024]):
    raw_call(_house, _data)
