"""What a replay found out, in words and in rows: for the page, for the terminal, and where several are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nacre import figures
from nacre.replay.result import ADL, FORCE_CLOSE, KINDS, TAKEOVER, Result

RESIDUES = {"insurance": "insurance fund", "trader": "trader", "treasury": "treasury"}


def moment(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}"


def interval_text(seconds: int) -> str:
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % unit == 0:
            return figures.count(seconds // unit, name)
    return figures.count(seconds, "second")


def gain(amount: int) -> str:
    return figures.money(amount, signed=True)


def listed(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def has_vault(result: Result) -> bool:
    return any(party.role == "backstop vault" for party in result.parties)


def story(result: Result) -> list[str]:
    """What happened, in sentences."""
    first, last = result.candles[0], result.candles[-1]
    low = min(result.candles, key=lambda candle: candle.low)
    high = max(result.candles, key=lambda candle: candle.high)
    bankrupt = [item for item in result.liquidations if item.bankrupt]
    deficit = result.total("deficit")
    sentences = [
        f"Between {moment(first.timestamp)} and {moment(last.timestamp + result.interval)} UTC the price went from "
        f"{figures.price(first.open)} to {figures.price(last.close)}, between {figures.price(low.low)} and "
        f"{figures.price(high.high)}."
    ]
    if result.liquidations:
        shares = listed([f"{len(found):,} by {kind}" for kind in KINDS if (found := result.of_kind(kind))])
        sentences.append(
            f"{figures.count(len(result.liquidations), 'liquidation')}: {shares}. "
            + (
                f"In {len(bankrupt):,} of them the position was bankrupt: its loss was larger than its margin."
                if bankrupt
                else "None of the positions was bankrupt: each was liquidated while it still had margin."
            )
        )
    else:
        sentences.append("Nobody had to be liquidated.")
    if deficit:
        parts = [
            (result.total("from_insurance"), "the insurance fund"),
            (result.total("from_providers"), "the liquidity providers' margin"),
            (result.socialised("long"), "the shorts"),
            (result.socialised("short"), "the longs"),
            (result.total("unallocated"), "nobody (unallocated, first claim on new money)"),
        ]
        payers = ", ".join(f"{figures.money(amount)} by {who}" for amount, who in parts if amount)
        sentences.append(f"The deficits of {figures.money(deficit)} {result.symbol} were covered: {payers}.")
    elif not result.given_up():
        sentences.append("No deficit had to be absorbed.")
    if deleveraged := result.of_kind(ADL):
        closed = figures.count(len(deleveraged), "bankrupt position was", "bankrupt positions were")
        against = figures.count(sum(item.counterparties for item in deleveraged), "position")
        sentences.append(
            f"{closed} closed against {against} of the other side, which gave up {figures.money(result.given_up())} "
            f"{result.symbol} of profit."
        )
        if more := result.given_up() - result.borne():
            sentences.append(
                f"{figures.money(more)} of that is more than the loss: the policy closes at the previous mark, and "
                "what that leaves is the bankrupt traders'."
            )
    return sentences


def trader_text(result: Result) -> str:
    traders = result.traders
    text = (
        f"Of {figures.count(result.party('traders').members, 'trader')} {traders.in_profit:,} ended in profit and "
        f"{traders.in_loss:,} in loss; {traders.emptied:,} kept less than a hundredth of what they brought. "
    )
    if not traders.liquidated:
        return text + "Nobody was liquidated."
    kept = figures.percent(traders.kept_by_liquidated, traders.brought_by_liquidated)
    return (
        text + f"{traders.liquidated:,} were liquidated at least once; together these kept {kept} of what they brought."
    )


@dataclass(frozen=True)
class KindRow:
    """A line of the table of kinds."""

    name: str
    count: int
    notional: int
    deficit: int
    rewards: int
    residue: int


def kinds(result: Result) -> list[KindRow]:
    rows = []
    happened = {item.kind for item in result.liquidations}
    for kind in KINDS:
        if kind not in (TAKEOVER, FORCE_CLOSE) and kind not in happened:
            continue
        for bankrupt in (False, True):
            found = [item for item in result.of_kind(kind) if item.bankrupt is bankrupt]
            if kind == ADL and not found:
                continue
            rows.append(
                KindRow(
                    f"{kind}, {'bankrupt' if bankrupt else 'solvent'}",
                    len(found),
                    sum(item.notional for item in found),
                    sum(item.loss for item in found),
                    sum(item.reward if kind == FORCE_CLOSE else max(item.equity, 0) for item in found),
                    sum(max(item.residue, 0) for item in found),
                )
            )
    ranges = [loss for loss in result.absorptions if loss.cause not in KINDS]
    tips = KindRow("failing range removed", len(result.removals), 0, sum(loss.deficit for loss in ranges), 0, 0)
    return [*rows, tips]
