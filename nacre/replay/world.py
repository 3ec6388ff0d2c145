"""What the agents of a replay live in: contracts, clock, and mirrors of positions and ranges kept from events.

The mirrors save thousands of reads: an account's position changes only with an event that holds the whole of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nacre.chain import Chain, Contract, Log, Receipt
from nacre.deploy import deploy_system, list_market
from nacre.keeper import decide
from nacre.keeper.chain import Desk, market_of
from nacre.model import ticks as tick_math
from nacre.model.positions import Position
from nacre.model.rounding import RAY, WAD
from nacre.presets import MarketConfig
from nacre.replay.journal import Before, Journal
from nacre.replay.result import Sample

RangeKey = tuple[str, int, int]
FLAT = Position()
CENT = WAD // 100


class World:
    """One market, freshly deployed, and everybody in it."""

    def __init__(self, chain: Chain, config: MarketConfig, start: int):
        self.chain: Any = chain
        self.system = deploy_system(chain)
        self.market = list_market(self.system, "main", config)
        self.venue = self.market.venue
        self.clearinghouse = self.system.clearinghouse
        self.desk = Desk(self.system, self.market)
        self.rules = self.desk.rules()
        self.journal = Journal(time=start)
        self.names: dict[str, str] = {}
        self.brought: dict[str, int] = {}
        self.positions: dict[str, Position] = {}
        self.ranges: dict[RangeKey, int] = {}
        self._market: decide.Market | None = None
        self._before: Before | None = None
        # A node's time only goes forward: there the candles' times are moved to the present.
        self._shift = max(0, chain.timestamp + 600 - start)

    # ---- clock

    @contextmanager
    def block(self, time: int) -> Iterator[None]:
        """What is sent inside happens at `time` of the candles, as far as the chain's clock allows."""
        self.journal.time = time
        seconds = max(1, time + self._shift - self.chain.timestamp)
        with self.chain.block(seconds):
            self._market = None
            yield
        self._market = None

    # ---- accounts

    def join(self, name: str, amount: int) -> str:
        """A new account with `amount` WAD, rounded down to cents, in the clearinghouse."""
        amount -= amount % CENT
        address = self.chain.account(f"replay {name}")
        self.names[address] = name
        self.brought[address] = amount
        self.positions[address] = FLAT
        self.system.fund(address, amount)
        return address

    def free(self, account: str) -> int:
        return self.clearinghouse.call("free_collateral", account)

    def position(self, account: str) -> Position:
        return self.positions.get(account, FLAT)

    # ---- market

    @property
    def now(self) -> decide.Market:
        """The market at this moment; read again after every transaction."""
        if self._market is None:
            self._market = market_of(self.clearinghouse.call("market_state", self.market.id))
        return self._market

    def equity(self, account: str) -> int:
        position = self.position(account)
        return position.equity(self.now.mark_price, self.now.carry(position.size)) if position.size else 0

    def liquidatable(self) -> list[decide.Holding]:
        """Everybody below maintenance margin, in the order of joining."""
        market, rules = self.now, self.rules
        return [
            decide.Holding(account, position)
            for account, position in self.positions.items()
            if position.size and decide.liquidatable(rules, market, position)
        ]

    def depth(self, from_sqrt: int, to_sqrt: int) -> int:
        """Size that moves the venue between two square root prices, over all ranges; unsigned, rounded down."""
        low, high = min(from_sqrt, to_sqrt), max(from_sqrt, to_sqrt)
        size = 0
        for (_, lower, upper), liquidity in self.ranges.items():
            start = max(low, tick_math.sqrt_price_at(lower))
            end = min(high, tick_math.sqrt_price_at(upper))
            if start < end:
                size += tick_math.base_between(liquidity, start, end, round_up=False)
        return size

    # ---- transactions

    def send(self, operation: str, contract: Contract, function: str, *arguments: Any, sender: str) -> Receipt:
        """Sends, and keeps mirrors and journal. A revert is noted and told by the receipt."""
        receipt = contract.transact(function, *arguments, sender=sender)
        self._market = None
        if not receipt.ok:
            self.journal.refuse(operation, receipt.reason)
            return receipt
        self.journal.note_gas(operation, receipt)
        from_providers = deficit = 0
        for log in receipt.logs:
            if log.name == "ProvidersCharged":
                from_providers += log.loss  # stands before the deficit that it is a part of
            elif log.name == "DeficitAbsorbed":
                self.journal.note_absorption(log, operation, from_providers)
                from_providers, deficit = 0, deficit + log.deficit
            else:
                self._observe(log, receipt, deficit)
        return receipt

    def liquidate(self, operation: str, target: str, function: str, *arguments: Any, sender: str) -> Receipt:
        """A liquidation; remembers what the target was worth before."""
        self._before = Before(self.position(target), self.equity(target))
        try:
            return self.send(operation, self.system.engine, function, self.market.id, target, *arguments, sender=sender)
        finally:
            self._before = None

    def push_price(self, price: int) -> None:
        feeder = self.system.feeder
        self.send("push price", self.market.oracle, "set_price", price, sender=feeder)

    def trade(self, account: str, size: int, margin: int, limit: int = 0) -> Receipt:
        arguments = (self.market.id, size, margin, limit, 0)
        return self.send("trade", self.clearinghouse, "trade", *arguments, sender=account)

    def adjust_margin(self, account: str, delta: int) -> Receipt:
        return self.send("adjust margin", self.clearinghouse, "adjust_margin", self.market.id, delta, sender=account)

    def _observe(self, log: Log, receipt: Receipt, deficit: int) -> None:
        journal, gas = self.journal, receipt.gas_used
        match log.name:
            case "PositionChanged":
                position = Position(log.size, log.balance, log.entry_notional, log.entry_carry)
                self.positions[log.account] = position if log.size else FLAT
            case "Takeover":
                journal.note_takeover(log, self._before, self.names, gas)
            case "ForceClose":
                journal.note_force_close(log, self._before, self.names, gas)
            case "InsuranceChanged":
                journal.unallocated_loss = log.unallocated_loss
            case "RangeAdded":
                self.ranges[log.provider, log.lower, log.upper] = log.liquidity
            case "RangeRemoved":
                self.ranges.pop((log.provider, log.lower, log.upper), None)
                if log.remover != log.provider:
                    journal.note_removal(log, self.names, deficit)

    # ---- looking

    def sample(self, time: int) -> Sample:
        state = self.clearinghouse.call("market_state", self.market.id)
        return Sample(
            time=time,
            index_price=state.index_price,
            mid_price=state.mid_price,
            insurance_fund=state.insurance_fund,
            long_social_loss_index=state.long_social_loss_index * WAD // RAY,
            short_social_loss_index=state.short_social_loss_index * WAD // RAY,
            unallocated_loss=state.unallocated_loss,
            open_interest=max(state.total_long, state.total_short),
            lp_margin=state.lp_margin,
        )
