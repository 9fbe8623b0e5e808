"""The list of events, in order, that streams, webhooks and long polls read.

* An event is written in the same transaction as the change it reports.
* `position` orders all events; `sequence` counts those of one client from 1 without a gap, whatever retention deletes.
* The same event is written once: a repeated `id` (a retried write) and a repeated `key` (a message the page reports
  again) change nothing. Keys outlive their events.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    RowMapping,
    Select,
    Text,
    bindparam,
    cast,
    func,
    select,
    tuple_,
    union_all,
)
from ulid import ULID

from actors.clients.events import ClientErased, ClientStateChanged
from actors.clients.ports import Transition
from actors.clients.types import ClientId, Seconds
from actors.store.database import insert_in
from actors.store.requests import Read, Write
from actors.store.rows.accounts import LINKED_PHONE, linked
from actors.store.rows.unreadable import Unreadable, complain, object_in
from actors.store.schema import event_counts, event_gaps, event_keys, events


def draw_id() -> str:
    """Return a new ULID: 26 characters that sort by time."""
    return str(ULID())


def draw_id_at(at: Seconds) -> str:
    """Return a new ULID of this time, in epoch seconds: one drawn a moment before may be of an earlier millisecond."""
    return _ulid(at, secrets.token_bytes(10))


def first_id_at(at: Seconds) -> str:
    """Return the smallest ULID of a time, in epoch seconds: a bound for ids drawn before and after it."""
    return _ulid(at, bytes(10))


def _ulid(at: Seconds, rest: bytes) -> str:
    milliseconds = min(max(int(at * 1000), 0), 2**48 - 1)
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + rest))


@dataclass(frozen=True, slots=True)
class Event:
    """An event. `payload` is JSON-ready; `phone` is the number that the client was linked to when it happened."""

    position: int
    id: str
    client_id: ClientId
    sequence: int
    at: Seconds
    type: str
    payload: Mapping[str, Any]
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class AppendEvent(Write[Event | None]):
    """Append an event. Answers the event, or None if it was written before (same `id` or `key`)."""

    client_id: ClientId
    type: str
    payload: Mapping[str, Any]
    at: Seconds
    key: str | None = None
    id: str = field(default_factory=draw_id)
    phone: str | None = None
    """The account's number, if that is not the one that is linked now."""

    def run(self, connection: Connection) -> Event | None:
        if self.key is not None and not is_first(connection, self.client_id, self.key, self.at):
            return None
        row = {"id": self.id, "client_id": self.client_id, "at": self.at}
        row |= {"of_client": self.client_id, "of_type": self.type, "told": self.payload, "of_phone": self.phone}
        write, count = _statements(connection.dialect.name)
        numbers = connection.execute(write, row).first()
        if numbers is None:
            return None
        position, sequence, phone = numbers
        connection.execute(count, {"client_id": self.client_id, "sequence": sequence})
        return Event(position, self.id, self.client_id, sequence, self.at, self.type, self.payload, phone)


@dataclass(frozen=True, slots=True)
class PruneEvents(Write[int]):
    """Delete the oldest events: those before `before`, those beyond the newest `keep`, and those beyond the newest
    `keep_bytes` (0: no limit; the event that crosses the bound stays), of all clients together; keys before
    `keys_before`.

    At most `limit` events and as many keys, so that no write waits long. Answers the larger of the two counts; `limit`
    means ask again.
    """

    before: Seconds
    keep: int
    keys_before: Seconds
    limit: int = 1000
    keep_bytes: int = 0

    def run(self, connection: Connection) -> int:
        return max(_prune_keys(connection, self), _prune_events(connection, self))


@dataclass(frozen=True, slots=True)
class EventRange:
    """The positions of the oldest and newest events; both 0 if there are none."""

    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class GetEventRange(Read[EventRange]):
    """Read the range of positions: a reader at `oldest - 1` or later has missed nothing."""

    def run(self, connection: Connection) -> EventRange:
        # Two selects: SQLite looks up one end of an index at once, but reads all of it for both.
        ends = [select(end(events.c.position)).scalar_subquery() for end in (func.min, func.max)]
        oldest, newest = connection.execute(select(*ends)).one()
        return EventRange(oldest or 0, newest or 0)


ROW_BYTES = 200
"""The bytes of an event on disk besides its type and payload: the row, its index entries, and its key.

Measured on SQLite: 120 to 150, and as much again for a key.
"""
TOLD = select(*(events.c[name] for name in Event.__slots__))
"""The columns that readers get."""
_NEWEST = select(func.max(events.c.position)).scalar_subquery()
_ENDS = select(events.c.position, events.c.at, events.c.written)
_NEWER = TOLD.where(events.c.position > bindparam("after")).order_by(events.c.position).limit(bindparam("up_to"))


_OF_CLIENT = select(events.c.sequence, events.c.at, events.c.type).where(events.c.client_id == bindparam("of_client"))
_ENDS_OF_CLIENT = union_all(
    *(
        select(_OF_CLIENT.order_by(order).limit(1).subquery(name))
        for name, order in (("oldest", events.c.sequence), ("newest", events.c.sequence.desc()))
    )
)


def of_transition(transition: Transition, id: str) -> AppendEvent:
    """Return the event of a client's new state."""
    payload = {
        "state": transition.after,
        "previous_state": transition.before,
        "reason": transition.reason,
        "reason_text": transition.text,
    }
    return AppendEvent(transition.client_id, ClientStateChanged.type, payload, transition.at, id=id)


