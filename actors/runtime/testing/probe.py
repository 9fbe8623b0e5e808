"""A ref that records its messages, for a test to wait on.

It has no thread: an actor's message is recorded in that actor's thread, before its `tell` returns.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast, overload

from pykka import ActorRef
from pykka._envelope import Envelope

from actors.runtime.actor import Actor
from actors.runtime.reply import Reply

__all__ = ["NothingReceived", "Probe", "ProbeRef", "Received"]

M = TypeVar("M")


class NothingReceived(AssertionError):
    """No matching message reached the probe in time."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message that reached a probe. Under `ask`, `reply` is the asker's future; answer it with `set` or `fail`."""

    message: object
    reply: Reply[Any] | None


class _Records:
    """The inbox of a probe."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.all: list[Received] = []

    def put(self, envelope: Envelope[Any], /) -> None:
        with self.changed:
            self.all.append(Received(envelope.message, cast("Reply[Any] | None", envelope.reply_to)))
            self.changed.notify_all()

    def get(self) -> Envelope[Any]:
        raise NotImplementedError("a probe never runs")

    def empty(self) -> bool:
        return not self.all


class ProbeRef(ActorRef[Actor]):
    """A true Pykka ref, behind which a probe records."""

    def __init__(self, name: str, records: _Records) -> None:
        self._actor = Actor.unstarted(name=name)  # The ref holds it weakly, and asks only for its class and urn.
        super().__init__(self._actor)
        self.actor_inbox = records


class Probe:
    """A recorder of messages.

    Pass on its `ref`, then `expect` the next matching message. Expected messages are not seen again.
    """

    def __init__(self, name: str = "probe") -> None:
        self._records = _Records()
        self._seen: set[int] = set()
        self.ref: ActorRef[Any] = ProbeRef(name, self._records)

    @property
    def messages(self) -> list[Any]:
        """All messages it ever received, in order."""
        with self._records.changed:
            return [received.message for received in self._records.all]

    @overload
    def expect(self, kind: type[M], where: Callable[[M], bool] = ..., *, timeout: float = ...) -> M: ...
    @overload
    def expect(self, kind: None = None, where: Callable[[Any], bool] = ..., *, timeout: float = ...) -> Any: ...
    def expect(
        self, kind: type[Any] | None = None, where: Callable[[Any], bool] = lambda _: True, *, timeout: float = 5.0
    ) -> Any:
        """Wait for the next message of this type for which `where` holds; earlier ones that do not match are kept.

        Raises NothingReceived after `timeout` real seconds, listing the messages that were received instead.
        """
        return self.expect_received(kind, where, timeout=timeout).message

    def expect_received(
        self, kind: type[Any] | None = None, where: Callable[[Any], bool] = lambda _: True, *, timeout: float = 5.0
    ) -> Received:
        """Wait like `expect`, and return the message with the asker's reply."""
        deadline = time.monotonic() + timeout
        with self._records.changed:
            while True:
                for number, received in enumerate(self._records.all):
                    fits = kind is None or isinstance(received.message, kind)
                    if number not in self._seen and fits and where(received.message):
                        self._seen.add(number)
                        return received
                if not self._records.changed.wait(max(0.0, deadline - time.monotonic())):
                    what = "a message" if kind is None else kind.__name__
                    raise NothingReceived(f"{what} did not come within {timeout} s; came: {self._unseen()}")

    def expect_nothing_else(self) -> None:
        """Raise AssertionError if any message was not expected. Settle the clock first."""
        with self._records.changed:
            if unseen := self._unseen():
                raise AssertionError(f"unexpected: {unseen}")

    def close(self) -> None:
        """Die: from now on `tell` raises ActorDeadError and `ask` is answered with it."""
        self.ref.actor_stopped.set()

    def _unseen(self) -> list[object]:
        return [received.message for number, received in enumerate(self._records.all) if number not in self._seen]
