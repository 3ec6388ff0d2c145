"""What the insurance fund may pay an hour: a bucket that each draw fills and time empties; 10,000 bps is no limit."""

import pytest
from support.exchange import PRICE, BareHouse, bare_house

from nacre.units import WAD

FUND = 1_000 * WAD
BPS = 10_000
HOUR = 3_600


def lose(bare: BareHouse, who: str, amount: int) -> int:
    """A range without inventory that lost more than its margin; returns what the fund paid of it."""
    before = bare.house.call("insurance_fund", 0)
    receipt = bare.send(bare.venue, "venue_absorb", 0, who, who, (0, -amount, 0, 0, PRICE)).check()
    told = receipt.event("DeficitAbsorbed")
    assert told.deficit == amount
    assert told.from_insurance == before - bare.house.call("insurance_fund", 0)
    return told.from_insurance


def level_after(level: int, fund: int, draw_bps: int, seconds: int) -> int:
    return max(level - fund * draw_bps // BPS * seconds // HOUR, 0)


@pytest.mark.parametrize("draw_bps", [1, 2_500, 9_999])
@pytest.mark.parametrize("seconds", [1, 600, HOUR - 1, HOUR])
def test_the_bucket_fills_and_empties(provider, keeper, draw_bps, seconds):
    bare = bare_house(insurance_draw_bps=draw_bps, oracle_max_age=86_400)
    house = bare.house
    bare.send(keeper, "donate_insurance", 0, FUND).check()
    fund, level = FUND, 0
    # all that it may pay now, a wei less, and more than there is
    for take in (lambda most: most - 1, lambda most: most // 2 + 1, lambda most: FUND):
        bare.chain.set_next_timestamp(bare.chain.timestamp + seconds)
        level = level_after(level, fund, draw_bps, seconds)
        most = max(fund * draw_bps // BPS - level, 0)
        wanted = max(take(most), 1)
        paid = lose(bare, provider, wanted)
        assert paid == min(wanted, most)
        fund, level = fund - paid, level + paid
        assert house.call("market_state", 0).draw_level == level


def test_without_a_limit_nothing_is_counted(provider, keeper):
    bare = bare_house(insurance_draw_bps=BPS)
    bare.send(keeper, "donate_insurance", 0, FUND).check()
    assert lose(bare, provider, FUND - 1) == FUND - 1
    assert bare.house.call("market_state", 0).draw_level == 0
    assert lose(bare, provider, 2) == 1
    assert bare.house.call("market_state", 0).draw_level == 0
