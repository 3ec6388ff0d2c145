"""Positions as lib/position_math keeps them: directions of its divisions, split, combine and charges, by z3."""

import pytest
import z3
from prover import Proof

from nacre.units import RAY, WAD

# ---- R13: what truncating division is made to do


def test_a_signed_share_is_rounded_down(proof: Proof) -> None:
    """fixed_point._signed_mul_div_floor: a product below zero is lowered by the divisor less one first."""
    product, divisor = proof.ints("product divisor")
    proof.given(divisor > 0)
    lowered = z3.If(product < 0, product - (divisor - 1), product)
    result = proof.truncated(lowered, divisor)
    proof.possible(product == -7, divisor == 2)
    proof.holds(result * divisor <= product)
    proof.holds(result * divisor > product - divisor)


def test_a_charge_is_rounded_up(proof: Proof) -> None:
    """position_math._carry_charge: a charge is raised by RAY less one first, a credit is cut toward zero."""
    (product,) = proof.ints("product")
    result = proof.truncated(z3.If(product > 0, product + RAY - 1, product), z3.IntVal(RAY))
    proof.possible(product == -5)
    proof.holds(z3.And(result * RAY >= product, result * RAY < product + RAY))


@pytest.mark.parametrize("side", [1, -1])
def test_value_is_rounded_against_the_holder_and_notional_up(proof: Proof, side: int) -> None:
    """position_math._price_pnl and ._appraised: amount = |size| * price, the signed product is side * amount."""
    amount, entry = proof.ints("amount entry")
    unit = z3.IntVal(WAD)
    proof.given(amount >= 0, entry >= 0)
    if side > 0:
        profit = proof.truncated(amount, unit) - entry
        notional = proof.truncated(amount + WAD - 1, unit)
    else:
        notional = proof.truncated(WAD - 1 - (-amount), unit)
        profit = entry - notional
    proof.possible(amount == 5 * WAD + 1)
    real = side * (amount - entry * WAD)
    proof.holds(z3.And(profit * WAD <= real, profit * WAD > real - WAD))
    proof.holds(z3.And(notional * WAD >= amount, notional * WAD < amount + WAD))


# ---- R1, R2: nothing is lost between a position and its parts


@pytest.mark.parametrize("side", [1, -1])
def test_parts_are_worth_the_whole_at_every_price_and_index(proof: Proof, side: int) -> None:
    """Real value in wei times 1e45; the parts keep the entry carry of the whole, and it is split by subtraction."""
    size, taken, balance, b_part, notional, n_part = proof.ints("size taken balance b_part notional n_part")
    price, carry = proof.ints("price carry")
    proof.given(taken > 0, taken < size, notional >= 0, price >= 0)
    proof.possible()

    def value(q: z3.ArithRef, b: z3.ArithRef, n: z3.ArithRef) -> z3.ArithRef:
        return (b - side * n) * WAD * RAY + side * q * price * RAY - q * carry * WAD

    parts = value(taken, b_part, n_part) + value(size - taken, balance - b_part, notional - n_part)
    proof.holds(parts == value(size, balance, notional))


@pytest.mark.parametrize("side", [1, -1])
def test_adding_to_a_side_conserves_value_at_every_price(proof: Proof, side: int) -> None:
    b1, b2, n1, n2, q1, q2, price = proof.ints("b1 b2 n1 n2 q1 q2 price")
    proof.given(q1 > 0, q2 > 0)
    proof.possible()
    before = (b1 - side * n1) * WAD + side * q1 * price + (b2 - side * n2) * WAD + side * q2 * price
    proof.holds((b1 + b2 - side * (n1 + n2)) * WAD + side * (q1 + q2) * price == before)


@pytest.mark.parametrize("big_side", [1, -1, 0])
def test_equities_of_two_positions_are_kept_to_the_wei(proof: Proof, big_side: int) -> None:
    """Two settled positions and the one they become; values of both, |q| P, are unknowns. 0: both are long.

    What is closed cancels (R2), so only the rounding of values is left: two of them against one.
    """
    big, small, stake = proof.ints("big small stake")
    unit = z3.IntVal(WAD)
    proof.given(big >= small, small >= 0)
    if big_side == 0:
        before = proof.floor(big, unit) + proof.floor(small, unit)
        after = proof.floor(big + small, unit)
    elif big_side == 1:
        before = proof.floor(big, unit) - proof.ceil(small, unit)
        after = proof.floor(big - small, unit)
    else:
        before = proof.floor(small, unit) - proof.ceil(big, unit)
        after = -proof.ceil(big - small, unit)
    proof.possible(big == 3 * WAD + 5, small == WAD + 7)
    proof.holds(z3.And(stake + after >= stake + before, stake + after <= stake + before + 1))


# ---- R4: charges of a split position


def test_any_number_of_parts_pays_at_least_what_the_whole_would(proof: Proof) -> None:
    """One part more: paid >= ceil(size k) stays true, k of either sign. It begins with nothing paid for no size."""
    size, part, index, paid = proof.ints("size part index paid")
    ray = z3.IntVal(RAY)
    proof.given(size >= 0, part > 0, paid >= proof.ceil(size * index, ray))
    after = paid + proof.ceil(part * index, ray)
    proof.possible(size == 3, part == 2, index == 5)
    proof.holds(after >= proof.ceil((size + part) * index, ray))


def test_settling_a_part_first_changes_nothing_for_the_better(proof: Proof) -> None:
    """Split, settle one part at an index on the way, settle both at the end: at least the carry of the whole."""
    taken, left, first, second = proof.ints("taken left first second")
    ray = z3.IntVal(RAY)
    proof.given(taken > 0, left > 0)
    # each index times each part, as unknowns of their own: what is proved needs no more of them
    t1, t2, l1, l2 = proof.ints("t1 t2 l1 l2")
    proof.given(t1 == taken * first, t2 == taken * second, l1 == left * first, l2 == left * second)
    proof.possible(taken == 1, left == 2, first == 3, second == -4)
    numbers = Proof()
    a, b, c, d = numbers.ints("t1 t2 l1 l2")
    split = numbers.ceil(a, ray) + numbers.ceil(b, ray) + numbers.ceil(c + d, ray)
    numbers.possible()
    numbers.holds(split >= numbers.ceil(a + b + c + d, ray))
    proof.holds(t1 + t2 + l1 + l2 == (taken + left) * (first + second))


@pytest.mark.parametrize("rate", [1, 50, 500, 9_999])
def test_fees_and_margins_of_parts_are_at_least_those_of_the_whole(proof: Proof, rate: int) -> None:
    """Notional up, then ratio up, of values in wei times 1e18: IM, MM, trading fee and penalty, of one rate."""
    first, second = proof.ints("first second")
    unit, bps = z3.IntVal(WAD), z3.IntVal(10_000)
    proof.given(first >= 0, second >= 0)
    n1, n2, n = proof.ceil(first, unit), proof.ceil(second, unit), proof.ceil(first + second, unit)
    proof.possible()
    proof.holds(n1 + n2 >= n)
    proof.holds(proof.ceil(n1 * rate, bps) + proof.ceil(n2 * rate, bps) >= proof.ceil(n * rate, bps))
