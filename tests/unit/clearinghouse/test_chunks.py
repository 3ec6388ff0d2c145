"""Large positions are closed by exactly a chunk, the rest after a cooldown. The stamp belongs to the account: neither
splitting nor reopening nor any change of the position starts a cooldown, ends one, or makes a chunk of the rest.
docs/spec.md section 10."""

from collections.abc import Callable
from typing import Any

import pytest
from support import spec
from support.exchange import ALL, PRICE, Exchange, reason_of

from nacre.units import BPS, WAD

LARGE, CHUNK, COOLDOWN = 10_000, 2_000, 30
FIELDS: dict[str, Any] = {
    "large_notional": LARGE,
    "chunk_bps": CHUNK,
    "cooldown_seconds": COOLDOWN,
    "residue": "trader",
    "force_close_fees": False,
    "max_deviation_bps": 10_000,
    "force_close_band_bps": 3_000,
    "cross_margin": True,
    "liquidity": 1_000_000 * WAD,
    "free": 100_000 * WAD,
}
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
SIZE, MARGIN = 150 * WAD, 1_650 * WAD
# Something that the account does, or has done to itself, between a chunk and the end of the cooldown.
Change = Callable[[Exchange, str, int], None]


@pytest.fixture
def chunked(opened) -> Exchange:
    return opened(**FIELDS)


def go(exchange: Exchange, price: int) -> None:
    """Index and venue to a price, the venue by somebody with deep pockets."""
    exchange.push(price)
    leader = exchange.chain.account("leader")
    if exchange.free(leader) < 10**6 * WAD:
        exchange.system.fund(leader, 10**8 * WAD)
    exchange.lead_venue(leader, price, 10**6 * WAD)


