"""auto_deleverage of positions at the bounds of price and size, and of balances that no trade makes.

A bare clearinghouse: its venue hands out any position, its engine is the test.
"""

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support import spec
from support.deleveraging import bankruptcy_terms, expected, ranked, settled
from support.exchange import bare_house, open_exchange
from support.spec import Pos

from nacre.chain import restored
from nacre.units import WAD

# As in conftest.py.
ADL = {"loss": "adl", "min_notional": 10, "max_open_interest": 100_000, "max_deviation_bps": 10_000}
LOWEST_PRICE, HIGHEST_PRICE = 10**12, 10**25
SMALLEST, LARGEST = 10**12, 10**27
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


def spread(low, high):
    """Integers of every magnitude between the two."""
    bits = st.integers(low.bit_length(), high.bit_length())
    return bits.flatmap(lambda n: st.integers(max(low, 2 ** (n - 1)), min(high, 2**n)))


@pytest.fixture(scope="module")
def bare():
    return bare_house(**ADL)


class Seen:
    """A bare clearinghouse as the prediction reads an exchange."""

    def __init__(self, bare):
        self.bare = bare
        self.house = bare.house
        self.main = SimpleNamespace(config=SimpleNamespace(adl_price="bankruptcy", insurance_draw_bps=10_000))

    def state(self):
        return self.house.call("market_state", 0)

    def record(self, who):
        return self.house.call("position", 0, who)

    def pos(self, who):
        record = self.record(who)
        return Pos(record.size, record.balance, record.entry_notional)

    def push(self, price):
        feeder = self.bare.chain.account("deployer")
        self.bare.oracle.transact("set_price", price, sender=feeder).check()

    def give(self, who, position):
        removed = (0, position.balance, position.size, position.notional, WAD)
        self.bare.send(self.bare.venue, "venue_absorb", 0, who, who, removed).check()

    def deleverage(self, target, accounts):
        policy = open_exchange(**ADL).engine.call("policy", 0)
        return self.bare.send(self.bare.engine, "deleverage", 0, target, policy, accounts)


def check(seen, target, accounts):
    """Predicts, does, compares; None where the target is not bankrupt."""
    with seen.bare.chain.block():
        state = seen.state()
        held = {who: settled(seen, state, who) for who in accounts}
        position = settled(seen, state, target)
        if spec.equity(position, state.mark_price) >= 0:
            return None
        terms = bankruptcy_terms(position)
        ranks = {who: ranked(terms, held[who]) if terms.feasible else None for who in accounts}
        queue = sorted(accounts, key=lambda who: -1 if ranks[who] is None else ranks[who], reverse=True)
        want = expected(seen, target, queue)
        untouched = {who: seen.pos(who) for who in accounts}
        receipt = seen.deleverage(target, queue).check()
        assert receipt.value == want.filled
        for who in accounts:
            assert seen.pos(who) == (want.closed[who].position if who in want.closed else untouched[who])
        rest = want.rest if want.rest.size else Pos()
        assert seen.pos(target) == Pos(rest.size, rest.balance + want.deficit, rest.notional)
        new = seen.state()
        assert (new.total_long, new.total_short) == (state.total_long - want.filled, state.total_short - want.filled)
        assert new.unallocated_loss == state.unallocated_loss + want.absorbed.unallocated
    return want


def positions(draw, side, price):
    """A position that lacks nothing at the price, of any size, entry and margin."""
    size = draw(spread(SMALLEST, LARGEST))
    value = size * price // WAD
    assume(value <= 10**30)
    entry = draw(spread(1, max(2, min(3 * value + 2, 10**30))))
    gain = spec.price_pnl(Pos(side * size, 0, entry), price)
    return Pos(side * size, draw(spread(1, 2 * value + 2)) - 1 - gain, entry)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])
