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


def text(value: object, length: int = MAX_NAME) -> str | None:
    """A text that says something, cut to its length in characters."""
    return value[:length] if isinstance(value, str) and value else None


def number(value: object) -> float | None:
    """A number."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def plain(value: object) -> object:
    """Whatever may be passed on as it is."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    return value if isinstance(value, bool | int | float) else None
