"""The model beside a whole system of contracts: the same actions on both, every stored number compared.

twin = Twin(world)            # of nacre.fuzz.system: contracts just deployed, with their people
twin.advance(action)          # and world.advance(action)
twin.send(action, reason)     # the reason of a refusal, or None; `reason` is what the contracts said
twin.differences()            # what is not equal to the wei
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import Any

from nacre.chain import CallFailed
from nacre.deploy import market_params, policy_params
from nacre.fuzz.system.settings import DEPOSITORS, NAMES, TREASURY, VAULT
from nacre.fuzz.system.world import Action
from nacre.fuzz.system.world import World as Contracts
from nacre.model import World, backstop, cross_margin, deleveraging, engine, liquidity, settlement
from nacre.model import ticks as tick_math
from nacre.model.clearinghouse import Clearinghouse
from nacre.model.deleveraging import Deleveraged
from nacre.model.liquidation import Closed, Taken
from nacre.model.market import Market
from nacre.model.oracle import Oracle
from nacre.model.parameters import MarketParameters, Policy, Residue
from nacre.model.portfolio import is_cross, portfolio_of
from nacre.model.rounding import Revert
from nacre.model.vault import Queue, Vault
from nacre.model.vault_books import HouseBooks
from nacre.model.venue import Venue
from nacre.model.waterfall import decayed_level
from nacre.presets import MarketConfig

Pair = tuple[str, Any, Any]
RESIDUES = (Residue.INSURANCE, Residue.TRADER, Residue.TREASURY)
# Obstacles of the vault, as its appraisal numbers them.
OBSTACLES = {"": 0, "no price": 1, "stale price": 2, "price just jumped": 3}
# Fields of a market that both sides name alike.
SAME: tuple[str, ...] = ("borrow_index", "insurance_fund", "pot", "protocol_fees", "borrow_fees", "unallocated_loss")
SAME += ("owed_total", "lp_margin", "lp_factor", "lp_epoch", "idle_since", "final_price")


def parameters_of(config: MarketConfig) -> MarketParameters:
    return parameters_of_words(market_params(config, "", ""), config.push_jump_bps)


def parameters_of_words(words: dict[str, Any], push_jump_bps: int) -> MarketParameters:
    rows = [tuple(t.values() if isinstance(t, dict) else t) for t in words["tiers"]]
    named = {key: words[key] for key in MarketParameters.__dataclass_fields__ if key in words}
    changed = {
        "penalty": tuple(words["penalty"]),
        "tiers": tuple(row for row in rows if row[0]),
        "max_deviation_bps": words["max_deviation_bps"] or words["imr_bps"],
        "insurance_draw_bps": words["insurance_draw_bps"] or 10_000,
        "push_jump_bps": push_jump_bps,
    }
    return MarketParameters(**(named | changed))


def policy_of(config: MarketConfig) -> Policy:
    return policy_of_words(policy_params(config))


def policy_of_words(words: dict[str, Any]) -> Policy:
    return Policy(**(words | {"residue": RESIDUES[words["residue"]]}))


class Twin:
    """The model of the contracts in `world`."""

    def __init__(self, world: Contracts) -> None:
        self.contracts = world
        self.model = World(world.settings.decimals, world.now)
        # Whether the contracts took the action that comes now, and what the model says of what it did.
        self.taken = True
        self.outcome: Any = None
        for number, config in enumerate(world.configs):
            self._list(config, world.state(number), world.price[number])
        house = self.model.house
        terms = world.settings.terms
        self.vault = Vault(HouseBooks(house), terms.deposit_delay, terms.lock_up, terms.band_bps)
        for number in range(len(world.configs)):
            self.vault.caps[number] = int(world.vault.call("loss_cap", number))

    def _list(self, config: MarketConfig, state: Any, price: int) -> None:
        """Markets were listed one after the other, at times that only the chain knows."""
        parameters, listed = parameters_of(config), state.idle_since
        oracle = Oracle(price, state.price_time, price, 0, parameters.push_jump_bps, state.price_time)
        oracle.heartbeat = parameters.oracle_max_age
        start = tick_math.sqrt_of_price(price)
        market = Market(parameters, policy_of(config), oracle, Venue(start, tick_math.tick_at(start)))
        market.funding = replace(market.funding, time=listed)
        market.draw_time = market.idle_since = listed
        self.model.house.markets.append(market)

    @property
    def house(self) -> Clearinghouse:
        return self.model.house

    # ---- actions

    def advance(self, action: Action) -> None:
        self.model.wait(action.get("after", 1))

    def send(self, action: Action, found: str | None) -> str | None:
        """The reason if it was refused; then nothing has changed. `found` is what the contracts said before."""
        self.taken = found is None
        before, vault = self.house.copy(), self._vault_copy()
        self.vault.books = HouseBooks(self.house)
        try:
            self.outcome = getattr(self, f"_{action['do']}")(action)
            if action["do"] == "set_params":
                return found
        except Revert as revert:
            self.model.house = before
            self.vault = replace(vault, books=HouseBooks(before))
            return revert.reason
        return None

    def _vault_copy(self) -> Vault:
        """Without the clearinghouse behind it."""
        kept = {f.name: copy.copy(getattr(self.vault, f.name)) for f in fields(Vault) if f.name != "books"}
        for name in ("deposits", "redemptions"):
            kept[name] = {account: replace(queue) for account, queue in kept[name].items()}
        return Vault(HouseBooks(Clearinghouse()), **kept)

    def _wait(self, a: Action) -> None:
        for number, market in enumerate(self.house.markets):
            if number not in a.get("silent", ()):
                market.oracle.push(self.contracts.price[number], self.house.now)

    def _deposit(self, a: Action) -> None:
        self.house.deposit(a["to"] if "to" in a else a["who"], a["tokens"])

    def _withdraw(self, a: Action) -> None:
        self.house.withdraw(a["who"], a["tokens"], a["who"])

    def _donate_tokens(self, a: Action) -> None:
        pass

    def _trade(self, a: Action) -> None:
        self.house.trade(a["market"], a["who"], a["size"], a["margin"], a.get("limit", 0), 0, a["who"])

    def _adjust(self, a: Action) -> None:
        self.house.adjust_margin(a["market"], a["who"], a["delta"], a["who"])

    def _mode(self, a: Action) -> None:
        cross_margin.set_margin_mode(self.house, a["market"], a["who"], a["cross"])

    def _settle(self, a: Action) -> None:
        self.house.settle(a["market"], a["target"])

    def _claim(self, a: Action) -> None:
        if a["target"] == VAULT:
            self.vault.claim(a["market"])
        else:
            self.house.claim(a["market"], a["target"])

    def _donate(self, a: Action) -> None:
        self.house.donate_insurance(a["market"], a["who"], a["amount"])

    def _collect(self, a: Action) -> None:
        self.house.collect_protocol_fees(a["market"], TREASURY)

    def _takeover(self, a: Action) -> Taken:
        return engine.liquidate_by_takeover(self.house, a["market"], a["who"], a["target"], a["size"], a["margin"])

    def _force_close(self, a: Action) -> Closed:
        return engine.force_close(self.house, a["market"], a["who"], a["target"], a["size"], a.get("limit", 0))

    def _backstop(self, a: Action) -> list[Taken]:
        return backstop.liquidate_by_backstop(self.house, self.vault, a["market"], a["target"])

    def _adl(self, a: Action) -> Deleveraged:
        return deleveraging.auto_deleverage(self.house, a["market"], a["target"], a["list"], self.vault)

    def _call_margin(self, a: Action) -> None:
        engine.call_margin(self.house, a["market"], a["accounts"])

    def _add_range(self, a: Action) -> None:
        place = (a["lower"], a["upper"], a["margin"])
        liquidity.add_liquidity(self.house, a["market"], a["who"], *place, a["who"])

    def _remove_range(self, a: Action) -> None:
        liquidity.remove_liquidity(self.house, a["market"], a["target"], a["lower"], a["upper"], a["who"])

    def _sync(self, a: Action) -> None:
        liquidity.sync(self.house, a["market"])

    def _accrue(self, a: Action) -> None:
        self.house.accrue(a["market"])

    def _announce(self, a: Action) -> None:
        """An event, nothing more."""
        self.house.market(a["market"])

    def _price(self, a: Action) -> None:
        self.house.markets[a["market"]].oracle.push(a["to"], self.house.now)

    def _price_at(self, a: Action) -> None:
        self.house.markets[a["market"]].oracle.push(a["to"], self.house.now, self.house.now + a["shift"])

    def _pause(self, a: Action) -> None:
        self.house.markets[a["market"]].paused = True

    def _unpause(self, a: Action) -> None:
        self.house.markets[a["market"]].paused = False

    def _reduce_only(self, a: Action) -> None:
        self.house.markets[a["market"]].reduce_only = a["on"]

    def _set_params(self, a: Action) -> None:
        """Config's bounds are not the model's: what it took is read from it."""
        number, config = a["market"], self.contracts.system.config
        words, policy = config.call("market_params", number), config.call("policy_params", number)
        found = parameters_of_words(words._asdict(), self.house.markets[number].parameters.push_jump_bps)
        if found != self.house.markets[number].parameters or self.taken:
            self.model.set_parameters(found, number)
        self.house.markets[number].policy = policy_of_words(policy._asdict())

    def _withdrawal_limit(self, a: Action) -> None:
        self.house.outflow.set_limit(a["limit"], a["period"], self.house.now)

    def _settle_market(self, a: Action) -> None:
        settlement.begin(self.house, a["market"], a["price"])

    def _settle_dead(self, a: Action) -> None:
        settlement.settle_dead_market(self.house, a["market"])

    def _settle_account(self, a: Action) -> None:
        settlement.settle_account(self.house, a["market"], a["target"])

    def _vault(self, a: Action) -> None:
        what, args, who = a["what"], a["args"], a["who"]
        if what in ("unwind", "release", "settle", "claim"):
            getattr(self.vault, what)(*args)
        elif what in ("withdraw", "redeem"):
            getattr(self.vault, what)(who, args[0], args[2])
        elif what == "redeem_available":
            self.vault.redeem_available(who)
        elif what == "transfer":
            self.vault.transfer(who, args[0], args[1])
        else:
            function: Callable[..., Any] = getattr(self.vault, what)
            function(who, *args)

    def _vault_terms(self, a: Action) -> None:
        match a["what"]:
            case "delays":
                self.vault.set_delays(*a["args"])
            case "band":
                self.vault.set_band(*a["args"])
            case _:
                self.vault.set_loss_cap(*a["args"])

    # ---- comparison

    def differences(self, names: Iterable[str] = NAMES, numbers: Iterable[int] | None = None) -> list[str]:
        """What is not equal: of these accounts, in these markets (default: all). The vault is one of the accounts."""
        names = list(names)
        numbers = list(numbers) if numbers is not None else range(len(self.house.markets))
        found: list[str] = []
        for number in numbers:
            found += _unequal(f"market {number} ", self._of_market(number))
            for name in names:
                found += _unequal(f"market {number} {name} ", self._of_position(number, name))
        for name in names:
            found += _unequal(f"{name} ", self._of_account(name))
        if VAULT in names:
            found += _unequal("vault ", self._of_vault(numbers))
            for name in {*DEPOSITORS, *names} - {VAULT}:
                found += _unequal(f"vault, {name} ", self._of_depositor(name))
        return found

    def _of_market(self, number: int) -> list[Pair]:
        market = self.house.markets[number].glimpse()
        try:
            quote = market.accrue(self.house.now)
        except Revert as revert:
            return [("refusal", revert.reason, self._refusal(number))]
        state = self.contracts.house.call("market_state", number)
        values = {
            "funding_index": market.funding.index,
            "accrued_at": market.funding.time,
            "premium": market.funding.premium,
            "premium_ema": market.funding.ema,
            "long_social_loss_index": market.long_social_loss,
            "short_social_loss_index": market.short_social_loss,
            "total_long": market.totals.long,
            "total_short": market.totals.short,
            "holders_long": market.totals.holders_long,
            "holders_short": market.totals.holders_short,
            "draw_level": decayed_level(market, self.house.now),
            "mid_price": market.mid,
            "previous_mark": market.previous_mark_at(self.house.now),
        }
        pairs: list[Pair] = [
            ("index_price", quote.index, state.index_price),
            ("mark_price", quote.price, state.mark_price),
            ("price_time", quote.updated_at, state.price_time),
            ("stale", quote.stale, state.stale),
            ("jumped", quote.jumped, state.jumped),
            ("root", market.venue.sqrt_price, self.contracts.markets[number].venue.call("state")[0]),
        ]
        pairs += [(key, value, getattr(state, key)) for key, value in values.items()]
        return pairs + [(key, getattr(market, key), getattr(state, key)) for key in SAME]

    def _refusal(self, number: int) -> str:
        try:
            self.contracts.house.call("market_state", number)
        except CallFailed as failure:
            return str(failure)
        return "none"

    def _of_position(self, number: int, name: str) -> list[Pair]:
        market, found = self.house.markets[number], self.contracts.held(number, name)
        held = market.position_of(name)
        return [
            ("size", held.size, found.size),
            ("balance", held.balance, found.balance),
            ("entry_notional", held.entry_notional, found.entry_notional),
            ("entry_carry", held.entry_carry, found.entry_carry),
            ("topups", held.topups, found.topups),
            ("cross", is_cross(market, name) and held.size != 0, found.cross and found.size != 0),
            ("leg", name in market.legs, bool(self.contracts.modes(name)[1] >> number & 1)),
            ("owed", market.owed.get(name, 0), self.contracts.owed(number, name)),
            ("liquidatable since", self._since(number, name), self._told_since(number, name)),
        ]

    def _since(self, number: int, name: str) -> int:
        return engine.counted_since(self.house, self.house.markets[number], name) or 0

    def _told_since(self, number: int, name: str) -> int:
        return int(self.contracts.engine.call("liquidatable_since", number, self.contracts.address[name]))

    def _of_account(self, name: str) -> list[Pair]:
        pairs: list[Pair] = [("free collateral", self.house.free_of(name), self.contracts.free(name))]
        if name in (VAULT, TREASURY):
            return pairs
        model = portfolio_of(self.house, name)
        if not model.legs:
            return pairs
        found = self.contracts.house.call("account_state", self.contracts.address[name])
        return pairs + [(key, getattr(model, key), getattr(found, key)) for key in found._fields]

    def _of_vault(self, numbers: Iterable[int]) -> list[Pair]:
        """All that it stores, and what its shares are worth."""
        vault, read = self.vault, self.contracts.vault.call
        told = read("appraisal")
        present, owed, obstacle = vault.appraise()
        pairs: list[Pair] = [
            ("worth", present, told.free_collateral + told.equity),
            ("claims", owed, told.owed),
            ("obstacle", OBSTACLES[obstacle], told.obstacle),
            ("assets", vault.total_assets, read("totalAssets")),
            ("supply", vault.supply, read("totalSupply")),
            ("requested", vault.tokens, read("requested_assets")),
            ("active", sorted(vault.active), sorted(read("active_markets"))),
        ]
        for number in numbers:
            pairs.append((f"committed {number}", vault.committed(number), read("committed", number)))
            pairs.append((f"admits {number}", vault.admit(number), read("admit", number)))
        return pairs

    def _of_depositor(self, name: str) -> list[Pair]:
        vault, read, who = self.vault, self.contracts.vault.call, self.contracts.address[name]
        pairs: list[Pair] = [("shares", vault.shares.get(name, 0), read("balanceOf", who))]
        if name not in DEPOSITORS:
            return pairs
        for request, queues in (("deposit_request", vault.deposits), ("redeem_request", vault.redemptions)):
            queue, told = replace(queues.get(name, Queue())).look(self.house.now), read(request, who)
            pairs += [(request, (queue.waiting, queue.ripe), (told.waiting, told.matured))]
        return [
            *pairs,
            ("maxDeposit", vault.max_deposit(name), read("maxDeposit", who)),
            ("maxMint", vault.max_mint(name), read("maxMint", who)),
            ("maxWithdraw", vault.max_withdraw(name), read("maxWithdraw", who)),
            ("maxRedeem", vault.max_redeem(name), read("maxRedeem", who)),
        ]


def _unequal(prefix: str, pairs: Iterable[Pair]) -> list[str]:
    return [f"{prefix}{name}: model {model}, chain {chain}" for name, model, chain in pairs if model != chain]
