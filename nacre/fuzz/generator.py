"""Chooses the next action at random, from what the model looks like at this moment.

An action is a plain dictionary of literals ("do" names it), so that a trace can be stored, replayed and cut.
"""

import random
from dataclasses import asdict
from typing import Any

from nacre.fuzz.settings import ACCOUNTS, KEEPER, PROVIDER, Settings, draw_market
from nacre.model import World
from nacre.model import ticks as tick_math
from nacre.model.engine import stage_of
from nacre.model.market import Market
from nacre.model.oracle import HIGHEST_PRICE, LOWEST_PRICE, is_sane
from nacre.model.positions import initial_margin, notional
from nacre.model.stages import Stage
from nacre.units import MAX_UINT256, WAD

Action = dict[str, Any]

WEIGHTS = {
    "deposit": 6,
    "withdraw": 6,
    "trade": 26,
    "adjust_margin": 8,
    "takeover": 10,
    "force_close": 10,
    "add_liquidity": 6,
    "remove_liquidity": 5,
    "price": 14,
    "wait": 6,
    "donate_insurance": 1,
    "claim": 1,
    "settle": 3,
    "accrue": 2,
    "call_margin": 3,
    "arbitrage": 10,
    "collect_protocol_fees": 1,
    "status": 1,
    "operator": 1,
    "sync": 1,
    "odd": 2,
    "set_params": 1,
}


