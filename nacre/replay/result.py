"""What a replay found out: everything the summary and the report show, and nothing else. Amounts are WAD integers."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from nacre.figures import exact
from nacre.prices import Candle

# Raised whenever the layout of report.json changes.
FORMAT = 2

TAKEOVER = "takeover"
FORCE_CLOSE = "force close"
BACKSTOP = "backstop"
ADL = "ADL"
KINDS = (TAKEOVER, FORCE_CLOSE, BACKSTOP, ADL)


@dataclass(frozen=True, slots=True)
class Sample:
    """The market at the end of a candle."""

    time: int
    index_price: int
    mid_price: int  # 0: no liquidity in range
    insurance_fund: int
    long_social_loss_index: int  # WAD a unit of size
    short_social_loss_index: int
    unallocated_loss: int
    open_interest: int
    lp_margin: int
    vault: int = 0  # what the backstop vault's account is worth


@dataclass(frozen=True, slots=True)
class Liquidation:
    """One takeover, force close, takeover by the backstop vault, or auto-deleveraging."""

    time: int
    candle: int
    kind: str
    side: str  # "long" or "short": of the target
    target: str
    liquidator: str
    size: int  # unsigned
    mark_price: int
    notional: int  # at mark
    equity: int  # of the part, at mark, before; negative is bankrupt
    deficit: int  # what the waterfall absorbed
    residue: int  # what was left: of a force close to the fund, the treasury or the trader, of ADL to the trader
    reward: int  # of a force close: the keeper's
    gas: int
    counterparties: int = 0  # of an auto-deleveraging: who was closed with it
    given_up: int = 0  # and what they gave up against the mark price

    @property
    def bankrupt(self) -> bool:
        return self.equity < 0

    @property
    def loss(self) -> int:
        """What others bore: by the waterfall, or as counterparties of an auto-deleveraging."""
        return self.deficit + (self.given_up - self.residue if self.kind == ADL else 0)


@dataclass(frozen=True, slots=True)
class Absorption:
    """One deficit on its way down the waterfall."""

    time: int
    bankrupt_side: str  # "long" or "short": the other side pays; "none", of a range without inventory: both do
    cause: str  # "takeover", "force close", "range"
    deficit: int
    from_insurance: int
    from_providers: int
    unallocated: int

    @property
    def socialised(self) -> int:
        """What the accounts of the opposite side pay."""
        return self.deficit - self.from_insurance - self.from_providers - self.unallocated


@dataclass(frozen=True, slots=True)
class RangeRemoval:
    """A range that failed, or that the price had left, removed by somebody else for the tip."""

    time: int
    provider: str
    remover: str
    margin: int
    deficit: int


@dataclass(frozen=True, slots=True)
class Party:
    """One role: what its members brought and what they could take home at the end, open positions at mark."""

    role: str
    members: int
    brought: int
    final: int

    @property
    def result(self) -> int:
        return self.final - self.brought


@dataclass(frozen=True, slots=True)
class Gas:
    """What one kind of transaction cost."""

    operation: str
    count: int
    mean: int
    highest: int


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    """What the clearinghouse holds, and whose it is, at the end."""

    assets: int
    claims: tuple[tuple[str, int], ...]
    dust: int

    @property
    def total_claims(self) -> int:
        return sum(amount for _, amount in self.claims)

    @property
    def balances(self) -> bool:
        return self.assets == self.total_claims + self.dust and self.dust >= 0


@dataclass(frozen=True, slots=True)
class TraderOutcome:
    """What became of the traders."""

    liquidated: int  # accounts, at least once
    in_profit: int
    in_loss: int
    emptied: int  # kept less than a hundredth of what they brought
    kept_by_liquidated: int  # what the liquidated ones have left
    brought_by_liquidated: int


@dataclass
class Result:
    """A whole replay."""

    policy: str
    seed: int
    source: str
    network: str
    symbol: str
    interval: int  # seconds a candle
    parameters: dict[str, Any]
    candles: list[Candle]
    samples: list[Sample]
    liquidations: list[Liquidation]
    absorptions: list[Absorption]
    removals: list[RangeRemoval]
    parties: list[Party]
    traders: TraderOutcome
    gas: list[Gas]
    balance: BalanceSheet
    refused: dict[str, int] = field(default_factory=dict)  # transactions that reverted, by reason
    left_liquidatable: int = 0  # accounts still below maintenance margin at the end
    left_bankrupt: int = 0
    margin_calls: int = 0

    def of_kind(self, kind: str) -> list[Liquidation]:
        return [liquidation for liquidation in self.liquidations if liquidation.kind == kind]

    def party(self, role: str) -> Party:
        return next(party for party in self.parties if party.role == role)

    def socialised(self, bankrupt_side: str) -> int:
        """What the accounts on the side opposite to `bankrupt_side` paid."""
        whole = sum(loss.socialised for loss in self.absorptions if loss.bankrupt_side == bankrupt_side)
        shared = sum(loss.socialised for loss in self.absorptions if loss.bankrupt_side == "none")
        return whole + (shared // 2 if bankrupt_side == "short" else shared - shared // 2)

    def total(self, name: str) -> int:
        """Sum over all deficits of one field of Absorption."""
        return sum(getattr(loss, name) for loss in self.absorptions)

    def given_up(self, side: str = "") -> int:
        """What counterparties of deleveraged positions of that side, or of either, gave up against mark."""
        return sum(item.given_up for item in self.of_kind(ADL) if side in ("", item.side))

    def borne(self, side: str = "") -> int:
        """What of it covered the loss of the bankrupt: all but what was left to them at the previous mark."""
        left = sum(item.residue for item in self.of_kind(ADL) if side in ("", item.side))
        return self.given_up(side) - left

    def zero_sum(self) -> int:
        """What all parties gained together: the dust, less than nothing of which may be missing."""
        return sum(party.result for party in self.parties)

    def as_json(self) -> str:
        """Amounts as exact decimals in strings; the same run gives the same text."""
        return json.dumps({"format": FORMAT, **self._plain()}, indent=1, ensure_ascii=False) + "\n"

    def _plain(self) -> dict[str, Any]:
        skipped = ("time", "candle", "gas", "timestamp", "counterparties")
        return {
            "policy": self.policy,
            "seed": self.seed,
            "prices": {"source": self.source, "candles": len(self.candles), "interval_seconds": self.interval},
            "network": self.network,
            "symbol": self.symbol,
            "parameters": dict(self.parameters),
            "liquidations_by_kind": {
                kind: {
                    "count": len(found),
                    "bankrupt": sum(item.bankrupt for item in found),
                    "notional": exact(sum(item.notional for item in found)),
                    "deficit": exact(sum(item.deficit for item in found)),
                    "rewards": exact(sum(item.reward for item in found)),
                    "given_up": exact(sum(item.given_up for item in found)),
                }
                for kind in KINDS
                for found in [self.of_kind(kind)]
            },
            "losses": {
                "deficits": exact(self.total("deficit") + self.borne()),
                "from_insurance": exact(self.total("from_insurance")),
                "from_providers": exact(self.total("from_providers")),
                "paid_by_longs": exact(self.socialised("short")),
                "paid_by_shorts": exact(self.socialised("long")),
                "unallocated": exact(self.total("unallocated")),
                "borne_in_adl_by_longs": exact(self.borne("short")),
                "borne_in_adl_by_shorts": exact(self.borne("long")),
            },
            "insurance_fund": {
                "start": exact(self.party("insurance fund").brought),
                "lowest": exact(min((sample.insurance_fund for sample in self.samples), default=0)),
                "end": exact(self.party("insurance fund").final),
            },
            "treasury_income": exact(self.party("treasury").result),
            "parties": [
                {**_amounts(asdict(party), ("members",)), "result": exact(party.result)} for party in self.parties
            ],
            "traders": _amounts(asdict(self.traders), ("liquidated", "in_profit", "in_loss", "emptied")),
            "gas": [asdict(gas) for gas in self.gas],
            "solvency": {
                "assets": exact(self.balance.assets),
                "claims": {name: exact(amount) for name, amount in self.balance.claims},
                "total_claims": exact(self.balance.total_claims),
                "dust": exact(self.balance.dust),
            },
            "left_liquidatable": self.left_liquidatable,
            "left_bankrupt": self.left_bankrupt,
            "margin_calls": self.margin_calls,
            "refused_transactions": dict(sorted(self.refused.items())),
            "liquidations": list(_rows(self.liquidations, skipped)),
            "deficits": list(_rows(self.absorptions, skipped)),
            "range_removals": list(_rows(self.removals, skipped)),
            "samples": list(_rows(self.samples, skipped)),
            "candles": list(_rows(self.candles, skipped)),
        }


def _amounts(row: dict[str, Any], skipped: Iterable[str]) -> dict[str, Any]:
    return {key: exact(value) if isinstance(value, int) and key not in skipped else value for key, value in row.items()}


def _rows(items: Iterable[Any], skipped: Iterable[str]) -> Iterable[dict[str, Any]]:
    return (_amounts(asdict(item), skipped) for item in items)
