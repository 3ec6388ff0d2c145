# pragma version 0.4.3
"""
@title  Scripted venue
@notice Fills whatever it is asked to for the notional and the fees that a test has set, none unless it does, and says to its market what the
        test wants.
"""

from interfaces import IVenue

notional: public(uint256)
lp_fee: uint256
protocol_fee: uint256
penalty: uint256
# What it was asked last.
order: public(IVenue.SwapOrder)


@external
def set_notional(_notional: uint256):
    self.notional = _notional


@external
def set_fees(_lp_fee: uint256, _protocol_fee: uint256, _penalty: uint256):
    self.lp_fee = _lp_fee
    self.protocol_fee = _protocol_fee
    self.penalty = _penalty


@external
def swap(_order: IVenue.SwapOrder) -> IVenue.SwapResult:
    self.order = _order
    return IVenue.SwapResult(
        notional=self.notional,
        lp_fee=self.lp_fee,
        protocol_fee=self.protocol_fee,
        penalty=self.penalty,
        mid_after=_order.mark_price,
    )


@external
def tell(_house: address, _data: Bytes[1_024]):
    raw_call(_house, _data)
