# pragma version 0.4.3
"""
@title  Leg reads
@notice What an account's health needs of a market in which nothing is done: its mark and the carry indices of both sides, as a touch at
        this moment would leave them. Up to 16 of these are read at once, so no more storage is touched than that takes.
@dev    The same formulas as modules/markets, by lib/accrual_math. A market whose oracle fails counts as stale at the mark that was kept.
"""

from contracts.lib import accrual_math
from contracts.lib import market_words
from contracts.modules import markets

uses: markets


@internal
@view
def _seen(_id: uint256, _size: int256) -> (uint256, int256, uint256, uint256, bool, bool):
    """
    @param _id a listed market
    @param _size of the leg
    @return mark WAD
    @return carry index of its side, RAY
    @return risk word
    @return extras word, 0 without any
    @return stale whether there is no fresh price
    @return jumped whether the price just jumped
    """
    risk: uint256 = markets.risk_words[_id]
    word: uint256 = markets.accruals[_id]
    extras: uint256 = 0
    if risk & market_words.FLAG_EXTRAS != 0:
        extras = markets.extras_words[_id]
    borrow: uint256 = 0
    if risk & market_words.FLAG_BORROWED != 0:
        borrow = markets.borrows[_id] >> 128
    mark: uint256 = 0
    stale: bool = False
    jumped: bool = False
    if risk & market_words.FLAG_SETTLING != 0:
        mark = markets.final_prices[_id]
    else:
        price: uint256 = 0
        updated_at: uint256 = 0
        reason: uint256 = 0
        price, updated_at, jumped, stale, reason = markets._quote(risk)
        elapsed: uint256 = unsafe_sub(block.timestamp, word & markets.MASK_32)
        if not stale and elapsed != 0:
            # the premium of now does not matter here: no mid is read for it
            word = accrual_math._accrued(word, block.timestamp, price, 0, risk)
        mark = price
        if reason != 0:
            mark = markets.marks[_id] >> 160
        elif risk & market_words.FLAG_MARK_MEDIAN != 0:
            # as `_mid_before`, in place: the mid at the end of the last earlier block
            mid: uint256 = markets.mids[_id]
            if mid & markets.MASK_32 == block.timestamp:
                mid = mid << 96
            mark = accrual_math._median_mark(
                price, convert(convert(word << 128, bytes32), int256) >> 208, mid >> 160
            )
        if extras != 0 and not stale:
            rate: uint256 = market_words._borrow_rate_bps(extras)
            if rate != 0:
                borrow = min(
                    unsafe_add(borrow, accrual_math._borrow_rise(rate, mark, elapsed)), markets.BORROW_LIMIT
                )
    funding: int256 = convert(convert(word, bytes32), int256) >> 128
    losses: uint256 = 0
    if risk & market_words.FLAG_LOSSES != 0:
        losses = markets.losses[_id]
    if not (_size >= 0):
        return (
            mark,
            unsafe_sub(convert(unsafe_add(losses & markets.MASK_128, borrow), int256), funding),
            risk,
            extras,
            stale,
            jumped,
        )
    return mark, unsafe_add(convert(unsafe_add(losses >> 128, borrow), int256), funding), risk, extras, stale, jumped
