"""HTTP as bytes on a socket: for requests that no client library would send."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of an error in the contract's shape."""
        body: dict[str, Any] = json.loads(self.body)
        assert body["error"] is True
        return str(body["code"])


class Closed(Exception):
    """The other side has closed the connection instead of answering."""


class Raw:
    """One connection. A context manager."""

    def __init__(self, url: str, *, source: str | None = None) -> None:
        where = urlsplit(url)
        address = None if source is None else (source, 0)
        self._socket = socket.create_connection((where.hostname, where.port), PATIENCE, address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> Self:
        """Send bytes as they are. Raises Closed."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed from error
        return self

    def answer(self, *, head: bool = False) -> Answer:
        """The next response; `head`: to a HEAD, so without a body. Raises Closed."""
        try:
            status = self._file.readline()
            if not status:
                raise Closed
            headers = {}
            while (line := self._file.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.strip().lower()] = value.strip()
            body = b"" if head else self._file.read(int(headers.get("content-length", "0")))
        except ConnectionResetError as error:
            raise Closed from error
        return Answer(int(status.split()[1]), headers, body)

    def rest(self) -> int:
        """The number of bytes that come until the other side has closed."""
        size = 0
        with suppress(ConnectionResetError):
            while part := self._file.read1(65536):
                size += len(part)
        return size

    def is_closed(self) -> bool:
        """Wait until the other side has closed; False, if it says something more instead."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True


def request(method: str = "GET", target: str = "/status", body: bytes = b"", **headers: str) -> bytes:
    """A whole request; header names have `_` for `-`. Host and Content-Length are added where they are not given."""
    fields = {"Host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body and "Content-Length" not in fields:
        fields["Content-Length"] = str(len(body))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


STATUS = request(X_Cliente_Id="1")
