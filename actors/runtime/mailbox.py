"""The inbox of an actor: a queue with a door, a bound for work, and the actor's timers.

Rules of this file:

* The door is either open or closed, for ever, and every put sees which under one lock: a message is either taken in,
  or its sender hears at once why not. Nothing can slip in after the last look (in plain Pykka an asker can, and then
  hangs).
* Only `Work` is bounded. Facts, timers and stop always get in: refusing those would break the actor's idea of the
  world.
* Messages and timers are delivered in the order of their times: a message that arrived before a timer was due goes
  first, however late the actor comes to look. So a fact that was in time always beats the deadline it was to meet.

`put` takes a lock, like `queue.Queue.put`: do not call it from a signal handler or from `__del__`.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

from pykka import ActorDeadError
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from actors.runtime.clock import SYSTEM_CLOCK, Clock
from actors.runtime.timers import Timers

__all__ = ["Mailbox", "MailboxFull", "Refusal", "Reminder", "Work", "dead_letters", "turn_away"]


class Refusal(Exception):
    """An answer that says no. Raised in `receive`: the asker gets it, the actor lives on.

    Raise it before changing any state. Under `tell` nobody waits for it, so it is logged as a warning.
    """


class MailboxFull(Refusal):
    """As much `Work` as the mailbox takes is waiting; the message was not accepted. Try again later."""

    def __init__(self, message: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Work:
    """Marks messages that callers send, of which only so many may wait (`Actor.work_limit`)."""

    __slots__ = ()


class Reminder:
    """Marks messages that mean nothing to anybody once the actor stops, so that they are no dead letters: what it tells
    itself, and answers it has asked for and would find again.
    """

    __slots__ = ()


class Mailbox:
    """What an actor's messages and timers wait in. `get` only from the actor's thread, the rest from any.

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
        """Take the envelope in, or turn it away.

        What cannot be taken in raises ActorDeadError (the door is closed) or MailboxFull from `tell`, and answers the
        asker with it under `ask`.
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
        """The next message or due timer; blocks the actor's thread until there is one."""
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
        """Close the door for ever; returns what was still waiting. Timers are forgotten."""
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
        """How many messages wait, timers not counted."""
        return len(self._waiting)

    def oldest_age(self) -> float:
        """How long the oldest waiting message has waited, in seconds; 0.0 when none waits."""
        with self._lock:
            return self.clock.monotonic() - self._waiting[0][0] if self._waiting else 0.0

    def messages(self) -> list[object]:
        """A copy of what waits, oldest first."""
        with self._lock:
            return [envelope.message for _, envelope in self._waiting]

    # What the clock sees of us (clock.Sleeper).

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

    # The lock is held in the next two.

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
    """How many of what never reached the actor, by type: the contents are nobody's business but the actor's."""
    return dict(Counter(type(e.message).__name__ for e in left if not isinstance(e.message, _ActorStop | Reminder)))
