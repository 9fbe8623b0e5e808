"""The real browser, for the tests here that ask for it: one sandbox process, and one browser a build, for all."""

from __future__ import annotations

import copy
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.options import BrowserOptions
from actors.clients.ports import Page
from actors.clients.protocol import BrowserGone, PageFact, QrShown, Ready
from actors.clients.types import ClientId
from tests.rig import Sandbox

F = TypeVar("F")

SECONDS = 20.0
BUILDS = ("chromium-headless-shell", "chromium")
CLIENT = ClientId(7)
NUMBER = "5491100000007"
FRIEND = "5491122334455"


class Listener:
    """What one page has told, in order; a fact is waited for by its type."""

    def __init__(self) -> None:
        self.facts: list[PageFact] = []
        self._queue: queue.Queue[PageFact] = queue.Queue()

    def __call__(self, fact: PageFact) -> None:
        self._queue.put(fact)

    def until(self, kind: type[F], holds: Callable[[F], bool] = lambda _: True, seconds: float = SECONDS) -> F:
        """The next fact of this type that holds. Raises AssertionError with what was told instead."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                fact = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {kind.__name__} within {seconds:g} s; told: {self.facts}") from None
            self.facts.append(fact)
            if isinstance(fact, kind) and holds(fact):
                return fact
            assert not isinstance(fact, BrowserGone), f"no {kind.__name__}, but {fact}; told: {self.facts}"

    def told(self, kind: type[F]) -> list[F]:
        """Every fact of this type there was so far."""
        while not self._queue.empty():
            self.facts.append(self._queue.get_nowait())
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


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One sandbox process for all of them."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """The sandbox with nobody linked, and its settings as they were at first."""
    view = copy.copy(sandbox_process)
    with httpx.Client(base_url=view.url, timeout=60.0) as view.api:
        view.post("/reset")
        yield view


@pytest.fixture(scope="session")
def browsers(
    sandbox_process: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], ChromiumBrowser]]:
    """The started browser of a build."""
    started: dict[str, ChromiumBrowser] = {}

    def of(build: str) -> ChromiumBrowser:
        if build not in started:
            browser = ChromiumBrowser(options(tmp_path_factory.mktemp(build), sandbox_process.url, build))
            browser.start()
            warm_up(browser)
            started[build] = browser
        return started[build]

    # Before any test's own look at what is there.
    for name in BUILDS:
        if shutil.which(name):
            of(name)
    yield of
    for browser in started.values():
        assert browser.stop(10.0)


@pytest.fixture(params=BUILDS)
def build(request: pytest.FixtureRequest) -> str:
    """Each build of Chromium that is to work; CI has both."""
    name: str = request.param
    assert shutil.which(name), f"{name} is not installed: run `make setup`"
    return name


@pytest.fixture
def browser(browsers: Callable[[str], ChromiumBrowser], build: str) -> ChromiumBrowser:
    """A browser of each build, shared by all tests; profiles are dropped after each."""
    return browsers(build)


@pytest.fixture
def shell(browsers: Callable[[str], ChromiumBrowser]) -> ChromiumBrowser:
    """The default build only, where the build cannot matter."""
    return browsers(BUILDS[0])


@pytest.fixture
def opened() -> Iterator[Callable[..., Opened]]:
    """Opens pages that are gone, with their profiles, when the test ends."""
    pages: list[tuple[ChromiumBrowser, ClientId, Opened]] = []

    def open_page(browser: ChromiumBrowser, client_id: ClientId = CLIENT) -> Opened:
        page = Opened(browser, client_id)
        pages.append((browser, client_id, page))
        return page

    yield open_page
    for browser, client_id, page in pages:
        page.page.kill()
        if not page.told.told(BrowserGone):
            page.told.until(BrowserGone)
        browser.drop_login(client_id)


@pytest.fixture
def linked(opened: Callable[..., Opened], sandbox: Sandbox) -> Callable[..., Opened]:
    """Opens a page and has a phone scan its code; it is Ready."""

    def link(browser: ChromiumBrowser, client_id: ClientId = CLIENT, number: str = NUMBER, **scan: object) -> Opened:
        page = opened(browser, client_id)
        sandbox.post("/scan", code=page.told.until(QrShown).code, number=number, **scan)
        page.told.until(Ready)
        return page

    return link


def options(directory: Path, url: str, build: str | None = None, **others: object) -> BrowserOptions:
    """Options with short waits, so that no test waits for patience alone."""
    values: dict[str, object] = {
        "conflict_after": 0.5,
        "send_patience": 3.0,
        "send_stall": 0.5,
        "start_patience": 20.0,
        **others,
    }
    chromium = Path(build) if build else None
    return BrowserOptions(directory, url, chromium=chromium, **values)  # type: ignore[arg-type]


def warm_up(browser: ChromiumBrowser) -> None:
    """Have every thread that the browser may ever have, so that none is new in a test."""
    house = browser._house
    assert house is not None
    together = threading.Barrier(4 + 1)
    for _ in range(4):
        house.files.submit(together.wait, 5.0)
    together.wait(5.0)
