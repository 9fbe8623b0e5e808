"""Which events a webhook wants: an exact type, `*` for all, or `message.*` for all that begin with `message.`.

Rule of this file: pure. `actors.store.webhooks` says the same in SQL; a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["is_pattern", "matches"]

_PATTERN = re.compile(r"\*|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?")
LONGEST = 100


def is_pattern(text: str) -> bool:
    """Whether this can stand in a webhook's list of events."""
    return len(text) <= LONGEST and _PATTERN.fullmatch(text) is not None


def matches(patterns: Iterable[str], event_type: str) -> bool:
    """Whether any of the patterns wants events of this type. `message.*` does not want `message` itself."""
    return any(_matches(pattern, event_type) for pattern in patterns)


def _matches(pattern: str, event_type: str) -> bool:
    if pattern.endswith("*"):
        return event_type.startswith(pattern[:-1])
    return pattern == event_type
