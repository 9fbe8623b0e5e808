"""`python -m sandbox.protocol`: serves one mock of WhatsApp's server on loopback until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from sandbox.protocol.dictionary import Dictionary, NoDictionary
from sandbox.visitors import Visitors

try:
    from sandbox.protocol.app import build
    from sandbox.protocol.server import ProtocolServer
except ModuleNotFoundError as error:
    sys.exit(f"sandbox.protocol: {error}: pip install 'session-manager[protocol]'")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 after a signal, 2 where the arguments or the address do not do."""
    parser = argparse.ArgumentParser("sandbox.protocol", description=__doc__)
    parser.add_argument("--port", type=int, default=3901, help="0 chooses a free one (default: %(default)s)")
    parser.add_argument("--baileys", type=Path, required=True, help="…/node_modules/@whiskeysockets/baileys")
    said = parser.parse_args(arguments)
    try:
        server = ProtocolServer(Dictionary.of_baileys(said.baileys))
        listening = socket.create_server(("127.0.0.1", said.port))
    except (NoDictionary, OSError) as error:
        print(f"sandbox.protocol: {error}", file=sys.stderr)
        return 2
    with listening:
        port = listening.getsockname()[1]
        root = server.authority.root.public.hex()
        # Programs read the first line.
        print(f"protocol ready ws://127.0.0.1:{port}/ws/chat root {root}", flush=True)
        config = uvicorn.Config(
            Visitors(build(server)),
            ws="websockets-sansio",
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        program = uvicorn.Server(config)
        for number in (signal.SIGTERM, signal.SIGINT):
            # For the time before uvicorn listens to them, and after: it raises them again, which is no error here.
            signal.signal(number, lambda *_: setattr(program, "should_exit", True))
        program.run([listening])
    return 0


if __name__ == "__main__":
    sys.exit(main())
