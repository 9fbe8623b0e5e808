"""The log: one line per event, without private data.

Rule of this file: the output is ASCII JSON (or text for people) on standard output, times are ISO 8601 in UTC, runs of
digits that may be phone numbers are masked, and a line that cannot be written is lost without further effect. No code
here or elsewhere logs a QR, a message's text, a body or a query string.
"""

from __future__ import annotations

import json
import logging
import os
import re
from contextlib import suppress
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from actors.clients.correlation import Correlation
from actors.settings import Settings
from actors.texts.readable import readable

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_NOT_PRIVATE = frozenset({"timestamp", "level", "logger", "method", "request", "trace"})
_LIBRARIES = logging.WARNING
"""The lowest level of libraries' log lines: below it they log URLs, frames and bodies."""


class Lines:
    """The output of lines: one system call each, so that lines of several threads never mix."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def line(self, text: str) -> None:
        """Write one line, or lose it: a closed pipe or a full disk must not end an actor."""
        with suppress(OSError):
            os.write(self._descriptor, readable(text).encode("utf-8") + b"\n")

    debug = info = warning = warn = error = critical = exception = fatal = msg = log = line


def configure(settings: Settings, descriptor: int = 1) -> None:
    """Let structlog, and the standard library's logging, write to `descriptor`, as configured in the settings."""
    level = _LEVELS[settings.log_level]
    structlog.configure(
        processors=[*_steps(), _renderer(settings.log_format, os.isatty(descriptor))],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: Lines(descriptor),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(level, _LIBRARIES), handlers=[_Forward()], force=True)
    logging.captureWarnings(True)


def cause() -> Correlation:
    """Return the correlation of the request that the calling task answers, set by `access_log`."""
    known = structlog.contextvars.get_contextvars()
    return Correlation(known.get("request"), known.get("trace"))


def masked(_: Any, __: str, event: EventDict) -> EventDict:
    """Mask possible phone numbers in every text of the event. A processor of structlog's."""
    for key, value in event.items():
        if isinstance(value, str) and key not in _NOT_PRIVATE:
            event[key] = mask(value)
    return event


def _steps() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        masked,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderer(kind: str, terminal: bool) -> Processor:
    if kind == "json" or (kind == "auto" and not terminal):
        return _as_json
    return structlog.dev.ConsoleRenderer(colors=terminal)


def _as_json(_: Any, __: str, event: EventDict) -> str:
    return _encode(event)


_encode = json.JSONEncoder(default=str, skipkeys=True).encode
"""Created once: `json.dumps` with a default creates an encoder for each line."""


class _Forward(logging.Handler):
    """Passes the log records of libraries on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record as an event."""
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


_NUMBER = re.compile(r"(?<![0-9A-Za-z])([0-9]{4})([0-9]{4,16})([0-9]{2})(?![0-9A-Za-z])")
"""10 to 22 digits on their own; digits inside a word, such as those of a message id, are no number."""


def mask(text: str) -> str:
    """Return the text with every possible phone number written as `5491****55`."""
    return _NUMBER.sub(r"\1****\3", text)
