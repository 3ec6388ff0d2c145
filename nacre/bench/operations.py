"""Each operation that is measured: in which market, what happens before, and the transaction itself."""

from decimal import Decimal

from nacre.bench.cross_operations import CROSS_OPERATIONS
from nacre.bench.operation import Operation
from nacre.bench.stage import (
    AMOUNT,
    DEADLINE,
    HELD,
    LOWER,
    MARGIN,
    NARROW_LOWER,
    NARROW_UPPER,
    PART,
    SIZE,
    UPPER,
    Call,
    Stage,
)
from nacre.bench.vault_operations import VAULT_OPERATIONS
from nacre.units import MAX_UINT256, WAD

# Where the target's 10 % of margin is nearly, and more than, used up; likewise for Injective's ratios.
FAILING, BANKRUPT = Decimal(94), Decimal(88)
FAILING_INJECTIVE = Decimal(91)


# ---- liquidations


def _takeover(stage: Stage, price: Decimal, size: int) -> Call:
    stage.push(price)
    arguments = (stage.market.id, stage.cast.target, size, MARGIN)
    return Call(stage.engine, "liquidate_by_takeover", arguments, stage.cast.trader)


def takeover_solvent(stage: Stage) -> Call:
    return _takeover(stage, FAILING, MAX_UINT256)


def takeover_partial(stage: Stage) -> Call:
    return _takeover(stage, FAILING, PART)


def takeover_bankrupt(stage: Stage) -> Call:
    """Somebody else has gone bankrupt before: the index of the shorts is not zero any more."""
    dealer = stage.cast.dealer
    stage.trade(dealer, SIZE, 110 * WAD)
    stage.push(BANKRUPT)
    stage.take_over(dealer, stage.cast.trader, 300 * WAD)
    return _takeover(stage, BANKRUPT, MAX_UINT256)


def _force_close(stage: Stage, price: Decimal) -> Call:
    stage.push(price)
    stage.move_venue(price)
    stage.rest()
    limit = int(price * WAD) * 99 // 100 - 7
    arguments = (stage.market.id, stage.cast.target, MAX_UINT256, limit)
    return Call(stage.engine, "force_close", arguments, stage.cast.trader)


def force_close(stage: Stage) -> Call:
    return _force_close(stage, FAILING)


def force_close_to_trader(stage: Stage) -> Call:
    return _force_close(stage, FAILING_INJECTIVE)


def call_margin(stage: Stage) -> Call:
    stage.push(FAILING)
    return Call(stage.engine, "call_margin", (stage.market.id, [stage.cast.target]), stage.cast.dealer)


# How many one auto-deleveraging passes; each holds a unit, which is above the smallest position.
CROWD = 1_000


def _deleverage(stage: Stage, counterparties: list[str]) -> Call:
    stage.push(BANKRUPT)
    arguments = (stage.market.id, stage.cast.target, counterparties)
    return Call(stage.engine, "auto_deleverage", arguments, stage.cast.trader)


def _without_shorts(stage: Stage) -> None:
    """Whoever was short is out: the last by an auto-deleveraging, and what it is due has not been paid out."""
    cast = stage.cast
    stage.trade(cast.counterparty, 38 * WAD, 0)
    stage.trade(cast.dealer, 2 * WAD, 22 * WAD)
    stage.push(BANKRUPT)
    arguments = (stage.market.id, cast.dealer, [cast.counterparty])
    stage.engine.transact("auto_deleverage", *arguments, sender=cast.trader).check()
    stage.push(Decimal(100))


def adl_one(stage: Stage) -> Call:
    _without_shorts(stage)
    stage.trade(stage.cast.dealer, -SIZE, 5 * MARGIN)
    return _deleverage(stage, [stage.cast.dealer])


