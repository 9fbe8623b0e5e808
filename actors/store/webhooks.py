"""Webhooks, their progress with each client, and the dead letters.

* A webhook gets events from its creation on, and a client's events only from the moment it includes that client: its
  progress begins at the client's sequence of that moment. Changes go through the sender
  (`actors.webhooks.sender.Change`), which passes them to the store and acts on them.
* Pending deliveries have no rows. `Progress` holds the sequence up to which all is settled; the events after it are the
  queue. So an event needs no second write to become due, a crash leaves nothing half queued, and settling an event
  (delivered; or dead, with its letter in the same transaction) is one row. An event that was sent and not yet settled
  when the process ended is sent again, under the same id: at least once, in order.
* A dead letter keeps the body as it was sent: the event itself may be deleted before anyone looks. A replay is a letter
  marked to be delivered again, with attempts of its own; it is deleted once the target has it, and is a mere letter
  again when that fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert

from actors.clients.types import ClientId, Seconds
from actors.runtime import Refusal, Work
from actors.store.database import insert, insert_in
from actors.store.events import TOLD, Event, erasure_of, event_of
from actors.store.requests import Read, Write
from actors.store.rows.unreadable import complain, list_in
from actors.store.schema import dead_letters, event_counts, events, webhook_lines, webhooks


class NoSuchWebhook(Refusal):
    """No webhook has this id."""

    def __init__(self, id: str) -> None:
        super().__init__(f"There is no webhook {id}")


class WebhookExists(Refusal):
    """A webhook with this id exists, or one that sends the same events to the same URL in another manner."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook. No `clients` means all of them; a `retry_…` of None is the operator's default.

    `secret` and `headers` hold secrets: they are not in the repr, and are shown masked
    (`actors.webhooks.definition.shown`). `format` names the form of its bodies, and of the names in `events`
    (`actors.webhooks.delivery_queue.FORMATS`).
    """

    id: str
    url: str
    created_at: Seconds
    updated_at: Seconds
    events: tuple[str, ...] = ("*",)
    clients: tuple[ClientId, ...] = ()
    secret: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    retry_growth: str | None = None
    retry_delay: Seconds | None = None
    retry_attempts: int | None = None
    active: bool = True
    format: str = "native"
    key_id: str | None = None

    @property
    def subject(self) -> tuple[object, ...]:
        """The events it sends, and their target: two webhooks with the same would send every event twice."""
        return self.url, frozenset(self.events), self.clients, self.format

    def wants_client(self, client_id: ClientId) -> bool:
        """Return True if events of this client are for this webhook."""
        return not self.clients or client_id in self.clients


@dataclass(frozen=True, slots=True)
class CreateWebhook(Write[Webhook], Work):
    """Create a webhook, which gets events from now on.

    Answers it; with `once`, the one that is the same but for its id, its times and a secret that was `drawn`, where
    there is one. Refuses WebhookExists. Check it first (`definition`).
    """

    webhook: Webhook
    once: bool = False
    drawn: bool = False

    def run(self, connection: Connection) -> Webhook:
        for known in GetWebhooks().run(connection) if self.once else ():
            if known.subject == self.webhook.subject and known.id != self.webhook.id:
                return self._same(known)
        row = {column.name: getattr(self.webhook, column.name) for column in webhooks.columns}
        statement = insert(connection, webhooks).values(row).on_conflict_do_nothing()
        if connection.execute(statement.returning(webhooks.c.id)).first() is None:
            raise WebhookExists(f"There is a webhook {self.webhook.id} already")
        _begin_now(connection, self.webhook.id, before=None)
        return GetWebhook(self.webhook.id).run(connection)

    def _same(self, known: Webhook) -> Webhook:
        """Return the webhook that is there already. Raises WebhookExists if it is not wholly the same."""
        secret = known.secret if self.drawn else self.webhook.secret
        wanted = replace(self.webhook, secret=secret, events=known.events)
        own = {name: getattr(known, name) for name in ("id", "created_at", "updated_at", "key_id")}
        if replace(wanted, **own) != known:
            raise WebhookExists(f"Webhook {known.id} sends these events to this URL already: change that one")
        return known


@dataclass(frozen=True, slots=True)
class ChangeWebhook(Write[Webhook], Work):
    """Change some fields of a webhook. Answers the result; refuses NoSuchWebhook.

    Undelivered events follow the new fields, are due at once, and have a whole budget of retries. A webhook that is not
    `active` gets its events once it is again.
    """

    id: str
    changes: Mapping[str, Any] = field(repr=False)
    at: Seconds
    key_id: str | None = None

    def run(self, connection: Connection) -> Webhook:
        before = GetWebhook(self.id).run(connection)
        changes = {name: value for name, value in self.changes.items() if name in _CHANGEABLE}
        of_id = update(webhooks).where(webhooks.c.id == self.id)
        connection.execute(of_id.values(changes | {"updated_at": self.at, "key_id": self.key_id}))
        _begin_now(connection, self.id, before)
        of_webhook = update(webhook_lines).where(webhook_lines.c.webhook_id == self.id)
        connection.execute(of_webhook.values(attempts=0, next_at=None, failing_since=None))
        return GetWebhook(self.id).run(connection)


@dataclass(frozen=True, slots=True)
class DeleteWebhook(Write[None], Work):
    """Delete a webhook, its pending deliveries, and its dead letters. Refuses NoSuchWebhook."""

    id: str

    def run(self, connection: Connection) -> None:
        if connection.execute(delete(webhooks).where(webhooks.c.id == self.id)).rowcount == 0:
            raise NoSuchWebhook(self.id)


@dataclass(frozen=True, slots=True)
class GetWebhook(Read[Webhook]):
    """Read one webhook; refuses NoSuchWebhook."""

    id: str

    def run(self, connection: Connection) -> Webhook:
        row = connection.execute(select(webhooks).where(webhooks.c.id == self.id)).mappings().first()
        if row is None:
            raise NoSuchWebhook(self.id)
        return _webhook(row)


@dataclass(frozen=True, slots=True)
class GetWebhooks(Read[tuple[Webhook, ...]]):
    """Read all webhooks, oldest first."""

    def run(self, connection: Connection) -> tuple[Webhook, ...]:
        rows = connection.execute(select(webhooks).order_by(webhooks.c.created_at, webhooks.c.id))
        return tuple(map(_webhook, rows.mappings()))


_CHANGEABLE = frozenset(f.name for f in fields(Webhook)) - {"id", "created_at", "updated_at"}


def _begin_now(connection: Connection, id: str, before: Webhook | None) -> None:
    """Start the webhook's progress at the present sequences of the clients it did not include before."""
    now = GetWebhook(id).run(connection)
    rows = [
        {"webhook_id": id, "client_id": client_id, "sequence": sequence, "attempts": 0, "delivered": 0}
        for client_id, sequence in connection.execute(select(event_counts.c.client_id, event_counts.c.sequence))
        if now.wants_client(client_id) and (before is None or not before.wants_client(client_id))
    ]
    if rows:
        statement = insert(connection, webhook_lines)
        restart = {"sequence": statement.excluded.sequence, "attempts": 0, "next_at": None}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["webhook_id", "client_id"], set_=restart), rows
        )


