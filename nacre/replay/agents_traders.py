"""Traders: each opens with a leverage of its own and later does what traders do."""

from nacre.chain import Receipt
from nacre.model.positions import Position
from nacre.model.rounding import bps_up
from nacre.prices.dice import Dice
from nacre.replay.world import World
from nacre.units import BPS, WAD

# How often, an hour.
WHIM_BPS = 150
WORRY_BPS = 2_000
OFTENEST_BPS = 5_000
# Equity below this multiple of MM worries a trader.
WORRIED_BPS = 16_000
SMALLEST_MARGIN = 200 * WAD


class Trader:
    """One account. `most_leverage_bps` is the leverage it knows to stop at; without one what the market allows. With
    `cross` all of its collateral backs its position."""

    def __init__(
        self, world: World, name: str, dice: Dice, long: bool, most_leverage_bps: int | None = None, cross: bool = False
    ):
        self.world = world
        self.name = name
        self.dice = dice
        self.long = long
        # 200 to 12,800, as many small ones as large ones on a logarithmic scale.
        doubled = SMALLEST_MARGIN << dice.below(6)
        self.stake = doubled * dice.between(1_000, 2_000) // 1_000
        rules = world.rules.market
        allowed = leverage_limit(rules.imr_bps, rules.trading_fee_bps + rules.protocol_fee_bps)
        self.leverage_bps = dice.between(15_000, most_leverage_bps or allowed)
        # Some keep a reserve for topping up.
        self.account = world.join(name, self.stake * dice.between(10_500, 16_000) // BPS)
        if cross:
            world.make_cross(self.account)

    @property
    def cross(self) -> bool:
        return self.account in self.world.cross

    @property
    def position(self) -> Position:
        return self.world.position(self.account)

    def open(self, stake: int) -> Receipt:
        """Opens, or adds to, its position with that margin at its leverage; a smaller one if the venue is thin."""
        world = self.world
        rules = world.rules.market
        fee_bps = rules.trading_fee_bps + rules.protocol_fee_bps
        size = 0
        for share in (BPS, BPS * 3 // 4, BPS // 2):
            # The smallest position that the market knows, and a little more, as far as one's leverage goes.
            notional = max(stake * self.leverage_bps // BPS * share // BPS, rules.min_notional * 21 // 20)
            size = notional * WAD // world.now.mark_price
            margin = 0 if self.cross else min(stake + bps_up(notional, fee_bps), world.free(self.account))
            receipt = world.trade(self.account, size if self.long else -size, margin)
            if receipt.ok:
                break
        return receipt

    def close(self, share_bps: int = BPS) -> Receipt:
        position, mark = self.position, self.world.now.mark_price
        left = position.amount * (BPS - share_bps) // BPS * mark // WAD
        if left < self.world.rules.market.min_notional:
            share_bps = BPS  # too little would be left
        return self.world.trade(self.account, -(position.size * share_bps // BPS), 0)

    def act(self, seconds: int = 3_600) -> None:
        """Once a candle of so many seconds: mostly nothing."""
        if self.position.size and self._worried():
            if self.dice.chance(_scaled(WORRY_BPS, seconds)):
                self._defend()
        elif self.dice.chance(_scaled(WHIM_BPS, seconds)):
            self._follow_whim()

    def _worried(self) -> bool:
        state = self.world.standing(self.account)
        return state.equity * BPS < state.maintenance_margin * WORRIED_BPS

    def _defend(self) -> None:
        """Tops up with what is left, or takes risk off."""
        free = self.world.free(self.account)
        if not self.cross and free * 20 > self.stake and self.dice.chance(6_000):
            self.world.adjust_margin(self.account, free)
        else:
            self.close(5_000 if self.dice.chance(5_000) else BPS)

    def _follow_whim(self) -> None:
        free = self.world.free(self.account)
        if self.position.size == 0:
            # Again, on either side, with most of what is left.
            if free >= SMALLEST_MARGIN // 4:
                self.long = self.dice.chance(5_000)
                self.open(free * 8_000 // BPS)
            return
        what = self.dice.below(10)
        if what < 4:
            self.close()
        elif what < 7:
            self.close(5_000)
        elif free * 10 > self.stake:
            self.open(free * 8_000 // BPS)


def leverage_limit(imr_bps: int, fee_bps: int) -> int:
    """Basis points; a little less than a market allows: fees and the venue's depth must fit in between."""
    return max(16_000, BPS * BPS // (imr_bps + fee_bps + 60))


def _scaled(hourly_bps: int, seconds: int) -> int:
    """Chance in a candle: as many actions an hour, however long the candles are."""
    return max(1, min(OFTENEST_BPS, hourly_bps * seconds // 3_600))
