"""Signatures. tests/peers/test_protocol.py compares them with another implementation's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.protocol.curve import BadSignature, KeyPair, verify


@settings(deadline=None, max_examples=30)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_what_is_signed_is_verified_by_the_public_key_alone(private: bytes, message: bytes) -> None:
    pair = KeyPair.of(private)
    signature = pair.sign(message)
    assert len(signature) == 64
    verify(pair.public, message, signature)
    for wrong in (message + b"!", b"!" + message):
        with pytest.raises(BadSignature):
            verify(pair.public, wrong, signature)


def test_another_key_or_another_signature_is_refused() -> None:
    pair, other = KeyPair.new(), KeyPair.new()
    signature = pair.sign(b"text")
    assert signature != pair.sign(b"text"), "each has a nonce of its own"
    for public, bad in ((other.public, signature), (pair.public, signature[:-2] + b"\1\1"), (pair.public, bytes(64))):
        with pytest.raises(BadSignature):
            verify(public, b"text", bad)
