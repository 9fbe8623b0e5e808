"""A Chromium of a test, driven by pyppeteer over a pipe as the product's: nothing listens."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from actors.browser.cdp import PipeConnection
from actors.browser.chromium.command_line import Build, find_build, speaking_on_stdin

build = functools.cache(lambda: find_build(None))
"""The Chromium of this host."""


class Piped:
    """One Chromium on a profile. `begin` starts it; then `connect` on the loop that it is driven from."""

    def __init__(self, flags: Sequence[str], profile: Path, environment: Mapping[str, str] | None = None) -> None:
        here: Build = build()
        headless = [] if here.headless_shell else ["--headless=new"]
        command = [str(here.path), *headless, "--remote-debugging-pipe", *flags, f"--user-data-dir={profile}"]
        self._ours, theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._connection: PipeConnection | None = None
        with theirs:
            self.process = subprocess.Popen(
                speaking_on_stdin([*command, "about:blank"]),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
            )

    async def connect(self) -> Any:
        """Return pyppeteer's page that Chromium opens by itself."""
        from pyppeteer.browser import Browser  # it can be imported once the product's connection is

        connection = self._connection = PipeConnection(asyncio.get_running_loop())
        await connection.pipe.open(self._ours)
        browser = await Browser.create(connection, [], False, None)
        while not (pages := await browser.pages()):  # noqa: ASYNC110  # a page that comes is not told to us
            await asyncio.sleep(0.01)  # Chromium answers a moment before its first page is there
        return pages[0]

    async def disconnect(self) -> None:
        """Close the pipe, which ends Chromium, if it has not ended."""
        if self._connection is not None:
            self._connection.pipe.close()
            await self._connection.pipe.ended
        self._ours.close()

    def end(self, seconds: float, *, kill: bool = True) -> None:
        """End it and what it started. SIGTERM keeps what its pages stored."""
        children = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
        if not kill:
            self.process.terminate()
            self.process.wait(seconds)
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended with another
                child.kill()
        if kill:
            self.process.kill()
            self.process.wait(seconds)
