"""The API keys: their form, the valid keys in memory, and changes without a running service.

A key is `sm_` + id (10) + `_` + 256 random bits. The id finds the row, in one dict look-up; the SHA-256 of the whole
key is compared in constant time. A slow hash (bcrypt, Argon2) makes guessing passwords expensive; nobody guesses 256
random bits, so a fast hash loses nothing, and no caller can make the service spend time on hashing.

The valid keys are in memory (`Keyring`, on the gateway's event loop): a call reads nothing from disk. Changes by this
process count at once; changes by another process (the command line, directly in the database) within REFRESH seconds.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import string
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from pykka import ActorDeadError, Timeout

from actors.backups import opened_store
from actors.clients.types import ClientId, Seconds
from actors.runtime import Refusal, Reply
from actors.store.rows.keys import AddKey, ApiKey, GetKeys, KeyLeft, NoSuchKey, RecordUse, RevokeKey
from gateway.security.auth import ANYONE, Caller, Scope

if TYPE_CHECKING:
    from actors.clients.types import ClientId
    from actors.settings import Settings
    from actors.store.store import Store


PREFIX = "sm_"
FIRST_ID = "SM_API_KEY"
"""The id of the key in the settings; the store does not have it."""
FIRST_NOT_ADMIN = "The first key must have the scope admin, for all clients: else none could be made after it"
_ID_LENGTH = 10
_ID = slice(len(PREFIX), len(PREFIX) + _ID_LENGTH)
_ID_LETTERS = string.ascii_lowercase + string.digits
_BEARER = re.compile(rb"bearer +", re.IGNORECASE)


class KeyRefused(Refusal):
    """A change of keys after which nobody could change keys any more; the text says what to do instead."""


def draw(
    name: str, scopes: Iterable[Scope], clients: Iterable[ClientId] | None, at: Seconds | None = None
) -> tuple[ApiKey, str]:
    """Return a new key to store, and its text, which is shown once. `clients` None means all. Any thread."""
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
    """Return the digest of a key, which is stored and compared."""
    return sha256(key).digest()


def presented(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the key in raw ASGI headers, or None. Two different keys are no key: b"" matches none."""
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
    """Return True if the key may change keys."""
    return Scope.ADMIN in key.scopes and key.clients is None


def id_in(key: bytes) -> bytes:
    """Return the id in a key's text, or the bytes at its place."""
    return key[_ID]


REFRESH: Seconds = 15.0
"""The interval at which keys are read again, and their last uses written."""
_STORE_SECONDS: Seconds = 10.0

_log = structlog.get_logger("keys")


class KeyStore(Protocol):
    """The part of `actors.store.store.Store` that keys need."""

    def ask(self, message: Any) -> Reply[Any]:
        """Ask without waiting."""


@dataclass(frozen=True, slots=True)
class Held:
    """A valid key's digest, and its caller."""

    digest: bytes
    caller: Caller


