"""The least that can read a QR: Chromium with our flags, straight on the page, and a script that waits for the code."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from actors.browser.command_line import command, find_build
from actors.browser.options import BrowserOptions

PATIENCE = 30.0
ONE_CALL = 10.0
CODE_SHOWN = """new Promise((done) => {
  const look = () => { const text = document.getElementById('code')?.textContent; if (text) done(text); };
  new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true});
  look();
})"""


class Bare:
    """One Chromium on a profile of its own. `code` may be called once; `end` afterwards."""

    def __init__(self, profile: Path, url: str) -> None:
        options = BrowserOptions(profile.parent, url)
        *self._command, _ = command(find_build(None), profile, options)
        self._url = url
        self._process: asyncio.subprocess.Process | None = None

    async def code(self) -> str:
        """Start it, and read the code. Raises TimeoutError."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command, self._url, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(PATIENCE):
            async with connect(await self._endpoint(), max_size=None, compression=None, proxy=None) as wire:
                targets = (await _call(wire, "Target.getTargets"))["targetInfos"]
                page = next(target["targetId"] for target in targets if target["type"] == "page")
                session = (await _call(wire, "Target.attachToTarget", targetId=page, flatten=True))["sessionId"]
                return await _shown(wire, session)

    async def end(self) -> None:
        """End it, and wait for that."""
        if self._process is not None:
            self._process.terminate()
            await self._process.communicate()

    async def _endpoint(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            if found := re.search(rb"DevTools listening on (ws://\S+)", line):
                return found[1].decode()
        raise AssertionError("Chromium ended without opening a debugging port")


async def _shown(wire: ClientConnection, session: str) -> str:
    """The code. While the page is still being loaded, what was asked of the document before it is lost: asked again."""
    while True:
        answer = await _call(
            wire, "Runtime.evaluate", session, expression=CODE_SHOWN, awaitPromise=True, returnByValue=True
        )
        if text := answer.get("result", {}).get("value"):
            return str(text)


async def _call(wire: ClientConnection, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
    message = {"id": 1, "method": method, "params": params}
    await wire.send(json.dumps(message if session is None else {**message, "sessionId": session}))
    while True:
        told = json.loads(await wire.recv())
        if told.get("id") == 1:
            return dict(told.get("result", {}))
