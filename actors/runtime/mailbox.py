"""The inbox of an actor: a queue that can be closed, with a bound for work and the actor's timers.

* The mailbox is either open or closed for ever, and every put sees which under one lock: a message is accepted, or its
  sender learns at once why not. Nothing can slip in after the last look (in plain Pykka an ask can, and then hangs).
* Only `Work` is bounded. Facts, timers and stop are always accepted: without them the actor's state would be wrong.
* Messages and timers are delivered in the order of their times: a message that arrived before a timer was due goes
  first, however late the actor looks. So a fact that was in time always beats its deadline.

`put` takes a lock, like `queue.Queue.put`: do not call it from a signal handler or from `__del__`.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pykka import ActorDeadError
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from actors.runtime.clock import SYSTEM_CLOCK, Clock


class Refusal(Exception):
    """A negative answer. Raised in `receive`: the asker gets it, the actor lives on.

    Raise it before changing any state. Under `tell` nobody waits for it, so it is logged as a warning.
    """


class MailboxFull(Refusal):
    """The limit of waiting `Work` is reached; the message was not accepted. Try again later."""

    def __init__(self, message: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Work:
    """The base of messages that callers send, whose number in the mailbox is limited (`Actor.work_limit`)."""

    __slots__ = ()


class Reminder:
    """The base of messages that lose their meaning when the actor stops, so that they are not dead letters.

    Examples are an actor's messages to itself, and answers that it would ask for again.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Timer:
    """A future message: `due` is in monotonic seconds of the actor's clock."""

    key: Hashable
    due: float
    message: object


class Timers:
    """The timers of one actor, at most one per key, with the earliest at hand.

    Only the actor's own thread calls these methods (`earliest` may be read by any), so there is no lock. A timer waits
    here and nowhere else until the moment it is delivered: a cancelled or replaced timer is gone, even if it was
    already due. (Akka and Pekko, whose timers travel through the mailbox, need a generation for that:
    `TimerSchedulerImpl.scala`. Here the entry's identity is the generation.)
    """

    __slots__ = ("_by_key", "earliest")

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Timer] = {}
        self.earliest: Timer | None = None
        """The next to fire; of several due at one time, the first started."""

    def __iter__(self) -> Iterator[Timer]:
        return iter(list(self._by_key.values()))

    def __len__(self) -> int:
        return len(self._by_key)

    def start(self, key: Hashable, seconds: float, now: float, message: object) -> None:
        """Set the timer of this key, replacing the previous one.

        Raises ValueError unless `seconds` is finite and not negative.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"a timer needs a finite number of seconds, not negative: {seconds!r}")
        self.cancel(key)
        timer = self._by_key[key] = Timer(key, now + seconds, message)
        if self.earliest is None or timer.due < self.earliest.due:
            self.earliest = timer

    def cancel(self, key: Hashable) -> None:
        """Cancel the timer of this key, if it exists."""
        timer = self._by_key.pop(key, None)
        if timer is not None and timer is self.earliest:
            # An actor has a handful of timers: looking through them costs less than keeping a heap free of stale ones.
            self.earliest = min(self._by_key.values(), key=_due, default=None)

    def clear(self) -> None:
        self._by_key.clear()
        self.earliest = None


def _due(timer: Timer) -> float:
    return timer.due


class Mailbox:
    """The messages and timers that wait for an actor. `get` runs only in the actor's thread, the rest in any.

    `work_limit` and `clock` may be set until the actor starts.
    """

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK, work_limit: int = 1000, owner: str = "the actor") -> None:
        self.clock = clock
        self.work_limit = work_limit
        self.owner = owner
        self.timers = Timers()
        self.signal = threading.Lock()
        self.signal.acquire()
        self._lock = threading.Lock()
        self._waiting: deque[tuple[float, Envelope[Any]]] = deque()
        self._work = 0
        self._accepted = 0
        self._asleep = False
        self._closed = False

    def put(self, envelope: Envelope[Any], /) -> None:
        """Accept the envelope, or refuse it.

        A refusal raises ActorDeadError (the mailbox is closed) or MailboxFull from `tell`; under `ask` it is the
        answer.
        """
        is_work = isinstance(envelope.message, Work)
        with self._lock:
            if not self._closed and not (is_work and self._work >= self.work_limit):
                self._work += is_work
                self._accepted += 1
                self._waiting.append((self.clock.monotonic(), envelope))
                self._wake()
                return
        turn_away(envelope, self._obstacle())

    def get(self) -> Envelope[Any]:
        """Return the next message or due timer; blocks the actor's thread until one exists."""
        while True:
            with self._lock:
                # Whatever ended the sleep, start over: awake, and the signal held again.
                self._asleep = False
                self.signal.acquire(blocking=False)
                envelope = self._next()
                if envelope is not None:
                    return envelope
                self._asleep = True
            self.clock.wait(self, self._seconds_to_timer())

    def close(self) -> list[Envelope[Any]]:
        """Close the mailbox for ever and return the messages that were still waiting. Timers are dropped."""
        with self._lock:
            self._closed = True
            left = [envelope for _, envelope in self._waiting]
            self._waiting.clear()
            self._work = 0
            self.timers.clear()
        return left

    def empty(self) -> bool:
        return not self._waiting

    def depth(self) -> int:
        """Return the number of waiting messages, without timers."""
        return len(self._waiting)

    def oldest_age(self) -> float:
        """Return the age of the oldest waiting message in seconds; 0.0 if none waits."""
        with self._lock:
            return self.clock.monotonic() - self._waiting[0][0] if self._waiting else 0.0

    def messages(self) -> list[object]:
        """Return a copy of the waiting messages, oldest first."""
        with self._lock:
            return [envelope.message for _, envelope in self._waiting]

    # The clock's view of the mailbox (clock.Sleeper).

    def wake(self) -> None:
        with self._lock:
            self._wake()

    def is_idle(self) -> bool:
        with self._lock:
            return self._asleep

    def accepted(self) -> int:
        return self._accepted

    def next_due(self) -> float | None:
        timer = self.timers.earliest
        return None if timer is None else timer.due

    # The next two methods run with the lock held.

    def _wake(self) -> None:
        if self._asleep:
            self._asleep = False
            self.signal.release()

    def _next(self) -> Envelope[Any] | None:
        timer = self.timers.earliest
        if timer is not None and timer.due <= self.clock.monotonic():
            arrived_before = self._waiting and self._waiting[0][0] <= timer.due
            if not arrived_before:
                self.timers.cancel(timer.key)
                return Envelope(timer.message)
        if not self._waiting:
            return None
        _, envelope = self._waiting.popleft()
        self._work -= isinstance(envelope.message, Work)
        return envelope

    def _seconds_to_timer(self) -> float | None:
        due = self.next_due()
        return None if due is None else due - self.clock.monotonic()

    def _obstacle(self) -> Exception:
        if self._closed:
            return ActorDeadError(f"{self.owner} is dead")
        return MailboxFull(f"{self.owner} has {self.work_limit} requests waiting; try again later")


def turn_away(envelope: Envelope[Any], error: Exception) -> None:
    """Answer the asker with the error; without an asker, raise it."""
    if envelope.reply_to is None:
        raise error
    envelope.reply_to.set_exception((type(error), error, None))


def dead_letters(left: Iterable[Envelope[Any]]) -> dict[str, int]:
    """Count the messages that never reached the actor, by type. Their contents belong to the actor alone."""
    return dict(Counter(type(e.message).__name__ for e in left if not isinstance(e.message, _ActorStop | Reminder)))
