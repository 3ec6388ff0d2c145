"""A timelock that owns an oracle, and a contract that refuses with whatever it is told.

desk = Desk.open()
desk.schedule(desk.jump(70))            # announced by the owner: the oracle's jump limit
desk.at(ready_at)                       # the second of the next block
desk.execute(desk.jump(70))             # refusals are told in the receipt
"""

from dataclasses import dataclass

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain, Receipt

DELAY = 2 * 86_400
GRACE = 14 * 86_400
SALT = bytes(32)
NOT_OWNER = "ownable: caller is not the owner"
# Reverts with its calldata from the fifth byte on.
ECHO = bytes.fromhex("600d600c600039600d6000f3" + "6004360380600460003760" + "00fd")


@dataclass
class Desk:
    """Short names for what tests do most. Every call is a block of one second."""

    chain: EmbeddedChain
    timelock: Contract
    oracle: Contract
    refuser: str

    @classmethod
    def open(cls, delay: int = DELAY) -> "Desk":
        chain = EmbeddedChain(exact_gas=False)
        deployer = chain.account("deployer")
        roles = (chain.account("owner"), chain.account("canceller"), delay)
        timelock = chain.deploy(load("Timelock"), *roles, sender=deployer)
        terms = (10**20, chain.account("feeder"), timelock.address, 0, 3_600)
        oracle = chain.deploy(load("MockOracle"), *terms, sender=deployer)
        return cls(chain, timelock, oracle, chain._create(ECHO, deployer, "refuser"))

    def who(self, name: str) -> str:
        return self.chain.account(name)

    # ---- calls that may be refused

    def send(self, name: str, function: str, *arguments: object) -> Receipt:
        return self.timelock.transact(function, *arguments, sender=self.who(name))

    def schedule(self, data: bytes, target: str | None = None, salt: bytes = SALT, name: str = "owner") -> Receipt:
        return self.send(name, "schedule", target or self.oracle.address, data, salt)

    def execute(self, data: bytes, target: str | None = None, salt: bytes = SALT, name: str = "owner") -> Receipt:
        return self.send(name, "execute", target or self.oracle.address, data, salt)

    def cancel(self, data: bytes, target: str | None = None, salt: bytes = SALT, name: str = "owner") -> Receipt:
        return self.send(name, "cancel", self.id(data, target, salt))

    # ---- and what else they need

    def jump(self, bps: int) -> bytes:
        """A call that the oracle takes from its owner: the timelock."""
        return self.oracle.encode("set_push_jump", bps)

    def own(self, function: str, *arguments: object) -> tuple[bytes, str]:
        """A call of the timelock to itself, with its target."""
        return self.timelock.encode(function, *arguments), self.timelock.address

    def id(self, data: bytes, target: str | None = None, salt: bytes = SALT) -> bytes:
        return self.timelock.call("call_id", target or self.oracle.address, data, salt)

    def at(self, timestamp: int) -> None:
        self.chain.set_next_timestamp(timestamp)

    def through(self, data: bytes, target: str | None = None, salt: bytes = SALT) -> Receipt:
        """Scheduled, and executed in the first second it may be."""
        ready_at = self.schedule(data, target, salt).check().event("Scheduled").ready_at
        self.at(ready_at)
        return self.execute(data, target, salt)
