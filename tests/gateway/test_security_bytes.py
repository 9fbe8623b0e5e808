"""Requests in odd bytes: paths, headers, framing, bodies that are too large or too slow."""

from __future__ import annotations

import json

import pytest

from tests.gateway.every_call import FIRST, OURS, Call, Keys, asked, calls, refused
from tests.gateway.generated import MALFORMED
from tests.gateway.raw import STATUS, Closed, Raw, request
from tests.gateway.running import Running


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/status%2f", 404),
        ("/%73tatus", 200),
        ("/status%00", 404),
        ("/status/", 200),
        ("//status", 404),
        ("/./status", 404),
        ("/x/../status", 404),
        ("/x/%2e%2e/status", 404),
        ("/status%0d%0aX-Injected:1", 404),
        ("/status;a=b", 404),
        ("/status%3f", 404),
        ("/STATUS", 200),
        ("/Status/", 200),
        ("/status//", 404),
        ("/ready/", 404),
        ("/SESSION/1/", 405),
        ("http://evil.example/status", 400),
        ("/status#x", 400),
        ("*", 404),
        ("/" + "a" * 8000, 404),
        ("/session/1%2f2", 404),
        ("/session/%d9%a7", 405),
        ("/session/1%00", 405),
        ("/status?x-cliente-id=2", 200),
    ],
)
def test_a_path_is_what_it_decodes_to_and_nothing_else(unlocked: Running, target: str, status: int) -> None:
    with Raw(unlocked.url) as connection:
        answer = connection.send(request("GET", target, X_Cliente_Id="1")).answer()
        assert answer.status == status
        assert "x-injected" not in answer.headers


@pytest.mark.parametrize(
    "number", ["%d9%a7", "1%00", "0", "-1", "1.5", "%20", "1" + "0" * 20, "2147483648", "1e1", "%2b1"]
)
def test_a_client_in_the_path_that_is_no_number_is_not_found(unlocked: Running, number: str) -> None:
    with Raw(unlocked.url) as connection:
        refused_with_more = connection.send(request("DELETE", f"/session/{number}")).answer()
        assert (refused_with_more.status, refused_with_more.code) == (404, "CLIENT_NOT_FOUND")


@pytest.mark.parametrize(
    "value",
    ["", "0", "-1", "1.5", "12abc", "1" + "0" * 20, "2147483648", "+1", "1e3", "0x1", "\xb2", "1 2", "1,1", "1_0"],
)
def test_a_client_in_the_header_that_is_no_number_is_refused(unlocked: Running, value: str) -> None:
    with Raw(unlocked.url) as connection:
        refused(connection.send(request(X_Cliente_Id=value)).answer(), 400, "INVALID_HEADER")


def test_the_same_header_twice_is_one_and_two_that_differ_are_none(unlocked: Running) -> None:
    with Raw(unlocked.url) as connection:
        same = STATUS.replace(b"X-Cliente-Id: 1\r\n", b"X-Cliente-Id: 1\r\nx-cliente-id: 1\r\n")
        assert connection.send(same).answer().status == 200
        differ = STATUS.replace(b"X-Cliente-Id: 1\r\n", b"X-Cliente-Id: 1\r\nx-cliente-id: 01\r\n")
        refused(connection.send(differ).answer(), 400, "INVALID_HEADER")


# --- whose request ends where -----------------------------------------------------------------------------------------

