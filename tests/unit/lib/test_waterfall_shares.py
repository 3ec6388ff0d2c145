"""lib/waterfall_math at its edges: single units of size, single wei of loss, an index at its limit."""

import itertools

import pytest
from support.pure import pure
from support.spec import ceil

from nacre.units import RAY, WAD

INDEX_LIMIT = 2**125


def expected(loss, deficit, liquidated, payers, open_interest, lp_margin, index):
    """docs/spec.md section 7: the venue by its part, then the accounts, none more a unit than the one that failed."""
    venue = open_interest - payers
    providers = min(ceil(loss * venue, open_interest), lp_margin, loss) if venue else 0
    rest = loss - providers
    if not payers:
        return providers, 0, rest
    rise = min(ceil(rest * RAY, payers), ceil(deficit * RAY, liquidated), INDEX_LIMIT - index)
    return providers, rise, max(rest - rise * payers // RAY, 0)


def shares(*arguments):
    found = pure("PureWaterfall").call("shares", *arguments)
    return found.from_providers, found.index_rise, found.unallocated


@pytest.mark.parametrize(("payers", "venue"), [(0, 0), (0, 1), (1, 0), (1, 1), (3, 0), (3, 1), (0, 3), (7, 2)])
@pytest.mark.parametrize("loss", [1, 2, 3, 10])
def test_few_units_and_few_wei(payers, venue, loss):
    for more, liquidated, lp_margin in itertools.product((0, 1, 5), (1, 2, 3, 7), (0, 1, 2, 100)):
        arguments = (loss, loss + more, liquidated, payers, payers + venue, lp_margin, 0)
        assert shares(*arguments) == expected(*arguments), arguments


@pytest.mark.parametrize("room", [0, 1, 5, 2**124, 2**125])
def test_the_index_ends_at_its_limit(room):
    index = INDEX_LIMIT - room
    # all that one unit can lose: more than any room
    arguments = (10**20 * WAD, 10**20 * WAD, WAD, WAD, WAD, 0, index)
    found = shares(*arguments)
    assert found == expected(*arguments)
    assert found[1] == min(room, 10**20 * RAY)
    # less than the room, where there is some
    arguments = (3, 3, WAD, 10**27, 10**27, 0, index)
    assert shares(*arguments) == expected(*arguments)


@pytest.mark.parametrize(("fund", "draw_bps"), [(0, 100), (1, 10_000), (10_007, 9_999), (12_345 * WAD + 7, 333)])
def test_the_bucket(fund, draw_bps):
    limit = fund * draw_bps // 10_000
    for level in (0, 1, limit // 2, max(limit - 1, 0), limit, limit + 1, fund):
        left = fund if draw_bps == 10_000 else max(limit - level, 0)
        assert pure("PureWaterfall").call("drawable", fund, level, draw_bps) == left
        for elapsed in (0, 1, 59, 1_800, 3_599, 3_600, 3_601):
            after = max(level - limit * elapsed // 3_600, 0)
            assert pure("PureWaterfall").call("decayed", fund, level, draw_bps, elapsed) == after
