"""The contracts of one campaign: does literal actions, reads what they leave behind."""

import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from nacre.chain import CallFailed, Contract, EmbeddedChain, Receipt
from nacre.deploy import Market, System, ascending, deploy_system, list_market, market_params, policy_params
from nacre.fuzz.system.settings import (
    DEPOSITORS,
    NAMES,
    PEOPLE,
    STAKERS,
    TREASURY,
    VAULT,
    Settings,
    draw_market,
    first_price,
)
from nacre.units import MAX_UINT256, RAY, WAD

Action = dict[str, Any]
RangeKey = tuple[str, int, int]


@dataclass(slots=True)
class Cheap:
    """What of a market can be read even while nobody knows its price."""

    pot: int
    fund: int
    long_loss: int
    short_loss: int


@dataclass(slots=True)
class MarketView:
    """A market at one moment. `state` is None while its oracle fails."""

    state: Any
    positions: dict[str, Any]
    ranges: dict[RangeKey, Any]
    sheet: Any
    root: int  # of the venue's price, Q64.96

    def equity(self, name: str) -> int:
        return equity(self.positions[name], self.state)


@dataclass(slots=True)
class View:
    """Everybody's free collateral, the cheap part of every market, and all of some."""

    free: dict[str, int]
    cheap: list[Cheap]
    markets: dict[int, MarketView] = field(default_factory=dict)


