"""One account, one storage, several contracts: what holds them together.

A part that laid its storage out otherwise, or a function that could be reached without the lock or past the check
that the clearinghouse itself makes, would break every invariant at once.
"""

from itertools import combinations

import pytest
from support.houses import deploy_house
from support.sources import FALLBACK, functions_of, immutables_of, is_view, left_empty, module_of, written_by

from nacre.artifacts import PARTS, compile_contract, load
from nacre.chain import EmbeddedChain
from nacre.units import WAD

WHOLE = "Clearinghouse"
ALL_PARTS = PARTS[WHOLE]
# Where a call ends up that the clearinghouse has no function for: its fallback asks the part for deleveraging or the
# one for markets, whose fallback asks the one for cross accounts.
BEHIND_THE_FALLBACK = ("ClearinghouseDeleveraging", "ClearinghouseMarkets", "ClearinghouseCross")
# Called by the clearinghouse in the middle of a call of its own, and open to everybody: it only logs.
ANNOUNCES = "announce(uint256,address)"


def own(name):
    """As compiled by itself, without the interface of its parts."""
    return compile_contract(f"contracts/{name}.vy")


def reached_by_fallback():
    """signature -> (part, function) of everything that a stranger's call can get to in a part."""
    found = {}
    for part in BEHIND_THE_FALLBACK:
        for signature, function in functions_of(part).items():
            if function.name != FALLBACK and signature not in functions_of(WHOLE):
                found.setdefault(signature, (part, function))
    return found


# ---- storage


def test_the_parts_are_those_of_the_deployment():
    assert set(BEHIND_THE_FALLBACK) < set(ALL_PARTS)
    assert len(ALL_PARTS) == 4


@pytest.mark.parametrize("part", ALL_PARTS)
def test_all_lay_their_storage_out_alike(part):
    """Slot by slot; a part that declares no storage reads and writes none."""
    whole, layout = own(WHOLE).layout, own(part).layout
    assert layout.get("storage_layout", whole["storage_layout"]) == whole["storage_layout"]
    assert set(whole["storage_layout"]) == {"accounts", "markets", "positions", "payouts"}


@pytest.mark.parametrize("part", ALL_PARTS)
def test_all_share_one_lock(part):
    """What else a part keeps for the time of a transaction lies behind it, and is nobody else's."""
    lock = own(WHOLE).layout["transient_storage_layout"]
    assert [(entry["type"], entry["slot"]) for entry in lock.values()] == [("nonreentrant lock", 0)]
    transient = own(part).layout.get("transient_storage_layout", lock)
    assert {name: transient[name] for name in lock} == lock
    assert transient.keys() - lock.keys() <= {"deleveraging"}


# ---- interface


def shape(entry):
    """What a caller depends on: names of arguments do not count."""

    def kind(item):
        return item["type"], tuple(kind(part) for part in item.get("components", ())), item.get("indexed")

    inputs = tuple(kind(item) for item in entry["inputs"])
    outputs = tuple(kind(item) for item in entry.get("outputs", ()))
    return entry["type"], entry["name"], inputs, outputs, entry.get("stateMutability")


def shapes(abi):
    return {shape(entry) for entry in abi if entry["type"] in ("function", "event")}


def test_together_they_meet_their_interface():
    """The clearinghouse alone does not say `implements`. Default arguments make several functions, here and there."""
    asked = module_of("interfaces/IClearinghouse.vyi").interface.to_toplevel_abi_dict()
    assert len(asked) > 60
    assert shapes(asked) - shapes(load(WHOLE).abi) == set()


def test_no_part_has_a_function_that_the_interface_does_not_name():
    """But for the ones the clearinghouse calls itself, and those that say where its code is."""
    asked = {entry["name"] for entry in module_of("interfaces/IClearinghouse.vyi").interface.to_toplevel_abi_dict()}
    has = {entry["name"] for entry in load(WHOLE).abi if entry["type"] == "function"}
    assert has - asked == {"check_free", "code_parts", "collateral"}


# ---- dispatch


def test_no_function_hides_another():
    """Two parts may have the same function only where the clearinghouse has it too and decides which one runs."""
    for one, other in combinations(BEHIND_THE_FALLBACK, 2):
        common = functions_of(one).keys() & functions_of(other).keys() - functions_of(WHOLE).keys()
        assert {signature for signature in common if not signature.startswith(FALLBACK)} == set(), (one, other)


def test_selectors_do_not_collide():
    """Within the dispatch of a whole, different signatures have different selectors."""
    ids = load(WHOLE).method_ids
    assert len(set(ids.values())) == len(ids)


