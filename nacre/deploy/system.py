"""One clearinghouse with everything around it.

    chain = EmbeddedChain()
    system = deploy_system(chain, decimals=6)                       # token, clearinghouse, engine, vault, ...
    market = list_market(system, "main", preset("oyster"))          # oracle, venue, parameters, policy
    system.fund(ann, 10**22)                                        # mints and deposits 10,000 units
    system.push_price(market, 80 * 10**18)
    system.engine.transact("liquidate_by_takeover", market.id, target, MAX_UINT256, 0, sender=kim)

    system = load_system(chain, record_path(chain))                 # one that `./run deploy` has put there

Contracts are nacre.chain.Contract objects; amounts are WAD integers unless a name says tokens.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from nacre.artifacts import Artifact, load
from nacre.chain import Chain, Contract, Receipt
from nacre.presets import MarketConfig
from nacre.units import MAX_UINT256

# Seconds between which the delay of a Timelock lies.
MIN_DELAY = 3_600
MAX_DELAY = 30 * 86_400


@cache
def artifact(name: str) -> Artifact:
    """The compiled contract, read once a process."""
    return load(name)


class DeployError(Exception):
    """Deployment cannot go on; the text says why."""


class Announced(DeployError):
    """Nothing is wrong: the timelock's delay must pass before it goes on; the text says until when."""


@dataclass(frozen=True)
class Market:
    """A listed market. `id` is its number in the clearinghouse."""

    id: int
    name: str
    oracle: Contract  # MockOracle unless another was given
    venue: Contract  # OysterAmm
    config: MarketConfig


class RangeKey(NamedTuple):
    """A range of a venue."""

    provider: str
    lower: int  # tick
    upper: int


def ascending(keys: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """As the lens takes ranges, so that none counts twice."""
    return sorted(keys, key=lambda key: (int(key[0], 16), key[1], key[2]))


@dataclass(frozen=True)
class BackstopTerms:
    """How the backstop vault is deployed; the owner changes them later."""

    deposit_delay: int = 86_400  # seconds; 0: deposits take part at once
    lock_up: int = 4 * 86_400  # seconds; 0: whoever wants out leaves at once
    band_bps: int = 100  # of mark, worst average at which anyone may unwind it


@dataclass
class System:
    """All contracts of one clearinghouse, and who may do what."""

    chain: Chain
    token: Contract  # MockToken, or whatever ERC-20 was given
    decimals: int
    config: Contract
    clearinghouse: Contract
    engine: Contract
    lens: Contract
    vault: Contract  # BackstopVault
    treasury_contract: Contract | None  # Treasury, unless an account is the treasury
    governance_token: Contract | None  # what its stakers stake: MockToken, or whatever was given
    timelock: Contract | None  # Timelock, if it stands between the owner and what that would own
    deployer: str
    owner: str
    guardian: str
    treasury: str  # who gets the fees: the address of the Treasury, or an account
    feeder: str  # may push prices to the mock oracles
    markets: dict[str, Market] = field(default_factory=dict)

    @property
    def contracts_owner(self) -> str:
        """To whom Config, Treasury and mock oracles are given: the owner, or the timelock that does as it says."""
        return self.timelock.address if self.timelock else self.owner

    @property
    def unit(self) -> int:
        """WAD in the smallest token unit."""
        return 10 ** (18 - self.decimals)

    def to_tokens(self, amount: int) -> int:
        """Token units for WAD; the remainder is dropped."""
        return amount // self.unit

    def mint(self, account: str, amount: int) -> Receipt:
        """Mock tokens worth `amount` WAD for the account, sent by itself."""
        return self.token.transact("mint", account, self.to_tokens(amount), sender=account).check()

    def approve(self, account: str) -> Receipt:
        """Lets the clearinghouse take whatever the account has."""
        return self.token.transact("approve", self.clearinghouse.address, MAX_UINT256, sender=account).check()

    def fund(self, account: str, amount: int) -> Receipt:
        """Mints `amount` WAD for the account and deposits it. Mock token only."""
        self.mint(account, amount)
        if self.token.call("allowance", account, self.clearinghouse.address) < MAX_UINT256 // 2:
            self.approve(account)
        return self.clearinghouse.transact("deposit", self.to_tokens(amount), sender=account).check()

    def push_price(self, market: Market, price: int, updated_at: int | None = None) -> Receipt:
        """Sets the mock oracle of the market, `price` in WAD, made now or at `updated_at`."""
        if updated_at is None:
            return market.oracle.transact("set_price", price, sender=self.feeder).check()
        return market.oracle.transact("set_price_at", price, updated_at, sender=self.feeder).check()
