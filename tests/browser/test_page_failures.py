"""One page of real Chromium on the sandbox: a page that hangs, crashes, leaves, dies."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.browser import cdp
from actors.browser import page as page_of_chromium
from actors.browser.browser import ChromiumBrowser
from actors.clients.operations import OPERATIONS
from actors.clients.operations.account import TakeScreenshot
from actors.clients.operations.messages import LookedUp, LookUp, SendText, draw_message_id
from actors.clients.protocol import Answered, BrowserGone, OutcomeUnknown, PageFailed, Probed, QrShown, Ready, Refused
from actors.clients.types import Reason
from tests.browser.pages import (
    CHAT,
    CLIENT,
    NUMBER,
    PICTURE,
    PICTURE_DATA,
    Open,
    keep,
    options,
    pid_of,
    renderers_of,
    running,
)
from tests.browser.samples import APART, sample
from tests.rig import Sandbox, naming

pytestmark = pytest.mark.e2e


def test_a_probe_tells_the_memory_and_a_hung_page_answers_none(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    page.page.probe(1)
    probed = page.told.until(Probed)
    assert probed.token == 1
    assert probed.pss is not None
    assert probed.pss > 10 * 2**20
    page.page.call("picture", TakeScreenshot())
    assert (page.told.until(Answered).value.png or b"").startswith(b"\x89PNG")
    sandbox.post(f"/accounts/{NUMBER}/page", do="hang", seconds=30)
    page.page.probe(2)
    with pytest.raises(AssertionError, match="no Probed within"):
        page.told.until(Probed, seconds=1.0)
    page.page.call("order", SendText(CHAT, "hello"))
    assert page.told.until(OutcomeUnknown).order == "order"
    page.page.kill()
    assert page.told.until(BrowserGone) == BrowserGone(None, "Closed")


@pytest.fixture
def impatient(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChromiumBrowser]:
    """A browser that waits for nothing as long as a service does."""
    for module, limits in ((page_of_chromium, ("ANSWER", "LOOK_UP", "SCREENSHOT")), (cdp, ("HANDED_OVER",))):
        for limit in limits:
            monkeypatch.setattr(module, limit, 0.1)
    keep(tmp_path, PICTURE_DATA, PICTURE.mimetype, PICTURE.filename)
    with running(ChromiumBrowser(options(tmp_path, sandbox.url, send_patience=0.1, send_stall=0.01))) as browser:
        yield browser


def test_no_operation_waits_for_a_page_without_a_limit(
    impatient: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    """Some functions of wa-js wait for what may never come. What is not answered is never called refused."""
    page = linked(impatient)
    sandbox.post(f"/accounts/{NUMBER}/page", do="hang", seconds=60)
    kinds = {draw_message_id(): OPERATIONS[name] for name in OPERATIONS if name not in APART}
    for order, kind in kinds.items():
        page.page.call(order, sample(kind))
    ends: dict[str, Answered | Refused | OutcomeUnknown] = {}
    while ends.keys() != kinds.keys():
        fact: Any = page.told.until(object, lambda fact: isinstance(fact, Answered | Refused | OutcomeUnknown))
        ends[fact.order] = fact
    answered = {kinds[order]: fact.value for order, fact in ends.items() if isinstance(fact, Answered)}
    assert answered == {LookUp: LookedUp(None, complete=False)}
    assert {type(fact) for order, fact in ends.items() if kinds[order] is not LookUp} == {OutcomeUnknown}


def test_a_killed_chromium_is_noticed_at_once_and_leaves_nothing(
    browser: ChromiumBrowser, linked: Open, opened: Open, sandbox: Sandbox
) -> None:
    page = linked(browser)
    page.close()  # what was written a moment ago is on disk now
    page = opened(browser)
    page.told.until(Ready)
    pid = pid_of(browser)
    killed_at = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    gone = page.told.until(BrowserGone)
    took = time.monotonic() - killed_at
    assert gone.reason is Reason.BROWSER_CRASHED
    assert took < 0.5
    assert not naming(browser._profiles.of(CLIENT).directory)
    again = opened(browser)
    again.told.until(Ready)


def test_a_stopped_chromium_is_killed(browser: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    page = opened(browser)
    page.told.until(QrShown)
    os.kill(pid_of(browser), signal.SIGSTOP)
    page.page.probe(1)
    page.page.kill()
    assert page.told.until(BrowserGone).reason is None
    assert not page.told.told(Probed)
    assert not naming(browser._profiles.of(CLIENT).directory)


def test_a_crashed_renderer_is_told(browser: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    page = opened(browser)
    page.told.until(QrShown)
    for renderer in renderers_of(pid_of(browser)):
        renderer.kill()
    assert page.told.until(PageFailed).reason is Reason.PAGE_CRASHED
    assert page.close() == BrowserGone(None, "Closed")


def test_a_page_that_goes_elsewhere_is_told(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/page", do="leave")
    assert page.told.until(PageFailed).reason is Reason.PAGE_LEFT


def go_deaf(browser: ChromiumBrowser) -> None:
    """The connection to the browser's one page ends on our side only: Chromium notices nothing."""
    assert browser._context is not None
    chromium_page = next(iter(browser._pages))
    assert chromium_page._process is not None
    wire = chromium_page._process.wire
    assert wire is not None
    transport = wire._connection.pipe._transport
    assert transport is not None
    ours = transport.get_extra_info("socket")
    browser._context.loop.call(ours.shutdown, socket.SHUT_RD)


def test_a_connection_that_ends_while_its_chromium_lives_on_is_told(
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_chromium, "DEAFNESS", 0.1)
    page = opened(shell)
    page.told.until(QrShown)
    os.kill(pid_of(shell), signal.SIGSTOP)  # or it would exit, as it reads the end of its pipe
    go_deaf(shell)
    assert page.told.until(PageFailed).reason is Reason.BROWSER_DEAF
    page.page.kill()
    assert page.told.until(BrowserGone).reason is None


def test_a_chromium_whose_pipe_ends_exits_and_is_not_called_deaf(
    browser: ChromiumBrowser, opened: Open, sandbox: Sandbox
) -> None:
    page = opened(browser)
    page.told.until(QrShown)
    go_deaf(browser)
    assert page.told.until(BrowserGone).reason is Reason.BROWSER_CRASHED
    assert not page.told.told(PageFailed)


def test_a_killed_chromium_is_not_called_deaf_however_long_its_end_takes(
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_chromium, "DEAFNESS", 0.0)
    page = opened(shell)
    page.told.until(QrShown)
    os.kill(pid_of(shell), signal.SIGKILL)
    assert page.told.until(BrowserGone).reason is Reason.BROWSER_CRASHED
    assert not page.told.told(PageFailed)
