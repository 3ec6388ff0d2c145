"""A treasury whose clearinghouse is a mock: tests say what is free for it, in WAD and to any wei.

desk = TreasuryDesk.open(decimals=6)
desk.stake("ann", 100)                  # mints, approves, stakes; people are named
desk.earn(250 * 10**6)                  # token units of collateral, free for the treasury
desk.collect()                          # the distribution starts
desk.wait(3600)
"""

from dataclasses import dataclass
from typing import Any

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain, Receipt

PRECISION = 10**36
BOUND = 10**36  # of all stakes, and of all that is ever received
WEEK = 7 * 86_400
HOUR = 3_600
OTHERS = 10**40  # what the mint gives for tests that ask for more than the bounds


@dataclass
class TreasuryDesk:
    """The contracts, and short names for what tests do most. Every call is a block of one second."""

    chain: EmbeddedChain
    share: Contract  # the governance token
    collateral: Contract
    custody: Contract
    treasury: Contract
    owner: str
    scale: int

    @classmethod
    def open(
        cls,
        decimals: int = 6,
        period: int = WEEK,
        share: str = "MockToken",
        collateral: str = "MockToken",
        exact_gas: bool = False,
    ) -> "TreasuryDesk":
        chain = EmbeddedChain(exact_gas)
        owner, deployer = chain.account("owner"), chain.account("deployer")

        def token(kind: str, name: str, places: int) -> Contract:
            arguments = {"MockToken": [name, name, places], "MockBadToken": [places], "MockSilentToken": []}
            return chain.deploy(load(kind), *arguments[kind], sender=deployer)

        stock, money = token(share, "SHARE", 18), token(collateral, "COIN", decimals)
        custody = chain.deploy(load("MockCustody"), money.address, sender=deployer)
        treasury = chain.deploy(load("Treasury"), owner, custody.address, stock.address, period, sender=deployer)
        return cls(chain, stock, money, custody, treasury, owner, 10 ** (18 - decimals))

    # ---- doing

    def who(self, name: str) -> str:
        return self.chain.account(name)

    def send(self, name: str, function: str, *arguments: Any) -> Receipt:
        """A call to the treasury that may be refused."""
        return self.treasury.transact(function, *arguments, sender=self.who(name))

    def arm(self, name: str, amount: int) -> None:
        """Governance tokens for a person, all of them the treasury's to take."""
        sender = self.who(name)
        self.share.transact("mint", sender, amount, sender=sender).check()
        self.share.transact("approve", self.treasury.address, 0, sender=sender).check()
        self.share.transact("approve", self.treasury.address, OTHERS, sender=sender).check()

    def stake(self, name: str, amount: int) -> Receipt:
        self.arm(name, amount)
        return self.send(name, "stake", amount).check()

    def give(self, amount: int) -> None:
        """WAD, to any wei; the tokens for it lie in the custody."""
        sender = self.owner
        self.custody.transact("give", self.treasury.address, amount, sender=sender).check()
        self.collateral.transact("mint", self.custody.address, -(-amount // self.scale), sender=sender).check()

    def earn(self, tokens: int) -> None:
        self.give(tokens * self.scale)

    def collect(self, *limit: int) -> Receipt:
        return self.send("passer-by", "collect", *limit).check()

    def distribute(self, tokens: int) -> Receipt:
        self.earn(tokens)
        return self.collect()

    def wait(self, seconds: int) -> None:
        self.chain.mine(seconds)

    # ---- reading

    def claimable(self, name: str) -> int:
        return self.treasury.call("claimable", self.who(name))

    def staked(self, name: str) -> int:
        return self.treasury.call("staked", self.who(name))

    def balance(self, token: Contract, holder: str) -> int:
        """Of either token and whatever kind, as an ERC-20 tells it."""
        return self.chain.contract(load("MockToken"), token.address).call("balanceOf", holder)

    def wallet(self, name: str) -> int:
        """Collateral outside."""
        return self.balance(self.collateral, self.who(name))

    def ledger(self, *names: str) -> int:
        """The right side of the identity of `remainder`, less the left: zero if everybody is named."""
        call = self.treasury.call
        kept = call("total_received") - call("total_claimed") - call("undistributed")
        stream = call("distribution")
        earned = sum(call("entitlement", self.who(name)) for name in names)
        return stream.rate * stream.seconds_left + call("remainder") + earned - kept * PRECISION

    def books(self, *names: str) -> tuple[Any, ...]:
        """Everything anybody has."""
        treasury, tokens = self.treasury, (self.share, self.collateral)
        everybody = [treasury.address, self.custody.address, *map(self.who, names)]
        views = ("total_staked", "undistributed", "total_received", "total_claimed", "distribution", "remainder")
        return (
            [treasury.call(view) for view in views],
            [(treasury.call("staked", who), treasury.call("entitlement", who)) for who in everybody],
            [self.balance(token, who) for token in tokens for who in everybody],
        )
