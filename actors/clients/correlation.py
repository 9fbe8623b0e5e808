"""The cause of a change: a call from outside, by its request id and its trace. Plain data."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from structlog.contextvars import bound_contextvars


@dataclass(frozen=True, slots=True)
class Correlation:
    """A call's request id, and the trace id of its W3C `traceparent`; None if it has none, or there was no call."""

    request_id: str | None = None
    trace_id: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """The fields for lines of the log; empty if nothing is known."""
        said = {"request": self.request_id, "trace": self.trace_id}
        return {name: value for name, value in said.items() if value is not None}

    def naming(self) -> AbstractContextManager[None]:
        """Name the call in all lines of this thread, and in those of the browser's work for it."""
        return bound_contextvars(**self.named)


UNCAUSED = Correlation()
"""A change without a call from outside."""
