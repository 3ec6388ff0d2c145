"""The vault in the real clearinghouse, with venue, oracle and lens; the engine alone is a mere account. The model of
all of it goes along and must agree to the wei."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from support.exchange import LIQUIDITY, PRICE, WIDE, open_exchange
from support.houses import deploy_house
from vault_desk import ALL, OFFSET

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain, Receipt
from nacre.model import Revert, World
from nacre.model.engine import liquidate_by_takeover
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.vault import Vault
from nacre.model.vault_books import VAULT, HouseBooks
from nacre.units import DAY, WAD

CAP = 1_500 * WAD
PEOPLE = ("ann", "bea", "target", "other", "provider", "keeper")


@dataclass
class Real:
    """Contracts and model. Everybody has 10,000 tokens; `ann` and `bea` hold them, the others have deposited them."""

    chain: EmbeddedChain
    token: Contract
    house: Contract
    lens: Contract
    venue: Contract
    oracle: Contract
    vault: Contract
    policy: int
    world: World
    model: Vault
    decimals: int

    @classmethod
    def open(cls, decimals: int = 6, delay: int = 0, lock_up: int = 0) -> "Real":
        chain = EmbeddedChain(exact_gas=False)
        deployer, engine, config, owner = (chain.account(name) for name in ("deployer", "engine", "config", "owner"))

        def deploy(name: str, *arguments: Any) -> Contract:
            return chain.deploy(load(name), *arguments, sender=deployer)

        token = deploy("MockToken", "Coin", "COIN", decimals)
        house = deploy_house(chain, token.address, engine, config, deployer)
        policies = deploy("LiquidationEngine", house.address, config)
        lens = deploy("Lens", house.address, policies.address)
        oracle = deploy("MockOracle", PRICE, deployer, deployer, 100, 3_600)
        venue = deploy("OysterAmm", house.address, 0, PRICE)
        plain = open_exchange()
        risk, trading, limits = plain.house.call("market_words", 0)
        risk, trading = (
            word % 2**96 | int(place.address, 16) << 96 for word, place in ((risk, oracle), (trading, venue))
        )
        words = (risk, trading, limits, plain.house.call("extras_word", 0))
        house.transact("set_market", 0, *words, sender=config).check()
        policy = plain.engine.call("policy", 0)
        policies.transact("set_policy", 0, policy, sender=config).check()
        roles = (house.address, lens.address, engine, owner)
        vault = deploy("BackstopVault", *roles, delay, lock_up, 100, "Nacre backstop", "nBACK")
        world = World(decimals=decimals, now=chain.timestamp)
        world.add_market(MarketParameters(push_jump_bps=100), Policy(), PRICE)
        model = Vault(HouseBooks(world.house), delay, lock_up, 100)
        real = cls(chain, token, house, lens, venue, oracle, vault, policy, world, model, decimals)
        real.populate()
        return real

    @property
    def unit(self) -> int:
        return int(10**self.decimals)

    def who(self, name: str) -> str:
        return self.vault.address if name == VAULT else self.chain.account(name)

    # ---- both do it

    def tick(self, receipt: Receipt) -> None:
        assert self.model.books.now <= receipt.timestamp
        self.world.house.now = receipt.timestamp

    def populate(self) -> None:
        for name in PEOPLE:
            amount = 10_000 * self.unit + (LIQUIDITY // WAD * self.unit if name == "provider" else 0)
            who = self.who(name)
            self.token.transact("mint", who, amount, sender=who).check()
            for spender in (self.house, self.vault):
                self.token.transact("approve", spender.address, ALL, sender=who).check()
            if name not in ("ann", "bea"):
                self.tick(self.house.transact("deposit", amount, sender=who).check())
                self.world.deposit(name, amount)
        receipt = self.venue.transact("add_liquidity", *WIDE, LIQUIDITY, sender=self.who("provider")).check()
        self.tick(receipt)
        self.world.add_liquidity("provider", *WIDE, LIQUIDITY)
        self.owner("set_loss_cap", 0, CAP)

    def owner(self, function: str, *arguments: int) -> None:
        self.tick(self.vault.transact(function, *arguments, sender=self.who("owner")).check())
        getattr(self.model, function)(*arguments)

    def trade(self, name: str, size: int, margin: int) -> None:
        receipt = self.house.transact("trade", 0, size, margin, 0, 0, sender=self.who(name)).check()
        self.tick(receipt)
        assert self.world.trade(name, size, margin).notional == receipt.value

    def push(self, price: int) -> None:
        self.tick(self.oracle.transact("set_price", price, sender=self.who("deployer")).check())
        self.world.push_price(price)
        self.chain.mine()

    def send(self, name: str, function: str, arguments: list[Any], model: list[Any] | None = None) -> Any:
        """A call of the vault; people by name. The model's arguments differ where its sender is one of them."""
        sent = [self.who(part) if isinstance(part, str) else part for part in arguments]
        receipt = self.vault.transact(function, *sent, sender=self.who(name))
        self.tick(receipt)
        before = deepcopy(self.model)
        try:
            value, reason = getattr(self.model, function)(*(arguments if model is None else model)), ""
        except Revert as refusal:
            value, reason = None, refusal.reason
            assert isinstance(before.books, HouseBooks)
            self.model, self.world.house = before, before.books.house
        assert receipt.reason == reason
        assert not receipt.ok or receipt.value in (None, value)
        self.check()
        return receipt.value if receipt.ok else reason

    def take_over(self, target: str, margin: int) -> Receipt:
        """What the engine will do in one call."""
        engine = self.who("engine")
        self.tick(self.vault.transact("took_over", 0, margin, sender=engine).check())
        self.model.took_over(0, margin)
        arguments = (0, self.vault.address, self.who(target), ALL, margin, self.policy, 0)
        receipt = self.house.transact("take_over", *arguments, sender=engine).check()
        self.tick(receipt)
        self.world.atomically(lambda house: liquidate_by_takeover(house, 0, VAULT, target, ALL, margin))
        self.check()
        return receipt

    # ---- both are alike

    def check(self) -> None:
        self.world.house.now = self.chain.timestamp
        health = self.lens.call("health", 0, self.vault.address)
        free = self.house.call("free_collateral", self.vault.address)
        assert free == self.world.house.free_of(VAULT)
        assert self.vault.call("totalAssets") == (free + max(health.equity, 0)) // 10 ** (18 - self.decimals)
        assert self.vault.call("totalAssets") == self.model.total_assets
        assert self.vault.call("totalSupply") == self.model.supply
        assert self.vault.call("committed", 0) == self.model.committed(0) <= CAP
        assert self.vault.call("admit", 0) == self.model.admit(0)
        assert list(self.vault.call("active_markets")) == self.model.active
        for name in ("ann", "bea"):
            for limit in ("maxWithdraw", "maxRedeem"):
                assert self.vault.call(limit, self.who(name)) == getattr(self.model, "max_" + limit[3:].lower())(name)

    def shares(self, name: str) -> int:
        return int(self.vault.call("balanceOf", self.who(name)))


