"""What keeps a market sound and pays nobody: rescues of what no liquidator wanted, margin calls, payments due. Pure.

ways = rescues(rules, market, holding, vault)          # to be tried in this order
called = margin_calls(rules, market, holdings, known)  # accounts to announce, or to clear
work = chores(books)                                   # settle, claim, collect
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nacre.deploy import RangeKey
from nacre.keeper.view import Health, Holding, Market, Rules, Stage, failing, must_deleverage, stage, standing

# What call_margin takes at most.
MOST_CALLED = 256


class JobKind(StrEnum):
    FORCE_CLOSE = "force close"
    BACKSTOP = "backstop"
    ADL = "ADL"
    MARGIN_CALL = "margin call"
    SETTLE = "settle"
    SETTLE_ACCOUNT = "settle account"
    CLAIM = "claim"
    COLLECT = "collect fees"
    UNWIND = "unwind the vault"
    REMOVE_RANGE = "remove range"


@dataclass(frozen=True, slots=True)
class Job:
    """One call. `accounts` is whom it is about; nobody in particular where fees are collected."""

    kind: JobKind
    accounts: tuple[str, ...] = ()
    health: Health | None = None  # of a target of a rescue
    range: RangeKey | None = None


def rescues(rules: Rules, market: Market, holding: Holding, vault: str = "") -> list[JobKind]:
    """The ways to deal with a failing account that pay nothing, the one that the policy means first. A takeover at
    a loss is not among them: nobody owes it. `vault` is the backstop's account, if there is one."""
    if not failing(rules, market, holding):
        return []
    policy = rules.policy
    found = stage(rules, standing(rules, market, holding))
    ways = []
    if policy.force_close:
        ways.append(JobKind.FORCE_CLOSE)
    deficit = -holding.position.equity(market.mark_price, market.carry(holding.position.size))
    deleverage = found is Stage.BANKRUPT and must_deleverage(rules, market, holding.position.size, deficit)
    has_vault = vault not in ("", holding.account)
    if has_vault and policy.backstop_bps and found >= Stage.BACKSTOP and not deleverage:
        # Where the vault comes at the trigger already it is the policy's first hand, else its second.
        ways.insert(0 if policy.backstop_bps >= policy.trigger_bps else len(ways), JobKind.BACKSTOP)
    if policy.loss_adl and found is Stage.BANKRUPT:
        ways.append(JobKind.ADL)
    return ways


def margin_calls(rules: Rules, market: Market, holdings: Iterable[Holding], known: Mapping[str, Stage]) -> list[Job]:
    """Announces who came into the margin-call stage or worse since last time, where the policy knows margin calls;
    records who is liquidatable, where a last resort waits for it; clears who recovered. `known` is the stage of the
    last call."""
    policy = rules.policy
    if not (policy.margin_call_bps or policy.last_resort_seconds):
        return []
    due = []
    for holding in holdings:
        now = stage(rules, standing(rules, market, holding))
        before = known.get(holding.account, Stage.HEALTHY)
        least = Stage.MARGIN_CALL if policy.margin_call_bps else Stage.LIQUIDATABLE
        if (now >= least and now > before) or (now < least <= before):
            due.append(holding.account)
    return [
        Job(JobKind.MARGIN_CALL, tuple(due[start : start + MOST_CALLED])) for start in range(0, len(due), MOST_CALLED)
    ]


@dataclass(frozen=True, slots=True)
class Books:
    """What waits for somebody to call. Amounts are WAD."""

    owed: Mapping[str, int]  # by the market, by account
    leftovers: Sequence[str] = ()  # accounts to which auto-deleveraging left a balance without a position
    holders: Sequence[str] = ()  # accounts with a position
    negative: Sequence[str] = ()  # cross accounts whose leg is below 0 while they have free collateral
    removable: Sequence[RangeKey] = ()  # by anyone: failing, passed, or of a settling market
    owed_total: int = 0
    pot: int = 0
    fees: int = 0  # protocol fees and borrow fees
    settling: bool = False
    settled: bool = False  # settling, and no position or range is left


def chores(books: Books, least_fees: int = 0) -> list[Job]:
    """What anybody may set off: what pays into a short pot first, fees last."""
    work = [Job(JobKind.REMOVE_RANGE, (key.provider,), range=key) for key in books.removable]
    if books.settling:
        work += [Job(JobKind.SETTLE_ACCOUNT, (account,)) for account in (*books.holders, *books.leftovers)]
        payable = books.settled
    else:
        if books.owed_total:
            work += [Job(JobKind.SETTLE, (account,)) for account in books.negative]
        elif books.pot:
            work += [Job(JobKind.SETTLE, (account,)) for account in books.leftovers]
        payable = 0 < books.owed_total <= books.pot
    if payable:
        work += [Job(JobKind.CLAIM, (account,)) for account, owed in books.owed.items() if owed]
    if books.fees > least_fees and books.pot and not books.owed_total:
        work.append(Job(JobKind.COLLECT))
    return work