def _prune_keys(connection: Connection, message: PruneEvents) -> int:
    key = (event_keys.c.client_id, event_keys.c.key)
    oldest = select(*key).where(event_keys.c.at < message.keys_before).order_by(event_keys.c.at).limit(message.limit)
    return connection.execute(event_keys.delete().where(tuple_(*key).in_(oldest))).rowcount


def _prune_events(connection: Connection, message: PruneEvents) -> int:
    newest = connection.execute(_ENDS.where(events.c.position == _NEWEST)).first()
    if newest is None:
        return 0
    surplus = _before_newest(connection, newest.position, message.keep)
    too_much = newest.written - message.keep_bytes if message.keep_bytes else -1
    oldest = connection.execute(_ENDS.order_by(events.c.position).limit(message.limit))
    doomed = list(
        takewhile(
            lambda row: row.at < message.before or row.position <= surplus or row.written <= too_much, oldest.all()
        )
    )
    if doomed:
        connection.execute(events.delete().where(events.c.position <= doomed[-1].position))
    return len(doomed)


def read_newer(connection: Connection, position: int, limit: int) -> tuple[Event, ...]:
    """Return the first events after a position. Runs after every commit, so the statement is made once."""
    return tuple(map(event_of, connection.execute(_NEWER, {"after": position, "up_to": limit}).mappings()))


def _before_newest(connection: Connection, newest: int, keep: int) -> int:
    """Return the position `keep` events before the newest event; positions left out by a restore are no events."""
    position = newest - keep
    for gap in connection.execute(select(event_gaps).order_by(event_gaps.c.resumed.desc())):
        if gap.resumed > position:
            position -= gap.resumed - gap.after
    return position


@dataclass(frozen=True, slots=True)
class Erased:
    """The erasure of a client: the sequence and the time of the event that tells of it. Nothing older is kept.

    `last`: nothing has happened to the client since.
    """

    sequence: int
    at: Seconds
    last: bool


def erasure_of(connection: Connection, client_id: ClientId) -> Erased | None:
    """Return the last erasure of a client, as long as its event is kept: it is the oldest one then.

    For what is under way while a client is erased, and would be written afterwards.
    """
    ends = connection.execute(_ENDS_OF_CLIENT, {"of_client": client_id}).all()
    if not ends or ends[0].type != ClientErased.type:
        return None
    return Erased(ends[0].sequence, ends[0].at, last=ends[0].sequence == ends[-1].sequence)


def is_first(connection: Connection, client_id: ClientId, key: str, at: Seconds) -> bool:
    """Record a key of the account that is linked now; return False if it was known.

    What a page tells before it says whose it is has a key of no account, which counts for the account that follows.
    """
    account = linked(connection, client_id)
    if account is not None:
        if connection.execute(_KEPT_AT, {"of_client": client_id, "early": key}).first() is not None:
            return False
        key = f"{account} {key}"
    row = {"client_id": client_id, "key": key, "at": at}
    return connection.execute(_key_statement(connection.dialect.name), row).first() is not None


_KEPT_AT = select(event_keys.c.at).where(
    event_keys.c.client_id == bindparam("of_client"), event_keys.c.key == bindparam("early")
)


@cache
def _key_statement(dialect: str) -> Executable:
    """Make the statement that records a key, and returns a row if it is new."""
    return insert_in(dialect, event_keys).on_conflict_do_nothing().returning(event_keys.c.at)


@cache
def _statements(dialect: str) -> tuple[Executable, Executable]:
    """Make the INSERT of an event with the next sequence, and the statement that stores that sequence.

    Made once: each event needs them.
    """
    last = select(event_counts.c.sequence).where(event_counts.c.client_id == bindparam("of_client")).scalar_subquery()
    before = select(events.c.written).where(events.c.position == _NEWEST).scalar_subquery()
    kind, payload = bindparam("of_type", type_=Text), bindparam("told", type_=events.c.payload.type)
    size = func.length(cast(payload, Text)) + func.length(kind) + ROW_BYTES
    numbers = {"sequence": func.coalesce(last, 0) + 1, "written": func.coalesce(before, 0) + size}
    numbers["phone"] = func.coalesce(bindparam("of_phone", type_=Text), LINKED_PHONE)
    write = insert_in(dialect, events).values({"type": kind, "payload": payload, **numbers})
    once = write.on_conflict_do_nothing(index_elements=["id"])
    count = insert_in(dialect, event_counts)
    keep = count.on_conflict_do_update(index_elements=["client_id"], set_={"sequence": count.excluded.sequence})
    return once.returning(events.c.position, events.c.sequence, events.c.phone), keep


def _read(connection: Connection, query: Select[Any], types: frozenset[str], limit: int) -> tuple[Event, ...]:
    if types:
        query = query.where(events.c.type.in_(sorted(types)))
    return tuple(map(event_of, connection.execute(query.limit(limit)).mappings()))


def event_of(row: RowMapping) -> Event:
    """Return the event of a row. One whose payload cannot be read says so in it: nobody behind it waits."""
    payload = object_in(row["payload"])
    if isinstance(payload, Unreadable):
        complain("events", row["position"])
    return Event(**{**row, "payload": payload})
