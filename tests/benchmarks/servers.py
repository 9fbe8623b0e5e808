"""The two servers that are compared, each a process on the server's core; `url` is the first line they print.

`python -m tests.benchmarks.servers service DIR`   the gateway over the fake browser; client 1 is scanned at once
`python -m tests.benchmarks.servers floor`         a bare Starlette route /status, answering the bytes it reads on stdin
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.browser.fake import FakeBrowser, FakePage, Habits
from actors.browser.interpreter import answer_of
from actors.clients.operations.chats import ListChats
from actors.clients.ports import Tell
from actors.clients.types import ClientId
from actors.settings import Settings
from gateway import logs
from gateway.server import Server, address, listen, serve
from tests.benchmarks.cores import SERVER, pin

READY, WAITING = 1, 2
"""Client numbers: one that becomes READY, one that shows a QR."""
LONG = 3600.0


CHATS = 2000
"""Chats that the account of each client has."""


def _chats() -> dict[str, Any]:
    """What a page tells of them, before it is read."""
    told = asdict(ListChats.example.chats[0])
    chats = [{**told, "id": f"54911{number:08d}@c.us", "name": f"Person {number}"} for number in range(CHATS)]
    return {"chats": chats, "total": CHATS}


class ScannedAtOnce(FakeBrowser):
    """A phone waits for the code of one client."""

    def open(self, client_id: ClientId, tell: Tell) -> FakePage:
        """The page, perhaps scanned already."""
        page = super().open(client_id, tell)
        if client_id == READY:
            self.scan(client_id)
        return page


def service(data_dir: Path) -> None:
    """Serve until SIGTERM."""
    options: dict[str, Any] = {"log_level": "error", "qr_lifetime": LONG, "init_rate": "0", "init_address_rate": "0"}
    settings = Settings(data_dir=data_dir, port=0, **options)
    logs.configure(settings)
    browser, told = ScannedAtOnce(Habits(code_lifetime=LONG)), _chats()
    browser.answers[ListChats] = lambda _page, asked: answer_of(asked, told)
    listener = listen(settings.host, settings.port)
    print(address(listener), flush=True)
    serve(Server(settings, browser), listener)


def floor() -> None:
    """Serve the bytes until SIGTERM."""
    body = sys.stdin.buffer.read()

    async def status(_: Request) -> Response:
        return Response(body, media_type="application/json", headers={"cache-control": "no-store"})

    listener = listen("127.0.0.1", 0)
    print(address(listener), flush=True)
    config = uvicorn.Config(
        Starlette(routes=[Route("/status", status)]),
        http="httptools",
        loop="uvloop",
        ws="websockets-sansio",
        lifespan="off",
        access_log=False,
        log_config=None,
    )
    uvicorn.Server(config).run([listener])


@contextmanager
def running(*arguments: str, body: bytes = b"") -> Iterator[str]:
    """One of them as a process; its URL."""
    command = [sys.executable, "-m", "tests.benchmarks.servers", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(body)
        process.stdin.close()
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    pin(SERVER)
    if sys.argv[1] == "service":
        service(Path(sys.argv[2]))
    else:
        floor()
