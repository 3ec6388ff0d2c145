"""Which positions are worth liquidating, how, and for how much. Pure: everything it knows is in its arguments.

    decision = decide(rules, market, positions, wallet, limits, quote)
    for action in decision.actions: ...            # best first
    for refusal in decision.refusals: ...          # liquidatable, and why it is left

Money is WAD integers; floats appear in the ranking only. Two ways are compared for each target:

    takeover      what the part is worth at mark (nothing if it is bankrupt: the waterfall lifts it to zero), less what
                  it costs to sell it on the venue afterwards: fees, and the distance from mark of what the venue pays.
                  A venue that pays more than mark counts only if one can trade in the same block; else it moves first.
    force close   the reward, after the fees that come first.

What is decided here is an estimate on the state of one moment; `chain` asks the engine's preview before it sends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from nacre.keeper.view import (
    Health,
    Holding,
    Market,
    Quote,
    QuoteFunction,
    Rules,
    Wallet,
    chunk,
    cooling,
    failing,
    must_deleverage,
    standing,
)
from nacre.model.positions import Position, combine, initial_margin, maintenance_margin_of, missing_margin, split
from nacre.model.rounding import bps_down, bps_up, ceil_div
from nacre.model.stages import is_below
from nacre.model.venue import deviation, penalty_ratio
from nacre.units import BPS, WAD

# Halvings in search of the largest slice that the capital affords: exact to a four-thousandth of the position.
SLICE_STEPS = 12


class Kind(StrEnum):
    TAKEOVER = "takeover"
    FORCE_CLOSE = "force close"


@dataclass(frozen=True, slots=True)
class Action:
    """One liquidation that pays."""

    kind: Kind
    target: str
    size: int  # unsigned
    whole: bool  # that is all of it
    margin: int  # to bring; 0 for a force close
    expected_profit: int
    health: Health
    discount: int = 0  # what the part is worth at mark, if anything

    @property
    def rank(self) -> float:
        """Profit per margin it binds; what binds none stands ahead of all that does."""
        return self.expected_profit / self.margin if self.margin else float("inf")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A position that could be liquidated and is left alone."""

    target: str
    reason: str
    best_profit: int | None  # None: nothing could be done at all
    health: Health


@dataclass(frozen=True, slots=True)
class Decision:
    actions: list[Action]
    refusals: list[Refusal]


@dataclass(frozen=True, slots=True)
class Fees:
    """What a trade costs beside its notional."""

    trading: int
    protocol: int
    penalty: int

    @property
    def total(self) -> int:
        return self.trading + self.protocol + self.penalty


def trade_fees(rules: Rules, market: Market, quote: Quote) -> Fees:
    """Fees of a voluntary trade: docs/spec.md section 6."""
    penalty = 0
    after = deviation(quote.mid_after, market.mark_price)
    if after > deviation(quote.mid_before, market.mark_price) and after * BPS > rules.market.mmr_bps * WAD:
        penalty = ceil_div(quote.notional * penalty_ratio(rules.market.penalty, after), WAD)
    return Fees(
        trading=bps_up(quote.notional, rules.market.trading_fee_bps),
        protocol=bps_up(quote.notional, rules.market.protocol_fee_bps),
        penalty=penalty,
    )