SMUGGLED = request("DELETE", "/session/1")


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n",
        b"Content-Length: 0, %d\r\n\r\n",
        b"Content-Length: +5\r\n\r\n",
        b"Content-Length: 0x0\r\n\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding : chunked\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\nxx0\r\n\r\n",
        b"X: 1\rContent-Length: 0\r\n\r\n",
        b"X: 1\x00\r\n\r\n",
        b"Content Length: 0\r\n\r\n",
        b": 0\r\n\r\n",
        b"Content-Length: %d\r\nContent-Length: %d\r\n\r\n",
        b"Content-Length:\r\n %d\r\n\r\n",
        b"X: 1\r\n Content-Length: 0\r\n\r\n",
        b"Content-Length: %d\n\n",
        b"Content-Length: %d\r\n\n",
        b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding:\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Api-Key: trailer\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1;a\nx\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n",
        b"Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: %d\r\n\r\n",
        b"Host: localhost\r\n\r\n",
    ],
)
def test_a_body_whose_end_two_readers_could_see_in_two_places_ends_the_connection(
    unlocked: Running, framing: bytes
) -> None:
    framing = framing.replace(b"%d", str(len(SMUGGLED)).encode())
    with Raw(unlocked.url) as connection:
        connection.send(b"POST /logout HTTP/1.1\r\nHost: localhost\r\nX-Cliente-Id: 1\r\n" + framing + SMUGGLED)
        answer = connection.answer()
        assert answer.status == 400
        assert answer.code == "BAD_REQUEST"
        assert connection.is_closed()


CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: %d\r\n\r\n" % len(SMUGGLED), SMUGGLED),
        (b"Transfer-Encoding: chunked\r\n\r\n", CHUNKED),
        (b"Transfer-Encoding: Chunked\r\n\r\n", CHUNKED.replace(b"\r\n", b";name=value\r\n", 1)),
        (b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED), SMUGGLED),
        (b"Content-Length: 0\r\n\r\n", b"\r\n\r\n"),
    ],
)
def test_what_is_inside_a_body_is_never_read_as_a_request(unlocked: Running, framing: bytes, body: bytes) -> None:
    """One answer for it, and one for the request after it, however the bytes are cut on their way."""
    first = b"POST /logout HTTP/1.1\r\nHost: localhost\r\nX-Cliente-Id: 1\r\n" + framing + body
    for cut in (0, len(first) - 2, len(first) - 1, len(first), len(first) + 1):
        with Raw(unlocked.url) as connection:
            connection.send((first + STATUS)[:cut]).send((first + STATUS)[cut:])
            assert connection.answer().code == "SESSION_NOT_READY"
            assert json.loads(connection.answer().body)["state"] == "NOT_INITIALIZED"


def test_requests_that_come_together_are_answered_one_after_the_other(unlocked: Running) -> None:
    """And what is refused, in its turn."""
    with Raw(unlocked.url) as connection:
        connection.send(STATUS + request(target="/openapi.json") + STATUS + b"GET /\r\n\r\n")
        assert [connection.answer().status for _ in range(4)] == [200, 200, 200, 400]
        assert connection.is_closed()


@pytest.mark.parametrize("malformed", MALFORMED)
def test_what_is_malformed_is_refused_and_the_connection_closed(unlocked: Running, malformed: bytes) -> None:
    with Raw(unlocked.url) as connection:
        answer = connection.send(malformed).answer()
        assert (answer.status, answer.code) == (400, "BAD_REQUEST")
        assert connection.is_closed()


def test_a_method_that_nobody_knows_is_501(unlocked: Running) -> None:
    with Raw(unlocked.url) as connection:
        answer = connection.send(request("BREW")).answer()
        assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")


# --- bodies -----------------------------------------------------------------------------------------------------------

WITH_BODY = [call for call in calls() if call[0] in ("POST", "PUT", "PATCH", "DELETE")]


@pytest.mark.parametrize("call", WITH_BODY)
def test_a_body_too_large_or_too_slow_is_refused_or_not_read_and_disturbs_nobody(started: Keys, call: Call) -> None:
    url = started.service.url
    with Raw(url) as connection:
        try:
            large = asked(call, OURS, b"x" * (1024 * 1024 + 1), X_Api_Key=FIRST, X_Cliente_Id=str(OURS))
            assert connection.send(large).answer().status < 500
        except Closed:
            pass  # it had answered, and closed before all was sent
    with Raw(url) as slow, Raw(url) as other:
        slow.send(asked(call, X_Api_Key=FIRST, X_Cliente_Id=str(OURS), Content_Length="100") + b"{")
        assert other.send(request(X_Api_Key=FIRST, X_Cliente_Id="1")).answer().status == 200
        assert slow.answer().status < 500
