"""The command `python -m sandbox`: serves one sandbox until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import uvicorn

from sandbox.app import build
from sandbox.scene import Scene
from sandbox.state import StateDirectory, StateUnusable
from sandbox.visitors import Visitors, is_loopback

PORT = 3900
"""The port that the documents name."""
IDLE_SECONDS = 30
"""Longer than clients keep an idle connection (httpx: 5 s): else one is closed under a request now and then."""
BACKLOG = 128


def main(arguments: list[str] | None = None) -> int:
    """Run the sandbox and return the exit code: 0 after a signal, 2 for invalid arguments or an unusable address."""
    parser = argparse.ArgumentParser(
        "sandbox",
        description="A simulated WhatsApp Web: the page, virtual phones at /phones, and an HTTP API at /api that "
        "acts as the phones do.",
        epilog="Exit codes: 0 ended by a signal; 2 invalid options, an unusable address or directory.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port",
        type=int,
        metavar="PORT",
        choices=range(65536),
        help=f"0 chooses a free port (default: the one that the directory had last, or {PORT}; a free one if that is "
        "taken)",
    )
    parser.add_argument(
        "--data-dir", type=Path, help="keep accounts, links, phones and messages here (default: in memory)"
    )
    parser.add_argument("--public", action="store_true", help="allow a host that other machines can reach")
    parser.add_argument(
        "--name", action="append", default=[], help="a name in the Host header besides loopback's; may be repeated"
    )
    parser.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    said = parser.parse_args(arguments)
    if not said.public and not is_loopback(said.host):
        parser.error(f"{said.host} is public, and every visitor could act as any phone; --public allows it")
    with ExitStack() as held:
        scene, state = Scene(), None
        try:
            if said.data_dir is not None:
                state = held.enter_context(StateDirectory(said.data_dir))
                scene.world = state.load()
            listening = held.enter_context(listen(said.host, said.port, state))
        except StateUnusable as error:
            print(f"sandbox: {error}", file=sys.stderr)
            return 2
        except OSError as error:
            why = os.strerror(error.errno) if error.errno is not None and error.errno in errno.errorcode else error
            port = PORT if said.port is None else said.port
            print(f"sandbox: cannot listen on {said.host}:{port} ({why}): choose another --port", file=sys.stderr)
            return 2
        server = uvicorn.Server(
            uvicorn.Config(
                Visitors(build(scene), [said.host, *said.name], public=said.public),
                ws="websockets-sansio",
                log_level=said.log_level,
                access_log=False,
                timeout_graceful_shutdown=1,
                timeout_keep_alive=IDLE_SECONDS,
                lifespan="off",
            )
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            # For the time before uvicorn handles signals, and after: it raises them again, which is no error here.
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        port = listening.getsockname()[1]
        url = f"http://{said.host}:{port}/"
        # Programs read the first line.
        print(f"sandbox ready {url}\nPhones: {url}phones. For the service: SM_WHATSAPP_URL={url}", flush=True)
        asyncio.run(serve(server, listening, scene, state))
    return 0


def listen(host: str, port: int | None, state: StateDirectory | None) -> socket.socket:
    """Return a listening socket: on this port; without one on the port of the last time, the usual, or a free one.

    Raises OSError.
    """
    if port is not None:
        return socket.create_server((host, port), backlog=BACKLOG)
    wanted = PORT if state is None or state.port is None else state.port
    for usual in dict.fromkeys((wanted, PORT)):
        try:
            return socket.create_server((host, usual), backlog=BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return socket.create_server((host, 0), backlog=BACKLOG)


async def serve(server: uvicorn.Server, listening: socket.socket, scene: Scene, state: StateDirectory | None) -> None:
    """Serve until a signal; with a directory, keep the world there."""
    if state is None:
        await server.serve([listening])
        return
    port = listening.getsockname()[1]
    keeping = asyncio.create_task(state.keep(scene, port))
    try:
        await server.serve([listening])
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        state.try_to_save(scene.world, port)


if __name__ == "__main__":
    sys.exit(main())
