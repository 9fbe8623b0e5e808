"""The dead letters: events that were given up, and their replays.

A dead letter keeps the body as it was sent: the event itself may be deleted before anyone looks. A replay is a letter
marked to be delivered again, with attempts of its own; it is deleted once the target has it, and is a mere letter
again when that fails.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, delete, select, update

from actors.clients.types import ClientId, Seconds
from actors.runtime import Work
from actors.store.requests import Read, Write
from actors.store.schema import dead_letters


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
