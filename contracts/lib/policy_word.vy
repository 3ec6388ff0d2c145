# pragma version 0.4.3
"""
@title  Policy word
@notice What a market does when somebody fails its margin, in one word of the liquidation engine, handed to the clearinghouse with
        every call. From the lowest bit: flags 16 | trigger 16 | backstop 16 | margin call 16 | min slice 16 | liquidation fee 16 |
        reward share 16 | chunk 16 | residue 4 | cooldown 20 | last resort 24 | grace 24 | large notional 25 (mantissa 20, exponent 5) | 31 free.
        Ratios are basis points, the first three of MM.
"""

FLAG_TAKEOVER: constant(uint256) = 1
# That flag and the grace period.
TAKEOVER_AND_GRACE: constant(uint256) = 1 + (2**24 - 1) * 2**176
FLAG_FORCE_CLOSE: constant(uint256) = 2
FLAG_FORCE_CLOSE_FEES: constant(uint256) = 4
# Deficits go to auto-deleveraging instead of social loss.
FLAG_LOSS_ADL: constant(uint256) = 8
# ADL at the previous mark price instead of the bankruptcy price.
FLAG_ADL_PREVIOUS_MARK: constant(uint256) = 16
# A force close brings the liquidation price or better (Defx).
FLAG_AT_LIQUIDATION_PRICE: constant(uint256) = 32
# Set by the engine for one call: the liquidator puts in what the opening rule asks for, at most the margin named.
FLAG_AUTO_MARGIN: constant(uint256) = 32_768

# Holders of a side that one auto-deleveraging can pass: a side with more is socialised.
MAX_DELEVERAGED: constant(uint256) = 1_000

RESIDUE_INSURANCE: constant(uint256) = 0
RESIDUE_TRADER: constant(uint256) = 1
RESIDUE_TREASURY: constant(uint256) = 2


@internal
@pure
def _has(_policy: uint256, _flag: uint256) -> bool:
    return _policy & _flag != 0


@internal
@pure
def _trigger_bps(_policy: uint256) -> uint256:
    return _policy >> 16 & 65_535


@internal
@pure
def _backstop_bps(_policy: uint256) -> uint256:
    return _policy >> 32 & 65_535


@internal
@pure
def _margin_call_bps(_policy: uint256) -> uint256:
    return _policy >> 48 & 65_535


@internal
@pure
def _min_slice_bps(_policy: uint256) -> uint256:
    return _policy >> 64 & 65_535


@internal
@pure
def _liquidation_fee_bps(_policy: uint256) -> uint256:
    return _policy >> 80 & 65_535


@internal
@pure
def _reward_share_bps(_policy: uint256) -> uint256:
    return _policy >> 96 & 65_535


@internal
@pure
def _residue(_policy: uint256) -> uint256:
    return _policy >> 128 & 15


@internal
@pure
def _last_resort_seconds(_policy: uint256) -> uint256:
    return _policy >> 152 & 16_777_215


@internal
@pure
def _grace_seconds(_policy: uint256) -> uint256:
    return _policy >> 176 & 16_777_215


@internal
@pure
def _chunk_bps(_policy: uint256) -> uint256:
    return _policy >> 112 & 65_535


@internal
@pure
def _cooldown_seconds(_policy: uint256) -> uint256:
    return _policy >> 132 & 1_048_575


@internal
@pure
def _large_notional_packed(_policy: uint256) -> uint256:
    """
    @notice A 25-bit amount: see market_words._amount.
    """
    return _policy >> 200 & 33_554_431


@internal
@pure
def _without_adl(_policy: uint256) -> uint256:
    """
    @notice The policy for a target that is not bankrupt: a part of it that is below zero is so by rounding, and nothing to deleverage.
    """
    return _policy ^ (_policy & FLAG_LOSS_ADL)


@internal
@pure
def _without_chunks(_policy: uint256) -> uint256:
    """
    @notice The policy under which no position counts as large.
    """
    return _policy & ~(convert(33_554_431, uint256) << 200)


@internal
@pure
def _for_backstop(_policy: uint256) -> uint256:
    """
    @notice The policy by which the backstop takes over: its ratio is the trigger, and it puts in what the opening rule asks for.
    """
    return _policy & ~(convert(65_535, uint256) << 16) | self._backstop_bps(_policy) << 16 | FLAG_AUTO_MARGIN


@internal
@pure
def _pack_ratios(
    _flags: uint256,
    _trigger: uint256,
    _backstop: uint256,
    _margin_call: uint256,
    _min_slice: uint256,
    _liquidation_fee: uint256,
    _reward_share: uint256,
    _chunk: uint256,
) -> uint256:
    """
    @notice The lower half of the word. Each argument fits its field.
    """
    return (
        _flags
        | _trigger << 16
        | _backstop << 32
        | _margin_call << 48
        | _min_slice << 64
        | _liquidation_fee << 80
        | _reward_share << 96
        | _chunk << 112
    )


@internal
@pure
def _pack_procedure(
    _residue_: uint256, _cooldown: uint256, _last_resort: uint256, _grace: uint256, _large_notional: uint256
) -> uint256:
    """
    @notice The upper half of the word. Each argument fits its field.
    @param _large_notional packed amount of 25 bits
    """
    return _residue_ << 128 | _cooldown << 132 | _last_resort << 152 | _grace << 176 | _large_notional << 200
