"""modules/ranges at its edges: what the words of a range hold, what its margin buys, what rounds by a single wei."""

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

import pytest
from support import spec
from support.exchange import reason_of
from support.pure import pure
from support.spec import Pos
from venue_desk import Context
from venue_reference import MAX_TICK, SPACING, sqrt_at

from nacre.chain import restored
from nacre.units import Q96, RAY, WAD

NOTHING = (0, 0)
EDGES = (-SPACING, 0)


@pytest.fixture
def book():
    contract = pure("RangeBook")
    with restored(contract.chain):
        yield contract


@pytest.fixture
def provider(book):
    """No venue is needed here."""
    return book.chain.account("provider")


def holding(edges=EDGES, liquidity=1, entry=Q96, epoch=0, factor=RAY, margin=0, fees=0, funding=0):
    """In the order of Holding."""
    return (*edges, *map(sqrt_at, edges), liquidity, entry, epoch, factor, margin, fees, funding)


# ---- words

# What is as wide as each field, from the lowest to the highest.
FIELDS = {
    "liquidity": (1, 2**118 - 1),
    "entry": (0, 2**114 - 1),
    "epoch": (0, 2**24 - 1),
    "factor": (0, 2**90 - 1),
    "margin": (0, 2**128 - 1),
    "fees": (0, 2**128 - 1),
    "funding": (-(2**165), 2**165 - 1),
}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("place", [0, 1])
def test_a_range_is_read_as_it_was_written(book, provider, field, place):
    """One field at either end of what it holds while the others stand at theirs: none reaches into its neighbour."""
    for others in (0, 1):
        held = holding(**{name: ends[place if name == field else others] for name, ends in FIELDS.items()})
        book.transact("save", provider, held, sender=provider).check()
        assert tuple(book.call("load", provider, *EDGES)) == held


def test_a_small_loss_of_funding_leaves_the_factor(book, provider):
    for funding in (-1, -2, 1, 2):
        held = holding(funding=funding, factor=WAD)
        book.transact("save", provider, held, sender=provider).check()
        assert tuple(book.call("load", provider, *EDGES)) == held


def test_epochs_are_counted_in_24_bits(book, provider):
    book.transact("save", provider, holding(epoch=2**24 + 5), sender=provider).check()
    assert tuple(book.call("load", provider, *EDGES)) == holding(epoch=5)


@pytest.mark.parametrize("edges", [(-MAX_TICK, 0), (0, MAX_TICK), (-MAX_TICK, MAX_TICK)])
def test_a_range_may_end_at_the_last_ticks(book, provider, edges):
    assert not any(book.call("load", provider, *edges))
    book.transact("save", provider, holding(edges), sender=provider).check()
    assert tuple(book.call("load", provider, *edges)) == holding(edges)


def test_ranges_with_an_edge_in_common_are_not_mixed_up(book, provider):
    second = book.chain.account("second")
    keys = [(who, *edges) for who in (provider, second) for edges in ((-50, 0), (0, 50), (-50, 50), (-100, 0))]
    for number, (who, *edges) in enumerate(keys, 1):
        book.transact("save", who, holding(edges, liquidity=number), sender=who).check()
    assert [book.call("load", *key).liquidity for key in keys] == list(range(1, len(keys) + 1))
    assert not any(book.call("load", provider, -100, 50))


# ---- margin


@pytest.mark.parametrize("entered", [0, 7, 2**24 - 2])
def test_margin_is_gone_three_epochs_later(book, entered):
    """However much a factor of the least and one of the most make of it by then."""
    margin = 10**30
    held = holding(margin=margin, factor=WAD, epoch=entered)
    for age, left in enumerate((margin * 10**9, margin, margin // 10**9, 0, 0)):
        accrued = book.call("accrued", held, 0, NOTHING, RAY, (entered + age) % 2**24)
        assert tuple(accrued) == (left, 0, 0, left)


CONTEXT = Context(mmr_bps=500, imr_bps=1_000, lp_factor=RAY // 3, lp_epoch=9)


def bought(margin: int, imr_bps: int) -> int:
    """The liquidity that meets the initial ratio at either edge, by the worse: docs/spec.md section 11."""
    found = []
    for edge in (sqrt_at(-SPACING), sqrt_at(SPACING)):
        way = abs(edge - Q96)
        found.append((margin * Q96 // way << 96) // (way + spec.ceil(edge * imr_bps, 10_000)))
    return min(found)


@pytest.mark.parametrize("margin", [WAD, 10**35])
def test_a_range_must_be_as_deep_as_the_smallest_trade_asks(book, margin):
    """Worth the smallest notional over a quarter of MMR of the root; at most as deep as a venue can be."""
    depth = min(bought(margin, 1_000), 2**118)
    assert (depth == 2**118) == (margin == 10**35)
    least = depth * (Q96 * 500 // 40_000) >> 96
    around = (-SPACING, SPACING)
    context = replace(CONTEXT, min_notional=least)
    new = book.call("drawn", *around, margin, Q96, context.values())
    assert tuple(new) == holding(around, depth, epoch=9, factor=RAY // 3, margin=margin)
    context = replace(CONTEXT, min_notional=least + 1)
    assert reason_of(book, "drawn", *around, margin, Q96, context.values()) == "range too small"


# ---- inventory


@pytest.mark.parametrize("size", [0, 1, -1, 2, -2, WAD + 1, -WAD - 1])
@pytest.mark.parametrize("mark", [10**12, WAD - 1, WAD, WAD + 1, 3 * WAD + 7])
def test_equity_and_maintenance_are_rounded_against_the_provider(book, size, mark):
    entry = 10**12 + 1 if size else 0
    pos = Pos(size, 10**13, entry)
    for mmr_bps in (1, 333, 9_999, 10_000):
        found = tuple(book.call("margins", (0, pos.balance, size, entry, 0), mark, mmr_bps))
        equity = spec.equity(pos, mark) if size else pos.balance
        assert found == (equity, spec.margin(size, mark, mmr_bps)), mmr_bps


@pytest.mark.parametrize("ratio_bps", [1, 2, 5_000, 10_000])
def test_maintenance_is_the_next_whole_wei(book, ratio_bps):
    for notional in (1, 2, 9_999, 10_000, 10_001, 20_001):
        maintenance = book.call("margins", (0, 0, notional, notional, 0), WAD, ratio_bps)[1]
        assert maintenance == ceil(Fraction(notional * ratio_bps, 10_000))


@pytest.mark.parametrize("away", [-(2**90), -3, -1, 0, 1, 3, 2**90])
def test_what_a_range_is_at_a_price(book, away):
    """Where it entered it has nothing; beside it a size, or where that is none the cash in the balance."""
    edges, liquidity, at = (-10_000, 10_000), 10**15 + 1, Q96 + away
    held = holding(edges, liquidity, margin=77)
    size = floor(liquidity * (Fraction(Q96, at) - 1))
    cash = floor(Fraction(liquidity * away, Q96))
    expected = (77, 90, size, abs(cash), 0) if size else (77, 90 + cash, 0, 0, 0)
    assert tuple(book.call("position_at", held, (77, 15, 2, 90), at)) == expected
