"""The command `python -m sandbox`: serves one sandbox until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import os
import signal
import socket
import sys

import uvicorn

from sandbox.app import build

IDLE_SECONDS = 30
"""Longer than clients keep an idle connection (httpx: 5 s): else one is closed under a request now and then."""
BACKLOG = 128


def main(arguments: list[str] | None = None) -> int:
    """Run the sandbox and return the exit code: 0 after a signal, 2 for invalid arguments or an unusable address."""
    parser = argparse.ArgumentParser(
        "sandbox",
        description="A simulated WhatsApp Web: the page, virtual phones at /phones, and an HTTP API at /api that "
        "acts as the phones do.",
        epilog="Exit codes: 0 ended by a signal; 2 invalid options, or an unusable address.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=3900, help="0 chooses a free port (default: %(default)s)")
    parser.add_argument("--public", action="store_true", help="allow a host that other machines can reach")
    parser.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    said = parser.parse_args(arguments)
    if not said.public and not is_loopback(said.host):
        parser.error(f"{said.host} is public, and every visitor could act as any phone; --public allows it")
    try:
        listening = socket.create_server((said.host, said.port), backlog=BACKLOG)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno is not None and error.errno in errno.errorcode else error
        print(f"sandbox: cannot listen on {said.host}:{said.port} ({why}): choose another --port", file=sys.stderr)
        return 2
    config = uvicorn.Config(
        build(),
        ws="websockets-sansio",
        log_level=said.log_level,
        access_log=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=IDLE_SECONDS,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        # For the time before uvicorn handles signals, and after: it raises them again, which is no error here.
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    with listening:
        url = f"http://{said.host}:{listening.getsockname()[1]}/"
        # Programs read the first line.
        print(f"sandbox ready {url}\nPhones: {url}phones. For the service: SM_WHATSAPP_URL={url}", flush=True)
        server.run([listening])
    return 0


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    sys.exit(main())
