"""What a page has stored, when its Chromium is killed. The live service keeps the keys of a login in IndexedDB."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.protocol import BrowserGone, Ready
from tests.browser.pages import BUILDS, Open, answer

pytestmark = pytest.mark.e2e

OPEN = """new Promise((done, failed) => {
    const opening = indexedDB.open("keys", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => done(opening.result);
})"""
PUT = f"""{OPEN}.then(database => new Promise((done, failed) => {{
    const writing = database.transaction("keys", "readwrite");
    for (let n = 0; n < 200; n++) writing.objectStore("keys").put("x".repeat(1000) + n, n);
    writing.onabort = () => failed(writing.error);
    writing.oncomplete = () => done("written");
}}))"""
COUNT = f"""{OPEN}.then(database => new Promise((done, failed) => {{
    const counting = database.transaction("keys").objectStore("keys").count();
    counting.onerror = () => failed(counting.error);
    counting.onsuccess = () => done(counting.result);
}}))"""


@pytest.mark.parametrize("build", BUILDS)
def test_what_indexeddb_has_called_complete_outlives_a_kill_the_moment_after(
    browsers: Callable[[str], ChromiumBrowser], linked: Open, opened: Open, build: str
) -> None:
    browser = browsers(build)
    linked(browser).close()  # an orderly end: the login itself is on disk
    page = opened(browser)
    page.told.until(Ready)
    assert answer(browser, PUT) == "written"
    page.page.kill()
    page.told.until(BrowserGone)
    opened(browser).told.until(Ready)
    assert answer(browser, COUNT) == 200
