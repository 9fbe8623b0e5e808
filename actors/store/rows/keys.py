"""API keys in the store: everything about a key except the key itself, of which only a digest is kept.

A revoked key stays, with the time of its end, so that its actions can still be attributed by name. Its permissions are
words here; `gateway.security.auth` defines their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, insert, inspect, select, update

from actors.clients.types import ClientId, Seconds
from actors.runtime import Refusal, Work
from actors.store.database import Database
from actors.store.outbox.rows import QUEUED
from actors.store.requests import Read, Write
from actors.store.rows.unreadable import list_in, readable
from actors.store.schema import api_keys, outbox, webhooks
from actors.store.writer import faults


class NoSuchKey(Refusal):
    """No valid key has this id."""

    def __init__(self, id: str) -> None:
        super().__init__(f"No valid key has the id {id}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key. `digest` is the SHA-256 of the whole key; `clients` is None for all; instants are epoch seconds."""

    id: str
    name: str
    digest: bytes
    scopes: frozenset[str]
    clients: frozenset[ClientId] | None
    created_at: Seconds
    last_used_at: Seconds | None = None
    revoked_at: Seconds | None = None


@dataclass(frozen=True, slots=True)
class AddKey(Work, Write[None]):
    """Add a new key, which is shown once after the answer."""

    key: ApiKey

    def run(self, connection: Connection) -> None:
        key = self.key
        row = {name: getattr(key, name) for name in ("id", "name", "created_at", "last_used_at", "revoked_at")}
        clients = None if key.clients is None else sorted(key.clients)
        row |= {"digest": key.digest.hex(), "scopes": sorted(key.scopes), "clients": clients}
        connection.execute(insert(api_keys), row)


SENDS = frozenset({"send", "admin"})
"""The scopes with which a key may have handed in messages."""


@dataclass(frozen=True, slots=True)
class KeyLeft:
    """What outlives a key: the webhooks that it made or changed last, by id, and the messages that are not sent yet of
    the clients it could send for, whichever key handed them in; `scheduled` are those of them with a later time.
    """

    webhooks: tuple[str, ...]
    queued: int
    scheduled: int


@dataclass(frozen=True, slots=True)
class RevokeKey(Work, Write[KeyLeft]):
    """Revoke the key, and return what is left of it. Refuses NoSuchKey."""

    id: str
    at: Seconds

    def run(self, connection: Connection) -> KeyLeft:
        """See `Write`."""
        valid = (api_keys.c.id == self.id) & api_keys.c.revoked_at.is_(None)
        if connection.execute(update(api_keys).where(valid).values(revoked_at=self.at)).rowcount == 0:
            raise NoSuchKey(self.id)
        hooks = select(webhooks.c.id).where(webhooks.c.key_id == self.id).order_by(webhooks.c.created_at, webhooks.c.id)
        return KeyLeft(tuple(connection.execute(hooks).scalars()), *self._messages(connection))

    def _messages(self, connection: Connection) -> tuple[int, int]:
        row = connection.execute(select(api_keys).where(api_keys.c.id == self.id)).mappings().one()
        key = next(iter(readable("api_keys", "id", [row], _key)), None)
        if key is None or not key.scopes & SENDS:
            return 0, 0
        scheduled = func.count().filter(outbox.c.send_at > self.at)
        waiting = select(func.count(), scheduled).select_from(outbox).where(QUEUED)
        if key.clients is not None:
            waiting = waiting.where(outbox.c.client_id.in_(key.clients))
        queued, later = connection.execute(waiting).one()
        return queued, later


@dataclass(frozen=True, slots=True)
class RecordUse(Write[None]):
    """Record the last use of keys; an older time than the stored one changes nothing."""

    at: tuple[tuple[str, Seconds], ...]

    def run(self, connection: Connection) -> None:
        known = api_keys.c.last_used_at
        for id, at in self.at:
            newer = (api_keys.c.id == id) & (known.is_(None) | (known < at))
            connection.execute(update(api_keys).where(newer).values(last_used_at=at))


@dataclass(frozen=True, slots=True)
class GetKeys(Read[tuple[ApiKey, ...]]):
    """Read every key ever created, oldest first."""

    def run(self, connection: Connection) -> tuple[ApiKey, ...]:
        rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))
        return tuple(readable("api_keys", "id", rows.mappings(), _key))


def read_keys(database: Database) -> tuple[ApiKey, ...]:
    """Return the keys of a database that no store has open yet; none if the database is missing or older.

    Blocks, in the calling thread. Raises StoreUnavailable.
    """
    if database.path is not None and not database.path.exists():
        return ()
    with faults(), database.reading().connect() as connection:
        return GetKeys().run(connection) if inspect(connection).has_table(api_keys.name) else ()


def _key(told: RowMapping) -> ApiKey:
    """Return the key of a row. Raises ValueError: one that cannot be read opens nothing."""
    clients, scopes = list_in(told["clients"]), list_in(told["scopes"])
    if scopes is None or (clients is None) is not (told["clients"] is None):
        raise ValueError("its scopes or clients cannot be read")
    return ApiKey(
        told["id"],
        told["name"],
        bytes.fromhex(told["digest"]),
        frozenset(map(str, scopes)),
        None if clients is None else frozenset(ClientId(int(one)) for one in clients),
        told["created_at"],
        told["last_used_at"],
        told["revoked_at"],
    )
