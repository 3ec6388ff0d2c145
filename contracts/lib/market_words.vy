# pragma version 0.4.3
"""
@title  Market words
@notice The parameters of a market as the clearinghouse stores them: four words, split by when they are read. Config packs
        and bounds them; everybody reads them through the functions here.

        risk     read by everything       oracle 160 | imr 14 | mmr 14 | max age 20 | funding cap 14 | funding period 24 | flags 10
        trading  read by a trade          venue 160 | trading fee 11 | protocol fee 11 | deviation 14 | min notional 25 | max OI 25 | 10
        limits   read now and then        penalty a 24, b 24, c 24, d 24 | tip 25 | insurance draw 14 | force close band 14 | 107
        extras   where FLAG_EXTRAS says   27 | shown trigger 16 | settlement delay 24 | borrow share 14 | borrow rate 16 | three tiers of
                 lower bound 25, imr 14, mmr 14, the first of them lowest
        The first field stands in the highest bits. An amount of 25 bits is mantissa (20) * 10^exponent (5) wei.
"""

# The mark is the index price when the bit is clear; the median of docs/spec.md section 3 when it is set.
FLAG_MARK_MEDIAN: constant(uint256) = 1
# Opening also needs balance >= IMR of the entry notional (Injective).
FLAG_ENTRY_MARGIN_RULE: constant(uint256) = 2
# The extras word is not 0: tiers, a borrow rate and its share, a settlement delay, or a trigger to show.
FLAG_EXTRAS: constant(uint256) = 4
# Positions may be backed by all free collateral of an account.
FLAG_CROSS_MARGIN: constant(uint256) = 8
# Deleveraging may go by the mark of the last touch in an earlier block.
FLAG_PREVIOUS_MARK: constant(uint256) = 16
# The market settles at its final price; borrow fees ever accrued; a social loss index is not 0. The clearinghouse sets these three;
# parameters leave them.
FLAG_SETTLING: constant(uint256) = 32
FLAG_BORROWED: constant(uint256) = 64
FLAG_LOSSES: constant(uint256) = 128
# Cross positions were allowed once and may still be there. Set by the clearinghouse, too.
FLAG_WAS_CROSS: constant(uint256) = 256
FLAGS_KEPT: constant(uint256) = 224 + 256
# Any of the first five but the entry rule, or the last: the clock runs even while funding is off, and the mark is kept.
FLAGS_SPECIAL: constant(uint256) = 29 + 256
# Those flags, and the funding cap: without any of them the clock stands still.
RUNS_CLOCK: constant(uint256) = 29 + 256 + (2**14 - 1) * 2**34

# Bits of a tier in the extras word, and of all three.
TIER_BITS: constant(uint256) = 53
MASK_TIERS: constant(uint256) = 2**159 - 1
# The highest field of the extras word.
SHOWN_TRIGGER_AT: constant(uint256) = 213

MASK_160: constant(uint256) = 2**160 - 1
# Penalty coefficients count in ten-thousandths.
PENALTY_UNIT: constant(uint256) = 10**14


@internal
@pure
def _amount(_packed: uint256) -> uint256:
    """
    @notice WAD of a 25-bit decimal float. At most 1,048,575e31: no overflow.
    """
    return unsafe_mul(_packed >> 5 & 1_048_575, 10 ** (_packed & 31))


# ---- risk


@internal
@pure
def _oracle(_risk: uint256) -> address:
    return convert(_risk >> 96, address)


@internal
@pure
def _imr_bps(_risk: uint256) -> uint256:
    return _risk >> 82 & 16_383


@internal
@pure
def _mmr_bps(_risk: uint256) -> uint256:
    return _risk >> 68 & 16_383


@internal
@pure
def _max_age(_risk: uint256) -> uint256:
    return _risk >> 48 & 1_048_575


@internal
@pure
def _funding_cap_bps(_risk: uint256) -> uint256:
    return _risk >> 34 & 16_383


@internal
@pure
def _funding_period(_risk: uint256) -> uint256:
    return _risk >> 10 & 16_777_215


@internal
@pure
def _pack_risk(
    _oracle_: address, _imr: uint256, _mmr: uint256, _age: uint256, _cap: uint256, _period: uint256, _flags: uint256
) -> uint256:
    return (
        convert(_oracle_, uint256) << 96 | _imr << 82 | _mmr << 68 | _age << 48 | _cap << 34 | _period << 10 | _flags
    )


# ---- trading


@internal
@pure
def _venue(_trading: uint256) -> address:
    return convert(_trading >> 96, address)


