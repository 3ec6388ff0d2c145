"""Liquidations as docs/spec.md sections 7, 9 and 10 compute them, and the check of a real one against that.

    takeover(exchange, keeper, trader, 10 * WAD, 200 * WAD)    # previews, predicts, does, compares; returns the receipt
    close(exchange, keeper, trader)

Both expect success, funding off, and a market named `main`; `policy` and market parameters come from its configuration.
"""

from typing import Any, NamedTuple

from support import spec
from support.exchange import ALL, Exchange
from support.spec import Absorbed, Pos, Ranges

from nacre.chain import Receipt
from nacre.presets.market import wad
from nacre.units import RAY


class Scene(NamedTuple):
    """What stands before a liquidation, the target settled."""

    state: Any
    mark: int
    target: Pos
    part: Pos
    rest: Pos


def index_of(state: Any, size: int, rise: int = 0, loser: int = 0) -> int:
    """K of a side; with `rise`, after the side opposite to `loser` was charged."""
    longs, shorts = state.long_social_loss_index, state.short_social_loss_index
    if loser:
        longs, shorts = (longs, shorts + rise) if loser > 0 else (longs + rise, shorts)
    return shorts - state.funding_index if size < 0 else longs + state.funding_index


def settled(exchange: Exchange, who: str, index: int) -> Pos:
    record = exchange.record(who)
    paid = spec.carry(record.size, index - record.entry_carry) if record.size else 0
    return Pos(record.size, record.balance - paid, record.entry_notional)


def scene(exchange: Exchange, target: str, size: int) -> Scene:
    state, config = exchange.state(), exchange.main.config
    whole = settled(exchange, target, index_of(state, exchange.record(target).size))
    amount = min(size, abs(whole.size))
    left = spec.notional(abs(whole.size) - amount, state.mark_price)
    if left < wad(config.min_notional):
        amount = abs(whole.size)
    part, rest = spec.split(whole, amount)
    return Scene(state, state.mark_price, whole, part, rest)


