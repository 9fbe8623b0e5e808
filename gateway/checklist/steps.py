"""A step of the checklist: what it needs, what it does, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.checklist.site import Site


class StepVerdict(StrEnum):
    """What came of a step."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Requirement(StrEnum):
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
class Finding:
    """What a step found: a verdict, and a sentence of `texts` with its fields."""

    verdict: StepVerdict
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def passed(text: str, **fields: Any) -> Finding:
    """It is as it should be."""
    return Finding(StepVerdict.PASSED, text, fields)


def failed(text: str, **fields: Any) -> Finding:
    """It is not."""
    return Finding(StepVerdict.FAILED, text, fields)


def skipped(text: str, **fields: Any) -> Finding:
    """It was not looked at."""
    return Finding(StepVerdict.SKIPPED, text, fields)


def verdict(holds: bool, good: str, bad: str, **fields: Any) -> Finding:
    """One sentence or the other."""
    return passed(good, **fields) if holds else failed(bad, **fields)


class CheckFailed(Exception):
    """A step did not see what it waited for. `seen` is the sentence."""

    def __init__(self, text: str, **fields: Any) -> None:
        super().__init__(text)
        self.seen = failed(text, **fields)


class ChecklistPhase(StrEnum):
    """The five, in order."""

    PRECONDITIONS = "preconditions"
    DEPLOY = "deploy"
    FUNCTIONAL = "functional"
    CONFIGURATION = "configuration"
    VERIFICATION = "verification"


@dataclass(frozen=True, slots=True)
class ChecklistStep:
    """One step. `id` names it in reports and for --accept, and its title in `texts`; `command` is what is done.

    `look` may raise CheckFailed, Refused, Unreachable, OSError, psutil.Error and httpx.HTTPError: all of them fail it.
    """

    id: str
    phase: ChecklistPhase
    command: str
    look: Callable[[Site], Finding]
    needs: frozenset[Requirement] = frozenset()


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step that has been played. `seconds` it took; `began` is an instant, ISO 8601 in UTC."""

    step: ChecklistStep
    command: str
    seen: Finding
    began: str
    seconds: float
