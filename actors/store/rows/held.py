"""Events that wait to be told: a message whose file is being fetched, and what follows it in its chat.

An event that waits is on disk already, and known: a page that reports it again changes nothing. It gets its position
and its sequence when it is told, or after the next start if the service ends meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select

from actors.clients.events import EVENTS, AccountEvent, MessageAcknowledged, MessageArrived
from actors.clients.types import ClientId, Seconds
from actors.store.database import insert
from actors.store.events import AppendEvent, Event, draw_id, erasure_of, is_first
from actors.store.journal import acknowledge, is_of_outbox
from actors.store.requests import Read, Write
from actors.store.rows.accounts import LINKED_PHONE
from actors.store.rows.unreadable import Unreadable, complain, object_in
from actors.store.schema import held_events


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that waits. `id` is the one it will have."""

    id: str
    client_id: ClientId
    event: AccountEvent
    at: Seconds


@dataclass(frozen=True, slots=True)
class HoldEvent(Write[bool]):
    """Keep an event until `TellHeld`. Answers False if it was written before, told or not: then it does not wait; and
    if its client was erased since.

    An acknowledgement moves the message of the outbox at once.
    """

    client_id: ClientId
    event: AccountEvent
    at: Seconds
    id: str = field(default_factory=draw_id)

    def run(self, connection: Connection) -> bool:
        event, key = self.event, self.event.key if self.event.read_again else None
        erased = erasure_of(connection, self.client_id)
        if erased is not None and self.at <= erased.at:
            return False
        if isinstance(event, MessageArrived) and is_of_outbox(connection, self.client_id, event.payload):
            return False
        if isinstance(event, MessageAcknowledged):
            acknowledge(connection, self.client_id, event, self.at)
        if key is not None and not is_first(connection, self.client_id, key, self.at):
            return False
        row = {"id": self.id, "client_id": self.client_id, "type": event.type, "payload": dict(event.payload)}
        values = insert(connection, held_events).values(**row, at=self.at, phone=LINKED_PHONE)
        connection.execute(values, {"of_client": self.client_id})
        return True


@dataclass(frozen=True, slots=True)
class TellHeld(Write[Event | None]):
    """Append an event that has waited, with this payload instead of the one it was held with if given.

    Answers None if it does not wait.
    """

    id: str
    payload: Mapping[str, Any] | None = None

    def run(self, connection: Connection) -> Event | None:
        row = connection.execute(select(held_events).where(held_events.c.id == self.id)).mappings().first()
        if row is None:
            return None
        connection.execute(delete(held_events).where(held_events.c.id == self.id))
        payload = object_in(row["payload"]) if self.payload is None else self.payload
        told = AppendEvent(row["client_id"], row["type"], payload, row["at"], id=self.id, phone=row["phone"])
        return told.run(connection)


@dataclass(frozen=True, slots=True)
class GetHeldEvents(Read[tuple[HeldEvent, ...]]):
    """Read all events that wait, in the order in which they were held."""

    def run(self, connection: Connection) -> tuple[HeldEvent, ...]:
        rows = connection.execute(select(held_events).order_by(held_events.c.position)).mappings()
        return tuple(map(_held, rows))


def _held(row: RowMapping) -> HeldEvent:
    """Return the event of a row; one that this version cannot read waits for nothing."""
    payload, kind = object_in(row["payload"]), EVENTS.get(row["type"], AccountEvent)
    if kind is AccountEvent or isinstance(payload, Unreadable):
        complain("held_events", row["id"])
    return HeldEvent(row["id"], row["client_id"], kind(payload), row["at"])
