"""The framing of requests: where a head and a body end, and what is refused before anything else reads it.

Requests are parsed here with the parser that uvicorn uses once more (llhttp, Node's own). It is lenient in places; what
two readers could understand in two ways is refused here. What is refused is answered in the contract's shape.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus

import httptools
from websockets.http11 import Request
from websockets.server import ServerProtocol

from gateway.http import JSON, render
from gateway.schemas.shape import ErrorAnswer
from gateway.security.shares import TOO_MANY

_REFUSALS = {
    400: "This is not HTTP as it is understood here",
    408: "The request did not arrive in time",
    426: "This is no WebSocket handshake as it is understood here: RFC 6455, version 13",
    431: "The request's first line and headers are too large",
    501: "There is no such method",
    503: TOO_MANY,
}
_MOST_FIELDS = 256
"""The most headers of a request."""

END = b"\r\n\r\n"
"""The end of a head, and of a body in chunks."""
_BEGINNING = re.compile(rb"[A-Z-]{1,24}(?: |\Z)")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_TARGET = rb"/[!\"$-~]*"
"""No absolute form: it names another server. No fragment: that is never sent."""
_FIRST_LINE = re.compile(rb"(?!CONNECT )[A-Z-]+ (?:" + _TARGET + rb"|\*) HTTP/1\.([01])\r\n")
_HOST = rb"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]*"
_IS_HOST = re.compile(_HOST)
_OTHER_FIELDS = (
    rb"(?:(?!(?i:host|content-length|transfer-encoding|upgrade):)"
    rb"[!#-'*+.^_`|~0-9A-Za-z-]++:[\t\x20-\x7e\x80-\xff]*+(?<![ \t])\r\n){0,100}+"
)
_PLAIN = re.compile(
    rb"(?:GET|HEAD) " + _TARGET + rb" HTTP/1\.1\r\n"
    + _OTHER_FIELDS + rb"(?i:host): ?" + _HOST + rb"\r\n" + _OTHER_FIELDS + rb"\r\n"
)  # fmt: skip
"""A head that is as it should be, without a body: most are, and the parser would take three times as long."""
_BLANKS = re.compile(rb"[ \t]+\r\n")
"""Blanks behind a header's value are no part of it (RFC 9110, 5.5); llhttp leaves them to those who use it."""
_UPGRADE = re.compile(rb"(?<=\r\n)upgrade:[^\r\n]*\r\n", re.IGNORECASE)
_UNHEARD = logging.Logger("unheard", logging.CRITICAL + 1)


class Framing:
    """The requests of one connection, one after another."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self.whole = True
        """True once the request's body has ended, or if it has none."""
        self._known = b""
        """The newest plain head: those who poll repeat it."""
        self._begin()

    def end(self) -> None:
        """Let go of the parser, which holds this."""
        del self._parser

    def _begin(self) -> None:
        self._fields = self._hosts = 0
        self._left = 0
        """The bytes of the body that are still to come; -1 if it comes in chunks."""
        self._offered = self._tail = b""
        self.whole = self._wrong = self._upgraded = self._headed = False

    def head(self, head: bytes) -> tuple[int, bytes]:
        """Begin a request; return the status that refuses its head, or 0, and the head as it is to be passed on."""
        if head == self._known or _PLAIN.fullmatch(head):
            self._known, self.whole = head, True
            return 0, head
        status = self._refusal_of(head)
        if not status and self._offered and self._offered != b"websocket":
            # Another protocol is offered: the offer is ignored, as RFC 9110 section 7.8 allows. (Java's HttpClient
            # offers HTTP/2 with every first request.) llhttp would take what follows for the other protocol's.
            head, self._parser = _UPGRADE.sub(b"", head), httptools.HttpRequestParser(self)
            status = self._refusal_of(head)
        if not status and self._upgraded:
            status = 400 if self._left else handshake_refusal(head)
        return status, _BLANKS.sub(b"\r\n", head)

    def _refusal_of(self, head: bytes) -> int:
        """Return the status that refuses a head, or 0."""
        self._begin()
        first = _FIRST_LINE.match(head)
        if first is None:
            return 400
        if status := self._parsed(head):
            return status
        if self._fields > _MOST_FIELDS:
            return 431
        return 400 if self._wrong or self._hosts > 1 or (self._hosts == 0 and first[1] == b"1") else 0

    def body(self, data: bytes) -> int | None:
        """Go on with the body; return the number of the data's bytes that belong to it, or fewer; None refuses it."""
        end = self._part_of(data)
        return None if self._parsed(data[:end]) or self._wrong else end

    def _part_of(self, data: bytes) -> int:
        if self._left > 0:
            part = min(self._left, len(data))
            self._left -= part
            return part
        # The last chunk ends with an empty line; empty lines before that only make smaller parts.
        found = (self._tail + data).find(END)
        part = len(data) if found < 0 else found + len(END) - len(self._tail)
        self._tail = (self._tail + data[:part])[1 - len(END) :]
        return part

    def _parsed(self, data: bytes) -> int:
        """Let the parser tell about the data; return the status that refuses it, or 0."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgraded = True
        except httptools.HttpParserInvalidMethodError:
            return 501
        except httptools.HttpParserError:
            return 400
        return 0

    # The methods that the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        match name.lower():
            case b"host":
                self._hosts += 1
                self._wrong |= not _IS_HOST.fullmatch(value)
            case b"content-length":
                self._wrong |= self._left != 0 or not value.rstrip().isdigit()
                self._left = 0 if self._wrong else int(value)
            case b"transfer-encoding":
                self._wrong |= self._left != 0 or value.rstrip().lower() != b"chunked"
                self._left = -1
            case b"upgrade":
                self._offered = value.lower() if not self._offered else b"several"
        self._wrong |= self._headed  # a trailer, which nothing here expects

    def on_headers_complete(self) -> None:
        self._headed = True

    def on_message_complete(self) -> None:
        self.whole = True


def may_begin(data: bytes) -> bool:
    """Return True if the data may be the beginning of a request."""
    return bool(_BEGINNING.match(data)) and not _BARE_LINE_FEED.search(data)


def handshake_refusal(head: bytes) -> int:
    """Return the status that refuses a WebSocket's handshake; 0 for a good one.

    websockets decides, as it will for uvicorn's protocol, which would log a stranger's mistakes with a traceback.
    """
    trial = ServerProtocol(logger=_UNHEARD)
    trial.receive_data(head)
    requests = [event for event in trial.events_received() if isinstance(event, Request)]
    if not requests:
        return 400
    status = trial.accept(requests[0]).status_code
    return 0 if status == HTTPStatus.SWITCHING_PROTOCOLS else min(status, HTTPStatus.UPGRADE_REQUIRED)


def refusal(status: int) -> bytes:
    """Return the bytes of a protocol error, in the contract's shape."""
    http = HTTPStatus(status)
    body = render(ErrorAnswer(code=http.name, message=_REFUSALS[status]))
    head = [
        f"HTTP/1.1 {status} {http.phrase}",
        f"content-type: {JSON}",
        f"content-length: {len(body)}",
        "connection: close",
        *(["retry-after: 5"] if status == 503 else []),
        *(["upgrade: websocket", "sec-websocket-version: 13"] if status == 426 else []),
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body
