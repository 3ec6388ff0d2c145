"""Directed sequences: one method an idea. docs/security.md names the attacks that they come from."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from nacre.fuzz.free_money.settings import VAULT
from nacre.fuzz.free_money.steps import ALL, Step, share
from nacre.fuzz.free_money.world import Phase
from nacre.fuzz.system.choices import tick_of
from nacre.model.ticks import SPACING
from nacre.units import WAD

if TYPE_CHECKING:
    from nacre.fuzz.free_money.draws import Draws


class Ideas:
    """Each draws its numbers from the dice of the world's draws."""

    def __init__(self, draws: "Draws"):
        self.d, self.rng = draws, draws.rng
        self.all: list[Callable[[int], list[Phase]]] = [
            self.sandwich_of_a_force_close,
            self.takeover_of_oneself,
            self.range_around_a_loss,
            self.dust,
            self.vault_donation,
            self.deleveraging_of_oneself,
            self.top_up_and_chunks,
            self.settlement,
            self.hedged_jump,
            self.vault_around_a_loss,
            self.tips,
            self.sandwich_of_an_unwinding,
            self.wash,
        ]

    def draw(self) -> list[Phase]:
        return self.rng.choice(self.all)(self.rng.randrange(self.d.count))

    # ---- pieces

    def open(self, who: str, number: int, size: int) -> Step:
        notional = abs(size) * self.d.world.price[number] // WAD
        margin = self.d.margin(number, who, notional, (1.05, 1.3, 3))
        return {"do": "trade", "who": who, "market": number, "size": size, "margin": margin}

    def close(self, who: str, number: int, bps: int = 10_000) -> Step:
        part = share("position", who, bps, True, number)
        return {"do": "trade", "who": who, "market": number, "size": part, "margin": 0}

    def range(self, who: str, number: int) -> tuple[Step, Step]:
        """Added and removed."""
        around = tick_of(self.d.world.price[number])
        near = self.rng.choice((1, 4, 20, 100)) * SPACING
        place = {"who": who, "market": number, "lower": around - near, "upper": around + near}
        self.d.made.append((number, who, around - near, around + near))
        return {"do": "add_range", "margin": self.d.notional()} | place, {"do": "remove_range", "target": who} | place

    def liquidate(self, who: str, number: int, target: str) -> Step:
        """In one of the ways there are."""
        place = {"who": who, "market": number, "target": target}
        way = self.rng.choice(("takeover", "force_close", "force_close", "backstop", "adl"))
        if way == "takeover":
            held = abs(self.d.sides.get((number, target), 0)) or self.d.size(number, self.d.notional())
            margin = self.d.margin(number, who, held * self.d.world.price[number] // WAD)
            return {"do": way, "size": self.d.part(number, target), "margin": margin} | place
        if way == "force_close":
            return {"do": way, "size": self.d.part(number, target)} | place
        return {"do": way} | place

    def out(self, who: str) -> Step:
        return {"do": "withdraw", "who": who, "market": 0, "tokens": share("tokens", who)}

    # ---- ideas

    def sandwich_of_a_force_close(self, number: int) -> list[Phase]:
        """Push the venue, have somebody closed there, trade back."""
        size = self.d.push(number) * self.rng.choice((1, -1))
        target = self.d.target(number)
        close: Step = {"do": "force_close", "who": "ken", "market": number, "target": target, "size": ALL}
        return [Phase([self.open("tom", number, size), close, self.close("tom", number)])]

    def takeover_of_oneself(self, number: int) -> list[Phase]:
        """Lose on one account, take that over with another."""
        side = self.rng.choice((1, -1))
        size = self.d.size(number, self.d.notional())
        first = [self.open("tom", number, side * size), self.open("tia", number, -side * size)]
        notional = size * self.d.world.price[number] // WAD
        margin = self.d.margin(number, "ken", notional)
        place = {"who": "ken", "market": number, "target": "tom"}
        take: Step = {"do": "takeover", "size": self.rng.choice((ALL, size // 2)), "margin": margin} | place
        after = [take, self.close("ken", number), self.close("tia", number)]
        jump = self.d.next_phase(after, True)
        if self.rng.random() < 0.8:
            jump.prices = {number: self.d.jumped(number, -side)}
        return [Phase(first), jump]

    def range_around_a_loss(self, number: int) -> list[Phase]:
        """A range that comes after a loss or leaves before it, and one that comes to earn from a liquidation."""
        add, remove = self.range("liv", number)
        loss = self.liquidate("ken", number, self.d.target(number))
        order = self.rng.choice(([add, loss, remove], [loss, add, remove], [add, remove, loss], [remove, loss, add]))
        if self.rng.random() < 0.4:
            order.insert(
                self.rng.randint(0, 3), self.open("tom", number, self.d.push(number) * self.rng.choice((1, -1)))
            )
            order.append(self.close("tom", number))
        return [Phase(order)]

    def dust(self, number: int) -> list[Phase]:
        """Many small pieces, each of which is rounded."""
        rng, target = self.rng, self.d.target(number)
        held = self.d.sides.get((number, target), 1)
        kind = rng.choice(("takeover", "force_close", "trade", "settle"))
        steps: list[Step] = []
        if kind == "trade":
            steps.append(self.open("tom", number, self.d.size(number, self.d.notional()) * rng.choice((1, -1))))
        for _ in range(rng.randint(2, 7)):
            piece = rng.choice((1, 3, 10**6, share("position", target, rng.choice((1, 7, 3_333)), held < 0, number)))
            place: Step = {"who": "ken", "market": number, "target": target}
            if kind == "takeover":
                steps.append(
                    {"do": kind, "size": piece, "margin": self.d.margin(number, "ken", self.d.notional())} | place
                )
            elif kind == "force_close":
                steps.append({"do": kind, "size": piece} | place)
            elif kind == "trade":
                steps.append(self.close("tom", number, rng.choice((1, 3, 3_333))))
            else:
                steps.append({"do": kind} | place)
        return [Phase([*steps, self.close("ken", number), self.close("tom", number)])]

    def vault_donation(self, number: int) -> list[Phase]:
        """Raise or lower the price of a share between coming and going."""
        rng, terms = self.rng, self.d.settings.terms
        tokens = self.d.tokens(self.d.notional())
        come: Step = {"do": "vault_deposit", "who": "vic", "tokens": rng.choice((1, tokens)), "target": "vic"}
        gift: Step = rng.choice(
            (
                {"do": "deposit_for", "who": "ken", "tokens": tokens, "target": VAULT},
                {"do": "send_tokens", "who": "ken", "tokens": tokens, "to": VAULT},
            )
        )
        go: Step = {"do": "redeem", "who": "vic", "shares": share("shares", "vic"), "target": "vic"}
        steps = [come, gift, {"do": "vault_deposit", "who": "ken", "tokens": tokens, "target": "ken"}, go]
        if not terms.deposit_delay and not terms.lock_up:
            return [Phase(steps)]
        ask: Step = {"do": "request_deposit", "who": "vic", "tokens": come["tokens"], "target": "vic"}
        leave: Step = {"do": "request_redeem", "who": "vic", "shares": share("shares", "vic")}
        last: Step = {"do": "redeem_available", "who": "vic"}
        if not terms.deposit_delay:
            return [Phase([come, gift, leave]), Phase([last], terms.lock_up)]
        if not terms.lock_up:
            return [Phase([ask]), Phase([come, gift, go], terms.deposit_delay)]
        return [Phase([ask]), Phase([come, gift, leave], terms.deposit_delay), Phase([last], terms.lock_up)]

    def deleveraging_of_oneself(self, number: int) -> list[Phase]:
        """Be bankrupt on one side, and first in the queue on the other."""
        side, size = self.rng.choice((1, -1)), self.d.size(number, self.d.notional())
        first = [self.open("tom", number, side * size), self.open("tia", number, -side * size)]
        steps: list[Step] = [
            {"do": "adl", "who": "ken", "market": number, "target": "tom"},
            self.close("tia", number),
            self.out("tia"),
        ]
        jump = self.d.next_phase(steps, True)
        jump.prices = {number: self.d.jumped(number, -side)}
        return [Phase(first), jump]

    def top_up_and_chunks(self, number: int) -> list[Phase]:
        """Move margin around between the chunks of a liquidation."""
        rng, target = self.rng, self.d.target(number)
        close: Step = {"do": "force_close", "who": "ken", "market": number, "target": target, "size": ALL}
        more: Step = {
            "do": "adjust",
            "who": "tom",
            "market": number,
            "delta": share("value", "tom", 500, False, number),
        }
        less: Step = {
            "do": "adjust",
            "who": "tom",
            "market": number,
            "delta": share("margin", "tom", 3_000, True, number),
        }
        call: Step = {"do": "call_margin", "who": "ken", "market": number, "targets": [target, "tom"]}
        wait = max(1, self.d.configs[number].cooldown_seconds + rng.choice((-1, 0, 1)))
        return [Phase([call, close, rng.choice((more, less))]), Phase([close, rng.choice((more, less)), call], wait)]

    def settlement(self, number: int) -> list[Phase]:
        """Settle in the order that suits; claim before others."""
        steps = [self.d.settle(number) for _ in range(self.rng.randint(2, 6))]
        if self.rng.random() < 0.5:
            steps.insert(0, {"do": "settle_dead", "who": "ken", "market": number})
        if self.rng.random() < 0.5:
            gift = self.d.notional() // 20
            steps.insert(self.rng.randint(0, 2), {"do": "donate", "who": "ken", "market": number, "amount": gift})
        return [Phase(steps)] if self.rng.random() < 0.7 else [Phase(steps[:1]), Phase(steps[1:], 3_601)]

    def hedged_jump(self, number: int) -> list[Phase]:
        """The winner leaves, the loser's deficit stays with others."""
        side, size = self.rng.choice((1, -1)), self.d.size(number, self.d.notional() * self.rng.choice((1, 3)))
        first = [self.open("tom", number, side * size), self.open("tia", number, -side * size)]
        then = [
            self.close("tia", number),
            self.out("tia"),
            self.liquidate("ken", number, "tom"),
            self.close("ken", number),
        ]
        self.rng.shuffle(then)
        jump = self.d.next_phase(then, True)
        jump.prices = {number: self.d.jumped(number, -side)}
        return [Phase(first), jump]

    def vault_around_a_loss(self, number: int) -> list[Phase]:
        """Leave the vault ahead of a loss, or come after it."""
        terms = self.d.settings.terms
        going: Step = {"do": "request_redeem", "who": "vic", "market": number, "shares": share("shares", "vic")}
        go: Step = {"do": "redeem_available", "who": "vic", "market": number}
        if not terms.lock_up:
            going = {
                "do": "redeem",
                "who": "vic",
                "market": number,
                "shares": share("shares", "vic", 5_000),
                "target": "vic",
            }
        take: Step = {"do": "backstop", "who": "ken", "market": number, "target": self.d.target(number)}
        unwind: Step = {"do": "unwind", "who": "ken", "market": number, "size": ALL}
        jump = self.d.next_phase([take, unwind, go])
        jump.after = self.rng.choice((1, terms.lock_up or 1))
        return [Phase(self.rng.choice(([going, take], [take, going], [going]))), jump]

    def tips(self, number: int) -> list[Phase]:
        """Push the venue out of somebody's range, remove it for the tip, trade back."""
        keys = [key for key in self.d.world.foreign if key[0] == number] or self.d.world.own
        size = self.d.push(number) * self.rng.choice((1, 3)) * self.rng.choice((1, -1))
        steps: list[Step] = [self.open("tom", number, size)]
        for _, name, lower, upper in keys[:2]:
            place: Step = {"lower": lower, "upper": upper, "market": number}
            steps.append({"do": "remove_range", "who": "ken", "target": name} | place)
        return [Phase([*steps, self.close("tom", number)])]

    def sandwich_of_an_unwinding(self, number: int) -> list[Phase]:
        """Push the venue, have the vault trade there, trade back."""
        size = self.d.push(number) * self.rng.choice((1, -1))
        unwind: Step = {"do": "unwind", "who": "ken", "market": number, "size": self.rng.choice((ALL, abs(size)))}
        steps = [self.open("tom", number, size), unwind, self.close("tom", number)]
        if self.rng.random() < 0.5:
            steps.insert(0, {"do": "backstop", "who": "ken", "market": number, "target": self.d.target(number)})
        return [Phase(steps)]

    def wash(self, number: int) -> list[Phase]:
        """Trade back and forth against a range of one's own, in the middle of the others'."""
        add, remove = self.range("liv", number)
        size = self.d.push(number) * self.rng.choice((1, -1))
        steps = [add, self.open("tom", number, size), self.open("tia", number, -size), remove]
        self.rng.shuffle(steps)
        steps += [self.close("tom", number), self.close("tia", number)]
        return [Phase(steps)]
