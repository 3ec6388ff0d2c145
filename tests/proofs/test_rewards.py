"""Lemmas of docs/derivations.md, "Treasury", proved by z3 for integers of any size."""

from prover import Proof

PRECISION = 10**36


def test_a_division_loses_nothing() -> None:
    """T1: what streams and what was kept back is what all stakers get and what is kept back now."""
    proof = Proof()
    rate, left, elapsed, kept, total, earned = proof.ints("rate left elapsed kept total earned")
    proof.given(rate >= 0, elapsed >= 0, elapsed <= left, kept >= 0, total > 0, earned >= 0)
    flow = rate * elapsed + kept
    each = proof.floor(flow, total)
    kept_now = flow - each * total
    proof.possible(rate == 10, left == 5, elapsed == 2, kept == 1, total == 4, earned == 0)
    proof.holds(kept_now >= 0)
    proof.holds(kept_now < total)
    proof.holds(rate * left + kept + earned == rate * (left - elapsed) + kept_now + (earned + total * each))


def test_a_start_loses_nothing() -> None:
    """T1: what waited and what was kept back is rate x period and what is kept back now, less than the period."""
    proof = Proof()
    waiting, kept, period = proof.ints("waiting kept period")
    proof.given(waiting >= 0, kept >= 0, period > 0)
    rate = proof.floor(waiting * PRECISION + kept, period)
    kept_now = waiting * PRECISION + kept - rate * period
    proof.possible(waiting == 7, kept == 3, period == 3600)
    proof.holds(kept_now >= 0)
    proof.holds(kept_now < period)
    proof.holds(rate * period + kept_now == waiting * PRECISION + kept)


def test_a_claim_loses_nothing() -> None:
    """T1: the fraction of a unit stays."""
    proof = Proof()
    (earned,) = proof.ints("earned")
    proof.given(earned >= 0)
    paid = proof.floor(earned, PRECISION)
    proof.possible()
    proof.holds(earned - paid * PRECISION >= 0)
    proof.holds(earned - paid * PRECISION < PRECISION)


def test_two_looks_are_one() -> None:
    """T2: dividing in between changes neither the quotient nor what is kept."""
    proof = Proof()
    first, second, total = proof.ints("first second total")
    proof.given(first >= 0, second >= 0, total > 0)
    earlier = proof.floor(first, total)
    kept = first - earlier * total
    later = proof.floor(second + kept, total)
    once = proof.floor(first + second, total)
    proof.possible(first == 5, second == 8, total == 3)
    # Both leave a remainder below the total of the same sum, so they differ by less than one.
    proof.holds(first + second - (earlier + later) * total >= 0)
    proof.holds(first + second - (earlier + later) * total < total)
    proof.holds((once - earlier - later) * total < total)
    proof.holds((earlier + later - once) * total < total)
    proof.holds(once == earlier + later)
    proof.holds(second + kept - later * total == first + second - once * total)


def test_no_stake_gets_more_than_streams() -> None:
    """T3: whatever part of all stakes it is. It bounds a guest's gain, and the word that entitlements are kept in."""
    proof = Proof()
    stake, total, flow = proof.ints("stake total flow")
    proof.given(stake >= 0, stake <= total, total > 0, flow >= 0)
    each = proof.floor(flow, total)
    proof.possible(stake == 2, total == 3, flow == 10)
    proof.holds(each >= 0)
    proof.multiply(each, stake, total)
    proof.holds(stake * each <= flow)


def test_what_can_be_claimed_is_there() -> None:
    """T4: for two accounts, the one asked about and all others together, whose whole units are no more than theirs."""
    proof = Proof()
    held, waiting, stream, kept, one, others = proof.ints("held waiting stream kept one others")
    proof.given(waiting >= 0, stream >= 0, kept >= 0, one >= 0, others >= 0)
    proof.given(held * PRECISION == waiting * PRECISION + stream + kept + one + others)
    paid, rest, streaming = (proof.floor(amount, PRECISION) for amount in (one, others, stream))
    proof.possible()
    proof.holds(paid + rest + streaming + waiting <= held)
    # And nothing hides: what is nobody's is less than a unit each, and the remainder.
    proof.given(kept < PRECISION)
    proof.holds(held - waiting - streaming - paid - rest <= 3)


def test_whole_units_of_a_sum_are_no_fewer_than_of_its_parts() -> None:
    """T4, for any number of accounts by adding one after the other."""
    proof = Proof()
    one, others = proof.ints("one others")
    proof.given(one >= 0, others >= 0)
    parts = proof.floor(one, PRECISION) + proof.floor(others, PRECISION)
    whole = proof.floor(one + others, PRECISION)
    proof.possible()
    proof.holds(parts <= whole)
    proof.holds(whole <= parts + 1)
