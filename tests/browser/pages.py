"""A page of real Chromium under test: opened, listened to, looked at from outside."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import queue
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from actors.browser import process_record
from actors.browser.browser import ChromiumBrowser
from actors.browser.cdp import Wire
from actors.browser.options import BrowserOptions
from actors.clients.operations.account import TakeScreenshot
from actors.clients.operations.fields import File
from actors.clients.ports import Page
from actors.clients.protocol import BrowserGone, PageFact
from actors.clients.types import ClientId
from actors.media.folder import media_dir

F = TypeVar("F")

SECONDS = 20.0
BUILDS = ("chromium-headless-shell", "chromium")
CLIENT = ClientId(7)
NUMBER = "5491100000007"
FRIEND = "5491122334455"


class Listener:
    """What one page has told. A fact is waited for by its type, and may have been told before it is waited for: the
    page's facts of different things come in no certain order. Each is waited for once.
    """

    def __init__(self) -> None:
        self.facts: list[PageFact] = []
        """All of them, in order."""
        self._passed_over: list[PageFact] = []
        self._queue: queue.Queue[PageFact] = queue.Queue()

    def __call__(self, fact: PageFact) -> None:
        self._queue.put(fact)

    def until(self, kind: type[F], holds: Callable[[F], bool] = lambda _: True, seconds: float = SECONDS) -> F:
        """The first fact of this type that holds and was not waited for. Raises AssertionError with what was told."""
        deadline = time.monotonic() + seconds
        for fact in self._passed_over:
            if isinstance(fact, kind) and holds(fact):
                self._passed_over.remove(fact)
                return fact
        while True:
            assert not any(isinstance(fact, BrowserGone) for fact in self.facts), f"no {kind.__name__}: {self.facts}"
            try:
                fact = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {kind.__name__} within {seconds:g} s; told: {self.facts}") from None
            self.facts.append(fact)
            if isinstance(fact, kind) and holds(fact):
                return fact
            self._passed_over.append(fact)

    def told(self, kind: type[F]) -> list[F]:
        """Every fact of this type there was so far."""
        while not self._queue.empty():
            fact = self._queue.get_nowait()
            self.facts.append(fact)
            self._passed_over.append(fact)
        return [fact for fact in self.facts if isinstance(fact, kind)]


class Opened:
    """One page, and what it tells."""

    def __init__(self, browser: ChromiumBrowser, client_id: ClientId = CLIENT) -> None:
        self.told = Listener()
        self.page: Page = browser.open(client_id, self.told)

    def close(self) -> BrowserGone:
        """Close it and wait until it is gone."""
        self.page.close()
        return self.told.until(BrowserGone)


Open = Callable[..., Opened]
"""The fixtures `opened` and `linked`."""
CHAT = f"{FRIEND}@c.us"
GENERATIONS = pytest.mark.parametrize("compat", ["modern", "classic"])
"""Both generations of the page's modules."""
ADDRESSING = pytest.mark.parametrize(("compat", "lids"), [("modern", True), ("classic", False)])
"""Both generations, one of an account with LIDs and one without. Operations are tried on a modern page without LIDs in
test_linked_operations.py, which starts one Chromium for all of them.
"""


def pid_of(browser: ChromiumBrowser, client_id: ClientId = CLIENT) -> int:
    """The main process of a client's Chromium."""
    recorded = process_record.recorded(browser._profiles.of(client_id).directory)
    assert recorded is not None
    return recorded.leader.pid


def renderers_of(pid: int) -> list[psutil.Process]:
    """The processes in which its pages live."""
    return [child for child in psutil.Process(pid).children(True) if "--type=renderer" in child.cmdline()]


def evaluate(page: Opened, expression: str) -> None:
    """Have the page do something, before anything that is ordered afterwards."""
    real: Any = page.page
    real._context.loop.call(lambda: real._wire.post("Runtime.evaluate", {"expression": expression}))


def on_wire(browser: ChromiumBrowser, story: Callable[[Wire], Coroutine[Any, Any, F]]) -> F:
    """Run a coroutine function with the wire of the browser's one page, on the loop."""
    assert browser._context is not None
    page = next(iter(browser._pages))
    assert page._process is not None
    wire = page._process.wire
    assert wire is not None
    loop = browser._context.loop._loop
    assert loop is not None
    return asyncio.run_coroutine_threadsafe(story(wire), loop).result(SECONDS)


def answer(browser: ChromiumBrowser, expression: str) -> Any:
    """What an expression is in the browser's one page."""

    async def story(wire: Wire) -> Any:
        given = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        return (await wire.call("Runtime.evaluate", given))["result"].get("value")

    return on_wire(browser, story)


@contextlib.contextmanager
def running(browser: ChromiumBrowser) -> Iterator[ChromiumBrowser]:
    """A browser of the test's own."""
    browser.start()
    try:
        yield browser
    finally:
        browser.stop(10.0)


def options(directory: Path, url: str, build: str | None = None, **others: Any) -> BrowserOptions:
    """Options with short waits, so that no test waits for patience alone."""
    values: dict[str, Any] = {
        "conflict_after": 0.5,
        "send_patience": 3.0,
        "send_stall": 0.5,
        "start_patience": 20.0,
        **others,
    }
    chromium = Path(build) if build else None
    return BrowserOptions(directory, url, chromium=chromium, **values)


def keep(data_dir: Path, data: bytes, mimetype: str, filename: str) -> File:
    """Put a file into the media store of a browser's data directory."""
    directory, digest = media_dir(data_dir), hashlib.sha256(data).hexdigest()
    directory.mkdir(exist_ok=True)
    (directory / digest).write_bytes(data)
    return File(digest, len(data), mimetype, filename)


PICTURE_DATA = TakeScreenshot.example.png
PICTURE = File(hashlib.sha256(PICTURE_DATA).hexdigest(), len(PICTURE_DATA), "image/png", "a picture.png")
"""A picture that every browser of these tests has in its media store."""
