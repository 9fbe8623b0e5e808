"""API keys as they are remembered: everything about a key but the key itself, of which only a digest is kept.

A revoked key stays, with the time of its end, so that what it did can still be told by name. What a key may do is words
here; `gateway.security.auth` says what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, insert, inspect, select, update

from actors.clients.types import ClientId, Seconds
from actors.runtime import Refusal, Work
from actors.store.database import Database
from actors.store.message import Read, Write
from actors.store.schema import api_keys
from actors.store.writer import faults


class NoSuchKey(Refusal):
    """No key of that id is valid."""

    def __init__(self, id: str) -> None:
        super().__init__(f"No valid key has the id {id}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. `digest` is the SHA-256 of the whole key; `clients` is None for all; instants are epoch seconds."""

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
    """A key has been drawn, and will be shown once this is answered."""

    key: ApiKey

    def run(self, connection: Connection) -> None:
        key = self.key
        row = {name: getattr(key, name) for name in ("id", "name", "created_at", "last_used_at", "revoked_at")}
        clients = None if key.clients is None else sorted(key.clients)
        row |= {"digest": key.digest.hex(), "scopes": sorted(key.scopes), "clients": clients}
        connection.execute(insert(api_keys), row)


@dataclass(frozen=True, slots=True)
class RevokeKey(Work, Write[None]):
    """The key is no longer valid. Refuses NoSuchKey."""

    id: str
    at: Seconds

    def run(self, connection: Connection) -> None:
        valid = (api_keys.c.id == self.id) & api_keys.c.revoked_at.is_(None)
        if connection.execute(update(api_keys).where(valid).values(revoked_at=self.at)).rowcount == 0:
            raise NoSuchKey(self.id)


@dataclass(frozen=True, slots=True)
class RecordUse(Write[None]):
    """Keys were used, each last at its time; an older time than the one known changes nothing."""

    at: tuple[tuple[str, Seconds], ...]

    def run(self, connection: Connection) -> None:
        known = api_keys.c.last_used_at
        for id, at in self.at:
            newer = (api_keys.c.id == id) & (known.is_(None) | (known < at))
            connection.execute(update(api_keys).where(newer).values(last_used_at=at))


@dataclass(frozen=True, slots=True)
class GetKeys(Read[tuple[ApiKey, ...]]):
    """Every key there ever was, oldest first."""

    def run(self, connection: Connection) -> tuple[ApiKey, ...]:
        rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))
        return tuple(map(_key, rows))


def read_keys(database: Database) -> tuple[ApiKey, ...]:
    """The keys of a database that no store has open yet; none where there is no database, or an older one.

    Blocks, in the calling thread. Raises StoreUnavailable.
    """
    if database.path is not None and not database.path.exists():
        return ()
    with faults(), database.reading().connect() as connection:
        return GetKeys().run(connection) if inspect(connection).has_table(api_keys.name) else ()


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    told = row._mapping
    clients = None if told["clients"] is None else frozenset(map(ClientId, told["clients"]))
    return ApiKey(
        told["id"],
        told["name"],
        bytes.fromhex(told["digest"]),
        frozenset(told["scopes"]),
        clients,
        told["created_at"],
        told["last_used_at"],
        told["revoked_at"],
    )