def _webhook(row: RowMapping) -> Webhook:
    """Return the webhook of a row. One that cannot be read whole is switched off: its owner may change or delete it."""
    events, clients, headers = (list_in(row[name]) for name in ("events", "clients", "headers"))
    pairs = tuple((str(pair[0]), str(pair[1])) for pair in headers or () if isinstance(pair, list) and len(pair) == 2)
    whole = None not in (events, clients, headers) and len(pairs) == len(headers or ())
    if not whole:
        complain("webhooks", row["id"])
    listed = {"events": tuple(events or ()), "clients": tuple(clients or ()), "headers": pairs}
    return Webhook(**{**row, **listed, "active": row["active"] and whole})


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


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: given up after `attempts`, at `at`, with its reason.

    While `replay_at` is set it is delivered again.
    """

    id: int
    webhook_id: str
    client_id: ClientId
    event_id: str
    event_type: str
    body: str
    attempts: int
    why: str
    status: int | None
    at: Seconds
    replay_at: Seconds | None = None
    next_at: Seconds | None = None


@dataclass(frozen=True, slots=True)
class ReplayDeadLetters(Write[int], Work):
    """Deliver these dead letters again, or all of the webhook if `letters` is empty. Answers their number.

    Only those of `clients`; None for all.
    """

    webhook_id: str
    at: Seconds
    letters: tuple[int, ...] = ()
    clients: frozenset[ClientId] | None = None

    def run(self, connection: Connection) -> int:
        chosen = update(dead_letters).where(*_chosen(self), dead_letters.c.replay_at.is_(None))
        return connection.execute(chosen.values(replay_at=self.at, next_at=self.at, attempts=0)).rowcount


@dataclass(frozen=True, slots=True)
class DeleteDeadLetters(Write[int], Work):
    """Delete these dead letters, or all of the webhook if `letters` is empty. Answers their number.

    Only those of `clients`; None for all.
    """

    webhook_id: str
    letters: tuple[int, ...] = ()
    clients: frozenset[ClientId] | None = None

    def run(self, connection: Connection) -> int:
        return connection.execute(delete(dead_letters).where(*_chosen(self))).rowcount


@dataclass(frozen=True, slots=True)
class PruneDeadLetters(Write[int]):
    """Delete dead letters older than an instant, and the oldest beyond `keep`, except those being replayed.

    Answers their number.
    """

    before: Seconds
    keep: int = 100_000

    def run(self, connection: Connection) -> int:
        newest = select(dead_letters.c.id).order_by(dead_letters.c.id.desc()).offset(self.keep).limit(1)
        beyond = dead_letters.c.id <= newest.scalar_subquery()
        old = ((dead_letters.c.at < self.before) | beyond) & dead_letters.c.replay_at.is_(None)
        return connection.execute(delete(dead_letters).where(old)).rowcount


@dataclass(frozen=True, slots=True)
class RecordReplayed(Write[None]):
    """Delete a dead letter that its target has received."""

    letter: int

    def run(self, connection: Connection) -> None:
        connection.execute(delete(dead_letters).where(dead_letters.c.id == self.letter))


@dataclass(frozen=True, slots=True)
class RecordReplayRetry(Write[None]):
    """Record a failed replay: the next attempt is due at `next_at`, or there is none if that is None."""

    letter: int
    attempts: int
    next_at: Seconds | None
    why: str
    status: int | None

    def run(self, connection: Connection) -> None:
        changes: dict[str, object] = {name: getattr(self, name) for name in ("attempts", "next_at", "why", "status")}
        if self.next_at is None:
            changes["replay_at"] = None
        connection.execute(update(dead_letters).where(dead_letters.c.id == self.letter).values(changes))


@dataclass(frozen=True, slots=True)
class GetDeadLetters(Read[tuple[Letter, ...]]):
    """Read the first `limit` dead letters after the id `after`, oldest first; of one webhook and client, or of all.

    Only those of `clients`; None for all.
    """

    webhook_id: str | None = None
    client_id: ClientId | None = None
    after: int = 0
    limit: int = 100
    clients: frozenset[ClientId] | None = None

    def run(self, connection: Connection) -> tuple[Letter, ...]:
        query = select(dead_letters).where(dead_letters.c.id > self.after, *_of_clients(self.clients))
        if self.webhook_id is not None:
            query = query.where(dead_letters.c.webhook_id == self.webhook_id)
        if self.client_id is not None:
            query = query.where(dead_letters.c.client_id == self.client_id)
        return _read(connection, query.order_by(dead_letters.c.id).limit(self.limit))


def replays_of(connection: Connection, webhook_id: str, client_id: ClientId, limit: int) -> tuple[Letter, ...]:
    """Return the letters of a webhook and client that are being delivered again, the next due first."""
    of_line = (dead_letters.c.webhook_id == webhook_id) & (dead_letters.c.client_id == client_id)
    replayed = select(dead_letters).where(of_line, dead_letters.c.replay_at.is_not(None))
    return _read(connection, replayed.order_by(dead_letters.c.next_at, dead_letters.c.id).limit(limit))


def _chosen(message: ReplayDeadLetters | DeleteDeadLetters) -> list[ColumnElement[bool]]:
    chosen = [dead_letters.c.webhook_id == message.webhook_id, *_of_clients(message.clients)]
    return [*chosen, dead_letters.c.id.in_(message.letters)] if message.letters else chosen


def _of_clients(clients: frozenset[ClientId] | None) -> list[ColumnElement[bool]]:
    return [] if clients is None else [dead_letters.c.client_id.in_(sorted(clients))]


def _read(connection: Connection, query: Select[tuple[object, ...]]) -> tuple[Letter, ...]:
    return tuple(Letter(**row) for row in connection.execute(query).mappings())
