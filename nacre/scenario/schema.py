"""What a scenario file may say, one class a step. scenarios/README.md tells it in prose."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from nacre.presets.market import Number

Name = Annotated[str, Field(min_length=1, strict=True)]
NonNegative = Annotated[Number, Field(ge=0)]
TOLERANCE = Decimal("1e-6")


def _all(value: Any) -> Any:
    return None if value == "all" else value


# "all" and leaving it out mean the same.
Part = Annotated[NonNegative | None, BeforeValidator(_all)]
Names = Annotated[list[Name] | None, BeforeValidator(_all)]


class Step(BaseModel):
    """One block. `revert` is part of the reason with which it must fail, any case."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: str
    market: Name | None = None
    revert: Annotated[str, Field(min_length=1)] | None = None

    needs_market: ClassVar[bool] = True

    def actors(self) -> list[str]:
        """Names that this step brings into being, in order."""
        names = [getattr(self, key, None) for key in ("who", "target", "of")]
        lists = (getattr(self, "accounts", None) or [], getattr(self, "counterparties", None) or [])
        return [name for name in (*names, *lists[0], *lists[1]) if name]


class ByWho(Step):
    who: Name


class ByAnyone(Step):
    """Whoever sends it makes no difference."""

    who: Name | None = None


class Deposit(ByWho):
    needs_market = False

    do: Literal["deposit"]
    amount: NonNegative


class Withdraw(ByWho):
    needs_market = False

    do: Literal["withdraw"]
    amount: NonNegative


class AddLiquidity(ByWho):
    do: Literal["add_liquidity"]
    lower: Annotated[Number, Field(gt=0)]
    upper: Annotated[Number, Field(gt=0)]
    margin: NonNegative


