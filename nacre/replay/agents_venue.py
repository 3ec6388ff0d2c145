"""Who makes the venue a market: providers with ranges, and arbitrageurs who hold it near the index."""

from collections.abc import Sequence

from nacre.model import ticks as tick_math
from nacre.prices.dice import Dice
from nacre.replay.agents_dealer import Dealer
from nacre.replay.world import World
from nacre.units import BPS, WAD

# Arbitrage begins where it pays a little more than the fees.
EDGE_BPS = 5
# A provider moves its range when the price has used up this much of the way to an edge, if it is awake.
NEAR_EDGE_BPS = 8_500
AWAKE_BPS = 2_500
# Share of its capital that a provider puts into a range; the rest is for topping up.
PROVIDED_BPS = 8_000


class Arbitrageur(Dealer):
    """Trades the venue toward the index while that pays more than the fees."""

    def arbitrage(self) -> bool:
        """One trade; whether there was one."""
        world = self.world
        sqrt_price, _, liquidity = world.venue.call("state")
        if liquidity == 0:
            return False
        mark = world.now.mark_price
        fees = world.rules.market.trading_fee_bps + world.rules.market.protocol_fee_bps + EDGE_BPS
        high = tick_math.sqrt_of_price(mark * (BPS + fees) // BPS)
        low = tick_math.sqrt_of_price(mark * BPS // (BPS + fees))
        if sqrt_price > high:
            buy, target = False, high
        elif sqrt_price < low:
            buy, target = True, low
        else:
            return False
        size = min(world.depth(sqrt_price, target), self.room(buy))
        # Less than a thousandth of the liquidity a percent away is not worth the gas.
        if size * mark // WAD < WAD:
            return False
        return self.trade(size if buy else -size, limit=mark).ok


def keep_near_index(arbitrageurs: Sequence[Arbitrageur]) -> None:
    """Each in turn until the venue is near enough or all capital is used."""
    for arbitrageur in arbitrageurs:
        arbitrageur.arbitrage()


class Provider(Dealer):
    """Keeps one range around the price; re-centres it when the price has nearly left it."""

    def __init__(self, world: World, name: str, capital: int, below_bps: int, above_bps: int, dice: Dice):
        super().__init__(world, name, capital)
        self.below_bps = below_bps
        self.above_bps = above_bps
        self.too_little = 0  # margin for which the market did not take a range
        self.dice = dice

    @property
    def key(self) -> tuple[str, int, int] | None:
        return next((key for key in self.world.ranges if key[0] == self.account), None)

    def act(self) -> None:
        """Moves the range when it is time, gets rid of what the last one left, and provides again with what is free."""
        key = self.key
        if key is not None and self.dice.chance(AWAKE_BPS) and self._near_edge(key):
            self._remove(key)
        if self.position.size:
            self.tend()
            self.unwind()
        if self.key is None:
            self.provide()

    def provide(self) -> None:
        world = self.world
        mark = world.now.mark_price
        margin = world.free(self.account) * PROVIDED_BPS // BPS
        # Below the minimum there is nothing to earn; a broke provider stays out.
        if margin * 100 < world.brought[self.account] or margin <= self.too_little:
            return
        sqrt_price, _, liquidity = world.venue.call("state")
        if liquidity == 0:
            world.send("sync", world.venue, "sync", sender=self.account)
            sqrt_price = world.venue.call("state")[0]
        middle = tick_math.price_of_sqrt(sqrt_price)
        if abs(middle - mark) * BPS > min(middle, mark) * world.rules.market.mmr_bps:
            return  # no new liquidity while the venue is off the market
        lower = _tick(middle * (BPS - self.below_bps) // BPS)
        upper = _tick(middle * (BPS + self.above_bps) // BPS) + tick_math.SPACING
        added = world.send("add range", world.venue, "add_liquidity", lower, upper, margin, sender=self.account)
        self.too_little = margin if added.reason == "range too small" else 0

    def _near_edge(self, key: tuple[str, int, int]) -> bool:
        _, lower, upper = key
        tick = self.world.venue.call("state")[1]
        middle, half = (lower + upper) // 2, (upper - lower) // 2
        return abs(tick - middle) * BPS > half * NEAR_EDGE_BPS

    def _remove(self, key: tuple[str, int, int]) -> None:
        _, lower, upper = key
        self.world.send("remove range", self.world.venue, "remove_liquidity", lower, upper, sender=self.account)


def _tick(price: int) -> int:
    """The multiple of the spacing at or below the price."""
    return tick_math.align_down(tick_math.tick_at(tick_math.sqrt_of_price(price)))