@given(data=st.data(), side=st.sampled_from([1, -1]), price=spread(LOWEST_PRICE, HIGHEST_PRICE))
def test_any_positions_at_any_price(bare, data, side, price):
    seen = Seen(bare)
    with restored(bare.chain):
        seen.push(price)
        target = bare.chain.account("target")
        seen.give(target, positions(data.draw, side, price))
        accounts = [bare.chain.account(f"winner {n}") for n in range(data.draw(st.integers(0, 5)))]
        for account in accounts:
            seen.give(account, positions(data.draw, -side, price))
        # on the losing side by anything from a hair to all there is
        moved = data.draw(spread(LOWEST_PRICE, price) if side > 0 else spread(price, HIGHEST_PRICE))
        seen.push(moved)
        assume(check(seen, target, accounts) is not None)


@SIDES
@pytest.mark.parametrize(
    ("price", "size"),
    [
        (LOWEST_PRICE, SMALLEST),
        (LOWEST_PRICE, LARGEST),
        (10**6 * WAD, SMALLEST),
        (10**6 * WAD, 10**6 * WAD),
        (10**3 * WAD, LARGEST),
        (HIGHEST_PRICE // 2, SMALLEST),
        (HIGHEST_PRICE // 2, 10**5 * WAD),
    ],
)
def test_the_corners(bare, side, price, size):
    """The smallest and the largest at the lowest and the highest price, a tenth of it as margin, halved or doubled."""
    seen = Seen(bare)
    value = size * price // WAD
    with restored(bare.chain):
        seen.push(2 * price if price == LOWEST_PRICE else price)
        scale = 2 if price == LOWEST_PRICE else 1
        target, other = bare.chain.account("target"), bare.chain.account("other")
        seen.give(target, Pos(side * size, scale * value // 10, scale * value))
        seen.give(other, Pos(-side * size, scale * value // 5, scale * value))
        seen.push(scale * price // 2 if side > 0 else scale * price * 2)
        want = check(seen, target, [other])
        assert want.filled == size
        assert seen.pos(target) == Pos()


@SIDES
def test_a_crash_over_all_there_is(bare, side):
    """From the highest price to the lowest and back: profits of 1e13 times the entry have a rank too."""
    seen = Seen(bare)
    first, last = (HIGHEST_PRICE, LOWEST_PRICE)[::side]
    with restored(bare.chain):
        seen.push(first)
        value = WAD * first // WAD
        target = bare.chain.account("target")
        accounts = [bare.chain.account(f"winner {number}") for number in range(3)]
        seen.give(target, Pos(side * WAD, value // 10, value))
        for number, account in enumerate(accounts):
            seen.give(account, Pos(-side * WAD // 2, (number + 1) * value, value // 2))
        seen.push(last)
        want = check(seen, target, accounts)
        assert (want.filled, len(want.closed)) == (WAD, 2)


@SIDES
def test_without_entry_or_equity_one_stands_before_all_others(bare, side):
    """The highest rank there is: in either order, but behind nobody."""
    seen = Seen(bare)
    price = (100 - side * 10) * WAD
    target, empty, gift, plain = (bare.chain.account(name) for name in ("target", "empty", "gift", "plain"))
    with restored(bare.chain):
        # here the target has nothing left, and neither has who gained as much as its balance lacks
        seen.push(price)
        seen.give(target, Pos(side * 10 * WAD, 100 * WAD, 1_000 * WAD))
        seen.give(empty, Pos(-side * WAD, -20 * WAD, (100 + side * 10) * WAD))
        seen.give(plain, Pos(-side * WAD, WAD, (100 + side * 10) * WAD))
        first = [empty]
        if side < 0:
            # a long that cost nothing; a short that was sold for nothing gains nowhere
            seen.give(gift, Pos(WAD, WAD, 0))
            first = [empty, gift]
        seen.push(price - side * WAD)
        assert refused(seen, target, [plain, *first]) == "ADL order"
        for order in (first, first[::-1]):
            with restored(bare.chain):
                assert check_in_order(seen, target, [*order, plain]) == len(order) + 1


def refused(seen, target, accounts):
    with restored(seen.bare.chain):
        return seen.deleverage(target, accounts).reason


def check_in_order(seen, target, accounts):
    """How many were closed."""
    receipt = seen.deleverage(target, accounts).check()
    assert [event.account for event in receipt.events("Deleveraged")] == accounts
    return len(accounts)
