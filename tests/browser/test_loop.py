"""The thread of all pages: it turns, it ends, and its death or standstill is told."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
import structlog

from actors.browser.loop import BrowserLoop


@pytest.fixture
def died() -> queue.Queue[str]:
    return queue.Queue()


@pytest.fixture
def loop(died: queue.Queue[str]) -> Iterator[BrowserLoop]:
    loop = BrowserLoop(died.put, beat=0.01)  # a busy machine holds it up, but not as long as that
    loop.start()
    yield loop
    loop.stop(5.0)


def test_calls_run_in_their_order_and_none_once_it_is_over(loop: BrowserLoop, died: queue.Queue[str]) -> None:
    heard: queue.Queue[int] = queue.Queue()
    for number in range(3):
        assert loop.call(heard.put, number)
    assert [heard.get(timeout=5.0) for _ in range(3)] == [0, 1, 2]
    assert loop.stop(5.0)
    assert not loop.call(heard.put, 4)
    assert died.empty()


def test_stopping_cancels_what_still_runs(loop: BrowserLoop) -> None:
    ended: queue.Queue[str] = queue.Queue()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.put("ended")

    loop.call(lambda: loop.run(work(), "work"))
    assert loop.stop(5.0)
    assert ended.get(timeout=5.0) == "ended"


def test_a_loop_that_is_held_up_is_told(died: queue.Queue[str]) -> None:
    loop, release = BrowserLoop(died.put, beat=0.01, wedged_after=0.2), threading.Event()
    loop.start()
    loop.call(release.wait, 5.0)
    assert "has not answered" in died.get(timeout=5.0)
    release.set()
    assert loop.stop(5.0)


def test_a_loop_that_ends_unasked_is_told_once(loop: BrowserLoop, died: queue.Queue[str]) -> None:
    assert loop._loop is not None
    loop.call(loop._loop.stop)
    assert "has ended" in died.get(timeout=5.0)
    assert loop.stop(5.0)
    assert died.empty()


def test_an_error_in_a_call_ends_nothing(loop: BrowserLoop, died: queue.Queue[str]) -> None:
    heard: queue.Queue[int] = queue.Queue()
    loop.call(lambda: 1 / 0)
    loop.call(heard.put, 1)
    assert heard.get(timeout=5.0) == 1
    assert died.empty()


def test_an_error_that_nobody_awaited_is_logged_with_where_it_comes_from(loop: BrowserLoop) -> None:
    logged: queue.Queue[dict[str, object]] = queue.Queue()

    def keep(_: object, __: str, event: Any) -> NoReturn:
        logged.put(dict(event))
        raise structlog.DropEvent

    async def forgotten() -> None:
        raise LookupError("a bug of ours")

    structlog.configure(processors=[structlog.processors.format_exc_info, keep])
    loop.call(lambda: loop.run(forgotten(), "the-task"))
    line = logged.get(timeout=5.0)
    assert (line["event"], line["task"]) == ("browser.loop_error", "the-task")
    assert "in forgotten" in str(line["exception"])
    assert "a bug of ours" in str(line["exception"])
