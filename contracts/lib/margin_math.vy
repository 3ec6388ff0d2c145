# pragma version 0.4.3
"""
@title  Margin math
@notice What a notional needs: a ratio of it, or where a market has tiers, the rate of the tier in which it lies less the deduction that
        makes the margin continuous. Pure. docs/spec.md section 5.
@dev    notional < 2**136 and tier bounds < 2**120: times a ratio of 14 bits no overflow. A deduction never exceeds rate times
        notional: it sums (rise of the rate) times (a bound below the notional), and Config lets rates only rise.
"""

from contracts.lib import market_words

# Where the ratios stand in a tier.
INITIAL: constant(uint256) = 14
MAINTENANCE: constant(uint256) = 0


@internal
@pure
def _initial(_notional: uint256, _risk: uint256, _extras: uint256) -> uint256:
    """
    @notice Initial margin, rounded up.
    @param _risk the risk word of lib/market_words
    @param _extras the extras word, or 0
    """
    return self._of(_notional, _risk >> 82 & 16_383, _extras, INITIAL)


@internal
@pure
def _maintenance(_notional: uint256, _risk: uint256, _extras: uint256) -> uint256:
    """
    @notice Maintenance margin, rounded up.
    """
    return self._of(_notional, _risk >> 68 & 16_383, _extras, MAINTENANCE)


@internal
@pure
def _both(_notional: uint256, _risk: uint256, _extras: uint256) -> (uint256, uint256):
    """
    @notice Initial and maintenance margin.
    """
    tiers: uint256 = _extras & market_words.MASK_TIERS
    if tiers != 0 and _notional > market_words._amount(tiers >> 28):
        return self._initial(_notional, _risk, _extras), self._maintenance(_notional, _risk, _extras)
    # the rates stand where lib/market_words says
    return (
        unsafe_div(unsafe_add(unsafe_mul(_notional, _risk >> 82 & 16_383), 9_999), 10_000),
        unsafe_div(unsafe_add(unsafe_mul(_notional, _risk >> 68 & 16_383), 9_999), 10_000),
    )


@internal
@pure
def _of(_notional: uint256, _ratio_bps: uint256, _extras: uint256, _place: uint256) -> uint256:
    tiers: uint256 = _extras & market_words.MASK_TIERS
    if tiers == 0:
        return unsafe_div(unsafe_add(unsafe_mul(_notional, _ratio_bps), 9_999), 10_000)
    rate: uint256 = _ratio_bps
    # in wei times basis points: exact
    deduction: uint256 = 0
    for _: uint256 in range(3):
        bound: uint256 = market_words._amount(tiers >> 28)
        if _notional <= bound:
            break
        higher: uint256 = tiers >> _place & 16_383
        deduction = unsafe_add(deduction, unsafe_mul(bound, unsafe_sub(higher, rate)))
        rate = higher
        tiers = tiers >> market_words.TIER_BITS
        if tiers == 0:
            break
    return unsafe_div(unsafe_add(unsafe_sub(unsafe_mul(_notional, rate), deduction), 9_999), 10_000)
