"""Protocol Buffers as far as the protocol needs them: a schema is a table, a message is a dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
WIDTHS = {FIXED64: 8, FIXED32: 4}


class MalformedMessage(Exception):
    """Bytes that are no message."""


class Scalar(Enum):
    NUMBER = "number"
    BYTES = "bytes"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Many:
    """A repeated field. Numbers are written packed."""

    of: Scalar | Schema


Kind: TypeAlias = "Scalar | Many | Schema"


class Schema:
    """The fields of one message: name -> number and kind. What is not named is skipped when it is read."""

    def __init__(self, **fields: tuple[int, Kind]) -> None:
        self.fields = fields

    def encode(self, message: Mapping[str, Any]) -> bytes:
        """Return the bytes of `message`. Raises KeyError for a field that the schema has not."""
        return b"".join(
            _field(*self.fields[name], value)
            for name, value in sorted(message.items(), key=lambda item: self.fields[item[0]][0])
        )

    def decode(self, data: bytes) -> dict[str, Any]:
        """Return the fields that are there. Raises MalformedMessage."""
        numbered = {number: (name, kind) for name, (number, kind) in self.fields.items()}
        message: dict[str, Any] = {}
        at = 0
        while at < len(data):
            tag, at = _read_varint(data, at)
            wire = tag & 7
            if wire == VARINT:
                value, at = _read_varint(data, at)
                raw: int | bytes = value
            else:
                if wire == DELIMITED:
                    length, at = _read_varint(data, at)
                elif wire in WIDTHS:
                    length = WIDTHS[wire]
                else:
                    raise MalformedMessage(f"wire type {wire} is not known")
                if at + length > len(data):
                    raise MalformedMessage("a field is longer than its message")
                raw, at = data[at : at + length], at + length
            if tag >> 3 in numbered:
                name, kind = numbered[tag >> 3]
                if isinstance(kind, Many):
                    message.setdefault(name, []).extend(_repeated(kind.of, raw))
                else:
                    message[name] = _value(kind, raw)
        return message


def _repeated(kind: Scalar | Schema, raw: int | bytes) -> list[Any]:
    if kind is not Scalar.NUMBER or isinstance(raw, int):
        return [_value(kind, raw)]
    values, at = [], 0
    while at < len(raw):
        value, at = _read_varint(raw, at)
        values.append(value)
    return values


def _value(kind: Kind, raw: int | bytes) -> Any:
    if kind is Scalar.NUMBER:
        return raw if isinstance(raw, int) else int.from_bytes(raw, "little")
    if isinstance(raw, int):
        raise MalformedMessage("a number where bytes were expected")
    if isinstance(kind, Schema):
        return kind.decode(raw)
    try:
        return raw.decode() if kind is Scalar.TEXT else raw
    except UnicodeDecodeError:
        raise MalformedMessage("a text is not in UTF-8") from None


def _field(number: int, kind: Kind, value: Any) -> bytes:
    if isinstance(kind, Many):
        if kind.of is Scalar.NUMBER:
            return _delimited(number, b"".join(_varint(one) for one in value))
        return b"".join(_field(number, kind.of, one) for one in value)
    if kind is Scalar.NUMBER:
        return _varint(number << 3 | VARINT) + _varint(int(value))
    if isinstance(kind, Schema):
        return _delimited(number, kind.encode(value))
    return _delimited(number, value.encode() if kind is Scalar.TEXT else value)


def _delimited(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | DELIMITED) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    written = bytearray()
    value &= (1 << 64) - 1
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise MalformedMessage("a number is cut off")
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
    raise MalformedMessage("a number is too long")
