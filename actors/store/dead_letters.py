"""What was given up: read, delivered again, forgotten.

A dead letter keeps the body as it was sent: the event itself may be gone before anyone looks. A replay is a letter
marked to be delivered again, with attempts of its own; it goes when the target has it, and is a mere letter again when
that fails.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, delete, select, update

from actors.clients.types import ClientId, Seconds
from actors.runtime import Work
from actors.store.message import Read, Write
from actors.store.webhook_schema import dead_letters


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: given up after `attempts`, at `at`, and why. While `replay_at` is set it is delivered again."""

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
    """Deliver these dead letters again, or all of the webhook where `letters` is empty. Answers how many."""

    webhook_id: str
    at: Seconds
    letters: tuple[int, ...] = ()

    def run(self, connection: Connection) -> int:
        chosen = update(dead_letters).where(*_chosen(self), dead_letters.c.replay_at.is_(None))
        return connection.execute(chosen.values(replay_at=self.at, next_at=self.at, attempts=0)).rowcount


@dataclass(frozen=True, slots=True)
class DeleteDeadLetters(Write[int], Work):
    """Forget these dead letters, or all of the webhook where `letters` is empty. Answers how many."""

    webhook_id: str
    letters: tuple[int, ...] = ()

    def run(self, connection: Connection) -> int:
        return connection.execute(delete(dead_letters).where(*_chosen(self))).rowcount


@dataclass(frozen=True, slots=True)
class PruneDeadLetters(Write[int]):
    """Forget those from before an instant, but none that is being replayed. Answers how many."""

    before: Seconds

    def run(self, connection: Connection) -> int:
        old = (dead_letters.c.at < self.before) & dead_letters.c.replay_at.is_(None)
        return connection.execute(delete(dead_letters).where(old)).rowcount


@dataclass(frozen=True, slots=True)
class RecordReplayed(Write[None]):
    """The target has the dead letter now."""

    letter: int

    def run(self, connection: Connection) -> None:
        connection.execute(delete(dead_letters).where(dead_letters.c.id == self.letter))


@dataclass(frozen=True, slots=True)
class RecordReplayRetry(Write[None]):
    """A replay failed: the next attempt is due at `next_at`, or none will be made where that is None."""

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
    """The first `limit` dead letters after the id `after`, oldest first; of one webhook or all, one client or all."""

    webhook_id: str | None = None
    client_id: ClientId | None = None
    after: int = 0
    limit: int = 100

    def run(self, connection: Connection) -> tuple[Letter, ...]:
        query = select(dead_letters).where(dead_letters.c.id > self.after)
        if self.webhook_id is not None:
            query = query.where(dead_letters.c.webhook_id == self.webhook_id)
        if self.client_id is not None:
            query = query.where(dead_letters.c.client_id == self.client_id)
        return _read(connection, query.order_by(dead_letters.c.id).limit(self.limit))


def replays_of(connection: Connection, webhook_id: str, client_id: ClientId, limit: int) -> tuple[Letter, ...]:
    """The letters of a line that are being delivered again, those first whose turn is first."""
    of_line = (dead_letters.c.webhook_id == webhook_id) & (dead_letters.c.client_id == client_id)
    replayed = select(dead_letters).where(of_line, dead_letters.c.replay_at.is_not(None))
    return _read(connection, replayed.order_by(dead_letters.c.next_at, dead_letters.c.id).limit(limit))


def _chosen(message: ReplayDeadLetters | DeleteDeadLetters) -> list[ColumnElement[bool]]:
    of_webhook = dead_letters.c.webhook_id == message.webhook_id
    return [of_webhook, dead_letters.c.id.in_(message.letters)] if message.letters else [of_webhook]


def _read(connection: Connection, query: Select[tuple[object, ...]]) -> tuple[Letter, ...]:
    return tuple(Letter(**row) for row in connection.execute(query).mappings())
