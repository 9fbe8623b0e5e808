"""Threads for blocking work on files, so that a disk that hangs under one client holds up no other.

The work of one client runs in its order, in one thread at a time; so a client can occupy one thread at most, however
much is asked. A thread ends with its work: to start one takes less than a look at a file. They are daemons: a disk that
never answers does not keep the process from ending.
"""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, TypeVar

from actors.clients.types import ClientId, Seconds
from actors.runtime.futures import fulfil, until_done

PATIENCE: Seconds = 10.0
"""The time limit for the disk's answer. The work goes on after it, but nobody waits any more."""

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(slots=True)
class _Lane:
    """The work of one client. `since` is when the present work began, in monotonic seconds."""

    waiting: deque[Callable[[], None]] = field(default_factory=deque)
    since: Seconds = 0.0


class FileThreads:
    """Runs work on files, by client. Any thread may call."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._lanes: dict[ClientId, _Lane] = {}

    def submit(self, client_id: ClientId, work: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Run `work` after all earlier work of this client. Callbacks of the future run before the next work."""
        future: Future[T] = Future()
        job = partial(fulfil, future, partial(work, *args, **options))
        with self._changed:
            lane = self._lanes.get(client_id)
            if lane is not None:
                lane.waiting.append(job)
                return future
            self._lanes[client_id] = lane = _Lane(deque([job]), time.monotonic())
        threading.Thread(target=self._work, args=(client_id, lane), name="browser-files", daemon=True).start()
        return future

    async def run(self, client_id: ClientId, work: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T:
        """Run `work` and return its result. Raises what it raises, and TimeoutError (an OSError) after PATIENCE."""
        return await self.in_time(client_id, self.submit(client_id, work, *args, **options))

    async def in_time(self, client_id: ClientId, future: Future[T]) -> T:
        """Wait for submitted work. Raises what it raises, and TimeoutError after PATIENCE; at once if that is over for
        work before it. The work itself is never cancelled.
        """
        if not await until_done(future, PATIENCE if self.busy_for(client_id) <= PATIENCE else 0.0):
            raise TimeoutError(errno.ETIMEDOUT, "the disk does not answer")
        return future.result()

    def busy_for(self, client_id: ClientId) -> Seconds:
        """Return for how long the present work of a client has run; 0 if there is none."""
        with self._changed:
            lane = self._lanes.get(client_id)
            return 0.0 if lane is None else time.monotonic() - lane.since

    def of(self, client_id: ClientId) -> Executor:
        """Return an Executor for the work of one client."""
        return _ClientExecutor(self, client_id)

    def ended(self, seconds: Seconds) -> bool:
        """Wait until no work is left, `seconds` at most; return True if so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._lanes, seconds)

    def _work(self, client_id: ClientId, lane: _Lane) -> None:
        while True:
            with self._changed:
                if not lane.waiting:
                    del self._lanes[client_id]
                    self._changed.notify_all()
                    return
                job, lane.since = lane.waiting.popleft(), time.monotonic()
            job()


class _ClientExecutor(Executor):
    """The threads for one client, as an Executor."""

    def __init__(self, threads: FileThreads, client_id: ClientId) -> None:
        self._threads, self._client_id = threads, client_id

    def submit(self, work: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        return self._threads.submit(self._client_id, work, *args, **options)
