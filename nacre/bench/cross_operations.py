"""What is measured of cross margin."""

from decimal import Decimal

from nacre.bench.cross_stage import CrossStage
from nacre.bench.operation import Operation
from nacre.bench.stage import MARGIN, Call, Stage
from nacre.units import MAX_UINT256

# Where both legs of the target together fall below maintenance margin; and where sixteen are well.
FAILING, CALM = Decimal("96.5"), Decimal(99)


def takeover_cross(stage: Stage) -> Call:
    assert isinstance(stage, CrossStage)
    stage.push_all(FAILING)
    arguments = (stage.market.id, stage.cast.target, MAX_UINT256, MARGIN)
    return Call(stage.engine, "liquidate_by_takeover", arguments, stage.cast.trader)


def account_health(stage: Stage) -> Call:
    assert isinstance(stage, CrossStage)
    stage.push_all(CALM)
    return Call(stage.house, "account_state", (stage.cast.target,), stage.cast.dealer)


CROSS_OPERATIONS = (
    Operation(
        "takeover_cross",
        "all of one of the two cross positions of a failing account by Defx's policy, by a long, with margin",
        "defx, two legs",
        takeover_cross,
        ("FundingAccrued", "Takeover"),
    ),
    Operation(
        "account_health",
        "of an account with 16 cross positions by Hyperliquid's policy (median mark), asked for by a transaction",
        "hyperliquid, sixteen legs",
        account_health,
        (),
    ),
)