@pytest.fixture(params=[0, 6, 18])
def failing(request: pytest.FixtureRequest) -> Real:
    """Ann and Bea each put 2,000 in; the target, long 40 from about 101 with 520, is nearly worn out at 92."""
    real = Real.open(decimals=request.param)
    for name in ("ann", "bea"):
        assert real.send(name, "deposit", [2_000 * real.unit, name], [name, 2_000 * real.unit, name])
    real.trade("target", 40 * WAD, 520 * WAD)
    real.trade("other", -40 * WAD, 1_500 * WAD)
    real.push(92 * WAD)
    return real


def missing_margin(real: Real, target: str) -> int:
    health = real.lens.call("health", 0, real.who(target))
    return int(health.initial_margin - min(health.equity, health.balance - health.carry))


def test_from_takeover_to_the_last_share(failing: Real) -> None:
    real = failing
    health = real.lens.call("health", 0, real.who("target"))
    assert health.stage == 2
    margin = missing_margin(real, "target")
    assert 0 < margin <= real.vault.call("admit", 0)
    before = real.vault.call("totalAssets")
    real.take_over("target", margin)
    position = real.house.call("position", 0, real.vault.address)
    assert position.size == 40 * WAD
    assert real.vault.call("committed", 0) == margin
    # What the target's position was still worth is the depositors'.
    assert real.vault.call("totalAssets") in (before + health.equity * real.unit // WAD + extra for extra in (0, 1))

    # The venue still pays near 100: more than mark.
    notional = real.send("keeper", "unwind", [0, 15 * WAD])
    assert notional > 92 * 15 * WAD
    assert real.send("keeper", "release", [0]) is None
    assert real.send("keeper", "release", [0]) == "nothing to release"
    assert real.vault.call("committed", 0) < margin
    real.send("keeper", "unwind", [0, ALL])
    assert real.vault.call("committed", 0) == 0
    assert not real.vault.call("active_markets")
    assert real.vault.call("totalAssets") > before
    for name in ("ann", "bea"):
        shares = real.shares(name)
        paid = real.send(name, "redeem", [shares, name, name], [name, shares, name])
        assert paid > 2_000 * real.unit
    assert real.vault.call("totalSupply") == 0
    # What a million ghosts are left with.
    assert real.vault.call("totalAssets") <= 2


def test_the_band_holds_at_the_venue(failing: Real) -> None:
    real = failing
    real.take_over("target", missing_margin(real, "target"))
    real.trade("other", -50 * WAD, 3_000 * WAD)
    state = real.house.call("market_state", 0)
    assert state.mid_price > 92 * WAD
    real.push(104 * WAD)
    assert real.send("keeper", "unwind", [0, 20 * WAD]) == "price limit"
    real.owner("set_band", 1_000)
    assert real.send("keeper", "unwind", [0, 20 * WAD]) < 104 * 20 * WAD


def test_the_loss_is_the_margin_and_no_more(failing: Real) -> None:
    """Gaps of any size: the position ends in the waterfall, and what is free in the vault is not touched."""
    real = failing
    margin = missing_margin(real, "target")
    real.take_over("target", margin)
    free = real.house.call("free_collateral", real.vault.address)
    real.push(70 * WAD)
    assert real.vault.call("totalAssets") == free // 10 ** (18 - real.decimals)
    engine = real.who("engine")
    arguments = (0, real.who("keeper"), real.vault.address, ALL, 1_000 * WAD, real.policy, 0)
    real.tick(real.house.transact("take_over", *arguments, sender=engine).check())
    real.world.atomically(lambda house: liquidate_by_takeover(house, 0, "keeper", VAULT, ALL, 1_000 * WAD))
    assert real.send("keeper", "release", [0]) is None
    assert real.house.call("free_collateral", real.vault.address) == free
    assert real.vault.call("committed", 0) == margin
    assert real.vault.call("admit", 0) == min(CAP - margin, free)
    assert not real.vault.call("active_markets")


def test_markets_that_are_not_there(failing: Real) -> None:
    """Caps may be set before a market is listed; nothing is admitted before the owner does so."""
    real = failing
    assert real.vault.call("committed", 1) == real.vault.call("admit", 1) == 0
    real.owner("set_loss_cap", 1, WAD)
    assert real.vault.call("admit", 1) == WAD
    assert real.send("keeper", "release", [1]) == "market not active"
    assert real.send("keeper", "claim", [1]) == "unknown market"


def test_prices_that_are_none(failing: Real) -> None:
    real = failing
    real.take_over("target", missing_margin(real, "target"))
    ann = real.who("ann")
    with_price = real.vault.call("maxRedeem", ann)
    assert with_price > 0
    real.oracle.transact("set_price", 96 * WAD, sender=real.who("deployer")).check()
    assert real.vault.call("appraisal").obstacle == 3
    assert real.vault.call("maxRedeem", ann) == 0
    real.chain.mine()
    assert real.vault.call("appraisal").obstacle == 0
    real.chain.mine(3_700)
    receipt = real.vault.transact("redeem", 1, ann, ann, sender=ann)
    assert receipt.reason == "stale price"
    assert real.vault.call("maxRedeem", ann) == 0


def test_redemptions_wait_and_bear_the_loss() -> None:
    real = Real.open(delay=DAY, lock_up=DAY)
    unit = real.unit
    for name in ("ann", "bea"):
        real.send(name, "request_deposit", [2_000 * unit, name], [name, 2_000 * unit, name])
    real.chain.mine(DAY)
    for name in ("ann", "bea"):
        real.send("keeper", "deposit", [2_000 * unit, name], ["keeper", 2_000 * unit, name])
    real.push(100 * WAD)
    real.trade("target", 40 * WAD, 520 * WAD)
    real.trade("other", -40 * WAD, 1_500 * WAD)
    real.push(92 * WAD)
    real.take_over("target", missing_margin(real, "target"))
    real.send("bea", "request_redeem", [2_000 * unit * OFFSET], ["bea", 2_000 * unit * OFFSET])
    real.chain.mine(DAY)
    real.push(80 * WAD)
    worth = real.vault.call("totalAssets") // 2
    assert worth < 2_000 * unit
    assert real.send("bea", "redeem_available", ["bea"], ["bea"]) in (worth, worth - 1)
    assert real.token.call("balanceOf", real.who("bea")) == 8_000 * unit + worth
