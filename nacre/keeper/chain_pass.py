"""One round of a keeper: sell what it holds, look at everybody, decide, act, and say what was found."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nacre.chain import Receipt
from nacre.keeper import decide
from nacre.keeper.chain import Desk, Outcome
from nacre.model.rounding import BPS, WAD

# Closing on the venue may cost this much of the value at mark, beside fees. Halves, quarters, eighths are tried too.
PATIENCE_BPS = 100
PARTS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Sale:
    """Part of the keeper's own position, closed on the venue."""

    size: int  # of the trade, signed
    ok: bool
    text: str


@dataclass
class PassReport:
    """What one round saw and did."""

    block: int
    mark_price: int = 0
    watched: int = 0  # accounts with a position
    waiting: str = ""  # why nothing could be done at all
    sale: Sale | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    refusals: list[decide.Refusal] = field(default_factory=list)

    @property
    def expected_profit(self) -> int:
        """Of what went through, or would have in a dry run."""
        return sum(outcome.action.expected_profit for outcome in self.outcomes if outcome.ok)


def run_pass(
    desk: Desk,
    keeper: str,
    accounts: Sequence[str],
    limits: decide.Limits,
    dry_run: bool = False,
    unwind: bool = True,
) -> PassReport:
    """Decides on the state of one moment and acts in the order of the decision, each action checked again before."""
    state = desk.clearinghouse.call("market_state", desk.market_id)
    report = PassReport(desk.system.chain.block_number, state.mark_price)
    if state.stale:
        report.waiting = "the price is stale: nobody can be liquidated"
        return report
    rules = desk.rules()
    market = desk.market(rules.policy.grace_seconds)
    if unwind and market.tradable and not dry_run:
        report.sale = sell(desk, market, keeper)
    holdings = desk.holdings(accounts, market, rules.policy.last_resort_seconds)
    report.watched = len(holdings)
    decision = decide.decide(rules, market, holdings, desk.wallet(keeper, limits), desk.quote)
    report.refusals = decision.refusals
    report.outcomes = [desk.carry_out(action, keeper, limits, dry_run) for action in decision.actions]
    return report


def sell(desk: Desk, market: decide.Market, keeper: str) -> Sale | None:
    """Closes as much of the keeper's position as the venue takes at nearly mark; None if there is nothing to do."""
    held = desk.position(keeper)
    for divisor in PARTS:
        size = -held.size // divisor
        if size == 0:
            continue
        quote = desk.quote(size)
        if quote is None:
            continue
        at_mark = abs(size) * market.mark_price // WAD
        cost = quote.notional - at_mark if size > 0 else at_mark - quote.notional
        if cost * BPS <= at_mark * PATIENCE_BPS:
            limit = market.mark_price * (BPS + (PATIENCE_BPS if size > 0 else -PATIENCE_BPS)) // BPS
            receipt: Receipt = desk.clearinghouse.transact("trade", desk.market_id, size, 0, limit, 0, sender=keeper)
            return Sale(size, receipt.ok, receipt.reason)
    return None
