"""W3C Trace Context: whose trace a request belongs to. https://www.w3.org/TR/trace-context/, section 3.2."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

HEADER = b"traceparent"
_SHAPE = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NEVER = "ff"
_NOTHING = frozenset("0")


@dataclass(frozen=True, slots=True)
class Trace:
    """The caller's trace, and our own part of it."""

    id: str
    span: str
    flags: str

    @property
    def header(self) -> bytes:
        """What we hand on, in the one version there is."""
        return f"00-{self.id}-{self.span}-{self.flags}".encode("ascii")


def trace_of(headers: Iterable[tuple[bytes, bytes]]) -> Trace | None:
    """The trace that raw ASGI headers name; None where they name none, or not as they should."""
    values = [value for name, value in headers if name == HEADER]
    found = _SHAPE.fullmatch(values[0]) if len(values) == 1 else None
    if found is None:
        return None
    version, trace, parent, flags = (part.decode("ascii") for part in found.groups()[:4])
    more = found.group(5) is not None
    if version == _NEVER or (version == "00" and more) or {*trace} == _NOTHING or {*parent} == _NOTHING:
        return None
    return Trace(trace, secrets.token_hex(8), flags)
