"""The WhatsApp that a store belongs to: the origin of the page whose accounts, messages and events it holds.

The first start writes it down, and no start with another goes on: a message that was queued for the phones of a sandbox
must not leave to people, nor a message to people be delivered to such phones. All origins on loopback are one: those of
sandboxes, whose port may change.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import Connection, inspect, select

from actors.store.database import Database, insert
from actors.store.errors import OtherOrigin
from actors.store.schema import store_properties
from actors.store.writer import faults
from actors.texts.hosts import is_on_loopback

_NAME = "origin"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Return the origin of an address: scheme, host, and the port unless it is the scheme's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{name}{port}"


def is_same_world(one: str, other: str) -> bool:
    """Return True if two origins are one, or both are sandboxes' on this machine."""
    return one == other or (is_on_loopback(one) and is_on_loopback(other))


def origin_in(connection: Connection) -> str | None:
    """Return the origin of an open database; None if it was never started, or is older than this table."""
    if not inspect(connection).has_table(store_properties.name):
        return None
    found = select(store_properties.c.value).where(store_properties.c.name == _NAME)
    return connection.execute(found).scalar_one_or_none()


def read_origin(database: Database) -> str | None:
    """Return the same of a database that no store has open yet. Blocks. Raises StoreUnavailable."""
    if database.path is not None and not database.path.exists():
        return None
    with faults(), database.reading().connect() as connection:
        return origin_in(connection)


def check_origin(database: Database, origin: str) -> None:
    """Raise OtherOrigin if the database belongs to another WhatsApp. Blocks. Raises StoreUnavailable."""
    found = read_origin(database)
    if found is not None and not is_same_world(found, origin):
        raise OtherOrigin(found, origin)


def take_origin(connection: Connection, origin: str) -> None:
    """Write the origin down, in the caller's transaction. Raises OtherOrigin if there is another."""
    found = origin_in(connection)
    if found is not None and not is_same_world(found, origin):
        raise OtherOrigin(found, origin)
    if found != origin:
        row = {"name": _NAME, "value": origin}
        written = insert(connection, store_properties).values(row)
        connection.execute(written.on_conflict_do_update(index_elements=["name"], set_=row))
