"""The headers of a delivery, and the signature by which a receiver verifies its origin.

Pure. The signature covers the bytes that are sent. If a delivery is sent again, only the time differs: body, signature
and request id stay, so a receiver recognises a repetition by its id.

A receiver checks `hmac.new(secret, raw_body, "sha512").hexdigest()` against `X-Webhook-Hmac`.
"""

from __future__ import annotations

import hmac
from uuid import UUID, uuid5

__all__ = ["ALGORITHM", "OUR_HEADERS", "headers_of", "mask", "request_id", "sign"]

ALGORITHM = "sha512"
_NAMESPACE = UUID("6d2ad4f3-37a0-5c9a-9c56-9b7d2b9d8a51")

HMAC, HMAC_ALGORITHM = "X-Webhook-Hmac", "X-Webhook-Hmac-Algorithm"
REQUEST_ID, TIMESTAMP = "X-Webhook-Request-Id", "X-Webhook-Timestamp"
_FIXED = {"Content-Type": "application/json", "User-Agent": "session-manager", "Accept": "*/*"}

OUR_HEADERS = frozenset(name.lower() for name in (HMAC, HMAC_ALGORITHM, REQUEST_ID, TIMESTAMP, *_FIXED))
"""The names (lower case) that no custom header may take."""


def sign(secret: str, body: bytes) -> str:
    """Return the HMAC-SHA-512 of the raw body under the secret (its UTF-8 bytes), in hexadecimal digits."""
    return hmac.new(secret.encode(), body, ALGORITHM).hexdigest()


def request_id(webhook_id: str, event_id: str) -> str:
    """Return the id of one delivery.

    It is derived from event and webhook, so it survives retries, restarts, replays.
    """
    return str(uuid5(_NAMESPACE, f"{webhook_id}/{event_id}"))


def headers_of(
    body: bytes, *, request_id: str, at: float, secret: str | None = None, custom: tuple[tuple[str, str], ...] = ()
) -> list[tuple[str, str]]:
    """Return all headers of one attempt made at `at` (epoch seconds). Without a secret it is not signed."""
    headers = [*_FIXED.items(), *custom, (REQUEST_ID, request_id), (TIMESTAMP, str(int(at * 1000)))]
    if secret is not None:
        headers += [(HMAC, sign(secret, body)), (HMAC_ALGORITHM, ALGORITHM)]
    return headers


def mask(secret: str | None) -> str | None:
    """Return a secret's last two characters for display, and nothing if it is too short for that."""
    if secret is None:
        return None
    return "…" + secret[-2:] if len(secret) >= 8 else "…"
