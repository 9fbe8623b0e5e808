"""Bodies that are too large, too slow, broken off, or nonsense: refused, and nobody else notices."""

from __future__ import annotations

import gzip
import socket
import zlib
from pathlib import Path

import pytest

from tests.gateway.running import Running, until

HEAD = b"POST /send HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "The body is empty"),
        (b"{", "The body is not JSON: it ends too early, at line 1, column 1"),
        (b"nonsense", "The body is not JSON: a word is neither true nor false nor null, at line 1, column 2"),
        (b"\xff\xfe{", "The body is not UTF-16 at byte 3"),
        ('{"to": "é"}'.encode("latin-1"), "The body is not UTF-8 at byte 9"),
        (b'{"to":\n"a\nb"}', "\\n or \\uXXXX belongs, at the end of line 2"),
        (b'{"to":"a\tb"}', "\\n or \\uXXXX belongs, at line 1, column 9"),
        (b"[" * 100_000, "The body is not JSON: it is nested too deep, at line 1"),
        (b'{"to": NaN' + b"9" * 5000, "a comma, a colon or a bracket is missing, at line 1, column 11"),
        (b'{"to": "1",}', "The body is not JSON: a comma stands before a closing bracket, at line 1, column 12"),
        (rb'{"to": "1", "message": "\ud83d"}', "The body is not JSON: a \\uXXXX is half a character, at line 1"),
    ],
    ids=("empty", "half", "nonsense", "UTF-16", "Latin-1", "line break", "tab", "deep", "long", "comma", "surrogate"),
)
@pytest.mark.parametrize("path", ["/send", "/messages", "/labels"])
def test_what_is_not_json_is_refused_and_told_why_and_where(
    unlocked: Running, path: str, body: bytes, why: str
) -> None:
    answer = unlocked.call("POST", path, 1, content=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_REQUEST"
    assert why in answer.json()["message"]


TEXT = '{"to": "5491122334455", "message": "¡Olé! 😀"}'


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"\xef\xbb\xbf" + TEXT.encode(), {}),
        (TEXT.encode("utf-16"), {}),
        (TEXT.encode("utf-16-le"), {"Content-Type": "application/json; charset=utf-16le"}),
        (TEXT.encode("utf-16"), {"Content-Type": 'application/json; charset="UTF-16"'}),
        (TEXT.encode(), {"Content-Type": "text/plain"}),
        (gzip.compress(TEXT.encode(), mtime=0), {"Content-Encoding": "gzip"}),
        (zlib.compress(TEXT.encode()), {"Content-Encoding": "deflate"}),
    ],
    ids=("mark", "UTF-16 marked", "UTF-16 named", "UTF-16 both", "no JSON type", "gzip", "deflate"),
)
def test_a_body_that_express_took_is_taken(service: Running, body: bytes, headers: dict[str, str]) -> None:
    service.ready(1)
    answer = service.call("POST", "/send", 1, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert [delivery.text for delivery in service.browser.whatsapp.deliveries] == ["¡Olé! 😀"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (TEXT.encode(), {"Content-Type": "application/json; charset=klingon"}, 400),
        (TEXT.encode(), {"Content-Encoding": "br"}, 400),
        (TEXT.encode(), {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(bytes(100 * MIB), 1, mtime=0), {"Content-Encoding": "gzip"}, 413),
    ],
    ids=("charset", "brotli", "no gzip", "half a gzip", "a bomb"),
)
def test_an_encoding_that_is_none_is_refused(
    unlocked: Running, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = unlocked.call("POST", "/send", 1, content=body, headers=headers)
    assert answer.status_code == status
    assert "klingon" not in answer.text


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
    body = b'{"to":"5491122334455","message":"x"' + b" " * (MIB - 36) + b"}"
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
