"""Threads for work on the media directory, so that a disk that hangs under it holds up nothing else.

They are a few, and daemons: a disk that never answers takes no other thread of the service, and does not keep the
process from ending. Nobody waits for it longer than a while; once all of them are stuck, nobody waits at all.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import ParamSpec, TypeVar

from actors.clients.types import Seconds
from actors.runtime.futures import fulfil, until_done
from actors.store.errors import StoreUnavailable

MOST = 16
"""Threads at a time."""
PATIENCE: Seconds = 20.0
"""The time limit for the disk's answer. The work goes on after it, but nobody waits any more."""
IDLE: Seconds = 0.25
"""The time that a thread waits for more work: an upload has some every few milliseconds."""

T = TypeVar("T")
P = ParamSpec("P")


class MediaSilent(StoreUnavailable):
    """The disk with the media directory does not answer. What was asked of it may be done later, or never."""

    def __init__(self) -> None:
        super().__init__("The disk with the files (media/ in SM_DATA_DIR) does not answer: look at it", 5.0)


class MediaThreads:
    """Runs work on files, in no order. Any thread may call."""

    def __init__(self, most: int = MOST, patience: Seconds = PATIENCE) -> None:
        self._most, self.patience = most, patience
        self._changed = threading.Condition()
        self._waiting: deque[Callable[[], None]] = deque()
        self._since: dict[threading.Thread, Seconds | None] = {}
        """When each thread began its present work; None where it waits for some."""
        self._is_closed = False

    async def run(self, work: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T:
        """Run `work` and return its result. Raises what it raises, and MediaSilent."""
        return await self.run_or_drop(partial(work, *args, **options), lambda _: None)

    async def run_or_drop(self, work: Callable[[], T], drop: Callable[[T], object]) -> T:
        """Run `work` as `run` does; `drop` gets a result that comes when nobody waits for it any more."""
        if self.are_stuck:
            raise MediaSilent
        future = self.submit(work)
        if not await until_done(future, self.patience):
            if not future.cancel():  # it has begun
                future.add_done_callback(lambda late: drop(late.result()) if late.exception() is None else None)
            raise MediaSilent
        return future.result()

    @property
    def are_stuck(self) -> bool:
        """True while every thread has waited for the disk for longer than anybody does."""
        with self._changed:
            late = time.monotonic() - self.patience
            return len(self._since) >= self._most and all(since and since < late for since in self._since.values())

    def close(self, seconds: Seconds) -> bool:
        """Let no thread wait for more work; return True if all of them have ended within `seconds`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            threads = list(self._since)
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run `work`; the future may be cancelled as long as that has not begun. Its callbacks may not block."""
        future: Future[T] = Future()
        with self._changed:
            self._waiting.append(partial(fulfil, future, work))
            idle = sum(since is None for since in self._since.values())
            if idle >= len(self._waiting):
                self._changed.notify()
            elif len(self._since) < self._most:
                thread = threading.Thread(target=self._work, name="media-files", daemon=True)
                self._since[thread] = None
                thread.start()
        return future

    def _work(self) -> None:
        me = threading.current_thread()
        while True:
            with self._changed:
                self._since[me] = None
                if not self._waiting and not self._is_closed:
                    self._changed.wait(IDLE)
                if not self._waiting:
                    del self._since[me]
                    return
                job, self._since[me] = self._waiting.popleft(), time.monotonic()
            job()
