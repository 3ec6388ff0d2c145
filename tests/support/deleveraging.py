"""Auto-deleveraging as docs/spec.md section 14 computes it, and the check of a real one against that.

    receipt = deleverage(exchange, target, [first, second])     # predicts, does, compares everything
    refuses(exchange, "ADL order", target, [second, first])

It expects a market named `main` whose `loss` is `adl`, and isolated counterparties; what a cross target brings along is
asked of the clearinghouse (`detached`), which has tests of its own.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from support import spec
from support.exchange import WIDE, Exchange
from support.liquidations import drawable
from support.spec import Absorbed, Pos, Ranges

from nacre.chain import Receipt
from nacre.units import MAX_UINT256, RAY, WAD

MOST = 2**128 - 1  # of a factor of a rank
HIGHEST = MAX_UINT256


class Terms(NamedTuple):
    """Notional of all of a size, and whether anybody can be found for it."""

    long: bool  # the target
    size: int
    notional: int
    feasible: bool = True

    def share(self, size: int) -> int:
        """Against the counterparties: up if they pay it."""
        return spec.ceil(self.notional * size, self.size) if self.long else self.notional * size // self.size


class Closed(NamedTuple):
    """What becomes of a counterparty."""

    size: int  # closed, signed
    notional: int
    position: Pos


class Expected(NamedTuple):
    terms: Terms
    from_insurance: int
    closed: dict[str, Closed]
    filled: int
    rest: Pos
    surplus: int
    deficit: int
    absorbed: Absorbed


def previous_mark_terms(target: Pos, price: int) -> Terms | None:
    if not price or spec.equity(target, price) < 0:
        return None
    long, size = target.size > 0, abs(target.size)
    return Terms(long, size, Terms(long, WAD, price).share(size))


def bankruptcy_terms(target: Pos) -> Terms:
    notional = target.notional - spec.side(target.size) * target.balance
    return Terms(target.size > 0, abs(target.size), max(0, min(notional, MOST)), 0 <= notional < MOST)


def ranked(terms: Terms, position: Pos, free: int = 0) -> int | None:
    """None: not eligible."""
    value = terms.share(abs(position.size))
    gain = spec.side(position.size) * (value - position.notional)
    equity = position.balance + gain + free
    if gain < 0 or not 0 <= equity < 2**104:
        return None
    if not position.notional or not equity:
        return HIGHEST
    return min(gain * 2**80 // position.notional, MOST) * min(value * 2**80 // equity, MOST)


def settled(exchange: Exchange, state: Any, who: str) -> Pos:
    """A position with its carry paid; what is due on a record without size stays."""
    held = exchange.record(who)
    loss, funding = state.long_social_loss_index, state.funding_index
    if held.size < 0:
        loss, funding = state.short_social_loss_index, -funding
    paid = spec.carry(held.size, loss + state.borrow_index + funding - held.entry_carry) if held.size else 0
    return Pos(held.size, held.balance - paid, held.entry_notional)


def funded(exchange: Exchange, target: str) -> Pos:
    """The target's position with its carry paid, a cross one with what its account gives along."""
    size = abs(exchange.record(target).size)
    part = exchange.house.call("detached", 0, target, size)
    return Pos(part.size, part.balance, part.entry_notional)


def expected(exchange: Exchange, target: str, counterparties: Sequence[str]) -> Expected:
    state, config = exchange.state(), exchange.main.config
    position = funded(exchange, target)
    worth = spec.equity(position, state.mark_price)
    assert worth < 0, "not bankrupt"
    from_insurance = min(drawable(exchange, state), -worth)
    assert from_insurance < -worth, "insurance pays"
    terms = previous_mark_terms(position, state.previous_mark) if config.adl_price == "previous_mark" else None
    if terms:
        from_insurance = 0
    else:
        position = Pos(position.size, position.balance + from_insurance, position.notional)
        terms = bankruptcy_terms(position)
    closed: dict[str, Closed] = {}
    filled = 0
    for who in counterparties:
        held = settled(exchange, state, who)
        if spec.side(held.size) != -spec.side(position.size) or not terms.feasible:
            continue
        if filled == terms.size or ranked(terms, held) is None:
            continue
        size = min(abs(held.size), terms.size - filled)
        share = terms.share(filled + size) - terms.share(filled)
        leg = Pos(-spec.side(held.size) * size, 0, share)
        closed[who] = Closed(spec.side(held.size) * size, share, spec.combine(leg, held))
        filled += size
    rest = position
    if filled:
        rest = spec.combine(Pos(-spec.side(position.size) * filled, 0, terms.share(filled)), position)
    surplus = rest.balance if not rest.size else 0
    deficit = max(0, -spec.equity(rest, state.mark_price)) if rest.size else 0
    paid = Absorbed(0, 0, 0, 0)
    if deficit:
        paid = _absorbed(exchange, state, from_insurance, rest, deficit, filled)
    return Expected(terms, from_insurance, closed, filled, rest, surplus, deficit, paid)


def _absorbed(exchange: Exchange, state: Any, from_insurance: int, rest: Pos, deficit: int, filled: int) -> Absorbed:
    """By the totals without what was closed; the fund has nothing left once it has paid."""
    long, short = state.total_long - filled, state.total_short - filled
    return spec.absorb(
        deficit,
        spec.ceil(deficit * RAY, abs(rest.size)),
        0 if from_insurance else drawable(exchange, state),
        short if rest.size > 0 else long,
        max(long, short),
        state.lp_margin,
        state.short_social_loss_index if rest.size > 0 else state.long_social_loss_index,
    )


