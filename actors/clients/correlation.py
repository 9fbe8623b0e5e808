"""What something is due to: a call from outside, by its name and by the trace it belongs to. Plain data."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from structlog.contextvars import bound_contextvars


@dataclass(frozen=True, slots=True)
class Correlation:
    """A call's request id, and the trace id of its W3C `traceparent`; None where it has none, or there was no call."""

    request_id: str | None = None
    trace_id: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """What lines of the log say of it; nothing where nothing is known."""
        said = {"request": self.request_id, "trace": self.trace_id}
        return {name: value for name, value in said.items() if value is not None}

    def naming(self) -> AbstractContextManager[None]:
        """Within it, all lines of this thread name the call, and so do those of what the browser is told to do."""
        return bound_contextvars(**self.named)


UNCAUSED = Correlation()
"""Nobody outside has asked for it."""