class Keyring:
    """The valid keys. `store` returns the store, once it exists; `first` is the key in the settings.

    A service without any key lets everyone in, until it has its first key. After that it never does again in this
    process, so revoking the last key shuts everyone out. `connections.refuse_exposure` decides whether a service may
    run without a key.

    `shut_out` is called whenever an earlier caller has lost its access.
    """

    def __init__(
        self,
        store: Callable[[], KeyStore],
        *,
        first: str | None = None,
        clock: Callable[[], Seconds] = time.time,
        shut_out: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._clock, self._shut_out = store, clock, shut_out
        self._keys: dict[str, ApiKey] = {}
        self._held: dict[bytes, Held] = {}
        digest = secrets.token_bytes(32) if first is None else digest_of(first.encode("utf-8"))
        # For an unknown id, a digest of nothing is compared, so that it takes as long.
        self._first = Held(digest, replace(ANYONE, key_id=FIRST_ID))
        self._has_first = first is not None
        self._needed = self._has_first
        self._used: dict[str, Seconds] = {}
        self._changes = 0

    @property
    def needed(self) -> bool:
        """True if callers need a key."""
        return self._needed

    def identify(self, headers: Iterable[tuple[bytes, bytes]]) -> Caller | None:
        """Return the caller with these raw ASGI headers; None for a stranger."""
        if not self._needed:
            return ANYONE
        key = presented(headers)
        return None if key is None else self.recognise(key)

    def recognise(self, key: bytes) -> Caller | None:
        """Return the caller of this key, or None, and record its use."""
        held = self._held.get(id_in(key), self._first)
        if not compare_digest(held.digest, digest_of(key)) or (held is self._first and not self._has_first):
            return None
        self._used[held.caller.key_id] = self._clock()
        return held.caller

    def is_valid(self, caller: Caller) -> bool:
        """Return True if an earlier caller still has the same access: for sessions and long connections."""
        if caller is ANYONE:
            return not self._needed
        held = self._held.get(caller.key_id.encode())
        return caller is self._first.caller or (held is not None and held.caller == caller)

    def valid(self) -> list[ApiKey]:
        """Return the valid keys of the store, oldest first, with their last use."""
        return [replace(key, last_used_at=self._used.get(key.id, key.last_used_at)) for key in self._keys.values()]

    def first_used_at(self) -> Seconds | None:
        """Return the time when the key in the settings was last used, in this process."""
        return self._used.get(FIRST_ID)

    @property
    def has_first(self) -> bool:
        """True if the settings have a key."""
        return self._has_first

    async def create(
        self, name: str, scopes: Iterable[Scope], clients: Iterable[ClientId] | None, *, once: bool = False
    ) -> tuple[ApiKey, str]:
        """Create a key and store it; `once`: not if there is one of the same name, scopes and clients.

        Raises KeyRefused, StoreUnavailable, MailboxFull, pykka.Timeout.
        """
        key, text = draw(name, scopes, clients, self._clock())
        known = next((one for one in self._keys.values() if once and _subject(one) == _subject(key)), None)
        if known is not None:
            raise KeyRefused(
                f"Key {known.id} has this name, these scopes and these clients: revoke it first, or give another name"
            )
        if not self._needed and not is_admin(key):
            raise KeyRefused(FIRST_NOT_ADMIN)
        await self._ask(AddKey(key))
        self._hold([*self._keys.values(), key])
        _log.info("key.created", key=key.id, scopes=sorted(key.scopes), clients=_listed(key))
        return key, text

    async def revoke(self, id: str) -> KeyLeft:
        """Revoke a key, at once, and return what is left of it.

        Raises NoSuchKey, KeyRefused, StoreUnavailable, MailboxFull, pykka.Timeout.
        """
        if id == FIRST_ID and self._has_first:
            raise KeyRefused("The key of the setting SM_API_KEY ends by taking the setting away and starting again")
        if id not in self._keys:
            raise NoSuchKey(id)
        left = [key for key in self._keys.values() if key.id != id]
        if not self._has_first and not any(map(is_admin, left)):
            raise KeyRefused("This is the last key with the scope admin for all clients: create another one first")
        # Removed before the write, and again after it: the key is not valid during the write, and whatever was read
        # meanwhile does not count. If the write fails, the next reading brings it back.
        self._hold(left)
        remains: KeyLeft = await self._ask(RevokeKey(id, self._clock()))
        self._hold([key for key in self._keys.values() if key.id != id])
        _log.info("key.revoked", key=id, webhooks=len(remains.webhooks), queued=remains.queued)
        return remains

    async def load(self) -> None:
        """Read the keys of the store. Raises StoreUnavailable, MailboxFull, pykka.Timeout."""
        changes = self._changes
        keys = await self._ask(GetKeys())
        # Changes made here during the read are newer than its result.
        if changes == self._changes:
            self.hold(keys)

    def hold(self, keys: Iterable[ApiKey]) -> None:
        """Replace the keys by those of the store."""
        self._hold([key for key in keys if key.revoked_at is None])

    async def flush(self) -> None:
        """Write the last uses of keys. Raises as `load`."""
        used = tuple((id, at) for id, at in self._used.items() if id != FIRST_ID)
        if used:
            await self._ask(RecordUse(used))

    async def keep(self) -> None:
        """Synchronise with the store every REFRESH seconds, until cancelled."""
        while True:
            await asyncio.sleep(REFRESH)
            try:
                await self.flush()
                await self.load()
            except (Refusal, Timeout, ActorDeadError) as error:
                # The keys that were valid stay so; the next round is the retry.
                _log.warning("keys.not_refreshed", why=str(error))

    def _hold(self, keys: Iterable[ApiKey]) -> None:
        self._changes += 1
        known, needed = self._held, self._needed
        self._keys = {key.id: key for key in keys}
        self._held = {id.encode("utf-8"): _held(key) for id, key in self._keys.items()}
        self._needed = self._needed or bool(self._keys)
        self._used = {id: at for id, at in self._used.items() if id in self._keys or id == FIRST_ID}
        if any(self._held.get(id) != held for id, held in known.items()) or needed != self._needed:
            self._shut_out()

    async def _ask(self, message: object) -> Any:
        return await self._store().ask(message).wait(_STORE_SECONDS)


def _held(key: ApiKey) -> Held:
    # A scope that this version does not know (a newer version wrote it) is left out.
    scopes = frozenset(scope for scope in Scope if scope in key.scopes)
    return Held(key.digest, Caller(key.id, scopes, key.clients))


def _subject(key: ApiKey) -> tuple[object, ...]:
    return key.name, frozenset(key.scopes), None if key.clients is None else frozenset(key.clients)


def _listed(key: ApiKey) -> list[int] | str:
    return "all" if key.clients is None else sorted(key.clients)


def list_offline(settings: Settings) -> list[ApiKey]:
    """Return the valid keys, oldest first."""
    with opened_store(settings) as store:
        return _valid_in(store)


def create_offline(
    settings: Settings, name: str, scopes: Iterable[Scope], clients: Iterable[ClientId] | None = None
) -> tuple[ApiKey, str]:
    """Create a key and store it; its text is shown only once. `clients` None is for all. Raises KeyRefused."""
    key, text = draw(name, scopes, clients)
    with opened_store(settings) as store:
        if settings.api_key is None and not _valid_in(store) and not is_admin(key):
            raise KeyRefused(FIRST_NOT_ADMIN)
        store.ask(AddKey(key)).get(timeout=_STORE_SECONDS)
    return key, text


def revoke_offline(settings: Settings, id: str) -> KeyLeft:
    """Revoke a key, and return what is left of it. Raises NoSuchKey."""
    with opened_store(settings) as store:
        left: KeyLeft = store.ask(RevokeKey(id, time.time())).get(timeout=_STORE_SECONDS)
    return left


def _valid_in(store: Store) -> list[ApiKey]:
    return [key for key in store.ask(GetKeys()).get(timeout=_STORE_SECONDS) if key.revoked_at is None]
