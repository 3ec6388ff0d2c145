"""What arbitrageurs, keepers and providers have in common: a position they want small and a margin they keep sound."""

from nacre.chain import Receipt
from nacre.model.positions import Position, initial_margin, initial_margin_of
from nacre.model.rounding import bps_up
from nacre.replay.world import World
from nacre.units import BPS, WAD

# Margin of a position in basis points of what is needed: what trading brings, and the bounds in which it is left alone.
TARGET, LEAST, MOST = 20_000, 14_000, 45_000
# Of the notional: who trades for a living uses no more leverage than that where the market allows more.
CAREFUL_BPS = 1_000
# Getting rid of a position may cost this much of its value, fees aside; else a part of it goes, or it waits.
PATIENCE_BPS = 100
PARTS = (1, 2, 4, 8, 16, 32, 64)


class Dealer:
    """Somebody who trades with capital of its own."""

    def __init__(self, world: World, name: str, capital: int):
        self.world = world
        self.name = name
        self.account = world.join(name, capital)

    @property
    def position(self) -> Position:
        return self.world.position(self.account)

    def wealth(self) -> int:
        """Free collateral and the position's equity."""
        return self.world.free(self.account) + self.world.equity(self.account)

    def needed(self, size: int) -> int:
        """Margin that a position of that size would need: IM, or what is careful."""
        mark = self.world.now.mark_price
        return max(initial_margin(size, mark, self.world.rules.market), abs(size) * mark // WAD * CAREFUL_BPS // BPS)

    def room(self, buy: bool) -> int:
        """The size by which the position may grow to that side, at half of the leverage that is careful."""
        world = self.world
        ratio_bps = max(world.rules.market.imr_bps, CAREFUL_BPS)
        largest = max(0, self.wealth()) * BPS * BPS // TARGET * WAD // (ratio_bps * world.now.mark_price)
        held = self.position.size
        return max(0, largest - held if buy else largest + held)

    def trade(self, size: int, limit: int = 0) -> Receipt:
        """Trades with as much margin as the position then needs."""
        world = self.world
        market, rules = world.now, world.rules.market
        wanted = self.needed(self.position.size + size) * TARGET // BPS
        fees = bps_up(abs(size) * market.mark_price // WAD, rules.trading_fee_bps + rules.protocol_fee_bps)
        growing = abs(self.position.size + size) > self.position.amount
        missing = max(0, wanted - world.equity(self.account)) + fees if growing else 0
        return world.trade(self.account, size, min(missing, world.free(self.account)), limit)

    def tend(self) -> None:
        """Tops up a thin position, takes back what a fat one does not need, reduces when nothing else helps."""
        world, position = self.world, self.position
        if position.size == 0:
            return
        needed = self.needed(position.size)
        equity = world.equity(self.account)
        if equity * BPS < needed * LEAST:
            top_up = min(world.free(self.account), needed * TARGET // BPS - equity)
            if top_up > 0:
                world.adjust_margin(self.account, top_up)
            if equity + top_up < needed:
                self.reduce(position.amount // 2)
        elif equity * BPS > needed * MOST:
            # Unrealised profit cannot be withdrawn.
            pnl = max(0, position.pnl(world.now.mark_price, world.now.carry(position.size)))
            spare = equity - pnl - needed * TARGET // BPS
            if world.rules.market.entry_margin_rule:
                settled = position.settled(world.now.carry(position.size))
                spare = min(spare, settled.balance - initial_margin_of(settled.entry_notional, world.rules.market))
            if spare > 0:
                world.adjust_margin(self.account, -spare)

    def unwind(self) -> None:
        """Closes the position on the venue, or as much of it as goes at a fair price."""
        for divisor in PARTS:
            part = self.position.amount // divisor
            if part and self._is_fair(part):
                self.reduce(part)
                return

    def reduce(self, amount: int) -> None:
        if amount:
            self.trade(-amount if self.position.size > 0 else amount)

    def _is_fair(self, amount: int) -> bool:
        """Whether the venue pays nearly mark for a part of the position."""
        world = self.world
        sell = self.position.size > 0
        quote = world.desk.quote(-amount if sell else amount)
        if quote is None:
            return False
        at_mark = amount * world.now.mark_price // WAD
        cost = at_mark - quote.notional if sell else quote.notional - at_mark
        return cost * BPS <= at_mark * PATIENCE_BPS
