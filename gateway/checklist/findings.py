"""What a step needs, and what it can find. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What came of a step."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Need(StrEnum):
    """What a step cannot do without. Where it is missing the step is skipped, and the text of the need says why."""

    SERVICE = "need.service"
    KEY = "need.key"
    LOCAL = "need.local"
    SETTINGS = "need.settings"
    HOSTING = "need.hosting"
    CLIENT = "need.client"
    DESTRUCTIVE = "need.destructive"
    SANDBOX = "need.sandbox"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step found: a verdict, and a sentence of `texts` with its fields."""

    verdict: Verdict
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def passed(text: str, **fields: Any) -> Seen:
    """It is as it should be."""
    return Seen(Verdict.PASSED, text, fields)


def failed(text: str, **fields: Any) -> Seen:
    """It is not."""
    return Seen(Verdict.FAILED, text, fields)


def skipped(text: str, **fields: Any) -> Seen:
    """It was not looked at."""
    return Seen(Verdict.SKIPPED, text, fields)


def verdict(holds: bool, good: str, bad: str, **fields: Any) -> Seen:
    """One sentence or the other."""
    return passed(good, **fields) if holds else failed(bad, **fields)


class StepFailed(Exception):
    """A step did not see what it waited for. `seen` is the sentence."""

    def __init__(self, text: str, **fields: Any) -> None:
        super().__init__(text)
        self.seen = failed(text, **fields)
