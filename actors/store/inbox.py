"""What a page tells of its account: an event, and for the outbox the acknowledgement it may be, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from actors.clients.protocol import Happened
from actors.clients.types import ClientId, Seconds
from actors.store.events import AppendEvent, Event, draw_id
from actors.store.message import Write
from actors.store.outbox import RecordAck
from actors.store.outbox_writes import record_ack

_ACK = "message.ack"
_READ_AGAIN = frozenset(
    {"message", "group.changed", "call.logged", "contact.security_code_changed", "contact.number_changed"}
)
"""What stays in a page's memory, and is told by each page that reads it."""


@dataclass(frozen=True, slots=True)
class RecordHappened(Write[Event | None]):
    """A page has told something. Answers its event, or None where it had been written before: `known_by` says what is
    known by what.

    An acknowledgement (`message.ack`, with `id` and `ack` in its payload) moves the message of the outbox it is for.
    """

    client_id: ClientId
    told: Happened
    at: Seconds
    id: str = field(default_factory=draw_id)

    def run(self, connection: Connection) -> Event | None:
        told = self.told
        append = AppendEvent(self.client_id, told.kind, told.payload, self.at, known_by(told), self.id)
        event = append.run(connection)
        if told.kind == _ACK:
            _acknowledge(connection, self)
        return event


def known_by(told: Happened) -> str | None:
    """What two tellings of the same have in common, for the kinds that a page may tell again: it reads its message
    store after every start, and may have told the same as it happened. In a group each reader acknowledges by himself.
    """
    payload = told.payload
    id, bare = payload.get("id"), payload.get("bare_id")
    if told.kind in _READ_AGAIN and id is not None:
        outcome = payload.get("outcome")
        return f"{told.kind} {id}" if outcome is None else f"{told.kind} {id} {outcome}"
    if told.kind == _ACK and (id or bare) is not None:
        author = payload.get("author") if str(payload.get("chat")).endswith("@g.us") else None
        return " ".join(str(part) for part in (_ACK, bare or id, payload.get("ack"), author) if part is not None)
    return None


def bare_id(full_id: str) -> str | None:
    """The bare id in `true_5491122334455@c.us_3EB0…`, which a group's or platform's field may follow. None for other
    text, and for messages that came in: they are not of the outbox.
    """
    parts = full_id.split("_")
    return parts[2] if len(parts) >= 3 and parts[0] == "true" else None


def _acknowledge(connection: Connection, message: RecordHappened) -> None:
    full_id, ack = message.told.payload.get("id"), message.told.payload.get("ack")
    if not isinstance(full_id, str) or not isinstance(ack, int) or (bare := bare_id(full_id)) is None:
        return
    record_ack(connection, RecordAck(message.client_id, bare, ack, message.at, full_id))
