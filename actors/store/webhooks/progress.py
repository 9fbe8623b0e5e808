"""The progress of each webhook with each client, and the work that follows from it.

Pending deliveries have no rows. `Progress` holds the sequence up to which all is settled; the events after it are the
queue. So an event needs no second write to become due, a crash leaves nothing half queued, and settling an event
(delivered; or dead, with its letter in the same transaction) is one row. An event that was sent and not yet settled
when the process ended is sent again, under the same id: at least once, in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, bindparam, func, or_, select, true
from sqlalchemy.sql.dml import ReturningInsert

from actors.clients.types import ClientId, Seconds
from actors.store.database import insert, insert_in
from actors.store.events import TOLD, Event, erasure_of, event_of
from actors.store.requests import Read, Write
from actors.store.schema import dead_letters, event_counts, events, webhook_lines, webhooks
from actors.store.webhooks.dead_letters import Letter, replays_of
from actors.store.webhooks.definitions import GetWebhooks, Webhook


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of one webhook with one client. `attempts` counts the next event's failures; `why` and `status` are
    of the latest.

    `failing_since` is the time of the first failure after the last success.
    """

    webhook_id: str
    client_id: ClientId
    sequence: int = 0
    attempts: int = 0
    next_at: Seconds | None = None
    failing_since: Seconds | None = None
    why: str | None = None
    status: int | None = None
    delivered: int = 0
    delivered_at: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """The work of one webhook and client: `replays`, and matching `events` up to the sequence `read_to`; perhaps `more`
    after.

    `missed` is how many events may have been deleted before their turn.
    """

    progress: Progress
    replays: tuple[Letter, ...]
    events: tuple[Event, ...]
    read_to: int
    more: bool
    missed: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """All webhooks, and the pairs of webhook and client that may have work."""

    webhooks: tuple[Webhook, ...]
    keys: tuple[tuple[str, ClientId], ...]


@dataclass(frozen=True, slots=True)
class RecordDelivered(Write[None]):
    """Settle the event of this sequence, and all before it, as delivered."""

    webhook_id: str
    client_id: ClientId
    sequence: int
    status: int
    at: Seconds

    def run(self, connection: Connection) -> None:
        settled = _SETTLED | {"sequence": self.sequence, "status": self.status}
        _put(connection, self, settled | {"delivered": 1, "delivered_at": self.at})


@dataclass(frozen=True, slots=True)
class RecordPassed(Write[None]):
    """Settle everything up to this sequence: none of it matches."""

    webhook_id: str
    client_id: ClientId
    sequence: int

    def run(self, connection: Connection) -> None:
        _put(connection, self, {"sequence": self.sequence})


@dataclass(frozen=True, slots=True)
class RecordRetry(Write[None]):
    """Record the failure of attempt number `attempts` at the event of this sequence; the next is due at `next_at`."""

    webhook_id: str
    client_id: ClientId
    sequence: int
    attempts: int
    next_at: Seconds
    failing_since: Seconds
    why: str
    status: int | None

    def run(self, connection: Connection) -> None:
        names = ("attempts", "next_at", "failing_since", "why", "status")
        _put(connection, self, {name: getattr(self, name) for name in names})


