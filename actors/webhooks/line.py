"""What the sender remembers of one line (one webhook, one client), and what it has to do next.

Rules of this file: pure; a cache of what the store knows, so whatever is in doubt is read again (`behind`). Events that
come while the line is not behind are queued as they come and need no read; past `QUEUE_LIMIT` they stay in the store.
All instants are of the sender's own clock (`instants`).
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto

from actors.clients.types import ClientId, Seconds
from actors.store.dead_letters import Letter
from actors.store.deliveries import Due
from actors.store.events import Event

__all__ = ["Job", "LineState", "Read", "Step", "body_of"]

QUEUE_LIMIT = 200


class Step(Enum):
    """Where a line is in its turn."""

    IDLE = auto()
    WAITING = auto()
    READING = auto()
    POSTING = auto()
    RECORDING = auto()


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to deliver: an event, or a dead letter to be replayed. `failures` attempts at it have failed."""

    event_id: str
    event_type: str
    body: bytes
    failures: int
    failing_since: Seconds | None
    """When the first attempt failed after the last that did not; a replay counts by itself, from when it was wanted."""
    sequence: int = 0
    letter: int | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """The store is to be asked first."""


@dataclass(slots=True)
class LineState:
    """One line."""

    webhook_id: str
    client_id: ClientId
    step: Step = Step.IDLE
    behind: bool = True
    """There may be more in the store than is known here."""
    reading: int = 0
    """Counts what makes a read under way useless."""
    read_to: int = 0
    failures: int = 0
    next_at: Seconds = 0.0
    failing_since: Seconds | None = None
    rests_until: Seconds | None = None
    """The instant at which the sender will look again."""
    events: deque[Event] = field(default_factory=deque)
    replays: list[Letter] = field(default_factory=list)
    job: Job | None = None

    def offer(self, event: Event, *, wanted: bool) -> None:
        """Take the newest event of the client."""
        if self.behind or self.step is Step.READING or len(self.events) >= QUEUE_LIMIT:
            self.behind = True
        elif event.sequence > self.read_to:
            self.read_to = event.sequence
            if wanted:
                self.events.append(event)

    def forget(self) -> None:
        """Something was changed in the store: read it again."""
        self.behind = True
        self.reading += 1
        self.events.clear()
        self.replays.clear()

    def begin_reading(self) -> int:
        """A read is ordered; what comes meanwhile makes the line `behind` again."""
        self.step, self.behind = Step.READING, False
        return self.reading

    def take(self, due: Due) -> None:
        """What the store said, its instants made the sender's own."""
        self.events = deque(due.events)
        self.replays = list(due.replays)
        self.read_to = due.read_to
        self.failures, self.failing_since = due.line.attempts, due.line.failing_since
        self.next_at = due.line.next_at or 0.0
        self.behind = self.behind or due.more

    def next(self, now: Seconds) -> Job | Read | Seconds | None:
        """The next thing to do: a job, a read, nothing before an instant, or nothing at all."""
        replay = min(self.replays, key=lambda letter: letter.next_at or 0.0, default=None)
        if replay is not None and (replay.next_at or 0.0) <= now:
            return _replay(replay)
        if self.behind and not self.events:
            return Read()
        if self.events and self.next_at <= now:
            return _delivery(self.events[0], self.failures, self.failing_since)
        rests = [self.next_at] if self.events else []
        return min([*rests, *([replay.next_at or 0.0] if replay else [])], default=None)

    def settled(self, job: Job, failing_since: Seconds | None) -> None:
        """The job is done with, one way or the other."""
        if job.letter is not None:
            self.replays = [letter for letter in self.replays if letter.id != job.letter]
            self.behind = self.behind or not self.replays
        else:
            self._drop(job)
            self.failures, self.next_at, self.failing_since = 0, 0.0, failing_since

    def rest(self, job: Job, until: Seconds, failing_since: Seconds | None) -> None:
        """The job has failed once more, and is to be tried again."""
        if job.letter is not None:
            self.forget()
        else:
            self.failures, self.next_at, self.failing_since = job.failures + 1, until, failing_since

    def _drop(self, job: Job) -> None:
        # The queue may have been read again while the job was under way.
        if self.events and self.events[0].id == job.event_id:
            self.events.popleft()


def body_of(event: Event) -> bytes:
    """The body of a delivery: the same bytes whenever it is made. ASCII JSON; `at` is ISO 8601, UTC."""
    told = {
        "id": event.id,
        "type": event.type,
        "cliente_id": event.client_id,
        "sequence": event.sequence,
        "at": datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "payload": event.payload,
    }
    return json.dumps(told, separators=(",", ":")).encode()


def _delivery(event: Event, failures: int, failing_since: Seconds | None) -> Job:
    return Job(event.id, event.type, body_of(event), failures, failing_since, event.sequence)


def _replay(letter: Letter) -> Job:
    body = letter.body.encode()
    return Job(letter.event_id, letter.event_type, body, letter.attempts, letter.replay_at, letter=letter.id)