def sink(exchange: Exchange, who: str, percent: int = 2) -> None:
    """So far beyond the liquidation price: equity of about 3 % where MM is 5 %."""
    price, side = exchange.lens.call("liquidation_price", 0, who), spec.side(exchange.pos(who).size)
    go(exchange, price * (100 - side * percent) // 100)


def stage(exchange: Exchange, who: str) -> int:
    """0 healthy, 2 liquidatable, 4 bankrupt."""
    return exchange.lens.call("health", 0, who).stage


def fail(exchange: Exchange, who: str, side: int, size: int = SIZE, margin: int = MARGIN) -> None:
    exchange.trade(who, side * size, margin)
    sink(exchange, who)
    assert stage(exchange, who) == 2


def close(exchange: Exchange, target: str, size: int = ALL):
    return exchange.engine.transact("force_close", 0, target, size, 0, sender=exchange.people["keeper"])


def refused(exchange: Exchange, target: str, reason: str, size: int = ALL) -> None:
    exchange.refuses(reason, exchange.engine, "force_close", 0, target, size, 0, sender=exchange.people["keeper"])


def chunk_of(size: int) -> int:
    return spec.ceil(size * CHUNK, BPS)


@SIDES
@pytest.mark.parametrize("asked", [1, WAD, 30 * WAD, 149 * WAD, ALL])
def test_exactly_a_chunk_whatever_is_asked(chunked, trader, side, asked):
    size = SIZE + 3
    fail(chunked, trader, side, size)
    left = size - chunk_of(size)
    assert chunk_of(size) == 30 * WAD + 1
    event = close(chunked, trader, asked).check().event("ForceClose")
    assert (event.size, event.left) == (side * chunk_of(size), side * left)
    assert chunked.pos(trader).size == side * left


@SIDES
def test_from_the_first_wei_above_the_bound(chunked, trader, side):
    """Worth exactly what is large it goes at once; a wei more of notional and it goes by chunks."""
    for size, large in ((LARGE * WAD // 100, False), (LARGE * WAD // 100 + 1, True)):
        with chunked.undone():
            go(chunked, (100 + 9 * side) * WAD)
            chunked.trade(trader, side * size, 12 * size)
            go(chunked, PRICE)
            # at 100: exactly the bound, and a hundred wei more
            assert spec.notional(size, PRICE) - LARGE * WAD == 100 * large
            assert stage(chunked, trader) == 2
            close(chunked, trader).check()
            assert chunked.pos(trader).size == (side * (size - chunk_of(size)) if large else 0)


@SIDES
def test_the_cooldown_to_the_second(chunked, trader, side):
    """Of the rest nothing goes before its end, and all of it at it, large as it still is."""
    fail(chunked, trader, side, 2 * SIZE, 2 * MARGIN)
    stamp = close(chunked, trader).check().timestamp
    assert spec.notional(chunked.pos(trader).size, chunked.state().mark_price) > LARGE * WAD
    for second, reason in ((stamp + 1, "cooldown"), (stamp + COOLDOWN - 1, "cooldown"), (stamp + COOLDOWN, "")):
        with chunked.undone():
            chunked.chain.set_next_timestamp(second)
            assert close(chunked, trader).reason == reason
            assert (chunked.pos(trader).size == 0) == (not reason)


@SIDES
def test_ten_cooldowns_later_it_is_forgotten(chunked, trader, side):
    """To the second: until then nothing of the account is large, from then on it goes by chunks again."""
    fail(chunked, trader, side, 2 * SIZE, 2 * MARGIN)
    stamp = close(chunked, trader).check().timestamp
    rest = 2 * SIZE - chunk_of(2 * SIZE)
    for second, left in ((stamp + 10 * COOLDOWN, 0), (stamp + 10 * COOLDOWN + 1, rest - chunk_of(rest))):
        with chunked.undone():
            chunked.chain.set_next_timestamp(second)
            close(chunked, trader).check()
            assert chunked.pos(trader).size == side * left


def _reduce(exchange: Exchange, who: str, side: int) -> None:
    exchange.trade(who, -side * WAD)


def _increase(exchange: Exchange, who: str, side: int) -> None:
    exchange.trade(who, side * 10 * WAD, MARGIN)


def _reopen(exchange: Exchange, who: str, side: int) -> None:
    """All closed, and as much opened anew."""
    exchange.trade(who, -exchange.pos(who).size)
    exchange.trade(who, side * SIZE, MARGIN)


def _flip(exchange: Exchange, who: str, side: int) -> None:
    """To the other side and back, in two trades."""
    exchange.trade(who, -side * 2 * SIZE, MARGIN + 300 * WAD)
    exchange.trade(who, side * (SIZE - side * exchange.pos(who).size))


def _split(exchange: Exchange, who: str, side: int) -> None:
    """In pieces, down to one that is small, and up again."""
    for _ in range(3):
        exchange.trade(who, -side * 30 * WAD)
    exchange.trade(who, side * 120 * WAD, MARGIN)


def _margin(exchange: Exchange, who: str, side: int) -> None:
    """A top-up that counts, and what the opening rule lets out again."""
    exchange.house.transact("adjust_margin", 0, 5_000 * WAD, sender=who).check()
    health = exchange.lens.call("health", 0, who)
    excess = health.balance + min(health.pnl, 0) - health.initial_margin
    exchange.house.transact("adjust_margin", 0, -excess, sender=who).check()


def _mode(exchange: Exchange, who: str, side: int) -> None:
    """Closed, made cross and isolated again, opened anew."""
    exchange.trade(who, -exchange.pos(who).size)
    for cross in (True, False):
        exchange.house.transact("set_margin_mode", 0, cross, sender=who).check()
    exchange.trade(who, side * SIZE, MARGIN)


def _flat_when_called(exchange: Exchange, who: str, side: int) -> None:
    """A margin call that finds no position: nothing healthy about that."""
    exchange.trade(who, -exchange.pos(who).size)
    exchange.engine.transact("call_margin", 0, [who], sender=who).check()
    exchange.trade(who, side * SIZE, MARGIN)


def _called_before_and_when_flat(exchange: Exchange, who: str, side: int) -> None:
    """The record that it failed goes with the position; the stamp beside it does not."""
    _failing_when_called(exchange, who, side)
    _flat_when_called(exchange, who, side)


def _failing_when_called(exchange: Exchange, who: str, side: int) -> None:
    assert stage(exchange, who) == 2
    exchange.engine.transact("call_margin", 0, [who], sender=who).check()


def _healthy_when_called(exchange: Exchange, who: str, side: int) -> None:
    """The price comes back, and somebody says that all is well: else who is chunked would have itself forgiven."""
    go(exchange, PRICE)
    assert stage(exchange, who) == 0
    exchange.engine.transact("call_margin", 0, [who], sender=who).check()


CHANGES: list[Change] = [
    _reduce,
    _increase,
    _reopen,
    _flip,
    _split,
    _margin,
    _mode,
    _flat_when_called,
    _failing_when_called,
    _called_before_and_when_flat,
    _healthy_when_called,
]


@SIDES
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__[1:])
def test_no_change_touches_the_stamp(chunked, trader, side, change):
    """Nobody is spared for longer by it, or spared all but a chunk, or closed the sooner: whatever has changed, it is
    refused until the same second, and goes whole from then on."""
    fail(chunked, trader, side)
    stamp = close(chunked, trader).check().timestamp
    change(chunked, trader, side)
    sink(chunked, trader)
    held = chunked.pos(trader).size
    assert (stage(chunked, trader), spec.side(held)) == (2, side)
    assert spec.notional(held, chunked.state().mark_price) > LARGE * WAD
    assert chunked.chain.timestamp < stamp + COOLDOWN - 1
    for second, reason in ((stamp + COOLDOWN - 1, "cooldown"), (stamp + COOLDOWN, "")):
        with chunked.undone():
            chunked.chain.set_next_timestamp(second)
            assert close(chunked, trader).reason == reason
            assert (chunked.pos(trader).size == 0) == (not reason)


@SIDES
def test_the_bankrupt_have_no_chunks(chunked, trader, side):
    """All of it at once, and whatever the cooldown. The venue lags a little, so that no loss is added to theirs."""
    for chunked_before in (False, True):
        with chunked.undone():
            fail(chunked, trader, side)
            if chunked_before:
                close(chunked, trader).check()
                refused(chunked, trader, "cooldown")
            mark = chunked.state().mark_price
            chunked.push(mark * (100 - side * 6) // 100)
            assert stage(chunked, trader) == 4
            close(chunked, trader).check()
            assert chunked.pos(trader).size == 0


@SIDES
def test_takeovers_know_none(chunked, trader, outsider, side):
    """Neither a chunk nor a cooldown: whoever brings the margin may have all of it."""
    fail(chunked, trader, side)
    close(chunked, trader).check()
    chunked.take_over(outsider, trader, ALL, 5_000 * WAD)
    assert (chunked.pos(trader).size, chunked.pos(outsider).size) == (0, side * (SIZE - chunk_of(SIZE)))


@SIDES
def test_the_stamp_goes_to_nobody_else(chunked, trader, counterparty, outsider, side):
    """Another failing account is chunked by itself; and who takes the position over does not get its stamp."""
    chunked.trade(counterparty, side * SIZE, MARGIN)
    fail(chunked, trader, side, SIZE, MARGIN + 30 * WAD)
    assert stage(chunked, counterparty) == 2
    for who in (trader, counterparty):
        close(chunked, who).check()
        assert abs(chunked.pos(who).size) == SIZE - chunk_of(SIZE)
    chunked.take_over(outsider, trader, ALL, 900 * WAD)
    sink(chunked, outsider)
    size = abs(chunked.pos(outsider).size)
    close(chunked, outsider).check()
    assert abs(chunked.pos(outsider).size) == size - chunk_of(size)


@SIDES
def test_a_cross_account_is_chunked_too(chunked, trader, side):
    """By the notional of the leg that is closed, not of the account."""
    house = chunked.house
    house.transact("withdraw", chunked.free(trader) - MARGIN, sender=trader).check()
    house.transact("set_margin_mode", 0, True, sender=trader).check()
    chunked.trade(trader, side * SIZE)
    go(chunked, (100 - 8 * side) * WAD)
    assert stage(chunked, trader) == 2
    stamp = close(chunked, trader).check().timestamp
    assert abs(chunked.pos(trader).size) == SIZE - chunk_of(SIZE)
    assert stage(chunked, trader) == 2
    for second, reason in ((stamp + COOLDOWN - 1, "cooldown"), (stamp + COOLDOWN, "")):
        chunked.chain.set_next_timestamp(second)
        assert close(chunked, trader).reason == reason
    assert chunked.pos(trader).size == 0


@SIDES
def test_previews_say_the_same(chunked, trader, keeper, side):
    """A chunk first, then a refusal, then all of it."""
    fail(chunked, trader, side)
    call = ("preview_force_close", 0, trader, WAD, 0)
    assert chunked.engine.call(*call, sender=keeper).size == side * chunk_of(SIZE)
    stamp = close(chunked, trader).check().timestamp
    assert reason_of(chunked.engine, *call, sender=keeper) == "cooldown"
    chunked.chain.set_next_timestamp(stamp + COOLDOWN)
    with chunked.chain.block():
        rest = chunked.engine.call("preview_force_close", 0, trader, ALL, 0, sender=keeper)
        assert rest.size == side * (SIZE - chunk_of(SIZE))
        close(chunked, trader).check()


def test_without_a_cooldown_chunk_after_chunk(opened, trader):
    """One a block; a second call in the same block finds the cooldown over, and takes all."""
    exchange = opened(**FIELDS | {"cooldown_seconds": 0})
    fail(exchange, trader, 1, 2 * SIZE, 2 * MARGIN)
    left = 2 * SIZE
    for _ in range(3):
        left -= chunk_of(left)
        close(exchange, trader).check()
        assert exchange.pos(trader).size == left
    sink(exchange, trader)
    with exchange.chain.block():
        close(exchange, trader).check()
        close(exchange, trader).check()
    assert exchange.pos(trader).size == 0
