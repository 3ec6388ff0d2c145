"""Section 6 of docs/derivations.md by z3: what is collected of a deficit covers it, whoever pays and whenever."""

import z3
from prover import Proof

from nacre.units import RAY


def test_one_more_payer(proof: Proof) -> None:
    """Induction over the payers, any number of them, each touched at a time of its own.

    Each pays ceil(q (dS + g) / RAY), g being its funding since; `due` is the sum of q (dS + g) of the `count` before.
    """
    paid, due, count, size, rise, other = proof.ints("paid due count size rise other")
    proof.given(size > 0, rise >= 0, count >= 0)
    proof.given(paid * RAY >= due, paid * RAY <= due + count * (RAY - 1))
    charge = proof.ceil(size * (rise + other), z3.IntVal(RAY))
    proof.possible(paid == 0, due == 0, count == 0, size == 2, rise == 3, other == -5)
    proof.holds((paid + charge) * RAY >= due + size * (rise + other))
    proof.holds((paid + charge) * RAY <= due + size * (rise + other) + (count + 1) * (RAY - 1))


def test_ceil_index_times_ceil_charge_covers_the_loss(proof: Proof) -> None:
    """After all of T have paid: dS = ceil(y RAY / T), and `paid` as the induction leaves it, funding apart."""
    loss, payers, paid, count = proof.ints("loss payers paid count")
    proof.given(loss > 0, payers > 0, count > 0, count <= payers)
    rise = proof.ceil(loss * RAY, payers)
    proof.given(paid * RAY >= payers * rise, paid * RAY <= payers * rise + count * (RAY - 1))
    proof.possible(loss == 10, payers == 3, count == 2)
    proof.holds(paid >= loss)
    proof.holds(paid * RAY < loss * RAY + payers + count * RAY)


def test_all_payers_together_cover_the_deficit(proof: Proof) -> None:
    """waterfall._absorb and waterfall_math._shares with every limit: fund, ranges, accounts, and what nobody pays."""
    deficit, drawable, payers, interest, margin = proof.ints("deficit drawable payers interest margin")
    limit, accounts = proof.ints("limit accounts")
    proof.given(deficit > 0, drawable >= 0, payers > 0, interest >= payers, margin >= 0, limit >= 0)
    fund = z3.If(deficit < drawable, deficit, drawable)
    loss = deficit - fund
    share = proof.ceil(loss * (interest - payers), interest)
    ranges = z3.If(share < margin, share, margin)
    ranges = z3.If(ranges < loss, ranges, loss)
    rest = loss - ranges
    wanted = proof.ceil(rest * RAY, payers)
    # the cap of a unit, and the room of the index: any limit
    rise = z3.If(wanted < limit, wanted, limit)
    collected = proof.floor(rise * payers, z3.IntVal(RAY))
    unallocated = z3.If(collected < rest, rest - collected, 0)
    # by test_ceil_index_times_ceil_charge_covers_the_loss
    proof.given(accounts >= collected)
    proof.possible(deficit == 9, drawable == 2, payers == 4, interest == 5, margin == 3, limit == RAY)
    proof.holds(z3.And(fund >= 0, ranges >= 0, rest >= 0, unallocated >= 0))
    proof.holds(fund + ranges + accounts + unallocated >= deficit)


def test_the_share_of_the_ranges_is_at_least_their_part(proof: Proof) -> None:
    """ceil(Y v / OI) for the venue's v: the accounts are never charged for what the ranges could have paid."""
    loss, venue, payers, margin = proof.ints("loss venue payers margin")
    proof.given(loss > 0, venue > 0, payers > 0, margin >= 0)
    share = proof.ceil(loss * venue, venue + payers)
    proof.given(margin >= share)
    proof.possible(loss == 7, venue == 2, payers == 3)
    product = loss * venue
    proof.holds(share * (venue + payers) >= product)
    proof.holds((loss - share) * (venue + payers) <= loss * payers)
