# pragma version 0.4.3
"""
@title  Market book
@notice modules/markets, callable, with storage of its own that a test writes word by word.
"""

from contracts.modules import markets

initializes: markets


struct Words:
    risk: uint256
    extras: uint256
    accrual: uint256
    losses: uint256
    money: uint256
    totals: uint256
    mids: uint256
    marks: uint256
    borrows: uint256
    venues: uint256
    dues: uint256


@deploy
def __init__():
    markets.__init__()


@external
def put(_id: uint256, _words: Words):
    markets.risk_words[_id] = _words.risk
    markets.extras_words[_id] = _words.extras
    markets.accruals[_id] = _words.accrual
    markets.losses[_id] = _words.losses
    markets.money[_id] = _words.money
    markets.totals[_id] = _words.totals
    markets.mids[_id] = _words.mids
    markets.marks[_id] = _words.marks
    markets.borrows[_id] = _words.borrows
    markets.venues[_id] = _words.venues
    markets.dues[_id] = _words.dues


@external
@view
def words(_id: uint256) -> Words:
    return Words(
        risk=markets.risk_words[_id],
        extras=markets.extras_words[_id],
        accrual=markets.accruals[_id],
        losses=markets.losses[_id],
        money=markets.money[_id],
        totals=markets.totals[_id],
        mids=markets.mids[_id],
        marks=markets.marks[_id],
        borrows=markets.borrows[_id],
        venues=markets.venues[_id],
        dues=markets.dues[_id],
    )


@external
def open(_id: uint256) -> markets.Market:
    return markets._open(_id)


@external
def open_and_close(_id: uint256):
    markets._close(markets._open(_id))


@external
@view
def quote(_risk: uint256) -> (uint256, uint256, bool, bool, uint256):
    return markets._quote(_risk)


@external
@view
def observe(_id: uint256, _lenient: bool) -> (markets.Market, uint256, bool):
    return markets._observe(_id, _lenient)


@external
@view
def read(_id: uint256) -> markets.Market:
    return markets._read(_id)


@external
def close(_market: markets.Market):
    markets._close(_market)


@external
@view
def borrowed(_market: markets.Market, _before: uint256) -> uint256:
    return markets._borrowed(_market, _before)


@external
@view
def mid_before(_id: uint256) -> uint256:
    return markets._mid_before(_id)


@external
@view
def previous_mark(_market: markets.Market) -> uint256:
    return markets._previous_mark(_market)


@external
@view
def accrual_parts(_accrual: uint256) -> (int256, int256, int256):
    return markets._funding(_accrual), markets._premium_ema(_accrual), markets._premium(_accrual)


@external
@view
def carry_index(_long_loss: uint256, _short_loss: uint256, _funding: int256, _borrow: uint256, _size: int256) -> int256:
    return markets._carry_index(_long_loss, _short_loss, _funding, _borrow, _size)


@external
def set_mid(_id: uint256, _risk: uint256, _mid: uint256, _protocol_fee: uint256):
    markets._set_mid(_id, _risk, _mid, _protocol_fee)


@external
@view
def standing(_id: uint256, _flags: uint256) -> (bool, bool):
    return markets._is_settled(_id), markets._is_open(_flags)
