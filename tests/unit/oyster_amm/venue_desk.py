"""The venue between a mock clearinghouse and the people around it."""

from dataclasses import dataclass, field, replace

from nacre.artifacts import load
from nacre.chain import CallFailed, Contract, EmbeddedChain, Receipt
from nacre.units import RAY, WAD

MARKET = 3
# Prices of about 50 and 200: the range of scenarios/worked_example.yaml.
WIDE = (39_100, 53_000)


@dataclass(frozen=True)
class Context:
    """What the clearinghouse tells the venue, in the order of VenueContext."""

    mark_price: int = 100 * WAD
    funding_index: int = 0
    imr_bps: int = 1000
    mmr_bps: int = 500
    tip: int = WAD
    min_notional: int = 0
    lp_factor: int = RAY
    lp_epoch: int = 0
    tradable: bool = True
    open: bool = True
    settling: bool = False

    def values(self) -> tuple:
        return tuple(getattr(self, name) for name in self.__dataclass_fields__)


@dataclass
class Desk:
    """The venue and its mock clearinghouse, with the calls that tests make."""

    chain: EmbeddedChain
    house: Contract
    venue: Contract
    owner: str
    context: Context = field(default_factory=Context)

    def set_penalty(self, limits_word: int) -> None:
        self.house.transact("set_limits_word", limits_word, sender=self.owner).check()

    def set(self, **changes: object) -> None:
        self.context = replace(self.context, **changes)
        self.house.transact("set_context", self.context.values(), sender=self.owner).check()

    def order(self, size: int, fee_bps: int = 0, budget: int = 10**40, **changes: int) -> tuple[int, ...]:
        """SwapOrder without protocol fee, and with the widest deviation limit."""
        fields = {
            "size": size,
            "mark_price": self.context.mark_price,
            "funding_index": self.context.funding_index,
            "limit_price": 0,
            "band_bps": 0,
            "fee_budget": budget,
            "trading_word": fee_bps << 85 | 16_383 << 60,
            "mmr_bps": self.context.mmr_bps,
        }
        assert changes.keys() <= fields.keys()
        return tuple((fields | changes).values())

    def swap(self, size: int, fee_bps: int = 0, budget: int = 10**40, **changes: int) -> Receipt:
        order = self.order(size, fee_bps, budget, **changes)
        return self.house.transact("swap", self.venue.address, order, sender=self.owner)

    def quote(self, size: int, fee_bps: int = 0, budget: int = 10**40, **changes: int):
        return self.venue.call("quote_swap", self.order(size, fee_bps, budget, **changes))

    def swap_passes(self, size: int, **terms: int) -> bool:
        try:
            self.quote(size, **terms)
        except CallFailed:
            return False
        return True

    def add(self, who: str, lower: int, upper: int, margin: int, *more: int) -> Receipt:
        return self.venue.transact("add_liquidity", lower, upper, margin, *more, sender=who)

    def remove(self, who: str, lower: int, upper: int, *provider: str) -> Receipt:
        return self.venue.transact("remove_liquidity", lower, upper, *provider, sender=who)

    def sync(self) -> Receipt:
        return self.venue.transact("sync", sender=self.owner)

    def range_of(self, who: str, lower: int, upper: int):
        return self.venue.call("range_of", who, lower, upper)

    @property
    def state(self) -> tuple[int, int, int]:
        return tuple(self.venue.call("state"))

    @property
    def sqrt_price(self) -> int:
        return self.state[0]

    @property
    def tick(self) -> int:
        return self.state[1]

    @property
    def liquidity(self) -> int:
        return self.state[2]


def open_desk(price: int = 100 * WAD, exact_gas: bool = False) -> Desk:
    """A fresh chain with an empty venue."""
    chain = EmbeddedChain(exact_gas=exact_gas)
    owner = chain.account("owner")
    house = chain.deploy(load("MockClearinghouse"), sender=owner)
    venue = chain.deploy(load("OysterAmm"), house.address, MARKET, price, sender=owner)
    desk = Desk(chain, house, venue, owner)
    desk.set(mark_price=price)
    return desk