class RemoveLiquidity(ByWho):
    do: Literal["remove_liquidity"]
    of: Name | None = None
    lower: Annotated[Number, Field(gt=0)] | None = None
    upper: Annotated[Number, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _both(self) -> "RemoveLiquidity":
        if (self.lower is None) != (self.upper is None):
            raise ValueError("lower and upper go together; without them all ranges go")
        return self


class Trade(ByWho):
    do: Literal["trade"]
    size: Number
    margin: Number = Decimal(0)
    limit: NonNegative | None = None
    deadline: Annotated[int, Field(ge=0)] | None = None


class AdjustMargin(ByWho):
    do: Literal["adjust_margin"]
    delta: Number


class Price(Step):
    do: Literal["price"]
    to: NonNegative


class Wait(Step):
    needs_market = False

    do: Literal["wait"]
    seconds: Annotated[int, Field(gt=0, le=10**10)]
    stale: Annotated[bool, Field(strict=True)] = False


class Takeover(ByWho):
    do: Literal["takeover"]
    target: Name
    size: Part = None
    margin: NonNegative = Decimal(0)


class ForceClose(ByWho):
    do: Literal["force_close"]
    target: Name
    size: Part = None
    limit: NonNegative | None = None


class CallMargin(ByAnyone):
    do: Literal["call_margin"]
    accounts: Names = None


class SetMarginMode(ByWho):
    do: Literal["set_margin_mode"]
    cross: Annotated[bool, Field(strict=True)]


class Backstop(ByAnyone):
    do: Literal["backstop"]
    target: Name


class BackstopDeposit(ByWho):
    """At once: scenario deployments have neither delay nor lock-up."""

    needs_market = False

    do: Literal["backstop_deposit"]
    amount: NonNegative


class BackstopWithdraw(ByWho):
    needs_market = False

    do: Literal["backstop_withdraw"]
    amount: Part


class BackstopUnwind(ByAnyone):
    """Trades (part of) the vault's position away, within its band."""

    do: Literal["backstop_unwind"]
    size: Part = None


class Adl(ByAnyone):
    do: Literal["adl"]
    target: Name
    counterparties: Names = None


class DonateInsurance(ByWho):
    do: Literal["donate_insurance"]
    amount: NonNegative


class Settle(ByAnyone):
    """While the market settles the position becomes a claim."""

    do: Literal["settle"]
    target: Name


class Claim(ByWho):
    do: Literal["claim"]


class SettleMarket(Step):
    """By the owner, at a price or at mark; by somebody else where the market has been dead for its settlement delay."""

    do: Literal["settle_market"]
    who: Name | None = None
    price: Annotated[Number, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "SettleMarket":
        if self.who is not None and self.price is not None:
            raise ValueError("who: only the owner chooses a price; name one of the two")
        return self


class CollectFees(ByAnyone):
    """Fees of a market to the treasury's account, and from there to the treasury."""

    do: Literal["collect_fees"]


class Stake(ByWho):
    needs_market = False

    do: Literal["stake"]
    amount: NonNegative


class Unstake(ByWho):
    needs_market = False

    do: Literal["unstake"]
    amount: NonNegative


class ClaimRewards(ByWho):
    needs_market = False

    do: Literal["claim_rewards"]


class Pause(Step):
    do: Literal["pause"]


class Unpause(Step):
    do: Literal["unpause"]


class ReduceOnly(Step):
    do: Literal["reduce_only"]
    active: Annotated[bool, Field(strict=True)] = True


class WithdrawalLimit(Step):
    """Of the whole clearinghouse, net of deposits; 0 is none."""

    needs_market = False

    do: Literal["withdrawal_limit"]
    amount: NonNegative
    seconds: Annotated[int, Field(ge=0, le=10**10)] = 86_400


class Set(Step):
    """Fields of `market:`, beside `do` or under `fields`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    do: Literal["set"]
    fields: dict[str, Any] = {}

    @model_validator(mode="after")
    def _some(self) -> "Set":
        if not self.changes:
            raise ValueError("names no field to set")
        if "price" in self.changes:
            raise ValueError("price: use the step `price`")
        return self

    @property
    def changes(self) -> dict[str, Any]:
        return self.fields | (self.model_extra or {})


class Expect(BaseModel):
    """A comparison with the snapshot; takes no block."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    expect: dict[str, Any]
    tolerance: NonNegative = TOLERANCE

    @model_validator(mode="after")
    def _shape(self) -> "Expect":
        if not self.expect:
            raise ValueError("expect: names nothing to compare")
        return self

    @property
    def needs_market(self) -> bool:
        return "who" in self.expect

    def actors(self) -> list[str]:
        return [self.expect["who"]] if isinstance(self.expect.get("who"), str) else []


STEPS: dict[str, type[Step]] = {
    kind.model_fields["do"].annotation.__args__[0]: kind  # type: ignore[union-attr]
    for kind in (
        Deposit,
        Withdraw,
        AddLiquidity,
        RemoveLiquidity,
        Trade,
        AdjustMargin,
        Price,
        Wait,
        Takeover,
        ForceClose,
        CallMargin,
        SetMarginMode,
        Backstop,
        BackstopDeposit,
        BackstopWithdraw,
        BackstopUnwind,
        Adl,
        DonateInsurance,
        Settle,
        Claim,
        SettleMarket,
        CollectFees,
        Stake,
        Unstake,
        ClaimRewards,
        Pause,
        Unpause,
        ReduceOnly,
        WithdrawalLimit,
        Set,
    )
}
# Contracts that hold positions or collateral, as names of accounts; unless somebody of that name acts in the file.
CONTRACTS = ("vault", "treasury")


class Scenario(BaseModel):
    """The head of a file; its steps are checked one by one, so that an error names the step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    policy: Name | None = None
    collateral_decimals: Annotated[int, Field(ge=0, le=18, strict=True)] = 18
    market: dict[str, Any] | None = None
    markets: dict[Name, dict[str, Any] | None] | None = None
    steps: Annotated[list[dict[str, Any]], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_kind(self) -> "Scenario":
        if self.market is not None and self.markets is not None:
            raise ValueError("market and markets exclude each other")
        if self.markets is not None and not self.markets:
            raise ValueError("markets: names none")
        return self

    def market_fields(self) -> dict[str, dict[str, Any]]:
        """What is changed of the policy, by market."""
        if self.markets is None:
            return {"main": self.market or {}}
        return {name: fields or {} for name, fields in self.markets.items()}
