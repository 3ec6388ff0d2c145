"""Draws sequences: single steps at random, and whole ideas of how somebody might get at what is not theirs."""

import random
from collections.abc import Callable

from nacre.chain import CallFailed
from nacre.fuzz.free_money.ideas import Ideas
from nacre.fuzz.free_money.settings import OUTSIDERS, RING, VAULT
from nacre.fuzz.free_money.steps import ALL, Step, share
from nacre.fuzz.free_money.world import Phase, World
from nacre.fuzz.system.choices import tick_of
from nacre.fuzz.system.settings import UNIT
from nacre.model.stages import Stage
from nacre.model.ticks import SPACING
from nacre.units import BPS, WAD

# A share of what there is: mostly all, half, hardly any, or too much.
SHARES = (10_000, 10_000, 10_000, 5_000, 3_333, 9_999, 1, 15_000)
# Seconds between transactions: the next block, cooldowns, delays, last resorts.
WAITS = (1, 1, 12, 31, 61, 601, 3_601)
JUMPS = (0.1, 0.3, 0.6, 1, 1.5, 3)
MOST_STEPS = 8


class Draws:
    """The draws of one world. It knows the world's beginning, not what its own steps lead to."""

    def __init__(self, world: World, seed: int):
        self.world, self.settings = world, world.settings
        self.rng = random.Random(f"free money draws {seed}")
        self.count = len(world.markets)
        self.configs = world.settings.markets
        self.cross = {name: world.house.call("cross_markets", world.address[name])[0] for name in RING}
        self.sides = self._positions()
        self.targets = [self._failing(number) for number in range(self.count)]
        self.depth = [market.venue.call("state")[2] for market in world.markets]
        self.shares_out = int(world.vault.call("totalSupply"))
        # Ranges and positions that the ring has, or will have if all goes through; of the sequence being drawn.
        self.made: list[tuple[int, str, int, int]] = []
        self.holders: list[tuple[int, str]] = []
        self.moved = False
        self.ideas = Ideas(self)
        weights: dict[Callable[[int], Step], int] = {
            self.trade: 22,
            self.close: 14,
            self.adjust: 5,
            self.add_range: 7,
            self.remove_range: 7,
            self.takeover: 10,
            self.force_close: 9,
            self.backstop: 2,
            self.adl: 2,
            self.account: 6,
            self.upkeep: 6,
            self.vault: 6,
        }
        if self.settings.kind == "settling":
            weights |= {self.settle: 40, self.upkeep: 15}
        self._kinds, self._weights = list(weights), list(weights.values())
        hopeless = {self.takeover, self.force_close, self.backstop, self.adl}
        # While nobody fails, at the price of the beginning.
        self._calm_weights = [weight / 8 if kind in hopeless else weight for kind, weight in weights.items()]

    def _positions(self) -> dict[tuple[int, str], int]:
        names = (*RING, *OUTSIDERS, VAULT)
        read, at = self.world.house.call, self.world.address
        found = {(n, name): int(read("position", n, at[name]).size) for n in range(self.count) for name in names}
        return {key: size for key, size in found.items() if size}

    def _failing(self, number: int) -> list[str]:
        """Whose stage is liquidatable or worse."""
        names = [name for market, name in self.sides if market == number]
        try:
            found = self.world.lens.call("healths", number, [self.world.address[name] for name in names])
        except CallFailed:
            return []
        return [name for name, health in zip(names, found, strict=True) if health.stage >= Stage.LIQUIDATABLE]

    # ---- sequences

    def draw(self) -> list[Phase]:
        """One sequence."""
        rng = self.rng
        self.made = list(self.world.own)
        self.holders = [key for key in self.sides if key[1] in RING]
        self.moved = False
        if rng.random() < 0.45:
            phases = self.ideas.draw()
            if rng.random() < 0.5:
                self._disturb(phases)
            return phases
        phases = [Phase(self.steps(rng.randint(1, MOST_STEPS)))]
        while len(phases) < 3 and rng.random() < 0.45:
            later = self.next_phase([])
            later.steps = self.steps(rng.randint(1, MOST_STEPS - 2))
            phases.append(later)
        return phases

    def _disturb(self, phases: list[Phase]) -> None:
        """Something else in between, or something less."""
        steps = self.rng.choice(phases).steps
        if steps and self.rng.random() < 0.4:
            del steps[self.rng.randrange(len(steps))]
        else:
            steps.insert(self.rng.randint(0, len(steps)), self.step())

    def next_phase(self, steps: list[Step], jump: bool | None = None) -> Phase:
        """A later transaction, mostly at another price."""
        rng = self.rng
        prices = None
        self.moved = True
        if jump if jump is not None else rng.random() < 0.75:
            number = rng.randrange(self.count)
            prices = {number: self.jumped(number)}
        return Phase(steps, rng.choice((0, *WAITS)) if prices else rng.choice(WAITS), prices)

    def jumped(self, number: int, side: int = 0) -> int:
        """Another price: as far as margins reach, or much further."""
        rng, price = self.rng, self.world.price[number]
        if rng.random() < 0.2:
            return int(price * rng.choice((0.5, 0.8, 1.25, 2)))
        far = self.configs[number].imr_bps / BPS * rng.choice(JUMPS) * rng.uniform(0.8, 1.2)
        return int(price * max(0.2, 1 + (side or rng.choice((1, -1))) * far))

    def steps(self, count: int) -> list[Step]:
        return [self.step() for _ in range(count)]

    def step(self) -> Step:
        number = self.rng.randrange(self.count)
        weights = self._weights if self.moved or self.targets[number] else self._calm_weights
        return self.rng.choices(self._kinds, weights)[0](number)

    # ---- amounts and names

    def who(self) -> str:
        return self.rng.choice(RING)

    def holder(self, number: int) -> str:
        """Mostly one of the ring with a position."""
        names = [name for market, name in self.holders if market == number]
        return self.rng.choice(names) if names and self.rng.random() < 0.9 else self.who()

    def notional(self) -> int:
        return int(UNIT * self.rng.choice((0.02, 0.1, 0.3, 1, 1, 3, 10)) * self.rng.uniform(0.5, 1.5)) * WAD

    def size(self, number: int, notional: int) -> int:
        return notional * WAD // self.world.price[number]

    def push(self, number: int) -> int:
        """A size that moves the venue by so much of the price."""
        far = self.rng.choice((0.0005, 0.002, 0.005, 0.01, 0.02, 0.05)) * self.rng.uniform(0.5, 1.5)
        # dx = L / sqrt P x dP / 2P, with L Q0 and P WAD
        return max(1, int(self.depth[number] * far / 2 / (self.world.price[number] / WAD) ** 0.5))

    def margin(self, number: int, who: str, notional: int, often: tuple[float, ...] = (1.02, 1.02, 1.3, 3, 0.9)) -> int:
        if self.cross[who] >> number & 1:
            return 0
        config = self.configs[number]
        fees = (config.trading_fee_bps + config.protocol_fee_bps) / BPS
        return int(notional * (config.imr_bps / BPS + fees) * self.rng.choice(often)) + 1

    def target(self, number: int) -> str:
        """Somebody to liquidate."""
        chance = self.rng.random()
        if self.targets[number] and chance < 0.7:
            return self.rng.choice(self.targets[number])
        held = [name for market, name in self.sides if market == number]
        return self.rng.choice(held) if held and chance < 0.85 else self.who()

    def tokens(self, amount: int) -> int:
        return int(self.world.system.to_tokens(amount))

    # ---- steps

    def trade(self, number: int) -> Step:
        who = self.who()
        notional = self.notional()
        size = self.push(number) if self.rng.random() < 0.4 else self.size(number, notional)
        notional = size * self.world.price[number] // WAD
        if self.rng.random() < 0.03:
            size = self.rng.choice((1, 7, 10**9))
        margin = self.margin(number, who, notional)
        self.holders.append((number, who))
        return {"do": "trade", "who": who, "market": number, "size": size * self.rng.choice((1, -1)), "margin": margin}

    def close(self, number: int) -> Step:
        who = self.holder(number)
        part = share("position", who, self.rng.choice(SHARES), True, number)
        return {"do": "trade", "who": who, "market": number, "size": part, "margin": 0}

    def adjust(self, number: int) -> Step:
        who, rng = self.holder(number), self.rng
        kind = rng.choice(("margin", "margin", "value", "free", "dust"))
        if kind == "dust":
            delta: int | Step = rng.choice((1, -1))
        else:
            delta = share(kind, who, rng.choice((500, 250, 9_000, 5_000, 1)), kind == "margin", number)
        return {"do": "adjust", "who": who, "market": number, "delta": delta}

    def add_range(self, number: int) -> Step:
        who, rng = self.who(), self.rng
        around = tick_of(self.world.price[number])
        lower = around - rng.choice((0, 1, 4, 20, 100)) * SPACING
        upper = around + rng.choice((1, 2, 4, 20, 100)) * SPACING
        self.made.append((number, who, lower, upper))
        return {
            "do": "add_range",
            "who": who,
            "market": number,
            "lower": lower,
            "upper": upper,
            "margin": self.notional(),
        }

    def remove_range(self, number: int) -> Step:
        keys = self.made if self.made and self.rng.random() < 0.8 else self.world.foreign
        if not keys:
            return self.add_range(number)
        market, name, lower, upper = self.rng.choice(keys)
        who = name if name in RING and self.rng.random() < 0.8 else self.who()
        return {"do": "remove_range", "who": who, "market": market, "target": name, "lower": lower, "upper": upper}

    def part(self, number: int, target: str) -> int | Step:
        """How much of somebody's position, unsigned."""
        rng, held = self.rng, self.sides.get((number, target))
        if rng.random() < 0.5:
            return ALL
        if held is None:
            return self.size(number, self.notional())
        bps = rng.choice((10_000, 5_000, 2_000, 100, 1))
        return share("position", target, bps, held < 0, number) if rng.random() < 0.9 else rng.choice((1, 7, 10**9))

    def takeover(self, number: int) -> Step:
        target, who = self.target(number), self.who()
        held = abs(self.sides.get((number, target), 0)) or self.size(number, self.notional())
        margin = self.margin(number, who, held * self.world.price[number] // WAD, (0, 0.5, 1.02, 1.02, 2))
        if self.rng.random() < 0.2:
            margin = 0
        place = {"market": number, "who": who, "target": target}
        return {"do": "takeover", "size": self.part(number, target), "margin": margin} | place

    def force_close(self, number: int) -> Step:
        target = self.target(number)
        return {
            "do": "force_close",
            "market": number,
            "who": self.who(),
            "target": target,
            "size": self.part(number, target),
        }

    def backstop(self, number: int) -> Step:
        return {"do": "backstop", "market": number, "who": self.who(), "target": self.target(number)}

    def adl(self, number: int) -> Step:
        return {"do": "adl", "market": number, "who": self.who(), "target": self.target(number)}

    def account(self, number: int) -> Step:
        who, rng = self.who(), self.rng
        choices: list[Step] = [
            {"do": "deposit", "tokens": self.tokens(self.notional())},
            {"do": "withdraw", "tokens": share("tokens", who, rng.choice(SHARES))},
            {"do": "mode", "cross": rng.random() < 0.7},
            {"do": "operator", "target": self.who(), "approved": True},
            {"do": "deposit_for", "tokens": self.tokens(self.notional()), "target": rng.choice((*RING, VAULT))},
        ]
        if rng.random() < 0.2:
            size: int | Step = self.push(number) * rng.choice((1, -1))
            if rng.random() < 0.5:
                size = share("position", "tom", rng.choice(SHARES), True, number)
            return {
                "do": "trade_for",
                "who": "ken",
                "market": number,
                "size": size,
                "target": rng.choice(("tom", "liv")),
            }
        return rng.choice(choices) | {"who": who, "market": number}

    def upkeep(self, number: int) -> Step:
        who, rng = self.who(), self.rng
        choices: list[Step] = [
            {"do": "settle", "target": self.target(number)},
            {"do": "claim", "target": rng.choice((*RING, *OUTSIDERS))},
            {"do": "donate", "amount": rng.choice((1, self.notional() // 50))},
            {"do": "collect"},
            {"do": "sync"},
            {"do": "accrue"},
            {"do": "call_margin", "targets": [self.target(number), self.who()]},
            {"do": "send_tokens", "to": rng.choice((VAULT, "tom")), "tokens": self.tokens(self.notional())},
        ]
        return rng.choice(choices) | {"who": who, "market": number}

    def settle(self, number: int) -> Step:
        names = [name for market, name in self.sides if market == number] or [self.who()]
        choices: list[Step] = [
            {"do": "settle_account", "target": self.rng.choice(names)},
            {"do": "settle_account", "target": self.who()},
            {"do": "claim", "target": self.who()},
        ]
        step = self.rng.choice(choices) | {"who": self.who(), "market": number}
        return self.remove_range(number) if self.rng.random() < 0.3 else step

    def vault(self, number: int) -> Step:
        who, rng = self.rng.choice(("vic", "vic", "ken")), self.rng
        coming = "request_deposit" if self.settings.terms.deposit_delay else "vault_deposit"
        tokens, part = self.tokens(self.notional()), rng.choice(SHARES)
        choices: list[Step] = [
            {"do": coming, "tokens": rng.choice((1, tokens)), "target": who},
            {"do": "vault_deposit", "tokens": tokens, "target": who},
            {"do": "request_redeem", "shares": share("shares", who, part)},
            {"do": "redeem", "shares": share("redeemable", who, part)},
            {"do": "redeem", "shares": share("shares", who, part)},
            {"do": "redeem_available"},
            {"do": "cancel_deposit", "tokens": ALL},
            {"do": "cancel_redeem", "shares": ALL},
            {"do": "send_shares", "target": rng.choice(("tia", "ken")), "shares": share("shares", who, part)},
            {"do": "unwind", "size": rng.choice((ALL, self.push(number)))},
            {"do": "unwind", "size": share("position", VAULT, part, self.sides.get((number, VAULT), 0) < 0, number)},
            {"do": "release"},
            {"do": "vault_claim"},
            {"do": "vault_settle"},
        ]
        return rng.choice(choices) | {"who": who, "market": number}
