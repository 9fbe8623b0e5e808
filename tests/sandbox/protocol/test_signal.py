"""Two devices write to each other, in whatever order messages arrive."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.protocol.curve import BadSignature
from sandbox.protocol.signal import FURTHEST, Correspondence, PreKeyBundle, Undecryptable

Sealed = tuple[str, bytes]


def write(sender: Correspondence, reader: Correspondence, text: bytes) -> Sealed:
    return sender.encrypt("other", text, reader.bundle)


def read(reader: Correspondence, sealed: Sealed) -> bytes:
    return reader.decrypt("other", *sealed)


def test_the_first_messages_introduce_the_sender_until_one_is_answered() -> None:
    alice, bob = Correspondence(), Correspondence()
    kinds = []
    for turn in range(3):
        sealed = write(alice, bob, b"%d" % turn)
        kinds.append(sealed[0])
        assert read(bob, sealed) == b"%d" % turn
    answer = write(bob, alice, b"yes")
    assert read(alice, answer) == b"yes"
    kinds += [answer[0], write(alice, bob, b"good")[0]]
    assert kinds == ["pkmsg", "pkmsg", "pkmsg", "msg", "msg"]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 99), st.binary(max_size=40)), max_size=25))
def test_messages_are_read_in_any_order(steps: list[tuple[bool, int, bytes]]) -> None:
    """Each step writes a message of one side, and hands over one of those that are on their way, whichever."""
    alice, bob = Correspondence(), Correspondence()
    assert read(bob, write(alice, bob, b"first")) == b"first"
    on_their_way: list[tuple[Correspondence, Sealed, bytes]] = []
    for from_alice, pick, text in steps:
        sender, reader = (alice, bob) if from_alice else (bob, alice)
        on_their_way.append((reader, write(sender, reader, text), text))
        if pick % 3:
            reader, sealed, expected = on_their_way.pop(pick % len(on_their_way))
            assert read(reader, sealed) == expected
    for reader, sealed, expected in reversed(on_their_way):
        assert read(reader, sealed) == expected


def test_both_may_write_first() -> None:
    alice, bob = Correspondence(), Correspondence()
    one, other = write(alice, bob, b"from alice"), write(bob, alice, b"from bob")
    assert read(bob, one) == b"from alice"
    assert read(alice, other) == b"from bob"
    for _ in range(2):
        assert read(bob, write(alice, bob, b"more")) == b"more"
        assert read(alice, write(bob, alice, b"more")) == b"more"


def test_a_message_is_read_once() -> None:
    alice, bob = Correspondence(), Correspondence()
    sealed = write(alice, bob, b"text")
    read(bob, sealed)
    with pytest.raises(Undecryptable, match="read before"):
        read(bob, sealed)


@pytest.mark.parametrize("first", [True, False])
def test_what_was_changed_on_its_way_is_not_read(first: bool) -> None:
    alice, bob = Correspondence(), Correspondence()
    sealed = write(alice, bob, b"text")
    if not first:
        read(bob, sealed)
        read(alice, write(bob, alice, b"yes"))
        sealed = write(alice, bob, b"text")
    kind, body = sealed
    with pytest.raises(Undecryptable):
        read(bob, (kind, body[:-10] + bytes([body[-10] ^ 1]) + body[-9:]))
    for nonsense in (b"", b"\x33", b"\x33\xff\xff", bytes(60)):
        with pytest.raises(Undecryptable):
            read(bob, (kind, nonsense))


def test_a_stranger_is_not_read() -> None:
    alice, bob, carol = Correspondence(), Correspondence(), Correspondence()
    read(bob, write(alice, bob, b"text"))
    read(alice, write(bob, alice, b"yes"))
    with pytest.raises(Undecryptable, match="no conversation"):
        carol.decrypt("other", *write(alice, bob, b"text"))


def test_a_message_that_is_too_far_ahead_is_not_read() -> None:
    alice, bob = Correspondence(), Correspondence()
    for _ in range(FURTHEST + 2):
        sealed = write(alice, bob, b"")
    with pytest.raises(Undecryptable, match="ahead"):
        read(bob, sealed)


def test_without_a_prekey_for_once_the_signed_one_does_and_it_must_be_signed() -> None:
    alice, bob = Correspondence(), Correspondence()
    given_keys = bob.bundle()
    without = PreKeyBundle(777, given_keys.identity, 1, given_keys.signed_key, given_keys.signature)
    assert read(bob, alice.encrypt("other", b"text", lambda: without)) == b"text"
    forged = PreKeyBundle(777, given_keys.identity, 1, alice.signed_key.public, given_keys.signature)
    with pytest.raises(BadSignature):
        Correspondence().encrypt("other", b"text", lambda: forged)
