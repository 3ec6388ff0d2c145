"""Several replays of one price path under different policies, side by side: the table, the words, and report.json."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nacre import figures
from nacre.presets import preset
from nacre.presets.market import MarketConfig
from nacre.replay.agents_traders import leverage_limit
from nacre.replay.result import ADL, BACKSTOP, FORCE_CLOSE, KINDS, TAKEOVER, Result
from nacre.replay.words import listed, story

# In the order of docs/parameters.md; others that a folder of presets may hold come after.
ORDER = ("oyster", "injective", "satoshiswap", "hyperliquid", "defx")
# Keys of a single report that are the same in all.
SHARED = ("format", "seed", "prices", "network", "symbol", "candles")


@dataclass(frozen=True)
class Measure:
    """A row of the table: one number a policy."""

    name: str
    values: list[int]
    unit: str = "money"  # or "count", "gas", "wei"
    signed: bool = False

    def cells(self) -> list[str]:
        return [self._text(value) for value in self.values]

    def _text(self, value: int) -> str:
        if self.unit == "money":
            return figures.money(value, self.signed)
        return f"{value:,}" if value or self.unit != "gas" else "–"


@dataclass(frozen=True)
class Group:
    title: str
    measures: list[Measure]

    def telling(self) -> "Group":
        """Without the rows that are 0 everywhere."""
        return Group(self.title, [measure for measure in self.measures if any(measure.values)])


@dataclass(frozen=True)
class Comparison:
    """One result a policy, all of the same candles, accounts and seed."""

    results: list[Result]

    @property
    def names(self) -> list[str]:
        return [result.policy for result in self.results]

    @property
    def first(self) -> Result:
        return self.results[0]

    def groups(self) -> list[Group]:
        return [
            Group("who lost what", self._roles()),
            Group("liquidations", self._liquidations()),
            Group("losses beyond the margin", self._losses()),
            Group("insurance, treasury", self._funds()),
            Group("gas, mean", self._gas()),
        ]

    def result_of(self, result: Result, roles: Sequence[str]) -> int:
        return sum(party.result for party in result.parties if party.role in roles)

    def as_json(self) -> str:
        """The candles once, and each policy's whole report but for them."""
        reports = [json.loads(result.as_json()) for result in self.results]
        shared = {key: reports[0][key] for key in SHARED}
        policies = [{key: value for key, value in report.items() if key not in SHARED} for report in reports]
        candles = shared.pop("candles")
        whole = {**shared, "comparison": self._plain(), "policies": policies, "candles": candles}
        return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"

    def _plain(self) -> list[dict[str, Any]]:
        """The table: amounts as exact decimals."""
        return [
            {
                "group": group.title,
                "name": measure.name,
                "values": {
                    name: figures.exact(value) if measure.unit == "money" else value
                    for name, value in zip(self.names, measure.values, strict=True)
                },
            }
            for group in self.groups()
            for measure in group.measures
        ]

    # ---- rows

    def _row(self, name: str, measure: Callable[[Result], int], unit: str = "money", signed: bool = False) -> Measure:
        return Measure(name, [measure(result) for result in self.results], unit, signed)

    def _roles(self) -> list[Measure]:
        return [
            self._row(name, lambda result, roles=roles: self.result_of(result, roles), signed=True)  # type: ignore[misc]
            for name, roles in ROLES.items()
        ] + [self._row("kept by liquidated traders", lambda result: result.traders.kept_by_liquidated)]

    def _liquidations(self) -> list[Measure]:
        names = {TAKEOVER: "takeovers", FORCE_CLOSE: "force closes", BACKSTOP: "by the backstop", ADL: "by ADL"}
        return [
            *(self._row(name, lambda r, kind=kind: len(r.of_kind(kind)), "count") for kind, name in names.items()),  # type: ignore[misc]
            self._row("of the bankrupt", lambda r: sum(item.bankrupt for item in r.liquidations), "count"),
            self._row("notional", lambda r: sum(item.notional for item in r.liquidations)),
            self._row("traders hit", lambda r: r.traders.liquidated, "count"),
            self._row("margin calls recorded", lambda r: r.margin_calls, "count"),
            self._row("left below margin", lambda r: r.left_liquidatable, "count"),
        ]

    def _losses(self) -> list[Measure]:
        return [
            self._row("deficits", lambda r: r.total("deficit") + r.borne()),
            self._row("paid by insurance", lambda r: r.total("from_insurance")),
            self._row("social loss, longs", lambda r: r.socialised("short")),
            self._row("social loss, shorts", lambda r: r.socialised("long")),
            self._row("social loss, providers", lambda r: r.total("from_providers")),
            self._row("borne in ADL, longs", lambda r: r.borne("short")),
            self._row("borne in ADL, shorts", lambda r: r.borne("long")),
            self._row("without a payer", lambda r: r.total("unallocated")),
            self._row("given up beyond it", lambda r: r.given_up() - r.borne()),
        ]

    def _funds(self) -> list[Measure]:
        return [
            self._row("fund at the start", lambda r: r.party("insurance fund").brought),
            self._row("fund at its lowest", lambda r: min((s.insurance_fund for s in r.samples), default=0)),
            self._row("fund at the end", lambda r: r.party("insurance fund").final),
            self._row("treasury income", lambda r: r.party("treasury").result, signed=True),
        ]

    def _gas(self) -> list[Measure]:
        def mean(operation: str) -> Callable[[Result], int]:
            return lambda result: next((gas.mean for gas in result.gas if gas.operation == operation), 0)

        shown = ("trade", TAKEOVER, FORCE_CLOSE, BACKSTOP, ADL)
        return [self._row(name, mean(name), "gas") for name in shown]

    # ---- words

    def story(self) -> list[str]:
        """What stands out, in sentences."""
        sentences = [story(self.first)[0]]
        traders = {result.policy: result.party("traders") for result in self.results}
        kept = sorted(traders, key=lambda name: -traders[name].final)
        best, worst = traders[kept[0]], traders[kept[-1]]
        sentences.append(
            f"Traders had {figures.percent(best.final, best.brought)} of their collateral at the end under {kept[0]}, "
            f"where they did best, and {figures.percent(worst.final, worst.brought)} under {kept[-1]}, where they did "
            f"worst."
        )
        sentences.append(self._count_sentence())
        sentences += self._loss_sentences()
        return sentences

    def _count_sentence(self) -> str:
        counts = sorted(((len(result.liquidations), result.policy) for result in self.results), reverse=True)
        broke = [
            f"{sum(item.bankrupt for item in result.liquidations):,} under {result.policy}" for result in self.results
        ]
        return (
            f"Most liquidations came under {counts[0][1]} ({counts[0][0]:,}), fewest under {counts[-1][1]} "
            f"({counts[-1][0]:,}). Of positions that were bankrupt by then: {listed(broke)}."
        )

    def _loss_sentences(self) -> list[str]:
        shared = [result.policy for result in self.results if result.socialised("long") + result.socialised("short")]
        closed = [result.policy for result in self.results if result.of_kind(ADL)]
        unpaid = [result.policy for result in self.results if result.total("unallocated")]
        found = []
        if shared:
            found.append(f"Open positions of the other side paid a social loss under {listed(shared)}.")
        ranges = [result.policy for result in self.results if result.policy in shared and _only_ranges(result)]
        if ranges:
            found.append(f"Under {listed(ranges)} that was for ranges of liquidity that failed, not for positions.")
        if closed:
            found.append(f"Counterparties were closed by auto-deleveraging under {listed(closed)}.")
        if unpaid:
            found.append(f"Some loss found no payer under {listed(unpaid)}: it waits for new money in the fund.")
        return found


def _only_ranges(result: Result) -> bool:
    """Whether no account's position made a social loss."""
    return not any(loss.socialised for loss in result.absorptions if loss.cause in KINDS)


# Row of the table and of the chart, and whose results are in it.
ROLES = {
    "traders": ("traders",),
    "liquidity providers": ("liquidity providers",),
    "arbitrageurs": ("arbitrageurs",),
    "keepers": ("keepers", "operator's keeper"),
    "backstop vault": ("backstop vault",),
    "insurance fund": ("insurance fund",),
    "treasury": ("treasury",),
}


def ordered(names: Sequence[str]) -> list[str]:
    """Policies in the order of their table."""
    return sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def configs(names: Sequence[str]) -> dict[str, MarketConfig]:
    return {name: preset(name) for name in ordered(names)}


def common_leverage(markets: Sequence[MarketConfig]) -> int:
    """Basis points: the most that all of the markets allow, so that the same accounts can open everywhere."""
    return min(leverage_limit(m.imr_bps, m.trading_fee_bps + m.protocol_fee_bps) for m in markets)
