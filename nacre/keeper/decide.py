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

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from nacre.model.parameters import MarketParameters, Policy
from nacre.model.positions import Position, combine, initial_margin, maintenance_margin, split
from nacre.model.rounding import BPS, WAD, bps_down, bps_up, ceil_div

# Halvings in search of the largest slice that the capital affords: exact to a four-thousandth of the position.
SLICE_STEPS = 12


class Kind(StrEnum):
    TAKEOVER = "takeover"
    FORCE_CLOSE = "force close"


@dataclass(frozen=True, slots=True)
class Rules:
    """Parameters of the market, and what it does with who fails them."""

    market: MarketParameters
    policy: Policy


@dataclass(frozen=True, slots=True)
class Market:
    """A market at one moment."""

    mark_price: int  # WAD
    carry_long: int  # RAY, carry index of the long side: funding + borrow fee + social loss
    carry_short: int  # RAY
    tradable: bool = True  # false while the price is just pushed: liquidation works, trading waits for the next block
    grace: bool = False  # after an outage of the oracle: only bankrupt positions may be liquidated

    def carry(self, size: int) -> int:
        return self.carry_long if size > 0 else self.carry_short


@dataclass(frozen=True, slots=True)
class Holding:
    """An account with its position in the market."""

    account: str
    position: Position
    overdue: bool = False  # liquidatable longer than the last-resort delay: takeover is open whatever the policy


@dataclass(frozen=True, slots=True)
class Quote:
    """What the venue would do with one size, before the market's fees."""

    notional: int  # WAD
    mid_before: int  # WAD
    mid_after: int  # WAD


# Signed size of the taker, positive buys; None where the venue cannot fill it.
QuoteFunction = Callable[[int], Quote | None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the keeper's owner allows."""

    profit_floor: int = 0  # WAD; an action must bring more than this
    capital: int | None = None  # WAD of margin for takeovers in one pass; None: all free collateral
    margin_buffer_bps: int = 100  # of IM, brought on top of what the opening rule asks


@dataclass(frozen=True, slots=True)
class Wallet:
    """The keeper itself."""

    account: str
    free_collateral: int
    position: Position
    limits: Limits = Limits()

    @property
    def capital(self) -> int:
        limit = self.limits.capital
        return self.free_collateral if limit is None else min(limit, self.free_collateral)


@dataclass(frozen=True, slots=True)
class Health:
    """Of a whole position, at mark."""

    equity: int
    maintenance_margin: int

    @property
    def bankrupt(self) -> bool:
        return self.equity < 0


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


def health(rules: Rules, market: Market, position: Position) -> Health:
    return Health(
        position.equity(market.mark_price, market.carry(position.size)),
        maintenance_margin(position.size, market.mark_price, rules.market),
    )


def liquidatable(rules: Rules, market: Market, position: Position) -> bool:
    """Whether the engine would let anybody liquidate it now. Equality is safe."""
    if position.size == 0:
        return False
    state = health(rules, market, position)
    below = state.equity * BPS < state.maintenance_margin * rules.policy.trigger_bps
    return state.bankrupt or (below and not market.grace)


def deviation(price: int, mark: int) -> int:
    """WAD, how far apart two prices are, rounded up; 0 without a price."""
    if price == 0:
        return 0
    low, high = min(price, mark), max(price, mark)
    return ceil_div((high - low) * WAD, low)


def trade_fees(rules: Rules, market: Market, quote: Quote) -> Fees:
    """Fees of a voluntary trade: docs/spec.md section 6."""
    penalty = 0
    after = deviation(quote.mid_after, market.mark_price)
    if after > deviation(quote.mid_before, market.mark_price) and after * BPS > rules.market.mmr_bps * WAD:
        a, b, c, d = rules.market.penalty
        square = after * after // WAD
        ratio = a * (square * after // WAD) // WAD + b * square // WAD + c * after // WAD + d
        penalty = ceil_div(quote.notional * ratio, WAD)
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
        if holding.account == wallet.account or not liquidatable(rules, market, holding.position):
            continue
        options, reasons = _options(rules, market, holding, wallet, quote)
        best = max(options, key=lambda action: action.expected_profit, default=None)
        if best is not None and best.expected_profit > wallet.limits.profit_floor:
            chosen.append(best)
            continue
        reason, profit = ("profit below the floor", best.expected_profit) if best else ("; ".join(reasons), None)
        refusals.append(Refusal(holding.account, reason, profit, health(rules, market, holding.position)))
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
    state = health(rules, market, position)
    if not (rules.policy.takeover or holding.overdue or state.bankrupt):
        return "takeover not allowed"
    size = _affordable(rules, market, position, wallet)
    if size == 0:
        return "not enough capital to take it over"
    part, _ = split(position, size)
    quoted = quote(-part.size)
    if quoted is None:
        return "the venue could not take it"
    discount = max(part.equity(market.mark_price, market.carry(part.size)), 0)
    profit = discount + unwind_result(rules, market, part.size, quoted)
    bring = takeover_margin(rules, market, part, wallet)
    return Action(Kind.TAKEOVER, holding.account, size, size == position.amount, bring, profit, state)


def takeover_margin(rules: Rules, market: Market, part: Position, wallet: Wallet) -> int:
    """Margin to bring along with a part taken over: what the opening rule asks of the two together, and the buffer."""
    shortfall = -min(part.equity(market.mark_price, market.carry(part.size)), 0)
    lifted = replace(part, balance=part.balance + shortfall)
    after = combine(lifted, wallet.position, market.carry_long, market.carry_short)
    buffer = bps_up(initial_margin(after.size, market.mark_price, rules.market), wallet.limits.margin_buffer_bps)
    return missing_margin(rules, market, after) + buffer


def missing_margin(rules: Rules, market: Market, settled: Position) -> int:
    """What a settled position lacks of the opening rule, 0 if nothing; unrealised profit does not count."""
    if settled.size == 0:
        return max(0, -settled.balance)
    backing = settled.balance + min(settled.price_pnl(market.mark_price), 0)
    lacking = initial_margin(settled.size, market.mark_price, rules.market) - backing
    if rules.market.entry_margin_rule:
        lacking = max(lacking, bps_up(settled.entry_notional, rules.market.imr_bps) - settled.balance)
    return max(0, lacking)


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
    """Closing all of it on the venue, or the reason why not. The profit is the reward, as far as fees leave it."""
    position, policy = holding.position, rules.policy
    state = health(rules, market, position)
    if not policy.force_close:
        return "force close not allowed"
    quoted = quote(-position.size)
    if quoted is None:
        return "the venue has not enough liquidity"
    at_hand = position.balance - position.carry(market.carry(position.size))
    at_hand += position.side * (quoted.notional - position.entry_notional)
    if at_hand < min(0, state.equity) or not within_band(rules, market, position.size, quoted.notional):
        return "the venue is too far from mark"

    left = max(at_hand, 0)
    if policy.force_close_fees:
        left = max(left - trade_fees(rules, market, quoted).total, 0)
    reward = bps_down(bps_down(quoted.notional, policy.liquidation_fee_bps), policy.reward_share_bps)
    return Action(Kind.FORCE_CLOSE, holding.account, position.amount, True, 0, min(left, reward), state)


def within_band(rules: Rules, market: Market, size: int, traded: int) -> bool:
    """Whether closing `size` for the notional `traded` is worse than mark by at most the force-close band."""
    at_mark = abs(size) * market.mark_price
    if size > 0:
        return traded * BPS * WAD >= at_mark * (BPS - rules.market.band_bps)
    return traded * BPS * WAD <= at_mark * (BPS + rules.market.band_bps)
