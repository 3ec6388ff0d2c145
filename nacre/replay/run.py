"""The replay itself: sets the stage, feeds the candles, lets everybody act, and counts at the end.

    settings = Settings(candles=crash_path(), config=preset("oyster"), policy="oyster", accounts=200, seed=1)
    result = Replay(settings).run(progress)

One candle is up to four prices. Each price is one block with its push; in it keepers and arbitrageurs act, in an order
that is drawn. A block later everybody else: providers, the unwinding of what was taken over, traders once a candle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from nacre.chain import Chain, EmbeddedChain
from nacre.presets import MarketConfig
from nacre.presets.market import MOST_SMALLEST_POSITIONS
from nacre.prices import Candle, candle_seconds
from nacre.prices.dice import Dice
from nacre.replay.agents_dealer import Dealer
from nacre.replay.agents_keepers import Keeper, Operator, liquidate_all, profit_floor
from nacre.replay.agents_traders import Trader
from nacre.replay.agents_venue import Arbitrageur, Provider, keep_near_index
from nacre.replay.audit import Roles, balance_sheet, parties, trader_outcome
from nacre.replay.result import Result, Sample
from nacre.replay.world import World
from nacre.units import BPS

Progress = Callable[[int, int], None]

# Basis points: how far below and above the price a provider reaches, and its share of the providers' capital.
PROVIDERS = (
    (800, 800, 500),
    (1_500, 1_800, 1_000),
    (2_500, 3_500, 2_000),
    (4_000, 7_000, 3_000),
    (6_000, 15_000, 3_500),
)
ARBITRAGEURS = KEEPERS = DEPOSITORS = 3
# Capital in basis points of what all traders bring.
PROVIDERS_BPS, ARBITRAGEURS_BPS, KEEPERS_BPS, OPERATOR_BPS, FUND_BPS = 15_000, 10_000, 5_000, 3_000, 300
VAULT_BPS = 1_000  # where the policy has a backstop
# Traders whose collateral backs all of their positions, where the market has cross margin.
CROSS_BPS = 5_000
# Open interest that a trader stands for, at leverage 0 and for each further one, and arbitrageurs with it: an estimate,
# for the cap of markets that must have one.
INTEREST_OF_A_TRADER, MORE_INTEREST = 5_000, 1_000
# Seconds between a price and the block in which everybody else acts.
LATER = 12
# A price is never older than this many candles when somebody acts.
AGE_CANDLES = 2
# Rounds after the last candle in which whoever is left below maintenance margin can be liquidated.
LAST_ROUNDS = 20
# Rounds after a price in which large positions are closed on, when the cooldown of their first chunk is over.
COOLDOWN_ROUNDS = 3
# The treasury collects once in so many candles.
COLLECT_CANDLES = 24


@dataclass(frozen=True)
class Settings:
    """What a replay is made of. Everything that decides its outcome is here."""

    candles: Sequence[Candle]
    config: MarketConfig
    policy: str
    source: str = "the embedded crash of March 2020"
    accounts: int = 200
    seed: int = 1
    symbol: str = "USD"
    network: str = "embedded"
    most_leverage_bps: int | None = None  # of a trader; None: what the market allows

    @cached_property
    def interval(self) -> int:
        return candle_seconds(self.candles)

    def market(self) -> MarketConfig:
        """The policy's market at the first price; its oracle may be as old as the candles are long. A cap on open
        interest grows with the number of accounts, and what is set in proportion to it too."""
        price = Decimal(self.candles[0].open).scaleb(-18)
        age = max(self.config.oracle_max_age, AGE_CANDLES * self.interval)
        config = self.config.changed(price=price, oracle_max_age=age)
        leverage = self.most_leverage_bps or BPS * BPS // config.imr_bps
        each = INTEREST_OF_A_TRADER + MORE_INTEREST * leverage // BPS
        cap, wanted = config.open_interest_cap, Decimal(each * self.accounts)
        if cap == 0 or cap >= wanted:
            return config
        smallest = wanted / MOST_SMALLEST_POSITIONS if config.loss == "adl" else Decimal(0)
        return config.changed(
            max_open_interest=wanted,
            min_notional=max(config.min_notional, smallest),
            backstop_loss_cap=config.backstop_loss_cap * wanted / cap,
        )


class Replay:
    """One run."""

    def __init__(self, settings: Settings, chain: Chain | None = None):
        self.settings = settings
        start = settings.candles[0].timestamp
        # Two hours earlier: the market opens before the first candle.
        self.chain = chain or EmbeddedChain(timestamp=start - 7_200)
        self.world = World(self.chain, settings.market(), start)
        self.order = Dice(settings.seed, "order")
        self.samples: list[Sample] = []
        self._create_agents()

    def _create_agents(self) -> None:
        settings, world = self.settings, self.world
        world.journal.time = settings.candles[0].timestamp
        sides = [index % 20 < 11 for index in range(settings.accounts)]  # eleven of twenty are long
        Dice(settings.seed, "sides").shuffle(sides)
        cross = Dice(settings.seed, "cross margin")
        self.traders = [
            Trader(
                world,
                f"trader {index + 1}",
                Dice(settings.seed, f"trader {index}"),
                long,
                settings.most_leverage_bps,
                cross.chance(CROSS_BPS) and settings.config.cross_margin,
            )
            for index, long in enumerate(sides)
        ]
        stakes = sum(world.brought[trader.account] for trader in self.traders)
        capital = stakes * PROVIDERS_BPS // 10_000
        self.providers = [
            Provider(world, f"provider {index + 1}", capital * share // 10_000, below, above, dice)
            for index, (below, above, share) in enumerate(PROVIDERS)
            for dice in [Dice(settings.seed, f"provider {index}")]
        ]
        each = stakes * ARBITRAGEURS_BPS // 10_000 // ARBITRAGEURS
        self.arbitrageurs = [Arbitrageur(world, f"arbitrageur {index + 1}", each) for index in range(ARBITRAGEURS)]
        each = stakes * KEEPERS_BPS // 10_000 // KEEPERS
        floor = profit_floor(stakes // max(1, settings.accounts))
        self.keepers = [Keeper(world, f"keeper {index + 1}", each, floor) for index in range(KEEPERS)]
        self.operator = Operator(world, "operator", stakes * OPERATOR_BPS // 10_000, 0)
        for index in range(DEPOSITORS if world.vault is not None else 0):
            world.join_vault(f"vault depositor {index + 1}", stakes * VAULT_BPS // 10_000 // DEPOSITORS)
        self.fund = stakes * FUND_BPS // 10_000
        donor = world.join("donor", self.fund)
        self.fund = world.brought[donor]
        arguments = (world.market.id, self.fund)
        world.send("donate", world.clearinghouse, "donate_insurance", *arguments, sender=donor).check()
        world.brought[donor] = 0  # it is the fund's now

    # ---- running

    def run(self, progress: Progress | None = None) -> Result:
        candles, interval = self.settings.candles, self.settings.interval
        self._open_market()
        for number, candle in enumerate(candles):
            self._play(number, candle, interval)
            if progress:
                progress(number + 1, len(candles))
        self._finish()
        return self._result()

    def _open_market(self) -> None:
        """Ranges first, then positions, long and short in turn, with arbitrage in between."""
        world = self.world
        with world.block(self.settings.candles[0].timestamp - 3_600):
            world.push_price(self.settings.candles[0].open)
            for provider in self.providers:
                provider.provide()
        waiting: dict[bool, list[Trader]] = {True: [], False: []}
        for trader in self.traders:
            waiting[trader.long].append(trader)
        longs, shorts = waiting[True], waiting[False]
        with world.block(self.settings.candles[0].timestamp - 1_800):
            while longs or shorts:
                # The side that is behind opens next, so that the venue stays near the index.
                state = world.clearinghouse.call("market_state", world.market.id)
                behind = longs if state.total_long <= state.total_short else shorts
                trader = (behind or longs or shorts).pop(0)
                trader.open(trader.stake)
                keep_near_index(self.arbitrageurs)

    def _play(self, number: int, candle: Candle, interval: int) -> None:
        world = self.world
        world.journal.candle = number
        points = candle.points(interval)
        for index, point in enumerate(points):
            with world.block(point.timestamp):
                world.push_price(point.price)
                self._react()
            with world.block(point.timestamp + min(LATER, max(1, interval // 8))):
                self._settle_down(traders=index == len(points) - 1)
            self._close_the_rest()
        self.operator.do_chores(collect=number % COLLECT_CANDLES == COLLECT_CANDLES - 1)
        self.samples.append(world.sample(candle.timestamp + interval))

    def _close_the_rest(self) -> None:
        """Large positions go in parts: waits for the cooldown of the first."""
        world = self.world
        for _ in range(COOLDOWN_ROUNDS):
            wait = world.cooldown_end()
            if wait is None:
                return
            with world.block(world.journal.time + max(1, wait)):
                self._react()

    def _react(self) -> None:
        """Whoever is faster: keepers or arbitrageurs."""
        world = self.world
        keepers_first = self.order.chance(5_000)
        if not keepers_first:
            keep_near_index(self.arbitrageurs)
        first = self.order.below(KEEPERS)
        turn = self.keepers[first:] + self.keepers[:first]
        liquidate_all(world, turn, self.operator)
        self.operator.call_margin()
        for keeper in (*turn, self.operator):
            keeper.unwind()
        if keepers_first:
            keep_near_index(self.arbitrageurs)

    def _settle_down(self, traders: bool) -> None:
        self.keepers[self.order.below(KEEPERS)].remove_failing_ranges()
        for provider in self.providers:
            provider.act()
        keep_near_index(self.arbitrageurs)
        dealers: list[Dealer] = [*self.keepers, self.operator]
        for dealer in dealers:
            dealer.unwind()
        self.operator.unwind_vault()
        for dealer in (*dealers, *self.arbitrageurs):
            dealer.tend()
        if traders:
            for trader in self.traders:
                trader.act(self.settings.interval)
            keep_near_index(self.arbitrageurs)

    def _finish(self) -> None:
        """Keepers go on at the last price until nothing is left to liquidate, or nothing more can be done."""
        world = self.world
        last = self.settings.candles[-1]
        for number in range(LAST_ROUNDS):
            if not world.liquidatable():
                break
            with world.block(last.timestamp + self.settings.interval + number * 60):
                world.push_price(last.close)
                self._react()
                self._settle_down(traders=False)
        self.operator.do_chores(collect=True)

    # ---- counting

    def _result(self) -> Result:
        settings, world, journal = self.settings, self.world, self.world.journal
        roles = Roles(
            traders=[trader.account for trader in self.traders],
            providers=[provider.account for provider in self.providers],
            arbitrageurs=[arbitrageur.account for arbitrageur in self.arbitrageurs],
            keepers=[keeper.account for keeper in self.keepers],
            operator=[self.operator.account],
            fund=self.fund,
        )
        left = world.liquidatable()
        return Result(
            policy=settings.policy,
            seed=settings.seed,
            source=settings.source,
            network=settings.network,
            symbol=settings.symbol,
            interval=settings.interval,
            parameters=world.market.config.model_dump(mode="json"),
            candles=list(settings.candles),
            samples=self.samples,
            liquidations=journal.liquidations,
            absorptions=journal.absorptions,
            removals=journal.removals,
            parties=parties(world, roles),
            traders=trader_outcome(world, roles.traders, journal.liquidations),
            gas=journal.gas(),
            balance=balance_sheet(world),
            refused=dict(journal.refused),
            margin_calls=journal.margin_calls,
            left_liquidatable=len(left),
            left_bankrupt=sum(world.equity(holding.account) < 0 for holding in left),
        )
