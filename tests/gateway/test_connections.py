"""Connections: how many, how slow, how large, and never read."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from starlette.responses import PlainTextResponse, StreamingResponse
from structlog.testing import capture_logs
from uvicorn.server import ServerState

from actors.capacity import connections_allowed, is_out_of_files
from gateway.security.connections import Answering, Connection, Connections, bounds_of
from tests.gateway.raw import STATUS, Closed, Raw, request
from tests.gateway.running import Running, chosen, until

SECONDS = 1.0
"""A deadline long enough that who keeps it by far on an idle machine keeps it on a busy one."""
MIB = 1024 * 1024
CONNECTIONS = 8
LARGEST_HEAD = 2048
LARGE = "/openapi.json"
"""What has a large answer: a few of them fill whatever lies between the service and its caller."""


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that does not wait for long."""
    with Running(
        tmp_path_factory.mktemp("hurried") / "data",
        header_timeout=SECONDS,
        body_timeout=SECONDS,
        write_timeout=SECONDS,
    ) as service:
        yield service
    assert service.code == 0


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that takes no large heads, and has all the time that is usual."""
    with Running(tmp_path_factory.mktemp("bounded") / "data", max_header_size=LARGEST_HEAD) as service:
        yield service
    assert service.code == 0


def raw(service: Running) -> Raw:
    return Raw(service.url)


def test_a_connection_on_which_nothing_comes_is_answered_408_and_closed(hurried: Running) -> None:
    with raw(hurried) as connection:
        answer = connection.answer()
        assert (answer.status, answer.code) == (408, "REQUEST_TIMEOUT")
        assert connection.is_closed()


def test_a_head_that_drips_is_cut_off_at_its_deadline_and_others_are_served_meanwhile(hurried: Running) -> None:
    with raw(hurried) as drip, raw(hurried) as other:
        assert other.send(STATUS).answer().status == 200
        drip.send(b"GET /status HTTP/1.1\r\nX-Slow: ")

        def goes_on() -> bool:
            assert other.send(STATUS).answer().status == 200
            return is_open(drip)

        until(goes_on, lambda open: not open, "it is cut off")


def is_open(drip: Raw) -> bool:
    """Whether one more byte can be sent."""
    try:
        drip.send(b"x")
    except Closed:
        return False
    return True


def test_each_request_on_a_connection_has_the_whole_time(hurried: Running) -> None:
    with raw(hurried) as connection:
        end = time.monotonic() + 2 * SECONDS
        while time.monotonic() < end:
            connection.send(STATUS[:10])
            connection.send(STATUS[10:])
            assert connection.answer().status == 200


def test_a_connection_between_two_requests_is_not_held_to_the_head_s_deadline(hurried: Running) -> None:
    with raw(hurried) as idle, raw(hurried) as other:
        assert idle.send(STATUS).answer().status == 200
        assert other.answer().status == 408  # by then the idle one's deadline, if it had one, is over too
        assert idle.send(STATUS).answer().status == 200


def test_a_body_that_does_not_come_is_408_where_it_is_read(hurried: Running) -> None:
    head = request("POST", "/send", X_Cliente_Id="1", Content_Length="10")
    with raw(hurried) as connection:
        answer = connection.send(head + b"{").answer()
        assert (answer.status, answer.code) == (408, "REQUEST_TIMEOUT")
        assert connection.is_closed()


def test_a_body_that_nobody_reads_and_that_drips_on_ends_the_connection(
    hurried: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.security.connections._AFTER_BODY", 0.0)
    with raw(hurried) as connection:
        connection.send(request(X_Cliente_Id="1", Content_Length="1000000"))
        assert connection.answer().status == 200
        with pytest.raises(Closed):
            until(lambda: connection.send(b"x"), lambda _: False, "it is cut off")


def test_a_head_that_is_too_large_is_431_in_the_contracts_shape(bounded: Running) -> None:
    for head in (
        request(X_Cliente_Id="1", X_Large="x" * LARGEST_HEAD),
        request(X_Cliente_Id="1", X_Large="x" * 100_000),
        request(target="/" + "x" * 4096),
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Many: 1\r\n" * 1000 + b"\r\n",
    ):
        with raw(bounded) as connection:
            answer = connection.send(head).answer()
            assert (answer.status, answer.code) == (431, "REQUEST_HEADER_FIELDS_TOO_LARGE")
            assert connection.is_closed()


def test_what_is_not_http_is_400_in_the_contracts_shape(bounded: Running) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"HELLO\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n"):
        with raw(bounded) as connection:
            answer = connection.send(garbage).answer()
            assert (answer.status, answer.code) == (400, "BAD_REQUEST")
            assert connection.is_closed()


def test_garbage_in_the_middle_of_a_body_ends_the_connection_and_nothing_else(bounded: Running) -> None:
    head = request("POST", "/send", X_Cliente_Id="1", Transfer_Encoding="chunked")
    with raw(bounded) as connection:
        answer = connection.send(head + b"zz\r\n").answer()
        assert (answer.status, answer.code) == (400, "BAD_REQUEST")
        assert connection.is_closed()
    with raw(bounded) as connection:
        assert connection.send(STATUS).answer().status == 200


def test_a_body_that_was_waited_for_and_is_garbage_is_refused_like_any_other(bounded: Running) -> None:
    more: dict[str, Any] = {"Transfer_Encoding": "chunked", "Expect": "100-continue"}
    with raw(bounded) as connection:
        assert connection.send(request("POST", "/send", X_Cliente_Id="1", **more)).answer().status == 100
        answer = connection.send(b"zz\r\n").answer()
        assert (answer.status, answer.code) == (400, "BAD_REQUEST")
        assert connection.is_closed()


def test_beyond_the_bound_a_connection_is_refused_until_another_ends(tmp_path: Path) -> None:
    with Running(tmp_path / "data", max_connections=CONNECTIONS, max_connections_each=CONNECTIONS) as service:
        service.http.close()
        held = []
        while True:
            connection = raw(service).send(STATUS)
            held.append(connection)
            if (answer := connection.answer()).status != 200:
                break
        assert CONNECTIONS - 1 <= len(held) - 1 <= CONNECTIONS
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "SERVICE_UNAVAILABLE", "5")
        for connection in held:
            connection.__exit__()

        def is_served() -> int:
            with raw(service) as connection:
                return connection.send(STATUS).answer().status

        until(is_served, lambda status: status == 200, "there is room again")


def test_a_caller_that_never_reads_is_cut_off(hurried: Running) -> None:
    with raw(hurried) as deaf, pytest.raises(Closed):
        until(lambda: deaf.send(request(target=LARGE)), lambda _: False, "it is cut off")


def test_one_address_leaves_room_for_others(tmp_path: Path) -> None:
    with Running(tmp_path / "data", max_connections=CONNECTIONS, max_connections_each=3) as service:
        service.http.close()
        with ExitStack() as held:

            def answers() -> list[int]:
                return [held.enter_context(raw(service)).send(STATUS).answer().status for _ in range(5)]

            assert answers() == [200, 200, 200, 503, 503]
            other = held.enter_context(Raw(service.url, source="127.0.0.9"))
            assert other.send(STATUS).answer().status == 200


def test_a_proxy_that_is_trusted_has_the_connections_of_many(tmp_path: Path) -> None:
    limits: dict[str, Any] = {
        "max_connections": CONNECTIONS,
        "max_connections_each": 1,
        "trusted_proxies": ("127.0.0.0/8",),
    }
    with Running(tmp_path / "data", **limits) as service, ExitStack() as held:
        for _ in range(4):
            assert held.enter_context(raw(service)).send(STATUS).answer().status == 200


def test_behind_a_proxy_each_forwarded_address_has_its_share(tmp_path: Path) -> None:
    limits: dict[str, Any] = {"max_connections_each": 2, "trusted_proxies": ("127.0.0.0/8",)}

    def asked(service: Running, connection: Raw, target: str, **more: str) -> int:
        return connection.send(request("GET", target, b"", X_Cliente_Id="1", **more)).answer().status

    with Running(tmp_path / "data", **limits) as service, ExitStack() as held:
        streams = [held.enter_context(raw(service)) for _ in range(3)]
        one, other = {"X_Forwarded_For": "192.0.2.1"}, {"X_Forwarded_For": "192.0.2.2"}
        assert [asked(service, stream, "/events", **one) for stream in streams] == [200, 200, 503]
        with raw(service) as connection:
            assert connection.send(handshake("/events", one)).answer().status == 503
        with raw(service) as connection:
            assert asked(service, connection, "/status", **one) == 503
            assert asked(service, connection, "/status", **other) == 200
            assert asked(service, connection, "/status") == 200  # the proxy's own
            for stream in streams:
                stream.__exit__()
            until(lambda: asked(service, connection, "/status", **one), lambda status: status == 200, "there is room")


def test_half_of_the_open_files_is_for_connections() -> None:
    assert [connections_allowed(500, files) for files in (None, 64, 128, 1024, 4096)] == [500, 8, 32, 480, 500]


@pytest.mark.parametrize("proxies", [(), ("127.0.0.0/8",)], ids=["direct", "proxy"])
@pytest.mark.parametrize("stream", ["/events", "/ws"])
def test_one_key_leaves_room_for_others(tmp_path: Path, proxies: tuple[str, ...], stream: str) -> None:
    """Whatever the addresses are that it comes from."""
    first = "the-first-key-of-a-test"
    limits: dict[str, Any] = {"max_connections_each": 2, "trusted_proxies": proxies, "api_key": first, "waha": True}
    with Running(tmp_path / "data", **limits) as service, ExitStack() as held:
        made = service.call("POST", "/keys", json={"name": "test", "scopes": ["read"], "clients": [1]}).json()
        service.http.close()  # its connection has the first key
        one: dict[str, Any] = {"X_Api_Key": made["key"]}
        other: dict[str, Any] = {"X_Api_Key": first}

        def connected(number: int) -> Raw:
            return held.enter_context(Raw(service.url, source=f"127.0.0.{number}"))

        streams = [connected(number).send(handshake(stream, one | {"X_Cliente_Id": "1"})) for number in (2, 3)]
        assert [socket.answer().status for socket in streams] == [101, 101]
        for target in ("/status", "/api/sessions"):
            refused = connected(4).send(request(target=target, X_Cliente_Id="1", **one))
            answer = refused.answer()
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
            assert refused.is_closed()
        assert connected(5).send(request(target="/health", **one)).answer().status == 200
        assert connected(6).send(request(target="/clients", **other)).answer().status == 200
        streams[0].__exit__()
        retry = lambda: connected(4).send(request(X_Cliente_Id="1", **one)).answer().status  # noqa: E731 - one line
        until(retry, lambda status: status == 200, "there is room")


def test_a_connection_of_a_proxy_counts_for_a_key_while_it_answers(tmp_path: Path) -> None:
    limits: dict[str, Any] = {"max_connections_each": 1, "trusted_proxies": ("127.0.0.0/8",)}
    key = "the-first-key-of-a-test"
    with Running(tmp_path / "data", api_key=key, **limits) as service, ExitStack() as held:
        for _ in range(3):
            connection = held.enter_context(raw(service))
            assert connection.send(request(X_Cliente_Id="1", X_Api_Key=key)).answer().status == 200


class Looked:
    """What counts as a connection, and waits for some looks at it."""

    def __init__(self, looks: int) -> None:
        self.enough, self._looks = asyncio.Event(), looks

    def look(self, now: float) -> None:
        self._looks -= 1
        if self._looks == 0:
            self.enough.set()


def test_when_no_file_can_be_opened_it_is_told_once(tmp_path: Path) -> None:
    """libuv closes new connections then without a word, and there are many."""

    async def watched() -> None:
        connections = Connections(replace(bounds_of(chosen(tmp_path)), head=0.01))
        looked = Looked(3)
        connections.enter(cast("Connection", looked), ("127.0.0.1", 1))
        watching = asyncio.ensure_future(connections.watch())
        await asyncio.wait_for(looked.enough.wait(), 10)
        watching.cancel()

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with asyncio.Runner() as runner, capture_logs() as lines:
        runner.get_loop()  # has files of its own
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        try:
            runner.run(watched())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [line["open_files"] for line in lines if line["event"] == "http.out_of_files"] == [free]
    assert not is_out_of_files()


KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HANDSHAKE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": KEY}


def handshake(path: str, odd: Mapping[str, str] | None = None) -> bytes:
    return request("GET", path, b"", **(HANDSHAKE | dict(odd or {})))


def flood(connection: Raw, data: bytes) -> int:
    """Send it again and again; return the bytes that were sent until the other side closed."""
    sent = 0
    with suppress(Closed):
        while sent < 256 * MIB:
            connection.send(data)
            sent += len(data)
    return sent


PING = b"\x89\xfd\0\0\0\0" + b"x" * 125


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/events", PING * 1000),
        ("/ws", PING * 1000),
        (None, request(target=LARGE) * 1000),
    ],
    ids=["pings", "pings to WAHA", "requests"],
)
def test_what_makes_answers_is_not_read_while_nobody_reads_the_answers(
    hurried: Running, path: str | None, more: bytes
) -> None:
    """What one socket can make the service hold is bounded; then its deadline ends it."""
    with raw(hurried) as deaf:
        if path is not None:
            deaf.send(handshake(path))
        sent = flood(deaf, more)
    assert sent < 32 * MIB  # what lies in the buffers of two sockets


@pytest.mark.parametrize("path", ["/events", "/ws", "/nowhere"])
@pytest.mark.parametrize(
    "odd",
    [
        {"X_Odd": "caf\xe9"},
        {"Sec_WebSocket_Key": ""},
        {"Sec_WebSocket_Key": "short"},
        {"Sec_WebSocket_Key": "\xe9" * 24},
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Version": "x"},
        {"Sec_WebSocket_Extensions": ";;;,=\xe9"},
        {"Sec_WebSocket_Protocol": "\xe9,,("},
        {"Connection": "Upgrade, ,\xe9"},
        {"Upgrade": "websocket, h2c"},
        {"Origin": "\xe9"},
        {"X_Long": "x" * 9000},
        {"Content_Length": "5"},
        {f"X_{number}": "1" for number in range(200)},
    ],
    ids=lambda odd: next(iter(odd)) + str(len(odd)),
)
def test_an_odd_handshake_leaves_no_traceback(
    hurried: Running, caplog: pytest.LogCaptureFixture, path: str, odd: dict[str, str]
) -> None:
    with raw(hurried) as connection:
        connection.send(handshake(path, odd))
        assert connection.answer().status < 500
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]


def test_a_head_that_comes_again_is_answered_each_time_and_what_differs_is_checked(bounded: Running) -> None:
    other, wrong = request(X_Cliente_Id="2"), request(X_Cliente_Id="1", Host="a b")
    with raw(bounded) as connection:
        for sent, count in (
            (STATUS, 1),
            (STATUS, 1),
            (STATUS * 3, 3),
            (other, 1),
            (STATUS, 1),
            (other, 1),
            (STATUS, 1),
        ):
            connection.send(sent)
            assert [connection.answer().status for _ in range(count)] == [200] * count
        assert connection.send(wrong).answer().status == 400
        assert connection.is_closed()


@pytest.mark.parametrize(
    "head",
    [
        request("POST", "/send", X_Cliente_Id="1", Content_Length="2"),
        request(X_Cliente_Id="1", Connection="Upgrade", Upgrade="h2c"),
        request(X_Cliente_Id="1 "),
    ],
    ids=["body", "upgrade", "blank"],
)
def test_a_head_that_is_not_passed_on_as_it_came_is_checked_each_time(bounded: Running, head: bytes) -> None:
    body = b"{}" if b"POST" in head else b""
    with raw(bounded) as connection:
        first = connection.send(head + body).answer().status
        for _ in range(2):
            connection.send(head)
            connection.send(body)
            assert connection.answer().status == first
        assert connection.send(STATUS).answer().status == 200


def test_a_head_that_ends_its_connection_is_answered_once(bounded: Running) -> None:
    with raw(bounded) as connection:
        last = request(X_Cliente_Id="1", Connection="close")
        assert connection.send(last * 2).answer().status == 200
        assert connection.is_closed()


@pytest.mark.parametrize(
    "data",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"\0" * 100,
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"GET /%ff%00%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /status?%ff=%00&\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET //../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://example.org/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: x\r\nUpgrade: a\r\nUpgrade: b\r\n\r\n",
        request("POST", "/send", Transfer_Encoding="chunked", X_Cliente_Id="1") + b"fffffffffffffffff\r\n",
        request("POST", "/send", Transfer_Encoding="chunked", X_Cliente_Id="1") + b"2\r\n{}XX0\r\n\r\n",
        request("POST", "/send", b"\xff\xfe\x00", Content_Type="application/json", X_Cliente_Id="1"),
        request("POST", "/send", b"x", Content_Encoding="gzip", X_Cliente_Id="1"),
        request("POST", "/messages", b"--", Content_Type="multipart/form-data; boundary=\xe9", X_Cliente_Id="1"),
    ],
    ids=[
        "http2",
        "tls",
        "nul",
        "ssh",
        "path",
        "query",
        "dots",
        "proxy",
        "offers",
        "size",
        "chunk",
        "utf16",
        "gzip",
        "multipart",
    ],
)
def test_odd_bytes_leave_no_traceback(bounded: Running, caplog: pytest.LogCaptureFixture, data: bytes) -> None:
    with raw(bounded) as connection:
        assert 400 <= connection.send(data).answer().status < 500
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]


class Wire(asyncio.Transport):
    """A socket that notes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self.written.append(b"closed")

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1)}.get(name, default)


