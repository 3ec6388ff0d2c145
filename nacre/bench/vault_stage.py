"""A market with a backstop vault that has shares, requests and a position."""

from decimal import Decimal

from nacre.bench.stage import AMOUNT, PART, PRICE, WEALTH, Stage
from nacre.units import MAX_UINT256, WAD

# Where a tenth of margin is nearly used up: below two thirds of Hyperliquid's maintenance margin.
NEARLY_NOTHING = Decimal("89.8")


class VaultStage(Stage):
    """The provider has shares, half of them queued and matured; the trader shares and a matured request for more."""

    def _set_up(self) -> None:
        vault, cast = self.system.vault, self.cast
        for account in (cast.provider, cast.trader):
            self.system.mint(account, WEALTH)
            self.system.token.transact("approve", vault.address, MAX_UINT256, sender=account).check()
            vault.transact("request_deposit", 1_000 * AMOUNT, sender=account).check()
        self.chain.mine(vault.call("deposit_delay"))
        for account in (cast.provider, cast.trader):
            vault.transact("deposit", 500 * AMOUNT, account, sender=account).check()
        vault.transact("request_redeem", vault.call("balanceOf", cast.provider) // 2, sender=cast.provider).check()
        self.chain.mine(vault.call("lock_up"))
        vault.transact("redeem", AMOUNT * 10**6, cast.provider, cast.provider, sender=cast.provider).check()
        self.system.push_price(self.market, PRICE)
        super()._set_up()
        self._hand_over()

    def _hand_over(self) -> None:
        """The vault takes over what the dealer had."""
        self.trade(self.cast.dealer, PART, 50 * WAD)
        self.push(NEARLY_NOTHING)
        self.back_up(self.cast.dealer)
        # The venue stood far above that price for a minute: until the average of the premium has forgotten it.
        for _ in range(15):
            self.push(Decimal(PRICE // WAD))
            self.house.transact("accrue", self.market.id, sender=self.cast.dealer).check()

    def back_up(self, target: str) -> None:
        self.engine.transact("liquidate_by_backstop", self.market.id, target, sender=self.cast.trader).check()
