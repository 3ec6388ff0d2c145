"""A keeper's hands: reads a market, asks the engine's preview, sends. Thin; what to do is decided in `decide`.

desk = Desk(system, system.markets["main"])
decision = decide(desk.rules(), desk.market(), desk.holdings(accounts), desk.wallet(me, limits), desk.quote)
for action in decision.actions:
    outcome = desk.carry_out(action, me, limits)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from nacre.chain import ZERO_ADDRESS, CallFailed, Contract, Receipt
from nacre.deploy import Market, RangeKey, System
from nacre.deploy.system import artifact
from nacre.keeper import decide, view
from nacre.keeper.jobs import Books
from nacre.keeper.view import Health, Holding, Limits, Quote, Rules, Stage, Wallet
from nacre.model.liquidation import MOST_DELEVERAGED
from nacre.model.parameters import MarketParameters, Policy, Residue
from nacre.model.positions import Position
from nacre.units import MAX_UINT256

# What Lens.healths takes at most in one call.
BATCH = 500
RESIDUES = (Residue.INSURANCE, Residue.TRADER, Residue.TREASURY)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action."""

    action: decide.Action
    sent: bool
    ok: bool
    text: str  # why it was not sent, or why it failed
    receipt: Receipt | None = None


class Desk:
    """One market of one system, as a keeper sees it."""

    def __init__(self, system: System, market: Market):
        self.system = system
        self.market_id = market.id
        self.venue = market.venue
        self.oracle = market.oracle
        self.engine = system.engine
        self.clearinghouse = system.clearinghouse
        # When this keeper closed a chunk of a large position, by target: the engine refuses the rest until later.
        self.chunk_times: dict[str, int] = {}
        # Stages that this keeper has announced.
        self.called: dict[str, Stage] = {}

    # ---- reading

    @cached_property
    def vault(self) -> Contract | None:
        """The backstop's, if there is one."""
        address = self.engine.call("backstop_vault")
        return None if address == ZERO_ADDRESS else self.system.chain.contract(artifact("BackstopVault"), address)

    @property
    def vault_account(self) -> str:
        return self.vault.address if self.vault else ""

    def rules(self) -> Rules:
        """The parameters as they are on chain, which need not be those of the preset any more."""
        market = self.system.config.call("market_params", self.market_id)._asdict()
        policy = self.system.config.call("policy_params", self.market_id)._asdict()
        market["penalty"] = tuple(market["penalty"])
        market["tiers"] = tuple(tuple(tier) for tier in market["tiers"] if tier.lower_notional)
        policy["residue"] = RESIDUES[policy["residue"]]
        return Rules(_chosen(MarketParameters, market), _chosen(Policy, policy))

    def market(self, grace_seconds: int = 0) -> view.Market:
        state = self.clearinghouse.call("market_state", self.market_id)
        return market_of(state, self.grace(grace_seconds), self.system.chain.timestamp)

    def grace(self, grace_seconds: int) -> bool:
        """Whether only the bankrupt may be liquidated, because the feed came back just now."""
        if grace_seconds == 0:
            return False
        ended = self.oracle.call("outage_end")
        return ended != 0 and self.system.chain.timestamp < ended + grace_seconds

    def quote(self, size: int) -> Quote | None:
        try:
            notional, mid_after = self.venue.call("quote", size)
        except CallFailed:
            return None
        return Quote(notional, self.venue.call("mid_price"), mid_after)

    def healths(self, accounts: Sequence[str]) -> list[tuple[str, Any]]:
        """Through the lens, many in one call."""
        found: list[tuple[str, Any]] = []
        for start in range(0, len(accounts), BATCH):
            batch = list(accounts[start : start + BATCH])
            found += zip(batch, self.system.lens.call("healths", self.market_id, batch), strict=True)
        return found

    def holdings(self, accounts: Sequence[str], market: view.Market, last_resort: int) -> list[Holding]:
        """The accounts that have a position."""
        return self.holdings_of(self.healths(accounts), market, last_resort)

    def holdings_of(self, healths: Sequence[tuple[str, Any]], market: view.Market, last_resort: int) -> list[Holding]:
        now = self.system.chain.timestamp
        found = []
        for account, health in healths:
            if health.size == 0:
                continue
            late = health.liquidatable_since != 0 and now >= health.liquidatable_since + last_resort
            found.append(
                Holding(
                    account,
                    self._position_of(account, health, market),
                    overdue=last_resort != 0 and late,
                    standing=Health(health.equity, health.maintenance_margin) if health.cross else None,
                    chunk_time=self.chunk_times.get(account, 0),
                )
            )
        return found

    def _position_of(self, account: str, health: Any, market: view.Market) -> Position:
        if health.cross and health.stage >= Stage.LIQUIDATABLE:
            try:
                return self.detached(account, health.size, market)
            except CallFailed:
                pass  # nobody can take it now; as it stands it can still be shown
        # The lens shows the carry as an amount: settled, the position is the same without its entry index.
        return Position(health.size, health.balance - health.carry, health.entry_notional, market.carry(health.size))

    def detached(self, account: str, size: int, market: view.Market) -> Position:
        """A position of a cross account with what a liquidation of all of it takes along."""
        taken = self.clearinghouse.call("detached", self.market_id, account, abs(size))
        return Position(taken.size, taken.balance, taken.entry_notional, market.carry(size))

    def adl_queue(self, target: str, accounts: Sequence[str]) -> list[str]:
        """Who stands against a bankrupt position, as auto_deleverage wants them listed."""
        if len(accounts) > MOST_DELEVERAGED:
            side = self.position(target).size
            accounts = [account for account, health in self.healths(accounts) if health.size * side < 0]
        ranks = self.system.lens.call("adl_counterparties", self.market_id, target, list(accounts[:MOST_DELEVERAGED]))
        return [rank.account for rank in ranks]

    def removable(self, ranges: Sequence[RangeKey], settling: bool) -> list[RangeKey]:
        """Those that anyone may remove."""

        def may_be(key: RangeKey) -> bool:
            try:
                return settling or self.venue.call("range_health", *key)[3]
            except CallFailed:
                return False  # removed meanwhile, or there is no price

        return [key for key in ranges if may_be(key)]

    def books(self, healths: Sequence[tuple[str, Any]], state: Any, ranges: Sequence[RangeKey] = ()) -> Books:
        """What waits to be settled, claimed, collected and removed, among the accounts and ranges given."""
        settling = state.final_price != 0
        negative = [
            account
            for account, health in healths
            if health.cross and health.balance + health.pnl < 0 and health.free_collateral
        ]
        return Books(
            owed={account: health.owed for account, health in healths if health.owed},
            leftovers=[account for account, health in healths if health.size == 0 and health.balance],
            holders=[account for account, health in healths if health.size],
            negative=negative,
            removable=self.removable(ranges, settling),
            owed_total=state.owed_total,
            pot=state.pot,
            fees=state.protocol_fees + state.borrow_fees,
            settling=settling,
            settled=settling and not (state.total_long or state.total_short or state.ranges),
        )

    def overdue(self, account: str, last_resort: int) -> bool:
        """Whether a margin call of long enough ago opens the takeover."""
        since = self.engine.call("liquidatable_since", self.market_id, account) if last_resort else 0
        return since != 0 and self.system.chain.timestamp >= since + last_resort

    def position(self, account: str) -> Position:
        stored = self.clearinghouse.call("position", self.market_id, account)
        return Position(stored.size, stored.balance, stored.entry_notional, stored.entry_carry)

    def wallet(self, account: str, limits: Limits) -> Wallet:
        free = self.clearinghouse.call("free_collateral", account)
        return Wallet(account, free, self.position(account), limits)

    # ---- sending

    def carry_out(self, action: decide.Action, keeper: str, limits: Limits, dry_run: bool = False) -> Outcome:
        """Asks the preview, which knows the state of this moment exactly, and sends if it still pays."""
        if action.kind is decide.Kind.TAKEOVER:
            checked = self._check_takeover(action, keeper, limits)
        else:
            checked = self._check_force_close(action, keeper, limits)
        if isinstance(checked, str):
            return Outcome(action, False, False, checked)
        if dry_run:
            return Outcome(checked, False, True, "dry run")
        receipt = self.send(checked, keeper)
        return Outcome(checked, True, receipt.ok, receipt.reason, receipt)

    def send(self, action: decide.Action, keeper: str) -> Receipt:
        size = MAX_UINT256 if action.whole else action.size
        if action.kind is decide.Kind.TAKEOVER:
            arguments: tuple[Any, ...] = ("liquidate_by_takeover", self.market_id, action.target, size, action.margin)
        else:
            arguments = ("force_close", self.market_id, action.target, size, 0)
        receipt = self.engine.transact(*arguments, sender=keeper)
        if receipt.ok and action.kind is decide.Kind.FORCE_CLOSE and not action.whole:
            self.chunk_times[action.target] = receipt.timestamp
        return receipt

    def _check_takeover(self, action: decide.Action, keeper: str, limits: Limits) -> decide.Action | str:
        size = MAX_UINT256 if action.whole else action.size
        try:
            preview = self.engine.call(
                "preview_takeover", self.market_id, action.target, size, action.margin, sender=keeper
            )
        except CallFailed as error:
            return str(error)
        if preview.missing_margin:
            wallet = self.wallet(keeper, limits)
            if action.margin + preview.missing_margin > wallet.capital:
                return "not enough capital any more"
            action = replace(action, margin=action.margin + preview.missing_margin)
        # The discount is what the decision counted on; less of it is less profit.
        shortfall = max(0, action.discount - max(0, preview.part_equity)) if action.whole else 0
        if action.expected_profit - shortfall <= limits.profit_floor:
            return "profit below the floor by now"
        return action

    def _check_force_close(self, action: decide.Action, keeper: str, limits: Limits) -> decide.Action | str:
        size = MAX_UINT256 if action.whole else action.size
        try:
            preview = self.engine.call("preview_force_close", self.market_id, action.target, size, 0, sender=keeper)
        except CallFailed as error:
            return str(error)
        if preview.reward <= limits.profit_floor:
            return "profit below the floor by now"
        return replace(action, expected_profit=preview.reward)


def market_of(state: Any, grace: bool = False, time: int = 0) -> view.Market:
    """A MarketState of the clearinghouse as the decision sees it."""
    common = state.borrow_index
    return view.Market(
        mark_price=state.mark_price,
        carry_long=common + state.funding_index + state.long_social_loss_index,
        carry_short=common - state.funding_index + state.short_social_loss_index,
        tradable=not (state.stale or state.jumped),
        grace=grace,
        time=time,
        index_price=state.index_price,
        insurance_fund=state.insurance_fund,
        draw_level=state.draw_level,
        holders_long=state.holders_long,
        holders_short=state.holders_short,
    )


def _chosen(kind: Any, values: dict[str, Any]) -> Any:
    """The dataclass `kind` of those of the values that it knows."""
    known = kind.__dataclass_fields__
    return kind(**{name: value for name, value in values.items() if name in known})
