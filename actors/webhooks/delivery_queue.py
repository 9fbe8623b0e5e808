"""The queue of deliveries: a cursor for each webhook and client, their turns, and the limits of parallel attempts.

Pure, one thread; it decides the next step and takes none.

* `Cursor` is a cache of the store's data on one webhook and one client; doubtful data is read again (`behind`). Events
  that come while it is not behind are queued as they come; past `QUEUE_LIMIT` they stay in the store.
* `Slots` limits attempts. A dead target must not delay the others: one webhook has at most half of its host's limit; a
  webhook whose last attempt ran into a timeout is `doubtful`, has one attempt at a time, and all the doubtful together
  have at most half of the total. Turns go round the webhooks, within one in the order of asking.
* There are two clocks: the host's (epoch seconds), which somebody may set, is used on disk and towards others; the
  sender's own, which nobody sets, is used for every wait here. `made_own`, `of_host`, `own_due` convert.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Generic, TypeVar

import httpx2

from actors.clients.types import ClientId, Seconds
from actors.runtime import Clock
from actors.store.events import Event
from actors.store.webhooks import Due, Letter, Webhook
from actors.webhooks.bodies import Bodies, body_of
from actors.webhooks.definition import policy_of
from actors.webhooks.protocol import Key, Sending
from actors.webhooks.schedule import RetryPolicy

L = TypeVar("L", bound=Hashable)
"""The name of a cursor."""


@dataclass(slots=True)
class _Queue(Generic[L]):
    host: str
    waiting: deque[L] = field(default_factory=deque)


class Slots(Generic[L]):
    """The limits of attempts. A cursor asks, gets its turn from `turns`, and gives it back."""

    def __init__(self, total: int = 128, per_host: int = 16) -> None:
        if not 1 <= per_host <= total:
            raise ValueError(f"1 <= per_host <= total is needed, not {per_host} and {total}")
        self._total, self._per_host = total, per_host
        self._queues: OrderedDict[str, _Queue[L]] = OrderedDict()
        self._held: dict[L, tuple[str, str]] = {}
        self._of_webhook: Counter[str] = Counter()
        self._of_host: Counter[str] = Counter()
        self._doubtful: set[str] = set()

    @property
    def running(self) -> int:
        """The number of attempts in progress."""
        return len(self._held)

    @property
    def waiting(self) -> int:
        """The number of cursors that wait for their turn."""
        return sum(len(queue.waiting) for queue in self._queues.values())

    def ask(self, cursor: L, webhook: str, host: str) -> None:
        """Queue up. A cursor asks once until it has given its turn back."""
        queue = self._queues.setdefault(webhook, _Queue(host))
        queue.host = host
        queue.waiting.append(cursor)

    def turns(self) -> Iterator[L]:
        """Yield the cursors whose turn it is now."""
        progress = True
        while progress and self.running < self._total:
            progress = False
            for webhook in list(self._queues):
                if webhook in self._queues and self._may_go(webhook):
                    progress = True
                    yield self._go(webhook)

    def give_back(self, cursor: L, *, slow: bool | None = None) -> None:
        """End a turn. `slow`: the attempt ran into a timeout; None if there was no attempt."""
        webhook, host = self._held.pop(cursor)
        for counter, key in ((self._of_webhook, webhook), (self._of_host, host)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
        if slow is not None:
            (self._doubtful.add if slow else self._doubtful.discard)(webhook)

    def _may_go(self, webhook: str) -> bool:
        host, mine = self._queues[webhook].host, self._of_webhook[webhook]
        if self.running >= self._total or self._of_host[host] >= self._per_host:
            return False
        if webhook not in self._doubtful:
            return mine < max(1, self._per_host // 2)
        others = sum(self._of_webhook[doubtful] for doubtful in self._doubtful)
        return mine == 0 and others < max(1, self._total // 2)

    def _go(self, webhook: str) -> L:
        queue = self._queues[webhook]
        cursor = queue.waiting.popleft()
        self._held[cursor] = (webhook, queue.host)
        self._of_webhook[webhook] += 1
        self._of_host[queue.host] += 1
        self._queues.move_to_end(webhook)
        if not queue.waiting:
            del self._queues[webhook]
        return cursor


QUEUE_LIMIT = 200


class Phase(Enum):
    """The phase of a cursor's turn."""

    IDLE = auto()
    WAITING = auto()
    READING = auto()
    POSTING = auto()
    RECORDING = auto()


@dataclass(frozen=True, slots=True)
class Job:
    """A delivery to make: an event, or a dead letter to be replayed. `failures` attempts at it have failed.

    Without a `body` there is nothing to send: the webhook does not want the event after all.
    """

    event_id: str
    event_type: str
    body: bytes | None
    failures: int
    failing_since: Seconds | None
    """The time of the first failure after the last success; a replay counts by itself, from its request."""
    sequence: int = 0
    letter: int | None = None


@dataclass(frozen=True, slots=True)
class ReadDue:
    """A request to read the store first."""


