"""Starts in a row on a page as WhatsApp's is at its worst: bundles in stages or at once, slow, and timers that starve.

Each is on a profile of its own, so that no bundle is kept: a code, a scan, READY, the end.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from actors.browser.browser import ChromiumBrowser
from actors.browser.options import BrowserOptions
from actors.clients.protocol import QrShown, Ready
from actors.clients.types import ClientId
from tests.benchmarks.figures import Figure, Say
from tests.browser.pages import Opened
from tests.rig import Sandbox

STARTS = 100
PATIENCE = 60.0
BUNDLES = (("stages", 0.0), ("stages", 0.8), ("at_once", 0.3), ("stages", 0.3))
"""How they come, and how late each is; in turn."""
STARVED = 3600.0


def run(say: Say) -> Sequence[Figure]:
    """How many of them were READY, and how long that took."""
    seconds = list(ready(range(STARTS), say))
    return [
        Figure(f"starts that were READY, of {STARTS}", len(seconds), ""),
        Figure("seconds to READY, in the middle", median(seconds), "s"),
        Figure("seconds to READY, at worst", max(seconds), "s"),
    ]


def ready(starts: Iterable[int], say: Say = lambda _: None) -> Iterable[float]:
    """Seconds that each start took; the scan included. Raises AssertionError for one that is not READY in time."""
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox:
        browser = ChromiumBrowser(BrowserOptions(Path(name), sandbox.url, start_patience=PATIENCE))
        browser.start()
        try:
            for number in starts:
                yield _start(browser, sandbox, number)
                say(f"start {number + 1} of {STARTS}")
        finally:
            browser.stop(10.0)


def _start(browser: ChromiumBrowser, sandbox: Sandbox, number: int) -> float:
    bundles, delay = BUNDLES[number % len(BUNDLES)]
    sandbox.post("/settings", bundles=bundles, bundle_delay=delay, timer_starvation=STARVED)
    client = ClientId(number + 1)
    began = time.monotonic()
    page = Opened(browser, client)
    code = page.told.until(QrShown, seconds=PATIENCE).code
    sandbox.post("/scan", code=code, number=f"54911{number:08}")
    page.told.until(Ready, seconds=PATIENCE)
    took = time.monotonic() - began
    page.close()
    browser.drop_login(client)
    return took
