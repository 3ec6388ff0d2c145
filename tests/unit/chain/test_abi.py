"""Fixed-size types take their own path; whatever it encodes, eth_abi must agree."""

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from nacre.artifacts import load
from nacre.chain.abi import Abi, AbiError, checksum, revert_reason
from nacre.units import MAX_UINT256

ADDRESS = "0x584f67E760DdF000be8B502aA5cAaD58e1EAEDF6"
ORDER = {
    "name": "",
    "type": "tuple",
    "components": [
        {"name": "size", "type": "int256"},
        {"name": "account", "type": "address"},
        {"name": "steps", "type": "uint256[3]"},
        {"name": "ok", "type": "bool"},
    ],
}


def function(name, inputs, outputs=()):
    return {"type": "function", "name": name, "inputs": list(inputs), "outputs": list(outputs)}


@given(
    st.integers(-(2**255), 2**255 - 1),
    st.integers(0, MAX_UINT256),
    st.booleans(),
    st.lists(st.integers(0, MAX_UINT256), min_size=3, max_size=3),
)
def test_fixed_size_agrees_with_eth_abi(size, count, ok, steps):
    inputs = [{"name": "order", **ORDER}, {"name": "count", "type": "uint256"}]
    entry = Abi([function("f", inputs, [ORDER])]).function("f", 2)
    expected = encode(["(int256,address,uint256[3],bool)", "uint256"], [(size, ADDRESS, steps, ok), count])

    assert entry.encode([(size, ADDRESS, steps, ok), count])[4:] == expected
    named = {"size": size, "account": ADDRESS, "steps": steps, "ok": ok}
    assert entry.encode([named, count])[4:] == expected
    assert entry.decode(expected)._asdict() == named


def test_variable_size_takes_field_names_too():
    inputs = [{"name": "orders", **ORDER, "type": "tuple[]"}]
    entry = Abi([function("f", inputs, [inputs[0]])]).function("f", 1)
    order = {"size": -1, "account": ADDRESS, "steps": [1, 2, 3], "ok": True}

    data = entry.encode([[order]])[4:]
    assert data == encode(["(int256,address,uint256[3],bool)[]"], [[(-1, ADDRESS, [1, 2, 3], True)]])
    assert [item._asdict() for item in entry.decode(data)] == [order]


def test_several_return_values_have_names_or_positions():
    outputs = [{"name": "", "type": "uint256"}, {"name": "who", "type": "address"}]
    entry = Abi([function("f", [], outputs)]).function("f", 0)
    value = entry.decode(encode(["uint256", "address"], [7, ADDRESS]))
    assert value[0] == 7
    assert value.who == ADDRESS


def test_default_arguments_are_functions_of_one_name():
    one, two = {"name": "a", "type": "uint256"}, {"name": "b", "type": "uint256"}
    abi = Abi([function("f", [one]), function("f", [one, two])])
    assert abi.function("f", 1).signature == "f(uint256)"
    assert abi.function("f", 2).signature == "f(uint256,uint256)"
    with pytest.raises(AbiError, match="f takes 1 or 2 arguments, not 3"):
        abi.function("f", 3)
    with pytest.raises(AbiError, match="g does not exist"):
        abi.function("g", 1)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("uint256", -1, "-1 is no uint256"),
        ("uint8", 256, "256 is no uint8"),
        ("int256", 2**255, "is no int256"),
        ("address", "0x12", "not an address"),
        ("uint256", "five", "uint256"),
    ],
)
def test_value_that_does_not_fit_is_refused(kind, value, reason):
    entry = Abi([function("f", [{"name": "a", "type": kind}])]).function("f", 1)
    with pytest.raises(AbiError, match=reason):
        entry.encode([value])


def test_selectors_are_those_of_the_compiler():
    artifact = load("MockToken")
    abi = Abi(artifact.abi)
    assert {entry.signature: entry.selector for entry in abi.functions.values()} == artifact.method_ids


def test_answer_that_is_too_short_is_refused():
    entry = Abi([function("f", [], [{"name": "", "type": "uint256"}])]).function("f", 0)
    with pytest.raises(AbiError, match="32 bytes expected, 0 received"):
        entry.decode(b"")


def test_reason_of_a_revert():
    assert revert_reason(bytes.fromhex("08c379a0") + encode(["string"], ["zero size"])) == "zero size"
    assert revert_reason(bytes.fromhex("4e487b71") + encode(["uint256"], [0x11])) == "panic: arithmetic"
    assert revert_reason(b"") == "reverted without a reason"
    assert revert_reason(b"\x01\x02") == "reverted with 0x0102"


def test_checksum():
    assert checksum(ADDRESS.lower()) == ADDRESS
