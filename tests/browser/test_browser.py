"""The real browser as a whole: what it keeps, what it ends, what it finds left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.options import BrowserUnavailable
from actors.clients.operations.messages import SendText
from actors.clients.protocol import BrowserGone, OutcomeUnknown, QrShown, Ready
from actors.clients.types import ClientId, Reason
from tests.browser.pages import CLIENT, NUMBER, SECONDS, Open, Opened, answer, options, running
from tests.rig import Sandbox, naming

pytestmark = pytest.mark.e2e


def test_versions_are_known_once_started(shell: ChromiumBrowser) -> None:
    assert shell.versions["wa_js"].count(".") == 2
    assert shell.versions["chromium"].count(".") == 3


def test_a_page_does_not_call_itself_headless(browser: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    opened(browser).told.until(QrShown)
    hints = "navigator.userAgentData.getHighEntropyValues(['fullVersionList', 'platform']).then(JSON.stringify)"
    said = [str(answer(browser, what)) for what in ("navigator.userAgent", "navigator.appVersion", hints)]
    assert not [words for words in said if "headless" in words.lower()]
    version = browser.versions["chromium"]
    assert f"Chrome/{version.split('.')[0]}.0.0.0" in said[0]
    assert version in said[2]


def test_a_dropped_login_is_gone_with_its_profile_before_the_next_page_opens(
    shell: ChromiumBrowser, linked: Open, opened: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    shell.keep_login(CLIENT)
    assert shell.has_login(CLIENT)
    shell.drop_login(CLIENT)
    assert not shell.has_login(CLIENT)
    page.close()
    assert not shell._profiles.of(CLIENT).directory.exists()
    opened(shell).told.until(QrShown)


def test_pages_of_different_clients_live_side_by_side(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    pages = [linked(shell, ClientId(number), f"549110000000{number}") for number in (1, 2)]
    pages[0].close()
    pages[1].page.call("order", SendText("5491122334455@c.us", "hello"))
    pages[1].page.kill()
    pages[1].told.until(BrowserGone)


def test_orders_that_were_not_settled_are_told_to_be_so_before_the_page_is_gone(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/sending", mode="never")
    page.page.call("order", SendText("5491122334455@c.us", "hello"))
    page.page.close()
    page.told.until(BrowserGone)
    assert [fact.order for fact in page.told.told(OutcomeUnknown)] == ["order"]
    assert isinstance(page.told.facts[-1], BrowserGone)


def test_stopping_kills_what_is_left_and_says_that_nothing_is(tmp_path: Path, sandbox: Sandbox) -> None:
    browser = ChromiumBrowser(options(tmp_path, sandbox.url))
    browser.start()
    page = Opened(browser)
    page.told.until(QrShown)
    assert browser.stop(5.0)
    assert page.told.told(BrowserGone) == [BrowserGone(None, "Closed")]
    assert not naming(tmp_path)
    assert browser.stop(5.0)
    late = Opened(browser)
    assert late.told.until(BrowserGone).reason is Reason.CHROMIUM_FAILED
    late.page.close()


def test_an_owner_that_raises_disturbs_nobody(shell: ChromiumBrowser, sandbox: Sandbox) -> None:
    gone = threading.Event()

    def raising(fact: object) -> None:
        if isinstance(fact, BrowserGone):
            gone.set()
        raise RuntimeError("a bug of the owner's")

    page = shell.open(CLIENT, raising)
    page.close()
    assert gone.wait(SECONDS)
    shell.drop_login(CLIENT)


SERVICE = """
import sys, time
from pathlib import Path
from actors.browser.browser import ChromiumBrowser
from actors.browser.options import BrowserOptions
from actors.clients.protocol import QrShown, Ready

def told(fact):
    if isinstance(fact, (QrShown, Ready)):
        print(type(fact).__name__, getattr(fact, "code", ""), flush=True)

browser = ChromiumBrowser(BrowserOptions(Path(sys.argv[1]), sys.argv[2]))
browser.start()
browser.open(7, told)
time.sleep(100)
"""


@pytest.mark.parametrize("orphaned", [False, True])
def test_no_chromium_outlives_a_killed_service_or_the_start_of_the_next(
    tmp_path: Path, sandbox: Sandbox, orphaned: bool
) -> None:
    """With setpriv Chromium dies with the service; without it, it exits as its pipe ends. One that cannot, as it is
    stopped, is left over, and the next start ends it.
    """
    environment = dict(os.environ)
    if orphaned:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/chromium-headless-shell").symlink_to("/usr/bin/chromium-headless-shell")
        environment["PATH"] = str(tmp_path / "bin")
    command = [sys.executable, "-c", SERVICE, str(tmp_path / "data"), sandbox.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as service:
        assert service.stdout is not None
        while b"QrShown" not in (line := service.stdout.readline()):
            assert line
        left = naming(tmp_path / "data")
        assert left
        for pid in left if orphaned else ():
            os.kill(pid, signal.SIGSTOP)
        service.send_signal(signal.SIGKILL)
        service.wait(5.0)
    processes = [psutil.Process(pid) for pid in left if psutil.pid_exists(pid)]
    if orphaned:
        assert naming(tmp_path / "data")
        with running(ChromiumBrowser(options(tmp_path / "data", sandbox.url))) as browser:
            assert not naming(tmp_path / "data")
            page = Opened(browser)
            page.told.until(QrShown)
            page.close()
    else:
        psutil.wait_procs(processes, timeout=5.0)
        assert not naming(tmp_path / "data")


def test_a_directory_or_a_chromium_that_cannot_be_used_refuses_the_start(tmp_path: Path) -> None:
    with pytest.raises(BrowserUnavailable):
        ChromiumBrowser(options(tmp_path, "http://127.0.0.1:9/", str(tmp_path / "none"))).start()
    (tmp_path / "profiles").write_text("in the way")
    with pytest.raises(BrowserUnavailable):
        ChromiumBrowser(options(tmp_path, "http://127.0.0.1:9/")).start()


def test_a_resumed_login_is_ready_again_after_an_orderly_stop(tmp_path: Path, sandbox: Sandbox) -> None:
    for start in range(2):
        with running(ChromiumBrowser(options(tmp_path, sandbox.url))) as browser:
            page = Opened(browser)
            if start == 0:
                sandbox.post("/scan", code=page.told.until(QrShown).code, number=NUMBER)
            page.told.until(Ready)
            assert page.close().reason is None
            assert browser.stop(5.0)
