"""Attacks on social loss: docs/security.md, cases 55 to 63."""

import pytest
from support import spec
from support.attacks import SIDES
from support.exchange import ALL, FREE, PRICE
from support.sheets import balanced, worth

from nacre.units import WAD

STEP = PRICE // 5


def index(exchange, side):
    """What positions of that side pay, for a unit."""
    state = exchange.state()
    return state.long_social_loss_index if side > 0 else state.short_social_loss_index


def crash(exchange, side, by=STEP):
    exchange.push(PRICE - side * by)


def missing(exchange, who):
    return -exchange.lens.call("health", 0, who).equity


def newcomer(exchange, name, amount=5_000 * WAD):
    account = exchange.chain.account(name)
    exchange.system.fund(account, amount)
    return account


@pytest.fixture
def loose(opened):
    """Trades may lead the venue anywhere."""
    return opened(max_deviation_bps=10_000, free=100 * FREE)


# ---- 55


@SIDES
def test_attack_55_in_after_the_loss_or_just_before_it(loose, trader, counterparty, keeper, outsider, side):
    """Ten units each: one for long, one who came in the block before the loss to dilute it and goes in the next, one
    who came after. The first two pay a half each, whatever the second does then; the last pays nothing."""
    loose.trade(counterparty, -side * 10 * WAD, 900 * WAD)
    loose.trade(trader, side * 20 * WAD, 300 * WAD)
    crash(loose, side)
    loose.trade(outsider, -side * 10 * WAD, 900 * WAD)
    late = newcomer(loose, "late")
    deficit = missing(loose, trader)
    had = [worth(loose, who) for who in (counterparty, outsider)]
    with loose.chain.block():
        loose.take_over(keeper, trader, ALL, 600 * WAD)
        loose.trade(late, -side * 10 * WAD, 900 * WAD)
        assert loose.lens.call("health", 0, late).carry == 0
        assert loose.record(late).entry_carry == index(loose, -side) > 0
    paid = [before - worth(loose, who) for before, who in zip(had, (counterparty, outsider), strict=True)]
    assert all(0 <= part - deficit // 2 <= 2 for part in paid)
    notional = loose.pos(outsider).notional
    free = loose.free(outsider)
    sold = loose.trade(outsider, side * 10 * WAD).value
    assert loose.free(outsider) == free + 900 * WAD + side * (notional - sold) - paid[1]
    assert loose.lens.call("health", 0, late).carry == 0
    balanced(loose, late)


# ---- 56


@SIDES
def test_attack_56_nobody_opposite_who_could_pay(opened, trader, counterparty, keeper, outsider, provider, side):
    """Only the venue stands opposite, and its ranges hold two thirds of the loss: the rest is written down, divides by
    nothing, stops nobody, and is what new money pays first."""
    edges = (45_100, 47_000)
    exchange = opened(liquidity=0, free=100 * FREE, max_deviation_bps=10_000)
    exchange.provide(provider, 1_000 * WAD, *edges)
    exchange.trade(trader, side * 60 * WAD, 1_000 * WAD)
    pos = exchange.pos(trader)
    exchange.push((pos.notional - side * (pos.balance + 1_500 * WAD)) * WAD // abs(pos.size))
    deficit = missing(exchange, trader)
    exchange.take_over(keeper, trader, ALL, 20_000 * WAD)
    state = exchange.state()
    assert (state.lp_margin, state.long_social_loss_index, state.short_social_loss_index) == (0, 0, 0)
    assert state.unallocated_loss == deficit - 1_000 * WAD
    balanced(exchange, ranges=((provider, *edges),))

    donated = 200 * WAD
    exchange.house.transact("donate_insurance", 0, donated, sender=outsider).check()
    assert exchange.state().unallocated_loss == deficit - 1_000 * WAD - donated
    assert exchange.state().insurance_fund == 0
    exchange.trade(counterparty, side * WAD, 900 * WAD)
    exchange.trade(counterparty, -side * WAD)
    exchange.house.transact("adjust_margin", 0, WAD, sender=keeper).check()
    exchange.trade(keeper, -side * 60 * WAD)
    exchange.venue.transact("remove_liquidity", *edges, sender=provider).check()
    people = (trader, counterparty, keeper, outsider, provider)
    for who in people:
        exchange.house.transact("withdraw", exchange.free(who), sender=who).check()
    # who gained is owed, or holds, exactly what nobody could pay
    state, claims = exchange.state(), worth(exchange, *people)
    assert 0 <= state.pot + state.unallocated_loss - claims <= 10**6
    assert abs(claims - state.pot - (deficit - 1_000 * WAD - donated)) <= 10**6
    exchange.system.fund(outsider, 2_000 * WAD)
    exchange.house.transact("donate_insurance", 0, 2_000 * WAD, sender=outsider).check()
    for who in people:
        if exchange.house.call("owed", 0, who):
            exchange.house.transact("claim", 0, who, sender=outsider).check()
    state = exchange.state()
    assert (state.unallocated_loss, state.owed_total) == (0, 0)
    # some wei went to the rounding of the range that left
    assert 0 <= 3_000 * WAD + donated - deficit - state.insurance_fund <= 10**3
    balanced(exchange, ranges=((provider, *edges),))


# ---- 58


@SIDES
def test_attack_58_a_loss_larger_than_all_that_its_payers_have(loose, trader, counterparty, keeper, outsider, side):
    """The last to come have entered at the bottom with little margin: the loss takes more than that, and they are
    bankrupt by it. Their own takeovers charge the other side in turn. It ends after a few, with nobody below zero."""
    size, far = 900 * WAD, 60 * WAD if side > 0 else 166 * WAD
    loose.trade(trader, side * size, 40_000 * WAD)
    loose.push(far)
    loose.lead_venue(counterparty, far, 900_000 * WAD)
    loose.trade(outsider, -side * (500 if side > 0 else 150) * WAD, 10_000 * WAD)
    spare = spec.opening_excess(loose.pos(outsider), far, 1_000)
    loose.house.transact("adjust_margin", 0, -spare, sender=outsider).check()
    holders = [trader, counterparty, keeper, outsider]
    rounds = 0
    while failed := [who for who in holders if loose.lens.call("health", 0, who).stage == 4]:
        rounds += 1
        assert rounds <= 8, "it does not end"
        rescuer = newcomer(loose, f"rescuer {rounds}", 10**6 * WAD)
        had = {who: worth(loose, who) for who in holders if who != failed[0]}
        deficit = missing(loose, failed[0])
        before = loose.state()
        loose.take_over(rescuer, failed[0], ALL, 400_000 * WAD)
        lost = sum(amount - worth(loose, who) for who, amount in had.items())
        after = loose.state()
        borne = lost + before.lp_margin - after.lp_margin + after.unallocated_loss - before.unallocated_loss
        assert 0 <= borne - deficit <= 10**4
        assert worth(loose, rescuer) == 10**6 * WAD
        holders.append(rescuer)
        balanced(loose, *holders)
    assert rounds >= 2, "nobody was ruined by the first"
    assert all(loose.lens.call("health", 0, who).equity >= 0 for who in holders)


# ---- 59


@pytest.mark.parametrize("holding", [0, 1, -1], ids=["no position", "the same side", "the other side"])
@pytest.mark.parametrize("bankrupt", [True, False], ids=["loss", "profit"])
@SIDES
def test_attack_59_charging_the_wrong_side(loose, trader, counterparty, keeper, outsider, side, bankrupt, holding):
    """Whose position it was and who takes it over pay nothing for it unless they stand opposite: by side of the target,
    by whether it lacks something, by what the liquidator holds."""
    loose.trade(outsider, side * 10 * WAD, 900 * WAD)
    loose.trade(counterparty, -side * 40 * WAD, 4_000 * WAD)
    loose.trade(trader, side * 20 * WAD, 300 * WAD)
    if holding:
        loose.trade(keeper, side * holding * 10 * WAD, 900 * WAD)
    crash(loose, side, STEP if bankrupt else PRICE * 13 // 100)
    before = loose.state()
    equity = loose.lens.call("health", 0, trader).equity
    assert (equity < 0) == bankrupt
    people = (outsider, counterparty, keeper)
    had = {who: worth(loose, who) for who in people}
    margins = before.lp_margin
    loose.take_over(keeper, trader, ALL, 900 * WAD)
    paid = {who: had[who] - worth(loose, who) for who in people}
    providers = margins - loose.state().lp_margin
    opposite = before.total_short if side > 0 else before.total_long
    interest = max(before.total_long, before.total_short)
    deficit = max(0, -equity)
    award = max(0, equity)

    def share(units):
        return deficit * units * WAD // interest

    assert paid[outsider] == 0
    assert abs(paid[counterparty] - share(40)) <= 3
    assert abs(paid[keeper] + award - (share(10) if holding < 0 else 0)) <= 3
    assert abs(providers - deficit * (interest - opposite) // interest) <= 3
    assert 0 <= sum(paid.values()) + award + providers - deficit <= 6
    assert index(loose, side) == 0
    assert (index(loose, -side) > 0) == bankrupt
    assert loose.pos(trader).size == 0
    balanced(loose)


@pytest.mark.parametrize("policy", ["oyster", "injective", "satoshiswap"])
@SIDES
def test_attack_59_under_every_policy_that_shares_losses(
    under, trader, counterparty, keeper, outsider, provider, side, policy
):
    """As shipped but for what else moves money: only those opposite and the ranges bear the loss, and all of it."""
    quiet = {"funding_cap_bps": 0, "borrow_rate_bps": 0, "penalty": ("0",) * 4, "max_deviation_bps": 10_000}
    exchange = under(policy, **quiet)
    exchange.trade(outsider, side * 10 * WAD, 900 * WAD)
    exchange.trade(counterparty, -side * 40 * WAD, 4_000 * WAD)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    crash(exchange, side)
    before, deficit = exchange.state(), missing(exchange, trader)
    assert before.insurance_fund == 0
    people = (outsider, keeper, counterparty)
    had = [worth(exchange, who) for who in people]
    exchange.take_over(keeper, trader, ALL, 900 * WAD)
    paid = [amount - worth(exchange, who) for who, amount in zip(people, had, strict=True)]
    providers = before.lp_margin - exchange.state().lp_margin
    interest = max(before.total_long, before.total_short)
    assert paid[:2] == [0, 0]
    assert abs(paid[2] - deficit * 40 * WAD // interest) <= 3
    assert 0 <= paid[2] + providers - deficit <= 6
    assert index(exchange, side) == 0
    balanced(exchange)


# ---- 61


def halve(exchange, who):
    exchange.trade(who, -exchange.record(who).size // 2)


def double(exchange, who):
    exchange.trade(who, exchange.record(who).size, 5_000 * WAD)


def flip(exchange, who):
    exchange.trade(who, -2 * exchange.record(who).size, 5_000 * WAD)


def top_up(exchange, who):
    exchange.house.transact("adjust_margin", 0, WAD, sender=who).check()


def take_out(exchange, who):
    exchange.house.transact("adjust_margin", 0, -WAD, sender=who).check()


def nothing(exchange, who):
    pass


@pytest.mark.parametrize("trick", [nothing, halve, double, flip, top_up, take_out])
@SIDES
def test_attack_61_a_change_of_size_to_lose_the_snapshot(loose, trader, counterparty, keeper, side, trick):
    """Before the loss is settled its payer halves, doubles, flips or moves margin. It ends exactly as if it had settled
    first: all of the old size pays, and no new unit does."""
    loose.trade(counterparty, -side * 20 * WAD, 4_000 * WAD)
    loose.trade(trader, side * 20 * WAD, 300 * WAD)
    crash(loose, side)
    deficit, had = missing(loose, trader), worth(loose, counterparty)
    loose.take_over(keeper, trader, ALL, 600 * WAD)
    assert 0 <= had - worth(loose, counterparty) - deficit <= 2
    ends = []
    for settles in (False, True):
        with loose.undone():
            if settles:
                loose.house.transact("settle", 0, counterparty, sender=keeper).check()
                assert loose.lens.call("health", 0, counterparty).carry == 0
            trick(loose, counterparty)
            loose.house.transact("settle", 0, counterparty, sender=keeper).check()
            ends.append((loose.free(counterparty), loose.record(counterparty)))
            balanced(loose)
    assert ends[0] == ends[1]


@pytest.mark.parametrize("parts", [1, 3])
@SIDES
def test_attack_61_a_takeover_of_who_still_owes_its_share(loose, trader, counterparty, keeper, outsider, side, parts):
    """A payer that fails is taken over before it has settled, whole or in parts: the loss has been charged to it in
    full, and nothing of it to whoever takes over, who stood on no side."""
    loose.trade(counterparty, -side * 20 * WAD, 4_000 * WAD)
    spare = spec.opening_excess(loose.pos(counterparty), PRICE, 1_000)
    loose.house.transact("adjust_margin", 0, -spare, sender=counterparty).check()
    loose.trade(trader, side * 20 * WAD, 300 * WAD)
    crash(loose, side, PRICE * 3 // 10)
    loose.take_over(keeper, trader, ALL, 2_000 * WAD)
    loose.push(PRICE + side * PRICE * 7 // 100)
    health = loose.lens.call("health", 0, counterparty)
    assert health.carry > 0
    assert health.stage >= 2
    assert health.equity == health.balance + health.pnl
    deficit, had = max(0, -health.equity), worth(loose, outsider)
    charged = index(loose, -side)
    taken = 0
    for number in range(parts):
        size = ALL if number == parts - 1 else 20 * WAD // parts
        with loose.chain.block():
            receipt = loose.take_over(outsider, counterparty, size, 2_000 * WAD)
        taken += receipt.event("Takeover").deficit
        assert loose.lens.call("health", 0, outsider).carry == 0
    assert 0 <= taken - deficit <= 2 * parts
    assert index(loose, -side) == charged
    assert abs(worth(loose, outsider) - had - max(0, health.equity)) <= 2 * parts
    assert loose.pos(counterparty).size == 0
    balanced(loose)


# ---- 63


@SIDES
def test_attack_63_taking_margin_out_before_the_share_is_settled(loose, trader, counterparty, keeper, side):
    """From the moment of the loss every view has it, and what can be taken out has fallen by the share, to the wei: by
    taking margin out, by closing, by both."""
    loose.trade(counterparty, -side * 20 * WAD, 900 * WAD)
    loose.trade(trader, side * 20 * WAD, 300 * WAD)
    crash(loose, side)
    mark = loose.state().mark_price
    could = spec.opening_excess(loose.pos(counterparty), mark, 1_000)
    before = loose.lens.call("health", 0, counterparty)
    with loose.chain.block():
        deficit = missing(loose, trader)
        loose.take_over(keeper, trader, ALL, 600 * WAD)
        after = loose.lens.call("health", 0, counterparty)
        share = before.equity - after.equity
        assert 0 <= share - deficit <= 2
        assert loose.house.call("account_state", counterparty).full_equity == loose.free(counterparty)
        for too_much in (could, could - share + 1):
            refused = ("adjust_margin", 0, -too_much)
            loose.refuses("below initial margin", loose.house, *refused, sender=counterparty)
        with loose.undone():
            loose.house.transact("adjust_margin", 0, -(could - share), sender=counterparty).check()
        free, (sold, _) = loose.free(counterparty), loose.quote(side * 20 * WAD)
        loose.trade(counterparty, side * 20 * WAD)
    entered = side * (before.entry_notional - sold)
    assert loose.free(counterparty) == free + 900 * WAD + entered - share
    balanced(loose)


@SIDES
def test_attack_63_shares_of_the_vault_ahead_of_its_share(opened, trader, counterparty, keeper, outsider, side):
    """The vault stands opposite to a deficit. Its share price has the loss in the block in which it is charged, before
    anybody settles: redeeming in that block gets no more than in the next."""
    exchange = opened(backstop_bps=9_999, max_deviation_bps=10_000, free=10 * FREE)
    vault, owner = exchange.system.vault, exchange.system.owner
    exchange.config.transact("set_backstop_loss_cap", vault.address, 0, 10**5 * WAD, sender=owner).check()
    exchange.config.transact("set_backstop_delays", vault.address, 0, 0, sender=owner).check()
    exchange.token.transact("mint", outsider, 20_000 * WAD, sender=outsider).check()
    exchange.token.transact("approve", vault.address, ALL, sender=outsider).check()
    shares = vault.transact("deposit", 20_000 * WAD, outsider, sender=outsider).check().value
    # what the vault takes over stands opposite to what fails next
    exchange.trade(counterparty, -side * 20 * WAD, 300 * WAD)
    exchange.push(PRICE + side * PRICE * 11 // 100)
    exchange.engine.transact("liquidate_by_backstop", 0, counterparty, sender=keeper).check()
    assert exchange.pos(vault.address).size == -side * 20 * WAD
    exchange.push(PRICE)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    crash(exchange, side)
    with exchange.chain.block():
        deficit, assets = missing(exchange, trader), vault.call("totalAssets")
        exchange.take_over(keeper, trader, ALL, 600 * WAD)
        assert 0 <= assets - vault.call("totalAssets") - deficit <= 2
        at_once = vault.call("previewRedeem", shares // 10)
        paid = vault.transact("redeem", shares // 10, outsider, outsider, sender=outsider).check().value
    assert paid == at_once
    exchange.house.transact("settle", 0, vault.address, sender=keeper).check()
    later = vault.call("previewRedeem", shares // 10)
    assert abs(at_once - later) <= 2
    balanced(exchange)
