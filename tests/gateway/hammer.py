"""Many requests on several connections, pipelined; every answer read, counted and kept if it says something new."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.gateway.generated import Request, Requests

BATCH = 50
PATIENCE = 30.0
HEAD = "no body"
"""Stands for the code where none can be told."""
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_CODE = re.compile(rb'"(?:code|error)":"([A-Za-z_ ]+)"')


@dataclass
class Tally:
    """What came back: how often each status with each code, and the request that first got it."""

    seen: Counter[tuple[int, str]] = field(default_factory=Counter)
    first: dict[tuple[int, str], bytes] = field(default_factory=dict)
    unanswered: int = 0
    errors: list[BaseException] = field(default_factory=list)

    def add(self, status: int, code: str, request: Request) -> None:
        """Count one answer."""
        self.seen[status, code] += 1
        self.first.setdefault((status, code), request.data[:2000])

    def merge(self, other: Tally) -> None:
        """Add another's counts."""
        self.seen += other.seen
        self.first = other.first | self.first
        self.unanswered += other.unanswered
        self.errors += other.errors

    @property
    def total(self) -> int:
        """How many were answered, or ended with their connection as they should."""
        return self.seen.total() + self.unanswered


def hammer(url: str, generators: list[Requests], count: int) -> Tally:
    """About `count` requests, each generator's on a thread and a connection of its own."""
    tallies = [Tally() for _ in generators]
    threads = [
        threading.Thread(target=_run, args=(url, generator, count // len(generators), tally))
        for generator, tally in zip(generators, tallies, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = Tally()
    for tally in tallies:
        whole.merge(tally)
    return whole


def _run(url: str, generator: Requests, count: int, tally: Tally) -> None:
    where = urlsplit(url)
    try:
        while tally.total < count:
            with socket.create_connection((where.hostname, where.port), timeout=PATIENCE) as connection:
                _exchange(connection, generator.batch(BATCH), tally)
    except BaseException as error:  # noqa: BLE001 - told by the test, in its own thread
        tally.errors.append(error)


def _exchange(connection: socket.socket, batch: list[Request], tally: Tally) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sender = threading.Thread(target=_send, args=(connection, b"".join(request.data for request in batch)))
    sender.start()
    reader = _Reader(connection)
    try:
        for number, request in enumerate(batch):
            answer = reader.answer(request)
            if answer is None:
                # A refusal of the protocol ends the connection; what was in the pipe behind it is gone.
                tally.unanswered += len(batch) - number
                break
            tally.add(*answer, request)
    finally:
        connection.shutdown(socket.SHUT_RDWR) if reader.is_open else None
        sender.join()


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:  # the other side has ended the connection: whoever reads sees it
        return


class _Reader:
    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._buffer, self.is_open = connection, b"", True

    def answer(self, request: Request) -> tuple[int, str] | None:
        """The next final response's status and code, or None where the connection has ended."""
        while True:
            while (end := self._buffer.find(b"\r\n\r\n")) < 0:
                if not self._more():
                    return None
            head = self._buffer[: end + 2]
            status = int(head[9:12])
            length = 0
            if status >= 200 and not request.head and (found := _LENGTH.search(head)):
                length = int(found[1])
            while len(self._buffer) < end + 4 + length:
                if not self._more():
                    return None
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            if status >= 200:
                code = _CODE.search(body)
                return status, HEAD if request.head else code[1].decode() if code else ""

    def _more(self) -> bool:
        try:
            data = self._connection.recv(65536)
        except ConnectionResetError:
            data = b""
        self._buffer += data
        self.is_open = bool(data)
        return self.is_open
