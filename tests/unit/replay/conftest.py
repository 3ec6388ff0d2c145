"""A result as a replay would leave it, made up: what is shown must not depend on a chain."""

from dataclasses import replace

import pytest

from nacre.prices import crash_path
from nacre.replay.compare import Comparison
from nacre.replay.result import (
    ADL,
    BACKSTOP,
    FORCE_CLOSE,
    TAKEOVER,
    Absorption,
    BalanceSheet,
    Gas,
    Liquidation,
    Party,
    RangeRemoval,
    Result,
    Sample,
    TraderOutcome,
)
from nacre.units import WAD


def _liquidations(candles):
    """Longs of different size in the two legs, shorts in the recovery."""
    made = []
    for number in range(60):
        leg = (130, 146, 150)[number % 3]
        candle = candles[leg + number // 20]
        side = "short" if leg == 150 else "long"
        size = WAD * (1 + number * number % 37) // 4
        price = candle.low if side == "long" else candle.high
        notional = size * price // WAD
        broke = number % 5 == 0
        kind = TAKEOVER if number % 2 else FORCE_CLOSE
        equity = -notional // 12 if broke else notional // 40
        made.append(
            Liquidation(
                time=candle.timestamp + 1_800,
                candle=leg,
                kind=kind,
                side=side,
                target=f"trader {number}",
                liquidator=f"keeper {number % 3}",
                size=size,
                mark_price=price,
                notional=notional,
                equity=equity,
                deficit=max(-equity, 0),
                residue=max(equity, 0) * 9 // 10 if kind == FORCE_CLOSE else 0,
                reward=max(equity, 0) // 10 if kind == FORCE_CLOSE else 0,
                gas=80_000 + number,
            )
        )
    return sorted(made, key=lambda item: item.time)


@pytest.fixture
def result():
    candles = crash_path()
    liquidations = _liquidations(candles)
    fund, longs, shorts = 20_000 * WAD, 0, 0
    samples, absorptions = [], []
    for number, candle in enumerate(candles):
        for item in liquidations:
            if candle.timestamp <= item.time < candle.timestamp + 3600 and item.deficit:
                paid = min(fund, item.deficit)
                shared = item.deficit - paid
                absorptions.append(Absorption(item.time, item.side, item.kind, item.deficit, paid, shared // 3, 0))
                fund -= paid
                longs += shared // 50 if item.side == "short" else 0
                shorts += shared // 50 if item.side == "long" else 0
        fund += number * WAD // 10
        mid = candle.close * 1_001 // 1_000
        samples.append(
            Sample(candle.timestamp + 3_600, candle.close, mid, fund, longs, shorts, 0, 400 * WAD, 900_000 * WAD)
        )
    brought = {"traders": 1_500_000, "liquidity providers": 2_000_000, "arbitrageurs": 1_000_000, "keepers": 500_000}
    changes = {"traders": -182_345, "liquidity providers": 20_125, "arbitrageurs": 91_000, "keepers": 58_720}
    parties = [
        Party(role, 200 if role == "traders" else 3, amount * WAD, (amount + changes[role]) * WAD)
        for role, amount in brought.items()
    ]
    parties.append(Party("insurance fund", 0, 20_000 * WAD, 27_500 * WAD))
    parties.append(Party("treasury", 0, 0, 5_000 * WAD - 1_234))
    assets = sum(party.final for party in parties) + 1_234
    return Result(
        policy="oyster",
        seed=7,
        source="the embedded crash of March 2020",
        network="embedded",
        symbol="USD",
        interval=3_600,
        parameters={
            "imr_bps": 1_000,
            "mmr_bps": 500,
            "takeover": True,
            "penalty": ["10.92", "1.64"],
            "residue": "insurance",
        },
        candles=candles,
        samples=samples,
        liquidations=liquidations,
        absorptions=absorptions,
        removals=[RangeRemoval(candles[130].timestamp, "provider 1", "keeper 2", 1_000 * WAD, 0)],
        parties=parties,
        traders=TraderOutcome(57, 80, 120, 9, 120_000 * WAD, 430_000 * WAD),
        gas=[Gas("takeover", 30, 81_234, 99_000), Gas("trade", 2_345, 112_000, 151_111)],
        balance=BalanceSheet(
            assets,
            (("free collateral of accounts", assets - 1_234 - 27_500 * WAD), ("insurance fund", 27_500 * WAD)),
            1_234,
        ),
        refused={"price limit": 3},
    )


@pytest.fixture
def defx(result):
    """The same with a vault that took some positions over, and the bankrupt longs deleveraged instead of socialised."""
    moved = []
    for item in result.liquidations:
        if item.deficit and item.side == "long":
            adl = {"kind": ADL, "deficit": 0, "given_up": item.deficit, "counterparties": 2, "residue": 0, "reward": 0}
            moved.append(replace(item, **adl))
        elif item.kind == TAKEOVER:
            moved.append(replace(item, kind=BACKSTOP))
        else:
            moved.append(item)
    vault = Party("backstop vault", 1, 150_000 * WAD, 170_000 * WAD)
    traders = result.party("traders")
    losses = replace(traders, final=traders.final - 20_000 * WAD)
    others = [party for party in result.parties if party.role != "traders"]
    assets = result.balance.assets + 150_000 * WAD
    free = assets - 1_234 - 27_500 * WAD
    return replace(
        result,
        policy="defx",
        parameters=result.parameters | {"imr_bps": 500, "mmr_bps": 250},
        liquidations=moved,
        absorptions=[loss for loss in result.absorptions if loss.bankrupt_side == "short"],
        samples=[replace(sample, vault=(150_000 + number) * WAD) for number, sample in enumerate(result.samples)],
        parties=[losses, *others, vault],
        balance=BalanceSheet(assets, (("free collateral of accounts", free), ("insurance fund", 27_500 * WAD)), 1_234),
        margin_calls=12,
    )


@pytest.fixture
def comparison(result, defx):
    return Comparison([result, defx])
