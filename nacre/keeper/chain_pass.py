"""One round of a keeper: look at everybody, decide, act, and say what was found."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nacre.keeper import decide
from nacre.keeper.chain import Desk, Outcome


@dataclass
class PassReport:
    """What one round saw and did."""

    block: int
    mark_price: int
    watched: int  # accounts with a position
    stale: bool
    outcomes: list[Outcome] = field(default_factory=list)
    refusals: list[decide.Refusal] = field(default_factory=list)

    @property
    def candidates(self) -> int:
        return len(self.outcomes) + len(self.refusals)

    @property
    def expected_profit(self) -> int:
        """Of what went through, or would have in a dry run."""
        return sum(outcome.action.expected_profit for outcome in self.outcomes if outcome.ok)


def run_pass(
    desk: Desk, keeper: str, accounts: Sequence[str], limits: decide.Limits, dry_run: bool = False
) -> PassReport:
    """Decides on the state of one moment and acts in the order of the decision, each action checked again before."""
    chain = desk.system.chain
    state = desk.clearinghouse.call("market_state", desk.market_id)
    report = PassReport(chain.block_number, state.mark_price, 0, state.stale)
    if state.stale:
        return report  # the engine would refuse everything
    rules = desk.rules()
    market = desk.market(rules.policy.grace_seconds)
    holdings = desk.holdings(accounts, market, rules.policy.last_resort_seconds)
    report.watched = len(holdings)
    decision = decide.decide(rules, market, holdings, desk.wallet(keeper, limits), desk.quote)
    report.refusals = decision.refusals
    report.outcomes = [desk.carry_out(action, keeper, limits, dry_run) for action in decision.actions]
    return report
