"""Values from a page, none of which is trusted to have the shape it should have. Pure.

What does not fit is read as absent, and texts are cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]
"""What the page script told, or answered."""

MAX_TEXT = 65536
MAX_NAME = 512
MAX_NAMES = 1024
MAX_NUMBER = 2**53
"""What JavaScript counts to without a gap; also beyond all instants in milliseconds."""


def text(value: object, length: int = MAX_NAME) -> str | None:
    """A text that says something, cut to its length in characters."""
    return value[:length] if isinstance(value, str) and value else None


def number(value: object) -> float | None:
    """A number. JSON has some that are none, as Python reads it, and whole ones that no float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_NUMBER:
        return None
    return float(value)


def plain(value: object) -> object:
    """Whatever may be passed on as it is; of a list, the names in it."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, list):
        return [name[:MAX_NAME] for name in value[:MAX_NAMES] if isinstance(name, str)]
    return value if isinstance(value, bool) or number(value) is not None else None
