"""A real sandbox process and a real Chromium for the tests of the sandbox; both end with the tests, by pid."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from actors.browser.cdp import NetworkError
from tests.rig.piped import Piped
from tests.rig.window import PATIENCE, QUIET, START

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "actors/browser/node_modules/@wppconnect/wa-js/dist/wppconnect-wa.js"
FLAGS = (
    *QUIET,
    "--no-sandbox",
    # Without the word Headless, as the product's: a pairing code is given to no other.
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36",
)
BEFORE = "window.WPPConfig = {disableGoogleAnalytics: true, linkPreviewApiServers: []};"
# Keeps what wa-js says and the page's own Cmd says, and lets a test wait for a named fact.
RECORDER = """
(() => {
  const heard = [];
  const waiting = new Set();
  const plain = (value) => {
    if (value === null || typeof value !== 'object') return value;
    if (value.fullCode) return value.fullCode;
    if (value.ids) return {ids: value.ids.map(String), ack: value.ack};
    if (!value.id) return String(value);
    const {id, body, type, ack, reactionText: text, peerJid} = value;
    return {id: String(id), fromMe: id.fromMe, body, type, ack, text, peer: String(peerJid)};
  };
  window.hears = (name, ...args) => {
    heard.push([name, ...args.map(plain)]);
    for (const check of [...waiting]) check();
  };
  window.heard = heard;
  window.until = (test) => new Promise((resolve) => {
    const check = () => {
      let found;
      try { found = test(heard); } catch (error) { found = undefined; }
      if (found === undefined || found === false || found === null) return;
      waiting.delete(check);
      clearInterval(timer);
      resolve(found);
    };
    const timer = setInterval(check, 20);
    waiting.add(check);
    check();
  });
  WPP.onAny((name, ...args) => window.hears(name, ...args));
  WPP.loader.onInjected(() => {
    const trigger = WPP.whatsapp.Cmd.trigger;
    WPP.whatsapp.Cmd.trigger = function (name, ...args) {
      heard.push(['cmd', name, ...args]);
      for (const check of [...waiting]) check();
      return trigger.call(this, name, ...args);
    };
  });
})();
"""


class Sandbox:
    """A sandbox process and a client of its control API."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("sandbox ready "), line
        self.url = line.split()[-1]
        self.http = httpx2.Client(verify=False)

    def get(self, path: str) -> Any:
        return self._answered(self.http.get(path))

    def post(self, path: str, **said: Any) -> Any:
        return self._answered(self.http.post(path, json=said))

    def put(self, path: str, **said: Any) -> Any:
        return self._answered(self.http.put(path, json=said))

    def _answered(self, answer: httpx2.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()

    def close(self) -> int:
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        assert self.process.stdout
        self.process.stdout.close()
        return code


@pytest.fixture(scope="session")
def server() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    assert sandbox.close() == 0


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    """The session's sandbox, with an empty world and settings that wait for nothing."""
    with httpx2.Client(base_url=server.url, timeout=30.0, verify=False) as server.http:
        server.post("/api/reset")
        server.post("/api/settings", **DEFAULTS)
        yield server


@pytest.fixture
def connected(server: Sandbox) -> Iterator[Sandbox]:
    """The session's sandbox as the tests before left it."""
    with httpx2.Client(base_url=server.url, timeout=30.0, verify=False) as server.http:
        yield server


DEFAULTS = {
    "compat": "modern",
    "lids": False,
    "loader": True,
    "bundles": "stages",
    "bundle_delay": 0.0,
    "timer_starvation": 0.0,
    "ballast": 0,
    "qr_refs": 6,
    "qr_first": 60.0,
    "qr_next": 20.0,
    "ack_sent": 0.02,
    "ack_delivered": 0.02,
    "ack_read": 0.02,
    "page_delay": 0.0,
    "start_delay": 0.0,
    "return_delay": 0.0,
    "soft_update_after": 3 * 86_400.0,
    "hard_update_after": 30 * 86_400.0,
    "keepalive": True,
    "pair_delay": 0.02,
    "resume_delay": 0.0,
    "reconnect_delay": 0.1,
    "reconnect_cap": 0.4,
    "history": 1000,
}


class Tab:
    """One page of WhatsApp Web in a Chromium of its own, with wa-js in it."""

    def __init__(self, url: str, profile: Path) -> None:
        self.url, self.profile = url, profile
        self._loop = asyncio.new_event_loop()
        self._chromium: Piped | None = None

    def open(self, query: str = "") -> None:
        """Starts Chromium on the profile and loads the page."""
        self._chromium = Piped(FLAGS, self.profile)
        self._run(self._connect(self._chromium, self.url + query), START)

    async def _connect(self, chromium: Piped, url: str) -> None:
        self.page = await chromium.connect()
        self.page.on("error", lambda _error: None)
        self.console: list[str] = []
        self.page.on("console", lambda said: self.console.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.console.append(f"pageerror: {error}"))
        for script in (BEFORE, BUNDLE.read_text(), RECORDER):
            await self.page.evaluateOnNewDocument(f"() => {{ {script} }}")
        await self.page.goto(url, waitUntil="domcontentloaded")

    def goto(self, query: str = "") -> None:
        self._run(self.page.goto(self.url + query, waitUntil="domcontentloaded"), PATIENCE)

    def js(self, expression: str, seconds: float = PATIENCE) -> Any:
        """The value of an expression, awaited if it is a promise."""
        return self._run(self.page.evaluate(f"() => ({expression})"), seconds)

    def until(self, test: str, seconds: float = PATIENCE) -> Any:
        """Waits until `test` (JavaScript over `heard`, the facts so far) gives something, and returns that."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                return self.js(f"window.until((heard) => {test})", left)
            except NetworkError:  # the page navigated: the next one is asked
                time.sleep(0.02)
            except AssertionError as error:
                raise AssertionError(f"{error}: {test}; heard {self.heard()}; console {self.console}") from error
        raise AssertionError(f"nothing after {seconds} s: {test}")

    def heard(self) -> list[list[Any]]:
        heard: list[list[Any]] = self.js("window.heard")
        return heard

    def resize(self, width: int) -> None:
        self._run(self.page.setViewport({"width": width, "height": 900}), PATIENCE)

    def emulate_offline(self, offline: bool) -> None:
        self._run(self.page.setOfflineMode(offline), PATIENCE)

    def _run(self, coroutine: Coroutine[Any, Any, Any], seconds: float) -> Any:
        async def bounded() -> Any:
            task = asyncio.ensure_future(coroutine)
            done, _ = await asyncio.wait({task}, timeout=seconds)
            if not done:
                raise AssertionError(f"nothing after {seconds} s")
            return task.result()

        return self._loop.run_until_complete(bounded())

    def close(self, kill: bool = False) -> None:
        """Ends this Chromium: SIGTERM keeps what the page stored."""
        if self._chromium is None:
            return
        self._chromium.end(PATIENCE, kill=kill)
        self._loop.run_until_complete(self._settle(self._chromium))
        self._chromium = None

    async def _settle(self, chromium: Piped) -> None:
        await chromium.disconnect()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def dispose(self) -> None:
        self.close(kill=True)
        self._loop.close()


@pytest.fixture
def tab(server: Sandbox, tmp_path: Path) -> Iterator[Callable[..., Tab]]:
    """Makes tabs on a profile each; ends them all."""
    tabs: list[Tab] = []

    def make(profile: str = "profile") -> Tab:
        tabs.append(Tab(server.url, tmp_path / profile))
        (tmp_path / profile).mkdir(exist_ok=True)
        os.chmod(tmp_path / profile, 0o700)
        return tabs[-1]

    yield make
    for one in tabs:
        one.dispose()
