"""What is measured of the backstop vault, whose position in the market is there before."""

from nacre.bench.operation import Operation
from nacre.bench.stage import AMOUNT, Call, Stage
from nacre.bench.vault_stage import NEARLY_NOTHING
from nacre.units import MAX_UINT256


def backstop(stage: Stage) -> Call:
    stage.push(NEARLY_NOTHING)
    arguments = (stage.market.id, stage.cast.target)
    return Call(stage.engine, "liquidate_by_backstop", arguments, stage.cast.trader)


def vault_deposit(stage: Stage) -> Call:
    stage.rest()
    account = stage.cast.trader
    return Call(stage.system.vault, "deposit", (AMOUNT, account), account)


def vault_redeem(stage: Stage) -> Call:
    """A part of what has matured; the receiver has tokens."""
    stage.rest()
    account = stage.cast.provider
    return Call(stage.system.vault, "redeem", (AMOUNT * 10**6, account, account), account)


def vault_unwind(stage: Stage) -> Call:
    stage.rest()
    return Call(stage.system.vault, "unwind", (stage.market.id, MAX_UINT256), stage.cast.dealer)


SETTING = "hyperliquid, vault"

VAULT_OPERATIONS = (
    Operation(
        "backstop",
        "all of a failing long by Hyperliquid's policy to the vault, which is long already",
        SETTING,
        backstop,
        ("MarginCommitted", "FundingAccrued", "Takeover", "MarginReturned"),
    ),
    Operation(
        "vault_deposit",
        "part of a matured request, by who has shares, while the vault has a position",
        SETTING,
        vault_deposit,
        ("Approval", "Deposit", "Transfer", "Transfer", "Deposit"),
    ),
    Operation(
        "vault_redeem",
        "part of what has matured, likewise",
        SETTING,
        vault_redeem,
        ("Transfer", "Withdraw", "Transfer", "Withdraw"),
    ),
    Operation(
        "vault_unwind",
        "all of the vault's only position against the venue, by anybody",
        SETTING,
        vault_unwind,
        ("FundingAccrued", "PositionChanged", "Trade", "MarginReturned", "MarketActive", "Unwound"),
    ),
)