class Generator:
    """Draws actions; the same seed and the same model history give the same actions."""

    def __init__(self, settings: Settings, world: World) -> None:
        self.settings = settings
        self.world = world
        self.rng = random.Random(f"actions {settings.seed} {settings.policy} {settings.decimals}")
        self.kinds = list(WEIGHTS)
        self.weights = list(WEIGHTS.values())
        self.home = [settings.price] * len(settings.markets)
        # Some campaigns have little liquidity against the positions, so that pots run short.
        self.depth = self.rng.choice((30, 8, 3, 1))

    def setup(self) -> list[Action]:
        """Everybody has money, and each market a deep provider."""
        unit = self.settings.unit
        actions: list[Action] = [
            {"do": "deposit", "who": who, "amount": self._tokens(unit * 4)} for who in (*ACCOUNTS, KEEPER)
        ]
        actions.append({"do": "deposit", "who": PROVIDER, "amount": self._tokens(unit * 100)})
        for number, market in enumerate(self.world.house.markets):
            tick = tick_math.tick_at(tick_math.sqrt_of_price(market.oracle.price))
            lower, upper = tick_math.align_down(tick - 12_000), tick_math.align_up(tick + 12_000)
            place = {"market": number, "who": PROVIDER, "lower": lower, "upper": upper}
            actions.append({"do": "add_liquidity", "margin": unit * self.depth} | place)
        return actions

    def draw(self, rng: random.Random | None = None, kind: str | None = None) -> Action:
        """The next action; another source of randomness, or the kind of action, may be given."""
        self.rng = rng or self.rng
        asked, kind = kind, kind or self.rng.choices(self.kinds, self.weights)[0]
        number = self.rng.choices((0, 1), (3, 1))[0]
        market = self.world.market(number)
        if not is_sane(market.oracle.price) or market.oracle.updated_at > self.world.house.now:
            kind = "price" if self.rng.random() < 0.5 else "deposit"
        elif asked is None and self.rng.random() < 0.3:
            kind = self._needed(market) or kind
        action: Action = getattr(self, f"_{kind}")(number, market)
        # Most actions come a second after the last; some in the same block.
        if action["do"] != "wait":
            action["after"] = self.rng.choice((0, 1, 1, 1, 13))
        return action

    def _needed(self, market: Market) -> str | None:
        """What a market needs to be interesting."""
        choice = self.rng.random()
        if (market.reduce_only or market.paused) and choice < 0.7:
            return "status"
        if not market.venue.liquidity and choice < 0.7:
            return "refill"
        if market.owed and choice < 0.3:
            return "claim"
        stages = (stage_of(market, held, market.oracle.price) for held in market.positions.values())
        if any(stage >= Stage.LIQUIDATABLE for stage in stages):
            return self.rng.choice(("takeover", "force_close", "call_margin", "wait_resort", "exit", "arbitrage"))
        return None

    # ---- helpers

    def _who(self) -> str:
        return self.rng.choice(ACCOUNTS)

    def _operated(self, action: Action) -> Action:
        if self.rng.random() < 0.05:
            action["sender"] = self._who()
        return action

    def _tokens(self, amount: int) -> int:
        return max(1, amount // self.world.house.scale)

    def _holder(self, market: Market) -> str:
        holders = sorted(market.positions)
        return self.rng.choice(holders) if holders and self.rng.random() < 0.85 else self._who()

    def _weakest(self, market: Market) -> str:
        """Mostly whoever is nearest to bankruptcy."""
        if not market.positions or self.rng.random() < 0.08:
            return self._who()
        price = market.oracle.price

        def ratio(name: str) -> float:
            held = market.positions[name]
            return market.equity(held, price) / (notional(held.size, price) or 1)

        ranked = sorted(market.positions, key=ratio)
        return ranked[0] if self.rng.random() < 0.7 else self.rng.choice(ranked)

    def _scaled(self, amount: int) -> int:
        """Around `amount`, over a few orders of magnitude."""
        return int(amount * self.rng.choice((0.01, 0.1, 0.3, 0.5, 1, 1, 1.7, 3, 8)) * self.rng.uniform(0.5, 1.5))

    # ---- accounts

    def _deposit(self, number: int, market: Market) -> Action:
        amount = self._tokens(self._scaled(self.settings.unit * 3))
        if self.rng.random() < 0.03:
            amount = 0
        return {"do": "deposit", "who": self._who(), "amount": amount}

    def _withdraw(self, number: int, market: Market) -> Action:
        who = self._who()
        free = self.world.house.free_of(who) // self.world.house.scale
        amount = self.rng.choice((free, free // 2, free + 1, free // 10, 0))
        return self._operated({"do": "withdraw", "who": who, "amount": amount})

    def _operator(self, number: int, market: Market) -> Action:
        return {"do": "set_operator", "who": self._who(), "operator": self._who(), "approved": self.rng.random() < 0.6}

    # ---- trading

    def _trade(self, number: int, market: Market) -> Action:
        who = self._holder(market) if self.rng.random() < 0.6 else self._who()
        held = market.position_of(who)
        price, p = market.oracle.price, market.parameters
        typical = max(1, self._scaled(self.settings.unit) * WAD // price)
        size = typical * self.rng.choice((1, -1))
        if held.size:
            choice = self.rng.random()
            if choice < 0.35:
                size = -held.size
            elif choice < 0.6:
                size = -int(held.size * self.rng.uniform(0, 1))
            elif choice < 0.7:
                size = -held.size - (1 if held.size > 0 else -1) * typical
            elif choice < 0.75:
                size = self.rng.choice((0, 1, -1, 10**6))
        if self.rng.random() < 0.04:
            size = self._to_edge(market)
        needed = initial_margin(held.size + size, price, p) - min(0, held.balance)
        margin = self.rng.choice(
            (needed, int(needed * 1.05), int(needed * 1.2), needed * 2, needed // 2, 0, -held.balance // 2)
        )
        if margin > 0 and self.rng.random() < 0.5:
            margin = min(margin, self.world.house.free_of(who))
        if held.size * size < 0 and self.rng.random() < 0.7:
            margin = 0
        limit = 0
        if self.rng.random() < 0.1:
            limit = int(price * self.rng.uniform(0.97, 1.03))
        deadline = self.world.house.now + self.rng.choice((14, 20, 100, -1)) if self.rng.random() < 0.08 else 0
        action = {"do": "trade", "market": number, "who": who, "size": size, "margin": margin}
        return self._operated(action | {"limit": limit, "deadline": deadline})

    def _to_edge(self, market: Market) -> int:
        """Exactly as much as ends on the next edge or two, give or take a wei."""
        venue, upward, size = market.venue.copy(), self.rng.random() < 0.5, 0
        for _ in range(self.rng.choice((1, 1, 2))):
            tick = venue.next_tick(upward)
            if tick is None:
                break
            edge = tick_math.sqrt_price_at(tick)
            low, high = min(edge, venue.sqrt_price), max(edge, venue.sqrt_price)
            size += tick_math.base_between(venue.liquidity, low, high, round_up=not upward)
            net = venue.ticks[tick].net
            venue.sqrt_price, venue.liquidity = edge, venue.liquidity + (net if upward else -net)
            venue.tick = tick if upward else tick - 1
        return (size + self.rng.choice((0, 0, 0, 1, -1))) * (1 if upward else -1)

    def _exit(self, number: int, market: Market) -> Action:
        """Whoever gained most closes, before the losers are liquidated."""
        price = market.oracle.price
        who = max(sorted(market.positions), key=lambda name: market.equity(market.positions[name], price))
        size = -int(market.positions[who].size * self.rng.choice((1, 1, 0.5, 0.2)))
        return {"do": "trade", "market": number, "who": who, "size": size, "margin": 0, "limit": 0, "deadline": 0}

    def _arbitrage(self, number: int, market: Market) -> Action:
        """Brings the venue back toward mark."""
        venue, price = market.venue, market.oracle.price
        mid, who = venue.mid(), self._who()
        target = tick_math.sqrt_of_price(price)
        low, high = min(target, venue.sqrt_price), max(target, venue.sqrt_price)
        size = tick_math.base_between(venue.liquidity, low, high, round_up=False) if mid and low < high else 1
        size = int(size * self.rng.uniform(0.5, 1.1)) * (1 if mid < price else -1)
        held = market.position_of(who)
        margin = int(initial_margin(held.size + size, price, market.parameters) * 1.3)
        return {"do": "trade", "market": number, "who": who, "size": size, "margin": margin, "limit": 0, "deadline": 0}

    def _adjust_margin(self, number: int, market: Market) -> Action:
        who = self._holder(market)
        held, price = market.position_of(who), market.oracle.price
        margin = initial_margin(held.size, price, market.parameters)
        spare = market.equity(held, price) - margin
        delta = self.rng.choice((margin // 3, margin, -spare, -spare - 1, -spare // 2, -held.balance, spare, 0))
        return self._operated({"do": "adjust_margin", "market": number, "who": who, "delta": delta})

    # ---- liquidation

    def _part(self, amount: int) -> int:
        choices = (MAX_UINT256, MAX_UINT256, amount, amount // 2, int(amount * self.rng.uniform(0, 1)), amount + 1)
        if self.rng.random() < 0.05:
            return self.rng.choice((0, 1, amount - 1 if amount else 0))
        return self.rng.choice(choices)

    def _takeover(self, number: int, market: Market) -> Action:
        target = self._weakest(market)
        held, price = market.position_of(target), market.oracle.price
        size = self._part(held.amount)
        part = min(size, held.amount)
        margin = initial_margin(part, price, market.parameters)
        margin = self.rng.choice((0, margin, int(margin * 1.1), margin // 2, margin * 2))
        who = KEEPER if self.rng.random() < 0.3 else self._who()
        return {"do": "takeover", "market": number, "who": who, "target": target, "size": size, "margin": margin}

    def _force_close(self, number: int, market: Market) -> Action:
        target = self._weakest(market)
        limit = int(market.oracle.price * self.rng.uniform(0.95, 1.05)) if self.rng.random() < 0.1 else 0
        who = KEEPER if self.rng.random() < 0.5 else self._who()
        size = self._part(market.position_of(target).amount)
        return {"do": "force_close", "market": number, "who": who, "target": target, "size": size, "limit": limit}

    def _call_margin(self, number: int, market: Market) -> Action:
        accounts = self.rng.sample(ACCOUNTS, self.rng.randint(1, 4))
        return {"do": "call_margin", "market": number, "who": KEEPER, "accounts": accounts}

    # ---- liquidity

    def _add_liquidity(self, number: int, market: Market) -> Action:
        tick = market.venue.tick
        if not market.venue.liquidity:
            tick = tick_math.tick_at(tick_math.sqrt_of_price(market.oracle.price))
        below, above = (self.rng.choice((30, 100, 500, 2000, 8000)) for _ in range(2))
        lower, upper = tick_math.align_down(tick - below), tick_math.align_up(tick + above)
        choice = self.rng.random()
        if choice < 0.03:
            lower, upper = upper, lower
        elif choice < 0.06:
            lower += 1
        elif choice < 0.09:
            lower, upper = upper, upper + 100
        who = PROVIDER if self.rng.random() < 0.3 else self._who()
        margin = self._scaled(self.settings.unit * 4)
        if self.rng.random() < 0.7:
            margin = min(margin, self.world.house.free_of(who))
        action = {"do": "add_liquidity", "market": number, "who": who, "lower": lower, "upper": upper}
        return action | {"margin": margin}

    def _refill(self, number: int, market: Market) -> Action:
        """The provider comes back with new money."""
        if self.world.house.free_of(PROVIDER) < self.settings.unit * 10:
            return {"do": "deposit", "who": PROVIDER, "amount": self._tokens(self.settings.unit * 50)}
        tick = tick_math.tick_at(tick_math.sqrt_of_price(market.oracle.price))
        lower, upper = tick_math.align_down(tick - 5000), tick_math.align_up(tick + 5000)
        place = {"market": number, "who": PROVIDER, "lower": lower, "upper": upper}
        return {"do": "add_liquidity", "margin": self.settings.unit * min(self.depth, 10)} | place

    def _remove_liquidity(self, number: int, market: Market) -> Action:
        keys = sorted(market.venue.ranges)
        if not keys or self.rng.random() < 0.03:
            return {"do": "remove_liquidity", "market": number, "who": self._who(), "lower": -50, "upper": 50}
        who, lower, upper = self.rng.choice(keys)
        if who == PROVIDER and self.rng.random() < 0.8:
            who, lower, upper = self.rng.choice(keys)
        action = {"do": "remove_liquidity", "market": number, "who": who, "lower": lower, "upper": upper}
        if self.rng.random() < 0.6:
            action["sender"] = KEEPER
        return action

    # ---- the world

    def _price(self, number: int, market: Market) -> Action:
        price, choice = market.oracle.price, self.rng.random()
        if not is_sane(price):
            return {"do": "price", "market": number, "to": self.settings.price}
        if choice < 0.1 and market.venue.liquidity and self.rng.random() < 0.5:
            # Back to the venue, so that it takes liquidity again.
            mid = market.venue.mid()
            return {"do": "price", "market": number, "to": min(max(mid, LOWEST_PRICE), HIGHEST_PRICE)}
        if choice < 0.65:
            new = int(price * self.rng.uniform(0.98, 1.02))
        elif choice < 0.88:
            new = int(price * self.rng.uniform(0.9, 1.11))
        elif choice < 0.98:
            new = int(price * self.rng.choice((0.5, 0.7, 0.8, 1.3, 1.6)))
        else:
            new = self.home[number]
        return {"do": "price", "market": number, "to": min(max(new, LOWEST_PRICE), HIGHEST_PRICE)}

    def _odd(self, number: int, market: Market) -> Action:
        """What must be refused, or must not stop anything: bad prices and times, sizes and numbers out of bounds."""
        now, price, who = self.world.house.now, market.oracle.price, self._who()
        trade = {"do": "trade", "market": number, "who": who, "size": WAD, "margin": 0, "limit": 0, "deadline": 0}
        choices: list[Action] = [
            {"do": "price_at", "market": number, "to": price, "at": now + self.rng.choice((0, 1, 100))},
            {"do": "price_at", "market": number, "to": price, "at": now - market.parameters.oracle_max_age},
            {"do": "price_at", "market": number, "to": price, "at": now - market.parameters.oracle_max_age - 20},
            {"do": "price_at", "market": number, "to": self.rng.choice((0, 1, HIGHEST_PRICE + 1)), "at": now},
            {"do": "wait", "seconds": market.parameters.oracle_max_age + 1, "stale": True},
            trade | {"market": len(self.settings.markets)},
            trade | {"size": self.rng.choice((10**27 + 1, -(10**27) - 1, 2**255 - 1))},
            trade | {"margin": self.rng.choice((2**104, -(2**104)))},
            {"do": "adjust_margin", "market": number, "who": who, "delta": self.rng.choice((2**104, -(2**104)))},
            {"do": "deposit", "who": who, "amount": self.rng.choice((10**30 + 1, 2**255))},
            {"do": "accrue", "market": len(self.settings.markets), "who": KEEPER},
        ]
        return self.rng.choice(choices)

    def _set_params(self, number: int, market: Market) -> Action:
        """Parameters as another campaign might have, but for the oracle's own."""
        drawn = asdict(draw_market(self.rng, self.settings.policy, self.settings.unit))
        drawn.pop("push_jump_bps")
        # Heartbeats are the oracle's, fixed at deployment.
        drawn["oracle_max_age"] = market.parameters.oracle_max_age
        return {"do": "set_params", "market": number, "fields": drawn | {"penalty": list(drawn["penalty"])}}

    def _wait_resort(self, number: int, market: Market) -> Action:
        """As long as it takes until a margin call opens the last resort, or nearly."""
        delay = market.policy.last_resort_seconds or 60
        return {"do": "wait", "seconds": max(1, int(delay * self.rng.choice((0.3, 1, 1, 2))) + self.rng.randint(-1, 1))}

    def _sync(self, number: int, market: Market) -> Action:
        return {"do": "sync", "market": number, "who": KEEPER}

    def _wait(self, number: int, market: Market) -> Action:
        return {"do": "wait", "seconds": self.rng.choice((1, 10, 60, 200, 700, 3600, 20_000, 100_000))}

    def _donate_insurance(self, number: int, market: Market) -> Action:
        who = self._who()
        amount = self.rng.choice((self.world.house.free_of(who) // 10, self.settings.unit // 10, 0))
        return {"do": "donate_insurance", "market": number, "who": who, "amount": amount}

    def _claim(self, number: int, market: Market) -> Action:
        owed = sorted(market.owed)
        who = self.rng.choice(owed) if owed else self._who()
        return {"do": "claim", "market": number, "who": who}

    def _settle(self, number: int, market: Market) -> Action:
        return {"do": "settle", "market": number, "who": KEEPER, "target": self._holder(market)}

    def _accrue(self, number: int, market: Market) -> Action:
        return {"do": "accrue", "market": number, "who": KEEPER}

    def _collect_protocol_fees(self, number: int, market: Market) -> Action:
        return {"do": "collect_protocol_fees", "market": number, "who": KEEPER}

    def _status(self, number: int, market: Market) -> Action:
        field = self.rng.choice(("reduce_only", "paused"))
        if market.reduce_only or market.paused:
            field = "reduce_only" if market.reduce_only else "paused"
        on = not getattr(market, field) and self.rng.random() < 0.5
        return {"do": "status", "market": number, "field": field, "on": on}
