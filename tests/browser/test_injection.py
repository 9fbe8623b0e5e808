"""wa-js and our script on a page whose modules come in stages, late, or all at once, and whose timers are its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.cdp import Wire
from actors.browser.page_events import RELOADS
from actors.clients.protocol import PageFailed, QrShown, Ready
from actors.clients.types import Reason
from tests.benchmarks.starts import BUNDLES, ready
from tests.browser.pages import NUMBER, SECONDS, Open, Opened, answer, on_wire, options, running
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

SLOW_START = 50.0
"""Seconds for a start on a network on which each bundle takes 4 s."""
PATIENCE = 4.0
"""Longer than wa-js takes on a busy machine, where it is to be ready."""
RUN = """((page) => new Promise((told) => {
    const look = () => {
        if (!page.Debug) return setTimeout(look, 10);
        const modules = Object.entries(page.require('__debug').modulesMap);
        told(modules.filter(([, module]) => module.factoryFinished).map(([id]) => id).sort());
    };
    look();
}))"""
"""The modules that have run in a window, whoever asked for them, once the last bundle is there: it sets Debug."""
FRAME = """new Promise((booted) => {
    const frame = document.createElement('iframe');
    frame.src = '/';
    frame.onload = () => frame.contentWindow.requireLazy(['SandboxConnection'], () => booted(frame.contentWindow));
    document.body.append(frame);
})"""
"""The window of the same page in a frame, once it has booted."""


def listening(browser: ChromiumBrowser) -> None:
    """Wait until our script listens to the browser's one page: that is when its start is over."""
    page, deadline = next(iter(browser._pages)), time.monotonic() + SECONDS
    while not page._events._opened:
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def slow(tmp_path: Path, sandbox: Sandbox) -> Iterator[ChromiumBrowser]:
    """A browser with the patience of a real one, and nothing cached."""
    with running(ChromiumBrowser(options(tmp_path, sandbox.url, start_patience=60.0))) as browser:
        yield browser


def scan(page: Opened, sandbox: Sandbox, seconds: float = SECONDS) -> Ready:
    """Have the code of a page scanned, and wait until it is ready."""
    sandbox.post("/scan", code=page.told.until(QrShown, seconds=seconds).code, number=NUMBER)
    return page.told.until(Ready, seconds=seconds)


def test_timers_that_the_page_starves_are_not_ours(shell: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    sandbox.post("/settings", timer_starvation=3600.0)
    scan(opened(shell), sandbox)


@pytest.mark.parametrize("compat", ["modern", "classic"])
def test_modules_that_are_all_named_before_they_can_be_had_are_waited_for(
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox, compat: str
) -> None:
    sandbox.post("/settings", bundles="at_once", compat=compat)
    scan(opened(shell), sandbox)


@pytest.mark.parametrize("bundles", ["stages", "at_once"])
def test_while_the_page_boots_nothing_is_run_that_it_has_not_run_itself(
    slow: ChromiumBrowser, opened: Open, sandbox: Sandbox, bundles: str
) -> None:
    """With a real one's patience: the page contract of a page that never becomes ready is read in the end."""
    sandbox.post("/settings", bundles=bundles, start_delay=3600.0)
    opened(slow)
    listening(slow)
    run = answer(slow, f"({RUN})(window)")
    # Neither wa-js nor our script is in a frame.
    alone = answer(slow, f"{FRAME}.then({RUN})")
    assert "SandboxConnection" in run
    assert run == alone


def test_bundles_of_four_seconds_each_end_in_ready(slow: ChromiumBrowser, sandbox: Sandbox) -> None:
    sandbox.post("/settings", bundle_delay=4.0)
    page = Opened(slow)
    scan(page, sandbox, SLOW_START)
    page.close()


BROKEN = """if (Number(sessionStorage.loads ??= 0) < %d) {
    sessionStorage.loads = Number(sessionStorage.loads) + 1;
    Object.defineProperty(window, 'Debug', { get() {}, set() {} });
}"""
"""wa-js is never ready in the next loads of a page: it waits for `Debug.VERSION`."""


def break_wa_js(browser: ChromiumBrowser, loads: int) -> None:
    """Have wa-js miss the next loads of the browser's one page, the first of which begins now."""

    async def story(wire: Wire) -> None:
        await wire.call("Page.addScriptToEvaluateOnNewDocument", {"source": BROKEN % loads})
        await wire.call("Page.reload", {})

    on_wire(browser, story)


@pytest.fixture
def impatient(tmp_path: Path, sandbox: Sandbox) -> Iterator[ChromiumBrowser]:
    """A browser that soon loads a page again on which wa-js is not ready."""
    with running(ChromiumBrowser(options(tmp_path, sandbox.url, injection_patience=PATIENCE))) as browser:
        yield browser


def test_a_page_that_wa_js_missed_is_loaded_again(impatient: ChromiumBrowser, sandbox: Sandbox) -> None:
    page = Opened(impatient)
    scan(page, sandbox)
    break_wa_js(impatient, loads=RELOADS)
    page.told.until(Ready, seconds=SLOW_START)
    assert answer(impatient, "sessionStorage.loads") == str(RELOADS)
    assert not page.told.told(PageFailed)
    page.close()


def test_a_page_that_wa_js_misses_again_and_again_is_lost(impatient: ChromiumBrowser, sandbox: Sandbox) -> None:
    page = Opened(impatient)
    scan(page, sandbox)
    break_wa_js(impatient, loads=100)
    failed = page.told.until(PageFailed, seconds=SLOW_START)
    assert failed.reason is Reason.WA_JS_NOT_READY
    assert answer(impatient, "sessionStorage.loads") == str(1 + RELOADS)
    page.close()


def test_starts_in_a_row_on_slow_stages_and_starved_timers_are_all_ready() -> None:
    starts_in_a_row = range(len(BUNDLES))
    assert len(list(ready(starts_in_a_row))) == len(BUNDLES)
