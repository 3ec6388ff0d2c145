"""Encodes and decodes calls and events by a contract's ABI, fast.

Types of fixed size (numbers, addresses, flags, structs of them) take a path of their own that is several times as fast
as eth_abi, which does the rest. Structs and several return values come back as named tuples. Addresses are checksummed.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from eth_abi import decode as eth_decode
from eth_abi import encode as eth_encode
from eth_utils import keccak, to_checksum_address

from nacre.artifacts import Artifact

WORD = 32
Value = Any


class AbiError(ValueError):
    """A call that the ABI does not know, or a value that does not fit its type."""


@lru_cache(maxsize=65_536)
def checksum(address: str) -> str:
    """The address with the capitals of EIP-55."""
    return to_checksum_address(address)


@lru_cache(maxsize=65_536)
def _address_of_word(word: bytes) -> str:
    return to_checksum_address(word[12:])


@lru_cache(maxsize=65_536)
def _address_to_int(address: str) -> int:
    if len(address) != 42 or not address.startswith("0x"):
        raise AbiError(f"not an address: {address!r}")
    return int(address, 16)


def type_string(entry: dict[str, Any]) -> str:
    """The canonical type: "uint256", "(int256,bool)[]"."""
    kind = entry["type"]
    if kind.startswith("tuple"):
        return "(" + ",".join(type_string(part) for part in entry["components"]) + ")" + kind[len("tuple") :]
    return kind


class Codec:
    """Encoder and decoder of a list of parameters."""

    def __init__(self, entries: Sequence[dict[str, Any]], name: str):
        self._entries = list(entries)
        self.types = [type_string(entry) for entry in entries]
        self.count = len(entries)
        self.shapes = [_shape(entry, name) for entry in entries]
        self.static = all(shape is not None for shape in self.shapes)
        self.words = sum(shape.words for shape in self.shapes if shape is not None)
        self._plain = self.static and all(isinstance(shape, _Word) for shape in self.shapes)
        self._names = [_name_of(entry, name) for entry in entries]

    def encode(self, values: Sequence[Value]) -> bytes:
        if len(values) != self.count:
            raise AbiError(f"{self.count} values expected, {len(values)} given")
        if not self.static:
            return eth_encode(
                self.types, [_without_names(entry, value) for entry, value in zip(self._entries, values, strict=True)]
            )
        if self._plain:
            return b"".join([shape.encode(value) for shape, value in zip(self.shapes, values, strict=True)])  # type: ignore[union-attr]
        out: list[bytes] = []
        for shape, value in zip(self.shapes, values, strict=True):
            shape.write(value, out)  # type: ignore[union-attr]
        return b"".join(out)

    def decode(self, data: bytes) -> list[Value]:
        if not self.static:
            decoded = eth_decode(self.types, data)
            return [make(value) for make, value in zip(self._names, decoded, strict=True)]
        if len(data) < self.words * WORD:
            raise AbiError(f"{self.words * WORD} bytes expected, {len(data)} received")
        values, position = [], 0
        for shape in self.shapes:
            value, position = shape.read(data, position)  # type: ignore[union-attr]
            values.append(value)
        return values


class _Word:
    """One value in one word."""

    words: int = 1

    def __init__(self, encode: Callable[[Value], bytes], decode: Callable[[bytes], Value]):
        self.encode = encode
        self.decode = decode

    def write(self, value: Value, out: list[bytes]) -> None:
        out.append(self.encode(value))

    def read(self, data: bytes, position: int) -> tuple[Value, int]:
        end = position + WORD
        return self.decode(data[position:end]), end


class _Struct:
    """A struct of fixed size; comes back as a named tuple."""

    def __init__(self, parts: "list[_Word | _Struct]", make: Any):
        self.parts = parts
        self.make = make
        self.words: int = sum(part.words for part in parts)

    def write(self, value: Value, out: list[bytes]) -> None:
        values = [value[name] for name in self.make._fields] if isinstance(value, dict) else value
        if len(values) != len(self.parts):
            raise AbiError(f"{len(self.parts)} fields expected, {len(values)} given")
        for part, item in zip(self.parts, values, strict=True):
            part.write(item, out)

    def read(self, data: bytes, position: int) -> tuple[Value, int]:
        values = []
        for part in self.parts:
            value, position = part.read(data, position)
            values.append(value)
        return self.make(*values), position


def _shape(entry: dict[str, Any], name: str) -> "_Word | _Struct | None":
    """None for what has no fixed size."""
    kind = entry["type"]
    if kind == "tuple":
        parts = [_shape(part, part["name"]) for part in entry["components"]]
        if any(part is None for part in parts):
            return None
        return _Struct(parts, _record(entry, name))  # type: ignore[arg-type]
    if kind.endswith("]"):
        return _fixed_array(entry, name)
    if kind.startswith("uint"):
        return _uint(int(kind[4:] or 256))
    if kind.startswith("int"):
        return _int(int(kind[3:] or 256))
    if kind == "address":
        return _Word(lambda value: _address_to_int(str(value)).to_bytes(WORD, "big"), _address_of_word)
    if kind == "bool":
        return _Word(lambda value: (1 if value else 0).to_bytes(WORD, "big"), lambda word: word[31] == 1)
    if kind.startswith("bytes") and kind != "bytes":
        size = int(kind[5:])
        return _Word(lambda value: bytes(value).ljust(WORD, b"\0"), lambda word: word[:size])
    return None


def _fixed_array(entry: dict[str, Any], name: str) -> "_Struct | None":
    kind, _, size = entry["type"][:-1].rpartition("[")
    part = _shape(entry | {"type": kind}, name) if size else None
    return _Struct([part] * int(size), _list) if part else None


def _list(*values: Value) -> list[Value]:
    return list(values)


def _uint(bits: int) -> _Word:
    limit = 1 << bits

    def encode(value: int) -> bytes:
        if not 0 <= value < limit:
            raise AbiError(f"{value} is no uint{bits}")
        return value.to_bytes(WORD, "big")

    return _Word(encode, lambda word: int.from_bytes(word, "big"))


def _int(bits: int) -> _Word:
    limit = 1 << (bits - 1)

    def encode(value: int) -> bytes:
        if not -limit <= value < limit:
            raise AbiError(f"{value} is no int{bits}")
        return value.to_bytes(WORD, "big", signed=True)

    return _Word(encode, lambda word: int.from_bytes(word, "big", signed=True))


def _record(entry: dict[str, Any], name: str) -> Any:
    names = tuple(part["name"] or f"field_{i}" for i, part in enumerate(entry["components"]))
    title = name.lstrip("_") or "Struct"
    made: Any = namedtuple(title, names, rename=True)  # type: ignore[misc]
    return made


def _without_names(entry: dict[str, Any], value: Value) -> Value:
    """Structs given by field name, in the order of the ABI."""
    kind = entry["type"]
    if kind.endswith("]"):
        inner = entry | {"type": kind[: kind.rindex("[")]}
        return [_without_names(inner, item) for item in value]
    if kind != "tuple":
        return value
    parts = entry["components"]
    values = [value[part["name"]] for part in parts] if isinstance(value, dict) else value
    return [_without_names(part, item) for part, item in zip(parts, values, strict=True)]


def _name_of(entry: dict[str, Any], name: str) -> Callable[[Value], Value]:
    """What makes named tuples and checksummed addresses of what eth_abi returns."""
    kind = entry["type"]
    if kind.endswith("]"):
        inner = _name_of(entry | {"type": kind[: kind.rindex("[")]}, name)
        return lambda values: [inner(value) for value in values]
    if kind == "tuple":
        record = _record(entry, name)
        parts = [_name_of(part, part["name"]) for part in entry["components"]]
        return lambda values: record(*[part(value) for part, value in zip(parts, values, strict=True)])
    if kind == "address":
        return checksum
    return lambda value: value


class Function:
    """One entry of the ABI; a Vyper function with default arguments has several."""

    def __init__(self, entry: dict[str, Any]):
        self.name: str = entry.get("name", "__init__")
        self.inputs = Codec(entry.get("inputs", []), "")
        self.outputs = Codec(entry.get("outputs", []), self.name)
        self.signature = f"{self.name}({','.join(self.inputs.types)})"
        self.selector = keccak(text=self.signature)[:4]
        outputs = entry.get("outputs", [])
        self._returns = _record({"components": outputs}, self.name) if len(outputs) > 1 else None

    def encode(self, arguments: Sequence[Value]) -> bytes:
        try:
            return self.selector + self.inputs.encode(arguments)
        except (AttributeError, TypeError, ValueError) as error:
            raise AbiError(f"{self.signature}: {error}") from error

    def decode(self, data: bytes) -> Value:
        """None, the value, or a named tuple of several."""
        if not self.outputs.count:
            return None
        values = self.outputs.decode(data)
        return self._returns(*values) if self._returns else values[0]


class Event:
    """One event of the ABI."""

    def __init__(self, entry: dict[str, Any]):
        self.name: str = entry["name"]
        inputs = entry["inputs"]
        self.topic = keccak(text=f"{self.name}({','.join(type_string(item) for item in inputs)})")
        self._indexed = [item for item in inputs if item["indexed"]]
        self._topics = [Codec([item], "") for item in self._indexed]
        self._plain = [item for item in inputs if not item["indexed"]]
        self._data = Codec(self._plain, "")
        self._record: Any = _record({"components": inputs}, self.name)
        self._order = [item["name"] for item in inputs]

    def decode(self, topics: Sequence[bytes], data: bytes) -> Value:
        """The arguments as a named tuple; indexed ones of no fixed size as the hash that the log holds."""
        values = {}
        for item, codec, topic in zip(self._indexed, self._topics, topics[1:], strict=True):
            values[item["name"]] = codec.decode(topic)[0] if codec.static else topic
        values |= {item["name"]: value for item, value in zip(self._plain, self._data.decode(data), strict=True)}
        return self._record(*[values[name] for name in self._order])


class Abi:
    """All functions and events of a contract."""

    def __init__(self, entries: Sequence[dict[str, Any]]):
        self.entries = list(entries)
        self.functions: dict[tuple[str, int], Function] = {}
        self.events: dict[bytes, Event] = {}
        self.constructor = Codec([], "")
        for entry in entries:
            if entry["type"] == "function":
                function = Function(entry)
                self.functions[function.name, function.inputs.count] = function
            elif entry["type"] == "event":
                event = Event(entry)
                self.events[event.topic] = event
            elif entry["type"] == "constructor":
                self.constructor = Codec(entry["inputs"], "")

    def function(self, name: str, arguments: int) -> Function:
        """The function with that name and number of arguments."""
        found = self.functions.get((name, arguments))
        if found is None:
            counts = sorted(count for known, count in self.functions if known == name)
            detail = f"takes {' or '.join(map(str, counts))} arguments, not {arguments}" if counts else "does not exist"
            raise AbiError(f"{name} {detail}")
        return found

    def has(self, name: str) -> bool:
        return any(known == name for known, _ in self.functions)


_ABIS: dict[tuple[str, bytes], Abi] = {}


def abi_of(artifact: Artifact) -> Abi:
    """One object for all artifacts of the same contract: codecs are built once."""
    key = (artifact.name, artifact.bytecode)
    if key not in _ABIS:
        _ABIS[key] = Abi(artifact.abi)
    return _ABIS[key]


def revert_reason(output: bytes) -> str:
    """What a reverted call says: the reason of an assert, or the code of a panic."""
    if output[:4] == b"\x08\xc3\x79\xa0":
        return eth_decode(["string"], output[4:])[0]
    if output[:4] == b"\x4e\x48\x7b\x71":
        code = int.from_bytes(output[4:36], "big")
        return {0x11: "panic: arithmetic", 0x12: "panic: division by zero", 0x32: "panic: index"}.get(
            code, f"panic: {code:#x}"
        )
    return f"reverted with 0x{output.hex()}" if output else "reverted without a reason"
