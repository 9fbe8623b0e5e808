"""Answers: the future that an asker holds, and the address to which an actor answers later.

An answer is given once and wakes its asker, in a thread or in an event loop. Waiting in an event loop blocks nothing
and costs no thread: the answering thread posts the answer to the loop.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import Callable, Generator
from typing import Any, TypeVar, cast

from pykka import ActorDeadError, ActorRef, Future, Timeout
from pykka._future import GetHookFunc
from pykka._types import OptExcInfo
from pykka.messages import _ActorStop

from actors.runtime.suspension import Suspension

__all__ = ["AlreadyAnswered", "Reply", "ReplyTo", "ask", "stop"]

T = TypeVar("T")


class AlreadyAnswered(RuntimeError):
    """A `ReplyTo` was used a second time: a mistake in the actor. The asker has the first answer."""


class Reply(Future[T]):
    """The future of an `ask`: `get(timeout=…)` in threads, `await wait(timeout)` in event loops.

    It behaves like Pykka's ThreadingFuture, but uses locks instead of conditions: they are most of an ask's cost.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], object]] = []
        self._outcome: tuple[Any, OptExcInfo | None] | None = None

    def get(self, *, timeout: float | None = None) -> Any:
        """Return the answer; blocks the calling thread until it exists.

        Raises pykka.Timeout after `timeout` seconds.
        """
        if self._get_hook is not None:
            with self._lock:
                return super().get(timeout=timeout)
        if self._outcome is None:
            self._block(timeout)
        return self._answer()

    def set(self, value: T | None = None) -> None:
        """Answer. Raises queue.Full if an answer exists already (as in Pykka). Any thread."""
        if not self._settle((value, None)):
            raise queue.Full

    def set_exception(self, exc_info: OptExcInfo | None = None) -> None:
        """Answer with an exception; None takes the exception being handled.

        Raises queue.Full like `set`. Any thread.
        """
        if not self._settle((None, exc_info or sys.exc_info())):
            raise queue.Full

    def set_get_hook(self, func: GetHookFunc[T]) -> None:
        """Support Pykka's futures that depend on futures. Raises queue.Full like `set`."""
        with self._lock:
            if self._outcome is not None:
                raise queue.Full
            super().set_get_hook(func)

    def offer(self, value: T | None) -> bool:
        """Answer, unless an answer exists already; return True if this answer counts. Any thread."""
        return self._settle((value, None))

    def fail(self, error: BaseException) -> bool:
        """Answer with an exception, unless an answer exists already; return True if it counts. Any thread."""
        return self._settle((None, (type(error), error, error.__traceback__)))

    def is_answered(self) -> bool:
        return self._outcome is not None

    def has_failed(self) -> bool:
        """Return True if the answer is an exception."""
        return self._outcome is not None and self._outcome[1] is not None

    def add_callback(self, callback: Callable[[], object]) -> None:
        """Call back once answered: in the answering thread, or immediately if already answered. It must not raise."""
        with self._lock:
            if self._outcome is None:
                self._callbacks.append(callback)
                return
        callback()

    def discard_callback(self, callback: Callable[[], object]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

    async def wait(self, timeout: float | None) -> T:
        """Return the answer, awaited in the running event loop without blocking it.

        Raises pykka.Timeout after `timeout` seconds, or the exception that was the answer. Cancelling the awaiting task
        does not affect the reply or the actor.
        """
        if self._get_hook is not None:
            raise TypeError("a future made by map, join, filter, reduce or stop(block=False) only has get()")
        if self._outcome is None:
            loop = asyncio.get_running_loop()
            suspension = Suspension(loop)
            timer = None if timeout is None else loop.call_later(timeout, suspension.end_now)
            self.add_callback(suspension.end)
            try:
                await suspension
            finally:
                if timer is not None:
                    timer.cancel()
                if self._outcome is None:
                    self.discard_callback(suspension.end)
            if self._outcome is None:
                raise Timeout(f"{timeout} seconds")
        return cast(T, self._answer())

    def __await__(self) -> Generator[Any, None, T]:
        return self.wait(None).__await__()

    __iter__ = __await__

    def _settle(self, outcome: tuple[Any, OptExcInfo | None]) -> bool:
        with self._lock:
            if self._outcome is not None or self._get_hook is not None:
                return False
            self._outcome = outcome
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
        return True

    def _block(self, timeout: float | None) -> None:
        answered = threading.Lock()
        answered.acquire()
        self.add_callback(answered.release)
        seconds = -1 if timeout is None else min(max(timeout, 0.0), threading.TIMEOUT_MAX)
        if not answered.acquire(timeout=seconds):
            self.discard_callback(answered.release)
            if self._outcome is None:
                raise Timeout(f"{timeout} seconds")

    def _answer(self) -> Any:
        assert self._outcome is not None
        value, exc_info = self._outcome
        if exc_info is None:
            return value
        kind, error, traceback = exc_info
        assert kind is not None
        raise (error or kind()).with_traceback(traceback)


class ReplyTo:
    """The address of one asker, to answer later: from the actor that took it (`Actor.defer`) or from any other thread.

    It is used once. If the actor dies first, the asker gets ActorDeadError and a later answer goes nowhere.
    """

    __slots__ = ("_expired", "_outstanding", "_reply")

    def __init__(self, reply: Reply[Any], outstanding: set[ReplyTo]) -> None:
        self._reply = reply
        self._outstanding = outstanding
        self._expired = False
        outstanding.add(self)

    @property
    def answered(self) -> bool:
        """True if the asker has an answer or its actor died. Any thread."""
        return self not in self._outstanding

    def answer(self, value: object = None) -> None:
        """Send the asker its answer. Raises AlreadyAnswered the second time. Any thread."""
        if self._take():
            self._reply.offer(value)

    def refuse(self, exception: Exception) -> None:
        """Raise the exception at the asker. Raises AlreadyAnswered the second time. Any thread."""
        if self._take():
            self._reply.fail(exception)

    def expire(self, error: Exception) -> None:
        """Fail the asker with the error, because the actor is dead; later answers go nowhere."""
        self._expired = True
        if self._take():
            self._reply.fail(error)

    def _take(self) -> bool:
        # set.remove is atomic: of two threads answering, and of an answer and the actor's death, exactly one wins.
        try:
            self._outstanding.remove(self)
        except KeyError:
            if self._expired:
                return False
            raise AlreadyAnswered("this asker has been answered") from None
        return True


async def ask(ref: ActorRef[Any], message: object, *, timeout: float) -> Any:
    """Ask the actor from an event loop without blocking it: `ref.ask(message, timeout=…)`.

    Raises pykka.Timeout after `timeout` seconds, ActorDeadError if the actor is dead or dies, a Refusal if it refuses,
    and the exception of any other crash.
    """
    return await cast(Reply[Any], ref.ask(message, block=False)).wait(timeout)


async def stop(ref: ActorRef[Any], *, timeout: float) -> bool:
    """Stop the actor from an event loop: True once it is closed, False if it was dead before.

    Raises pykka.Timeout after `timeout` seconds; the actor still stops when it gets to it.
    """
    try:
        await ask(ref, _ActorStop(), timeout=timeout)
    except ActorDeadError:
        return False
    return True
