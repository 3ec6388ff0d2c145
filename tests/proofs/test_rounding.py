"""Lemmas of docs/derivations.md, proved by z3 for integers of any size: rounding, the venue, liquidation prices."""

import pytest
import z3
from prover import Proof


def test_multiplying_keeps_order(proof: Proof) -> None:
    factor, low, high = proof.ints("factor low high")
    proof.given(factor >= 0, low <= high)
    proof.possible()
    proof.holds(factor * (high - low) >= 0)
    proof.holds(factor * low <= factor * high)


def test_cancelling() -> None:
    """a x <= a y and a > 0 give x <= y, and < gives <: were x > y, multiplying would contradict."""
    for less in (1, 0):
        proof = Proof()
        a, x, y = proof.ints("a x y")
        proof.given(a > 0, x >= y + less)
        proof.possible()
        proof.holds(a * (x - y) >= a * less)
        proof.holds(a * x >= a * y + less)


# ---- R1, R2, R3: split and combine


def test_split_conserves_balance_and_notional(proof: Proof) -> None:
    balance, notional, part, whole = proof.ints("balance notional part whole")
    proof.given(part > 0, part < whole, notional >= 0)
    taken = proof.floor(balance * part, whole)
    taken_notional = proof.floor(notional * part, whole)
    proof.possible()
    proof.holds(taken + (balance - taken) == balance)
    proof.holds(taken_notional >= 0)
    # notional * part < notional * whole
    proof.holds(notional * part <= notional * whole)
    proof.holds(taken_notional * whole <= notional * whole)
    proof.holds(taken_notional <= notional)


@pytest.mark.parametrize("big_side", [1, -1])
def test_combine_conserves_value_at_every_price(proof: Proof, big_side: int) -> None:
    """Value in wei times 1e18: (balance - side * notional) 1e18 + size * price, whatever notional is closed."""
    b1, b2, n_big, n_small, q_big, q_small, closed, price = proof.ints("b1 b2 n_big n_small q_big q_small closed price")
    proof.given(q_big >= q_small, q_small > 0, price >= 0)
    unit = 10**18
    before = (b1 - big_side * n_big) * unit + big_side * q_big * price
    before += (b2 + big_side * n_small) * unit - big_side * q_small * price
    balance = b1 + b2 + big_side * (n_small - closed)
    after = (balance - big_side * (n_big - closed)) * unit + big_side * (q_big - q_small) * price
    proof.possible()
    proof.holds(before == after)


def test_closed_notional_is_no_more_than_there_is(proof: Proof) -> None:
    notional, small, big = proof.ints("notional small big")
    proof.given(notional >= 0, small > 0, small <= big)
    up, down = proof.ceil(notional * small, big), proof.floor(notional * small, big)
    proof.possible()
    proof.holds(notional * small <= notional * big)
    proof.holds((up - 1) * big < notional * big)
    proof.holds(up <= notional)
    proof.holds(z3.And(down >= 0, down <= up))
    proof.holds(z3.Implies(small == big, z3.And(up == notional, down == notional)))


# ---- R4, R5, R6: charges


def test_parts_pay_at_least_what_the_whole_would(proof: Proof) -> None:
    """ceil(x k) + ceil(y k) >= ceil((x + y) k), also for a credit (k < 0)."""
    x, y, index = proof.ints("x y index")
    ray = 10**27
    proof.given(x >= 0, y >= 0)
    parts = proof.ceil(x * index, ray) + proof.ceil(y * index, ray)
    whole = proof.ceil((x + y) * index, ray)
    proof.possible()
    proof.holds(parts >= whole)
    proof.holds(parts <= whole + 1)


def test_the_index_collects_the_loss_and_little_more(proof: Proof) -> None:
    loss, payers = proof.ints("loss payers")
    ray = 10**27
    proof.given(loss > 0, payers > 0)
    rise = proof.ceil(loss * ray, payers)
    proof.possible()
    proof.holds(rise * payers >= loss * ray)
    proof.holds(rise * payers < loss * ray + payers)
    collected = proof.floor(rise * payers, ray)
    proof.holds(collected >= loss)


