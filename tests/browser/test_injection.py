"""wa-js and our script on a page whose modules come in stages, late, or all at once, and whose timers are its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.protocol import QrShown, Ready
from tests.browser.pages import NUMBER, SECONDS, Open, Opened, answer, options, running
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

SLOW_START = 50.0
"""Seconds for a start on a network on which each bundle takes 4 s."""
RUN = """(({ require }) => Object.entries(require('__debug').modulesMap)
    .filter(([, module]) => module.factoryFinished).map(([id]) => id).sort())"""
"""The modules that have run in a window, whoever asked for them."""
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
    while not page._hearing._opened:
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
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox, bundles: str
) -> None:
    sandbox.post("/settings", bundles=bundles, start_delay=3600.0)
    opened(shell)
    listening(shell)
    run = answer(shell, f"({RUN})(window)")
    # Neither wa-js nor our script is in a frame.
    alone = answer(shell, f"{FRAME}.then({RUN})")
    assert "SandboxConnection" in run
    assert run == alone


def test_bundles_of_four_seconds_each_end_in_ready(slow: ChromiumBrowser, sandbox: Sandbox) -> None:
    sandbox.post("/settings", bundle_delay=4.0)
    page = Opened(slow)
    scan(page, sandbox, SLOW_START)
    page.close()
