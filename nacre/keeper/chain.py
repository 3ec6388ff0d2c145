"""A keeper's hands: reads a market, asks the engine's preview, sends. Thin; what to do is decided in `decide`.

desk = Desk(system, system.markets["main"])
decision = decide(desk.rules(), desk.market(), desk.holdings(accounts), desk.wallet(me, limits), desk.quote)
for action in decision.actions:
    outcome = desk.carry_out(action, me, limits)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from nacre.chain import CallFailed, Receipt
from nacre.deploy import MAX_UINT256, Market, System
from nacre.keeper import decide
from nacre.model.parameters import MarketParameters, Policy, Residue
from nacre.model.positions import Position

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

    # ---- reading

    def rules(self) -> decide.Rules:
        """The parameters as they are on chain, which need not be those of the preset any more."""
        market = self.system.config.call("market_params", self.market_id)._asdict()
        policy = self.system.config.call("policy_params", self.market_id)._asdict()
        market["penalty"] = tuple(market["penalty"])
        policy["residue"] = RESIDUES[policy["residue"]]
        return decide.Rules(_chosen(MarketParameters, market), _chosen(Policy, policy))

    def market(self, grace_seconds: int = 0) -> decide.Market:
        state = self.clearinghouse.call("market_state", self.market_id)
        return market_of(state, self.grace(grace_seconds))

    def grace(self, grace_seconds: int) -> bool:
        """Whether only the bankrupt may be liquidated, because the feed came back just now."""
        if grace_seconds == 0:
            return False
        ended = self.oracle.call("outage_end")
        return ended != 0 and self.system.chain.timestamp < ended + grace_seconds

    def quote(self, size: int) -> decide.Quote | None:
        try:
            notional, mid_after = self.venue.call("quote", size)
        except CallFailed:
            return None
        return decide.Quote(notional, self.venue.call("mid_price"), mid_after)

    def holdings(self, accounts: Sequence[str], market: decide.Market, last_resort: int) -> list[decide.Holding]:
        """The accounts that have a position, through the lens, many in one call."""
        found = []
        now = self.system.chain.timestamp
        for start in range(0, len(accounts), BATCH):
            batch = list(accounts[start : start + BATCH])
            for account, health in zip(batch, self.system.lens.call("healths", self.market_id, batch), strict=True):
                if health.size == 0:
                    continue
                # The lens shows the carry as an amount: settled, the position is the same without its entry index.
                position = Position(
                    health.size, health.balance - health.carry, health.entry_notional, market.carry(health.size)
                )
                late = health.liquidatable_since != 0 and now >= health.liquidatable_since + last_resort
                found.append(decide.Holding(account, position, overdue=last_resort != 0 and late))
        return found

    def overdue(self, account: str, last_resort: int) -> bool:
        """Whether a margin call of long enough ago opens the takeover."""
        since = self.engine.call("liquidatable_since", self.market_id, account) if last_resort else 0
        return since != 0 and self.system.chain.timestamp >= since + last_resort

    def position(self, account: str) -> Position:
        stored = self.clearinghouse.call("position", self.market_id, account)
        return Position(stored.size, stored.balance, stored.entry_notional, stored.entry_carry)

    def wallet(self, account: str, limits: decide.Limits) -> decide.Wallet:
        free = self.clearinghouse.call("free_collateral", account)
        return decide.Wallet(account, free, self.position(account), limits)

    # ---- sending

    def carry_out(self, action: decide.Action, keeper: str, limits: decide.Limits, dry_run: bool = False) -> Outcome:
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
        return self.engine.transact(*arguments, sender=keeper)

    def _check_takeover(self, action: decide.Action, keeper: str, limits: decide.Limits) -> decide.Action | str:
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
        believed = max(0, action.health.equity) * action.size // max(1, abs(preview.size))
        shortfall = max(0, believed - max(0, preview.part_equity)) if action.whole else 0
        if action.expected_profit - shortfall <= limits.profit_floor:
            return "profit below the floor by now"
        return action

    def _check_force_close(self, action: decide.Action, keeper: str, limits: decide.Limits) -> decide.Action | str:
        size = MAX_UINT256 if action.whole else action.size
        try:
            preview = self.engine.call("preview_force_close", self.market_id, action.target, size, 0, sender=keeper)
        except CallFailed as error:
            return str(error)
        if preview.reward <= limits.profit_floor:
            return "profit below the floor by now"
        return replace(action, expected_profit=preview.reward)


def market_of(state: Any, grace: bool = False) -> decide.Market:
    """A MarketState of the clearinghouse as the decision sees it."""
    common = state.borrow_index
    return decide.Market(
        mark_price=state.mark_price,
        carry_long=common + state.funding_index + state.long_social_loss_index,
        carry_short=common - state.funding_index + state.short_social_loss_index,
        tradable=not (state.stale or state.jumped),
        grace=grace,
    )


def _chosen(kind: Any, values: dict[str, Any]) -> Any:
    """The dataclass `kind` of those of the values that it knows."""
    known = kind.__dataclass_fields__
    return kind(**{name: value for name, value in values.items() if name in known})