@internal
@pure
def _trading_fee_bps(_trading: uint256) -> uint256:
    return _trading >> 85 & 2_047


@internal
@pure
def _protocol_fee_bps(_trading: uint256) -> uint256:
    return _trading >> 74 & 2_047


@internal
@pure
def _max_deviation_bps(_trading: uint256) -> uint256:
    return _trading >> 60 & 16_383


@internal
@pure
def _min_notional(_trading: uint256) -> uint256:
    return self._amount(_trading >> 35)


@internal
@pure
def _max_open_interest(_trading: uint256) -> uint256:
    """
    @notice WAD of notional at mark; 0 is no cap.
    """
    return self._amount(_trading >> 10)


@internal
@pure
def _pack_trading(
    _venue_: address, _fee: uint256, _protocol_fee: uint256, _deviation: uint256, _minimum: uint256, _cap: uint256
) -> uint256:
    """
    @param _minimum packed amount of 25 bits
    @param _cap packed amount of 25 bits
    """
    return (
        convert(_venue_, uint256) << 96 | _fee << 85 | _protocol_fee << 74 | _deviation << 60 | _minimum << 35 | _cap << 10
    )


# ---- limits


@internal
@pure
def _penalty(_limits: uint256, _power: uint256) -> uint256:
    """
    @notice WAD coefficient of D^_power: 3 is a, 0 is d.
    """
    return (_limits >> (160 + 24 * _power) & 16_777_215) * PENALTY_UNIT


@internal
@pure
def _tip(_limits: uint256) -> uint256:
    return self._amount(_limits >> 135)


@internal
@pure
def _insurance_draw_bps(_limits: uint256) -> uint256:
    return _limits >> 121 & 16_383


@internal
@pure
def _force_close_band_bps(_limits: uint256) -> uint256:
    return _limits >> 107 & 16_383


@internal
@pure
def _pack_limits(
    _a: uint256, _b: uint256, _c: uint256, _d: uint256, _tip_: uint256, _draw: uint256, _band: uint256
) -> uint256:
    """
    @param _a penalty coefficients in ten-thousandths
    @param _tip_ packed amount of 25 bits
    """
    return _a << 232 | _b << 208 | _c << 184 | _d << 160 | _tip_ << 135 | _draw << 121 | _band << 107


# ---- extras


@internal
@pure
def _tier(_extras: uint256, _number: uint256) -> (uint256, uint256, uint256):
    """
    @notice Lower bound (WAD), IMR and MMR of a tier above the first; 0 for none.
    @param _number 0 to 2
    """
    word: uint256 = (_extras & MASK_TIERS) >> unsafe_mul(_number, TIER_BITS)
    return self._amount(word >> 28), word >> 14 & 16_383, word & 16_383


@internal
@pure
def _borrow_rate_bps(_extras: uint256) -> uint256:
    """
    @notice A year, of the notional at mark.
    """
    return _extras >> 159 & 65_535


@internal
@pure
def _borrow_share_bps(_extras: uint256) -> uint256:
    """
    @notice What the insurance fund gets of the borrow fees; the treasury gets the rest.
    """
    return _extras >> 175 & 16_383


@internal
@pure
def _settlement_delay(_extras: uint256) -> uint256:
    """
    @notice Seconds without liquidity or price after which anyone may settle the market; 0: never.
    """
    return _extras >> 189 & 16_777_215


@internal
@pure
def _shown_trigger_bps(_extras: uint256) -> uint256:
    """
    @notice The trigger by which trades announce a liquidation price, of MM; 0: none is announced.
    """
    return _extras >> 213 & 65_535


@internal
@pure
def _pack_extras(
    _tiers: uint256, _borrow_rate: uint256, _borrow_share: uint256, _delay: uint256, _trigger: uint256
) -> uint256:
    """
    @param _tiers as laid out above
    """
    return _tiers | _borrow_rate << 159 | _borrow_share << 175 | _delay << 189 | _trigger << 213


@internal
@pure
def _pack_tier(_bound: uint256, _imr: uint256, _mmr: uint256) -> uint256:
    """
    @param _bound packed amount of 25 bits
    """
    return _bound << 28 | _imr << 14 | _mmr


# ---- amounts


@internal
@pure
def _pack_amount(_wad: uint256) -> uint256:
    """
    @notice The 25-bit decimal float of an amount, with the smallest exponent. Refuses what it cannot hold exactly.
    """
    mantissa: uint256 = _wad
    for exponent: uint256 in range(32):
        if mantissa <= 1_048_575:
            return mantissa << 5 | exponent
        if mantissa % 10 != 0:
            break
        mantissa //= 10
    raise "amount not representable"
