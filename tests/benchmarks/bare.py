"""The least that can read a QR: Chromium with our flags, straight on the page, and a script that waits for the code."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

from actors.browser.chromium.command_line import command, find_build, speaking_on_stdin
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
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *speaking_on_stdin([*self._command, self._url]),
                stdin=theirs.fileno(),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
        async with asyncio.timeout(PATIENCE):
            self._wire = await asyncio.open_connection(sock=ours, limit=2**26)
            while True:
                targets = (await self._call("Target.getTargets"))["targetInfos"]
                pages = [target["targetId"] for target in targets if target["type"] == "page"]
                if pages:
                    break
                await asyncio.sleep(0.01)
            session = (await self._call("Target.attachToTarget", targetId=pages[0], flatten=True))["sessionId"]
            return await self._shown(session)

    async def end(self) -> None:
        """End it, and wait for that."""
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
            self._wire[1].close()

    async def _shown(self, session: str) -> str:
        """The code. While the page is still being loaded, what was asked of the one before is lost: asked again."""
        while True:
            answer = await self._call(
                "Runtime.evaluate", session, expression=CODE_SHOWN, awaitPromise=True, returnByValue=True
            )
            if text := answer.get("result", {}).get("value"):
                return str(text)

    async def _call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        reader, writer = self._wire
        message = {"id": 1, "method": method, "params": params}
        writer.write(json.dumps(message if session is None else {**message, "sessionId": session}).encode() + b"\0")
        while True:
            told = json.loads((await reader.readuntil(b"\0"))[:-1])
            if told.get("id") == 1:
                return dict(told.get("result", {}))
