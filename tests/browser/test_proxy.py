"""A page behind a proxy that wants a name and a password: all of its traffic goes through it, WebSockets too."""

from __future__ import annotations

import asyncio
import base64
import threading
from pathlib import Path

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.protocol import BrowserGone, QrShown
from actors.clients.registry.config import Proxy
from actors.clients.types import Reason
from tests.browser.pages import CLIENT, SECONDS, Opened, options, running
from tests.rig import Sandbox


class HttpProxy:
    """An HTTP proxy on 127.0.0.1: lets pass who knows the word, and counts by what was asked for."""

    def __init__(self, word: str | None) -> None:
        self.expected = word and "Basic " + base64.b64encode(word.encode()).decode()
        self.refused = 0
        self.passed: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy")
        self.port = 0

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            if self.expected is not None and fields.get("proxy-authorization") != self.expected:
                self.refused += 1
                answer = 'HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n'
                writer.write(answer.encode())
                await writer.drain()
                continue
            break
        method, target, _ = first.split(" ")
        self.passed.append(f"{method} {target}")
        tunnel = method == "CONNECT"
        host, _, port = (target if tunnel else target.split("/")[2]).partition(":")
        here = "127.0.0.1" if host.endswith(".test") else host
        there, onwards = await asyncio.open_connection(here, int(port or 80))
        if tunnel:
            writer.write(b"HTTP/1.1 200 X\r\n\r\n")
        else:
            path = "/" + target.split("/", 3)[3]
            kept = [line for line in lines if not line.lower().startswith(("proxy-", "connection:"))]
            onwards.write("\r\n".join([f"{method} {path} HTTP/1.1", "Connection: close", *kept]).encode("latin-1"))
        both = [asyncio.ensure_future(_pump(reader, onwards)), asyncio.ensure_future(_pump(there, writer))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            onwards.close()

    def __enter__(self) -> HttpProxy:
        self._thread.start()
        assert self._ready.wait(SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(SECONDS)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def test_a_page_logs_in_at_its_proxy_and_everything_goes_through_it(sandbox: Sandbox, tmp_path: Path) -> None:
    with HttpProxy("me:the word") as there:
        proxy = Proxy(f"127.0.0.1:{there.port}", "me", "the word")
        with running(ChromiumBrowser(options(tmp_path, sandbox.url), proxy=lambda _: proxy)) as browser:
            page = Opened(browser, CLIENT)
            page.told.until(QrShown)
            page.close()
        assert there.refused
        assert any(one.startswith("GET") for one in there.passed)
        assert any(one.startswith("CONNECT") for one in there.passed), "no WebSocket went through"


def test_a_proxy_that_refuses_the_login_is_told_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    with HttpProxy("me:the word") as there:
        proxy = Proxy(f"127.0.0.1:{there.port}", "me", "another")
        given = options(tmp_path, sandbox.url, start_patience=SECONDS * 2)
        with running(ChromiumBrowser(given, proxy=lambda _: proxy)) as browser:
            page = Opened(browser, CLIENT)
            gone = page.told.until(BrowserGone)
            assert gone.reason is Reason.PROXY_LOGIN_REFUSED
            assert "proxy refused the name or the password" in gone.text
        assert there.passed == []


def test_a_proxy_without_a_login_is_used_as_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    with HttpProxy(None) as there:
        proxy = Proxy(f"127.0.0.1:{there.port}")
        with running(ChromiumBrowser(options(tmp_path, sandbox.url), proxy=lambda _: proxy)) as browser:
            page = Opened(browser, CLIENT)
            page.told.until(QrShown)
            page.close()
        assert there.passed


def test_the_environments_proxy_is_used_only_where_a_setting_says_so_and_never_to_loopback(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = sandbox.url.replace("127.0.0.1", "wa.test")
    with HttpProxy(None) as there:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{there.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        for number, (url, taken, fact) in enumerate(
            ((elsewhere, False, BrowserGone), (sandbox.url, True, QrShown), (elsewhere, True, BrowserGone))
        ):
            given = options(tmp_path / str(number), url, start_patience=4.0, proxy_from_environment=taken)
            with running(ChromiumBrowser(given)) as browser:
                page = Opened(browser, CLIENT)
                page.told.until(fact)
                if fact is QrShown:
                    page.close()
            assert bool(there.passed) is (taken and url == elsewhere), url
    assert there.passed[0] == f"GET {elsewhere}"
