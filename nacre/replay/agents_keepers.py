"""Keepers, who liquidate for profit, and the operator's own, which does what pays nobody."""

from collections.abc import Sequence

from nacre.chain import CallFailed
from nacre.keeper import decide, jobs
from nacre.keeper.decide import Action, Kind
from nacre.keeper.jobs import JobKind
from nacre.keeper.view import Holding, Limits, Quote, Stage, Wallet, failing, stage, standing
from nacre.replay.agents_dealer import Dealer
from nacre.replay.world import World
from nacre.units import BPS, MAX_UINT256, WAD

# After each round the state is another; a round without an action ends it.
ROUNDS = 4
# The vault's position is unwound in the largest of these parts that the venue takes inside the vault's band.
VAULT_PARTS = (1, 2, 4, 8, 16, 32)


class Keeper(Dealer):
    """Takes over or force-closes whatever pays more than the floor, and sells what it took over."""

    def __init__(self, world: World, name: str, capital: int, floor: int):
        super().__init__(world, name, capital)
        # Thin margins are topped up right after: all capital may be bound.
        self.limits = Limits(profit_floor=floor, margin_buffer_bps=500)

    def act(self, holdings: Sequence[Holding]) -> int:
        """Liquidates; the number of liquidations."""
        world = self.world
        wallet = Wallet(self.account, world.free(self.account), self.position, self.limits)
        decision = decide.decide(world.rules, world.now, holdings, wallet, world.desk.quote)
        return sum(self._carry_out(action) for action in decision.actions)

    def _carry_out(self, action: Action) -> bool:
        world = self.world
        # An action before this one may have moved venue or indices: prove it again, as a careful keeper does.
        holding = world.holding(action.target)
        if not failing(world.rules, world.now, holding):
            return False
        wallet = Wallet(self.account, world.free(self.account), self.position, self.limits)
        again = decide.decide(world.rules, world.now, [holding], wallet, world.desk.quote).actions
        return bool(again) and self.send(again[0])

    def send(self, action: Action) -> bool:
        size = MAX_UINT256 if action.whole else action.size
        if action.kind is Kind.TAKEOVER:
            return self._liquidate("takeover", action.target, "liquidate_by_takeover", size, action.margin)
        return self._liquidate("force close", action.target, "force_close", size, 0)

    def _liquidate(self, operation: str, target: str, function: str, size: int, last: int) -> bool:
        return self.world.liquidate(operation, target, function, size, last, sender=self.account).ok

    def remove_failing_ranges(self) -> None:
        """For the tip."""
        world = self.world
        for key in list(world.ranges):
            provider, lower, upper = key
            if provider == self.account:
                continue
            _, _, _, removable = world.venue.call("range_health", provider, lower, upper)
            if removable:
                arguments = (lower, upper, provider)
                world.send("remove range", world.venue, "remove_liquidity", *arguments, sender=self.account)


