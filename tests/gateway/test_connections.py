"""Connections: how many, how slow, how large, and never read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.raw import STATUS, Closed, Raw, request
from tests.gateway.running import Running, until

SECONDS = 1.0
"""A deadline long enough that who keeps it by far on an idle machine keeps it on a busy one."""
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


def test_beyond_the_bound_a_connection_is_refused_until_another_ends(tmp_path: Path) -> None:
    with Running(tmp_path / "data", max_connections=CONNECTIONS) as service:
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