def test_what_the_index_cannot_collect_is_unallocated(proof: Proof) -> None:
    """Any rise, capped or not: with the rest it covers the loss, by less than max(1, payers / RAY) too much."""
    loss, payers, rise = proof.ints("loss payers rise")
    ray = 10**27
    proof.given(loss > 0, payers > 0, rise >= 0)
    needed = proof.ceil(loss * ray, payers)
    proof.given(rise <= needed)
    collected = proof.floor(rise * payers, ray)
    unallocated = loss - z3.If(collected < loss, collected, loss)
    proof.possible()
    proof.holds(unallocated >= 0)
    proof.holds(rise * payers <= needed * payers)
    proof.holds(rise * payers + unallocated * ray >= loss * ray)
    proof.holds(rise * payers + unallocated * ray < loss * ray + z3.If(payers > ray, payers, ray))


def test_accounts_together_pay_what_was_counted_on(proof: Proof) -> None:
    """Three holders stand for any number: a sum of ceils is at least the ceil of the sum, by R4 once for each."""
    a, b, c, rise = proof.ints("a b c rise")
    ray = 10**27
    proof.given(a > 0, b > 0, c > 0, rise >= 0)
    paid = proof.ceil(a * rise, ray) + proof.ceil(b * rise, ray) + proof.ceil(c * rise, ray)
    counted = proof.floor((a + b + c) * rise, ray)
    proof.possible()
    proof.holds(paid >= counted)


def test_a_later_settlement_pays_the_same_up_to_a_wei(proof: Proof) -> None:
    """Settling twice on the way pays at least, and at most one wei more than, settling once."""
    size, first, second = proof.ints("size first second")
    ray = 10**27
    proof.given(size > 0)
    twice = proof.ceil(size * first, ray) + proof.ceil(size * second, ray)
    once = proof.ceil(size * (first + second), ray)
    proof.possible()
    proof.holds(z3.And(twice >= once, twice <= once + 1))


# ---- R7: the ranges' factor


def test_one_factor_never_leaves_more_than_the_margin(proof: Proof) -> None:
    """f' = floor(f (M - l) / M): a claim c = m f / f0 falls at least in the ratio (M - l) / M. Cross-multiplied."""
    factor, margin, loss = proof.ints("factor margin loss")
    proof.given(factor > 0, margin > 0, loss >= 0, loss <= margin)
    left = proof.floor(factor * (margin - loss), margin)
    proof.possible()
    proof.holds(left >= 0)
    proof.holds(left * margin <= factor * (margin - loss))
    proof.holds(left <= factor)


def test_ranges_never_claim_more_than_lp_margin(proof: Proof) -> None:
    """Induction step over a charge, the sum of claims as one number A f / E: A f <= E M implies A f' <= E (M - l)."""
    claims, entry, factor, margin, kept, left = proof.ints("claims entry factor margin kept left")
    proof.given(claims >= 0, entry > 0, factor > 0, margin > 0, kept >= 0, kept <= margin)
    proof.given(claims * factor <= entry * margin)
    # What the lemma before says of f'.
    proof.given(left * margin <= factor * kept)
    proof.possible()
    proof.multiply(claims, left * margin, factor * kept)
    proof.multiply(kept, claims * factor, entry * margin)
    goal, bound = proof.ints("goal bound")
    proof.given(goal == claims * left, bound == entry * kept)
    proof.cancel(margin, goal, bound)


def test_a_removed_range_fits_into_lp_margin(proof: Proof) -> None:
    """floor(c) <= c <= M: the subtraction cannot underflow, and the rest still covers the others."""
    claim, others, entry, margin = proof.ints("claim others entry margin")
    proof.given(claim >= 0, others >= 0, entry > 0, margin >= 0, claim + others <= entry * margin)
    taken = proof.floor(claim, entry)
    proof.possible()
    proof.holds(taken * entry <= claim)
    proof.holds((margin - taken) * entry >= others)
    proof.holds(taken * entry <= margin * entry)
    proof.holds(taken <= margin)


# ---- R8, R9: tokens and the fund


