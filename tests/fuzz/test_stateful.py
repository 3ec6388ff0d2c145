"""The same walk under Hypothesis, which searches and shrinks in its own way: each rule does one action on both."""

from functools import cache
from random import Random

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from nacre.fuzz.chain_driver import ChainSide
from nacre.fuzz.generator import WEIGHTS, Generator
from nacre.fuzz.settings import DECIMALS, POLICIES, make
from nacre.fuzz.walk import Walk, begin

# What liquidations need to happen comes up more often here: a walk of Hypothesis is short.
KINDS = [kind for kind in WEIGHTS if kind != "odd"]


@cache
def contracts(policy: str, decimals: int) -> tuple[ChainSide, list[int]]:
    """Deployed once; each walk starts from the same snapshot."""
    chain = ChainSide(make(1, policy, decimals))
    return chain, [chain.snapshot()]


class Machine(RuleBasedStateMachine):
    walk: Walk

    @initialize(policy=st.sampled_from(POLICIES), decimals=st.sampled_from(DECIMALS))
    def deploy(self, policy: str, decimals: int) -> None:
        chain, snapshot = contracts(policy, decimals)
        chain.restore(snapshot.pop())
        snapshot.append(chain.snapshot())
        self.walk = begin(chain.settings, chain)
        self.generator = Generator(chain.settings, self.walk.world)
        for action in self.generator.setup():
            assert self.walk.step(action) is None

    @rule(kind=st.sampled_from(KINDS), random=st.randoms(use_true_random=False))
    def act(self, kind: str, random: Random) -> None:
        self.walk.step(self.generator.draw(random, kind))

    @rule(random=st.randoms(use_true_random=False))
    def anything(self, random: Random) -> None:
        self.walk.step(self.generator.draw(random))

    @invariant()
    def everything_is_equal(self) -> None:
        if hasattr(self, "walk"):
            self.walk.compare_all()


def test_model_and_contracts_agree_under_hypothesis() -> None:
    run_state_machine_as_test(Machine, settings=hypothesis_settings(max_examples=12, stateful_step_count=30))
