"""One asyncio loop in one thread for every Chromium, and a second thread that detects when the first is stuck.

An unexpected end of the loop thread, and a block of `WEDGED_AFTER` seconds, is reported once to `died`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from actors.browser.cdp import PyppeteerError

BEAT = 1.0
"""Seconds between two checks that the loop turns."""
WEDGED_AFTER = 10.0
"""The seconds the loop may be blocked. The loop's own work takes milliseconds."""

_log = structlog.get_logger("browser")


class BrowserLoop:
    """`start` and `stop` belong to one thread; `call` may come from any."""

    def __init__(self, died: Callable[[str], None], *, beat: float = BEAT, wedged_after: float = WEDGED_AFTER) -> None:
        self._died, self._beat, self._wedged_after = died, beat, wedged_after
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._last_lag = 0.0
        self._asked_at: float | None = None

    @property
    def lag(self) -> float:
        """The loop's last response time in seconds, or the time without a response."""
        asked_at = self._asked_at
        return self._last_lag if asked_at is None else max(self._last_lag, time.monotonic() - asked_at)

    def start(self) -> None:
        """Start the loop; it turns before this returns."""
        self._stopping.clear()
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_report)
        turning = threading.Event()
        self._loop.call_soon(turning.set)
        self._threads = [
            threading.Thread(target=self._turn, args=(self._loop,), name="browser-loop", daemon=True),
            threading.Thread(target=self._watch, args=(self._loop,), name="browser-watch", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        turning.wait()

    def call(self, function: Callable[..., object], *args: object) -> bool:
        """Run `function` on the loop, in the order of the calls. False, and nothing is done, once the loop is over."""
        try:
            if self._loop is None:
                return False
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def run(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task, and keep it alive until it ends. On the loop only."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def stop(self, seconds: float) -> bool:
        """Cancel the remaining tasks and end both threads. False if the loop's thread did not end in time."""
        self._stopping.set()
        if self._loop is not None:
            self.call(self._loop.stop)
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run the loop, in its thread."""
        asyncio.set_event_loop(loop)
        why = "its loop was stopped by nobody we know"
        try:
            loop.run_forever()
            loop.run_until_complete(_cancel_all())
        except BaseException as error:  # any exception has ended the thread that every page depends on
            why = repr(error)
            raise
        finally:
            loop.close()
            if not self._stopping.is_set():
                self._stopping.set()
                self._died(f"The browser's thread has ended: {why}")

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch the loop's thread, from another thread."""
        while not self._stopping.wait(self._beat):
            answered = threading.Event()
            asked_at = self._asked_at = time.monotonic()
            if not self.call(answered.set):
                return
            # Twice half: a host that was asleep, or a process that was stopped, has lost the first half at most.
            half = self._wedged_after / 2
            if not (answered.wait(half) or answered.wait(half)) and not self._stopping.is_set():
                self._died(f"The browser's thread has not answered for {self._wedged_after:g} s")
                return
            self._last_lag, self._asked_at = time.monotonic() - asked_at, None


async def _cancel_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=1.0)


def _report(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an exception that nobody awaited. Answers of a Chromium that is gone are ignored."""
    error, task = context.get("exception"), context.get("task") or context.get("future")
    if not isinstance(error, PyppeteerError):
        name = task.get_name() if isinstance(task, asyncio.Task) else None
        _log.error("browser.loop_error", message=context.get("message"), task=name, exc_info=error)
