"""The headers of a delivery."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.webhooks.signature import headers_of, mask, request_id, sign


def by_definition(key: bytes, message: bytes) -> str:
    """HMAC as RFC 2104 writes it: H(K xor opad, H(K xor ipad, text)); the block of SHA-512 is 128 bytes."""
    block = (hashlib.sha512(key).digest() if len(key) > 128 else key).ljust(128, b"\0")
    inner = hashlib.sha512(bytes(b ^ 0x36 for b in block) + message).digest()
    return hashlib.sha512(bytes(b ^ 0x5C for b in block) + inner).hexdigest()


def test_a_published_vector() -> None:
    # RFC 4231, test case 2.
    assert sign("Jefe", b"what do ya want for nothing?") == (
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
        "caeab1a34d4a6b4b636e070a38bce737"
    )


@given(secret=st.text(min_size=1, max_size=200).filter(str.isprintable), body=st.binary(max_size=300))
def test_the_signature_is_the_hmac_of_the_raw_body(secret: str, body: bytes) -> None:
    assert sign(secret, body) == by_definition(secret.encode(), body)
    assert sign(secret, body) == hmac.new(secret.encode(), body, "sha512").hexdigest()


def test_only_the_time_differs_when_a_delivery_is_repeated() -> None:
    id = request_id("W", "E")
    first = dict(headers_of(b"{}", request_id=id, at=1000.0005, secret="12345678", custom=(("X-A", "b"),)))
    again = dict(headers_of(b"{}", request_id=id, at=2000.0, secret="12345678", custom=(("X-A", "b"),)))
    assert first.pop("X-Webhook-Timestamp") == "1000000"
    assert again.pop("X-Webhook-Timestamp") == "2000000"
    assert first == again
    assert first["X-A"] == "b"
    assert first["X-Webhook-Hmac-Algorithm"] == "sha512"


def test_the_id_of_a_delivery_is_its_own_and_stays() -> None:
    assert request_id("W", "E") == request_id("W", "E") == "f11618a0-b518-59ce-ac42-e3b62718eec3"
    assert len({request_id(webhook, event) for webhook in "VW" for event in "EFG"}) == 6


@pytest.mark.parametrize(
    ("secret", "masked"), [(None, None), ("", "…"), ("short", "…"), ("12345678", "…78"), ("x" * 100 + "yz", "…yz")]
)
def test_a_mask_shows_two_characters_at_most(secret: str | None, masked: str | None) -> None:
    assert mask(secret) == masked
