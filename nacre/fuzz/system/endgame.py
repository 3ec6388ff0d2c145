"""17.10: whatever has happened, permissionless calls bring every bankrupt account to zero; then every market is
settled, everybody is paid and leaves with everything."""

import random
from collections.abc import Callable
from typing import Any

from nacre.fuzz.invariants import ensure
from nacre.fuzz.system.ranking import deleveraging_order
from nacre.fuzz.system.settings import KEEPER, LAST_RESORT, NAMES, PEOPLE, TREASURY, UNIT, VAULT
from nacre.fuzz.system.walk import Failure, Walk
from nacre.fuzz.system.world import Action
from nacre.model.stages import Stage
from nacre.units import DAY, MAX_UINT256, RAY, WAD

# Who takes over when the keeper itself is bankrupt.
SECOND = "dan"
# Longer than any lock-up, delay or distribution.
LONG = 31 * DAY
# Shares that nobody holds and the vault counts, against inflation of the price of the first.
VIRTUAL = 10**6
# After which takeovers are open wherever there is a last resort.
OVERDUE = LAST_RESORT + 1
# Why a range that would end a losing leg of a cross account stays.
LEG_FIRST = "close leaves a deficit"
# Takeovers, removals and the rest until nobody is bankrupt: far more than there are positions.
ROUNDS = 200
# After so many of them the failing are called again: some became so meanwhile.
ROUNDS_A_CALL = 25


