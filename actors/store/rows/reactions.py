"""The reactions that were told and stand, read from the events: what was taken back is found by them after a start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from actors.clients.events import MessageReaction, people_in
from actors.clients.types import ClientId
from actors.store.requests import Read
from actors.store.rows.unreadable import Unreadable, object_in
from actors.store.schema import event_counts, events

RECENT = 20_000
"""The events of a client, the newest, that are looked through."""

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GetStandingReactions(Read[tuple[Payload, ...]]):
    """Read the payloads of a client's reactions that were told and not taken back, oldest first.

    Of one person and message the last counts. Reactions whose event is deleted, or older than the client's newest
    20,000 events, are not among them.
    """

    client_id: ClientId

    def run(self, connection: Connection) -> tuple[Payload, ...]:
        own = event_counts.c.client_id == self.client_id
        newest = connection.execute(select(event_counts.c.sequence).where(own)).scalar() or 0
        of_client = (events.c.client_id == self.client_id) & (events.c.sequence > newest - RECENT)
        rows = select(events.c.payload).where(of_client, events.c.type == MessageReaction.type)
        last: dict[object, list[Payload]] = {}
        for (value,) in connection.execute(rows.order_by(events.c.sequence)):
            payload = object_in(value)
            people = frozenset() if isinstance(payload, Unreadable) else people_in(payload)
            if people:
                told = last.setdefault(payload.get("bare_id"), [])
                told[:] = [one for one in told if not people_in(one) & people]
                if payload.get("reaction"):
                    told.append(payload)
        return tuple(one for told in last.values() for one in told)