def equity(position: Any, state: Any) -> int:
    """Of a record, at mark, in wei: docs/spec.md section 5."""
    size = position.size
    if size == 0:
        return int(position.balance)
    index = state.funding_index + state.borrow_index + state.long_social_loss_index
    if size < 0:
        index = -state.funding_index + state.borrow_index + state.short_social_loss_index
    carry = -(-abs(size) * (index - position.entry_carry) // RAY)
    worth = size * state.mark_price // WAD
    paid = position.entry_notional if size > 0 else -position.entry_notional
    return int(position.balance + worth - paid - carry)


class World:
    """A system with its people. Everything is named; amounts are WAD, but for tokens where an action says `tokens`."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.chain = EmbeddedChain(exact_gas=False)
        self.system: System = deploy_system(self.chain, decimals=settings.decimals, terms=settings.terms)
        self.house: Contract = self.system.clearinghouse
        self.engine, self.lens, self.vault = self.system.engine, self.system.lens, self.system.vault
        treasury, shares = self.system.treasury_contract, self.system.governance_token
        assert treasury is not None
        assert shares is not None
        self.treasury, self.shares = treasury, shares
        self.markets: list[Market] = [
            list_market(self.system, f"m{number}", config) for number, config in enumerate(settings.markets)
        ]
        self.configs = list(settings.markets)
        self.price = [first_price(config) for config in settings.markets]
        self.address = {name: self.chain.account(name) for name in PEOPLE}
        self.address |= {VAULT: self.vault.address, TREASURY: self.system.treasury}
        self.name = {address: name for name, address in self.address.items()}
        self.everybody = sorted(self.address.values(), key=lambda address: int(address, 16))
        self.ranges: list[set[RangeKey]] = [set() for _ in self.markets]
        self.donated = 0
        # Whether the owner limits withdrawals.
        self.limited = False
        self._give_tokens()
        self._leave: Callable[[], object] | None = None
        self.advance({"after": 1})

    def _give_tokens(self) -> None:
        """More than anybody will ever want: what counts is what is deposited."""
        everything = 10**18 * 10**self.settings.decimals
        for name in PEOPLE:
            who = self.address[name]
            self.system.token.transact("mint", who, everything, sender=who).check()
            self.system.approve(who)
        for name in DEPOSITORS:
            self.system.token.transact("approve", self.vault.address, MAX_UINT256, sender=self.address[name]).check()
        for name in STAKERS:
            who = self.address[name]
            self.shares.transact("mint", who, 10**30, sender=who).check()
            self.shares.transact("approve", self.treasury.address, MAX_UINT256, sender=who).check()

    # ---- blocks

    def advance(self, action: Action) -> None:
        """Makes the block in which the action happens; several actions may share one."""
        seconds = action.get("after", 1)
        if not seconds:
            return
        if self._leave is not None:
            self._leave()
        block = self.chain.block(seconds)
        block.__enter__()
        self._leave = lambda: block.__exit__(None, None, None)

    @property
    def now(self) -> int:
        return self.chain.timestamp

    def begin_try(self) -> int:
        return self.chain.snapshot()

    def end_try(self, snapshot: int) -> None:
        self.chain.revert(snapshot)

    # ---- actions

    def send(self, action: Action) -> Receipt | None:
        """Does the action. None: nothing was sent."""
        receipt: Receipt | None = getattr(self, f"_{action['do']}")(action)
        return receipt

    def _call(self, contract: Contract, function: str, *arguments: Any, sender: str) -> Receipt:
        return contract.transact(function, *arguments, sender=self.address[sender])

    def _owner(self, function: str, *arguments: Any) -> Receipt:
        return self.system.config.transact(function, *arguments, sender=self.system.owner)

    def _wait(self, a: Action) -> None:
        """The price feeds go on, but for those named."""
        for number, market in enumerate(self.markets):
            if number not in a.get("silent", ()):
                self.system.push_price(market, self.price[number])

    def _deposit(self, a: Action) -> Receipt:
        return self._call(self.house, "deposit", a["tokens"], self.address[str(a.get("to", a["who"]))], sender=a["who"])

    def _withdraw(self, a: Action) -> Receipt:
        return self._call(self.house, "withdraw", a["tokens"], sender=a["who"])

    def _donate_tokens(self, a: Action) -> Receipt:
        receipt = self._call(self.system.token, "transfer", self.house.address, a["tokens"], sender=a["who"])
        self.donated += a["tokens"] * self.system.unit if receipt.ok else 0
        return receipt

    def _trade(self, a: Action) -> Receipt:
        arguments = (a["market"], a["size"], a["margin"], a.get("limit", 0), 0)
        return self._call(self.house, "trade", *arguments, sender=a["who"])

    def _adjust(self, a: Action) -> Receipt:
        return self._call(self.house, "adjust_margin", a["market"], a["delta"], sender=a["who"])

    def _mode(self, a: Action) -> Receipt:
        return self._call(self.house, "set_margin_mode", a["market"], a["cross"], sender=a["who"])

    def _settle(self, a: Action) -> Receipt:
        return self._call(self.house, "settle", a["market"], self.address[a["target"]], sender=a["who"])

    def _claim(self, a: Action) -> Receipt:
        if a["target"] == VAULT:
            return self._call(self.vault, "claim", a["market"], sender=a["who"])
        return self._call(self.house, "claim", a["market"], self.address[a["target"]], sender=a["who"])

    def _donate(self, a: Action) -> Receipt:
        return self._call(self.house, "donate_insurance", a["market"], a["amount"], sender=a["who"])

    def _accrue(self, a: Action) -> Receipt:
        return self._call(self.house, "accrue", a["market"], sender=a["who"])

    def _announce(self, a: Action) -> Receipt:
        return self._call(self.house, "announce", a["market"], self.address[a["target"]], sender=a["who"])

    def _collect(self, a: Action) -> Receipt:
        return self._call(self.system.config, "collect_fees", a["market"], sender=a["who"])

    # liquidation

    def _takeover(self, a: Action) -> Receipt:
        arguments = (a["market"], self.address[a["target"]], a["size"], a["margin"])
        return self._call(self.engine, "liquidate_by_takeover", *arguments, sender=a["who"])

    def _force_close(self, a: Action) -> Receipt:
        arguments = (a["market"], self.address[a["target"]], a["size"], a.get("limit", 0))
        return self._call(self.engine, "force_close", *arguments, sender=a["who"])

    def _backstop(self, a: Action) -> Receipt:
        return self._call(self.engine, "liquidate_by_backstop", a["market"], self.address[a["target"]], sender=a["who"])

    def _adl(self, a: Action) -> Receipt:
        listed = [self.address[name] for name in a["list"]]
        return self._call(
            self.engine, "auto_deleverage", a["market"], self.address[a["target"]], listed, sender=a["who"]
        )

    def _call_margin(self, a: Action) -> Receipt:
        listed = [self.address[name] for name in a["accounts"]]
        return self._call(self.engine, "call_margin", a["market"], listed, sender=a["who"])

    # liquidity

    def _add_range(self, a: Action) -> Receipt:
        venue = self.markets[a["market"]].venue
        receipt = self._call(venue, "add_liquidity", a["lower"], a["upper"], a["margin"], sender=a["who"])
        if receipt.ok:
            self.ranges[a["market"]].add((a["who"], a["lower"], a["upper"]))
        return receipt

    def _remove_range(self, a: Action) -> Receipt:
        venue, owner = self.markets[a["market"]].venue, self.address[a["target"]]
        receipt = self._call(venue, "remove_liquidity", a["lower"], a["upper"], owner, sender=a["who"])
        if receipt.ok:
            self.ranges[a["market"]].discard((a["target"], a["lower"], a["upper"]))
        return receipt

    def _sync(self, a: Action) -> Receipt:
        return self._call(self.markets[a["market"]].venue, "sync", sender=a["who"])

    # prices and parameters

    def _price(self, a: Action) -> Receipt:
        self.price[a["market"]] = a["to"]
        return self.system.push_price(self.markets[a["market"]], a["to"])

    def _price_at(self, a: Action) -> Receipt:
        """A price that the market must refuse, or a stale one."""
        return self.system.push_price(self.markets[a["market"]], a["to"], self.now + a["shift"])

    def _pause(self, a: Action) -> Receipt:
        return self.system.config.transact("pause", a["market"], sender=self.system.guardian)

    def _unpause(self, a: Action) -> Receipt:
        return self._owner("unpause", a["market"])

    def _reduce_only(self, a: Action) -> Receipt:
        return self._owner("set_reduce_only", a["market"], a["on"])

    def _set_params(self, a: Action) -> Receipt:
        """Fields drawn anew; `seed` says which."""
        number = a["market"]
        drawn = draw_market(random.Random(a["seed"]), self.settings.policies[number], self.configs[number])
        market = self.markets[number]
        receipt = self._owner(
            "set_market_params", number, market_params(drawn, market.oracle.address, market.venue.address)
        )
        if receipt.ok:
            receipt = self._owner("set_policy_params", number, policy_params(drawn))
            self.configs[number] = drawn
        return receipt

    def _withdrawal_limit(self, a: Action) -> Receipt:
        receipt = self._owner("set_withdrawal_limit", a["limit"], a["period"])
        if receipt.ok:
            self.limited = a["limit"] > 0
        return receipt

    def _settle_market(self, a: Action) -> Receipt:
        return self._owner("settle_market", a["market"], a["price"])

    def _settle_dead(self, a: Action) -> Receipt:
        return self._call(self.house, "settle_dead_market", a["market"], sender=a["who"])

    def _settle_account(self, a: Action) -> Receipt:
        return self._call(self.house, "settle_account", a["market"], self.address[a["target"]], sender=a["who"])

    # vault and treasury

    def _vault(self, a: Action) -> Receipt:
        """`what` is a function of the vault with the arguments `args`; `who` sends."""
        return self._call(self.vault, a["what"], *self._named(a["args"]), sender=a["who"])

    def _vault_terms(self, a: Action) -> Receipt:
        if a["what"] == "delays":
            return self._owner("set_backstop_delays", self.vault.address, *a["args"])
        if a["what"] == "band":
            return self._owner("set_backstop_band", self.vault.address, *a["args"])
        return self._owner("set_backstop_loss_cap", self.vault.address, *a["args"])

    def _treasury(self, a: Action) -> Receipt:
        return self._call(self.treasury, a["what"], *self._named(a["args"]), sender=a["who"])

    def _named(self, arguments: Iterable[Any]) -> list[Any]:
        return [self.address.get(item, item) if isinstance(item, str) else item for item in arguments]

    # ---- reading

    def held(self, number: int, name: str) -> Any:
        return self.house.call("position", number, self.address[name])

    def state(self, number: int) -> Any:
        """None while the oracle fails."""
        with suppress(CallFailed):
            return self.house.call("market_state", number)
        return None

    def health(self, number: int, name: str) -> Any:
        with suppress(CallFailed):
            return self.lens.call("health", number, self.address[name])
        return None

    def free(self, name: str) -> int:
        return int(self.house.call("free_collateral", self.address[name]))

    def owed(self, number: int, name: str) -> int:
        return int(self.house.call("owed", number, self.address[name]))

    def modes(self, name: str) -> tuple[int, int]:
        """Markets where the account is cross, and those where it has a leg, as bits."""
        modes, legs = self.house.call("cross_markets", self.address[name])
        return int(modes), int(legs)

    def is_cross(self, number: int, name: str) -> bool:
        return bool(self.modes(name)[0] >> number & 1)

    def assets(self) -> int:
        return int(self.system.token.call("balanceOf", self.house.address)) * self.system.unit

    def cheap(self, number: int) -> Cheap:
        read = self.house.call
        return Cheap(
            read("pot", number),
            read("insurance_fund", number),
            read("long_social_loss_index", number),
            read("short_social_loss_index", number),
        )

    def look(self, numbers: Iterable[int]) -> View:
        """The cheap part of everything, all of the markets named."""
        free = {name: self.free(name) for name in NAMES}
        view = View(free, [self.cheap(number) for number in range(len(self.markets))])
        for number in numbers:
            view.markets[number] = self.look_at(number)
        return view

    def look_at(self, number: int) -> MarketView:
        state = self.state(number)
        positions = {name: self.held(number, name) for name in NAMES}
        if state is None:
            return MarketView(None, positions, {}, None, 0)
        venue = self.markets[number].venue
        ranges = {
            key: venue.call("range_of", self.address[key[0]], key[1], key[2]) for key in sorted(self.ranges[number])
        }
        return MarketView(state, positions, ranges, self.sheet(number), venue.call("state")[0])

    def sheet(self, number: int) -> Any:
        keys = ascending((self.address[n], lo, up) for n, lo, up in self.ranges[number])
        return self.lens.call("solvency", number, self.everybody, keys)