class Endgame:
    """Ends a walk. Everything it does goes through the walk, which checks each call."""

    def __init__(self, walk: Walk, seed: int):
        self.walk, self.world = walk, walk.world
        self.rng = random.Random(f"system end {seed}")
        self.kept = 0

    def run(self) -> None:
        """Rescue, settlement, payment, departure."""
        self._mend()
        self._rescue()
        self._settle()
        for number in range(len(self.world.markets)):
            self._pay(number)
        self._leave()
        self._check_left()

    # ---- steps

    def _try(self, action: Action) -> str | None:
        action.setdefault("after", 1)
        return self.walk.step(action)

    def _must(self, action: Action) -> None:
        reason = self._try(action)
        if reason is not None:
            raise Failure(f"10: {action['do']} refused: {reason!r} ({action})")

    def _mend(self) -> None:
        """Prices come back, in a block of their own: who could not be liquidated without one can be now."""
        self._must({"do": "wait"})
        self._must({"do": "wait"})
        self._must({"do": "withdrawal_limit", "limit": 0, "period": 3600})

    # ---- nobody stays bankrupt

    def _rescue(self) -> None:
        for name in (KEEPER, SECOND):
            self._must({"do": "deposit", "who": name, "tokens": 10**6 * UNIT * 10**self.world.settings.decimals})
        for number in range(ROUNDS):
            if number % ROUNDS_A_CALL == 0:
                self._call()
            if not self._remove_failing() and not self._rescue_one():
                return
        raise Failure(f"10: after {ROUNDS} liquidations somebody is bankrupt")

    def _call(self) -> None:
        """Opens the last resort against all who are failing by now: what deleveraging leaves can be taken over then."""
        for number in self._alive():
            self._must({"do": "call_margin", "market": number, "who": KEEPER, "accounts": list(NAMES)})
        self._must({"do": "wait", "after": OVERDUE})

    def _alive(self) -> list[int]:
        states = [self.world.state(number) for number in range(len(self.world.markets))]
        return [number for number, state in enumerate(states) if not state.final_price]

    def _remove_failing(self) -> bool:
        """One range that anybody may remove."""
        for number in self._alive():
            venue = self.world.markets[number].venue
            for name, lower, upper in sorted(self.world.ranges[number]):
                if venue.call("range_health", self.world.address[name], lower, upper)[3]:
                    place = {"market": number, "target": name, "lower": lower, "upper": upper, "after": 0}
                    action = {"do": "remove_range", "who": SECOND if name == KEEPER else KEEPER} | place
                    reason = self._try(action)
                    # The range would close a leg that others back: that goes first, in the end by settlement.
                    ensure(reason in (None, LEG_FIRST), f"10: remove_range refused: {reason!r} ({action})")
                    if reason is None:
                        return True
        return False

    def _rescue_one(self) -> bool:
        bankrupt = [
            (number, name)
            for number in self._alive()
            for name in NAMES
            if self.world.held(number, name).size and self.world.health(number, name).stage == Stage.BANKRUPT
        ]
        if not bankrupt:
            return False
        number, target = self.rng.choice(bankrupt)
        # In one block: carry would make who stands at zero bankrupt again.
        place = {"market": number, "target": target, "who": SECOND if target == KEEPER else KEEPER, "after": 0}
        ways: list[Callable[[Action], Action]] = [self._force_close, self._backstop, self._adl, self._takeover]
        way = self.rng.choice(ways)
        if self._try(way(place)) is not None:
            self._certainly(place)
        elif way == self._adl:
            self._take_rest(place)
        return True

    def _force_close(self, place: Action) -> Action:
        return {"do": "force_close", "size": MAX_UINT256} | place

    def _backstop(self, place: Action) -> Action:
        return {"do": "backstop"} | place

    def _adl(self, place: Action) -> Action:
        return {"do": "adl", "list": deleveraging_order(self.world, place["market"], place["target"])} | place

    def _takeover(self, place: Action) -> Action:
        return {"do": "takeover", "size": MAX_UINT256, "margin": self._margin(place, 2)} | place

    def _margin(self, place: Action, factor: int) -> int:
        number = place["market"]
        if self.world.is_cross(number, place["who"]):
            return 0
        size = abs(self.world.held(number, place["target"]).size)
        own = self.world.held(number, place["who"])
        notional = (size + abs(own.size)) * self.world.state(number).mark_price // WAD + own.entry_notional
        return int(min(notional * factor + abs(own.balance) + WAD, self.world.free(place["who"]) // 2, 2**103))

    def _certainly(self, place: Action) -> None:
        """A takeover by whoever has enough, or where losses are deleveraged, that: one of them works."""
        reason = None
        # What it takes includes the taker's share of the loss, if it stands on the other side.
        for factor in (1, 10, 10**6):
            reason = self._try({"do": "takeover", "size": MAX_UINT256, "margin": self._margin(place, factor)} | place)
            if reason is None:
                return
            if reason == "use ADL":
                self._must(self._adl(place))
                self._take_rest(place)
                return
        raise Failure(f"10: cannot take over the bankrupt {place['target']}: {reason!r} ({place})")

    def _take_rest(self, place: Action) -> None:
        """What deleveraging left stands at zero: somebody solvent takes it, where the policy lets him or it is overdue.
        If nobody on either side had anything, losses would go to and fro between them."""
        if self.world.held(place["market"], place["target"]).size:
            self._try({"do": "takeover", "size": MAX_UINT256, "margin": self._margin(place, 10)} | place)

    # ---- settlement

    def _settle(self) -> None:
        """Each market ends, by the owner or because its oracle is silent; then ranges and accounts become claims."""
        order = self._alive()
        self.rng.shuffle(order)
        for number in order:
            self._end(number)
        for number in range(len(self.world.markets)):
            self._clear(number)

    def _end(self, number: int) -> None:
        config = self.world.system.config.call("market_params", number)
        if config.settlement_delay and self.rng.random() < 0.6:
            self._end_without_price(number, config.settlement_delay, config.oracle_max_age)
            return
        mark = self.world.state(number).mark_price
        self._must({"do": "settle_market", "market": number, "price": self.rng.choice((0, mark, mark * 11 // 10))})

    def _end_without_price(self, number: int, delay: int, max_age: int) -> None:
        """The feed falls silent; or it fails, which must be noted before the delay counts."""
        dead = {"do": "settle_dead", "market": number, "who": KEEPER}
        if self.rng.random() < 0.5:
            self._must({"do": "wait", "after": delay + max_age + 1, "silent": [number]})
        else:
            self._must({"do": "accrue", "market": number, "who": KEEPER})
            self._must({"do": "price_at", "market": number, "to": 0, "shift": 0})
            self._must(dict(dead))
            ensure(self.world.state(number) is None, "10: a market whose oracle has just begun to fail is settled")
            self._must({"do": "wait", "after": delay, "silent": [number]})
        self._must(dead)

    def _clear(self, number: int) -> None:
        work: list[Action] = [
            {"do": "remove_range", "market": number, "target": name, "lower": lower, "upper": upper, "who": KEEPER}
            for name, lower, upper in sorted(self.world.ranges[number])
        ]
        work += [{"do": "settle_account", "market": number, "target": name, "who": KEEPER} for name in NAMES]
        self.rng.shuffle(work)
        # Providers come back with what their ranges were.
        work += [{"do": "settle_account", "market": number, "target": name, "who": KEEPER} for name in NAMES]
        for action in work:
            held = self.world.held(number, action["target"])
            if action["do"] == "remove_range":
                self._remove(action)
            elif held.size or held.balance:
                self._must(action)
        state = self.world.state(number)
        ensure(state.total_long == 0 and state.total_short == 0, f"10: totals left: {state}")
        ensure(state.ranges == 0, f"10: {state.ranges} ranges left")

    def _remove(self, action: Action) -> None:
        """Of a market that settles; where the range would close a leg with a loss, after that."""
        if self._try(dict(action)) is not None:
            self._must({"do": "settle_account"} | {key: action[key] for key in ("market", "target", "who")})
            self._must(action)

    # ---- claims

    def _pay(self, number: int) -> None:
        """In full if the pot covers what is owed, else everybody the same share."""
        state = self.world.state(number)
        owed, pot = state.owed_total, state.pot
        short = max(0, owed - pot)
        allowed = state.unallocated_loss + max(0, self.walk.ledger.unfunded[number]) // RAY
        ensure(short <= allowed, f"10: pot {pot} of market {number} for {owed}, {state.unallocated_loss} unallocated")
        names = [name for name in NAMES if self.world.owed(number, name)]
        self.rng.shuffle(names)
        for name in names:
            debt, free = self.world.owed(number, name), self.world.free(name)
            self._must({"do": "claim", "market": number, "target": name, "who": KEEPER})
            paid = self.world.free(name) - free
            due = debt * min(pot, owed) // owed
            ensure(abs(paid - due) <= len(NAMES), f"10: {name} was paid {paid} of {debt}, due {due}")
            ensure(self.world.owed(number, name) == 0, f"10: {name} is still owed something")
        self._must({"do": "collect", "market": number, "who": KEEPER})

    # ---- departure

    def _leave(self) -> None:
        self._empty_vault()
        self._must({"do": "treasury", "who": KEEPER, "what": "collect", "args": []})
        self._must({"do": "wait", "after": LONG})
        self._must({"do": "wait", "after": LONG})
        for name in PEOPLE:
            address = self.world.address[name]
            if self.world.treasury.call("claimable", address):
                self._must({"do": "treasury", "who": name, "what": "claim", "args": [name]})
            if staked := self.world.treasury.call("staked", address):
                self._must({"do": "treasury", "who": name, "what": "unstake", "args": [staked, name]})
        names = list(PEOPLE)
        self.rng.shuffle(names)
        for name in names:
            if tokens := self.world.free(name) // self.world.system.unit:
                self._must({"do": "withdraw", "who": name, "tokens": tokens})

    def _empty_vault(self) -> None:
        read = self.world.vault.call
        for number in list(read("active_markets")):
            self._must({"do": "vault", "who": KEEPER, "what": "release", "args": [number]})
        ensure(not read("active_markets"), "the vault still has something in a market")
        for name in PEOPLE:
            address = self.world.address[name]
            if read("lock_up") and (shares := read("balanceOf", address)):
                self._must({"do": "vault", "who": name, "what": "request_redeem", "args": [shares]})
            brought: Any = read("deposit_request", address)
            if brought.waiting + brought.matured:
                self._must({"do": "vault", "who": name, "what": "cancel_deposit", "args": [MAX_UINT256]})
        self._must({"do": "wait", "after": LONG})
        # The shares that the vault counts beside those of its depositors keep their part.
        assets, shares = self.world.free(VAULT), read("totalSupply")
        self.kept = assets * VIRTUAL // (shares + VIRTUAL)
        for name in PEOPLE:
            address = self.world.address[name]
            request: Any = read("redeem_request", address)
            if not read("lock_up") and request.waiting + request.matured:
                self._must({"do": "vault", "who": name, "what": "cancel_redeem", "args": [MAX_UINT256]})
            if shares := read("maxRedeem", address):
                self._must({"do": "vault", "who": name, "what": "redeem", "args": [shares, name, name]})
        ensure(read("totalSupply") == 0, f"10: {read('totalSupply')} shares of the vault cannot leave")

    def _check_left(self) -> None:
        """What stays: less than a token each, what the vault rounds, funds without a market, dust."""
        unit = self.world.system.unit
        for name in (*PEOPLE, TREASURY):
            free = self.world.free(name)
            ensure(free < unit, f"10: {name} still has {free}")
        for number in range(len(self.world.markets)):
            state = self.world.state(number)
            assets = state.pot + state.unallocated_loss
            dust = assets - state.insurance_fund - state.protocol_fees - state.borrow_fees
            bound = self.walk.ledger.bound[number]
            ensure(-bound <= dust <= bound, f"10: {dust} left in the pot of market {number}, bound {bound}")
        left = self.world.free(VAULT)
        ensure(left <= self.kept + len(PEOPLE) * (unit + 1), f"10: the vault still has {left}, not {self.kept}")
        self.walk.check_all()