@dataclass(slots=True)
class Cursor:
    """The deliveries of one webhook and one client."""

    webhook_id: str
    client_id: ClientId
    phase: Phase = Phase.IDLE
    behind: bool = True
    """The store may have more events than this cursor."""
    reading: int = 0
    """A counter of changes that make a read in progress useless."""
    read_to: int = 0
    failures: int = 0
    next_at: Seconds = 0.0
    failing_since: Seconds | None = None
    rests_until: Seconds | None = None
    """The instant at which the sender looks again."""
    events: deque[Event] = field(default_factory=deque)
    replays: list[Letter] = field(default_factory=list)
    job: Job | None = None
    render: Callable[[Event], bytes | None] = body_of

    def offer(self, event: Event, *, wanted: bool) -> None:
        """Take the newest event of the client."""
        if self.behind or self.phase is Phase.READING or len(self.events) >= QUEUE_LIMIT:
            self.behind = True
        elif event.sequence > self.read_to:
            self.read_to = event.sequence
            if wanted:
                self.events.append(event)

    def forget(self) -> None:
        """Read the store again, because it changed."""
        self.behind = True
        self.reading += 1
        self.events.clear()
        self.replays.clear()

    def begin_reading(self) -> int:
        """Begin a read; events that come meanwhile make the cursor `behind` again."""
        self.phase, self.behind = Phase.READING, False
        return self.reading

    def take(self, due: Due) -> None:
        """Take the store's answer, with its instants converted to the sender's clock."""
        self.events = deque(due.events)
        self.replays = list(due.replays)
        self.read_to = due.read_to
        self.failures, self.failing_since = due.progress.attempts, due.progress.failing_since
        self.next_at = due.progress.next_at or 0.0
        self.behind = self.behind or due.more

    def next(self, now: Seconds) -> Job | ReadDue | Seconds | None:
        """Return the next step: a job, a read, an instant to wait for, or None."""
        replay = min(self.replays, key=lambda letter: letter.next_at or 0.0, default=None)
        if replay is not None and (replay.next_at or 0.0) <= now:
            return _replay(replay)
        if self.behind and not self.events:
            return ReadDue()
        if self.events and self.next_at <= now:
            event = self.events[0]
            return Job(event.id, event.type, self.render(event), self.failures, self.failing_since, event.sequence)
        rests = [self.next_at] if self.events else []
        return min([*rests, *([replay.next_at or 0.0] if replay else [])], default=None)

    def settled(self, job: Job, failing_since: Seconds | None) -> None:
        """Finish the job, delivered or dead."""
        if job.letter is not None:
            self.replays = [letter for letter in self.replays if letter.id != job.letter]
            self.behind = self.behind or not self.replays
        else:
            self._drop(job)
            self.failures, self.next_at, self.failing_since = 0, 0.0, failing_since

    def rest(self, job: Job, until: Seconds, failing_since: Seconds | None) -> None:
        """Rest until the job, which has failed once more, is tried again."""
        if job.letter is not None:
            self.forget()
        else:
            self.failures, self.next_at, self.failing_since = job.failures + 1, until, failing_since

    def _drop(self, job: Job) -> None:
        # The queue may have been read again while the job ran.
        if self.events and self.events[0].id == job.event_id:
            self.events.popleft()


def _replay(letter: Letter) -> Job:
    body = letter.body.encode()
    return Job(letter.event_id, letter.event_type, body, letter.attempts, letter.replay_at, letter=letter.id)


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook, the host that its attempts go to, and its retry policy."""

    webhook: Webhook
    host: str
    policy: RetryPolicy

    @classmethod
    def of(cls, webhook: Webhook, default: RetryPolicy) -> Target:
        """Return the target, with the operator's policy unless its owner set another."""
        url = httpx2.URL(webhook.url)
        return cls(webhook, f"{url.host}:{url.port or url.scheme}", policy_of(webhook, default))

    def wants(self, client_id: ClientId) -> bool:
        """Return True if events of this client are delivered now."""
        return self.webhook.active and self.webhook.wants_client(client_id)


