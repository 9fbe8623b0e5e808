"""What an API key is: drawn, read from a request, compared. Pure but for chance; any thread.

A key is `sm_` + id (10) + `_` + 256 random bits. The id finds the row, in one dict look-up; the SHA-256 of the whole
key is compared in constant time. A slow hash (bcrypt, Argon2) makes guessing passwords dear; nobody guesses 256 random
bits, so a fast one loses nothing, and no caller can make the service spend time on hashing.
"""

from __future__ import annotations

import re
import secrets
import string
import time
from collections.abc import Iterable
from hashlib import sha256

from actors.clients.types import ClientId, Seconds
from actors.runtime import Refusal
from actors.store.keys import ApiKey
from gateway.admission.authority import Scope

PREFIX = "sm_"
FIRST_ID = "SM_API_KEY"
"""The id of the key that a setting gives; the store does not know it."""
FIRST_NOT_ADMIN = "The first key must have the scope admin, for all clients: else none could be made after it"
_ID_LENGTH = 10
_ID = slice(len(PREFIX), len(PREFIX) + _ID_LENGTH)
_ID_LETTERS = string.ascii_lowercase + string.digits
_BEARER = re.compile(rb"bearer +", re.IGNORECASE)


class KeyRefused(Refusal):
    """A change of keys after which nobody could change them again; the text says what to do instead."""


def draw(
    name: str, scopes: Iterable[Scope], clients: Iterable[ClientId] | None, at: Seconds | None = None
) -> tuple[ApiKey, str]:
    """A new key: what is stored of it, and its text, which is shown once. `clients` None is for all. Any thread."""
    id = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
    text = f"{PREFIX}{id}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id,
        name,
        digest_of(text.encode("ascii")),
        frozenset(map(str, scopes)),
        None if clients is None else frozenset(clients),
        time.time() if at is None else at,
    )
    return key, text


def digest_of(key: bytes) -> bytes:
    """What is stored of a key, and compared."""
    return sha256(key).digest()


def presented(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The key in raw ASGI headers, or None. Two that differ are none: b"" recognises nobody."""
    found = None
    for name, value in headers:
        if name == b"x-api-key":
            key = value
        elif name == b"authorization" and (bearer := _BEARER.match(value)):
            key = value[bearer.end() :]
        else:
            continue
        if found is not None and key != found:
            return b""
        found = key
    return found


def is_admin(key: ApiKey) -> bool:
    """Whether the key may change keys."""
    return Scope.ADMIN in key.scopes and key.clients is None


def id_in(key: bytes) -> bytes:
    """The id in a key's text, or whatever stands in its place."""
    return key[_ID]