@pytest.mark.parametrize("decimals", range(19))
def test_scaling_of_tokens_conserves(proof: Proof, decimals: int) -> None:
    deposited, withdrawn, free = proof.ints("deposited withdrawn free")
    scale = 10 ** (18 - decimals)
    proof.given(deposited > 0, withdrawn > 0, free == deposited * scale, withdrawn * scale <= free)
    proof.possible()
    proof.holds(withdrawn <= deposited)
    proof.holds(free - withdrawn * scale == (deposited - withdrawn) * scale)


def test_credit_of_the_fund_conserves(proof: Proof) -> None:
    """U' - I' = U - I - A: the new claim on the pot is exactly the amount."""
    amount, fund, unallocated = proof.ints("amount fund unallocated")
    proof.given(amount >= 0, fund >= 0, unallocated >= 0)
    used = z3.If(unallocated < amount, unallocated, amount)
    after_fund, after_unallocated = fund + (amount - used), unallocated - used
    proof.possible()
    proof.holds(after_unallocated - after_fund == unallocated - fund - amount)
    proof.holds(z3.And(after_fund >= 0, after_unallocated >= 0))


def test_fees_of_a_force_close_never_make_a_deficit(proof: Proof) -> None:
    """Each fee is the smaller of itself and what is left, so a residue is below zero only if the proceeds were."""
    proceeds, lp, protocol, penalty, liquidation = proof.ints("proceeds lp protocol penalty liquidation")
    proof.given(lp >= 0, protocol >= 0, penalty >= 0, liquidation >= 0)
    left = z3.If(proceeds > 0, proceeds, 0)
    charged = z3.IntVal(0)
    for fee in (lp, protocol, penalty, liquidation):
        paid = z3.If(fee < left, fee, left)
        left, charged = left - paid, charged + paid
    proof.possible()
    proof.holds(z3.Implies(proceeds >= 0, z3.And(proceeds - charged >= 0, proceeds - charged <= proceeds)))
    proof.holds(z3.Implies(proceeds < 0, charged == 0))


# ---- section 7: the venue keeps its promise


def no_gap(proof: Proof, gap: z3.ArithRef, divisor: z3.ArithRef) -> None:
    """What separates two multiples of a divisor, and is smaller than it, is nothing: their quotients are one."""
    proof.holds(z3.And(gap < divisor, gap > -divisor))
    whole_number = Proof()
    d, x, y = whole_number.ints("d x y")
    whole_number.given(d > 0, x * d == y, y < d, y > -d)
    whole_number.holds(z3.Implies(x >= 1, d * (x - 1) >= 0))
    whole_number.holds(z3.Implies(x <= -1, d * (-1 - x) >= 0))
    whole_number.holds(x == 0)


@pytest.mark.parametrize("digit", [2**57, 2**14])
@pytest.mark.parametrize("up", [True, False])
def test_division_by_digits_is_exact(proof: Proof, digit: int, up: bool) -> None:
    """(u digit + l) m / d from quotient and rest of u m / d: lib/swap_math, which rounds up at the last digit.

    Unknowns are u m and l m, and the multiples of d next to u m, to what is left for the next digit, and to the whole.
    """
    upper, lower, divisor, high, low, whole = proof.ints("upper lower divisor high low whole")
    sign = 1 if up else -1
    lack_low = sign * (low - ((upper - high) * digit + lower))
    lack_whole = sign * (whole - (upper * digit + lower))
    proof.given(divisor > 0, upper - high >= 0, upper - high < divisor)
    proof.given(lack_low >= 0, lack_low < divisor, lack_whole >= 0, lack_whole < divisor)
    proof.possible(upper == 21, lower == 35, divisor == 11, high == 11)
    no_gap(proof, whole - (high * digit + low), divisor)


@pytest.mark.parametrize("up", [True, False])
def test_dividing_twice_is_dividing_by_the_product(proof: Proof, up: bool) -> None:
    """n / high / low, rounded the same way each time: lib/swap_math._base_between."""
    number, high, low, product = proof.ints("number high low product")
    proof.given(number >= 0, high > 0, low > 0, product == high * low)
    sign, divide = (1, proof.ceil) if up else (-1, proof.floor)
    first = divide(number, high)
    second, whole = divide(first, low), divide(number, product)
    proof.possible(number == 100, high == 7, low == 3)
    lack, lack_second = proof.ints("lack lack_second")
    proof.given(lack_second == sign * (second * low - first))
    proof.given(lack == lack_second * high + sign * (first * high - number))
    proof.holds(z3.And(lack_second >= 0, lack_second <= low - 1))
    proof.multiply(high, z3.IntVal(0), lack_second)
    proof.multiply(high, lack_second, low - 1)
    proof.holds(z3.And(lack >= 0, lack < product))
    proof.holds(second * product == number + sign * lack)
    no_gap(proof, second * product - whole * product, product)


