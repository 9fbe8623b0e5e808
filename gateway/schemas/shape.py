"""The base of every request and every answer. Field names are the contract's: fixed; new fields may be added.

Rule of this package: plain shapes, and how to fill them from what actors answer. Instants are ISO 8601 in UTC,
durations seconds.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""ISO 8601 with an offset from UTC."""


ID = r"^[0-9A-HJKMNP-TV-Z]{26}$"
"""A ULID."""


# Validators are built when they are first used (`defer_build`): all of them would take a fifteenth of a start.


class Request(BaseModel):
    """The base of bodies: types are not converted, and unknown fields are refused, at every level."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


class Query(BaseModel):
    """The base of queries: texts are converted, and unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Answer(BaseModel):
    """The base of answers."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class ErrorAnswer(Answer):
    """Every error, but those of /qr and /qr-code; further fields depend on `code`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    error: Literal[True] = True
    """Always true."""
    code: str
    """The code of the error, for programs: those of each status are listed beside it."""
    message: str
    """What was wrong, and what to do."""


def iso(instant: float | None) -> str | None:
    """Return epoch seconds as ISO 8601 in UTC, in whole milliseconds that are never after the instant.

    A caller who sends it back as `since` finds what happened at it. `fromtimestamp` alone rounds microseconds up.
    """
    if instant is None:
        return None
    milliseconds = math.floor(instant * 1000)
    if milliseconds / 1000 > instant:  # The product was rounded up to the next whole one.
        milliseconds -= 1
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch(text: str) -> float:
    """ISO 8601 with an offset as epoch seconds. Raises ValueError."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("should be an instant in ISO 8601, such as 2026-01-31T12:00:00Z") from None
    if instant.tzinfo is None:
        raise ValueError("should have an offset from UTC, such as Z or -03:00")
    try:
        return instant.astimezone(UTC).timestamp()
    except OverflowError:
        raise ValueError("should be in the years 1 to 9999 in UTC") from None