def written(tmp_path: Path, app: Any, requests: bytes, held: asyncio.Event | None = None) -> list[list[bytes]]:
    """What is written for these requests: while the application is held up, and when it has ended."""

    async def driven() -> list[list[bytes]]:
        connections = Connections(bounds_of(chosen(tmp_path)))
        options: dict[str, Any] = {"http": connections.protocol, "lifespan": "off", "log_config": None}
        config = uvicorn.Config(Answering(app), interface="asgi3", **options)
        config.load()
        wire = Wire()
        connection = connections.protocol(config=config, server_state=ServerState(), app_state={})
        connection.connection_made(wire)
        connection.data_received(requests)
        seen = []
        for event in (asyncio.Event(), held or asyncio.Event()):
            event.set()
            for _ in range(10):
                await asyncio.sleep(0)
            seen.append([*wire.written])
        connection.connection_lost(None)
        return seen

    return asyncio.run(driven())


def test_head_and_body_of_an_answer_are_written_at_once(tmp_path: Path) -> None:
    _, (one, other) = written(tmp_path, PlainTextResponse("whole"), STATUS * 2)
    assert one == other
    assert one.startswith(b"HTTP/1.1 200 OK\r\n")
    assert one.endswith(b"\r\n\r\nwhole")


def test_a_head_alone_does_not_wait_for_its_body(tmp_path: Path) -> None:
    held = asyncio.Event()

    async def pieces() -> AsyncIterator[str]:
        await held.wait()
        yield "late"

    (first,), (again, body, end) = written(tmp_path, StreamingResponse(pieces()), STATUS, held)
    assert first == again
    assert first.endswith(b"\r\n\r\n")
    assert (body, end) == (b"4\r\nlate\r\n", b"0\r\n\r\n")


def test_an_answer_to_head_is_written_before_its_connection_closes(tmp_path: Path) -> None:
    _, (head, closed) = written(tmp_path, PlainTextResponse("whole"), request("HEAD", "/", Connection="close"))
    assert head.endswith(b"\r\n\r\n")
    assert closed == b"closed"
