# pragma version 0.4.3
"""
@title  Waterfall math
@notice Who absorbs how much of a deficit, pure: the clearinghouse acts on it, the engine's previews show it.
        docs/spec.md section 7; that the collected sum covers the loss: docs/derivations.md.
@dev    Bounds: deficit < 2**120, sizes < 2**96, index <= 2**125: deficit * RAY < 2**210, index * size < 2**221.
"""

from contracts.lib import fixed_point


# Loss shares of one side.
struct Shares:
    from_providers: uint256  # WAD, off the margin of the venue's ranges
    index_rise: uint256  # RAY, on every unit of the paying side's accounts
    unallocated: uint256  # WAD, without a payer


RAY: constant(uint256) = 10**27
INDEX_LIMIT: constant(uint256) = 2**125


@internal
@pure
def _drawable(_fund: uint256, _level: uint256, _draw_bps: uint256) -> uint256:
    """
    @notice What the insurance fund may pay now, with a bucket filled to `_level`.
    @param _draw_bps of the fund an hour; 10,000 is no limit
    """
    if _draw_bps == 10_000:
        return _fund
    limit: uint256 = unsafe_div(unsafe_mul(_fund, _draw_bps), 10_000)
    if limit <= _level:
        return 0
    return unsafe_sub(limit, _level)


@internal
@pure
def _decayed(_fund: uint256, _level: uint256, _draw_bps: uint256, _elapsed: uint256) -> uint256:
    """
    @notice The bucket's level after a time: it empties by the hourly limit in an hour.
    """
    drained: uint256 = unsafe_div(unsafe_mul(unsafe_div(unsafe_mul(_fund, _draw_bps), 10_000), _elapsed), 3_600)
    if drained >= _level:
        return 0
    return unsafe_sub(_level, drained)


@internal
@pure
def _shares(
    _loss: uint256,
    _deficit: uint256,
    _liquidated: uint256,
    _payers: uint256,
    _open_interest: uint256,
    _lp_margin: uint256,
    _index: uint256,
) -> Shares:
    """
    @notice Splits what insurance left of a deficit over one side: the venue pays for its own inventory there, from its ranges' margin;
            the accounts pay the rest, and what the ranges could not.
    @param _loss what is to be shared, at most the deficit
    @param _liquidated size that made `_deficit`, above 0: no unit pays more than that size lost per unit
    @param _payers total size of the accounts on the paying side, at most the open interest
    @param _index social loss index of the paying side
    """
    if _open_interest == 0:
        return Shares(from_providers=0, index_rise=0, unallocated=_loss)
    venue: uint256 = unsafe_sub(_open_interest, _payers)
    providers: uint256 = 0
    if venue != 0:
        providers = min(min(fixed_point._mul_div_up(_loss, venue, _open_interest), _lp_margin), _loss)
    rest: uint256 = unsafe_sub(_loss, providers)
    if _payers == 0 or rest == 0:
        return Shares(from_providers=providers, index_rise=0, unallocated=rest)
    # rounded up: what is collected covers the rest
    rise: uint256 = unsafe_div(unsafe_add(unsafe_mul(rest, RAY), unsafe_sub(_payers, 1)), _payers)
    most: uint256 = unsafe_div(unsafe_add(unsafe_mul(_deficit, RAY), unsafe_sub(_liquidated, 1)), _liquidated)
    rise = min(min(rise, most), unsafe_sub(INDEX_LIMIT, _index))
    collected: uint256 = unsafe_div(unsafe_mul(rise, _payers), RAY)
    unallocated: uint256 = 0
    if collected < rest:
        unallocated = unsafe_sub(rest, collected)
    return Shares(from_providers=providers, index_rise=rise, unallocated=unallocated)
