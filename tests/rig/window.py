"""A person's browser: real headless Chromium on one page, driven from outside, with all it complains of."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any, Self

from tests.rig.piped import Piped

PATIENCE = 30.0
"""Seconds that anything may take which is waited for."""
START = 60.0
QUIET = (
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
ALL = {"origin": "*", "storageTypes": "all"}
VIOLATIONS = """() => {
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => {
    window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
}"""
BROKEN = "window.violations ?? []"


class Window:
    """A context manager; `complaints` is what the console said at levels warning and error, and broken policies."""

    def __init__(self, profile: Path, *, language: str = "en-US") -> None:
        self._profile, self._language = profile, language
        self._loop = asyncio.new_event_loop()
        self._said: list[str] = []
        self._excused: list[str] = []

    def __enter__(self) -> Self:
        self._profile.mkdir(parents=True, exist_ok=True)
        flags = [*QUIET, f"--lang={self._language}", f"--accept-lang={self._language}", "--no-sandbox"]
        environment = {**os.environ, "LANGUAGE": self._language.replace("-", "_")}
        self._chromium = Piped(flags, self._profile, environment)
        try:
            self._run(self._connect(), START)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._settle())
        self._end()

    def _end(self) -> None:
        self._chromium.end(PATIENCE)
        self._loop.close()

    async def _connect(self) -> None:
        self.page = await self._chromium.connect()
        self.page.on("error", lambda _error: None)
        self._cdp = await self.page.target.createCDPSession()
        self._cdp.on("Log.entryAdded", self._log)
        self._cdp.on("Runtime.consoleAPICalled", self._console)
        self._cdp.on("Runtime.exceptionThrown", lambda told: self._said.append(f"exception: {told}"))
        for domain in ("Log", "Runtime"):
            await self._cdp.send(f"{domain}.enable")
        await self.page.evaluateOnNewDocument(VIOLATIONS)

    def _log(self, told: dict[str, Any]) -> None:
        entry = told["entry"]
        if entry["level"] in ("warning", "error"):
            self._said.append(f"{entry['level']}: {entry['text']} {entry.get('url', '')}")

    def _console(self, told: dict[str, Any]) -> None:
        if told["type"] in ("warning", "error", "assert"):
            self._said.append(f"console: {[value.get('value') for value in told['args']]}")

    @property
    def complaints(self) -> list[str]:
        """All that went wrong, as the browser sees it, but for what is excused."""
        said = [*self._said, *self.js(BROKEN)]
        return [one for one in said if not any(re.search(pattern, one) for pattern in self._excused)]

    def excuse(self, pattern: str) -> None:
        """Pass over complaints that match, until all is forgotten: what a test provokes. Some come late."""
        self._excused.append(pattern)

    def forget(self) -> None:
        """Have no cookie, nothing stored, and nothing complained of or excused."""
        self.goto("about:blank")
        for method, how in (("Network.clearBrowserCookies", {}), ("Storage.clearDataForOrigin", ALL)):
            self._run(self._cdp.send(method, how), PATIENCE)
        self._said, self._excused = [], []

    def goto(self, url: str) -> None:
        """Load a page."""
        self._leave()
        self._run(self.page.goto(url, waitUntil="load"), PATIENCE)

    def reload(self) -> None:
        """Load it again."""
        self._leave()
        self._run(self.page.reload(waitUntil="load"), PATIENCE)

    def _leave(self) -> None:
        """Keep what the document complains of. What it has told by now is heard: a move within it, heard later,
        would be taken for the new document's.
        """
        self._said += self.js(BROKEN)

    def js(self, expression: str, seconds: float = PATIENCE) -> Any:
        """The value of an expression, awaited if it is a promise."""
        return self._run(self.page.evaluate(f"() => ({expression})"), seconds)

    def until(self, test: str, seconds: float = PATIENCE) -> Any:
        """Wait in the page until the expression gives something, looked at on every change of it."""
        waits = f"""() => new Promise((resolve, reject) => {{
          const look = () => {{
            let found = null;
            try {{ found = ({test}); }} catch (error) {{ /* not there yet */ }}
            if (found) {{ watch.disconnect(); clearInterval(timer); resolve(found === true || typeof found); }}
            return found;
          }};
          const watch = new MutationObserver(look);
          watch.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
          const timer = setInterval(look, 50);
          look();
        }})"""
        try:
            return self._run(self.page.evaluate(waits), seconds)
        except AssertionError as error:
            text = self.js("document.body.innerText")
            raise AssertionError(f"{error}: {test}; the page says: {text}; complaints: {self.complaints}") from None

    def click(self, selector: str) -> None:
        """Click what the selector finds, once it is there and takes clicks."""
        self._do(selector, "!one.disabled && (one.click(), true)")

    def fill(self, selector: str, text: str) -> None:
        """Type into a field, replacing what is in it, once it takes the focus."""
        self._do(selector, "(one.focus(), one.select(), document.activeElement === one)")
        self.type(text)

    def _do(self, selector: str, what: str) -> None:
        """Have it looked for and done in one step: between two it may be drawn anew."""
        self.until(f"((one) => {what})(document.querySelector({selector!r}))")

    def type(self, text: str) -> None:
        """Type where the focus is."""
        self._run(self.page.keyboard.type(text), PATIENCE)

    def press(self, *keys: str) -> None:
        """Press keys one after the other: `Tab`, `Enter`, `Escape`."""
        for key in keys:
            self._run(self.page.keyboard.press(key), PATIENCE)

    def text(self, selector: str = "body") -> str:
        """What can be read there."""
        return str(self.js(f"document.querySelector({selector!r}).innerText"))

    def resize(self, width: int, height: int = 800) -> None:
        """Another size of window, in CSS pixels."""
        self._run(self.page.setViewport({"width": width, "height": height}), PATIENCE)

    def prefers(self, scheme: str) -> None:
        """Have the system be `dark` or `light`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._run(self._cdp.send("Emulation.setEmulatedMedia", {"features": features}), PATIENCE)

    def shot(self, path: Path) -> None:
        """A picture of the window."""
        self._run(self.page.screenshot({"path": str(path)}), PATIENCE)

    def _run(self, coroutine: Any, seconds: float) -> Any:
        async def bounded() -> Any:
            task = asyncio.ensure_future(coroutine)
            done, _ = await asyncio.wait({task}, timeout=seconds)
            if not done:
                # Not cancelled: pyppeteer would fail on the answer, should it come, and be deaf from then on.
                task.add_done_callback(lambda late: late.cancelled() or late.exception())
                raise AssertionError(f"nothing after {seconds} s")
            return task.result()

        return self._loop.run_until_complete(bounded())

    async def _settle(self) -> None:
        await self._chromium.disconnect()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
