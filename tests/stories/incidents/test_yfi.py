"""YFI on dYdX v3, 17 and 18 November 2023.

More than a hundred wallets with 5x longs took open interest from 0.8 to 67 million USD while the price of a thin token
tripled to 14,500, each profit backing the next position; then it fell by 30 % within an hour and to 8,300
within five. Nobody could close. The one insurance fund of all markets, 22.5 million, paid 9 million for it.
"""

import pytest
from support import spec
from support.incidents import Incident

from nacre.units import WAD

MILLION = 10**6 * WAD
START, PEAK, FIRST_HOUR, BOTTOM = (price * WAD for price in (4_600, 14_500, 10_150, 8_300))
WALLETS = tuple(f"wallet_{number}" for number in range(10))  # each for ten
EARLY, LATE = 100 * WAD, 300 * WAD
SHORTS = {"first_short": 3_000 * WAD, "second_short": 1_620 * WAD}
BYSTANDER = 620 * WAD
FUND, DRAW_BPS, HOUR = 22_500_000 * WAD, 1_000, 3_600
IMR = 2_000


@pytest.fixture
def yfi(incident) -> Incident:
    """Everybody at the peak: 4,620 YFI, 67 million. Beside it a market with a fund and positions of its own."""
    told: Incident = incident("oyster", price=4_600, imr_bps=IMR, mmr_bps=1_000, insurance_draw_bps=DRAW_BPS)
    told.insure("donor", FUND)
    calm = told.list_market("calm", "oyster", price=100)
    told.insure("donor", MILLION, calm)
    told.make_market(("95", "105"), calm)
    told.join("saver", MILLION)
    told.trade("saver", 1_000 * WAD, 20_000 * WAD, calm)

    told.make_market(("4370", "4830"))
    for name in WALLETS:
        told.join(name, 2 * MILLION)
        told.trade(name, EARLY, spec.margin(EARLY, START, IMR) * 1001 // 1000)
    for name in ("bystander", *SHORTS):
        told.join(name, 100 * MILLION)
    told.trade("first_short", -len(WALLETS) * EARLY, 60 * MILLION)
    told.move(PEAK)
    return told


def pile_up(told: Incident) -> None:
    """With money of their own, since profit backs nothing."""
    for name in WALLETS:
        held = told.pos(name)
        wanted = spec.margin(EARLY + LATE, PEAK, IMR) * 1001 // 1000
        told.trade(name, LATE, wanted - held.balance)
    told.trade("bystander", BYSTANDER, 8 * MILLION)
    told.trade("first_short", -2_000 * WAD)
    told.trade("second_short", -SHORTS["second_short"], 60 * MILLION)
    told.withdraw_liquidity("market_maker")


def test_yfi_profit_backs_no_larger_position(yfi):
    """Each wallet has won 990,000 on a margin of 92,000. None of it buys anything, or leaves."""
    house = yfi.exchange.house
    for name in WALLETS:
        assert abs(yfi.gain(name) - EARLY * (PEAK - START) // WAD) < 2_000 * WAD
        yfi.refuses("below initial margin", name, house, "trade", 0, WAD, 0, 0, 0)
        yfi.refuses("below initial margin", name, house, "adjust_margin", 0, -1)
    yfi.everyone_leaves()


def test_yfi_draw_on_the_fund_is_bounded(yfi):
    """The wallets fail at 8,300. An hour of the fund, a tenth, pays what it can; the rest is on those who won at their
    expense, by size. Who has nothing to do with YFI loses nothing, and neither does the other market."""
    pile_up(yfi)
    assert 66 * MILLION < yfi.exchange.state().total_long * PEAK // WAD < 68 * MILLION
    calm, saver = yfi.exchange.state(1), yfi.worth("saver")
    margins = {name: yfi.pos(name).balance for name in WALLETS}
    profits = {name: yfi.pos(name) for name in SHORTS}
    yfi.push(FIRST_HOUR)
    assert all(yfi.health(name).stage == 0 for name in WALLETS)
    yfi.push(BOTTOM)
    assert all(yfi.health(name).stage == 4 for name in WALLETS)
    yfi.join("keeper", 30 * MILLION)

    deficits = paid = 0
    began = yfi.exchange.chain.timestamp
    for name in WALLETS[:-1]:
        event = yfi.take_over("keeper", name, MILLION).event("DeficitAbsorbed")
        deficits, paid = deficits + event.deficit, paid + event.from_insurance
    elapsed = yfi.exchange.chain.timestamp - began
    # A tenth of what the fund has at any moment, so a little less than a tenth of what it had.
    assert FUND * DRAW_BPS // (10_000 + DRAW_BPS) < paid < FUND * DRAW_BPS * (HOUR + elapsed) // (10_000 * HOUR)
    assert deficits - paid > MILLION // 2

    yfi.exchange.chain.mine(HOUR)  # the last of them an hour later, when the fund may pay again
    yfi.push(BOTTOM)
    event = yfi.take_over("keeper", WALLETS[-1], MILLION).event("DeficitAbsorbed")
    assert event.from_insurance == event.deficit
    deficits, paid = deficits + event.deficit, paid + event.from_insurance

    state = yfi.exchange.state()
    assert state.insurance_fund == FUND - paid > 90 * FUND // 100 - event.deficit - MILLION // 10
    assert state.long_social_loss_index == state.unallocated_loss == 0
    index = state.short_social_loss_index
    for name, held in profits.items():
        assert yfi.gain(name) == spec.price_pnl(held, BOTTOM) - spec.carry(held.size, index)
    # The few wei that the market makers were left with stand opposite, too.
    shared = sum(spec.carry(held.size, index) for held in (*profits.values(), yfi.pos("market_maker")))
    assert 0 <= shared - (deficits - paid) <= 2 * len(WALLETS)
    assert {name: -yfi.gain(name) for name in WALLETS} == margins
    assert yfi.gain("keeper") == 0
    yfi.push(100 * WAD, 1)
    assert yfi.exchange.state(1)._replace(price_time=calm.price_time) == calm
    assert yfi.worth("saver") == saver
    yfi.everyone_leaves()
