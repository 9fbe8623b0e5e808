"""The small Protocol Buffers: bytes as in its documentation, and what is written is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.protocol.protobuf import MalformedMessage, Many, Scalar, Schema

INNER = Schema(a=(1, Scalar.NUMBER))
OUTER = Schema(
    text=(2, Scalar.TEXT),
    inner=(3, INNER),
    numbers=(4, Many(Scalar.NUMBER)),
    blobs=(5, Many(Scalar.BYTES)),
    inners=(6, Many(INNER)),
)
NUMBERS = st.integers(0, 2**64 - 1)
INNERS = st.fixed_dictionaries({}, optional={"a": NUMBERS})


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ({"text": "testing"}, "120774657374696e67"),
        ({"inner": {"a": 150}}, "1a03089601"),
        ({"numbers": [3, 270, 86942]}, "2206038e029ea705"),
    ],
)
def test_it_writes_what_the_documentation_shows(message: dict[str, object], written: str) -> None:
    """https://protobuf.dev/programming-guides/encoding/"""
    assert OUTER.encode(message).hex() == written
    assert OUTER.decode(bytes.fromhex(written)) == message


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "text": st.text(),
            "inner": INNERS,
            "numbers": st.lists(NUMBERS),
            "blobs": st.lists(st.binary(), min_size=1),
            "inners": st.lists(INNERS, min_size=1),
        },
    )
)
def test_what_is_written_is_read(message: dict[str, object]) -> None:
    assert OUTER.decode(OUTER.encode(message)) == message


def test_numbers_that_are_not_packed_and_fields_that_are_not_known() -> None:
    assert OUTER.decode(bytes.fromhex("20032005")) == {"numbers": [3, 5]}
    later = Schema(a=(1, Scalar.NUMBER), b=(9, Scalar.BYTES), c=(10, INNER))
    assert INNER.decode(later.encode({"a": 1, "b": b"new", "c": {"a": 2}})) == {"a": 1}


@pytest.mark.parametrize("broken", ["12", "1205aa", "0b", "08", "08" + "ff" * 11, "1001", "1201ff"])
def test_what_is_broken_is_said_to_be(broken: str) -> None:
    with pytest.raises(MalformedMessage):
        OUTER.decode(bytes.fromhex(broken))


@given(st.binary())
def test_any_bytes_are_a_message_or_are_refused(data: bytes) -> None:
    try:
        OUTER.decode(data)
    except MalformedMessage:
        return
