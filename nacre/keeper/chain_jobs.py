"""A keeper's hands for what pays nothing: tries each way on the state of the moment, sends the first that goes through.

clerk = Clerk(desk, keeper)
outcome = clerk.rescue(holding, jobs.rescues(rules, market, holding, desk.vault_account), rules, market)
outcome = clerk.run(job)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nacre.chain import CallFailed, Contract, Receipt
from nacre.keeper.chain import Desk
from nacre.keeper.jobs import Job, JobKind
from nacre.keeper.view import Holding, Market, Rules, chunk, standing
from nacre.units import MAX_UINT256

# The vault's position is unwound in the largest of these parts that the venue takes inside the vault's band.
UNWIND_PARTS = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What became of a job."""

    job: Job
    sent: bool
    ok: bool
    text: str  # why not
    receipt: Receipt | None = None


# A contract, a function of it, and its arguments.
Call = tuple[Contract, str, tuple[Any, ...]]


class Clerk:
    """One keeper at one desk. `accounts` are all that are known to hold positions: those an ADL may have to list."""

    def __init__(self, desk: Desk, keeper: str, accounts: Sequence[str] = (), dry_run: bool = False):
        self.desk = desk
        self.keeper = keeper
        self.accounts = accounts
        self.dry_run = dry_run

    def rescue(self, holding: Holding, ways: Sequence[JobKind], rules: Rules, market: Market) -> JobOutcome | None:
        """The first way that goes through; else the one that was tried last, with all reasons. None without a way."""
        state = standing(rules, market, holding)
        reasons: list[str] = []
        outcome = None
        for way in ways:
            outcome = self._try(Job(way, (holding.account,), state), partial(self._rescue_call, way, holding))
            if outcome.ok:
                if outcome.sent and way is JobKind.FORCE_CLOSE and chunk(rules, market, holding):
                    self.desk.chunk_times[holding.account] = outcome.receipt.timestamp  # type: ignore[union-attr]
                return outcome
            reasons.append(f"{way}: {outcome.text}")
        if outcome is None:
            return None
        return JobOutcome(outcome.job, outcome.sent, False, "; ".join(reasons), outcome.receipt)

    def run(self, job: Job) -> JobOutcome:
        """A margin call or a chore."""
        return self._try(job, partial(self._chore_call, job))

    def unwind_vault(self) -> JobOutcome | None:
        """Sells what the vault holds in this market, as much as goes; None if it holds nothing or nothing goes."""
        vault = self.desk.vault
        held = abs(self.desk.position(vault.address).size) if vault else 0
        if vault is None or not held:
            return None
        job = Job(JobKind.UNWIND, (vault.address,))
        for part in {held // divisor: None for divisor in UNWIND_PARTS}:
            outcome = self._try(job, partial(self._unwind_call, vault, part))
            if outcome.ok:
                return outcome
        return None

    # ---- parts

    def _try(self, job: Job, make: Callable[[], Call]) -> JobOutcome:
        """Simulated first: what would revert is not sent."""
        try:
            contract, function, arguments = make()
            contract.call(function, *arguments, sender=self.keeper)
        except CallFailed as error:
            return JobOutcome(job, False, False, str(error))
        if self.dry_run:
            return JobOutcome(job, False, True, "dry run")
        receipt = contract.transact(function, *arguments, sender=self.keeper)
        return JobOutcome(job, True, receipt.ok, receipt.reason, receipt)

    def _rescue_call(self, way: JobKind, holding: Holding) -> Call:
        desk, target = self.desk, holding.account
        if way is JobKind.FORCE_CLOSE:
            return desk.engine, "force_close", (desk.market_id, target, MAX_UINT256, 0)
        if way is JobKind.BACKSTOP:
            return desk.engine, "liquidate_by_backstop", (desk.market_id, target)
        listed = desk.adl_queue(target, self.accounts)
        return desk.engine, "auto_deleverage", (desk.market_id, target, listed)

    def _unwind_call(self, vault: Contract, size: int) -> Call:
        return vault, "unwind", (self.desk.market_id, size)

    def _chore_call(self, job: Job) -> Call:
        desk, market = self.desk, self.desk.market_id
        if job.kind is JobKind.MARGIN_CALL:
            return desk.engine, "call_margin", (market, list(job.accounts))
        if job.kind is JobKind.COLLECT:
            return desk.system.config, "collect_fees", (market,)
        if job.range is not None:
            return desk.venue, "remove_liquidity", (job.range.lower, job.range.upper, job.range.provider)
        function = {JobKind.SETTLE: "settle", JobKind.SETTLE_ACCOUNT: "settle_account", JobKind.CLAIM: "claim"}[
            job.kind
        ]
        if desk.vault and job.accounts[0] == desk.vault.address and job.kind is not JobKind.SETTLE_ACCOUNT:
            return desk.vault, function, (market,)  # so that its books follow
        return desk.clearinghouse, function, (market, job.accounts[0])