@dataclass(frozen=True, slots=True)
class RecordDeadLetter(Write[None]):
    """Give up the event: it becomes a dead letter, unless its client was erased since. The next event follows."""

    webhook_id: str
    client_id: ClientId
    sequence: int
    event_id: str
    event_type: str
    body: str
    attempts: int
    why: str
    status: int | None
    failing_since: Seconds | None
    at: Seconds

    def run(self, connection: Connection) -> None:
        failed = {name: getattr(self, name) for name in ("sequence", "failing_since", "why", "status")}
        erased = erasure_of(connection, self.client_id)
        void = erased is not None and self.sequence < erased.sequence
        if _put(connection, self, _SETTLED | failed) and not void:
            row = {name: getattr(self, name) for name in _OF_LETTER}
            connection.execute(insert(connection, dead_letters).values(row).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class GetBacklog(Read[Backlog]):
    """Read the sender's initial work."""

    def run(self, connection: Connection) -> Backlog:
        line = webhook_lines.c
        of_both = and_(
            webhook_lines.c.webhook_id == webhooks.c.id, webhook_lines.c.client_id == event_counts.c.client_id
        )
        pairs = select(webhooks.c.id, event_counts.c.client_id).join_from(webhooks, event_counts, true())
        behind = pairs.outerjoin(webhook_lines, of_both).where(
            event_counts.c.sequence > func.coalesce(line.sequence, 0)
        )
        replayed = select(dead_letters.c.webhook_id, dead_letters.c.client_id).where(
            dead_letters.c.replay_at.is_not(None)
        )
        keys = connection.execute(behind.union(replayed))
        known = {webhook.id: webhook for webhook in GetWebhooks().run(connection)}
        lines = ((id, ClientId(client_id)) for id, client_id in keys if known[id].wants_client(client_id))
        return Backlog(tuple(known.values()), tuple(lines))


@dataclass(frozen=True, slots=True)
class GetDue(Read[Due]):
    """Read the work of one webhook and client: at most `limit` events whose types match the patterns, and as many
    replays.
    """

    webhook_id: str
    client_id: ClientId
    patterns: tuple[str, ...] = ("*",)
    limit: int = 100

    def run(self, connection: Connection) -> Due:
        progress = _progress(connection, self.webhook_id, self.client_id)
        replays = replays_of(connection, self.webhook_id, self.client_id, self.limit)
        of_client = events.c.client_id == self.client_id
        later = TOLD.where(of_client, events.c.sequence > progress.sequence, is_wanted(self.patterns))
        rows = connection.execute(later.order_by(events.c.sequence).limit(self.limit)).mappings()
        found = tuple(map(event_of, rows))
        counted = select(event_counts.c.sequence).where(event_counts.c.client_id == self.client_id)
        newest = connection.execute(counted).scalar() or 0
        oldest = connection.execute(select(func.min(events.c.sequence)).where(of_client)).scalar() or newest + 1
        more = len(found) == self.limit
        read_to = found[-1].sequence if more else max(progress.sequence, newest)
        return Due(progress, replays, found, read_to, more, max(0, oldest - progress.sequence - 1))


@dataclass(frozen=True, slots=True)
class GetProgress(Read[tuple[Progress, ...]]):
    """Read the progress of a webhook, by client."""

    webhook_id: str

    def run(self, connection: Connection) -> tuple[Progress, ...]:
        of_webhook = select(webhook_lines).where(webhook_lines.c.webhook_id == self.webhook_id)
        rows = connection.execute(of_webhook.order_by(webhook_lines.c.client_id)).mappings()
        return tuple(Progress(**row) for row in rows)


_OF_LETTER = tuple(name for name in RecordDeadLetter.__slots__ if name in dead_letters.columns)
_SETTLED: dict[str, Any] = {"attempts": 0, "next_at": None, "failing_since": None, "why": None}
Told = RecordDelivered | RecordPassed | RecordRetry | RecordDeadLetter


def _put(connection: Connection, told: Told, changes: dict[str, Any]) -> bool:
    """Write the progress, unless its webhook is deleted or it is past this sequence; return True if written."""
    new = {"webhook_id": told.webhook_id, "client_id": told.client_id, "sequence": told.sequence - 1}
    row = {"attempts": 0, "delivered": 0} | new | changes
    statement = _upsert(connection.dialect.name, tuple(sorted(row)), frozenset(changes))
    return connection.execute(statement, row | {"settles": told.sequence}).first() is not None


@cache
def _upsert(dialect: str, columns: tuple[str, ...], changes: frozenset[str]) -> ReturningInsert[tuple[int]]:
    """Build the statement once: it runs for every delivery."""
    line = webhook_lines.c
    values = [bindparam(name, type_=line[name].type) for name in columns]
    row = select(*values).where(webhooks.c.id == bindparam("webhook_id"))
    statement = insert_in(dialect, webhook_lines).from_select(columns, row)
    set_: dict[str, Any] = {name: statement.excluded[name] for name in sorted(changes)}
    if "delivered" in set_:
        set_["delivered"] += line.delivered
    forwards = line.sequence < bindparam("settles", type_=BigInteger)
    upsert = statement.on_conflict_do_update(index_elements=["webhook_id", "client_id"], set_=set_, where=forwards)
    return upsert.returning(line.sequence)


def _progress(connection: Connection, webhook_id: str, client_id: ClientId) -> Progress:
    key = (webhook_lines.c.webhook_id == webhook_id) & (webhook_lines.c.client_id == client_id)
    row = connection.execute(select(webhook_lines).where(key)).mappings().first()
    return Progress(webhook_id, client_id) if row is None else Progress(**row)


def is_wanted(patterns: tuple[str, ...]) -> ColumnElement[bool]:
    """Return `actors.webhooks.definition.matches` in SQL.

    Not LIKE: SQLite's does not distinguish upper and lower case.
    """
    exact = [pattern for pattern in patterns if not pattern.endswith("*")]
    prefixes = [pattern[:-1] for pattern in patterns if pattern.endswith("*")]
    if "" in prefixes:
        return true()
    begins = [func.substr(events.c.type, 1, len(prefix)) == prefix for prefix in prefixes]
    return or_(events.c.type.in_(exact), *begins)
