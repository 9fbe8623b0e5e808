"""The framing of requests: what is refused, and what is passed on."""

from __future__ import annotations

import random
import re

import pytest

from gateway.security import framing
from gateway.security.framing import Framing

METHODS = (b"GET", b"GET", b"HEAD", b"POST", b"DELETE", b"get", b"GETS", b"CONNECT", b"")
TARGETS = (b"/status", b"/", b'/a?b="c"&d={}|`^\\\'<>', b"*", b"/#x", b"/\x7f", b"/\xe9", b"http://x/", b"", b"/a b")
VERSIONS = (b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"http/1.1")
FIELDS = (
    *(b"Host: x", b"host:x:1", b"HOST: [::1]:80", b"Host:", b"Host: a b", b"Host: x ", b"Host:  x", b"Host : x"),
    *(
        b"Accept: */*",
        b"X-Cliente-Id: 1",
        b"x: \xe9\t\x80",
        b"x:",
        b"x:  ",
        b"x: y\t",
        b"x: \x00",
        b"x: \x7f",
        b"x: \x0b",
    ),
    *(b": x", b"x y: z", b" folded", b"\xe9: x", b"x(: y", b"x", b"Hosts: x", b"X-Host: x", b"Upgrades: x"),
    *(b"Content-Length: 0", b"Content-Length: 2", b"content-length: x", b"Transfer-Encoding: chunked", b"TE: trailers"),
    *(
        b"Connection: close",
        b"Connection: Upgrade",
        b"Upgrade: h2c",
        b"Upgrade: websocket",
        b"UPGRADE: a",
        b"Expect: x",
    ),
)


def heads(count: int) -> list[bytes]:
    """Return heads of every kind, the same ones each time."""
    draw = random.Random(1)
    made = []
    for _ in range(count):
        well = draw.random() < 0.7
        first = [draw.choice(kind[:2] if well else kind) for kind in (METHODS, TARGETS, VERSIONS)]
        fields = [FIELDS[0], *draw.choices(FIELDS, k=draw.randrange(4))] if well else draw.choices(FIELDS, k=3)
        draw.shuffle(fields)
        made.append(b"\r\n".join([b" ".join(first), *fields, b"", b""]))
    return made


def test_a_plain_head_is_what_the_parser_too_takes_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [head for head in heads(4000) if framing._PLAIN.fullmatch(head)]
    assert len(plain) > 300
    monkeypatch.setattr(framing, "_PLAIN", re.compile(b"(?!)"))
    for head in plain:
        parsed = Framing()
        assert parsed.head(head) == (0, head), head
        assert parsed.whole


def test_heads_follow_one_another_whatever_each_of_them_is() -> None:
    """A connection answers as a new one would."""
    several = Framing()
    for head in heads(1000):
        alone = Framing()
        told = alone.head(head)
        assert several.head(head) == told, head
        if told[0] or not alone.whole or b"HTTP/1.0" in head or b"close" in head:  # it ends, or a body follows
            several = Framing()
        else:
            assert several.whole


@pytest.mark.parametrize("fields", [b"Upgrade: a\r\nUpgrade: b\r\n", b"upgrade: a\r\nX: y\r\nUPGRADE: websocket\r\n"])
@pytest.mark.parametrize("asked", [b"", b"Connection: Upgrade\r\n"])
def test_several_offers_of_other_protocols_are_all_ignored(fields: bytes, asked: bytes) -> None:
    read = Framing()
    plain = b"GET / HTTP/1.1\r\nHost: x\r\n"
    status, head = read.head(plain + asked + fields + b"\r\n")
    assert (status, read.whole) == (0, True)
    assert b"pgrade:" not in head.lower()
