"""Why it is enough that tests/proofs/bounds.py computes each expression once, at the largest magnitudes: by z3."""

import pytest
import z3
from bounds import CARRY, CARRY_MOVED, ENTRIES, FUNDING, LOSS, PRICE, SIGNED, SIZE, STORED, TOTAL, UNSIGNED
from prover import Proof

from nacre.units import RAY, WAD


def magnitude(value: z3.ArithRef) -> z3.ArithRef:
    return z3.If(value < 0, -value, value)


def test_sums_are_largest_at_the_largest_magnitudes(proof: Proof) -> None:
    """Of either sign, added or taken off."""
    a, b, most_a, most_b = proof.ints("a b most_a most_b")
    proof.given(magnitude(a) <= most_a, magnitude(b) <= most_b)
    proof.possible()
    proof.holds(z3.And(magnitude(a + b) <= most_a + most_b, magnitude(a - b) <= most_a + most_b))


def test_products_are_largest_at_the_largest_magnitudes(proof: Proof) -> None:
    a, b, most_a, most_b = proof.ints("a b most_a most_b")
    proof.given(a >= 0, b >= 0, a <= most_a, b <= most_b)
    proof.possible()
    proof.multiply(a, b, most_b)
    proof.multiply(most_b, a, most_a)
    proof.holds(a * b <= most_a * most_b)
    # The magnitude of a signed product is the product of magnitudes.
    x, y = proof.ints("x y")
    for left in (x, -x):
        for right in (y, -y):
            proof.holds(z3.Or(x * y == left * right, x * y == -(left * right)))


def test_quotients_are_no_larger_than_what_is_divided(proof: Proof) -> None:
    """Down, or toward zero: as -floor(-n / d). Rows that round up add before they divide, as the contracts do."""
    number, divisor = proof.ints("number divisor")
    proof.given(number >= 0, divisor >= 1)
    quotient = proof.floor(number, divisor)
    proof.possible(number == 7, divisor == 2)
    proof.holds(quotient > -1)
    proof.multiply(quotient, z3.IntVal(1), divisor)
    proof.holds(quotient <= number)
    # A machine's quotient of a number below zero is that of its magnitude, with the sign.
    negative = proof.truncated(-number, divisor)
    proof.holds(z3.And((negative + quotient) * divisor < divisor, (negative + quotient) * divisor > -divisor))


def test_what_is_taken_off_is_never_more(proof: Proof) -> None:
    """Unchecked subtractions of a smaller one: min, and a share of at most all."""
    x, y, rate, whole = proof.ints("x y rate whole")
    proof.given(x >= 0, y >= 0, rate >= 0, whole > 0, rate <= whole)
    smaller = z3.If(x < y, x, y)
    proof.possible()
    proof.holds(z3.And(x - smaller >= 0, x - smaller <= x))
    proof.multiply(x, rate, whole)
    share = proof.floor(x * rate, whole)
    proof.holds(share * whole <= x * whole)
    proof.cancel(whole, share, x)
    proof.holds(z3.And(x - share >= 0, share >= 0))


def test_the_largest_products_of_the_contracts_fit(proof: Proof) -> None:
    """Not at a corner but for all values in bounds: size (K - k0), value, what an index collects."""
    size, index, entry, price, rise, payers = proof.ints("size index entry price rise payers")
    proof.given(size >= 0, size <= SIZE, price >= 0, price <= PRICE)
    proof.given(
        magnitude(index) <= CARRY, magnitude(entry) <= CARRY, rise >= 0, rise <= LOSS, payers >= 0, payers <= TOTAL
    )
    proof.possible()
    moved = index - entry
    proof.holds(magnitude(moved) <= CARRY_MOVED)
    proof.multiply(size, moved, z3.IntVal(CARRY_MOVED))
    proof.multiply(size, -moved, z3.IntVal(CARRY_MOVED))
    proof.holds(z3.And(size * moved + RAY < SIGNED, size * moved - RAY > -SIGNED))
    proof.multiply(size, price, z3.IntVal(PRICE))
    proof.holds(size * price + WAD < SIGNED)
    proof.multiply(rise, payers, z3.IntVal(TOTAL))
    proof.holds(rise * payers < UNSIGNED)


@pytest.mark.parametrize(("width", "largest"), [(48, 2**46), (128, STORED), (128, CARRY), (128, FUNDING)])
def test_fields_of_a_word_give_back_what_is_put_there(proof: Proof, width: int, largest: int) -> None:
    """A signed value within its field: masked into the word, and shifted out of it as a signed one."""
    (value,) = proof.ints("value")
    proof.given(magnitude(value) <= largest)
    field = z3.If(value < 0, value + 2**width, value)
    proof.possible(value == -1)
    proof.holds(z3.And(field >= 0, field < 2**width))
    proof.holds(z3.If(field >= 2 ** (width - 1), field - 2**width, field) == value)


def test_every_row_is_a_number_within_its_limit() -> None:
    """The rows themselves, all of them: tests/proofs/test_unchecked.py matches them with the contracts' functions."""
    assert all(0 <= largest < limit for rows in ENTRIES.values() for _, largest, limit in rows)