def unwind_result(rules: Rules, market: Market, size: int, quote: Quote) -> int:
    """What closing a position of signed `size` on the venue brings against its value at mark; mostly negative."""
    side = 1 if size > 0 else -1
    gain = side * (quote.notional - abs(size) * market.mark_price // WAD)
    if not market.tradable:
        # Until the next block others bring the venue to the market: what counts is its depth, and no advantage.
        gain = min(gain, side * (quote.notional - abs(size) * quote.mid_before // WAD), 0)
    return gain - trade_fees(rules, market, quote).total


def decide(rules: Rules, market: Market, holdings: Sequence[Holding], wallet: Wallet, quote: QuoteFunction) -> Decision:
    """The liquidations that pay more than the floor, best first, together within the capital."""
    chosen: list[Action] = []
    refusals: list[Refusal] = []
    for holding in holdings:
        if holding.account == wallet.account or not failing(rules, market, holding):
            continue
        options, reasons = _options(rules, market, holding, wallet, quote)
        best = max(options, key=lambda action: action.expected_profit, default=None)
        if best is not None and best.expected_profit > wallet.limits.profit_floor:
            chosen.append(best)
            continue
        reason, profit = ("profit below the floor", best.expected_profit) if best else ("; ".join(reasons), None)
        refusals.append(Refusal(holding.account, reason, profit, standing(rules, market, holding)))
    chosen.sort(key=lambda action: (-action.rank, -action.expected_profit, action.target))

    actions = []
    capital = wallet.capital
    for action in chosen:
        if action.margin <= capital:
            actions.append(action)
            capital -= action.margin
        else:
            reason = "capital is used by better ones"
            refusals.append(Refusal(action.target, reason, action.expected_profit, action.health))
    return Decision(actions, refusals)


def _options(
    rules: Rules, market: Market, holding: Holding, wallet: Wallet, quote: QuoteFunction
) -> tuple[list[Action], list[str]]:
    """What could be done with one target, and why not what could not."""
    outcomes = (takeover(rules, market, holding, wallet, quote), force_close(rules, market, holding, quote))
    actions = [outcome for outcome in outcomes if isinstance(outcome, Action)]
    return actions, [outcome for outcome in outcomes if isinstance(outcome, str)]


def takeover(rules: Rules, market: Market, holding: Holding, wallet: Wallet, quote: QuoteFunction) -> Action | str:
    """Taking over as much as the capital affords, or the reason why not."""
    position = holding.position
    state = standing(rules, market, holding)
    if not (rules.policy.takeover or holding.overdue or state.bankrupt):
        return "takeover not allowed"
    size = _affordable(rules, market, position, wallet)
    if size == 0:
        return "not enough capital to take it over"
    part, _ = split(position, size)
    worth = part.equity(market.mark_price, market.carry(part.size))
    if must_deleverage(rules, market, part.size, -worth):
        return "its deficit goes to ADL"
    quoted = quote(-part.size)
    if quoted is None:
        return "the venue could not take it"
    discount = max(worth, 0)
    profit = discount + unwind_result(rules, market, part.size, quoted)
    bring = takeover_margin(rules, market, part, wallet)
    return Action(Kind.TAKEOVER, holding.account, size, size == position.amount, bring, profit, state, discount)


def takeover_margin(rules: Rules, market: Market, part: Position, wallet: Wallet) -> int:
    """Margin to bring along with a part taken over: what the opening rule asks of the two together, and the buffer."""
    shortfall = -min(part.equity(market.mark_price, market.carry(part.size)), 0)
    lifted = replace(part, balance=part.balance + shortfall)
    after = combine(lifted, wallet.position, market.carry_long, market.carry_short)
    needed = initial_margin(after.size, market.mark_price, rules.market)
    missing = missing_margin(after, market.mark_price, after.entry_carry, rules.market)
    return missing + bps_up(needed, wallet.limits.margin_buffer_bps)


def _affordable(rules: Rules, market: Market, position: Position, wallet: Wallet) -> int:
    """The largest size that the capital allows to take over: all, a slice, or 0."""

    def fits(size: int) -> bool:
        return takeover_margin(rules, market, split(position, size)[0], wallet) <= wallet.capital

    if fits(position.amount):
        return position.amount
    least = max(1, bps_up(position.amount, rules.policy.min_slice_bps))
    # A remainder below the minimum would be taken along: the slice has to leave more than that.
    most = position.amount - max(1, ceil_div(rules.market.min_notional * WAD, market.mark_price))
    if most < least or not fits(least):
        return 0
    fitting, beyond = least, most + 1
    for _ in range(SLICE_STEPS):
        if beyond - fitting <= 1:
            break
        middle = (fitting + beyond) // 2
        fitting, beyond = (middle, beyond) if fits(middle) else (fitting, middle)
    return fitting


def force_close(rules: Rules, market: Market, holding: Holding, quote: QuoteFunction) -> Action | str:
    """Closing all of it on the venue, of a large one a chunk, or the reason why not. The profit is the reward, as far
    as fees leave it."""
    policy = rules.policy
    state = standing(rules, market, holding)
    if not policy.force_close:
        return "force close not allowed"
    if cooling(rules, market, holding):
        return "waits for the cooldown"
    size = chunk(rules, market, holding) or holding.position.amount
    part, _ = split(holding.position, size)
    quoted = quote(-part.size)
    if quoted is None:
        return "the venue has not enough liquidity"
    carry = market.carry(part.size)
    at_hand = part.balance - part.carry(carry) + part.side * (quoted.notional - part.entry_notional)
    deficit = min(0, part.equity(market.mark_price, carry))
    if at_hand < deficit or not within_band(rules, market, part.size, quoted.notional):
        return "the venue is too far from mark"
    needed = maintenance_margin_of(quoted.notional, rules.market)
    if policy.at_liquidation_price and deficit == 0 and is_below(at_hand, needed, policy.trigger_bps):
        return "the venue is beyond the liquidation price"
    if must_deleverage(rules, market, part.size, -at_hand):
        return "its deficit goes to ADL"

    left = max(at_hand, 0)
    if policy.force_close_fees:
        left = max(left - trade_fees(rules, market, quoted).total, 0)
    reward = bps_down(bps_down(quoted.notional, policy.liquidation_fee_bps), policy.reward_share_bps)
    whole = size == holding.position.amount
    return Action(Kind.FORCE_CLOSE, holding.account, size, whole, 0, min(left, reward), state)


def within_band(rules: Rules, market: Market, size: int, traded: int) -> bool:
    """Whether closing `size` for the notional `traded` is worse than mark by at most the force-close band."""
    at_mark = abs(size) * market.mark_price
    if size > 0:
        return traded * BPS * WAD >= at_mark * (BPS - rules.market.band_bps)
    return traded * BPS * WAD <= at_mark * (BPS + rules.market.band_bps)
