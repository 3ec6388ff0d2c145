"""What the agents of a replay live in: contracts, clock, and mirrors of positions and ranges kept from events.

The mirrors save thousands of reads: an account's position changes only with an event that holds the whole of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from nacre.chain import Chain, Contract, Log, Receipt
from nacre.deploy import BackstopTerms, RangeKey, deploy_system, list_market
from nacre.keeper.chain import Desk, market_of
from nacre.keeper.view import Health, Holding, Market, chunk, cooling, failing, health
from nacre.model import ticks as tick_math
from nacre.model.positions import Position
from nacre.presets import MarketConfig
from nacre.replay.journal import Before, Journal
from nacre.replay.result import Sample
from nacre.units import RAY, WAD

FLAT = Position()
# Fields of events that name an account whose free collateral may have changed.
NAMING = ("account", "target", "liquidator", "keeper", "provider", "remover", "receiver", "sender", "counterparty")
CENT = WAD // 100


class World:
    """One market, freshly deployed, and everybody in it."""

    def __init__(self, chain: Chain, config: MarketConfig, start: int):
        self.chain: Any = chain
        # The market opens an hour before the first candle: deposits in the backstop take part at once.
        self.system = deploy_system(chain, terms=BackstopTerms(deposit_delay=0))
        self.market = list_market(self.system, "main", config)
        self.venue = self.market.venue
        self.clearinghouse = self.system.clearinghouse
        self.desk = Desk(self.system, self.market)
        self.rules = self.desk.rules()
        self.vault = self.system.vault if self.rules.policy.backstop_bps else None
        self.vault_band_bps = self.system.vault.call("band_bps")
        self.journal = Journal(time=start, vault=self.system.vault.address)
        # Accounts that are no agent's.
        self.names: dict[str, str] = {self.system.treasury: "treasury", self.system.vault.address: "backstop vault"}
        self.brought: dict[str, int] = dict.fromkeys(self.names, 0)
        self.positions: dict[str, Position] = {}
        self.ranges: dict[RangeKey, int] = {}
        self.cross: set[str] = set()
        self.leftovers: dict[str, int] = {}  # by account: what auto-deleveraging left without a position
        self.owed: dict[str, int] = {}
        self.chunk_times: dict[str, int] = {}
        self._backing: dict[str, int] = {}
        self._market: Market | None = None
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

    def join_vault(self, name: str, amount: int) -> None:
        """A new depositor of the backstop vault."""
        vault, system = self.system.vault, self.system
        amount -= amount % CENT
        depositor = self.chain.account(f"replay {name}")
        system.mint(depositor, amount)
        system.token.transact("approve", vault.address, amount // system.unit, sender=depositor).check()
        self.send("vault deposit", vault, "deposit", amount // system.unit, depositor, sender=depositor).check()
        self.brought[vault.address] += amount

    def free(self, account: str) -> int:
        return self.clearinghouse.call("free_collateral", account)

    def backing(self, account: str) -> int:
        """Free collateral of a cross account: read once, and again after a transaction that names the account."""
        if account not in self._backing:
            self._backing[account] = self.free(account)
        return self._backing[account]

    def position(self, account: str) -> Position:
        return self.positions.get(account, FLAT)

    def make_cross(self, account: str) -> Receipt:
        """All free collateral of the account stands behind the positions that it opens from now on."""
        return self.send("margin mode", self.clearinghouse, "set_margin_mode", self.market.id, True, sender=account)

    # ---- market

    @property
    def now(self) -> Market:
        """The market at this moment; read again after every transaction."""
        if self._market is None:
            state = self.clearinghouse.call("market_state", self.market.id)
            self._market = market_of(state, time=self.chain.timestamp)
        return self._market

    def equity(self, account: str) -> int:
        """Of its position alone."""
        position = self.position(account)
        return position.equity(self.now.mark_price, self.now.carry(position.size)) if position.size else 0

    def standing(self, account: str) -> Health:
        """What decides its stage: the position's, or of a cross account free collateral too."""
        position = self.position(account)
        own = health(self.rules, self.now, position)
        if account not in self.cross:
            return own
        return Health(own.equity + self.backing(account), own.maintenance_margin)

    def holding(self, account: str) -> Holding:
        """Of a cross account the position as a liquidation would take it: this is its only one, so all of the free
        collateral goes along."""
        position, chunk_time = self.position(account), self.chunk_times.get(account, 0)
        if account not in self.cross or not position.size:
            return Holding(account, position, chunk_time=chunk_time)
        backed = replace(position, balance=position.balance + self.backing(account))
        return Holding(account, backed, standing=self.standing(account), chunk_time=chunk_time)

    def failing(self, account: str) -> bool:
        return failing(self.rules, self.now, self.holding(account))

    def liquidatable(self) -> list[Holding]:
        """Everybody below maintenance margin, in the order of joining."""
        market, rules = self.now, self.rules
        holdings = (self.holding(account) for account, position in self.positions.items() if position.size)
        return [holding for holding in holdings if failing(rules, market, holding)]

    def cooldown_end(self) -> int | None:
        """When the first target whose chunk went may be closed on, in seconds from now; None if nobody waits."""
        market, pause = self.now, self.rules.policy.cooldown_seconds
        waiting = [
            self.chunk_times[holding.account] + pause
            for holding in self.liquidatable()
            if cooling(self.rules, market, holding)
        ]
        return min(waiting) - market.time if waiting else None

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
        self._backing.pop(sender, None)
        if not receipt.ok:
            self.journal.refuse(operation, receipt.reason)
            return receipt
        self.journal.note_gas(operation, receipt)
        from_providers = deficit = 0
        closed: list[Log] = []
        for log in receipt.logs:
            if log.name == "ProvidersCharged":
                from_providers += log.loss  # stands before the deficit that it is a part of
            elif log.name == "DeficitAbsorbed":
                self.journal.note_absorption(log, operation, from_providers)
                from_providers, deficit = 0, deficit + log.deficit
            elif log.name == "Deleveraged":
                closed.append(log)
                self._note_deleveraged(log)
            elif log.name == "AutoDeleveraging":
                if log.left == 0:
                    self.positions[log.target] = FLAT
                self._backing.pop(log.target, None)
                who = self.names.get(sender, sender)
                self.journal.note_deleveraging(log, closed, deficit, self._before, self.names, who, receipt.gas_used)
            else:
                self._observe(log, receipt, deficit)
        return receipt

    def liquidate(self, operation: str, target: str, function: str, *arguments: Any, sender: str) -> Receipt:
        """A liquidation; remembers what the target was worth before."""
        holding = self.holding(target)
        large = operation == "force close" and chunk(self.rules, self.now, holding)
        self._before = Before(holding.position, self.standing(target).equity)
        try:
            engine, market = self.system.engine, self.market.id
            receipt = self.send(operation, engine, function, market, target, *arguments, sender=sender)
        finally:
            self._before = None
        if receipt.ok and large:
            self.chunk_times[target] = receipt.timestamp
        return receipt

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
        for field in NAMING:
            self._backing.pop(getattr(log.args, field, ""), None)
        match log.name:
            case "PositionChanged":
                self._note_position(log.account, log.size, log.balance, log.entry_notional, log.entry_carry)
            case "Takeover" | "ForceClose":
                if log.left == 0:
                    self.positions[log.target] = FLAT
                if log.name == "Takeover":
                    now = (log.new_size, log.new_balance, log.new_entry_notional, log.new_entry_carry)
                    self._note_position(log.liquidator, *now)
                journal.note_liquidation(log, self._before, self.names, gas)
            case "MarginModeSet":
                (self.cross.add if log.cross else self.cross.discard)(log.account)
            case "MarginCall":
                journal.margin_calls += 1
            case "Owed":
                self.owed[log.account] = log.owed
            case "InsuranceChanged":
                journal.unallocated_loss = log.unallocated_loss
            case "RangeAdded":
                self.ranges[RangeKey(log.provider, log.lower, log.upper)] = log.liquidity
            case "RangeRemoved":
                self.ranges.pop(RangeKey(log.provider, log.lower, log.upper), None)
                if log.remover != log.provider:
                    journal.note_removal(log, self.names, deficit)

    def _note_position(self, account: str, size: int, balance: int, notional: int, carry: int) -> None:
        self.positions[account] = Position(size, balance, notional, carry) if size else FLAT
        self.leftovers.pop(account, None)
        if size == 0 and balance:
            self.leftovers[account] = balance

    def _note_deleveraged(self, log: Log) -> None:
        """A position closed in whole has no event of its own, and leaves what is due to the account."""
        self._backing.pop(log.account, None)
        if log.new_size == 0:
            self.positions[log.account] = FLAT
            if log.new_balance:
                self.leftovers[log.account] = log.new_balance

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
            vault=self._vault_worth(),
        )

    def _vault_worth(self) -> int:
        if self.vault is None:
            return 0
        account = self.vault.address
        return self.free(account) + self.equity(account) + self.owed.get(account, 0)
