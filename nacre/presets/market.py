"""The parameters of a market, in human units: what presets and scenarios set under `market:`, with one default each.

Prices and amounts are decimals in units of the collateral, ratios basis points. docs/parameters.md says what each does;
bounds are checked again on chain by Config.
"""

from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

# A market whose losses go to auto-deleveraging holds at most ten times as many smallest positions as one call can pass:
# a side full of dust would be socialised instead. Config checks the same.
ADL_LIMIT = 1_000
MOST_SMALLEST_POSITIONS = 10 * ADL_LIMIT
# Penalty coefficients are stored in ten-thousandths.
PENALTY_STEP = Decimal("0.0001")


def _exact_decimal(value: Any) -> Any:
    """YAML and TOML give floats: take the digits that were written, not the nearest binary number."""
    if isinstance(value, bool):
        raise ValueError("a number is needed")
    return Decimal(repr(value)) if isinstance(value, float) else value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("a finite number is needed")
    return value


Number = Annotated[Decimal, BeforeValidator(_exact_decimal), AfterValidator(_finite)]
Amount = Annotated[Number, Field(ge=0)]
Bps = Annotated[int, Field(ge=0, le=65_535, strict=True)]
Seconds = Annotated[int, Field(ge=0, strict=True)]
Flag = Annotated[bool, Field(strict=True)]


class Tier(BaseModel):
    """Ratios of what a position's notional needs above a bound; margins stay continuous there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lower: Annotated[Number, Field(gt=0)]
    imr_bps: Bps
    mmr_bps: Bps

    @model_validator(mode="before")
    @classmethod
    def _from_row(cls, value: Any) -> Any:
        """[lower, imr_bps, mmr_bps] is the same."""
        if isinstance(value, list | tuple):
            if len(value) != 3:
                raise ValueError("a tier is [lower bound of the notional, imr_bps, mmr_bps]")
            return dict(zip(("lower", "imr_bps", "mmr_bps"), value, strict=True))
        return value


class MarketConfig(BaseModel):
    """All fields have a default; presets and scenarios change single ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    price: Annotated[Number, Field(gt=0)] = Decimal(100)
    imr_bps: Bps = 1000
    mmr_bps: Bps = 500
    tiers: Annotated[list[Tier], Field(max_length=3)] = []  # above the first, whose ratios are imr_bps and mmr_bps
    trading_fee_bps: Bps = 30
    protocol_fee_bps: Bps = 20
    penalty: Annotated[list[Amount], Field(min_length=4, max_length=4)] = [
        Decimal("10.92"),
        Decimal("1.64"),
        Decimal("0.09"),
        Decimal(0),
    ]
    max_deviation_bps: Bps = 0  # 0: the IMR
    max_open_interest: Amount = Decimal(0)  # 0: no cap; with loss = "adl" the largest possible one
    funding_cap_bps: Bps = 100  # a day; 0: no funding
    funding_period_seconds: Seconds = 86_400
    borrow_rate_bps: Bps = 0
    borrow_share_bps: Annotated[int, Field(ge=0, le=10_000, strict=True)] = 5_000  # to the insurance fund
    min_notional: Amount = Decimal(0)
    min_slice_bps: Bps = 0
    mark_mode: Literal["index", "median"] = "index"
    oracle_max_age: Annotated[int, Field(gt=0, strict=True)] = 3_600
    entry_margin_rule: Flag = False
    cross_margin: Flag = False
    show_liquidation_price: Flag = False
    trigger_bps: Bps = 10_000
    backstop_bps: Bps = 0
    margin_call_bps: Bps = 0
    takeover: Flag = True
    force_close: Flag = True
    force_close_fees: Flag = True
    force_close_at_liquidation_price: Flag = False
    last_resort_seconds: Seconds = 0
    large_notional: Amount = Decimal(0)
    chunk_bps: Bps = 0
    cooldown_seconds: Seconds = 0
    liquidation_fee_bps: Bps = 0
    reward_share_bps: Bps = 0
    residue: Literal["insurance", "trader", "treasury"] = "insurance"
    loss: Literal["social", "adl"] = "social"
    adl_price: Literal["bankruptcy", "previous_mark"] = "bankruptcy"
    tip: Amount = Decimal("0.2")
    grace_seconds: Seconds = 0
    push_jump_bps: Bps = 0
    force_close_band_bps: Bps = 0  # 0: a fifth of the MMR
    insurance_draw_bps: Annotated[int, Field(ge=0, le=10_000, strict=True)] = 10_000  # 10,000 and 0: no limit
    backstop_loss_cap: Amount = Decimal(0)
    settlement_delay: Seconds = 0

    @model_validator(mode="before")
    @classmethod
    def _first_tier(cls, fields: Any) -> Any:
        """A list of tiers may begin with the one from 0: its ratios are those of the market."""
        if not isinstance(fields, dict) or not isinstance(fields.get("tiers"), list | tuple) or not fields["tiers"]:
            return fields
        first, *others = fields["tiers"]
        if not isinstance(first, list | tuple) or len(first) != 3 or first[0] != 0:
            return fields
        return fields | {"imr_bps": first[1], "mmr_bps": first[2], "tiers": others}

    @model_validator(mode="after")
    def _consistent(self) -> "MarketConfig":
        if self.mmr_bps >= self.imr_bps:
            raise ValueError(f"mmr_bps ({self.mmr_bps}) must be below imr_bps ({self.imr_bps})")
        rows = [(Decimal(0), self.imr_bps, self.mmr_bps), *((t.lower, t.imr_bps, t.mmr_bps) for t in self.tiers)]
        for (bound, imr, mmr), (next_bound, next_imr, next_mmr) in pairwise(rows):
            if next_bound <= bound or next_imr < imr or next_mmr < mmr or next_mmr >= next_imr:
                raise ValueError("tiers: bounds and ratios must rise, each mmr_bps below its imr_bps")
        if any(coefficient % PENALTY_STEP for coefficient in self.penalty):
            raise ValueError("penalty: at most four digits after the point")
        if self.loss == "adl":
            self._check_deleveraging()
        return self

    def _check_deleveraging(self) -> None:
        if self.min_notional == 0:
            raise ValueError("min_notional: loss = adl needs one above 0, so that dust cannot keep a loss from it")
        most = MOST_SMALLEST_POSITIONS * self.min_notional
        if self.max_open_interest > most:
            raise ValueError(
                f"max_open_interest ({self.max_open_interest:f}) with loss = adl: at most {MOST_SMALLEST_POSITIONS:,} "
                f"times min_notional ({self.min_notional:f}), {most:f}"
            )
        if not self.takeover and self.last_resort_seconds == 0:
            raise ValueError("takeover: loss = adl needs it, or last_resort_seconds: when nobody is left to deleverage")

    @property
    def open_interest_cap(self) -> Decimal:
        """What Config is told: 0 is no cap."""
        if self.loss == "adl" and self.max_open_interest == 0:
            return MOST_SMALLEST_POSITIONS * self.min_notional
        return self.max_open_interest

    def changed(self, **fields: Any) -> "MarketConfig":
        """A copy with other values, checked again."""
        return type(self).model_validate(self.model_dump() | fields)


def wad(value: Decimal | int | str) -> int:
    """WAD of a number; digits beyond the eighteenth are an error."""
    return scaled(value, 18)


def scaled(value: Decimal | int | str, digits: int) -> int:
    """value x 10^digits, exactly."""
    with localcontext(prec=120):
        result = Decimal(value).scaleb(digits)
        if result != result.to_integral_value():
            raise ValueError(f"{value} has more than {digits} digits after the point")
        return int(result)
