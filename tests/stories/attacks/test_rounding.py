"""Rounding and dust: nobody earns it, nobody is stuck on it."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import spec
from support.attacks import POLICIES, SIDES, check_books, no_gain
from support.exchange import PLAIN, PRICE, WIDE, Exchange, new_exchange
from support.spec import Pos

from nacre.units import RAY, WAD

DECIMALS = pytest.mark.parametrize("decimals", [0, 6, 18])
FEES = {"trading_fee_bps": 1, "protocol_fee_bps": 1, "penalty": ["0.1", "0", "0", "0.0001"]}


# ---- 20. Every charge up, every payment down


@SIDES
@DECIMALS
def test_attack_20_trades_of_a_few_wei(opened, decimals, trader, outsider, side):
    """In and out in ones, in and out in pieces: each pays at least a wei of each fee; nothing is ever earned by it."""
    exchange = opened(decimals=decimals, **FEES)
    with no_gain(exchange, trader, outsider):
        exchange.trade(trader, side * WAD, 20 * WAD)
        for size in [1, 1, -1, 3, -2, 7, -9] * 10:
            before = exchange.state()
            event = exchange.trade(outsider, side * size, 2_000).event("Trade")
            assert event.fees == 2
            assert exchange.state().protocol_fees == before.protocol_fees + 1
        exchange.trade(trader, -side * WAD)


@SIDES
def test_attack_20_pieces_pay_no_less_than_the_whole(opened, trader, outsider, side):
    exchange = opened(**FEES)

    def fees(pieces: int) -> int:
        with exchange.undone():
            free = exchange.free(trader)
            for _ in range(pieces):
                exchange.trade(trader, side * 30 // pieces, 2_000)
            for _ in range(pieces):
                exchange.trade(trader, -side * 30 // pieces)
            return free - exchange.free(trader)

    costs = [fees(pieces) for pieces in (1, 2, 3, 5, 10, 30)]
    assert costs == sorted(costs)
    assert costs[0] > 0


@SIDES
@DECIMALS
def test_attack_20_margin_in_and_out(opened, decimals, trader, side):
    """A wei at a time, in every touch a carry that is rounded anew."""
    exchange = opened(decimals=decimals, funding_cap_bps=500, funding_period_seconds=3_600)
    exchange.trade(trader, side * 20 * WAD + side, 300 * WAD)
    with no_gain(exchange, trader), exchange.chain.block():
        for _ in range(20):
            exchange.house.transact("settle", 0, trader, sender=trader).check()
            exchange.house.transact("adjust_margin", 0, 1, sender=trader).check()
            exchange.house.transact("adjust_margin", 0, -1, sender=trader).check()


@DECIMALS
def test_attack_20_deposits_and_withdrawals(opened, decimals, outsider):
    """What a token cannot show is not paid out; what it shows is counted to the last unit."""
    exchange = opened(decimals=decimals)
    exchange.system.mint(outsider, 100 * WAD)
    with no_gain(exchange, outsider):
        for amount in (1, 2, 7, 1, 90):
            tokens = min(amount, 100 * 10**decimals)
            exchange.house.transact("deposit", tokens, sender=outsider).check()
            exchange.house.transact("withdraw", tokens, sender=outsider).check()


# ---- 21. Positions too small to be worth anybody's gas


@SIDES
@pytest.mark.parametrize("policy", POLICIES)
def test_attack_21_dust_positions(under, policy, trader, keeper, counterparty, side):
    """No opening, no reducing, no taking over to less than the minimum; closing always."""
    exchange = under(policy, min_notional=100, max_open_interest=1_000_000, max_deviation_bps=10_000)
    house = exchange.house
    for size in (1, WAD // 2, WAD - 1):
        exchange.refuses("below minimum notional", house, "trade", 0, side * size, 50 * WAD, 0, 0, sender=trader)
    exchange.trade(trader, side * 10 * WAD, 150 * WAD)
    for left in (1, WAD // 2, WAD - 1):
        reduce = ("trade", 0, -side * (10 * WAD - left), 0, 0, 0)
        exchange.refuses("below minimum notional", house, *reduce, sender=trader)
        through = ("trade", 0, -side * (10 * WAD + left), 50 * WAD, 0, 0)
        exchange.refuses("below minimum notional", house, *through, sender=trader)
    with exchange.undone():
        exchange.trade(trader, -side * 10 * WAD)
        assert exchange.pos(trader) == Pos()
    mark = PRICE * (100 - 20 * side) // 100
    exchange.trade(counterparty, -side * 10 * WAD, 3_000 * WAD)
    exchange.push(mark)
    exchange.house.transact("donate_insurance", 0, 500 * WAD, sender=counterparty).check()
    # a wei would be left: it is taken along
    exchange.take_over(keeper, trader, 10 * WAD - 1, 2_000 * WAD)
    assert exchange.pos(trader) == Pos()
    assert exchange.pos(keeper).size == side * 10 * WAD
    check_books(exchange)


# ---- 23., 24. Exact results


@pytest.fixture
def funded(opened, trader) -> Exchange:
    """Somebody holds the venue above the index, so that both sides have a carry; 1e5 s have passed."""
    exchange = opened(
        funding_cap_bps=300, funding_period_seconds=3_600, oracle_max_age=10**6, max_deviation_bps=10_000, mmr_bps=100
    )
    exchange.trade(trader, 30 * WAD, 900 * WAD)
    return exchange


@SIDES
def test_attack_23_signs_and_fractions(funded, outsider, side):
    """Equity against fractions, for any size, price and carry, charge or credit: never more than the exact number, and
    less than two wei below it. Signed divisions of this language cut toward zero, which would favour whoever owes."""
    exchange = funded
    pushed = st.tuples(st.integers(1, 2**80), st.integers(90 * WAD, 110 * WAD), st.integers(1, 10**5))

    @settings(max_examples=60)
    @given(pushed)
    def equity_is_exact(drawn: tuple[int, int, int]) -> None:
        size, price, seconds = drawn
        size = side * (size % (5 * WAD) + 1)
        with exchange.undone():
            notional = exchange.trade(outsider, size, 200 * WAD).event("Trade").notional
            entry = exchange.record(outsider).entry_carry
            exchange.chain.mine(seconds)
            exchange.push(price)
            state, health = exchange.state(), exchange.lens.call("health", 0, outsider)
            carry = side * state.funding_index - entry
            exact = 200 * WAD + side * (Fraction(abs(size) * price, WAD) - notional) - Fraction(abs(size) * carry, RAY)
            assert 0 <= exact - health.equity < 2
            assert 0 <= health.maintenance_margin - Fraction(abs(size) * price, 100 * WAD) < 2

    equity_is_exact()


@SIDES
def test_attack_24_what_a_trade_costs_is_the_curve(exchange, outsider, side):
    """The notional of a trade against x y = L^2 in fractions: at most three wei more for a buyer, less for a seller."""

    @settings(max_examples=60)
    @given(st.integers(1, 50 * WAD))
    def along_the_curve(size: int) -> None:
        root, _, liquidity = exchange.venue.call("state")
        held = Fraction(liquidity << 96, root)
        cash = Fraction(liquidity * root, 2**96)
        exact = cash * held / (held - side * size) - cash
        notional, _ = exchange.quote(side * size)
        against = notional - exact if side > 0 else -exact - notional
        # the price after is a whole number of 2^-96, and a wei each for amount and price
        assert 0 <= against <= 3 + Fraction(2 * liquidity, 2**96) + Fraction(2 * size * root, 2**96 * 2**64)

    along_the_curve()


# ---- 27. Dust that adds up


def busy(exchange: Exchange, attackers: tuple[str, str]) -> int:
    """Two attackers do what leaves dust, at one price; returns how many operations it were."""
    first, second = attackers
    house, done = exchange.house, 0
    for turn in range(40):
        size = (turn * 7_919 % 31 + 1) * 10 ** (turn % 19)
        calls: list[tuple[Any, ...]] = [
            (house, first, "trade", 0, size, size * 20 + 1_000, 0, 0),
            (house, second, "trade", 0, -size - 1, size * 20 + 1_000, 0, 0),
            (house, first, "settle", 0, second),
            (house, first, "adjust_margin", 0, 1),
            (house, first, "trade", 0, -size // 3 - 1, 0, 0, 0),
            (house, second, "donate_insurance", 0, 1),
        ]
        for contract, sender, function, *arguments in calls:
            contract.transact(function, *arguments, sender=sender).check()
            done += 1
    for who in attackers:
        exchange.trade(who, -exchange.pos(who).size)
    return done + 2


@DECIMALS
def test_attack_27_dust_is_nobodys_and_never_missing(decimals, provider, trader, outsider, keeper):
    """240 operations leave at most what each may leave; then everybody goes with all they have, the last one too."""
    exchange = new_exchange(decimals=decimals, **PLAIN | FEES | {"max_deviation_bps": 10_000})
    attackers = (trader, outsider)
    with no_gain(exchange, *attackers):
        done = busy(exchange, attackers)
    accounts = sorted(exchange.people.values(), key=lambda account: int(account, 16))
    sheet = exchange.lens.call("solvency", 0, accounts, [(provider, *WIDE)])
    each = 2 * spec.ceil(PRICE, WAD) + 20
    assert 0 <= sheet.dust <= done * each
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    left = exchange.pos(provider)
    assert abs(left.size) <= 2 * done
    if left.size:
        exchange.house.transact("adjust_margin", 0, -(left.balance - 10**6), sender=provider).check()
    exchange.config.transact("collect_fees", 0, sender=keeper).check()
    everybody = (*exchange.people.values(), exchange.system.treasury)
    for who in everybody:
        tokens = exchange.system.to_tokens(exchange.free(who))
        if tokens:
            exchange.house.transact("withdraw", tokens, sender=who).check()
        assert exchange.free(who) < exchange.system.unit
    state = exchange.state()
    assert state.owed_total == 0
    assert 0 <= state.pot - state.insurance_fund - sheet.dust <= 10**6 + abs(left.size) * each
    check_books(exchange)
