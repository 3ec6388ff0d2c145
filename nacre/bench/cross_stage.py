"""Several markets in which the target's positions are cross."""

from decimal import Decimal

from nacre.bench.stage import HELD, LOWER, REST, SIZE, UPPER, WEALTH, Stage
from nacre.chain import Chain, EmbeddedChain
from nacre.deploy import Market, list_market
from nacre.units import WAD


class CrossStage(Stage):
    """In each market the target holds the same long, cross; the others an isolated position, a range, or both."""

    def __init__(self, chain: Chain, policy: str, legs: int):
        self.legs = legs
        super().__init__(chain, policy, cross_margin=True)

    def _set_up(self) -> None:
        cast, legs = self.cast, self.legs
        self.markets += [list_market(self.system, f"leg {number}", self.market.config) for number in range(1, legs)]
        for account in (cast.trader, cast.counterparty, cast.provider, cast.dealer):
            self.system.fund(account, legs * WEALTH)
        # What all legs need to be opened, and a tenth more.
        self.system.fund(cast.target, legs * SIZE * 110 * self.market.config.imr_bps // 10_000)
        for market in self.markets:
            self._open(market)
        for _ in range(2):
            self._touch_all()

    def _open(self, market: Market) -> None:
        cast = self.cast
        for account in (cast.provider, cast.counterparty):
            market.venue.transact("add_liquidity", LOWER, UPPER, 10**6 * WAD, sender=account).check()
        self.house.transact("set_margin_mode", market.id, True, sender=cast.target).check()
        trades = (
            (cast.counterparty, -40 * WAD, 8_000 * WAD),
            (cast.trader, HELD, 2_000 * WAD),
            (cast.target, SIZE, 0),
        )
        for account, size, margin in trades:
            self.house.transact("trade", market.id, size, margin, 0, 0, sender=account).check()

    def _touch_all(self) -> None:
        """In one block, a minute after the last."""
        assert isinstance(self.chain, EmbeddedChain)
        with self.chain.block(REST):
            for market in self.markets:
                self.house.transact("accrue", market.id, sender=self.cast.dealer).check()

    def push_all(self, price: Decimal) -> None:
        """As `push`, in every market."""
        assert isinstance(self.chain, EmbeddedChain)
        touched = self.chain.timestamp
        with self.chain.block():
            for market in self.markets:
                self.system.push_price(market, int(price * WAD))
        self.chain.set_next_timestamp(touched + REST)