@pytest.mark.parametrize("up", [True, False])
def test_whole_parts_may_be_divided_first(proof: Proof, up: bool) -> None:
    """(whole d + rest) / d = whole + rest / d, whatever their signs: lib/swap_math._base_between, _funding_up."""
    whole, rest, divisor = proof.ints("whole rest divisor")
    proof.given(divisor > 0)
    divide = proof.ceil if up else proof.floor
    at_once, part = divide(whole * divisor + rest, divisor), divide(rest, divisor)
    proof.possible(whole == -3, rest == -5, divisor == 11)
    no_gap(proof, at_once * divisor - (whole + part) * divisor, divisor)


def test_a_buyer_gets_no_more_than_the_curve_gives(proof: Proof) -> None:
    """t = ceil(D s / (D - dx s)), D = L 2^96: then dx <= D (1/s - 1/t), cross-multiplied dx s t <= D (t - s)."""
    depth, s, dx = proof.ints("depth s dx")
    proof.given(depth > 0, s > 0, dx > 0, dx * s < depth)
    t = proof.ceil(depth * s, depth - dx * s)
    proof.possible()
    proof.holds(t * (depth - dx * s) >= depth * s)
    proof.holds(dx * s * t <= depth * (t - s))


def test_a_seller_gives_no_less_than_the_curve_takes(proof: Proof) -> None:
    """t = ceil(D s / (D + p)), p = dx s: then dx >= D (1/t - 1/s), cross-multiplied p t >= D (s - t)."""
    depth, s, p = proof.ints("depth s p")
    proof.given(depth > 0, s > 0, p > 0)
    t = proof.ceil(depth * s, depth + p)
    proof.possible()
    proof.holds(p * t >= depth * (s - t))


def test_a_sale_that_reaches_an_edge_fills_the_stretch(proof: Proof) -> None:
    """The edge t is reached only if ceil(x*) < t; then dx >= ceil(D (1/t - 1/s)): what is paid for is delivered.

    Unknowns are also p = dx s and st = s t; that t p = dx st is their only use.
    """
    depth, s, dx, t, p, st = proof.ints("depth s dx t p st")
    proof.given(depth > 0, s > t, t > 0, dx > 0, p > 0, st > 0)
    end = proof.ceil(depth * s, depth + p)
    filled = proof.ceil(depth * s - depth * t, st)
    proof.given(end < t)
    proof.possible(depth == 4, s == 3, dx == 4, p == 12, t == 2, st == 6)
    proof.multiply(depth + p, end, t - 1)
    proof.holds(depth * s < t * depth + t * p)
    proof.holds((filled - 1) * st < t * p)
    proof.given(t * p == dx * st)
    proof.cancel(st, filled - 1, dx, strict=True)
    proof.holds(filled <= dx)


def test_products_of_a_sale_are_the_same() -> None:
    """What the proof before uses of p = dx s and st = s t."""
    proof = Proof()
    s, dx, t, p, st = proof.ints("s dx t p st")
    proof.given(p == dx * s, st == s * t)
    proof.holds(t * p == dx * st)


# ---- section 11: liquidation prices; ratios in basis points, values times 1e18


@pytest.mark.parametrize(("trigger", "mmr"), [(10_000, 500), (10_000, 250), (1_000, 500), (10_000, 9_999), (1, 1)])
def test_a_long_at_its_liquidation_price_is_safe(proof: Proof, trigger: int, mmr: int) -> None:
    """v = q P / 1e18 as V / 1e18. X + 3 <= v (1 - tau r) implies equity >= tau MM."""
    value, stake = proof.ints("value stake")
    unit = 10**18
    proof.given(value >= 0)
    worth, notional = proof.floor(value, z3.IntVal(unit)), proof.ceil(value, z3.IntVal(unit))
    margin = proof.ceil(notional * mmr, z3.IntVal(10_000))
    proof.given((stake + 3) * unit * 10**8 <= value * (10**8 - trigger * mmr))
    proof.possible()
    proof.holds((worth - stake) * 10_000 >= margin * trigger)


