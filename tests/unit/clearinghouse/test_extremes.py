"""Every function with the smallest and the largest numbers there are: a clear reason or plain success."""

import pytest
from support.exchange import PRICE, WIDE

from nacre.artifacts import load
from nacre.chain import CallFailed
from nacre.units import MAX_UINT256, WAD

UINTS = [0, 1, 1023, 1024, 2**96, 2**104, 2**128 - 1, 2**128, 2**160, 2**255, MAX_UINT256]
INTS = [0, 1, -1, 10**27, -(10**27), 2**127, -(2**127), 2**128, 2**255 - 1, -(2**255)]
CONTRACTS = ("house", "engine", "venue", "lens", "config", "oracle")


@pytest.fixture
def lively(opened, trader, counterparty):
    """A failing long, a short, funding and fees: nothing is zero."""
    exchange = opened(trading_fee_bps=30, protocol_fee_bps=20, funding_cap_bps=100, penalty=(10, 1, 1, 0))
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -25 * WAD, 500 * WAD)
    exchange.push(87 * WAD)
    return exchange


def functions(contract):
    """Name and plain argument types; structs and lists have their own tests."""
    for entry in load(contract.name).abi:
        types = [item["type"] for item in entry.get("inputs", [])]
        if entry["type"] == "function" and not any("[" in kind or kind == "tuple" for kind in types):
            yield entry["name"], types, entry["stateMutability"] in ("view", "pure")


def combinations(types, who):
    """Something sensible with one argument at an extreme, and everything at one extreme."""
    sensible = {"uint256": WAD, "int256": WAD, "address": who, "bool": True}
    extremes = {"uint256": UINTS, "int256": INTS, "address": [who, "0x" + "00" * 20], "bool": [True, False]}
    base = [0 if index == 0 and kind == "uint256" else sensible[kind] for index, kind in enumerate(types)]
    yield base
    for index, kind in enumerate(types):
        for value in extremes[kind]:
            yield [*base[:index], value, *base[index + 1 :]]
    for number in UINTS:
        same = {"uint256": number, "int256": number if number < 2**255 else -(2**255), "address": who, "bool": True}
        yield [same[kind] for kind in types]


def outcome(exchange, contract, name, arguments, is_view, sender):
    """The reason; empty if it went through."""
    with exchange.undone():
        if not is_view:
            return contract.transact(name, *arguments, sender=sender).reason
        try:
            contract.call(name, *arguments, sender=sender)
        except CallFailed as error:
            return str(error)
        return ""


def is_clear(reason):
    return not reason.startswith(("reverted", "panic", "halted"))


@pytest.mark.parametrize("part", CONTRACTS)
def test_no_reason_is_missing(lively, trader, keeper, part):
    contract = getattr(lively, part)
    unclear = set()
    for name, types, is_view in functions(contract):
        for arguments in combinations(types, trader):
            for sender in (trader, keeper):
                reason = outcome(lively, contract, name, arguments, is_view, sender)
                if not is_clear(reason):
                    unclear.add(f"{name}{tuple(arguments)}: {reason}")
    assert not unclear, "\n".join(sorted(unclear))


@pytest.mark.parametrize("market", [0, MAX_UINT256])
def test_lists_and_structs(lively, trader, market):
    """What the sweep above leaves out."""
    calls = [
        (lively.engine, "call_margin", (market, [trader])),
        (lively.lens, "healths", (market, [trader])),
        (lively.lens, "solvency", (market, [trader], [])),
        (lively.lens, "solvency", (market, [trader, trader], [])),
        (lively.lens, "solvency", (market, [], [(trader, *WIDE), (trader, *WIDE)])),
        (lively.lens, "solvency", (market, [], [(trader, -(2**255), 2**255 - 1)])),
        (lively.lens, "assets", ([trader],)),
    ]
    for contract, name, arguments in calls:
        is_view = contract is lively.lens
        assert is_clear(outcome(lively, contract, name, arguments, is_view, trader)), (name, arguments)


def test_prices_at_their_bounds(lively, trader, keeper):
    """The sweep of the clearinghouse and the engine where the price is as low and as high as it may be."""
    for price in (10**12, 10**25):
        with lively.undone():
            lively.push(price)
            for contract in (lively.house, lively.engine, lively.venue):
                for name, types, is_view in functions(contract):
                    for sender in (trader, keeper):
                        arguments = next(combinations(types, trader))
                        reason = outcome(lively, contract, name, arguments, is_view, sender)
                        assert is_clear(reason), (price, name, arguments, reason)
    assert lively.state().mark_price == 87 * PRICE // 100