def test_what_the_clearinghouse_does_itself_is_never_delegated_by_the_fallback():
    """A part's variants of these come with no check of the caller: they must be out of a stranger's reach."""
    shared = {
        (part, function.name)
        for part in ALL_PARTS
        for signature, function in functions_of(part).items()
        if signature in functions_of(WHOLE) and function.name != FALLBACK
    }
    assert shared == {
        ("ClearinghouseCross", "trade"),
        ("ClearinghouseCrossLiquidation", "take_over"),
        ("ClearinghouseCrossLiquidation", "force_close"),
    }
    # with each number of arguments there is
    names = {name for _, name in shared}
    for part in ALL_PARTS:
        variants = {signature for signature, function in functions_of(part).items() if function.name in names}
        assert variants <= functions_of(WHOLE).keys(), part
    reached = {function.name for _, function in reached_by_fallback().values()}
    assert reached.isdisjoint(function.name for function in functions_of(WHOLE).values())


@pytest.mark.parametrize("part", ALL_PARTS)
def test_without_a_lock_of_their_own_are_only_views_and_what_runs_under_the_lock(part):
    for signature, function in functions_of(part).items():
        if function.nonreentrant or function.name == FALLBACK or is_view(function):
            continue
        if signature == ANNOUNCES:
            assert written_by(function) == set()
        else:
            assert signature in functions_of(WHOLE), f"{signature} can be reached without the lock"
            assert functions_of(WHOLE)[signature].nonreentrant, signature


def test_the_clearinghouse_locks_all_it_does():
    for signature, function in functions_of(WHOLE).items():
        assert function.nonreentrant or is_view(function) or function.name == FALLBACK, signature


@pytest.mark.parametrize("part", ALL_PARTS)
def test_no_part_asks_a_part_that_it_was_not_given(part):
    """A delegatecall to no contract succeeds and does nothing: a check would pass that nobody made."""
    for signature, function in functions_of(part).items():
        assert immutables_of(function) & left_empty(part) == set(), signature


def test_some_parts_are_given_less():
    assert left_empty("ClearinghouseCross") == {"CROSS", "CROSS_LIQUIDATION"}
    assert "CROSS" in immutables_of(
        functions_of("ClearinghouseMarkets")["venue_provide(uint256,address,uint256,uint256)"]
    )


# ---- on chain


def places(exchange):
    return dict(zip(ALL_PARTS, exchange.house.call("code_parts"), strict=True))


def test_it_names_its_parts(exchange):
    for part, address in places(exchange).items():
        assert exchange.chain.code(address).startswith(own(part).runtime)


@pytest.mark.parametrize("part", ALL_PARTS)
def test_a_part_by_itself_has_no_market(exchange, trader, part):
    """And no collateral: whatever anybody calls on it directly is refused, or concerns nothing."""
    alone = exchange.chain.contract(own(part), places(exchange)[part])
    before = exchange.books()
    for entry in own(part).abi:
        if entry["type"] == "function" and entry["stateMutability"] != "view":
            receipt = alone.transact(entry["name"], *arguments_for(entry, trader), sender=trader)
            assert receipt.reason or entry["name"] == "set_operator", entry["name"]
    assert exchange.books() == before


def arguments_for(entry, who):
    """Something that decodes."""

    def value(item):
        if item["type"] == "tuple":
            return tuple(value(part) for part in item["components"])
        if item["type"].endswith("[]"):
            return []
        return {"address": who, "bool": True}.get(item["type"], 0)

    return [value(item) for item in entry["inputs"]]


# ---- the lock


@pytest.fixture
def bad_house():
    """A clearinghouse whose token calls back, and somebody with 1,000 in it."""
    chain = EmbeddedChain(exact_gas=False)
    who = chain.account("victim")
    token = chain.deploy(load("MockBadToken"), 18, sender=who)
    house = deploy_house(chain, token.address, chain.account("engine"), chain.account("config"), who)
    token.transact("mint", who, 2_000 * WAD, sender=who).check()
    token.transact("approve", house.address, 2_000 * WAD, sender=who).check()
    house.transact("deposit", 1_000 * WAD, sender=who).check()
    return house, token, who


def test_nothing_that_locks_runs_within_a_call_in_whichever_part_it_is(bad_house):
    house, token, who = bad_house
    open_ones = {
        function.name
        for name in (WHOLE, *ALL_PARTS)
        for signature, function in functions_of(name).items()
        if not function.nonreentrant and (name == WHOLE or signature not in functions_of(WHOLE))
    }
    assert open_ones == {FALLBACK, "code_parts", "market_words", "check_free", "announce"}
    tried = 0
    for entry in load(WHOLE).abi:
        if entry["type"] != "function" or entry["name"] in open_ones:
            continue
        data = house.encode(entry["name"], *arguments_for(entry, who))
        token.transact("set_reentry", house.address, data, sender=who).check()
        before = token.call("reentries")
        house.transact("withdraw", WAD, sender=who).check()
        assert token.call("reentries") == before + 1, entry["name"]
        assert token.call("refusal") == b"", entry["name"]  # the lock's; every other refusal has a reason
        tried += 1
    assert token.call("successes") == 0
    assert tried > 40
