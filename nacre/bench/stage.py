"""The markets that operations are measured in: everybody has an account, everything has been used before.

One market of a preset at 100, liquidity around it from two providers, more short than long in the hands of accounts,
funding that has run for a while with a premium, so that accrual has something to write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isqrt

from nacre.chain import Chain, Contract
from nacre.deploy import Market, System, deploy_system, list_market
from nacre.presets import preset
from nacre.units import MAX_UINT256, Q96, WAD

PRICE = 100 * WAD
REST = 60  # seconds since the market was last touched
DEADLINE = 600  # seconds that traders allow

# Edges of the ranges: 20 % around the price.
LOWER, UPPER = 44_050, 48_050
# Of a range that a large trade leaves: 1 %.
NARROW_LOWER, NARROW_UPPER = 45_950, 46_150
# Amounts with as many digits as those of real life, so that calldata has few zero bytes.
SIZE = 10_271_828_182_845_904_523
PART = 4_669_201_609_102_990_671
MARGIN = 57_721_566_490_153_286_060
HELD = 8_154_845_485_377_135_706
AMOUNT = 314_159_265_358_979_323_846
WEALTH = 10**7 * WAD


@dataclass(frozen=True)
class Call:
    """The transaction to measure."""

    contract: Contract
    function: str
    arguments: tuple[object, ...]
    sender: str

    @property
    def data(self) -> bytes:
        return self.contract.encode(self.function, *self.arguments)


@dataclass(frozen=True)
class Cast:
    """Who acts. None of them is the other's operator."""

    target: str  # long, about to fail
    trader: str  # long, well margined; liquidates too
    counterparty: str  # short, more than both; provides liquidity
    provider: str  # has a range and a position
    dealer: str  # has collateral and no position


class Stage:
    """A system with one market, ready for any operation."""

    def __init__(self, chain: Chain, policy: str = "oyster", decimals: int = 18, **fields: object):
        self.chain = chain
        self.system: System = deploy_system(chain, decimals=decimals)
        self.market: Market = list_market(self.system, "main", preset(policy, **fields))
        self.markets: list[Market] = [self.market]
        self.cast = Cast(*self._five(chain.accounts))
        self.house = self.system.clearinghouse
        self.engine = self.system.engine
        self.venue = self.market.venue
        self._set_up()

    @staticmethod
    def _five(accounts: Sequence[str]) -> Sequence[str]:
        return accounts[-5:]  # those before have roles

    def _set_up(self) -> None:
        cast = self.cast
        for account in vars(cast).values():
            self.system.fund(account, WEALTH)
        for account in (cast.provider, cast.counterparty):
            self.add_range(account, LOWER, UPPER, 10**6 * WAD)
        self.trade(cast.counterparty, -40 * WAD, 8_000 * WAD)
        self.trade(cast.trader, HELD, 2_000 * WAD)
        self.trade(cast.target, SIZE, 110 * WAD)
        self.trade(cast.provider, 2 * WAD, 600 * WAD)
        for _ in range(2):
            self.rest()
            self.house.transact("accrue", self.market.id, sender=cast.dealer).check()

    # ---- steps of preparations

    def trade(self, account: str, size: int, margin: int) -> None:
        self.house.transact("trade", self.market.id, size, margin, 0, 0, sender=account).check()

    def add_range(self, account: str, lower: int, upper: int, margin: int) -> None:
        self.venue.transact("add_liquidity", lower, upper, margin, sender=account).check()

    def remove_range(self, account: str) -> None:
        self.venue.transact("remove_liquidity", LOWER, UPPER, sender=account).check()

    def take_over(self, target: str, liquidator: str, margin: int) -> None:
        self.engine.transact(
            "liquidate_by_takeover", self.market.id, target, MAX_UINT256, margin, sender=liquidator
        ).check()

    def move_venue(self, price: Decimal) -> None:
        """The counterparty trades until the mid is within a thousandth of the price."""
        goal = int(price * WAD)
        for _ in range(12):
            mid = self.venue.call("mid_price")
            if abs(mid - goal) * 1000 <= goal:
                return
            sqrt_price, _, liquidity = self.venue.call("state")
            # The square root moves by size * product of both / liquidity.
            wanted = sqrt_price * _sqrt_ratio(goal, mid) // WAD
            size = liquidity * (wanted - sqrt_price) // wanted * Q96 // sqrt_price
            self.trade(self.cast.counterparty, size, abs(size) * goal // WAD // 2)
        raise ValueError(f"the venue does not come to {price}")

    def rest(self) -> None:
        """The next block is a minute later than the last."""
        self.chain.set_next_timestamp(self.chain.timestamp + REST)

    def push(self, price: Decimal) -> None:
        """A price for the transaction to come, which is a minute after the last that touched the market."""
        touched = self.chain.timestamp
        self.system.push_price(self.market, int(price * WAD))
        self.chain.set_next_timestamp(touched + REST)


def _sqrt_ratio(goal: int, mid: int) -> int:
    """sqrt(goal / mid), WAD."""
    return isqrt(goal * WAD * WAD // mid)
