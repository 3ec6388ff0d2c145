"""Equation (2) of docs/derivations.md by z3: tokens held are what is owed in WAD, for every number of decimals."""

import pytest
import z3
from prover import Proof

# Of the word that free collateral stands in, and what a token's supply must stay below (SECURITY.md).
FREE_MASK = 2**128 - 1


def books(proof: Proof, scale: int) -> tuple[z3.ArithRef, z3.ArithRef, z3.ArithRef, z3.ArithRef]:
    """Tokens held, free collateral of one account, of all others with the pots, tokens that were given away."""
    held, free, others, gifts = proof.ints("held free others gifts")
    proof.given(held >= 0, free >= 0, others >= 0, gifts >= 0)
    proof.given(held * scale == free + others + gifts * scale)
    return held, free, others, gifts


@pytest.mark.parametrize("decimals", range(19))
def test_a_deposit_conserves(proof: Proof, decimals: int) -> None:
    """Exactly what arrives is credited; a token that delivers less is refused."""
    scale = 10 ** (18 - decimals)
    held, free, others, gifts = books(proof, scale)
    amount, arrived = proof.ints("amount arrived")
    proof.given(amount > 0, arrived == amount)
    proof.possible()
    proof.holds((held + arrived) * scale == (free + amount * scale) + others + gifts * scale)


@pytest.mark.parametrize("decimals", range(19))
def test_a_withdrawal_conserves(proof: Proof, decimals: int) -> None:
    """custody.withdraw charges min(amount, 2^128 - 1) units and sends `amount`: no supply in bounds is larger."""
    scale = 10 ** (18 - decimals)
    held, free, others, gifts = books(proof, scale)
    (amount,) = proof.ints("amount")
    charged = z3.If(amount < FREE_MASK, amount, FREE_MASK) * scale
    # the token sends no more than is there, of a supply below the bound; the account has what is charged
    proof.given(amount > 0, amount <= held, held <= FREE_MASK, charged <= free)
    proof.possible()
    proof.holds(charged == amount * scale)
    proof.holds((held - amount) * scale == (free - charged) + others + gifts * scale)
    proof.holds(free - charged >= 0)


@pytest.mark.parametrize("decimals", range(19))
def test_all_of_it_but_less_than_a_unit_can_be_withdrawn(proof: Proof, decimals: int) -> None:
    """floor(free / scale) tokens are there and paid for; treasury, vault and replay withdraw so."""
    scale = 10 ** (18 - decimals)
    held, free, _, _ = books(proof, scale)
    whole = proof.floor(free, z3.IntVal(scale))
    proof.possible()
    proof.holds(z3.And(whole >= 0, whole <= held))
    proof.holds(z3.And(free - whole * scale >= 0, free - whole * scale < scale))


@pytest.mark.parametrize("decimals", range(19))
def test_moving_inside_leaves_tokens_alone(proof: Proof, decimals: int) -> None:
    """Free collateral to a pot and back by any WAD amount, also of less than a unit: (2) stays as it is."""
    scale = 10 ** (18 - decimals)
    held, free, others, gifts = books(proof, scale)
    (moved,) = proof.ints("moved")
    proof.given(moved <= free, -moved <= others)
    proof.possible(moved == 1)
    proof.holds(held * scale == (free - moved) + (others + moved) + gifts * scale)
