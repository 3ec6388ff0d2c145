"""What a liquidation costs with few and with many open positions: the same, for nothing in it goes over accounts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nacre.bench.operation import Operation
from nacre.bench.operations import OPERATIONS
from nacre.bench.stage import Call, Stage
from nacre.chain import EmbeddedChain, restored
from nacre.units import WAD

FEW, MANY = 10, 10_000
GROWING = ("takeover_solvent", "takeover_bankrupt", "force_close")
# Of each account of the crowd: a unit, long and short in turn, so that the venue stays where it is.
UNIT, MARGIN = WAD, 20 * WAD
OWNED = 100 * WAD


@dataclass(frozen=True)
class Growth:
    """Gas of one operation by how many positions are open."""

    operation: str
    gas: dict[int, int]

    @property
    def more(self) -> int:
        """What the most cost more than the fewest."""
        return self.gas[max(self.gas)] - self.gas[min(self.gas)]


def growth(counts: Sequence[int] = (FEW, MANY), names: Sequence[str] = GROWING) -> list[Growth]:
    """Measured in one market that fills up, each operation as a fresh transaction."""
    stage = Stage(EmbeddedChain())
    operations = [operation for operation in OPERATIONS if operation.name in names]
    found: dict[str, dict[int, int]] = {operation.name: {} for operation in operations}
    for count in sorted(counts):
        fill(stage, count)
        for operation in operations:
            found[operation.name][count] = _gas(stage, operation)
    return [Growth(name, gas) for name, gas in found.items()]


def _gas(stage: Stage, operation: Operation) -> int:
    with restored(stage.chain):
        call = operation.prepare(stage)
        return call.contract.transact(call.function, *call.arguments, sender=call.sender).check().gas_used


def open_positions(stage: Stage) -> int:
    state = stage.house.call("market_state", stage.market.id)
    return int(state.holders_long + state.holders_short)


def fill(stage: Stage, count: int) -> None:
    """Opens positions of new accounts until there are so many, by real deposits and trades."""
    first = open_positions(stage)
    dealer, house, market = stage.cast.dealer, stage.house, stage.market.id
    newcomers = [stage.chain.account(f"holder {number}") for number in range(first, count)]
    stage.system.mint(dealer, len(newcomers) * OWNED)
    amount = stage.system.to_tokens(OWNED)
    send_all(stage, (Call(house, "deposit", (amount, account), dealer) for account in newcomers))
    sizes = [UNIT if number % 2 else -UNIT for number in range(len(newcomers))]
    send_all(
        stage,
        (
            Call(house, "trade", (market, size, MARGIN, 0, 0), account)
            for size, account in zip(sizes, newcomers, strict=True)
        ),
    )
    assert open_positions(stage) == count


def send_all(stage: Stage, calls: Iterable[Call]) -> None:
    """Transactions of one block. What they wrote is read once at the end, so what they cost is not known."""
    chain = stage.chain
    assert isinstance(chain, EmbeddedChain)
    with chain.block():
        evm = chain._evm
        checkpoint = evm.snapshot()
        try:
            for call in calls:
                evm.message_call(call.sender, call.contract.address, call.data)
                evm.reset_transient_storage()
            changes = chain._changes()
        finally:
            evm.revert(checkpoint)
        chain._apply(changes)
