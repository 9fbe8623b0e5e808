"""`python -m sandbox.live DIRECTORY`: serves WhatsApp's hosts on loopback until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import ssl
import sys
from pathlib import Path

import httpx2
import uvicorn

from sandbox.live.archive import DOCUMENT, PageArchive, WhatsAppSource
from sandbox.protocol.dictionary import Dictionary

try:
    from sandbox.live.app import PageHosts, live
    from sandbox.live.certificate import TlsIdentity
    from sandbox.protocol.server import ProtocolServer
except ModuleNotFoundError as error:
    sys.exit(f"sandbox.live: {error}: pip install 'session-manager[protocol]'")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 after a signal, 2 where the arguments or the address do not do."""
    parser = argparse.ArgumentParser("sandbox.live", description=__doc__)
    parser.add_argument("directory", type=Path, help="the page's files, as wget leaves them: <host>/<path>")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one (default: %(default)s)")
    parser.add_argument("--fetch", action="store_true", help="get missing files from WhatsApp, and keep them there")
    said = parser.parse_args(arguments)
    archive = PageArchive(said.directory)
    if not said.fetch and archive.find(DOCUMENT) is None:
        place = said.directory / "web.whatsapp.com" / "index.html"
        print(f"sandbox.live: there is no {place}: --fetch gets the page from WhatsApp", file=sys.stderr)
        return 2
    try:
        listening = socket.create_server(("127.0.0.1", said.port))
    except OSError as error:
        print(f"sandbox.live: port {said.port}: {error.strerror}", file=sys.stderr)
        return 2
    with listening:
        asyncio.run(_serve(listening, archive, fetch=said.fetch))
    return 0


async def _serve(listening: socket.socket, archive: PageArchive, *, fetch: bool) -> None:
    identity = TlsIdentity.new()
    async with httpx2.AsyncClient(follow_redirects=False) as client:
        server = ProtocolServer(Dictionary([]))
        hosts = PageHosts(server, archive, WhatsAppSource(client) if fetch else None)
        program = uvicorn.Server(config(live(server, hosts), identity.context()))
        for number in (signal.SIGTERM, signal.SIGINT):
            # For the time before uvicorn listens to them, and after: it raises them again, which is no error here.
            signal.signal(number, lambda *_: setattr(program, "should_exit", True))
        # Programs read the first line.
        print(f"live ready {listening.getsockname()[1]} key {identity.key_hash}", flush=True)
        await program.serve([listening])


def config(app: object, context: ssl.SSLContext) -> uvicorn.Config:
    """Return how it is served: by TLS, and closed within a second though the page's WebSocket is open."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        ws="websockets-sansio",
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
        ssl_context_factory=lambda *_: context,
    )


if __name__ == "__main__":
    sys.exit(main())
