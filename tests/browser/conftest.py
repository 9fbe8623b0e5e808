"""The real browser, for the tests here that ask for it: one sandbox process, and one browser a build, for all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.profiles import Profiles
from actors.clients.protocol import BrowserGone, QrShown, Ready
from actors.clients.types import ClientId
from tests.browser.pages import BUILDS, CLIENT, NUMBER, PICTURE, PICTURE_DATA, Opened, keep, options
from tests.rig import Sandbox
from tests.rig.sandboxes import sandbox, sandbox_process

__all__ = ["sandbox", "sandbox_process"]


@pytest.fixture(scope="session")
def browsers(
    sandbox_process: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], ChromiumBrowser]]:
    """The started browser of a build."""
    started: dict[str, ChromiumBrowser] = {}

    def of(build: str) -> ChromiumBrowser:
        if build not in started:
            directory = tmp_path_factory.mktemp(build)
            keep(directory, PICTURE_DATA, PICTURE.mimetype, PICTURE.filename)
            browser = ChromiumBrowser(options(directory, sandbox_process.url, build))
            browser.start()
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


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    """An empty directory of them."""
    profiles = Profiles(tmp_path)
    profiles.create()
    return profiles
