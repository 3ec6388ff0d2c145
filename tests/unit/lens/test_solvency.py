"""solvency and assets: sums over lists, and what is missing from them."""

import pytest

from nacre.artifacts import load
from nacre.chain import CallFailed
from nacre.model.positions import Position
from nacre.units import RAY, WAD


def ascending(chain, count):
    return sorted((chain.account(f"holder {i}") for i in range(count)), key=lambda account: int(account, 16))


@pytest.fixture
def holders(chain):
    return ascending(chain, 3)


@pytest.fixture
def market(show_market, show_account, holders):
    """Two longs of 3 together, a short of 1; the venue is short 2."""
    show_market(
        mark_price=110 * WAD,
        total_long=3 * WAD,
        total_short=WAD,
        pot=1000 * WAD,
        insurance_fund=20 * WAD,
        protocol_fees=5 * WAD,
        unallocated_loss=4 * WAD,
        owed_total=3 * WAD,
        lp_margin=100 * WAD,
        long_social_loss_index=RAY,
    )
    show_account(holders[0], Position(2 * WAD, 50 * WAD, 200 * WAD, 0))  # 50 + 20 - 2
    show_account(holders[1], Position(-WAD, 30 * WAD, 100 * WAD, 0))  # 30 - 10
    show_account(holders[2], Position(WAD, -40 * WAD, 100 * WAD, 0))  # -40 + 10 - 1


def test_the_whole_balance_sheet(lens, market, holders, book, anyone):
    for lower, equity, margin in ((-50, 60, 70), (0, -7, 30)):
        # equity = balance + notional - |size| mark
        state = (1, 1, margin * WAD, 0, 0, (equity + 10) * WAD, -WAD, 100 * WAD, equity * WAD, True)
        book.transact("show_range", anyone, lower, 100, state, sender=anyone).check()
    ranges = [(anyone, -50, 100), (anyone, 0, 100)]
    sheet = lens.call("solvency", 0, holders, ranges)
    assert sheet._asdict() == {
        "mark_price": 110 * WAD,
        "pot": 1000 * WAD,
        "unallocated_loss": 4 * WAD,
        "insurance_fund": 20 * WAD,
        "protocol_fees": 5 * WAD,
        "owed_total": 3 * WAD,
        "account_equity": (68 + 20 - 31) * WAD,
        "range_equity": 53 * WAD,
        "dust": (1000 + 4 - 20 - 5 - 3 - 57 - 53) * WAD,
        "missing_long": 0,
        "missing_short": 0,
        "missing_margin": 0,
    }


def test_what_is_left_out_is_told(lens, market, holders):
    sheet = lens.call("solvency", 0, holders[:1])
    assert (sheet.missing_long, sheet.missing_short, sheet.missing_margin) == (WAD, WAD, 100 * WAD)
    sheet = lens.call("solvency", 0, holders[1:])
    assert (sheet.missing_long, sheet.missing_short) == (2 * WAD, 0)
    nothing = lens.call("solvency", 0, [])
    assert (nothing.missing_long, nothing.missing_short, nothing.account_equity) == (3 * WAD, WAD, 0)
    assert nothing.dust == (1000 + 4 - 20 - 5 - 3) * WAD


def test_parts_add_up(lens, market, holders):
    whole = lens.call("solvency", 0, holders)
    parts = [lens.call("solvency", 0, holders[:2]), lens.call("solvency", 0, holders[2:])]
    assert sum(part.account_equity for part in parts) == whole.account_equity


def test_nobody_counts_twice(lens, market, holders, anyone):
    for wrong in ([holders[1], holders[0]], [holders[0], holders[0]], ["0x" + "00" * 20]):
        with pytest.raises(CallFailed, match=r"accounts must ascend$"):
            lens.call("solvency", 0, wrong)
        with pytest.raises(CallFailed, match=r"accounts must ascend$"):
            lens.call("assets", wrong)
    a, b = holders[:2]
    for wrong in (
        [(b, 0, 50), (a, 0, 50)],
        [(a, 0, 50), (a, 0, 50)],
        [(a, 50, 100), (a, 0, 150)],
        [(a, 0, 100), (a, 0, 50)],
    ):
        with pytest.raises(CallFailed, match=r"ranges must ascend$"):
            lens.call("solvency", 0, [], wrong)
    assert lens.call("solvency", 0, [], [(a, -50, 50), (a, 0, 50), (a, 0, 100), (b, -50, 0)]).range_equity == 0


@pytest.mark.parametrize("decimals", [0, 6, 18])
def test_assets(chain, book, market, holders, anyone, show_account, decimals):
    token = chain.deploy(load("MockToken"), "Collateral", "COL", decimals, sender=anyone)
    book.transact("show_collateral", token.address, sender=anyone).check()
    lens = chain.deploy(load("Lens"), book.address, book.address, sender=anyone)
    show_account(holders[0], Position(), free=7 * WAD)
    show_account(holders[1], Position(), free=WAD // 2)
    token.transact("mint", book.address, 1010 * 10**decimals, sender=anyone).check()
    sheet = lens.call("assets", holders)
    assert sheet == (1010 * WAD, 15 * WAD // 2, 1000 * WAD, 5 * WAD // 2)
    token.transact("mint", book.address, 1, sender=anyone).check()
    assert lens.call("assets", holders).unassigned == 5 * WAD // 2 + 10 ** (18 - decimals)
    assert lens.call("assets", []).unassigned == 10 * WAD + 10 ** (18 - decimals)
