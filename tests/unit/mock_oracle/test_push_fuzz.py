"""Random pushes against the model: several in a block, silences, any time, changes of the jump limit."""

from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.chain import restored
from nacre.model.oracle import Oracle
from nacre.units import WAD

HEARTBEAT = 3600
prices = st.one_of(st.integers(1, 2**88 - 1), st.integers(98 * WAD, 102 * WAD))
pushes = st.one_of(
    st.tuples(st.just("set_price"), prices),
    st.tuples(st.just("set_price_at"), prices, st.integers(0, 2**32 - 1)),
    st.tuples(st.just("set_push_jump"), st.integers(0, 10_000)),
)
blocks = st.tuples(st.integers(1, 2 * HEARTBEAT), st.lists(pushes, max_size=4))


@settings(max_examples=60)
@given(steps=st.lists(blocks, min_size=1, max_size=8))
def test_as_the_model_has_it(chain, oracle, feeder, oracle_owner, steps):
    with restored(chain):
        made = chain.timestamp
        model = Oracle(100 * WAD, made, 100 * WAD, 0, 100, made, HEARTBEAT)
        for seconds, calls in steps:
            with chain.block(seconds=seconds):
                for name, *arguments in calls:
                    sender = oracle_owner if name == "set_push_jump" else feeder
                    oracle.transact(name, *arguments, sender=sender).check()
                    if name == "set_push_jump":
                        model.push_jump_bps = arguments[0]
                    else:
                        model.push(arguments[0], chain.timestamp, *arguments[1:])
                    compare(chain, oracle, model)
            compare(chain, oracle, model)


def compare(chain, oracle, model):
    assert oracle.call("price") == (model.price, model.updated_at, model.jumped(chain.timestamp))
    assert oracle.call("previous_price") == model.earlier
    assert oracle.call("outage_end") == model.outage_end
    assert oracle.call("push_jump_bps") == model.push_jump_bps
