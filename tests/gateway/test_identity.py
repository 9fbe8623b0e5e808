"""Whose request it is: looked at before anything else of the request."""

from __future__ import annotations

import json

import pytest

from gateway.http import InvalidHeader, MissingHeader, client_of
from tests.gateway.running import Running

MISSING = {"error": True, "code": "MISSING_HEADER", "message": "Header X-Cliente-Id is required"}
INVALID = {"error": True, "code": "INVALID_HEADER", "message": "X-Cliente-Id must be a positive integer"}
CALLS = [
    ("POST", "/init"),
    ("GET", "/status"),
    ("HEAD", "/status"),
    ("GET", "/qr"),
    ("POST", "/pairing-code"),
    ("POST", "/send"),
    ("POST", "/logout"),
]
BAD = [b"abc", b"0", b"00", b"-1", b"+1", b"1.5", b"12abc", b"", b" ", b"1 2", b"1e3", b"0x1f", b"1_000", b"1\xb2"]
BAD += [b"100000000000000000000", b"2147483648", "١٢".encode(), "１２".encode(), b"1,1", b"9" * 5000, b"null"]


def said(service: Running, method: str, path: str, *headers: bytes, body: bytes = b"") -> bytes:
    """The whole answer to a request written by hand: no HTTP library sends such headers."""
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: 127.0.0.1", b"Connection: close"]
    lines += [b"X-Cliente-Id: " + value for value in headers] + [b"Content-Length: %d" % len(body), b"", body]
    return service.raw(b"\r\n".join(lines))


def test_without_the_header_every_call_about_a_client_is_refused(service: Running) -> None:
    for method, path in CALLS:
        answer = service.call(method, path)
        assert answer.status_code == 400, path
        assert method == "HEAD" or answer.json() == MISSING, path


def test_a_header_that_is_no_client_number_is_refused_before_the_body_is_looked_at(service: Running) -> None:
    for method, path in CALLS:
        for value in BAD:
            answer = said(service, method, path, value, body=b"{not JSON")
            assert answer.startswith(b"HTTP/1.1 400 "), (path, value, answer)
            assert method == "HEAD" or json.loads(answer.split(b"\r\n\r\n")[1]) == INVALID, (path, value, answer)


def test_two_headers_that_differ_are_refused_and_two_that_agree_are_not(service: Running) -> None:
    for path in ("/status", "/qr"):
        assert said(service, "GET", path, b"1", b"2").startswith(b"HTTP/1.1 400 ")
        assert b"INVALID_HEADER" in said(service, "GET", path, b"1", b"2")
        assert b"INVALID_HEADER" in said(service, "GET", path, b"1", b"01")
        assert b"INVALID_HEADER" not in said(service, "GET", path, b"1", b"1")


def test_qr_code_tells_of_the_header_in_its_own_shape(service: Running) -> None:
    missing, invalid = service.get("/qr-code"), service.get("/qr-code", "12abc")
    assert missing.status_code == invalid.status_code == 400
    assert missing.json() == {"error": "MISSING_HEADER", "message": "Header X-Cliente-Id is required"}
    assert invalid.json() == {"error": "INVALID_HEADER", "message": "X-Cliente-Id must be a positive integer"}


def test_decimal_digits_up_to_the_limit_select_a_client(service: Running) -> None:
    for value, number in {b"1": 1, b"007": 7, b"2147483647": 2147483647, b"  5 ": 5, b"\t5": 5}.items():
        answer = said(service, "GET", "/status", value)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert json.loads(answer.split(b"\r\n\r\n")[1])["cliente_id"] == number


def test_raw_headers_are_read_without_a_server() -> None:
    assert client_of([(b"host", b"x"), (b"x-cliente-id", b"99")]) == 99
    assert client_of([(b"x-cliente-id", b"99"), (b"x-cliente-id", b"99")]) == 99
    with pytest.raises(MissingHeader):
        client_of([(b"host", b"x")])
    for value in BAD:
        with pytest.raises(InvalidHeader):
            client_of([(b"x-cliente-id", value)])
