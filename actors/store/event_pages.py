"""Pages of events from a position on, for a reader that was away.

Lost events are reported. A position whose successors have been deleted, or that this database never gave (it is younger
than the reader), comes back with a `Gap`; reading continues at the oldest event. So does the last position before those
that a restore has left out (`event_gaps`): a page ends there, and the next page reports it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from actors.clients.types import ClientId
from actors.store.events import TOLD, Event, GetEventRange, event_of
from actors.store.requests import Read
from actors.store.schema import event_counts, event_gaps, events
from actors.store.webhooks import is_wanted


@dataclass(frozen=True, slots=True)
class Gap:
    """Events after `after` may be lost to this reader; it continues after the position `resumed`."""

    after: int
    resumed: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """The matching events up to the position `read_to`; with `more`, others may follow."""

    events: tuple[Event, ...]
    read_to: int
    more: bool
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class ReadPage(Read[EventPage]):
    """Read the first `limit` events after a position, of all clients or some, whose types match the patterns.

    Position 0 means everything that exists, so it never has a gap.
    """

    position: int
    clients: frozenset[ClientId] | None = None
    patterns: tuple[str, ...] = ("*",)
    limit: int = 200

    def run(self, connection: Connection) -> EventPage:
        gap = _gap(connection, self.position)
        position = gap.resumed if gap is not None else self.position
        left_out = _next_left_out(connection, position)
        later = TOLD.where(events.c.position > position, is_wanted(self.patterns))
        if left_out is not None:
            later = later.where(events.c.position <= left_out)
        if self.clients is not None:
            later = later.where(events.c.client_id.in_(sorted(self.clients)))
        rows = connection.execute(later.order_by(events.c.position).limit(self.limit)).mappings()
        found = tuple(map(event_of, rows))
        if len(found) == self.limit:
            return EventPage(found, found[-1].position, True, gap)
        if left_out is not None:
            return EventPage(found, left_out, True, gap)
        return EventPage(found, max(position, GetEventRange().run(connection).newest), False, gap)


def newest(connection: Connection) -> int:
    """Return the newest position ever given, as far as known; 0 if none.

    If retention has left no event, the counters give it (exactly in SQLite; PostgreSQL leaves out numbers).
    """
    there = GetEventRange().run(connection).newest
    return there or int(connection.execute(select(func.sum(event_counts.c.sequence))).scalar() or 0)


def _gap(connection: Connection, position: int) -> Gap | None:
    there, last = GetEventRange().run(connection), newest(connection)
    before_all = there.oldest - 1 if there.oldest else last
    if position > last or 0 < position < before_all:
        return Gap(position, max(0, before_all))
    if position == 0:
        return None
    within = (event_gaps.c.after <= position) & (event_gaps.c.resumed > position)
    resumed = connection.execute(select(func.max(event_gaps.c.resumed)).where(within)).scalar()
    return None if resumed is None else Gap(position, resumed)


def _next_left_out(connection: Connection, position: int) -> int | None:
    """Return the start of the next positions that a restore has left out."""
    return connection.execute(select(func.min(event_gaps.c.after)).where(event_gaps.c.after > position)).scalar()
