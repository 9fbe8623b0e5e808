"""Starts that fail, are given up, or wait for their turn on a profile; on real Chromium."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import psutil
import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.protocol import BrowserGone, PageLaunched, PageReloaded, PageSettled, QrShown
from actors.clients.types import Reason
from tests.browser.pages import CLIENT, SECONDS, Open, Opened, options, running
from tests.rig import Sandbox, naming

pytestmark = pytest.mark.e2e

PATIENCE = 4.0
"""Several times what a busy machine needs for a start, so that it is not Chromium's start that uses it up."""
PROMPTLY = 2.5


def start_of(tmp_path: Path, url: str, build: str | None = None, **others: object) -> tuple[BrowserGone, float]:
    """How a start ends that cannot succeed, and after how long."""
    with running(ChromiumBrowser(options(tmp_path, url, build, **others))) as browser:
        began = time.monotonic()
        page = Opened(browser)
        gone = page.told.until(BrowserGone)
        # A page that says nothing is loaded again, and says so.
        facts = [fact for fact in page.told.facts if not isinstance(fact, PageReloaded)]
        assert facts == [PageLaunched(), PageSettled(), gone]
        assert not naming(tmp_path)
        return gone, time.monotonic() - began


def silent_port() -> socket.socket:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening


def test_an_unreachable_address_is_named_after_the_patience(tmp_path: Path) -> None:
    with silent_port() as nobody:
        gone, seconds = start_of(tmp_path, f"http://127.0.0.1:{nobody.getsockname()[1]}/", start_patience=PATIENCE)
    assert gone.reason is Reason.PAGE_UNREACHABLE
    assert "ERR_CONNECTION_REFUSED" in gone.text
    assert seconds < PATIENCE + PROMPTLY


def test_a_page_whose_site_does_not_answer_settles_long_before_it_is_given_up(tmp_path: Path, sandbox: Sandbox) -> None:
    with silent_port() as mute:
        mute.listen()
        mute_url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with running(ChromiumBrowser(options(tmp_path, mute_url, start_patience=SECONDS * 2))) as browser:
            page = Opened(browser)
            page.told.until(PageLaunched)
            page.told.until(PageSettled)
            assert not page.told.told(BrowserGone)
            page.page.kill()
            page.told.until(BrowserGone)


def test_a_page_that_is_answered_and_idle_settles_before_one_that_loads(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.browser.launch.LOADING", SECONDS * 4)
    sandbox.post("/settings", loader=False)
    with running(ChromiumBrowser(options(tmp_path, sandbox.url, start_patience=SECONDS * 4))) as browser:
        page = Opened(browser)
        page.told.until(PageSettled)
        assert not page.told.told(BrowserGone)
        page.page.kill()
        page.told.until(BrowserGone)


def test_a_page_opens_while_the_disk_of_its_messages_files_does_not_answer(
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox
) -> None:
    context, answers = shell._context, threading.Event()
    assert context is not None
    stuck = context.media.submit(CLIENT, answers.wait, SECONDS)
    page = opened(shell)
    page.told.until(QrShown)
    assert not stuck.done()
    answers.set()


def test_an_address_that_never_answers_is_what_is_blamed_and_not_chromium(tmp_path: Path) -> None:
    with silent_port() as mute:
        mute.listen()
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        gone, seconds = start_of(tmp_path, url, start_patience=PATIENCE)
    assert gone.reason is Reason.PAGE_UNREACHABLE
    assert gone.text.startswith(f"WhatsApp Web could not be opened: {url} did not answer within ")
    assert seconds < PATIENCE + PROMPTLY


def test_a_page_without_whatsapp_webs_modules_is_named_after_the_patience(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.post("/settings", loader=False)
    gone, seconds = start_of(tmp_path, sandbox.url, start_patience=PATIENCE)
    assert gone.reason is Reason.WA_JS_NOT_READY
    assert seconds < PATIENCE + PROMPTLY


def test_a_page_that_comes_late_is_waited_for(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.post("/settings", page_delay=0.5, start_delay=0.5)
    with running(ChromiumBrowser(options(tmp_path, sandbox.url))) as browser:
        page = Opened(browser)
        page.told.until(QrShown)
        page.close()


def test_an_address_that_answers_later_is_tried_again(tmp_path: Path, sandbox: Sandbox) -> None:
    with silent_port() as reserved:
        address = reserved.getsockname()
        with running(
            ChromiumBrowser(options(tmp_path, f"http://127.0.0.1:{address[1]}/", start_patience=4.0))
        ) as browser:
            page = Opened(browser)
            reserved.listen()
            reserved.settimeout(SECONDS)
            asked, _ = reserved.accept()
            asked.close()
            page.page.kill()
            page.told.until(BrowserGone)


def test_a_chromium_that_dies_at_once_is_tried_again_and_then_named(tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    counter = tmp_path / "starts"
    broken.write_text(
        f"#!/bin/sh\n[ $1 = --version ] && echo Chromium 1.2.3.4 && exit\n"
        f"echo x >> {counter}; echo broken >&2; exit 7\n"
    )
    broken.chmod(0o755)
    data = tmp_path / "data"
    data.mkdir()
    gone, _ = start_of(data, "http://127.0.0.1:9/", build=str(broken), start_patience=1.0)
    assert gone.reason is Reason.CHROMIUM_FAILED
    assert "exit code 7" in gone.text
    assert "broken" in gone.text
    assert len(counter.read_text().split()) > 1


def test_a_profile_that_another_process_holds_is_named(tmp_path: Path, sandbox: Sandbox) -> None:
    with running(ChromiumBrowser(options(tmp_path, sandbox.url))) as browser:
        held = browser._profiles.of(CLIENT).lock()
        page = Opened(browser)
        gone = page.told.until(BrowserGone)
        assert gone.reason is Reason.PROFILE_IN_USE
        assert str(os.getpid()) in gone.text
        os.close(held)


@pytest.mark.parametrize(
    ("how", "after"), [("close", 0.0), ("close", 0.15), ("close", 0.3), ("kill", 0.05), ("kill", 0.2)]
)
def test_a_start_that_is_given_up_ends_promptly_with_everything_gone(
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox, how: str, after: float
) -> None:
    page = opened(shell)
    time.sleep(after)  # anywhere in the start, not at a named point of it
    began = time.monotonic()
    getattr(page.page, how)()
    assert page.told.until(BrowserGone) == BrowserGone(None, "Closed")
    assert time.monotonic() - began < 2.0
    assert not naming(shell._profiles.of(CLIENT).directory)


def test_a_page_waits_for_the_one_before_it_on_its_profile(
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox
) -> None:
    first = opened(shell)
    first.told.until(QrShown)
    second, third = opened(shell), opened(shell)
    second.page.close()
    assert second.told.until(BrowserGone) == BrowserGone(None, "Closed")
    assert len([pid for pid in naming(shell._profiles.of(CLIENT).directory) if "--type=" not in _command(pid)]) == 1
    first.page.close()
    third.told.until(QrShown)
    assert first.told.told(BrowserGone)


def _command(pid: int) -> str:
    return " ".join(psutil.Process(pid).cmdline())
