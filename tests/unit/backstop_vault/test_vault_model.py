"""The contract and the model of nacre/model/vault.py, side by side through random calls, refused ones among them."""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from house_twin import HouseTwin, State
from vault_desk import ALL, POT, VaultDesk

from nacre.chain import Receipt
from nacre.model.rounding import Revert
from nacre.model.vault import Vault
from nacre.model.vault_books import VAULT
from nacre.units import WAD

NAMES = ("ann", "bea", "kim")
MARKETS = (0, 1, 2)
STEPS = 300
HOUR = 3_600


@dataclass
class Pair:
    """Both, and what chance does to them."""

    desk: VaultDesk
    model: Vault
    dice: Random
    seen: Counter[str] = field(default_factory=Counter)

    @classmethod
    def open(cls, decimals: int, delay: int, seed: int) -> "Pair":
        desk = VaultDesk.open(decimals=decimals, delay=delay, lock_up=2 * delay)
        for name in NAMES:
            desk.fund(name, 10**15 * desk.unit)
        # Profits of the mock's positions come from nowhere.
        desk.token.transact("mint", desk.house.address, 10**15 * desk.unit, sender=desk.owner).check()
        pair = cls(desk, Vault(HouseTwin(desk.scale), delay, 2 * delay), Random(seed))
        for market in MARKETS:
            pair.set_market(market)
            pair.both("set_loss_cap", [market, 10**5 * WAD], sender="owner")
        return pair

    @property
    def twin(self) -> HouseTwin:
        assert isinstance(self.model.books, HouseTwin)
        return self.model.books

    # ---- both do it

    def both(self, function: str, arguments: list[Any], sender: str, model: list[Any] | None = None) -> None:
        """A call of the vault; the model takes the same arguments unless it has others."""
        named = [self.desk.vault.address if part == VAULT else part for part in arguments]
        sent = [self.desk.who(part) if part in NAMES else part for part in named]
        receipt = self.desk.send(sender, function, *sent)
        self.compare(function, receipt, lambda: getattr(self.model, snake(function))(*(model or arguments)))

    def engine(self, function: str, arguments: list[Any], model: Any) -> None:
        vault = self.desk.vault.address
        receipt = self.desk.house.transact(function, vault, *arguments, sender=self.desk.owner)
        self.compare(function, receipt, model)

    def compare(self, function: str, receipt: Receipt, act: Any) -> None:
        before = deepcopy(self.model)
        self.twin.now = receipt.timestamp
        try:
            value, reason = act(), ""
        except Revert as refusal:
            value, reason = None, refusal.reason
            self.model = before
            self.twin.now = receipt.timestamp
        self.model.watched = None
        assert receipt.reason == reason, f"{receipt.what}: {receipt.reason!r}, the model {reason!r}"
        if receipt.ok and receipt.value is not None and value is not None:
            assert receipt.value == value, receipt.what
        self.seen[f"{function}: {reason}" if reason else function] += 1

    # ---- chance

    def amount(self, most: int) -> int:
        """Mostly something that goes through; small ones, all, and one too many among it."""
        kind = self.dice.randrange(10)
        if kind == 0:
            return self.dice.choice([0, 1, 2, most, most + 1])
        if kind == 1:
            return self.dice.choice([ALL, 10 * most + 7])
        return self.dice.randrange(most + 1)

    def set_market(self, market: int) -> None:
        dice = self.dice
        state = State(mark=dice.randrange(60 * WAD, 140 * WAD), imr_bps=1_000)
        if dice.randrange(3) == 0:
            state.fill = state.mark * dice.randrange(9_850, 10_150) // 10_000
        if dice.randrange(8) == 0:
            setattr(state, dice.choice(["stale", "jumped", "broken"]), True)
        flags = (state.stale, state.jumped, state.broken)
        self.desk.tell("set_market", market, (state.mark, state.fill, state.imr_bps, *flags))
        pot = dice.choice([POT, POT, dice.randrange(10**4 * WAD)])
        self.desk.tell("set_pot", market, pot)
        self.twin.states[market], self.twin.pots[market] = state, pot

    def step(self) -> None:
        getattr(self, self.dice.choice(STEPS_OF_A_WALK))()

    def come(self) -> None:
        sender, receiver = self.dice.choice(NAMES), self.dice.choice([*NAMES, *NAMES, VAULT])
        most = self.model.max_deposit(receiver)
        if not self.model.deposit_delay:
            most = min(most, 10**6 * self.desk.unit)
        if self.dice.randrange(2):
            amount = self.amount(most)
            if amount >= ALL // 2 or amount > 10**14 * self.desk.unit:
                amount = most
            self.both("deposit", [amount, receiver], sender, [sender, amount, receiver])
        else:
            shares = self.dice.choice([self.amount(min(self.model.max_mint(receiver), most * 10**6)), 3, 10**6])
            if shares > 10**14 * self.desk.unit * 10**6:
                shares = 1
            self.both("mint", [shares, receiver], sender, [sender, shares, receiver])

    def leave(self) -> None:
        owner = self.dice.choice(NAMES)
        sender = self.dice.choice([owner, owner, owner, *NAMES])
        function = self.dice.choice(["withdraw", "redeem", "redeem_available"])
        if function == "redeem_available":
            self.both(function, [owner], sender, [sender])
            return
        most = self.model.max_withdraw(owner) if function == "withdraw" else self.model.max_redeem(owner)
        amount = self.amount(most)
        self.both(function, [amount, sender, owner], sender, [sender, amount, owner])

    def ask(self) -> None:
        sender = self.dice.choice(NAMES)
        if self.dice.randrange(2):
            receiver = self.dice.choice([sender, sender, *NAMES])
            amount = self.dice.choice([0, 1, self.dice.randrange(10**5 * self.desk.unit)])
            self.both("request_deposit", [amount, receiver], sender, [sender, amount, receiver])
        else:
            amount = self.amount(self.model.shares.get(sender, 0))
            self.both("request_redeem", [amount], sender, [sender, amount])

    def take_back(self) -> None:
        function, sender = self.dice.choice(["cancel_deposit", "cancel_redeem"]), self.dice.choice(NAMES)
        queues = self.model.deposits if function == "cancel_deposit" else self.model.redemptions
        queue = queues.get(sender)
        amount = self.amount(queue.waiting + queue.ripe if queue else 0)
        self.both(function, [amount], sender, [sender, amount])

    def share(self) -> None:
        sender, other, third = (self.dice.choice(NAMES) for _ in range(3))
        amount = self.amount(self.model.shares.get(sender, 0))
        kind = self.dice.randrange(3)
        if kind == 0:
            self.both("approve", [other, amount], sender, [sender, other, amount])
        elif kind == 1:
            self.both("transfer", [other, amount], sender, [sender, other, amount])
        else:
            self.both("transferFrom", [sender, third, amount], other, [other, sender, third, amount])

    def hand_over(self) -> None:
        market, twin = self.dice.choice(MARKETS), self.twin
        size = self.dice.choice([-1, 1]) * self.dice.randrange(1, 50 * WAD)
        if twin.size(market) and self.dice.randrange(2):
            size = -twin.size(market)
        elif twin.size(market):
            size = abs(size) if twin.size(market) > 0 else -abs(size)
        notional = abs(size) * twin.states[market].mark // WAD
        margin = self.amount(min(self.model.admit(market), notional // 5))
        if margin > 10**12 * WAD:
            margin = 1
        balance = self.dice.randrange(notional // 10 + 1)
        tell = bool(self.dice.randrange(4))

        def act() -> None:
            self.model.took_over(market, margin)
            self.twin.hand_over(market, size, balance, notional, margin)
            if tell:
                self.model.came_back(market)

        self.engine("back_up", [market, size, balance, notional, margin, tell], act)

    def deleverage(self) -> None:
        market, tell = self.dice.choice(MARKETS), bool(self.dice.randrange(3))
        if not self.twin.size(market):
            return

        def act() -> None:
            if tell:
                self.model.watch(market)
            self.twin.close_out(market)
            if tell:
                self.model.came_back(market)

        self.engine("deleverage", [market, tell], act)

    def keep(self) -> None:
        market, sender = self.dice.choice(MARKETS), self.dice.choice(NAMES)
        function = self.dice.choice(["unwind", "unwind", "release", "release", "claim", "settle"])
        if function == "unwind":
            self.both(function, [market, self.amount(abs(self.twin.size(market)))], sender)
        elif function == "release":
            self.both(function, [market, self.dice.choice([ALL, self.dice.randrange(100 * WAD)])], sender)
        else:
            self.both(function, [market], sender)

    def weather(self) -> None:
        """What happens to the vault without its doing."""
        kind, market = self.dice.randrange(6), self.dice.choice(MARKETS)
        vault = self.desk.vault.address
        if kind <= 2:
            self.set_market(market)
        elif kind == 3:
            gift = self.dice.randrange(10**3 * self.desk.unit)
            if gift:
                self.desk.gift(gift)
                self.twin.collateral += gift * self.desk.scale
        elif kind == 4 and self.twin.size(market):
            carry = self.dice.randrange(-(10**18), 10**18)
            self.desk.tell("set_carry", market, vault, carry)
            self.twin.held[market].carry = carry
        elif kind == 5 and 0 < self.twin.owed(market) <= self.twin.pots[market]:
            self.desk.house.transact("claim", market, vault, sender=self.desk.who("kim")).check()
            self.twin.claim(market)

    def rule(self) -> None:
        kind = self.dice.randrange(8)
        if kind == 0:
            arguments = [self.dice.choice(MARKETS), self.dice.randrange(2 * 10**5 * WAD)]
            self.both("set_loss_cap", arguments, sender="owner")
        elif kind == 1:
            self.both("set_band", [self.dice.choice([0, 1, 50, 1_000, 1_001])], sender="owner")
        elif kind == 2 and self.model.deposit_delay:
            delays = [self.dice.choice([HOUR, 2 * HOUR, 31 * 24 * HOUR]), self.dice.choice([HOUR, 31 * 24 * HOUR])]
            self.both("set_delays", delays, sender="owner")

    def wait(self) -> None:
        self.desk.chain.mine(self.dice.randrange(1, 2 * HOUR))

    # ---- both are alike

    def check(self) -> None:
        desk, model, view = self.desk, self.model, self.desk.view
        self.twin.now = desk.chain.timestamp
        assert desk.free == self.twin.collateral
        assert view("totalAssets") == model.total_assets
        assert view("totalSupply") == model.supply
        assert view("requested_assets") == model.tokens == desk.balance(desk.vault.address)
        assert sorted(view("active_markets")) == sorted(model.active)
        for market in MARKETS:
            assert (view("committed", market), view("admit", market)) == (model.committed(market), model.admit(market))
            assert model.committed(market) <= max(model.caps[market], model.net.get(market, 0))
        for name in NAMES:
            who = desk.who(name)
            assert desk.shares(name) == model.shares.get(name, 0)
            for limit in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"):
                assert view(limit, who) == getattr(model, snake(limit))(name), limit
            for request, queues in (("deposit_request", model.deposits), ("redeem_request", model.redemptions)):
                queue = queues[name].look(self.twin.now) if name in queues else None
                told = view(request, who)
                assert (told.waiting, told.matured) == ((queue.waiting, queue.ripe) if queue else (0, 0))


STEPS_OF_A_WALK = (
    *("come", "come", "leave", "leave", "ask", "ask", "take_back", "share", "hand_over", "hand_over"),
    *("deleverage", "keep", "keep", "keep", "weather", "weather", "rule", "wait"),
)


def snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize(("decimals", "delay"), [(d, delay) for d in (0, 6, 18) for delay in (0, HOUR)])
@pytest.mark.parametrize("seed", range(3))
def test_contract_and_model_agree(decimals: int, delay: int, seed: int) -> None:
    pair = Pair.open(decimals, delay, seed)
    for _ in range(STEPS):
        pair.step()
        pair.check()
    done = {name for name in pair.seen if ":" not in name}
    assert done >= {"back_up", "unwind", "release", "transfer"}
    assert done & {"deposit", "mint"}
    assert done & {"withdraw", "redeem", "redeem_available"}
    assert len(pair.seen) - len(done) >= 10, "too few refusals"
