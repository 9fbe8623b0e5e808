"""One `await` that another thread ends: the suspension of a task while an actor works on its answer.

Everything but `end` runs in the event loop's thread; `end` only posts to the loop.

An asyncio.Future resolved from another thread costs its task two turns of the loop: the first resolves the future, the
second wakes the task. This class has the few methods by which a task deals with a future, and wakes the task in the
first turn. (The protocol is asyncio's own, for futures that are not asyncio.Future: `asyncio.isfuture`.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import suppress
from contextvars import Context
from typing import Any

__all__ = ["Suspension"]


class Suspension:
    """A future awaited once, by one task, and directly (not through `asyncio.wait`).

    It ends at the first `end` or `end_now`, or when the task is cancelled.
    """

    __slots__ = ("_asyncio_future_blocking", "_cancelled", "_context", "_loop", "_wake_up")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asyncio_future_blocking = False
        self._wake_up: Callable[[Suspension], object] | None = None
        self._context: Context | None = None
        self._cancelled: tuple[Any, ...] | None = None

    def end(self) -> None:
        """Let the task continue. Any thread; also before the task has begun to wait, and more than once."""
        with suppress(RuntimeError):  # The loop has been closed: nobody waits any more.
            self._loop.call_soon_threadsafe(self.end_now)

    def end_now(self) -> None:
        """Let the task continue, within this call."""
        wake_up, self._wake_up = self._wake_up, None
        if wake_up is not None:
            assert self._context is not None
            self._context.run(wake_up, self)

    def __await__(self) -> Generator[Suspension, None, None]:
        self._asyncio_future_blocking = True
        yield self

    # The methods a task calls on a future.

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def add_done_callback(self, callback: Callable[[Suspension], object], *, context: Context) -> None:
        self._wake_up, self._context = callback, context

    def cancel(self, msg: object = None) -> bool:
        """Continue the task with CancelledError; False if it was woken already."""
        if self._wake_up is None:
            return False
        self._cancelled = () if msg is None else (msg,)
        self._loop.call_soon(self.end_now)
        return True

    def result(self) -> None:
        if self._cancelled is not None:
            raise asyncio.CancelledError(*self._cancelled)
