"""Bodies that are too large, too slow, broken off, or nonsense: refused, and nobody else notices."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.gateway.running import Running, until

HEAD = b"POST /send HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MIB = 1024 * 1024


def test_what_is_not_json_is_refused(service: Running) -> None:
    for body in (b"", b"{", b"nonsense", b"\xff\xfe", b'{"to": "\xe9"}', b"[" * 100_000, b'{"to": NaN' + b"9" * 5000):
        answer = service.call("POST", "/send", 1, content=body)
        assert answer.status_code == 400, body[:20]
        assert answer.json() == {"error": True, "code": "INVALID_REQUEST", "message": "The body is not JSON"}


def test_what_is_wrong_is_called_by_its_name_alone(service: Running) -> None:
    answer = service.post("/keys", None, {"name": "x" * 101, "scopes": ["read"]})
    assert answer.status_code == 400
    assert answer.json()["message"] == "name should have at most 100 characters"


def test_half_a_surrogate_pair_is_no_text(service: Running) -> None:
    answer = service.call("POST", "/send", 1, content=rb'{"to": "5491122334455", "message": "\ud800"}')
    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_REQUEST"


def test_nothing_of_the_body_is_repeated(service: Running) -> None:
    answer = service.post("/send", 1, {"to": "secret-5491122334455", "message": "secret"})
    assert "secret" not in answer.text


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB])
def test_a_body_over_one_mib_is_refused_and_the_caller_can_read_so(service: Running, size: int) -> None:
    text = b"x" * size
    for body in (text, iter([text[:70_000], text[70_000:]])):  # with its length told, and in chunks
        answer = service.call("POST", "/send", 1, content=body)
        assert answer.status_code == 413
        assert answer.json()["error"] is True
        assert answer.json()["code"] == "PAYLOAD_TOO_LARGE"


def test_a_body_of_exactly_one_mib_is_looked_at(service: Running) -> None:
    body = b'{"to":"5491122334455","message":"' + b"x" * (MIB - 35) + b'"}'
    assert len(body) == MIB
    assert service.call("POST", "/send", 1, content=body).json()["code"] == "SESSION_NOT_READY"


def test_a_body_without_end_is_cut_off(service: Running) -> None:
    with socket.create_connection(service.where, timeout=10) as connection:
        connection.sendall(CHUNKED)
        with pytest.raises((ConnectionError, TimeoutError)):
            connection.sendall((b"10000\r\n" + b"x" * 65536 + b"\r\n") * 1000)
    assert service.get("/health").status_code == 200


def test_a_slow_body_is_given_up(tmp_path: Path) -> None:
    with Running(tmp_path / "data", body_timeout=0.3) as service:
        answer = service.raw(HEAD + b'Content-Length: 100\r\n\r\n{"to":')
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"REQUEST_TIMEOUT" in answer


def test_a_slow_body_disturbs_nobody(service: Running) -> None:
    service.ready(1)
    whole = b'{"to":"5491122334455","message":"slow"}'
    with socket.create_connection(service.where, timeout=10) as slow:
        slow.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(whole) + whole[:10])
        assert service.post("/send", 1, {"to": "5491122334455", "message": "x"}).status_code == 200
        slow.sendall(whole[10:])
        assert slow.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert [delivery.text for delivery in service.browser.whatsapp.deliveries] == ["x", "slow"]


def test_a_body_broken_off_sends_nothing(service: Running) -> None:
    service.ready(1)
    whole = b'{"to":"5491122334455","message":"x"}'
    for beginning in (CHUNKED + b"24\r\n" + whole[:10], HEAD + b"Content-Length: %d\r\n\r\n" % len(whole) + whole[:-1]):
        with socket.create_connection(service.where, timeout=10) as connection:
            connection.sendall(beginning)
    assert service.get("/health").status_code == 200
    assert service.browser.whatsapp.deliveries == []


def test_a_caller_that_goes_away_while_he_waits_disturbs_nobody(service: Running) -> None:
    with socket.create_connection(service.where, timeout=10) as connection:
        connection.sendall(b"POST /init HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r\n\r\n")
    until(lambda: service.status(1)["state"], lambda state: state == "QR_REQUIRED", "the start goes on")


def test_requests_in_one_packet_are_answered_in_order(service: Running) -> None:
    one = b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: %d\r\n%s\r\n"
    answer = service.raw(one % (1, b"") + one % (2, b"Connection: close\r\n"))
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b'"cliente_id":1') < answer.index(b'"cliente_id":2')


def test_what_is_no_http_is_refused(service: Running) -> None:
    for nonsense in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\x00\r\n\r\n",
    ):
        assert service.raw(nonsense + b"\r\n\r\n").startswith((b"HTTP/1.1 400 ", b"")), nonsense
    smuggled = HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\n\r\n"
    assert service.raw(smuggled).count(b"HTTP/1.1 200") == 0
    assert service.get("/health").status_code == 200
