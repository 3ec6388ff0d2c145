"""Who pays for a deficit in the model: everybody his share, nobody more than once, no wei lost."""

from hypothesis import given
from hypothesis import strategies as st

from nacre.model.market import Market, Totals
from nacre.model.oracle import Oracle
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.positions import Position
from nacre.model.ranges import Range
from nacre.model.rounding import ceil_div
from nacre.model.waterfall import absorb, drawable
from nacre.units import RAY, WAD

PRICE = 100 * WAD


def market(long: int, short: int, **fields: int) -> Market:
    made = Market(MarketParameters(), Policy(), Oracle(PRICE))
    made.totals = Totals(long, short, 1, 1)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


amounts = st.integers(1, 10**30)
sizes = st.integers(1, 10**27)


@given(sizes, sizes, amounts, st.integers(0, 10**30), st.integers(0, 10**30), st.integers(1, 10**27), st.booleans())
def test_what_is_collected_covers_the_loss_and_little_more(
    long: int, short: int, deficit: int, fund: int, lp_margin: int, size: int, bankrupt_long: bool
) -> None:
    m = market(long, short, insurance_fund=fund, lp_margin=lp_margin)
    side = 1 if bankrupt_long else -1
    done = absorb(m, Position(side * min(size, max(long, short))), deficit, m.totals, PRICE, 0)
    payers = m.totals.of_side(-side)
    collected = done.index_step * payers // RAY
    covered = done.from_insurance + done.from_providers + done.unallocated + collected
    assert covered >= deficit
    assert covered - deficit <= payers // RAY + 1
    assert m.insurance_fund == fund - done.from_insurance
    assert m.lp_margin == lp_margin - done.from_providers
    assert done.from_insurance == min(fund, deficit)


@given(sizes, sizes, amounts, st.integers(0, 10**30))
def test_a_flat_range_is_paid_by_both_sides(long: int, short: int, deficit: int, lp_margin: int) -> None:
    m = market(long, short, lp_margin=lp_margin)
    done = absorb(m, Position(), deficit, m.totals, PRICE, 0)
    collected = m.long_social_loss * long // RAY + m.short_social_loss * short // RAY
    assert collected + done.from_providers + done.unallocated >= deficit - 2
    # No unit pays more than it is worth.
    assert max(m.long_social_loss, m.short_social_loss) <= PRICE * RAY // WAD


def test_the_insurance_fund_pays_first() -> None:
    m = market(20 * WAD, 20 * WAD, insurance_fund=30 * WAD)
    done = absorb(m, Position(10 * WAD), 50 * WAD, m.totals, PRICE, 0)
    assert (done.from_insurance, m.short_social_loss, m.long_social_loss) == (30 * WAD, RAY, 0)


def test_nobody_pays_more_a_unit_than_the_bankrupt_lost() -> None:
    m = market(100 * WAD, 1 * WAD)
    done = absorb(m, Position(50 * WAD), 100 * WAD, m.totals, PRICE, 0)
    assert (done.index_step, done.unallocated) == (2 * RAY, 98 * WAD)


def test_the_venue_pays_for_its_own_share_from_the_range_margin() -> None:
    m = market(100 * WAD, 25 * WAD, lp_margin=1000 * WAD)
    done = absorb(m, Position(100 * WAD), 40 * WAD, m.totals, PRICE, 0)
    assert (done.from_providers, done.index_step) == (30 * WAD, 4 * RAY // 10)
    assert m.lp_factor == 97 * RAY // 100


def test_without_open_interest_nobody_pays() -> None:
    m = market(0, 0)
    assert absorb(m, Position(), 7, m.totals, PRICE, 0).unallocated == m.unallocated_loss == 7


def test_the_index_never_passes_its_limit() -> None:
    m = market(1, 1, short_social_loss=2**125 - 5)
    absorb(m, Position(1), 10**30, m.totals, PRICE, 0)
    assert m.short_social_loss == 2**125
    assert m.unallocated_loss == 10**30


def test_new_money_pays_unallocated_loss_first() -> None:
    m = market(0, 0, unallocated_loss=10)
    m.credit_insurance(4)
    m.credit_insurance(8)
    assert (m.unallocated_loss, m.insurance_fund) == (0, 2)


def test_the_fund_can_only_be_drawn_so_fast() -> None:
    m = market(WAD, WAD, insurance_fund=1000)
    m.parameters = MarketParameters(insurance_draw_bps=1000)
    assert absorb(m, Position(WAD), 500, m.totals, PRICE, 0).from_insurance == 100
    assert absorb(m, Position(WAD), 500, m.totals, PRICE, 0).from_insurance == 0
    assert drawable(m, 1800) == 90 - (100 - 45)
    assert drawable(m, 36_000) == 90


def range_of(margin: int, factor: int, epoch: int) -> Range:
    return Range(-50, 50, 1, margin, 2**96, factor, epoch, 0, 0)


def test_a_loss_never_takes_the_margin_of_a_later_provider() -> None:
    """The first provider loses nearly all; the second comes with a small factor and loses one percent, not all."""
    m = market(WAD, 0, lp_margin=10**27)
    first = range_of(10**27, m.lp_factor, m.lp_epoch)
    absorb(m, Position(WAD), 10**27 - 1_010_000_000 * 10**9, m.totals, PRICE, 0)
    m.lp_margin += 10**24
    second = range_of(10**24, m.lp_factor, m.lp_epoch)
    absorb(m, Position(WAD), 10**22, m.totals, PRICE, 0)
    left = second.margin_now(m.lp_factor, m.lp_epoch)
    assert 99 * 10**22 - 10**16 <= left < 99 * 10**22 + 10**17
    assert first.margin_now(m.lp_factor, m.lp_epoch) + left <= m.lp_margin
    assert m.insurance_fund == 0


@given(st.lists(st.tuples(st.integers(1, 10**30), st.integers(1, 10**30)), min_size=1, max_size=12))
def test_margins_never_exceed_what_is_there(rounds: list[tuple[int, int]]) -> None:
    m = market(WAD, 0)
    held: list[Range] = []
    for margin, loss in rounds:
        m.lp_margin += margin
        held.append(range_of(margin, m.lp_factor, m.lp_epoch))
        allowed = sum(r.margin_now(m.lp_factor, m.lp_epoch) for r in held)
        assert allowed <= m.lp_margin
        absorb(m, Position(WAD), loss, m.totals, PRICE, 0)
        left = sum(r.margin_now(m.lp_factor, m.lp_epoch) for r in held)
        assert left <= m.lp_margin
        assert 10**18 <= m.lp_factor <= RAY or m.lp_margin * 10**18 < sum(r.margin for r in held)


def test_a_total_loss_ends_all_older_margins() -> None:
    m = market(WAD, 0, lp_margin=10**20)
    old = range_of(10**20, m.lp_factor, m.lp_epoch)
    absorb(m, Position(WAD), 10**21, m.totals, PRICE, 0)
    assert (m.lp_margin, m.lp_factor) == (0, RAY)
    assert old.margin_now(m.lp_factor, m.lp_epoch) == 0
    assert m.unallocated_loss == 10**21 - 10**20


def test_rounding_up_never_charges_a_side_twice() -> None:
    m = market(3, 3)
    done = absorb(m, Position(3), 10, m.totals, PRICE, 0)
    assert done.index_step == ceil_div(10 * RAY, 3)
