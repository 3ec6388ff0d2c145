"""Keepers, who liquidate for profit, and the operator's own, which takes what nobody wants."""

from collections.abc import Sequence

from nacre.deploy import MAX_UINT256
from nacre.keeper import decide
from nacre.keeper.decide import Action, Holding, Kind, Limits
from nacre.model.rounding import WAD
from nacre.replay.agents_dealer import Dealer
from nacre.replay.world import World

# After each round the state is another; a round without an action ends it.
ROUNDS = 4


class Keeper(Dealer):
    """Takes over or force-closes whatever pays more than the floor, and sells what it took over."""

    def __init__(self, world: World, name: str, capital: int, floor: int):
        super().__init__(world, name, capital)
        # Thin margins are topped up right after: all capital may be bound.
        self.limits = Limits(profit_floor=floor, margin_buffer_bps=500)

    def act(self, holdings: Sequence[Holding]) -> int:
        """Liquidates; the number of liquidations."""
        world = self.world
        wallet = decide.Wallet(self.account, world.free(self.account), self.position, self.limits)
        decision = decide.decide(world.rules, world.now, holdings, wallet, world.desk.quote)
        return sum(self._carry_out(action) for action in decision.actions)

    def _carry_out(self, action: Action) -> bool:
        world = self.world
        # An action before this one may have moved venue or indices: prove it again, as a careful keeper does.
        holding = Holding(action.target, world.position(action.target))
        if not decide.liquidatable(world.rules, world.now, holding.position):
            return False
        wallet = decide.Wallet(self.account, world.free(self.account), self.position, self.limits)
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
    """The operator's keeper: no profit asked. Closes what is left on the venue, takes the bankrupt over if it must."""

    def act(self, holdings: Sequence[Holding]) -> int:
        return sum(self._clean(holding.account) for holding in holdings if holding.account != self.account)

    def _clean(self, target: str) -> bool:
        world, rules = self.world, self.world.rules
        holding = Holding(target, world.position(target))
        if not decide.liquidatable(rules, world.now, holding.position):
            return False
        closing = decide.force_close(rules, world.now, holding, world.desk.quote)
        if isinstance(closing, Action) and self.send(closing):
            return True
        if not decide.health(rules, world.now, holding.position).bankrupt and not self._may_take(target):
            return False  # the venue is too far from mark for it: next time
        holding = Holding(target, holding.position, overdue=True)
        wallet = decide.Wallet(self.account, world.free(self.account), self.position, self.limits)
        taking = decide.takeover(rules, world.now, holding, wallet, self._quote_or_mark)
        return isinstance(taking, Action) and self.send(taking)

    def _may_take(self, target: str) -> bool:
        """Where solvent positions may not be taken over: only after a margin call, which this makes."""
        world, delay = self.world, self.world.rules.policy.last_resort_seconds
        if world.rules.policy.takeover or not delay:
            return False
        if world.desk.engine.call("liquidatable_since", world.market.id, target) == 0:
            arguments = ("call_margin", world.market.id, [target])
            world.send("margin call", world.system.engine, *arguments, sender=self.account)
        return world.desk.overdue(target, delay)

    def _quote_or_mark(self, size: int) -> decide.Quote:
        """Whether the venue could take it does not matter to who takes it whatever it costs."""
        mark = self.world.now.mark_price
        return self.world.desk.quote(size) or decide.Quote(abs(size) * mark // WAD, mark, mark)


def liquidate_all(world: World, keepers: Sequence[Keeper], operator: Operator) -> None:
    """Keepers take turns, best offers first, until nobody gains; then the operator's cleans up."""
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
