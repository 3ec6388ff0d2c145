"""Writes down what happens during a replay: every transaction's gas, every liquidation, every deficit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from nacre.chain import Log, Receipt
from nacre.model.positions import Position
from nacre.replay.result import ADL, BACKSTOP, FORCE_CLOSE, TAKEOVER, Absorption, Gas, Liquidation, RangeRemoval
from nacre.units import WAD


@dataclass
class Before:
    """What was known of a liquidation's target just before it."""

    position: Position
    equity: int


@dataclass
class Journal:
    """Times are those of the candles, whatever the chain's clock says."""

    candle: int = 0
    time: int = 0
    unallocated_loss: int = 0
    vault: str = ""  # the backstop's account
    margin_calls: int = 0
    liquidations: list[Liquidation] = field(default_factory=list)
    absorptions: list[Absorption] = field(default_factory=list)
    removals: list[RangeRemoval] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    _gas: dict[str, list[int]] = field(default_factory=dict)

    def note_gas(self, operation: str, receipt: Receipt) -> None:
        self._gas.setdefault(operation, []).append(receipt.gas_used)

    def refuse(self, operation: str, reason: str) -> None:
        self.refused[f"{operation}: {reason}"] += 1

    def gas(self) -> list[Gas]:
        """Commonest first."""
        rows = [Gas(name, len(used), sum(used) // len(used), max(used)) for name, used in self._gas.items()]
        return sorted(rows, key=lambda row: (-row.count, row.operation))

    def note_absorption(self, log: Log, cause: str, from_providers: int) -> None:
        unallocated = log.unallocated_loss - self.unallocated_loss
        self.unallocated_loss = log.unallocated_loss
        side = "long" if log.size > 0 else "short" if log.size < 0 else "none"
        self.absorptions.append(
            Absorption(self.time, side, cause, log.deficit, log.from_insurance, from_providers, unallocated)
        )

    def note_liquidation(self, log: Log, before: Before | None, names: dict[str, str], gas: int) -> None:
        """A takeover, also by the vault, or a force close, as its event tells it."""
        closed = log.name == "ForceClose"
        who = log.keeper if closed else log.liquidator
        kind = FORCE_CLOSE if closed else BACKSTOP if who == self.vault else TAKEOVER
        size = abs(log.size)
        deficit = max(0, -log.residue) if closed else log.deficit
        self.liquidations.append(
            Liquidation(
                time=self.time,
                candle=self.candle,
                kind=kind,
                side="long" if log.size > 0 else "short",
                target=names.get(log.target, log.target),
                liquidator=names.get(who, who),
                size=size,
                mark_price=log.mark_price,
                notional=size * log.mark_price // WAD,
                equity=-log.deficit if kind != FORCE_CLOSE and log.deficit else _share(before, size),
                deficit=deficit,
                residue=max(0, log.residue) if closed else 0,
                reward=log.reward if closed else 0,
                gas=gas,
            )
        )

    def note_deleveraging(
        self,
        log: Log,
        closed: Sequence[Log],
        deficit: int,
        before: Before | None,
        names: dict[str, str],
        who: str,
        gas: int,
    ) -> None:
        """The end of an auto-deleveraging; `closed` are the positions it was closed against."""
        size = abs(log.size)
        side = "long" if log.size > 0 or (before and before.position.size > 0) else "short"
        if log.from_insurance:
            self.absorptions.append(Absorption(self.time, side, ADL, log.from_insurance, log.from_insurance, 0, 0))
        self.liquidations.append(
            Liquidation(
                time=self.time,
                candle=self.candle,
                kind=ADL,
                side=side,
                target=names.get(log.target, log.target),
                liquidator=who,
                size=size,
                mark_price=log.mark_price,
                notional=size * log.mark_price // WAD,
                equity=before.equity if before else 0,
                deficit=deficit + log.from_insurance,
                residue=log.surplus,
                reward=0,
                gas=gas,
                counterparties=len(closed),
                given_up=sum(_given_up(one, log.mark_price) for one in closed),
            )
        )

    def note_removal(self, log: Log, names: dict[str, str], deficit: int) -> None:
        self.removals.append(
            RangeRemoval(
                self.time,
                names.get(log.provider, log.provider),
                names.get(log.remover, log.remover),
                log.margin,
                deficit,
            )
        )


def _given_up(closed: Log, mark_price: int) -> int:
    """What a counterparty of an auto-deleveraging would have had at mark and did not get."""
    at_mark = abs(closed.size) * mark_price // WAD
    return at_mark - closed.notional if closed.size > 0 else closed.notional - at_mark


def _share(before: Before | None, size: int) -> int:
    """The equity of the part: pro rata, as the contracts split."""
    if before is None:
        return 0
    return before.equity * size // before.position.amount