def deleverage(
    exchange: Exchange, target: str, counterparties: Sequence[str], who: str | None = None, parties: Sequence[str] = ()
) -> Receipt:
    """All in one block. `parties` are accounts besides the exchange's people and those listed that hold something."""
    with exchange.chain.block():
        want = expected(exchange, target, counterparties)
        before, dust = exchange.state(), dust_of(exchange, [*counterparties, *parties])
        accounts = [target, *want.closed]
        free = {account: exchange.free(account) for account in accounts}
        cross = exchange.record(target).cross
        receipt = exchange.engine.transact(
            "auto_deleverage", 0, target, list(counterparties), sender=who or exchange.people["outsider"]
        ).check()
        _check_counterparties(exchange, receipt, want)
        _check_target(exchange, receipt, target, want)
        _check_market(exchange, before, want)
        for account in want.closed:
            assert exchange.free(account) == free[account], "nothing is paid out"
        if not cross:
            assert exchange.free(target) == free[target] + want.surplus
            assert exchange.state().pot == before.pot - want.surplus
        after = dust_of(exchange, [*counterparties, *parties])
        assert abs(after - dust) <= dust_bound(before, len(want.closed))
    return receipt


def refuses(exchange: Exchange, reason: str, target: str, counterparties: Sequence[str]) -> None:
    arguments = (0, target, list(counterparties))
    exchange.refuses(reason, exchange.engine, "auto_deleverage", *arguments, sender=exchange.people["outsider"])


def _check_counterparties(exchange: Exchange, receipt: Receipt, want: Expected) -> None:
    events = receipt.events("Deleveraged")
    assert [event.account for event in events] == list(want.closed)
    for event, (who, closed) in zip(events, want.closed.items(), strict=True):
        assert (event.market, event.size, event.notional) == (0, closed.size, closed.notional)
        assert (event.new_size, event.new_balance) == closed.position[:2]
        assert exchange.pos(who) == closed.position
    assert sum(closed.notional for closed in want.closed.values()) == want.terms.share(want.filled)


def _check_target(exchange: Exchange, receipt: Receipt, target: str, want: Expected) -> None:
    rest = Pos(want.rest.size, want.rest.balance + want.deficit, want.rest.notional) if want.rest.size else Pos()
    assert exchange.pos(target) == rest
    if want.deficit:
        assert spec.equity(rest, exchange.state().mark_price) == 0
    changed = [event for event in receipt.events("PositionChanged") if event.account == target]
    assert [event.size for event in changed] == ([rest.size] if rest.size else [])
    event = receipt.event("AutoDeleveraging")
    assert event.left == rest.size
    side = 1 if want.terms.long else -1
    assert (event.market, event.target, event.size) == (0, target, side * want.filled)
    assert event.notional == want.terms.share(want.filled)
    assert (event.from_insurance, event.surplus) == (want.from_insurance, want.surplus)
    assert event.insurance_fund == exchange.state().insurance_fund


def _check_market(exchange: Exchange, old: Any, want: Expected) -> None:
    new = exchange.state()
    long, paid = want.terms.long, want.absorbed
    assert new.total_long == old.total_long - want.filled
    assert new.total_short == old.total_short - want.filled
    gone = sum(not closed.position.size for closed in want.closed.values())
    ended = int(not want.rest.size)
    assert old.holders_long - new.holders_long == (ended if long else gone)
    assert old.holders_short - new.holders_short == (gone if long else ended)
    assert new.insurance_fund == old.insurance_fund - want.from_insurance - paid.from_insurance
    assert new.long_social_loss_index == old.long_social_loss_index + (0 if long else paid.index_rise)
    assert new.short_social_loss_index == old.short_social_loss_index + (paid.index_rise if long else 0)
    assert new.unallocated_loss == old.unallocated_loss + paid.unallocated
    ranges = Ranges(old.lp_margin, old.lp_factor, old.lp_epoch).charged(paid.from_providers)
    assert (new.lp_margin, new.lp_factor, new.lp_epoch) == ranges


def dust_of(exchange: Exchange, accounts: Sequence[str]) -> int:
    """Of the balance sheet, which must be complete."""
    everybody = sorted({*exchange.people.values(), *accounts}, key=lambda account: int(account, 16))
    provider = exchange.people["provider"]
    ranges = [(provider, *WIDE)] if exchange.venue.call("range_of", provider, *WIDE).margin else []
    sheet = exchange.lens.call("solvency", 0, everybody, ranges)
    assert (sheet.missing_long, sheet.missing_short) == (0, 0)
    return sheet.dust


def dust_bound(state: Any, closed: int) -> int:
    """docs/derivations.md section 17: two wei a party, and what index and the ranges' factor collect more."""
    interest = max(state.total_long, state.total_short)
    return 2 * (closed + 1) + 2 * max(1, interest // RAY) + state.lp_margin // 10**18 + 2


def winners(exchange: Exchange, *positions: tuple[int, int], prefix: str = "winner") -> list[str]:
    """New accounts, who have 2,000 each, with a position of (size, margin) each."""
    accounts = []
    for number, (size, margin) in enumerate(positions):
        account = exchange.chain.account(f"{prefix} {number}")
        exchange.system.fund(account, 2_000 * WAD)
        exchange.trade(account, size, margin)
        accounts.append(account)
    return accounts