def drawable(exchange: Exchange, state: Any) -> int:
    bps = exchange.main.config.insurance_draw_bps
    fund = state.insurance_fund
    return fund if bps == 10_000 else max(0, min(fund, fund * bps // 10_000 - state.draw_level))


def absorb(exchange: Exchange, before: Scene, deficit: int) -> Absorbed:
    state, long = before.state, before.part.size > 0
    payers = state.total_short if long else state.total_long
    index = state.short_social_loss_index if long else state.long_social_loss_index
    return spec.absorb(
        deficit,
        spec.ceil(deficit * RAY, abs(before.part.size)),
        drawable(exchange, state),
        payers,
        max(state.total_long, state.total_short),
        state.lp_margin,
        index,
    )


def check_waterfall(
    exchange: Exchange, before: Scene, receipt: Receipt, deficit: int, paid: Absorbed, credited: int
) -> None:
    """Fund, providers, indices and what nobody pays, in the state and in the event."""
    old, new = before.state, exchange.state()
    long = before.part.size > 0
    assert new.long_social_loss_index == old.long_social_loss_index + (0 if long else paid.index_rise)
    assert new.short_social_loss_index == old.short_social_loss_index + (paid.index_rise if long else 0)

    ranges = Ranges(old.lp_margin, old.lp_factor, old.lp_epoch).charged(paid.from_providers)
    assert (new.lp_margin, new.lp_factor, new.lp_epoch) == ranges

    loss = old.unallocated_loss + paid.unallocated
    used = min(loss, credited)
    assert new.unallocated_loss == loss - used
    assert new.insurance_fund == old.insurance_fund - paid.from_insurance + credited - used

    absorbed = receipt.events("DeficitAbsorbed")
    if not deficit:
        assert absorbed == []
        return
    (event,) = absorbed
    assert (event.market, event.size, event.deficit) == (0, before.part.size, deficit)
    assert event.from_insurance == paid.from_insurance
    assert event.long_social_loss_index == new.long_social_loss_index
    assert event.short_social_loss_index == new.short_social_loss_index
    charged = receipt.events("ProvidersCharged")
    assert [log.loss for log in charged] == ([paid.from_providers] if paid.from_providers else [])


def check_totals(exchange: Exchange, before: Scene, changes: list[tuple[int, int]]) -> None:
    """Totals and holders after positions went from one size to another."""
    old, new = before.state, exchange.state()
    assert new.total_long - old.total_long == sum(max(b, 0) - max(a, 0) for a, b in changes)
    assert new.total_short - old.total_short == sum(min(a, 0) - min(b, 0) for a, b in changes)
    assert new.holders_long - old.holders_long == sum((b > 0) - (a > 0) for a, b in changes)
    assert new.holders_short - old.holders_short == sum((b < 0) - (a < 0) for a, b in changes)


def takeover(exchange: Exchange, who: str, target: str, size: int = ALL, margin: int = 0) -> Receipt:
    """In one block: the draw limit of the fund decays by the second."""
    with exchange.chain.block():
        return _takeover(exchange, who, target, size, margin)


def _takeover(exchange: Exchange, who: str, target: str, size: int, margin: int) -> Receipt:
    before = scene(exchange, target, size)
    mark, part, rest = before.mark, before.part, before.rest
    free, pot = exchange.free(who), before.state.pot
    worth = spec.equity(part, mark)
    deficit = max(-worth, 0)
    paid = absorb(exchange, before, deficit) if deficit else Absorbed(0, 0, 0, 0)
    mine = exchange.record(who).size
    index = index_of(before.state, mine, paid.index_rise, spec.side(part.size))
    old = settled(exchange, who, index)
    new = spec.combine(Pos(part.size, part.balance + deficit + margin, part.notional), old)

    preview = exchange.engine.call("preview_takeover", 0, target, size, margin, sender=who)
    receipt = exchange.take_over(who, target, size, margin)

    assert exchange.pos(target) == (rest if rest.size else Pos())
    assert exchange.pos(who) == (new if new.size else Pos())
    returned = 0 if new.size else new.balance
    assert exchange.free(who) == free - margin + returned
    check_waterfall(exchange, before, receipt, deficit, paid, 0)
    check_totals(exchange, before, [(before.target.size, rest.size), (old.size, new.size)])
    assert exchange.state().pot == pot + margin - returned

    event = receipt.event("Takeover")
    assert (event.market, event.liquidator, event.target, event.size) == (0, who, target, part.size)
    assert (event.margin, event.mark_price, event.deficit) == (margin, mark, deficit)
    assert event.free_collateral == exchange.free(who)
    held = exchange.record(who)
    assert (event.new_size, event.new_balance) == (held.size, held.balance)
    assert (event.new_entry_notional, event.new_entry_carry) == (held.entry_notional, held.entry_carry)
    assert event.left == exchange.record(target).size
    assert [log.account for log in receipt.events("PositionChanged")] == ([target] if rest.size else [])

    assert (preview.size, preview.part_equity, preview.deficit) == (part.size, worth, deficit)
    assert (preview.from_insurance, preview.social_loss_per_unit) == (paid.from_insurance, paid.index_rise)
    assert (preview.new_size, preview.new_balance, preview.new_entry_notional) == new
    assert preview.new_equity == spec.equity(new, mark)
    assert preview.initial_margin == spec.margin(new.size, mark, exchange.main.config.imr_bps)
    assert preview.missing_margin == 0
    return receipt


class Fees(NamedTuple):
    lp: int
    protocol: int
    penalty: int
    reward: int
    fund_share: int
    residue: int


def fees_of(exchange: Exchange, before: Scene, left: int, notional: int, mid_after: int) -> Fees:
    """Of a force close with R0 = `left`, in the order of the spec, each at most what is left."""
    config = exchange.main.config
    take = config.force_close_fees
    grown = spec.deviation(mid_after, before.mark)
    if grown <= spec.deviation(exchange.venue.call("mid_price"), before.mark) or grown <= config.mmr_bps * 10**14:
        grown = 0
    penalty = spec.penalty(notional, grown, tuple(wad(number) for number in config.penalty)) if grown else 0
    dues = [
        spec.fee(notional, config.trading_fee_bps) * take,
        spec.fee(notional, config.protocol_fee_bps) * take,
        penalty * take,
        notional * config.liquidation_fee_bps // 10_000,
    ]
    paid = []
    for due in dues:
        paid.append(min(due, max(left, 0)))
        left -= paid[-1]
    reward = paid[3] * config.reward_share_bps // 10_000
    return Fees(paid[0], paid[1], paid[2], reward, paid[3] - reward, left)


def close(exchange: Exchange, who: str, target: str, size: int = ALL, limit: int = 0) -> Receipt:
    """In one block, as above."""
    with exchange.chain.block():
        return _close(exchange, who, target, size, limit)


def _close(exchange: Exchange, who: str, target: str, size: int, limit: int) -> Receipt:
    before = scene(exchange, target, size)
    part, rest, config = before.part, before.rest, exchange.main.config
    free = {account: exchange.free(account) for account in (who, target)}
    notional, mid_after = exchange.quote(-part.size)
    left = part.balance + spec.side(part.size) * (notional - part.notional)
    fees = fees_of(exchange, before, left, notional, mid_after)
    deficit = max(-fees.residue, 0)
    paid = absorb(exchange, before, deficit) if deficit else Absorbed(0, 0, 0, 0)
    residue = max(fees.residue, 0)
    to_fund = residue if config.residue == "insurance" else 0
    to_treasury = residue if config.residue == "treasury" else 0
    to_trader = residue if config.residue == "trader" else 0
    if rest.size:
        rest = rest._replace(balance=rest.balance + to_trader)
        to_trader = 0

    preview = exchange.engine.call("preview_force_close", 0, target, size, limit, sender=who)
    receipt = exchange.force_close(who, target, size, limit)

    assert exchange.pos(target) == (rest if rest.size else Pos())
    assert exchange.free(who) == free[who] + fees.reward
    assert exchange.free(target) == free[target] + to_trader
    check_waterfall(exchange, before, receipt, deficit, paid, fees.penalty + fees.fund_share + to_fund)
    check_totals(exchange, before, [(before.target.size, rest.size)])
    state = exchange.state()
    assert state.protocol_fees == before.state.protocol_fees + fees.protocol + to_treasury
    assert state.pot == before.state.pot - fees.reward - to_trader
    assert state.mid_price == mid_after

    event = receipt.event("ForceClose")
    assert (event.market, event.keeper, event.target, event.size) == (0, who, target, part.size)
    assert (event.notional, event.mark_price, event.mid_price) == (notional, before.mark, mid_after)
    assert (event.residue, event.reward) == (fees.residue, fees.reward)
    assert (preview.size, preview.notional, preview.lp_fee) == (part.size, notional, fees.lp)
    assert (preview.protocol_fee, preview.penalty, preview.reward) == (fees.protocol, fees.penalty, fees.reward)
    assert preview.residue == fees.residue
    assert (preview.from_insurance, preview.social_loss_per_unit) == (paid.from_insurance, paid.index_rise)
    return receipt


def missing_margin(exchange: Exchange, who: str, target: str, size: int = ALL) -> int:
    """What a takeover without margin would lack of initial margin, by the spec."""
    before = scene(exchange, target, size)
    worth = spec.equity(before.part, before.mark)
    paid = absorb(exchange, before, -worth) if worth < 0 else Absorbed(0, 0, 0, 0)
    mine = exchange.record(who).size
    old = settled(exchange, who, index_of(before.state, mine, paid.index_rise, spec.side(before.part.size)))
    part = before.part._replace(balance=before.part.balance + max(-worth, 0))
    return -spec.opening_excess(spec.combine(part, old), before.mark, exchange.main.config.imr_bps)
