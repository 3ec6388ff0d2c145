"""What the owner chooses for a market and for its liquidations. Names and units as in docs/parameters.md."""

from dataclasses import dataclass
from enum import StrEnum


class Residue(StrEnum):
    """Who gets what a force close leaves."""

    INSURANCE = "insurance"
    TRADER = "trader"
    TREASURY = "treasury"


@dataclass(frozen=True, slots=True)
class MarketParameters:
    """Risk parameters. Amounts are WAD; `penalty` holds a, b, c, d in WAD. 0 turns an optional limit off."""

    imr_bps: int = 1000
    mmr_bps: int = 500
    trading_fee_bps: int = 0
    protocol_fee_bps: int = 0
    penalty: tuple[int, int, int, int] = (0, 0, 0, 0)
    max_deviation_bps: int = 1000
    max_open_interest: int = 0
    funding_cap_bps: int = 0
    funding_period_seconds: int = 86400
    min_notional: int = 0
    oracle_max_age: int = 3600
    entry_margin_rule: bool = False
    tip: int = 0
    insurance_draw_bps: int = 10_000
    force_close_band_bps: int = 0
    push_jump_bps: int = 0
    mark_median: bool = False
    previous_mark: bool = False
    cross_margin: bool = False
    # (lower bound of the notional, imr, mmr) above the first, ascending.
    tiers: tuple[tuple[int, int, int], ...] = ()
    borrow_rate_bps: int = 0
    borrow_share_bps: int = 0
    settlement_delay: int = 0
    shown_trigger_bps: int = 0

    @property
    def clock_runs(self) -> bool:
        """Whether premium, time and mark are kept even without funding: section 4."""
        kept = (
            self.mark_median or self.previous_mark or self.cross_margin or bool(self.tiers) or self.borrow_rate_bps > 0
        )
        return kept or self.settlement_delay > 0 or self.shown_trigger_bps > 0

    @property
    def band_bps(self) -> int:
        """How far from mark a force close may trade."""
        return self.force_close_band_bps or max(1, self.mmr_bps // 5)


@dataclass(frozen=True, slots=True)
class Policy:
    """What happens to a position that fails its margin."""

    takeover: bool = True
    force_close: bool = True
    force_close_fees: bool = True
    trigger_bps: int = 10_000
    backstop_bps: int = 0
    margin_call_bps: int = 0
    min_slice_bps: int = 0
    liquidation_fee_bps: int = 0
    reward_share_bps: int = 0
    residue: Residue = Residue.INSURANCE
    last_resort_seconds: int = 0
    grace_seconds: int = 0
    large_notional: int = 0
    chunk_bps: int = 0
    cooldown_seconds: int = 0
    at_liquidation_price: bool = False
    loss_adl: bool = False
    adl_previous_mark: bool = False

    @property
    def chunks(self) -> bool:
        """Whether large positions are closed in parts."""
        return self.large_notional > 0 and self.chunk_bps > 0


OYSTER = Policy()
INJECTIVE = Policy(takeover=False, residue=Residue.TRADER, last_resort_seconds=3600)