@pytest.mark.parametrize(("trigger", "mmr"), [(10_000, 500), (10_000, 250), (1_000, 500), (10_000, 9_999), (1, 1)])
def test_a_short_at_its_liquidation_price_is_safe(proof: Proof, trigger: int, mmr: int) -> None:
    value, stake = proof.ints("value stake")
    unit = 10**18
    proof.given(value >= 0)
    notional = proof.ceil(value, z3.IntVal(unit))
    margin = proof.ceil(notional * mmr, z3.IntVal(10_000))
    proof.given((stake - 3) * unit * 10**8 >= value * (10**8 + trigger * mmr))
    proof.possible()
    proof.holds((stake - notional) * 10_000 >= margin * trigger)


@pytest.mark.parametrize(("trigger", "mmr"), [(10_000, 500), (1_000, 500), (10_000, 9_999)])
def test_beyond_the_exact_price_a_position_is_liquidatable(proof: Proof, trigger: int, mmr: int) -> None:
    value, stake = proof.ints("value stake")
    unit = 10**18
    proof.given(value >= 0)
    worth, notional = proof.floor(value, z3.IntVal(unit)), proof.ceil(value, z3.IntVal(unit))
    margin = proof.ceil(notional * mmr, z3.IntVal(10_000))
    proof.possible()
    long_below = value * (10**8 - trigger * mmr) < stake * unit * 10**8
    proof.holds(z3.Implies(long_below, (worth - stake) * 10_000 < margin * trigger))
    short_above = value * (10**8 + trigger * mmr) > stake * unit * 10**8
    proof.holds(z3.Implies(short_above, (stake - notional) * 10_000 < margin * trigger))


def test_bankruptcy_prices_are_exact(proof: Proof) -> None:
    """Long: equity >= 0 exactly from ceil(X 1e18 / q) up. Short: exactly up to floor(X 1e18 / q)."""
    size, stake, price = proof.ints("size stake price")
    unit = z3.IntVal(10**18)
    proof.given(size > 0, stake > 0, price >= 0)
    worth, notional = proof.floor(size * price, unit), proof.ceil(size * price, unit)
    lowest, highest = proof.ceil(stake * unit, size), proof.floor(stake * unit, size)
    proof.possible()
    proof.holds((worth >= stake) == (size * price >= stake * unit))
    proof.holds(z3.Implies(price >= lowest, size * price >= size * lowest))
    proof.holds(z3.Implies(price >= lowest, worth >= stake))
    proof.holds(z3.Implies(price <= lowest - 1, size * price <= size * (lowest - 1)))
    proof.holds(z3.Implies(price <= lowest - 1, worth < stake))
    proof.holds(z3.Implies(price <= highest, size * price <= size * highest))
    proof.holds(z3.Implies(price <= highest, notional <= stake))
    proof.holds(z3.Implies(price >= highest + 1, size * price >= size * (highest + 1)))
    proof.holds(z3.Implies(price >= highest + 1, notional > stake))


# ---- section 12: what a liquidation leaves its target


def test_a_split_costs_at_most_a_wei_in_sum(proof: Proof) -> None:
    """Equities at mark of part and rest of a long, against that of the whole."""
    balance, notional, part, whole, price = proof.ints("balance notional part whole price")
    unit = z3.IntVal(10**18)
    proof.given(part > 0, part < whole, notional >= 0, price > 0)
    taken, taken_notional = proof.floor(balance * part, whole), proof.floor(notional * part, whole)
    equity = balance + proof.floor(whole * price, unit) - notional
    part_equity = taken + proof.floor(part * price, unit) - taken_notional
    rest_equity = (balance - taken) + proof.floor((whole - part) * price, unit) - (notional - taken_notional)
    proof.possible()
    proof.holds(part_equity + rest_equity <= equity)
    proof.holds(part_equity + rest_equity >= equity - 1)
