"""Draws actions: mostly sensible ones, at the edge of the margin rules, among them some that must be refused."""

import math
from collections.abc import Callable
from contextlib import suppress
from math import isqrt
from typing import Any

from nacre.chain import CallFailed, Contract
from nacre.fuzz.system.choices import ALL, Chooser, tick_of
from nacre.fuzz.system.ranking import deleveraging_order
from nacre.fuzz.system.settings import DEPOSITORS, KEEPER, PEOPLE, PROVIDERS, STAKERS, TRADERS, UNIT, VAULT, Settings
from nacre.fuzz.system.world import Action, World
from nacre.units import DAY, WAD

# Prices go from a twentieth to twenty times where they began.
FARTHEST = 20
Draw = Callable[[int], Action]


class Generator(Chooser):
    """The draws of a campaign; reads the world, changes nothing."""

    def __init__(self, settings: Settings, world: World):
        super().__init__(settings, world)
        self.home = list(world.price)
        # A market whose price the last action moved: its venue is led there soon.
        self.moved: int | None = None
        self.calm = self.rng.choice((0.005, 0.02, 0.05))
        weights: dict[Draw, int] = {
            self._trade: 26,
            self._arbitrage: 5,
            self._exit: 4,
            self._price: 14,
            self._crash: 3,
            self._takeover: 12,
            self._force_close: 10,
            self._backstop: 6,
            self._adl: 6,
            self._deposit: 5,
            self._withdraw: 5,
            self._adjust: 6,
            self._mode: 3,
            self._settle: 4,
            self._claim: 2,
            self._donate: 1,
            self._collect: 2,
            self._add_range: 4,
            self._remove_range: 4,
            self._wait: 4,
            self._call_margin: 2,
            self._vault: 6,
            self._vault_work: 4,
            self._treasury: 3,
            self._odd: 3,
            self._rule: 2,
            self._end: 1,
        }
        self.draws, self.weights = list(weights), list(weights.values())

    # ---- the beginning

    def setup(self) -> list[Action]:
        """Everybody brings something; each market gets a wide range."""
        actions: list[Action] = []
        for name in TRADERS:
            amount = self.rng.choice((1, 3, 10)) * UNIT
            actions.append({"do": "deposit", "who": name, "tokens": self._tokens(amount * WAD)})
            for number, config in enumerate(self.settings.markets):
                if config.cross_margin and self.rng.random() < 0.6:
                    actions.append({"do": "mode", "market": number, "who": name, "cross": True})
        actions += [{"do": "deposit", "who": name, "tokens": self._tokens(1000 * UNIT * WAD)} for name in PROVIDERS]
        actions.append({"do": "deposit", "who": KEEPER, "tokens": self._tokens(50 * UNIT * WAD)})
        depth = self.rng.choice((10, 30, 100))
        for number, price in enumerate(self.world.price):
            around = tick_of(price)
            place = {"lower": around - self.rng.choice((3000, 9000)), "upper": around + self.rng.choice((3000, 9000))}
            actions.append({"do": "add_range", "market": number, "who": "lou", "margin": depth * UNIT * WAD} | place)
        for name in DEPOSITORS:
            tokens = self._tokens(self.rng.choice((2, 20)) * UNIT * WAD)
            function = "request_deposit" if self.settings.terms.deposit_delay else "deposit"
            actions.append({"do": "vault", "who": name, "what": function, "args": [tokens, name]})
        for name in STAKERS:
            actions.append(
                {"do": "treasury", "who": name, "what": "stake", "args": [self.rng.randint(1, 10) * WAD, name]}
            )
        return actions

    def draw(self) -> Action:
        """The next action, in a block of its own or in that of the last one."""
        number = self.rng.randrange(len(self.world.markets))
        if (state := self.world.state(number)) and state.final_price:
            number = self.rng.randrange(len(self.world.markets))
        draw = self.rng.choices(self.draws, self.weights)[0]
        if self.moved is not None and self.rng.random() < 0.4:
            number, draw = self.moved, self._arbitrage
        self.moved = None
        if draw in (self._takeover, self._force_close, self._backstop, self._adl) and self.rng.random() < 0.95:
            number = self._distressed(number)
            holders = self._ratios(number)
            if not holders:
                draw = self._trade
            elif holders[0][0] > self.world.configs[number].mmr_bps / 10_000 and self.rng.random() < 0.9:
                draw = self.rng.choice((self._squeeze, self._squeeze, self._trade, self._arbitrage))
        if draw == self._backstop or draw == self._adl:
            number = self._with_policy(number, draw == self._adl)
        action = draw(number)
        action.setdefault("after", self.rng.choice((0, 0, 1, 1, 1, 12)))
        if action["do"] == "price":
            self.moved = action["market"]
        return action

    # ---- accounts and trades

    def _deposit(self, number: int) -> Action:
        who = self._who()
        action = {"do": "deposit", "who": who, "tokens": self._tokens(self._scaled(UNIT * WAD))}
        if self.rng.random() < 0.1:
            action["to"] = self.rng.choice((*TRADERS, VAULT))
        return action

    def _withdraw(self, number: int) -> Action:
        who = self._who()
        free = self._tokens(self.world.free(who))
        return {"do": "withdraw", "who": who, "tokens": self.rng.choice((free, free // 2, free // 10, free + 1))}

    def _trade(self, number: int) -> Action:
        who = self._holder(number) if self.rng.random() < 0.35 else self.rng.choice(TRADERS)
        if who == VAULT:
            who = self._who()
        if self.rng.random() < 0.7 and not self.world.markets[number].venue.call("state")[2]:
            return self._refill(number)
        if self.rng.random() < 0.3 and (lifted := self._lifted(number)):
            return lifted
        held, price = self.world.held(number, who), self.world.price[number]
        typical = max(1, self._scaled(UNIT * WAD) * WAD // price)
        if self.world.is_cross(number, who):
            # As much as free collateral allows, or a part of that.
            most = self.world.free(who) * 10_000 // self.world.configs[number].imr_bps
            typical = max(1, int(most * self.rng.choice((0.1, 0.3, 0.6, 0.95))) * WAD // price)
        size = typical * self.rng.choice((1, -1))
        choice = self.rng.random()
        if held.size and choice < 0.55:
            size = -held.size
            if choice < 0.3:
                size = -int(held.size * self.rng.random())
            elif choice < 0.4:
                size -= typical if held.size > 0 else -typical
        elif choice > 0.985:
            size = self.rng.choice((0, 1, -1, 10**6))
        margin = 0
        if not self.world.is_cross(number, who):
            config = self.world.configs[number]
            needed = abs(held.size + size) * price // WAD * config.imr_bps // 10_000 - held.balance
            margin = int(needed * self.rng.choice((1, 1.02, 1.02, 1.05, 1.1, 1.5)))
            if size * held.size < 0:
                margin = self.rng.choice((0, 0, 0, max(0, margin), -held.balance // 10))
        elif self.rng.random() < 0.03:
            margin = WAD
        action = {"do": "trade", "market": number, "who": who, "size": size, "margin": margin}
        if self.rng.random() < 0.05:
            action["limit"] = int(price * self.rng.uniform(0.97, 1.03))
        return action

    def _lifted(self, number: int) -> Action | None:
        """Ends a pause or reduce-only."""
        status = self.world.system.config.call("status", number)
        if status & 4:
            return {"do": "unpause", "market": number}
        return {"do": "reduce_only", "market": number, "on": False} if status & 2 else None

    def _exit(self, number: int) -> Action:
        """Whoever stands best closes, before the losers are liquidated."""
        holders = [holder for holder in self._ratios(number) if holder[1] != VAULT]
        if not holders:
            return self._trade(number)
        who = holders[-1][1]
        size = -int(self.world.held(number, who).size * self.rng.choice((1, 1, 0.5)))
        return {"do": "trade", "market": number, "who": who, "size": size, "margin": 0}

    def _arbitrage(self, number: int) -> Action:
        """Leads the venue back toward mark, with whatever margin that takes; where there is none, provides anew."""
        root, _, liquidity = self.world.markets[number].venue.call("state")
        if not liquidity:
            return self._refill(number)
        wanted = isqrt((self.world.price[number] << 192) // WAD)
        size = int((liquidity * (wanted - root) << 96) // (root * wanted) * self.rng.choice((0.5, 0.95, 1)))
        who = self._who()
        needed = abs(size) * self.world.price[number] // WAD * self.world.configs[number].imr_bps // 10_000
        margin = 0 if self.world.is_cross(number, who) else int(needed * 1.1)
        return {"do": "trade", "market": number, "who": who, "size": size, "margin": margin}

    def _refill(self, number: int) -> Action:
        """What holds the venue back goes; the provider comes back with new money."""
        venue = self.world.markets[number].venue
        for owner, lower, upper in sorted(self.world.ranges[number]):
            if self.rng.random() < 0.7 and self._is_removable(venue, owner, lower, upper):
                place = {"market": number, "who": KEEPER, "target": owner, "lower": lower, "upper": upper}
                return {"do": "remove_range"} | place
        if self.world.free("lou") < 30 * UNIT * WAD:
            return {"do": "deposit", "who": "lou", "tokens": self._tokens(300 * UNIT * WAD)}
        around = tick_of(self.world.price[number])
        place = {"market": number, "who": "lou", "lower": around - 5000, "upper": around + 5000}
        return {"do": "add_range", "margin": self.rng.choice((3, 10, 30)) * UNIT * WAD} | place

    def _is_removable(self, venue: Contract, owner: str, lower: int, upper: int) -> bool:
        """By anybody."""
        with suppress(CallFailed):
            return bool(venue.call("range_health", self.world.address[owner], lower, upper)[3])
        return False

    def _adjust(self, number: int) -> Action:
        who = self._holder(number)
        if who == VAULT:
            who = self._who()
        held, price = self.world.held(number, who), self.world.price[number]
        margin = abs(held.size) * price // WAD * self.world.configs[number].imr_bps // 10_000
        delta = self.rng.choice((margin // 3, margin, -margin // 4, -held.balance, margin - held.balance, 0, 1))
        return {"do": "adjust", "market": number, "who": who, "delta": delta}

    def _mode(self, number: int) -> Action:
        who = self.rng.choice(TRADERS)
        return {"do": "mode", "market": number, "who": who, "cross": not self.world.is_cross(number, who)}

    def _settle(self, number: int) -> Action:
        target = self._holder(number) if self.rng.random() < 0.8 else self._who()
        # What deleveraging left.
        records = [(name, self.world.held(number, name)) for name in (*PEOPLE, VAULT)]
        left = [name for name, held in records if held.balance and not held.size]
        if left and self.rng.random() < 0.5:
            target = self.rng.choice(left)
        return {"do": "settle", "market": number, "who": KEEPER, "target": target}

    def _claim(self, number: int) -> Action:
        owed = [name for name in (*PEOPLE, VAULT) if self.world.owed(number, name)]
        target = self.rng.choice(owed) if owed else self._who()
        return {"do": "claim", "market": number, "who": KEEPER, "target": target}

    def _donate(self, number: int) -> Action:
        if self.rng.random() < 0.2:
            return {"do": "donate_tokens", "who": KEEPER, "tokens": self.rng.choice((1, self._tokens(WAD)))}
        amount = self._scaled(UNIT * WAD // 50)
        return {"do": "donate", "market": number, "who": self._who(), "amount": amount}

    def _collect(self, number: int) -> Action:
        return {"do": "collect", "market": number, "who": KEEPER}

    # ---- liquidation

    def _takeover(self, number: int) -> Action:
        target = self._weakest(number)
        who, held = self._other_than(target), self.world.held(number, target)
        size = self._part(held.size)
        part = min(size, abs(held.size))
        needed = part * self.world.price[number] // WAD * self.world.configs[number].imr_bps // 10_000
        margin = int(needed * self.rng.choice((0, 0.5, 1, 1.05, 1.5, 3)))
        place = {"market": number, "who": who, "target": target}
        return {"do": "takeover", "size": size, "margin": min(margin, 2**103)} | place

    def _force_close(self, number: int) -> Action:
        target = self._weakest(number)
        who, held = self._other_than(target), self.world.held(number, target)
        place = {"market": number, "who": who, "target": target}
        action = {"do": "force_close", "size": self._part(held.size)} | place
        if self.rng.random() < 0.05:
            action["limit"] = int(self.world.price[number] * self.rng.uniform(0.97, 1.03))
        return action

    def _backstop(self, number: int) -> Action:
        return {"do": "backstop", "market": number, "who": KEEPER, "target": self._weakest(number)}

    def _adl(self, number: int) -> Action:
        target = self._weakest(number)
        listed = deleveraging_order(self.world, number, target)
        spoiled = self.rng.random()
        if listed and spoiled < 0.05:
            listed = listed[1:]
        elif listed and spoiled < 0.1:
            listed = [*listed, listed[0]]
        elif spoiled < 0.15:
            listed = listed[::-1]
        elif spoiled < 0.2:
            listed = [*listed, self._who()]
        place = {"market": number, "who": KEEPER, "target": target}
        return {"do": "adl", "list": listed} | place

    def _call_margin(self, number: int) -> Action:
        listed = [self._weakest(number), *self.rng.sample(TRADERS, 2)]
        return {"do": "call_margin", "market": number, "who": KEEPER, "accounts": listed}

    # ---- liquidity

    def _add_range(self, number: int) -> Action:
        state = self.world.state(number)
        price = state.mid_price if state and state.mid_price else self.world.price[number]
        around = tick_of(price)
        lower = around - self.rng.choice((0, 50, 200, 1000, 4000))
        upper = around + self.rng.choice((50, 200, 1000, 4000))
        who = self.rng.choice((*PROVIDERS, *PROVIDERS, *TRADERS))
        margin = self._scaled(3 * UNIT * WAD)
        if self.rng.random() < 0.6:
            margin = min(margin, self.world.free(who))
        return {"do": "add_range", "market": number, "who": who, "lower": lower, "upper": upper, "margin": margin}

    def _remove_range(self, number: int) -> Action:
        keys = sorted(self.world.ranges[number])
        if not keys:
            return self._add_range(number)
        owner, lower, upper = self.rng.choice(keys)
        who = owner if self.rng.random() < (0.1 if upper - lower > 5000 else 0.4) else KEEPER
        place = {"market": number, "who": who, "target": owner, "lower": lower, "upper": upper}
        return {"do": "remove_range"} | place

    # ---- prices and time

    def _price(self, number: int) -> Action:
        return self._moved(number, math.exp(self.rng.gauss(0, self.calm * self.rng.choice((0.3, 1, 3)))))

    def _crash(self, number: int) -> Action:
        return self._moved(number, self.rng.choice((0.5, 0.7, 0.85, 1.2, 1.5, 2)))

    def _moved(self, number: int, factor: float) -> Action:
        home, state = self.home[number], self.world.state(number)
        to = int(self.world.price[number] * factor)
        if self.rng.random() < 0.15 and state and state.mid_price:
            to = state.mid_price
        if not home // FARTHEST < to < home * FARTHEST:
            to = home
        return {"do": "price", "market": number, "to": to}

    def _squeeze(self, number: int) -> Action:
        """As far against the weakest holder as makes it fail, or more than that."""
        ratio, name = self._ratios(number)[0]
        mmr = self.world.configs[number].mmr_bps / 10_000
        far = self.rng.choice(
            (
                ratio - mmr * 0.98,
                ratio - mmr * 0.8,
                ratio - mmr * 0.6,
                ratio - mmr * 0.5,
                ratio - mmr * 0.3,
                ratio * 1.02,
                ratio + mmr,
            )
        )
        side = -1 if self.world.held(number, name).size > 0 else 1
        return self._moved(number, max(0.3, 1 + side * far))

    def _wait(self, number: int) -> Action:
        after = self.rng.choice((10, 60, 700, 3700, DAY, 5 * DAY))
        action: Action = {"do": "wait", "after": after}
        if self.rng.random() < 0.3:
            action["silent"] = [number]
        return action

    def _odd(self, number: int) -> Action:
        """Stale and impossible prices, which the next wait or price mends; calls that do nothing much."""
        who = self._who()
        choices: list[Action] = [
            {"do": "price_at", "market": number, "to": self.world.price[number], "shift": -200_000},
            {"do": "price_at", "market": number, "to": 0, "shift": 0},
            {"do": "price_at", "market": number, "to": self.world.price[number], "shift": 100},
            {"do": "sync", "market": number, "who": who},
            {"do": "accrue", "market": number, "who": who},
            {"do": "announce", "market": number, "who": who, "target": self._holder(number)},
        ]
        return self.rng.choice(choices)

    # ---- vault and treasury

    def _vault(self, number: int) -> Action:
        who = self.rng.choice(DEPOSITORS)
        address, read = self.world.address[who], self.world.vault.call
        tokens = self._tokens(self._scaled(UNIT * WAD))
        shares, ready = read("balanceOf", address), read("maxRedeem", address)
        choices: list[tuple[str, list[Any]]] = [
            ("request_deposit", [tokens, who]),
            ("deposit", [min(tokens, read("maxDeposit", address)) or tokens, who]),
            ("deposit", [read("maxDeposit", address) if read("deposit_delay") else tokens, who]),
            ("mint", [min(read("maxMint", address), tokens * 10**6), who]),
            ("cancel_deposit", [ALL]),
            ("request_redeem", [int(shares * self.rng.random())]),
            ("request_redeem", [shares]),
            ("cancel_redeem", [ALL]),
            ("redeem", [int(ready * self.rng.choice((1, 0.3))), who, who]),
            ("withdraw", [read("maxWithdraw", address), who, who]),
            ("redeem_available", [who]),
            ("transfer", [self.rng.choice(TRADERS), shares // 50]),
        ]
        what, arguments = self.rng.choice(choices)
        return {"do": "vault", "who": who, "what": what, "args": arguments}

    def _vault_work(self, number: int) -> Action:
        active = self.world.vault.call("active_markets")
        number = self.rng.choice(active) if active and self.rng.random() < 0.9 else number
        held = abs(self.world.held(number, VAULT).size)
        choices: list[tuple[str, list[Any]]] = [
            ("unwind", [number, ALL]),
            ("unwind", [number, int(held * self.rng.random())]),
            ("release", [number]),
            ("settle", [number]),
            ("claim", [number]),
        ]
        what, arguments = self.rng.choice(choices)
        return {"do": "vault", "who": self._who(), "what": what, "args": arguments}

    def _treasury(self, number: int) -> Action:
        who = self.rng.choice(STAKERS)
        staked = self.world.treasury.call("staked", self.world.address[who])
        choices: list[tuple[str, list[Any]]] = [
            ("collect", []),
            ("collect", []),
            ("claim", [who]),
            ("stake", [self.rng.randint(1, 20) * WAD, who]),
            ("unstake", [staked // self.rng.choice((1, 2, 10)), who]),
        ]
        what, arguments = self.rng.choice(choices)
        return {"do": "treasury", "who": who, "what": what, "args": arguments}

    # ---- owner and guardian

    def _rule(self, number: int) -> Action:
        status = self.world.system.config.call("status", number)
        limit = self.rng.choice((0, 0, 100 * UNIT * WAD, UNIT * WAD))
        cap = self.rng.choice((0, UNIT, 50 * UNIT)) * WAD
        delays = [self.rng.choice((0, 60, DAY)), self.rng.choice((0, 600, 4 * DAY))]
        choices: list[Action] = [
            {"do": "pause", "market": number},
            {"do": "unpause", "market": number},
            {"do": "reduce_only", "market": number, "on": status & 2 == 0 and self.rng.random() < 0.5},
            {"do": "set_params", "market": number, "seed": self.rng.randrange(10**9)},
            {"do": "set_params", "market": number, "seed": self.rng.randrange(10**9)},
            {"do": "withdrawal_limit", "limit": limit, "period": self.rng.choice((3600, DAY))},
            {"do": "vault_terms", "what": "delays", "args": delays},
            {"do": "vault_terms", "what": "band", "args": [self.rng.choice((10, 100, 1000))]},
            {"do": "vault_terms", "what": "cap", "args": [number, cap]},
        ]
        if status & 6:
            return self.rng.choice(choices[1:3])
        return self.rng.choice(choices)

    def _end(self, number: int) -> Action:
        """A market ends, rarely; once it does, its accounts are settled one by one."""
        state = self.world.state(number)
        if state is not None and state.final_price:
            targets = [name for name in (*PEOPLE, VAULT) if self.world.held(number, name).size]
            target = self.rng.choice(targets) if targets else self._who()
            return {"do": "settle_account", "market": number, "who": KEEPER, "target": target}
        if self.rng.random() < 0.015:
            price = self.rng.choice((0, 0, self.world.price[number] * 9 // 10))
            return {"do": "settle_market", "market": number, "price": price}
        return {"do": "settle_dead", "market": number, "who": KEEPER}
