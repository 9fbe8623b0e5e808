"""Erasure: deletes all that is kept of a client, where retention would wait until it is old. In steps, as retention.

Meant is every row of every table that names a client, those of later versions too. Two tables stay, which hold numbers
only: how far a client's events have been counted, and how far each webhook has come with them.

The last event of a client is then `client.erased`. It is written first, so that no reader's position is beyond the
newest event, from where everything would be read again.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, exists, select, tuple_, update

from actors.clients.events import ClientErased
from actors.clients.types import ClientId, Seconds
from actors.runtime import Work
from actors.store.events import AppendEvent, Event
from actors.store.outbox.rows import forget_room
from actors.store.requests import Read, Write
from actors.store.schema import event_counts, events, media, media_clients, metadata, webhook_lines

STAY = frozenset({event_counts.name, webhook_lines.name})
"""A sequence that was given once is not given twice: no receiver would take the new event for one."""
TABLES = tuple(table for table in metadata.sorted_tables if "client_id" in table.c and table.name not in STAY)
"""The tables from which an erasure takes rows."""


@dataclass(frozen=True, slots=True)
class IsKept(Read[bool]):
    """Read whether anything is kept of a client, but that it was erased."""

    client_id: ClientId

    def run(self, connection: Connection) -> bool:
        found = (exists().where(table.c.client_id == self.client_id) for table in TABLES if table is not events)
        told = exists().where(events.c.client_id == self.client_id, events.c.type != ClientErased.type)
        return any(connection.execute(select(there)).scalar() for there in (told, *found))


@dataclass(frozen=True, slots=True)
class BeginErasure(Work, Write[Event]):
    """Tell that a client is erased."""

    client_id: ClientId
    at: Seconds

    def run(self, connection: Connection) -> Event:
        told = AppendEvent(self.client_id, ClientErased.type, {}, self.at).run(connection)
        assert told is not None, "its id is new"
        return told


@dataclass(frozen=True, slots=True)
class EraseSome(Work, Write[int]):
    """Delete at most `limit` rows of a client from each table, its events only where they are older than the one of
    `BeginErasure`, `told`. Answers how many; 0 means that all are gone.

    Its files are given up: those of no other client are deleted at the next round.
    """

    client_id: ClientId
    told: Event
    limit: int = 1000

    def run(self, connection: Connection) -> int:
        erased = 0
        mine = _uploaded_for(media_clients.c.client_id == self.client_id)
        others = _uploaded_for(media_clients.c.client_id != self.client_id)
        connection.execute(update(media).where(mine, ~others).values(until=self.told.at))
        for table in TABLES:
            key, mine = tuple(table.primary_key), table.c.client_id == self.client_id
            if table is events:
                mine &= events.c.position < self.told.position
            doomed = select(*key).where(mine).limit(self.limit)
            erased += connection.execute(delete(table).where(tuple_(*key).in_(doomed))).rowcount
        forget_room(connection, self.client_id)
        return erased


@dataclass(frozen=True, slots=True)
class EndErasure(Work, Write[None]):
    """Let every webhook go on with the event that tells of the erasure, whose sequence this is."""

    client_id: ClientId
    sequence: int

    def run(self, connection: Connection) -> None:
        before = self.sequence - 1
        settled = {"attempts": 0, "next_at": None, "failing_since": None, "why": None, "status": None}
        behind = update(webhook_lines).where(webhook_lines.c.client_id == self.client_id)
        connection.execute(behind.values(settled))
        connection.execute(behind.where(webhook_lines.c.sequence < before).values(sequence=before))


def _uploaded_for(who: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(media_clients.c.digest == media.c.digest, who)