class DeliveryQueue:
    """All cursors. `time` gives seconds by a clock that nobody sets; `slots` limit the turns at one time."""

    def __init__(self, time: Callable[[], Seconds], slots: Slots[Key], bodies: Bodies | None = None) -> None:
        self._time, self._slots, self._bodies = time, slots, bodies or Bodies()
        self._targets: dict[str, Target] = {}
        self._queue: dict[Key, Cursor] = {}
        self._resting: list[tuple[Seconds, Key]] = []

    @property
    def sending(self) -> Sending:
        """The numbers of cursors that have a turn, wait for a turn, and rest."""
        return Sending(self._slots.running, self._slots.waiting, len(self._resting))

    @property
    def next_rest(self) -> Seconds | None:
        """The instant at which the first resting cursor is due."""
        return self._resting[0][0] if self._resting else None

    def get(self, key: Key) -> Cursor | None:
        """Return a cursor, None if unknown."""
        return self._queue.get(key)

    def target(self, key: Key) -> Target:
        """Return the target of a known cursor."""
        return self._targets[key[0]]

    # Events to deliver.

    def retarget(self, targets: Mapping[str, Target], due: Iterable[Key], clients: Iterable[ClientId]) -> None:
        """Replace the webhooks. The cursors in `due`, and those of these clients, read again."""
        before, self._targets = self._targets, dict(targets)
        self._queue = {key: cursor for key, cursor in self._queue.items() if key[0] in self._targets}
        for key, cursor in self._queue.items():
            if before.get(key[0]) != self._targets[key[0]]:
                cursor.forget()
        for key in {*due, *self._keys_of(clients)}:
            cursor = self._line(key)
            cursor.forget()
            self._wake(key, cursor)

    def offer(self, event: Event) -> None:
        """Take the newest event of a client, for every webhook that includes it."""
        for id, target in self._targets.items():
            if target.wants(event.client_id):
                self._offer((id, event.client_id), target.webhook, event)

    def wake_rested(self) -> None:
        """Let cursors that have rested ask for their turn."""
        while self._resting and self._resting[0][0] <= self._time():
            _, key = heapq.heappop(self._resting)
            if (cursor := self._queue.get(key)) is not None:
                cursor.rests_until = None
                self._wake(key, cursor)

    # Turns.

    def turns(self) -> Iterator[tuple[Key, Job | ReadDue]]:
        """Yield the cursors whose turn it is and that have work, with that work."""
        for key in self._slots.turns():
            todo = self.todo(key)
            if todo is None:
                self.end_turn(key)
            else:
                yield key, todo

    def todo(self, key: Key) -> Job | ReadDue | None:
        """Return the next work of a cursor that has its turn."""
        cursor = self._queue.get(key)
        todo = cursor.next(self._time()) if cursor is not None and self._is_wanted(key) else None
        return todo if isinstance(todo, Job | ReadDue) else None

    def end_turn(self, key: Key, *, slow: bool | None = None) -> None:
        """End the turn; the cursor may ask for another. `slow`: see Slots.give_back."""
        self._slots.give_back(key, slow=slow)
        if (cursor := self._queue.get(key)) is not None:
            cursor.phase, cursor.job = Phase.IDLE, None
            self._wake(key, cursor)

    def put_off(self, key: Key, until: Seconds) -> None:
        """End the turn without a result: the cursor reads again, not before this instant."""
        self._slots.give_back(key)
        if (cursor := self._queue.get(key)) is not None:
            cursor.forget()
            cursor.phase = Phase.IDLE
            self._rest(key, cursor, until)

    def _offer(self, key: Key, webhook: Webhook, event: Event) -> None:
        wanted = self._bodies.of(webhook, event) is not None
        cursor = self._line(key) if wanted else self._queue.get(key)
        if cursor is not None:
            cursor.offer(event, wanted=wanted)
        if cursor is not None and wanted:
            self._wake(key, cursor)

    def _keys_of(self, clients: Iterable[ClientId]) -> Iterator[Key]:
        keys = ((id, client_id) for client_id in clients for id in self._targets)
        return (key for key in keys if self._is_wanted(key))

    def _line(self, key: Key) -> Cursor:
        return self._queue.setdefault(key, Cursor(*key, render=lambda event: self._render(key, event)))

    def _render(self, key: Key, event: Event) -> bytes | None:
        return self._bodies.of(self._targets[key[0]].webhook, event)

    def _is_wanted(self, key: Key) -> bool:
        target = self._targets.get(key[0])
        return target is not None and target.wants(key[1])

    def _wake(self, key: Key, cursor: Cursor) -> None:
        if cursor.phase is not Phase.IDLE or not self._is_wanted(key):
            return
        match cursor.next(self._time()):
            case float() as until:
                self._rest(key, cursor, until)
            case Job() | ReadDue():
                cursor.phase = Phase.WAITING
                self._slots.ask(key, key[0], self._targets[key[0]].host)
            case None:
                pass

    def _rest(self, key: Key, cursor: Cursor, until: Seconds) -> None:
        if cursor.rests_until is None or until < cursor.rests_until:
            cursor.rests_until = until
            heapq.heappush(self._resting, (until, key))


def made_own(clock: Clock, instant: Seconds | None) -> Seconds | None:
    """Convert an instant of the host's clock, as it is set now, to the sender's own."""
    return None if instant is None else instant + _apart(clock)


def of_host(clock: Clock, job: Job) -> Job:
    """Return the job with the instants of the host's clock, for the disk."""
    since = job.failing_since
    return job if since is None else replace(job, failing_since=since - _apart(clock))


def own_due(clock: Clock, due: Due, longest: Seconds) -> Due:
    """Convert the instants of a read.

    The host's clock may have been set back since the write: no rest is above `longest`.
    """
    apart, latest = _apart(clock), clock.monotonic() + longest  # Computed once: jobs due at one instant stay together.

    def own(instant: Seconds | None) -> Seconds | None:
        return None if instant is None else min(instant + apart, latest)

    progress = replace(due.progress, next_at=own(due.progress.next_at), failing_since=own(due.progress.failing_since))
    replays = (replace(letter, next_at=own(letter.next_at), replay_at=own(letter.replay_at)) for letter in due.replays)
    return replace(due, progress=progress, replays=tuple(replays))


def _apart(clock: Clock) -> Seconds:
    return clock.monotonic() - clock.time()
