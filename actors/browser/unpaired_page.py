"""A check of WhatsApp Web without a service and without a phone: an unpaired page, opened, read and closed."""

from __future__ import annotations

import queue
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from actors.browser.browser import ChromiumBrowser
from actors.browser.options import BrowserOptions
from actors.clients.page_contract import PageContract
from actors.clients.protocol import BrowserGone, ContractRead, PageFact
from actors.clients.types import ClientId, Reason, Seconds

HOOKED: Seconds = 1.5
"""The time after the first reading for another: wa-js wraps the functions it listens to a moment after it is ready."""
_SOMEBODY = ClientId(1)
_STOPPING: Seconds = 5.0


@dataclass(frozen=True, slots=True)
class PageLook:
    """The result. `contract` is None if the page could not be read; `text` and `reason` then explain it."""

    contract: PageContract | None
    reason: Reason | None
    text: str
    chromium: str
    seconds: Seconds

    @property
    def outdated(self) -> bool:
        """True if the page loaded, and lacks something."""
        return self.reason is Reason.WA_JS_OUTDATED or (self.contract is not None and not self.contract.whole)


def look(options: BrowserOptions, seconds: Seconds) -> PageLook:
    """Open a page in a directory of its own, and read its contract within about `seconds`. Blocks.

    Raises BrowserUnavailable. Nothing is paired, nothing is kept.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="session-manager-doctor-") as directory:
        browser = ChromiumBrowser(replace(options, data_dir=Path(directory), start_patience=seconds))
        browser.start()
        try:
            facts: queue.Queue[PageFact] = queue.Queue()
            page = browser.open(_SOMEBODY, facts.put)
            contract, reason, text = _read(facts, began + seconds)
            page.kill()
        finally:
            browser.stop(_STOPPING)
    return PageLook(contract, reason, text, browser.versions["chromium"], time.monotonic() - began)


def _read(facts: queue.Queue[PageFact], deadline: float) -> tuple[PageContract | None, Reason | None, str]:
    contract: PageContract | None = None
    while (left := deadline - time.monotonic()) > 0:
        try:
            fact = facts.get(timeout=left)
        except queue.Empty:
            break
        if isinstance(fact, BrowserGone):
            return contract, fact.reason, fact.text
        if isinstance(fact, ContractRead):
            if contract is None and fact.contract.can_be_heard:
                deadline = min(deadline, time.monotonic() + HOOKED)
            contract = fact.contract
    if contract is not None:
        return contract, None, contract.text
    return None, Reason.START_TIMEOUT, "WhatsApp Web was opened, but wa-js did not become ready in it in time"
