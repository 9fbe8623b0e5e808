"""JSON texts as callers write them: with a byte order mark, in UTF-16, compressed; and the faults of the others.

Accepted is all that Express's body-parser accepts, on which version 2.0 was built: `charset=utf-8`, `utf-16` and
`utf-32`, byte order marks, gzip and deflate. It accepts bytes that are no UTF-8 too, as U+FFFD: here they are refused,
because a message would leave with them. https://github.com/expressjs/body-parser

No refusal repeats anything of the text.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

from pydantic_core import from_json

_CHARSET = re.compile(r"""charset\s*=\s*"?([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
_UTF = frozenset({"utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be"})
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_MARKED = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_PLACE = re.compile(r"(?P<what>.*) at line (?P<line>\d+) column (?P<column>\d+)", re.DOTALL)
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_SENTENCES = {
    "EOF while": "it ends too early",
    "control character": "a line break or another control character stands in a string, where \\n or \\uXXXX belongs",
    "trailing characters": "something follows its end",
    "trailing comma": "a comma stands before a closing bracket",
    "key must be a string": "a name is not in double quotes",
    "expected value": "there is no value",
    "expected ident": "a word is neither true nor false nor null",
    "expected `": "a comma, a colon or a bracket is missing",
    "recursion limit": "it is nested too deep",
    "lone leading surrogate": "a \\uXXXX is half a character",
    "unexpected end of hex escape": "a \\uXXXX is half a character",
    "invalid escape": "there is no such escape",
    "invalid number": "a number is not written as JSON writes it",
    "number out of range": "a number is out of range",
}
"""The beginnings of the messages of jiter, the parser, and our words for them."""


class NotJson(ValueError):
    """The body is no JSON text; the text says why, and where."""


def decompressed(body: bytes, encoding: str, most: int) -> bytes | None:
    """Return the body without its Content-Encoding; None if that is larger than `most` bytes. Raises NotJson."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in _WINDOW_BITS:
        raise NotJson("Content-Encoding should be gzip or deflate, or absent")
    inflate = zlib.decompressobj(_WINDOW_BITS[name])
    try:
        whole = inflate.decompress(body, most + 1)
    except zlib.error:
        raise NotJson(f"The body is not {name}, as Content-Encoding says") from None
    if len(whole) > most:
        return None
    if not inflate.eof:
        raise NotJson(f"The body is not {name} to its end, as Content-Encoding says")
    return whole


def as_utf8(body: bytes, content_type: str = "") -> bytes:
    """Return a JSON text in UTF-8, without a byte order mark. Raises NotJson."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    named = _CHARSET.search(content_type)
    charset = named[1].lower() if named is not None else "utf-8"
    if charset in _UTF_8:
        charset = next((name for mark, name in _MARKED if body.startswith(mark)), "utf-8")
    elif charset not in _UTF:
        raise NotJson("The charset of the body should be utf-8")
    try:
        text = body.decode(charset)
    except UnicodeDecodeError as error:
        raise NotJson(f"The body is not {charset.upper()} at byte {error.start + 1}") from None
    return body if charset == "utf-8" else text.removeprefix("\ufeff").encode("utf-8", "surrogatepass")


def value_of(text: bytes) -> Any:
    """Return the value of a JSON text in UTF-8. Raises NotJson."""
    try:
        return from_json(text)
    except ValueError as error:
        raise NotJson(fault(str(error))) from None


def fault(told: str) -> str:
    """Return the parser's error as a sentence: the fault and its place."""
    found = _PLACE.fullmatch(told)
    if found is None:
        return "The body is not JSON"
    sentence = next((known for begins, known in _SENTENCES.items() if found["what"].startswith(begins)), "")
    line, column = int(found["line"]), int(found["column"])
    if (line, column) == (1, 0):
        return "The body is empty"
    place = f"line {line}, column {column}" if column else f"the end of line {line - 1}"
    return f"The body is not JSON: {sentence}, at {place}" if sentence else f"The body is not JSON, at {place}"
