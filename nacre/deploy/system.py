"""One clearinghouse with everything around it.

    chain = EmbeddedChain()
    system = deploy_system(chain, decimals=6)                       # token, config, clearinghouse, engine, lens
    market = list_market(system, "main", preset("oyster"), price=Decimal(100))     # oracle, venue, parameters, policy
    system.fund(ann, 10**22)                                        # mints and deposits 10,000 units
    system.push_price(market, 80 * 10**18)
    system.engine.transact("liquidate_by_takeover", market.id, target, MAX, 0, sender=kim)

Contracts are nacre.chain.Contract objects; amounts are WAD integers unless a name says tokens.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from nacre.chain import Chain, Contract, Receipt
from nacre.presets import MarketConfig

WAD = 10**18
MAX_UINT256 = 2**256 - 1


class DeployError(Exception):
    """Deployment cannot go on; the text says why."""


@dataclass(frozen=True)
class Market:
    """A listed market. `id` is its number in the clearinghouse."""

    id: int
    name: str
    oracle: Contract  # MockOracle unless another was given
    venue: Contract  # OysterAmm
    config: MarketConfig


@dataclass
class System:
    """All contracts of one clearinghouse, and who may do what."""

    chain: Chain
    token: Contract
    decimals: int
    config: Contract
    clearinghouse: Contract
    engine: Contract
    lens: Contract
    deployer: str
    owner: str
    guardian: str
    treasury: str
    markets: dict[str, Market] = field(default_factory=dict)

    @property
    def unit(self) -> int:
        """WAD in the smallest token unit."""
        return 10 ** (18 - self.decimals)

    def to_tokens(self, amount: int) -> int:
        """Token units for WAD; the remainder is dropped."""
        return amount // self.unit

    def mint(self, account: str, amount: int) -> Receipt:
        """Mock tokens worth `amount` WAD for the account, which also lets the clearinghouse take all it has."""
        raise NotImplementedError

    def fund(self, account: str, amount: int) -> Receipt:
        """Mints `amount` WAD for the account and deposits it."""
        raise NotImplementedError

    def push_price(self, market: Market, price: int, updated_at: int | None = None) -> Receipt:
        """Sets the mock oracle of the market, `price` in WAD; `updated_at` is the block's time unless given."""
        raise NotImplementedError


def deploy_system(
    chain: Chain,
    *,
    decimals: int = 18,
    token: Contract | None = None,
    deployer: str | None = None,
    owner: str | None = None,
    guardian: str | None = None,
    treasury: str | None = None,
) -> System:
    """Deploys token (unless given), Config, Clearinghouse, LiquidationEngine and Lens. Roles not given fall to the
    accounts "owner", "guardian", "treasury" on chains that have named accounts, else to the deployer."""
    raise NotImplementedError


def list_market(
    system: System, name: str, config: MarketConfig, price: Decimal | None = None, oracle: Contract | None = None
) -> Market:
    """Lists a market at `price` (human units; default: that of the config): mock oracle unless one is given, venue,
    parameters, policy. Sent by the owner. The market is in system.markets afterwards."""
    raise NotImplementedError
