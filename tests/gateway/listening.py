"""Readers of streams, over real sockets: server-sent events as bytes, and WebSockets by wsproto.

Rule of this file: a reader reads only when it is asked to, so that a test can be a slow one. It connects to the service
by itself, or reads over a `connection` that leads there some other way.
"""

from __future__ import annotations

import json
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import wsproto
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Message,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from tests.gateway.running import PATIENCE, Running


@dataclass(frozen=True, slots=True)
class Frame:
    """One server-sent event; a heartbeat has no data."""

    name: str | None
    id: str | None
    retry: str | None
    data: Any

    @property
    def position(self) -> int:
        return int(self.id or 0)


class _Listener(ABC):
    """A connection on which GET /events is asked for. A context manager."""

    def __init__(
        self,
        service: Running,
        query: str = "",
        *,
        receive_buffer: int | None = None,
        connection: socket.socket | None = None,
        path: str = "/events",
        **headers: str,
    ) -> None:
        self._socket = connection or _connected(service, receive_buffer)
        fields = {"Host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
        self._ask(f"{path}{query}", fields)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @abstractmethod
    def _ask(self, target: str, headers: dict[str, str]) -> None:
        """Send the request and take the head of its answer."""


class Sse(_Listener):
    """GET /events as server-sent events."""

    def _ask(self, target: str, headers: dict[str, str]) -> None:
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self._socket.sendall("\r\n".join(lines).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = dict(self._head())
        self._text = ""
        self.ended = False

    def __exit__(self, *_: object) -> None:
        self._file.close()
        super().__exit__()

    def body(self) -> Any:
        """The JSON of a refusal."""
        return json.loads(self._file.read(int(self.headers["content-length"])))

    def frame(self) -> Frame | None:
        """The next frame, heartbeats included; None at the end."""
        while "\n\n" not in self._text:
            chunk = self._chunk()
            if chunk is None:
                self.ended = True
                return None
            self._text += chunk
        raw, _, self._text = self._text.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in raw.split("\n") if not line.startswith(":"))
        data = json.loads(fields["data"]) if "data" in fields else None
        return Frame(fields.get("event"), fields.get("id"), fields.get("retry"), data)

    def events(self, count: int) -> list[Any]:
        """So many events' data; heartbeats are passed over."""
        found: list[Any] = []
        while len(found) < count:
            frame = self.frame()
            assert frame is not None, f"the stream ended after {len(found)} of {count}"
            assert frame.name is None, frame
            if frame.data is not None:
                found.append(frame.data)
        return found

    def until(self, holds: Callable[[Frame], bool]) -> Frame:
        """The first frame of which this holds."""
        while (frame := self.frame()) is not None:
            if holds(frame):
                return frame
        raise AssertionError("the stream ended")

    def everything(self) -> list[Frame]:
        """All frames until the end. Raises ConnectionResetError where the connection is cut."""
        found = []
        while (frame := self.frame()) is not None:
            found.append(frame)
        return found

    def _head(self) -> Iterable[tuple[str, str]]:
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(": ")
            yield name.lower(), value.strip()

    def _chunk(self) -> str | None:
        size = self._file.readline().strip()
        if not size or int(size, 16) == 0:
            return None
        data = self._file.read(int(size, 16))
        self._file.readline()
        return data.decode("ascii")


class Ws(_Listener):
    """GET /events as a WebSocket."""

    def _ask(self, target: str, headers: dict[str, str]) -> None:
        self._ws = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        host = headers.pop("Host")
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        request = Request(host=host, target=target, extra_headers=extra)
        self._socket.sendall(self._ws.send(request))
        self._come: list[Event] = []
        self.status, self.refusal = 101, b""
        self.pings = 0
        self.closed: CloseConnection | None = None
        match self._event():
            case AcceptConnection():
                pass
            case RejectConnection(status_code=status):
                self.status = status
                while not isinstance(part := self._event(), RejectData) or not part.body_finished:
                    self.refusal += part.data if isinstance(part, RejectData) else b""
                self.refusal += part.data

    def message(self) -> Any:
        """The next message; None once the other side has closed."""
        text = ""
        while True:
            match event := self._event():
                case TextMessage():
                    text += event.data
                    if event.message_finished:
                        return json.loads(text)
                case Ping():
                    self.pings += 1
                    if self._ws.state is ConnectionState.OPEN:  # else the close came in the same packet
                        self._socket.sendall(self._ws.send(event.response()))
                case CloseConnection():
                    self.closed = event
                    return None

    def events(self, count: int) -> list[Any]:
        """So many events; positions are passed over."""
        found: list[Any] = []
        while len(found) < count:
            message = self.message()
            assert message is not None, self.closed
            if message["type"] != "position":
                found.append(message)
        return found

    def say(self, text: str) -> None:
        """Send a message."""
        self._socket.sendall(self._ws.send(Message(data=text)))

    def close(self) -> None:
        """End it as a browser does."""
        self._socket.sendall(self._ws.send(CloseConnection(code=1000)))

    def _event(self) -> Event:
        while not self._come:
            data = self._socket.recv(65536)
            self._ws.receive_data(data or None)
            self._come += self._ws.events()
        return self._come.pop(0)


def _connected(service: Running, receive_buffer: int | None) -> socket.socket:
    """A connection; with a small `receive_buffer` little lies unread in the kernel."""
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(PATIENCE)
    connection.connect(service.where)
    return connection
