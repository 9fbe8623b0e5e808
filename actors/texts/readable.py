"""Texts of strangers: made so that every strict reader takes them, and cut between characters only. Pure.

A phone can send half of a surrogate pair (`\\ud83d` alone). JavaScript and Python's json pass it on; UTF-8, and strict
readers of JSON, do not know it. It becomes U+FFFD where a page's words enter, and where older ones leave the store.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

CUT = "\uffff"
"""Ends a text that the page's scripts have cut. It is no character of Unicode's (a noncharacter)."""
MARK = "truncated"
"""The field of an object in which a text was cut, however deep."""
_LONE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_JOINER = "\u200d"


def readable(text: str) -> str:
    """Return the text with U+FFFD in place of each half of a surrogate pair. Two halves that fit become a character."""
    if _LONE.search(text) is None:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def readable_in(value: Any) -> Any:
    """Return a JSON value with all its texts readable, the names of its fields too."""
    match value:
        case str():
            return readable(value)
        case list():
            return [readable_in(one) for one in value]
        case dict():
            return {readable(name): readable_in(one) for name, one in value.items()}
        case _:
            return value


def from_json(text: str | bytes) -> Any:
    """Return the value of a JSON text, readable. Raises ValueError, RecursionError."""
    value = json.loads(text)
    raw = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return readable_in(value) if _ESCAPED.search(raw) or _LONE.search(raw) else value


def from_page(text: str) -> Any:
    """Return what a page says in JSON, readable; an object in which a text was cut has `truncated`.

    Raises ValueError, RecursionError.
    """
    value = from_json(text)
    return _marked(value)[0] if CUT in text else value


def _marked(value: Any) -> tuple[Any, bool]:
    """Return a JSON value without the signs of cuts, and whether there was one."""
    match value:
        case str():
            return value.removesuffix(CUT).replace(CUT, "\ufffd"), value.endswith(CUT)
        case list():
            found = [_marked(one) for one in value]
            return [one for one, _ in found], any(cut for _, cut in found)
        case dict():
            parts = {name: _marked(one) for name, one in value.items()}
            plain = {name: one for name, (one, _) in parts.items()}
            cut = any(cut for _, cut in parts.values())
            return plain | ({MARK: True} if cut else {}), cut
        case _:
            return value, False


def cut(text: str, length: int) -> str:
    """Return the text, or its beginning of at most this many code points; a character of several stays whole."""
    if len(text) <= length:
        return text
    end = length
    while end > 0 and _goes_on(text, end):
        end -= 1
    return text[: end or length]


def _goes_on(text: str, at: int) -> bool:
    """Return True if what stands before this place and behind it are one character to people."""
    before, behind = text[at - 1], text[at]
    joined = _JOINER in (before, behind) or unicodedata.combining(behind) != 0
    return joined or "\ufe00" <= behind <= "\ufe0f" or "\U0001f3fb" <= behind <= "\U0001f3ff"
