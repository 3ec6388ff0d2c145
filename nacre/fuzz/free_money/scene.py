"""Brings a world into the state its settings name: positions and ranges, a price that moved."""

import random
from math import isqrt
from typing import Any

from nacre.chain import CallFailed, Contract, Receipt
from nacre.fuzz.free_money.settings import DEPOSITOR, KEEPER, OUTSIDERS, PROVIDERS, RING, TRADERS, VAULT, Settings
from nacre.fuzz.free_money.world import World
from nacre.fuzz.system.choices import tick_of
from nacre.fuzz.system.settings import UNIT
from nacre.units import BPS, Q96, WAD


def build(settings: Settings) -> World:
    """The world, ready for sequences."""
    world = World(settings)
    scene = Scene(world)
    scene.people()
    scene.liquidity()
    scene.positions()
    scene.attackers()
    for number in range(len(world.markets)):
        scene.lead(number)
    scene.turn()
    world.begin()
    return world


class Scene:
    """The steps of the making, by the seed's own dice."""

    def __init__(self, world: World):
        self.world, self.settings = world, world.settings
        self.rng = random.Random(f"free money scene {world.settings.seed}")
        self.thin = self.settings.kind == "thin"

    def send(self, who: str, party: Contract, function: str, *arguments: Any) -> Receipt:
        """Of an outsider, in a block of its own. What is refused is not done: parameters differ."""
        self.world.advance(1)
        return party.transact(function, *arguments, sender=self.world.address[who])

    def must(self, who: str, party: Contract, function: str, *arguments: Any) -> None:
        self.send(who, party, function, *arguments).check()

    def own(self, who: str, callee: str, party: Contract, function: str, *arguments: Any) -> bool:
        """A wallet of the ring."""
        self.world.advance(1)
        return self.world.driver_call(who, callee, party.encode(function, *arguments))

    def try_to(self, who: str, callee: str, party: Contract, function: str, *arguments: Any) -> bool:
        """Of the ring or not; whether it went through."""
        if who in RING:
            return self.own(who, callee, party, function, *arguments)
        return self.send(who, party, function, *arguments).ok

    def tokens(self, units: float) -> int:
        return int(self.world.system.to_tokens(int(units * UNIT) * WAD))

    # ---- people and liquidity

    def people(self) -> None:
        world, rng = self.world, self.rng
        for name in TRADERS:
            self.must(name, world.house, "deposit", self.tokens(rng.choice((1, 3, 10))))
        for name in (*PROVIDERS, KEEPER):
            self.must(name, world.house, "deposit", self.tokens(2000))
        for name in RING:
            self.own(name, "house", world.house, "deposit", self.tokens(20))
        # One of the ring may act for two others.
        for name in ("tom", "liv"):
            self.own(name, "house", world.house, "set_operator", world.address["ken"], True)
        for number, config in enumerate(self.settings.markets):
            for name in (*TRADERS, *RING):
                if config.cross_margin and rng.random() < (0.8 if self.settings.kind == "cross" else 0.3):
                    self.try_to(name, "house", world.house, "set_margin_mode", number, True)
            fund = rng.choice((0, 0.02)) if self.thin else rng.choice((0, 0.02, 0.2, 3))
            if fund:
                self.must(KEEPER, world.house, "donate_insurance", number, int(fund * UNIT * WAD))
        self._vault()

    def _vault(self) -> None:
        """Its deposits, at once or after the delay."""
        vault, rng = self.world.vault, self.rng
        amounts = {DEPOSITOR: self.tokens(rng.choice((2, 20)))}
        if rng.random() < 0.5:
            amounts["vic"] = self.tokens(rng.choice((0.01, 2, 10)))
        function = "request_deposit" if self.settings.terms.deposit_delay else "deposit"
        for again in (False, True):
            for name, amount in amounts.items():
                arguments = (function if not again else "deposit", amount, self.world.address[name])
                if name in RING:
                    self.own(name, "vault", vault, *arguments)
                else:
                    self.must(name, vault, *arguments)
            if function == "deposit":
                return
            self.world.advance(self.settings.terms.deposit_delay + 1)

    def liquidity(self) -> None:
        rng = self.rng
        for number, price in self.world.price.items():
            around = tick_of(price)
            if self.thin:
                wide, depth = rng.choice((1000, 3000)), rng.choice((0.5, 2))
            else:
                wide, depth = rng.choice((3000, 9000)), rng.choice((10, 30, 100))
            self.range("lou", number, around - wide, around + wide, depth)
            if rng.random() < 0.6:
                near = rng.choice((200, 500, 1500))
                self.range("liz", number, around - near, around + near + 50, depth * rng.choice((0.05, 0.3)))

    def range(self, who: str, number: int, lower: int, upper: int, units: float) -> None:
        """Adds a range of an outsider or of the ring."""
        venue, keys = self.world.markets[number].venue, self.world.own if who in RING else self.world.foreign
        margin = int(units * UNIT) * WAD
        if self.try_to(who, f"venue {number}", venue, "add_liquidity", lower, upper, margin):
            keys.append((number, who, lower, upper))

    # ---- positions

    def positions(self) -> None:
        for number in range(len(self.world.markets)):
            for name in TRADERS:
                if self.rng.random() < 0.85:
                    side = 1 if name in ("ann", "cal") else -1
                    self.trade(name, number, side * self._notional(), self.rng.choice((1.05, 1.2, 2)))

    def _notional(self) -> int:
        return int(self.rng.choice((0.3, 1, 2)) * self.rng.uniform(0.7, 1.3) * UNIT * (0.3 if self.thin else 1)) * WAD

    def trade(self, who: str, number: int, notional: int, cushion: float) -> bool:
        """Opens with so many times the margin that it needs."""
        world, config = self.world, self.settings.markets[number]
        size = notional * WAD // world.price[number]
        margin = int(abs(notional) * (config.imr_bps / BPS + 0.01) * cushion)
        if world.house.call("cross_markets", world.address[who])[0] >> number & 1:
            margin = 0
        return self.try_to(who, "house", world.house, "trade", number, size, margin, 0, 0)

    def attackers(self) -> None:
        """What the ring has got already."""
        rng = self.rng
        for number, price in self.world.price.items():
            if rng.random() < 0.6 or self.settings.kind in ("settling", "ruined"):
                notional, cushion = self._notional() * rng.choice((1, 2)), rng.choice((1.05, 1.5))
                side = rng.choice((1, -1))
                self.trade("tom", number, notional * side, cushion)
                self.trade("tia", number, -notional * side, cushion)
            if rng.random() < 0.4:
                around, near = tick_of(price), rng.choice((100, 600, 3000))
                self.range("liv", number, around - near, around + near, rng.choice((0.1, 1, 5)))

    def lead(self, number: int) -> None:
        """Trades the venue to mark, as far as that goes."""
        venue, house = self.world.markets[number].venue, self.world.house
        for _ in range(4):
            root, _, liquidity = venue.call("state")
            goal = isqrt(house.call("mark_price", number) * Q96**2 // WAD)
            if liquidity == 0:
                self.send(KEEPER, venue, "sync")
                continue
            size = liquidity * Q96 * (goal - root) // (root * goal)
            if abs(size) * self.world.price[number] < WAD * WAD:
                return
            if not self.send(KEEPER, house, "trade", number, size, 50 * UNIT * WAD, 0, 0).ok:
                self.send(KEEPER, house, "trade", number, size // 2, 50 * UNIT * WAD, 0, 0)

    # ---- what happens then

    def turn(self) -> None:
        """The price moves against outsiders."""
        kind, rng = self.settings.kind, self.rng
        if kind in ("failing", "vaulted") or (kind in ("cross", "thin") and rng.random() < 0.5):
            self._squeeze(rng.randrange(len(self.world.markets)), rng.choice((0.02, 0.3, 0.6, 0.95)))
        if kind == "ruined":
            self._squeeze(0, rng.choice((-0.1, -0.5, -1, -3)))
        if kind == "vaulted":
            for name in TRADERS:
                self.send(KEEPER, self.world.engine, "liquidate_by_backstop", 0, self.world.address[name])
        if kind == "settling":
            self._settle()
        elif rng.random() < 0.5:
            for number in range(len(self.world.markets)):
                self.lead(number)
        self.world.advance(rng.choice((1, 1, 30, 700)))

    def move(self, number: int, price: int) -> None:
        self.world.advance(1)
        self.world.price[number] = max(10**13, min(price, 10**24))
        self.world.push(number, self.world.price[number])

    def _squeeze(self, number: int, depth: float) -> None:
        """Between liquidation price, 1, and bankruptcy price, 0, of an outsider, or beyond."""
        names = [name for name in TRADERS if self.world.house.call("position", number, self.world.address[name]).size]
        if not names:
            return
        who = self.world.address[self.rng.choice(names)]
        try:
            fails = self.world.lens.call("liquidation_price", number, who)
            ends = self.world.lens.call("bankruptcy_price", number, who)
        except CallFailed:
            return
        if fails and ends:
            self.move(number, int(ends + (fails - ends) * depth))

    def _settle(self) -> None:
        """The market ends at a price away from where it stood; some accounts are claims already."""
        world = self.world
        price = int(world.price[0] * self.rng.choice((0.7, 0.9, 1, 1.1, 1.4)))
        world.advance(1)
        world.system.config.transact("settle_market", 0, price, sender=world.system.owner).check()
        world.price[0] = price
        # Sometimes all others are claims, and the ring comes last.
        often = self.rng.choice((0.4, 1))
        for _, name, lower, upper in list(world.foreign):
            if (
                self.rng.random() < often
                and self.send(KEEPER, world.markets[0].venue, "remove_liquidity", lower, upper, world.address[name]).ok
            ):
                world.foreign.remove((0, name, lower, upper))
        for name in (*OUTSIDERS, VAULT):
            if self.rng.random() < often:
                self.send(KEEPER, world.house, "settle_account", 0, world.address[name])
