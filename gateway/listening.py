"""The socket that callers connect to: made before anything is started, so that a port that is taken costs nothing."""

from __future__ import annotations

import errno
import socket
from typing import Any

from config.refusal import StartRefused

_BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises StartRefused."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return _listening(found[0][0], found[0][4])
    except OSError as error:
        raise StartRefused(_cannot_listen(error, host, port)) from error


def _listening(family: int, where: tuple[Any, ...]) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only where it is: else each answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def address(listener: socket.socket, scheme: str = "http") -> str:
    """The URL under which a socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _cannot_listen(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is taken: stop what listens there, or set SM_PORT to another."
        case errno.EACCES:
            return f"Port {port} needs more rights than this user has: set SM_PORT to one above 1023."
        case _:
            return f"Cannot listen on {host} ({error.strerror or error}): set SM_HOST to an address of this machine."