class Operator(Keeper):
    """The operator's keeper: no profit asked. Does what the policy provides for: the venue, the backstop, ADL. Takes
    the bankrupt and the overdue over if it must."""

    def __init__(self, world: World, name: str, capital: int, floor: int):
        super().__init__(world, name, capital, floor)
        self.called: dict[str, Stage] = {}

    def act(self, holdings: Sequence[Holding]) -> int:
        return sum(self._clean(holding.account) for holding in holdings if holding.account != self.account)

    def _clean(self, target: str) -> bool:
        world, rules = self.world, self.world.rules
        holding = world.holding(target)
        for way in jobs.rescues(rules, world.now, holding, world.desk.vault_account):
            if self._rescue(way, holding):
                return True
        if not world.failing(target):
            return False
        if not standing(rules, world.now, holding).bankrupt and not self._may_take(target):
            return False  # the venue is too far from mark for it: next time
        holding = Holding(target, holding.position, overdue=True, standing=holding.standing)
        wallet = Wallet(self.account, world.free(self.account), self.position, self.limits)
        taking = decide.takeover(rules, world.now, holding, wallet, self._quote_or_mark)
        return isinstance(taking, Action) and self.send(taking)

    def _rescue(self, way: JobKind, holding: Holding) -> bool:
        world, target = self.world, holding.account
        if way is JobKind.FORCE_CLOSE:
            closing = decide.force_close(world.rules, world.now, holding, world.desk.quote)
            return isinstance(closing, Action) and self.send(closing)
        if way is JobKind.BACKSTOP:
            return world.liquidate("backstop", target, "liquidate_by_backstop", sender=self.account).ok
        try:
            queue = world.desk.adl_queue(target, list(world.positions))
        except CallFailed as error:
            world.journal.refuse("ADL queue", str(error))
            return False
        return world.liquidate("ADL", target, "auto_deleverage", queue, sender=self.account).ok

    def _may_take(self, target: str) -> bool:
        """Where solvent positions may not be taken over: only after a margin call, which this makes."""
        world, delay = self.world, self.world.rules.policy.last_resort_seconds
        if world.rules.policy.takeover or not delay:
            return False
        if world.desk.engine.call("liquidatable_since", world.market.id, target) == 0:
            self._call([target])
        return world.desk.overdue(target, delay)

    def _quote_or_mark(self, size: int) -> Quote:
        """Whether the venue could take it does not matter to who takes it whatever it costs."""
        mark = self.world.now.mark_price
        return self.world.desk.quote(size) or Quote(abs(size) * mark // WAD, mark, mark)

    # ---- what has nothing to do with one target

    def call_margin(self) -> None:
        """Announces who came near liquidation, where the policy has margin calls."""
        world = self.world
        if not world.rules.policy.margin_call_bps:
            return
        holdings = [world.holding(account) for account, position in world.positions.items() if position.size]
        stages = {
            holding.account: stage(world.rules, standing(world.rules, world.now, holding)) for holding in holdings
        }
        for job in jobs.margin_calls(world.rules, world.now, holdings, self.called):
            if self._call(job.accounts):
                self.called |= {account: stages[account] for account in job.accounts}
        self.called = {account: known for account, known in self.called.items() if stages.get(account, Stage.HEALTHY)}

    def _call(self, accounts: Sequence[str]) -> bool:
        world = self.world
        arguments = ("call_margin", world.market.id, list(accounts))
        return world.send("margin call", world.system.engine, *arguments, sender=self.account).ok

    def unwind_vault(self) -> None:
        """Sells what the vault took over, as far as the venue takes it inside the vault's band; frees spare margin."""
        world, vault = self.world, self.world.vault
        if vault is None or not world.position(vault.address).size:
            return
        amount, mark = world.position(vault.address).amount, world.now.mark_price
        sell = world.position(vault.address).size > 0
        for divisor in VAULT_PARTS:
            part = amount // divisor
            quote = world.desk.quote(-part if sell else part) if part else None
            if quote is None:
                continue
            at_mark = part * mark // WAD
            cost = at_mark - quote.notional if sell else quote.notional - at_mark
            if cost * BPS < at_mark * world.vault_band_bps:
                world.send("unwind", vault, "unwind", world.market.id, part, sender=self.account)
                return

    def do_chores(self, collect: bool) -> None:
        """Settles and claims what waits, and has the treasury collect."""
        world = self.world
        if not (collect or world.leftovers or any(world.owed.values())):
            return
        market, clearinghouse = world.market.id, world.clearinghouse
        state = clearinghouse.call("market_state", market)
        books = jobs.Books(
            owed=world.owed,
            leftovers=list(world.leftovers),
            negative=[account for account in world.cross if world.equity(account) < 0 and world.backing(account)],
            owed_total=state.owed_total,
            pot=state.pot,
            fees=state.protocol_fees + state.borrow_fees if collect else 0,
        )
        for job in jobs.chores(books):
            if job.kind is JobKind.COLLECT:
                world.send(job.kind.value, world.system.config, "collect_fees", market, sender=self.account)
            elif world.vault is not None and job.accounts[0] == world.vault.address:
                world.send(job.kind.value, world.vault, job.kind.value, market, sender=self.account)
            else:
                world.send(job.kind.value, clearinghouse, job.kind.value, market, job.accounts[0], sender=self.account)


def liquidate_all(world: World, keepers: Sequence[Keeper], operator: Operator) -> None:
    """Keepers take turns, best offers first, until nobody gains; then the operator's cleans up. Where the vault is the
    policy's first hand the operator calls it before anybody else comes."""
    policy = world.rules.policy
    if world.vault is not None and policy.backstop_bps >= policy.trigger_bps:
        operator.act(world.liquidatable())
    for _ in range(ROUNDS):
        acted = 0
        for keeper in keepers:
            holdings = world.liquidatable()
            if not holdings:
                return
            acted += keeper.act(holdings)
        if not acted:
            break
    operator.act(world.liquidatable())


def profit_floor(typical_margin: int) -> int:
    """What a keeper wants at least: a thousandth of a typical margin, in place of the price of gas."""
    return max(1, min(typical_margin // 1_000, 5 * WAD))