def adl_thousand(stage: Stage) -> Call:
    """The more margin, the later in the list."""
    _without_shorts(stage)
    cast = stage.cast
    stage.trade(cast.target, CROWD * WAD - SIZE, 110 * CROWD * WAD // 10)
    stage.system.mint(cast.dealer, 100 * CROWD * WAD)
    crowd = [stage.chain.account(f"winner {number}") for number in range(CROWD)]
    for number, account in enumerate(crowd):
        amount = stage.system.to_tokens(90 * WAD)
        stage.house.transact("deposit", amount, account, sender=cast.dealer).check()
        stage.trade(account, -WAD, MARGIN + number * WAD // CROWD)
    return _deleverage(stage, crowd)


# ---- trades


def _trade(stage: Stage, account: str, size: int, margin: int) -> Call:
    stage.rest()
    limit = (103 if size > 0 else 97) * WAD + 271_828_182_845_904_523
    deadline = stage.chain.timestamp + DEADLINE
    return Call(stage.house, "trade", (stage.market.id, size, margin, limit, deadline), account)


def trade_open(stage: Stage) -> Call:
    return _trade(stage, stage.cast.dealer, SIZE, 5 * MARGIN)


def trade_increase(stage: Stage) -> Call:
    return _trade(stage, stage.cast.trader, PART, MARGIN)


def trade_reduce(stage: Stage) -> Call:
    return _trade(stage, stage.cast.trader, -PART, 0)


def trade_close(stage: Stage) -> Call:
    return _trade(stage, stage.cast.trader, -HELD, 0)


def trade_crossing(stage: Stage) -> Call:
    stage.add_range(stage.cast.dealer, NARROW_LOWER, NARROW_UPPER, 10**5 * WAD)
    return _trade(stage, stage.cast.trader, 1_400 * SIZE, 4_000 * MARGIN)


# ---- accounts


def deposit(stage: Stage) -> Call:
    account = stage.cast.trader
    stage.system.mint(account, 2 * AMOUNT)
    stage.rest()
    return Call(stage.house, "deposit", (stage.system.to_tokens(AMOUNT),), account)


def withdraw(stage: Stage) -> Call:
    account = stage.cast.trader
    stage.system.mint(account, AMOUNT)
    stage.rest()
    return Call(stage.house, "withdraw", (stage.system.to_tokens(AMOUNT),), account)


def _adjust(stage: Stage, delta: int) -> Call:
    stage.rest()
    return Call(stage.house, "adjust_margin", (stage.market.id, delta), stage.cast.trader)


def adjust_margin(stage: Stage) -> Call:
    return _adjust(stage, MARGIN)


def adjust_margin_out(stage: Stage) -> Call:
    return _adjust(stage, -MARGIN)


def settle(stage: Stage) -> Call:
    stage.rest()
    return Call(stage.house, "settle", (stage.market.id, stage.cast.target), stage.cast.dealer)


def claim(stage: Stage) -> Call:
    """A short wins more than the pot holds, closes, and a donation fills the pot."""
    cast, house, market = stage.cast, stage.house, stage.market.id
    big, margin = 20_000 * WAD, 3 * 10**5 * WAD
    stage.trade(cast.dealer, -big, margin)
    stage.trade(cast.trader, big, margin)
    # The margin of ranges out of the pot, but for what it takes to close: below 1.5 million in all.
    for account in (cast.provider, cast.counterparty):
        stage.remove_range(account)
        house.transact("adjust_margin", market, -990_000 * WAD, sender=account).check()
    stage.push(Decimal(40))
    stage.add_range(cast.provider, 34_900, 38_900, 7 * 10**5 * WAD)
    # The second is paid nothing while the first waits: so the sum owed does not end at zero.
    for account in (cast.dealer, cast.counterparty):
        stage.trade(account, -house.call("position", market, account).size, 0)
    house.transact("donate_insurance", market, 10**6 * WAD, sender=cast.provider).check()
    stage.rest()
    return Call(house, "claim", (market,), cast.dealer)


# ---- providers, and what anybody may do


def add_liquidity(stage: Stage) -> Call:
    stage.rest()
    deadline = stage.chain.timestamp + DEADLINE
    return Call(stage.venue, "add_liquidity", (LOWER, UPPER, 1_000 * MARGIN, 1, deadline), stage.cast.dealer)


def remove_liquidity(stage: Stage) -> Call:
    stage.rest()
    return Call(stage.venue, "remove_liquidity", (LOWER, UPPER), stage.cast.provider)


def accrue(stage: Stage) -> Call:
    stage.rest()
    return Call(stage.house, "accrue", (stage.market.id,), stage.cast.dealer)


def donate_insurance(stage: Stage) -> Call:
    stage.rest()
    return Call(stage.house, "donate_insurance", (stage.market.id, AMOUNT), stage.cast.dealer)


FUNDING, POSITION, TRADE, FUND = "FundingAccrued", "PositionChanged", "Trade", "InsuranceChanged"

OPERATIONS = (
    Operation(
        "takeover_solvent",
        "all of a failing long, by a long, with margin",
        "oyster",
        takeover_solvent,
        (FUNDING, "Takeover"),
    ),
    Operation(
        "takeover_partial",
        "the same, not half of it",
        "oyster",
        takeover_partial,
        (FUNDING, POSITION, "Takeover"),
    ),
    Operation(
        "takeover_bankrupt",
        "all, negative equity, no insurance, shorts pay",
        "oyster",
        takeover_bankrupt,
        (FUNDING, "DeficitAbsorbed", "Takeover"),
    ),
    Operation(
        "force_close",
        "all, inside one range, residue to insurance",
        "oyster",
        force_close,
        (FUNDING, "ForceClose", FUND),
    ),
    Operation(
        "force_close_to_trader",
        "the same by Injective's policy, residue to the trader",
        "injective",
        force_close_to_trader,
        (FUNDING, "ForceClose"),
    ),
    Operation(
        "adl_one",
        "all of a target by Defx's policy against all of the only short, no insurance",
        "defx",
        adl_one,
        (FUNDING, "Deleveraged", "AutoDeleveraging"),
    ),
    Operation(
        "adl_thousand",
        "all of a target against all of a thousand shorts",
        "defx",
        adl_thousand,
        (FUNDING, *["Deleveraged"] * CROWD, "AutoDeleveraging"),
    ),
    *CROSS_OPERATIONS,
    *VAULT_OPERATIONS,
    Operation("call_margin", "one account, first found liquidatable", "oyster", call_margin, ("MarginCall",)),
    Operation("trade_open", "with margin", "oyster", trade_open, (FUNDING, POSITION, TRADE)),
    Operation("trade_increase", "with margin, inside one range", "oyster", trade_increase, (FUNDING, POSITION, TRADE)),
    Operation("trade_reduce", "about half", "oyster", trade_reduce, (FUNDING, POSITION, TRADE)),
    Operation("trade_close", "all, to free collateral", "oyster", trade_close, (FUNDING, POSITION, TRADE)),
    Operation(
        "trade_crossing",
        "increase through the edge of a range, which nobody crossed before",
        "oyster",
        trade_crossing,
        (FUNDING, POSITION, TRADE),
    ),
    Operation("deposit", "6 decimals, again, unlimited allowance", "oyster 6", deposit, ("Deposit", "Transfer")),
    Operation("deposit_18", "18 decimals", "oyster", deposit, ("Deposit", "Transfer")),
    Operation("withdraw", "6 decimals, part", "oyster 6", withdraw, ("Withdraw", "Transfer")),
    Operation("withdraw_18", "18 decimals, part", "oyster", withdraw, ("Withdraw", "Transfer")),
    Operation("adjust_margin", "top-up", "oyster", adjust_margin, (POSITION, "MarginAdjusted")),
    Operation("adjust_margin_out", "taking out", "oyster", adjust_margin_out, (FUNDING, POSITION, "MarginAdjusted")),
    Operation(
        "add_liquidity",
        "a range of a new provider at edges in use",
        "oyster",
        add_liquidity,
        (FUNDING, "RangeAdded", "LiquidityChanged"),
    ),
    Operation(
        "remove_liquidity",
        "one's own range, into an existing position",
        "oyster",
        remove_liquidity,
        (FUNDING, "LiquidityChanged", POSITION, "RangeRemoved"),
    ),
    Operation("accrue", "60 s after the last", "oyster", accrue, (FUNDING,)),
    Operation("settle", "a long's funding", "oyster", settle, (FUNDING, POSITION)),
    Operation("donate_insurance", "to a fund", "oyster", donate_insurance, (FUND,)),
    Operation("claim", "part of all that is owed", "oyster", claim, ("Owed",)),
)
