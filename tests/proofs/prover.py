"""Lemmas by z3 on integers of any size.

Divisions are written as quotient and remainder, so that z3 sees plain integer arithmetic: 256-bit division never ends.
A lemma holds when its negation has no model. Where products of unknowns are too hard, a proof is cut into steps that
are each proved, and products become unknowns of their own.
"""

import z3

# By z3's own count, so that no load on the machine turns a proof into "unknown".
EFFORT = 20_000_000


class Proof:
    """Unknowns and what is known of them."""

    def __init__(self) -> None:
        self.known: list[z3.BoolRef] = []
        self.count = 0

    def ints(self, names: str) -> list[z3.ArithRef]:
        return list(z3.Ints(names))

    def fresh(self, name: str) -> z3.ArithRef:
        self.count += 1
        return z3.Int(f"{name}_{self.count}")

    def given(self, *facts: z3.BoolRef) -> None:
        self.known += facts

    # ---- divisions, divisor > 0

    def floor(self, numerator: z3.ArithRef, divisor: z3.ArithRef) -> z3.ArithRef:
        quotient, rest = self.fresh("floor"), self.fresh("rest")
        self.given(numerator == quotient * divisor + rest, rest >= 0, rest < divisor)
        return quotient

    def ceil(self, numerator: z3.ArithRef, divisor: z3.ArithRef) -> z3.ArithRef:
        quotient, lack = self.fresh("ceil"), self.fresh("lack")
        self.given(numerator == quotient * divisor - lack, lack >= 0, lack < divisor)
        return quotient

    def truncated(self, numerator: z3.ArithRef, divisor: z3.ArithRef) -> z3.ArithRef:
        """As the machine divides signed numbers: toward zero."""
        quotient, rest = self.fresh("truncated"), self.fresh("rest")
        self.given(numerator == quotient * divisor + rest, rest < divisor, -rest < divisor)
        self.given(z3.Implies(numerator >= 0, rest >= 0), z3.Implies(numerator <= 0, rest <= 0))
        return quotient

    # ---- steps

    def holds(self, claim: z3.BoolRef) -> None:
        """The claim follows from what is known; from then on it is known too."""
        solver = self._solver()
        solver.add(z3.Not(claim))
        result = solver.check()
        assert result == z3.unsat, (
            f"{claim}: {result} {solver.model() if result == z3.sat else solver.reason_unknown()}"
        )
        self.given(claim)

    def multiply(self, factor: z3.ArithRef, low: z3.ArithRef, high: z3.ArithRef) -> None:
        """low <= high and factor >= 0 give factor * low <= factor * high: `test_multiplying_keeps_order`, applied."""
        self.holds(low <= high)
        self.holds(factor >= 0)
        self.given(factor * low <= factor * high)

    def cancel(self, factor: z3.ArithRef, low: z3.ArithRef, high: z3.ArithRef, strict: bool = False) -> None:
        """factor * low <= factor * high and factor > 0 give low <= high; < gives < if strict: `test_cancelling`."""
        self.holds(factor > 0)
        self.holds(factor * low < factor * high if strict else factor * low <= factor * high)
        self.given(low < high if strict else low <= high)

    def possible(self, *example: z3.BoolRef) -> None:
        """What is known does not contradict itself, else everything would follow; an example may help to see it."""
        solver = self._solver()
        solver.add(*example)
        assert solver.check() == z3.sat

    def _solver(self) -> z3.Solver:
        solver = z3.Solver()
        solver.set("rlimit", EFFORT)
        solver.add(*self.known)
        return solver
