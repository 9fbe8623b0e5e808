"""Starting and stopping the real browser: turns on a profile, starts that fail, starts that are given up, orphans."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.connection import Wire, WireError, WireSilent
from actors.browser.options import BrowserUnavailable
from actors.clients.protocol import BrowserGone, QrShown, Ready, SendUnsettled
from actors.clients.types import ClientId, Reason
from tests.browser.conftest import CLIENT, NUMBER, SECONDS, Opened, options
from tests.rig import Sandbox, naming

pytestmark = pytest.mark.e2e

Open = Callable[..., Opened]


@contextlib.contextmanager
def running(browser: ChromiumBrowser) -> Iterator[ChromiumBrowser]:
    """A browser of the test's own."""
    browser.start()
    try:
        yield browser
    finally:
        browser.stop(10.0)


def start_of(tmp_path: Path, url: str, build: str | None = None, **others: object) -> tuple[BrowserGone, float]:
    """How a start ends that cannot succeed, and after how long."""
    with running(ChromiumBrowser(options(tmp_path, url, build, **others))) as browser:
        began = time.monotonic()
        page = Opened(browser)
        gone = page.told.until(BrowserGone)
        assert page.told.facts == [gone]
        assert not naming(tmp_path)
        return gone, time.monotonic() - began


def silent_port() -> socket.socket:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening


def test_versions_are_known_once_started(shell: ChromiumBrowser) -> None:
    assert shell.versions["wa_js"].count(".") == 2
    assert shell.versions["chromium"].count(".") == 3


def test_an_unreachable_address_is_named_after_the_patience(tmp_path: Path) -> None:
    with silent_port() as nobody:
        gone, seconds = start_of(tmp_path, f"http://127.0.0.1:{nobody.getsockname()[1]}/", start_patience=1.5)
    assert gone.reason is Reason.PAGE_UNREACHABLE
    assert "ERR_CONNECTION_REFUSED" in gone.text
    assert seconds < 4.0


def test_an_address_that_never_answers_is_what_is_blamed_and_not_chromium(tmp_path: Path) -> None:
    with silent_port() as mute:
        mute.listen()
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        gone, seconds = start_of(tmp_path, url, start_patience=1.5)
    assert gone.reason is Reason.PAGE_UNREACHABLE
    assert gone.text.startswith(f"WhatsApp Web could not be opened: {url} did not answer within ")
    assert seconds < 4.0


def test_a_page_without_whatsapp_webs_modules_is_named_after_the_patience(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.post("/settings", loader=False)
    gone, seconds = start_of(tmp_path, sandbox.url, start_patience=1.5)
    assert gone.reason is Reason.WA_JS_NOT_READY
    assert seconds < 4.0


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
    pages[1].page.send_text("order", "5491122334455@c.us", "hello")
    pages[1].page.kill()
    pages[1].told.until(BrowserGone)


def test_orders_that_were_not_settled_are_told_to_be_so_before_the_page_is_gone(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/sending", mode="never")
    page.page.send_text("order", "5491122334455@c.us", "hello")
    page.page.close()
    page.told.until(BrowserGone)
    assert [fact.order for fact in page.told.told(SendUnsettled)] == ["order"]
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
    """With setpriv Chromium dies with the service; without it, it is left over and reaped by the next start."""
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


# --- the connection --------------------------------------------------------------------------------------------------


def on_wire(browser: ChromiumBrowser, story: Callable[[Wire], object]) -> object:
    """Run a coroutine function with the wire of the browser's one page, on the loop."""
    assert browser._house is not None
    page = next(iter(browser._pages))
    assert page._life is not None
    wire = page._life.wire
    assert wire is not None
    loop = browser._house.loop._loop
    assert loop is not None
    return asyncio.run_coroutine_threadsafe(story(wire), loop).result(SECONDS)  # type: ignore[arg-type]


def test_nothing_that_deafens_pyppeteer_deafens_the_connection(
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox
) -> None:
    opened(shell).told.until(QrShown)

    async def story(wire: Wire) -> None:
        def raising(_: object) -> None:
            raise RuntimeError("a listener's bug")

        wire.on("Runtime.consoleAPICalled", raising)
        await wire.call("Runtime.evaluate", {"expression": "console.log(1)"})
        with pytest.raises(WireError):
            await wire.call("No.suchMethod")
        with pytest.raises(WireSilent):
            await wire.call(
                "Runtime.evaluate", {"expression": "new Promise(() => {})", "awaitPromise": True}, seconds=0.05
            )
        late = wire.post("No.suchMethod")
        late.cancel()
        with pytest.raises(WireSilent):
            await wire.call("Runtime.evaluate", {"expression": "1"}, seconds=0.0)
        for payload in ("", "{", "[]", "null", '{"e": []}', '{"e": "view", "mode": {}}', '{"e": "message"}'):
            expression = f"window.__none, {payload!r}"
            await wire.call("Runtime.evaluate", {"expression": expression})
        answer = await wire.call("Runtime.evaluate", {"expression": "6 * 7"})
        assert answer["result"]["value"] == 42
        assert not wire.deaf.done()

    on_wire(shell, story)


def test_a_port_where_nobody_answers_is_an_error_and_not_a_wait() -> None:
    async def story() -> None:
        wire = Wire("ws://127.0.0.1:9/devtools/browser/none")
        with pytest.raises(WireError):
            await wire.open(2.0)
        await wire.close()

    asyncio.run(story())


def test_a_resumed_login_is_ready_again_after_an_orderly_stop(tmp_path: Path, sandbox: Sandbox) -> None:
    for start in range(2):
        with running(ChromiumBrowser(options(tmp_path, sandbox.url))) as browser:
            page = Opened(browser)
            if start == 0:
                sandbox.post("/scan", code=page.told.until(QrShown).code, number=NUMBER)
            page.told.until(Ready)
            assert page.close().reason is None
            assert browser.stop(5.0)
