"""Incidents told again on the real contracts: named people, any preset, and books that are checked after every step.

    incident = open_incident("hyperliquid", price="0.0095", imr_bps=3333, mmr_bps=1667)
    with incident.exchange.undone():
        incident.join("whale", 5_000_000 * WAD)
        incident.trade("whale", -430_000_000 * WAD, 1_400_000 * WAD)
        incident.push(wad("0.0376"))
        incident.take_over("keeper", "whale", margin=...)       # predicted by tests/support/liquidations.py
        incident.everyone_leaves()

Presets are as shipped, but without fees, penalties, tips and funding: what is left is who owes whom for the price.
After every step: tokens are free collateral and pots; claims on a pot are never above it; what rounding left there is
not negative and grew by no more than its bound; totals are those of the positions; loss indices did not fall.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from support import deleveraging, liquidations
from support.exchange import ALL, Exchange, open_exchange

from nacre.chain import Contract, Receipt
from nacre.deploy import Market
from nacre.fuzz.system import invariants
from nacre.fuzz.system.world import Cheap, MarketView, equity
from nacre.presets import preset
from nacre.presets.market import wad
from nacre.replay.run import DEPOSITORS, Replay
from nacre.scenario.world import tick_above, tick_below
from nacre.units import MAX_UINT256, RAY, WAD

POLICIES = ("oyster", "injective", "satoshiswap", "hyperliquid", "defx")
# Of these a bankrupt position is closed against those who won; of the others they share what it lacks.
DELEVERAGING = ("hyperliquid", "defx")
VAULT, TREASURY = "vault", "treasury"
QUIET: dict[str, Any] = {
    "trading_fee_bps": 0,
    "protocol_fee_bps": 0,
    "penalty": [0, 0, 0, 0],
    "funding_cap_bps": 0,
    "borrow_rate_bps": 0,
    "liquidation_fee_bps": 0,
    "tip": 0,
}
# What a provider leaves behind the few wei of size that rounding gave it: enough for any price.
DUST_MARGIN, DUST_SIZE = 10**9, 10**6


def market_fields(policy: str, **changed: Any) -> dict[str, Any]:
    """A preset without its charges, as `open_exchange` and `list_market` take it."""
    fields = preset(policy).model_dump() | QUIET | changed
    rows = [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in fields["tiers"]]
    return fields | {"tiers": rows, "price": Decimal(str(fields["price"]))}


def open_incident(policy: str, **changed: Any) -> "Incident":
    """Its market `main`, without anybody in it; deployed once for the same parameters. The caller undoes the rest."""
    shared = open_exchange(liquidity=0, free=0, **market_fields(policy, **changed))
    return Incident(Exchange(shared.chain, shared.system, {}))


def after_replay(replay: Replay, dust: int) -> "Incident":
    """What a replay left behind, to go on with: everybody in it by name, and the dust that there is already."""
    world = replay.world
    told = Incident(Exchange(world.chain, world.system, {}))
    contracts = (world.system.vault.address, world.system.treasury)
    for account, name in world.names.items():
        if account not in contracts:
            told.address[name] = told.exchange.people[name] = account
            told.brought[name] = world.brought[account]
    names = {account: name for name, account in told.address.items()}
    told.ranges[0] = {(names[provider], lower, upper) for provider, lower, upper in world.ranges}
    told.ledger.bound[0] += dust
    told.check()
    if world.vault is not None:
        told.owner("set_backstop_delays", world.vault.address, 0, 0)
        told.depositors = {f"vault depositor {number + 1}" for number in range(DEPOSITORS)}
        told.address |= {name: world.chain.account(f"replay {name}") for name in told.depositors}
        told.brought |= dict.fromkeys(told.depositors, 0)
    return told


class Incident:
    """Who takes part, by name, and what everybody brought."""

    def __init__(self, exchange: Exchange):
        self.exchange = exchange
        self.system = exchange.system
        self.address = {VAULT: self.system.vault.address, TREASURY: self.system.treasury}
        self.brought = {VAULT: 0, TREASURY: 0}
        self.depositors: set[str] = set()
        self.ranges: dict[int, set[tuple[str, int, int]]] = {}
        self.ledger = invariants.Ledger()
        self.seen: dict[int, tuple[MarketView, Cheap]] = {}
        self.markets: list[Market] = []
        self._follow(exchange.main)
        for name in ("provider", "outsider"):  # whom the helpers of liquidations speak of
            self.join(name, 0)

    def _follow(self, market: Market) -> None:
        self.markets.append(market)
        self.ranges[market.id] = set()
        self.ledger.unfunded.append(0)
        self.ledger.bound.append(0)

    def list_market(self, name: str, policy: str, **changed: Any) -> int:
        """Another market; its number."""
        self._follow(self.exchange.list_market(name, **market_fields(policy, **changed)))
        return self.markets[-1].id

    # ---- people

    def join(self, name: str, amount: int) -> str:
        """With so much free collateral, or so much more."""
        if name not in self.address:
            self.address[name] = self.exchange.people[name] = self.exchange.chain.account(f"incident {name}")
            self.brought[name] = 0
        if amount:
            self.system.fund(self.address[name], amount)
            self.brought[name] += amount
            self.check()
        return self.address[name]

    def back_vault(self, name: str, amount: int) -> None:
        """Somebody's deposit in the backstop, which counts at once and may leave at once."""
        who, vault = self.join(name, 0), self.system.vault
        self.owner("set_backstop_delays", vault.address, 0, 0)
        self.system.mint(who, amount)
        self.system.token.transact("approve", vault.address, amount, sender=who).check()
        self.send(name, vault, "deposit", amount, who)
        self.brought[VAULT] += amount
        self.depositors.add(name)

    def insure(self, name: str, amount: int, market: int = 0) -> None:
        """Somebody's gift to an insurance fund."""
        self.join(name, amount)
        self.send(name, self.exchange.house, "donate_insurance", market, amount)

    # ---- steps

    def send(self, name: str, contract: Contract, function: str, *arguments: Any) -> Receipt:
        receipt = contract.transact(function, *arguments, sender=self.address[name]).check()
        self.check()
        return receipt

    def owner(self, function: str, *arguments: Any) -> Receipt:
        receipt = self.system.config.transact(function, *arguments, sender=self.system.owner).check()
        self.check()
        return receipt

    def refuses(self, reason: str, name: str, contract: Contract, function: str, *arguments: Any) -> None:
        """For that reason, and nobody has gained or lost anything."""
        self.exchange.refuses(reason, contract, function, *arguments, sender=self.address[name])
        self.check()

    def trade(self, name: str, size: int, margin: int = 0, market: int = 0) -> int:
        """The notional."""
        return int(self.send(name, self.exchange.house, "trade", market, size, margin, 0, 0).value)

    def adjust(self, name: str, delta: int, market: int = 0) -> None:
        self.send(name, self.exchange.house, "adjust_margin", market, delta)

    def push(self, price: int, market: int = 0) -> None:
        self.system.push_price(self.markets[market], price)
        self.check()

    def touch(self, market: int = 0) -> None:
        """Somebody has the market look at its price."""
        self.send("outsider", self.exchange.house, "accrue", market)

    def provide(self, name: str, margin: int, low: str, high: str, market: int = 0) -> None:
        """A range between two prices, rounded outward."""
        place = (tick_below(Decimal(low)), tick_above(Decimal(high)))
        self.ranges[market].add((name, *place))
        self.send(name, self.markets[market].venue, "add_liquidity", *place, margin)

    def withdraw_liquidity(self, name: str, market: int = 0) -> None:
        """All ranges of somebody, and what margin they leave in a position of a few wei, but for a little. What is more
        than a few wei stays with all of its margin."""
        for key in sorted(key for key in self.ranges[market] if key[0] == name):
            self.ranges[market].discard(key)
            self.send(name, self.markets[market].venue, "remove_liquidity", *key[1:])
        left = self.pos(name, market)
        if abs(left.size) < DUST_SIZE and left.balance > DUST_MARGIN:
            self.adjust(name, DUST_MARGIN - left.balance, market)

    def make_market(self, width: tuple[str, str], market: int = 0, margin: int = 10**10 * WAD) -> None:
        """Liquidity so deep that trades hardly move the venue; `market_maker` leaves when it is no longer needed."""
        self.join("market_maker", margin)
        self.provide("market_maker", margin, *width, market=market)

    def move(self, price: int, market: int = 0) -> None:
        """The price, and makers with it: five percent around it."""
        self.withdraw_liquidity("market_maker", market)
        self.push(price, market)
        low, high = (Decimal(price * percent) / (100 * WAD) for percent in (95, 105))
        self.make_market((str(low), str(high)), market)

    # ---- liquidations; where a helper predicts all numbers, it also compares them

    def take_over(self, name: str, target: str, margin: int, size: int = ALL) -> Receipt:
        receipt = liquidations.takeover(self.exchange, self.address[name], self.address[target], size, margin)
        self.check()
        return receipt

    def force_close(self, name: str, target: str) -> Receipt:
        receipt = liquidations.close(self.exchange, self.address[name], self.address[target])
        self.check()
        return receipt

    def backstop(self, target: str, market: int = 0) -> Receipt:
        return self.send("outsider", self.exchange.engine, "liquidate_by_backstop", market, self.address[target])

    def queue(self, target: str, market: int = 0) -> list[str]:
        """Addresses to list when the target is deleveraged."""
        arguments = (market, self.address[target], self.everybody)
        return [rank.account for rank in self.exchange.lens.call("adl_counterparties", *arguments)]

    def deleverage(self, target: str) -> Receipt:
        listed, parties = self.queue(target), list(self.address.values())
        receipt = deleveraging.deleverage(
            self.exchange, self.address[target], listed, self.address["outsider"], parties
        )
        self.check()
        return receipt

    def rescue(self, name: str, target: str, margin: int) -> Receipt:
        """The bankrupt target is deleveraged where the policy says so and the fund does not pay, else taken over."""
        state, lacking = self.exchange.state(), -self.health(target).equity
        assert lacking > 0
        if self.exchange.main.config.loss == "adl" and liquidations.drawable(self.exchange, state) < lacking:
            return self.deleverage(target)
        return self.take_over(name, target, margin)

    # ---- reading

    @property
    def everybody(self) -> list[str]:
        """Ascending, as the lens takes them."""
        return sorted(self.address.values(), key=lambda account: int(account, 16))

    def pos(self, name: str, market: int = 0) -> Any:
        return self.exchange.pos(self.address[name], market)

    def free(self, name: str) -> int:
        return self.exchange.free(self.address[name])

    def tokens(self, name: str) -> int:
        return int(self.system.token.call("balanceOf", self.address[name]))

    def health(self, name: str, market: int = 0) -> Any:
        return self.exchange.lens.call("health", market, self.address[name])

    def worth(self, name: str) -> int:
        """What was withdrawn, free collateral, equity of all positions and ranges at mark, and what markets owe."""
        total = self.free(name) + self.tokens(name)
        for market in self.markets:
            state, record = self.exchange.state(market.id), self.exchange.record(self.address[name], market.id)
            total += equity(record, state) + self.exchange.house.call("owed", market.id, self.address[name])
            for _, lower, upper in (key for key in self.ranges[market.id] if key[0] == name):
                total += market.venue.call("range_of", self.address[name], lower, upper).equity
        return total

    def due(self, name: str) -> int:
        """What somebody may take along if everybody can be paid: no isolated position counts for less than nothing, and
        neither does what the others are worth together with the free collateral."""
        who, free, total = self.address[name], self.free(name), self.tokens(name)
        for market in self.markets:
            state, record = self.exchange.state(market.id), self.exchange.record(who, market.id)
            total += self.exchange.house.call("owed", market.id, who)
            if record.cross:
                free += equity(record, state)
            else:
                total += max(equity(record, state), 0)
            for _, lower, upper in (key for key in self.ranges[market.id] if key[0] == name):
                total += max(market.venue.call("range_of", who, lower, upper).equity, 0)
        return total + max(free, 0)

    def gain(self, *names: str) -> int:
        """What they have together beyond what they brought; a loss is below zero."""
        return sum(self.worth(name) - self.brought[name] for name in names)

    def gains(self) -> dict[str, int]:
        """Of everybody who won or lost anything."""
        found = {name: self.gain(name) for name in self.address}
        return {name: amount for name, amount in found.items() if amount}

    def dust(self, market: int = 0) -> int:
        return int(self.seen[market][0].sheet.dust)

    # ---- checking

    def check(self) -> None:
        assert self.exchange.lens.call("assets", self.everybody).unassigned == 0
        for market in self.markets:
            view, cheap = self._look(market), self._cheap(market.id)
            invariants.follow(self.ledger, market.id, view)
            invariants.sizes_match(view)
            invariants.dust_is_not_negative(self.ledger, market.id, view)
            sheet = view.sheet
            assert sheet.missing_margin >= 0
            claims = sheet.insurance_fund + sheet.protocol_fees + sheet.owed_total
            claims += sheet.account_equity + sheet.range_equity
            assert claims <= sheet.pot + sheet.unallocated_loss
            owed = [self.exchange.house.call("owed", market.id, account) for account in self.everybody]
            assert sum(owed) == sheet.owed_total
            if market.id in self.seen:
                before, old = self.seen[market.id]
                invariants.indices_never_fall(old, cheap)
                cut = before.state.final_price and before.state.unallocated_loss
                # What a claim gives up where the pot is short is nobody's afterwards.
                if not (cut and sheet.owed_total < before.sheet.owed_total):
                    invariants.dust_is_bounded(self.ledger, market.id, before, view)
            self.seen[market.id] = (view, cheap)

    def _cheap(self, market: int) -> Cheap:
        names = ("pot", "insurance_fund", "long_social_loss_index", "short_social_loss_index")
        return Cheap(*(self.exchange.house.call(name, market) for name in names))

    def _look(self, market: Market) -> MarketView:
        keys = sorted(self.ranges[market.id], key=lambda key: (int(self.address[key[0]], 16), *key[1:]))
        named = [(self.address[name], lower, upper) for name, lower, upper in keys]
        ranges = {key: market.venue.call("range_of", *place) for key, place in zip(keys, named, strict=True)}
        present = {key: found for key, found in ranges.items() if found.liquidity}
        sheet = self.exchange.lens.call("solvency", market.id, self.everybody, named)
        positions = {name: self.exchange.record(account, market.id) for name, account in self.address.items()}
        root = market.venue.call("state")[0]
        return MarketView(self.exchange.state(market.id), positions, present, sheet, root)

    # ---- the end

    def everyone_leaves(self, prices: Sequence[int] = ()) -> dict[str, int]:
        """All markets settle, at mark unless told otherwise; everybody is paid and takes everything along: how much.
        Nothing is left but insurance funds and dust."""
        for market in self.markets:
            self.owner("settle_market", market.id, prices[market.id] if prices else 0)
        due = {name: self.due(name) for name in self.address}
        providers = {name for keys in self.ranges.values() for name, *_ in keys}
        full = True
        for market in self.markets:
            self._clear(market)
            state = self.exchange.state(market.id)
            full = full and state.pot >= state.owed_total
        for market in self.markets:
            for name in self.address:
                if self.exchange.house.call("owed", market.id, self.address[name]):
                    self._claim(name, market.id)
            self.send("outsider", self.system.config, "collect_fees", market.id)
        self._empty_vault()
        taken = self._leave()
        for name in taken.keys() - self.depositors if full else ():
            # A range that is removed rounds once more.
            slack = sum(self.ledger.bound) if name in providers else 0
            assert due[name] - slack <= taken[name] <= due[name] + slack
        return taken

    def _clear(self, market: Market) -> None:
        """Ranges and positions become claims; a provider's twice: it comes back with what its range was."""
        for key in sorted(self.ranges[market.id]):
            self.ranges[market.id].discard(key)
            self.send("outsider", market.venue, "remove_liquidity", *key[1:], self.address[key[0]])
        for name, account in self.address.items():
            record = self.exchange.record(account, market.id)
            if record.size or record.balance:
                self.send("outsider", self.exchange.house, "settle_account", market.id, self.address[name])
        state = self.exchange.state(market.id)
        assert (state.total_long, state.total_short) == (0, 0)
        assert state.ranges == 0

    def _claim(self, name: str, market: int) -> None:
        """In full if the pot covers what is owed, else the same share for everybody."""
        debt = self.exchange.house.call("owed", market, self.address[name])
        state, free = self.exchange.state(market), self.free(name)
        due = min(debt, debt * state.pot // state.owed_total)
        if name == VAULT:
            self.send("outsider", self.system.vault, "claim", market)
        else:
            self.send("outsider", self.exchange.house, "claim", market, self.address[name])
        assert self.free(name) == free + due

    def _empty_vault(self) -> None:
        vault = self.system.vault
        for market in vault.call("active_markets"):
            self.send("outsider", vault, "release", market)
        for name, account in self.address.items():
            if shares := vault.call("maxRedeem", account):
                self.send(name, vault, "redeem", shares, account, account)

    def _leave(self) -> dict[str, int]:
        taken = {}
        for name in (name for name in self.address if name not in (VAULT, TREASURY)):
            if free := self.free(name):
                self.send(name, self.exchange.house, "withdraw", free)
            taken[name] = self.tokens(name)
            assert self.free(name) == 0
        for market in self.markets:
            state = self.exchange.state(market.id)
            assert state.owed_total == 0
            left = state.pot - state.insurance_fund - state.protocol_fees - state.borrow_fees
            assert 0 <= left <= self.ledger.bound[market.id]
        return taken


__all__ = [
    "ALL",
    "DELEVERAGING",
    "MAX_UINT256",
    "POLICIES",
    "RAY",
    "TREASURY",
    "VAULT",
    "WAD",
    "Incident",
    "after_replay",
    "market_fields",
    "open_incident",
    "wad",
]
