"""One round of a keeper: sell what it holds, look at everybody, decide, act, do what pays nobody, and report."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nacre.chain import Receipt
from nacre.deploy import RangeKey
from nacre.keeper import decide, jobs
from nacre.keeper.chain import Desk, Outcome
from nacre.keeper.chain_jobs import Clerk, JobOutcome
from nacre.keeper.view import Holding, Limits, Market, Rules, Stage, stage, standing
from nacre.units import BPS, WAD

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
    rescues: list[JobOutcome] = field(default_factory=list)  # of what was refused
    chores: list[JobOutcome] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # accounts that have nothing in the market any more

    @property
    def expected_profit(self) -> int:
        """Of what went through, or would have in a dry run."""
        return sum(outcome.action.expected_profit for outcome in self.outcomes if outcome.ok)


@dataclass(frozen=True)
class Duties:
    """What a keeper does though it pays nothing."""

    rescue: bool = True  # force closes without a reward, the backstop, auto-deleveraging
    chores: bool = True  # margin calls, settling, claiming, collecting fees, unwinding the vault
    least_fees: int = 100 * WAD  # worth collecting


NOTHING_UNPAID = Duties(rescue=False, chores=False)


def run_pass(
    desk: Desk,
    keeper: str,
    accounts: Sequence[str],
    limits: Limits,
    dry_run: bool = False,
    unwind: bool = True,
    duties: Duties = NOTHING_UNPAID,
    ranges: Sequence[RangeKey] = (),
) -> PassReport:
    """Decides on the state of one moment and acts in the order of the decision, each action checked again before."""
    state = desk.clearinghouse.call("market_state", desk.market_id)
    report = PassReport(desk.system.chain.block_number, state.mark_price)
    clerk = Clerk(desk, keeper, accounts, dry_run)
    if state.final_price:
        report.waiting = "the market settles: positions become claims"
    elif state.stale:
        report.waiting = "the price is stale: nobody can be liquidated"
    if report.waiting:
        if duties.chores:
            _do_chores(clerk, report, duties, ranges)
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
    if duties.rescue:
        left = {refusal.target for refusal in decision.refusals}
        _rescue(clerk, rules, market, [holding for holding in holdings if holding.account in left], report)
    if duties.chores:
        # Not those just dealt with: a call that finds them healthy would end the cooldown of their rest.
        touched = {outcome.action.target for outcome in report.outcomes if outcome.ok}
        touched |= {outcome.job.accounts[0] for outcome in report.rescues if outcome.ok}
        _call_margin(clerk, rules, market, [h for h in holdings if h.account not in touched], report)
        _do_chores(clerk, report, duties, ranges)
    return report


def _rescue(clerk: Clerk, rules: Rules, market: Market, holdings: Sequence[Holding], report: PassReport) -> None:
    """Whom nobody wanted. What went is no refusal any more."""
    for holding in holdings:
        outcome = clerk.rescue(holding, jobs.rescues(rules, market, holding, clerk.desk.vault_account), rules, market)
        if outcome is not None:
            report.rescues.append(outcome)
    done = {outcome.job.accounts[0] for outcome in report.rescues}
    report.refusals = [refusal for refusal in report.refusals if refusal.target not in done]


def _call_margin(clerk: Clerk, rules: Rules, market: Market, holdings: Sequence[Holding], report: PassReport) -> None:
    known = clerk.desk.called
    stages = {holding.account: stage(rules, standing(rules, market, holding)) for holding in holdings}
    for job in jobs.margin_calls(rules, market, holdings, known):
        outcome = clerk.run(job)
        report.chores.append(outcome)
        if outcome.sent and outcome.ok:
            known |= {account: stages[account] for account in job.accounts}
    # Who closed, or was liquidated just now, starts anew.
    for account in [account for account in known if stages.get(account, Stage.HEALTHY) is Stage.HEALTHY]:
        del known[account]


def _do_chores(clerk: Clerk, report: PassReport, duties: Duties, ranges: Sequence[RangeKey]) -> None:
    desk = clerk.desk
    state = desk.clearinghouse.call("market_state", desk.market_id)
    healths = desk.healths(clerk.accounts)
    report.gone = [account for account, health in healths if not (health.size or health.balance or health.owed)]
    books = desk.books(healths, state, [key for key in ranges if key.provider != clerk.keeper])
    report.chores += [clerk.run(job) for job in jobs.chores(books, duties.least_fees)]
    if not state.stale and not state.final_price and (outcome := clerk.unwind_vault()):
        report.chores.append(outcome)


def sell(desk: Desk, market: Market, keeper: str) -> Sale | None:
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
