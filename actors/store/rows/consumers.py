"""Consumers: readers whose acknowledged position is stored, so that they can fetch, work, and then acknowledge.

A consumer belongs to the key that created it and keeps its filter: its position counts events of that filter. A
consumer unused for `IDLE` is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Double, Table, Text, and_, delete, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from actors.clients.types import Seconds
from actors.runtime import Refusal, Work
from actors.store.database import insert
from actors.store.event_pages import newest
from actors.store.requests import Read, Write
from actors.store.schema import metadata

MOST = 1000
"""The limit of consumers per owner."""
IDLE: Seconds = 30 * 86_400.0

consumers = Table(
    "event_consumers",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("filter", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("used_at", Double, nullable=False),
)


class NoSuchConsumer(Refusal):
    """No consumer of this name exists."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no consumer {name}: it is made by GET /events/next")


class NoSuchReceipt(Refusal):
    """No event has this position."""


class ConsumerDiffers(Refusal):
    """The consumer was created with another filter."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The consumer {name} was made for other clients or types: use another name for these")


class TooManyConsumers(Refusal):
    """The owner has reached the limit of consumers."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A reader. All its events up to `position` are acknowledged."""

    owner: str
    name: str
    filter: str
    position: int
    used_at: Seconds


@dataclass(frozen=True, slots=True)
class OpenConsumer(Write[Consumer], Work):
    """Create the consumer unless it exists; it begins at `position`, or now.

    Refuses ConsumerDiffers, TooManyConsumers.
    """

    owner: str
    name: str
    filter: str
    at: Seconds
    position: int | None = None

    def run(self, connection: Connection) -> Consumer:
        connection.execute(delete(consumers).where(consumers.c.used_at < self.at - IDLE))
        known = GetConsumer(self.owner, self.name).run(connection)
        if known is None:
            _make(connection, self)
        elif known.filter != self.filter:
            raise ConsumerDiffers(self.name)
        else:
            _set(connection, self, used_at=self.at)
        return _there(connection, self)


@dataclass(frozen=True, slots=True)
class Acknowledge(Write[Consumer], Work):
    """Acknowledge events up to `position`; going back changes nothing. Refuses NoSuchConsumer, NoSuchReceipt."""

    owner: str
    name: str
    position: int
    at: Seconds

    def run(self, connection: Connection) -> Consumer:
        known = _there(connection, self)
        if self.position > newest(connection):
            raise NoSuchReceipt(f"No event has the position {self.position}")
        _set(connection, self, position=max(known.position, self.position), used_at=self.at)
        return _there(connection, self)


@dataclass(frozen=True, slots=True)
class GetConsumer(Read[Consumer | None]):
    """Read one consumer, None if it does not exist."""

    owner: str
    name: str

    def run(self, connection: Connection) -> Consumer | None:
        row = connection.execute(select(consumers).where(_is(self))).mappings().first()
        return None if row is None else Consumer(**row)


_Named = OpenConsumer | Acknowledge | GetConsumer


def _make(connection: Connection, message: OpenConsumer) -> None:
    count = select(func.count()).select_from(consumers).where(consumers.c.owner == message.owner)
    if int(connection.execute(count).scalar() or 0) >= MOST:
        raise TooManyConsumers(f"There are {MOST} consumers of this key: use one of them again")
    position = newest(connection) if message.position is None else message.position
    row = {name: getattr(message, name) for name in ("owner", "name", "filter")}
    connection.execute(insert(connection, consumers).values(row | {"position": position, "used_at": message.at}))


def _set(connection: Connection, message: _Named, **changes: float) -> None:
    connection.execute(update(consumers).where(_is(message)).values(changes))


def _there(connection: Connection, message: _Named) -> Consumer:
    known = GetConsumer(message.owner, message.name).run(connection)
    if known is None:
        raise NoSuchConsumer(message.name)
    return known


def _is(message: _Named) -> ColumnElement[bool]:
    return and_(consumers.c.owner == message.owner, consumers.c.name == message.name)
