"""Requests made up by a seed: right ones, nearly right ones, and ones that no client would send.

Rule of this file: the same seed, the same bytes. A request says of itself how its answer is to be read.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NUMBERS = ("1", "2", "3", "007")
"""Clients that are started: few, so that what they hold is bounded."""
BAD_NUMBERS = (
    "",
    "0",
    "-1",
    "1.5",
    "12abc",
    " ",
    "1" + "0" * 20,
    "2147483648",
    "+1",
    "1e3",
    "0x1",
    "\xb2",
    "1 2",
    "\t1",
)
SEGMENTS = (
    "..",
    ".",
    "%2e%2e",
    "%2F",
    "%2f1",
    "%00",
    "%0d%0aX:1",
    "%ff%fe",
    "%C0%AF",
    "%u0031",
    "%",
    "a" * 500,
    "٧",
    "1;2",
)
METHODS = ("GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND", "REPORT")
QUERIES = ("", "", "", "", "?", "?x-api-key=1", "?limit=-1&after=%00", "?a=" + "b" * 300, "?%ff=%fe&&==")
TEXTS = (
    "hello",
    "",
    " \n\t",
    "\x00",
    "\ud800",
    "\U0001f600" * 50,
    "<script>alert(1)</script>",
    "'; DROP TABLE api_keys; --",
    "{{7*7}}${7*7}",
    "\u202e\u0000\uffff",
)
CHATS = ("5491122334455", "5491122334455@c.us", "1@lid", "1-2@g.us", "", "x", "1@evil", "5491122334455\n", "٥", "@c.us")
JUNK = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"true",
    b'"x"',
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"NaN",
    b"[" * 3000,
    b'{"a":' * 3000,
)
NUMERALS = (b"1" * 5000, b"-0", b"1e400", b"1E-400")
MALFORMED = (
    b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"POST /send HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"POST /send HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"f" * 21
    + b"\r\n",
    b"POST /send HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /status HTTP/1.1\r\n\r\n",
    b"GET /sta tus HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r2\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: \x00\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX\xff: 1\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0x10\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1" + b"0" * 25 + b"\r\n\r\n",
    b"get /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET http://evil.example/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /status#x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"CONNECT /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /status HTTP/2.0\r\nHost: 127.0.0.1\r\n\r\n",
    b"OPTIONS /status RTSP/1.0\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: 127.0.0.1/x\r\n\r\n",
    b"GET /status HTTP/1.1\nHost: 127.0.0.1\n\n",
    b"GET /status HTTP/1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /status\r\n\r\n",
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
    b"\r\n\r\n\r\n\x00\r\n\r\n",
)
"""Each is refused, and the connection ended. The bodies are for a key that may send, or where no key is needed."""


@dataclass(frozen=True, slots=True)
class Request:
    """Bytes; whether the answer is without a body, as to a HEAD; whether the connection ends with it."""

    data: bytes
    head: bool = False
    last: bool = False


class Requests:
    """An endless list of requests: variations of these calls (method, path as routes spell it), with these keys."""

    def __init__(self, seed: int, calls: Sequence[tuple[str, str]], keys: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._calls, self._keys = calls, tuple(keys)

    def batch(self, size: int) -> list[Request]:
        """As many, of which only the last may end the connection."""
        choose = self._random
        requests = [self._one() for _ in range(size - 1)]
        last = Request(choose.choice(MALFORMED), last=True) if choose.random() < 0.5 else self._one(close=True)
        return [*requests, last]

    def _one(self, *, close: bool = False) -> Request:
        choose = self._random
        method, path = choose.choice(self._calls)
        if choose.random() < 0.1:
            method = choose.choice(METHODS)
        headers = [*self._headers(), *([("Connection", "close")] if close else [])]
        body = self._body() if method not in ("GET", "HEAD", "TRACE") or choose.random() < 0.05 else b""
        framed, body = self._framed(body)
        lines = [
            f"{method} {self._target(path)} HTTP/1.1",
            *(f"{name}: {value}" for name, value in [*headers, *framed]),
        ]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        return Request(head + body, method == "HEAD", close)

    def _target(self, path: str) -> str:
        choose = self._random
        path = re.sub(r"\{[^}]*\}", lambda _: self._number(), path)
        for _ in range(choose.choice((0,) * 10 + (1, 2))):
            path = choose.choice((f"{path}/{self._segment()}", f"/{self._segment()}{path}", f"/{path}", f"{path}/"))
        query = choose.choice(
            ("", "", "", "?", "?x-api-key=1", "?limit=-1&after=%00", "?a=" + "b" * 300, "?%ff=%fe&&==")
        )
        form = choose.choice(("{}",) * 62 + ("*", "//evil.example{}"))
        return form.format(path + query).encode("ascii", "replace").decode("ascii").replace(" ", "%20")

    def _segment(self) -> str:
        return self._random.choice(SEGMENTS)

    def _number(self) -> str:
        choose = self._random
        if choose.random() < 0.7:
            return choose.choice(NUMBERS)
        return choose.choice(BAD_NUMBERS).strip().encode("ascii", "ignore").decode() or "%20"

    def _headers(self) -> Iterable[tuple[str, str]]:
        choose = self._random
        yield "Host", choose.choice(("127.0.0.1",) * 8 + ("evil.example", "[::1]:80", "a" * 300, "127.0.0.1:99999"))
        for _ in range(choose.choice((0, 1, 1, 1, 1, 1, 2))):
            yield choose.choice(("X-Cliente-Id", "x-cliente-id")), choose.choice((*NUMBERS * 4, *BAD_NUMBERS))
        for _ in range(choose.choice((0, 1, 1, 1, 1, 1, 1, 2))):
            key = choose.choice((*self._keys * 4, "wrong", "", "sm_", "sm_0000000000_x", "\xff" * 9))
            yield choose.choice((("X-Api-Key", key), ("X-Api-Key", key), ("Authorization", f"Bearer {key}")))
        if choose.random() < 0.05:
            yield "Origin", choose.choice(("https://evil.example", "null", "http://127.0.0.1", ""))
        if choose.random() < 0.2:
            yield choose.choice(OTHERS)

    def _body(self) -> bytes:
        choose = self._random
        kind = choose.random()
        if kind < 0.15:
            return choose.choice((*JUNK, *NUMERALS))
        if kind < 0.2:
            return choose.randbytes(choose.randrange(2000))
        return json.dumps(self._object(kind)).encode("ascii")

    def _object(self, kind: float) -> dict[str, object]:
        choose = self._random
        if kind < 0.7:
            body: dict[str, object] = {"to": choose.choice(CHATS), "message": choose.choice(TEXTS)}
        elif kind < 0.85:
            body = {"name": choose.choice(TEXTS), "scopes": choose.choice((["read"], ["root"], [], "read", [None]))}
            body["clients"] = choose.choice(([1], [0], [2**31], ["1"], 1, [1.5], [1] * 50))
        else:
            body = {"phone": choose.choice(CHATS), "url": choose.choice(TEXTS), "events": choose.choice(TEXTS)}
        if choose.random() < 0.2:
            body[choose.choice((*body, "cliente_id", "priority", "send_at"))] = choose.choice(VALUES)
        return body

    def _framed(self, body: bytes) -> tuple[list[tuple[str, str]], bytes]:
        """The body, counted or in chunks."""
        choose = self._random
        if not body:
            return [], b""
        if choose.random() < 0.8:
            return [("Content-Length", str(len(body)))], body
        size = choose.randrange(1, len(body) + 1)
        size = max(size, len(body) // 20)
        chunks = [body[at : at + size] for at in range(0, len(body), size)]
        return [("Transfer-Encoding", "chunked")], b"".join(
            b"%x\r\n%b\r\n" % (len(c), c) for c in chunks
        ) + b"0\r\n\r\n"


OTHERS = (
    ("Expect", "100-continue"),
    ("X-Forwarded-For", "1.2.3.4, 5.6.7.8"),
    ("X-Request-Id", "a" * 100),
    ("X-Request-Id", "<b>"),
    ("Content-Type", "text/plain; charset=utf-7"),
    ("Content-Encoding", "gzip"),
    ("Accept", "text/html;q=x"),
    ("Cookie", "session=x; session=y"),
    ("Range", "bytes=0-0,0-0"),
    ("If-None-Match", "*"),
    ("Upgrade", "h2c"),
    ("Idempotency-Key", "x" * 300),
    ("Last-Event-ID", "-1"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("traceparent", "00-zz-zz-zz"),
    ("X" * 200, "y" * 2000),
)
VALUES: tuple[object, ...] = (None, True, 0, -1, 2**31, 2**70, 1.5, 1e308, [], {}, [[[]]], {"a": {"b": 1}}, "\x00")
