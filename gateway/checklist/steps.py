"""A step of the checklist: its requirements, its action, and its finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.checklist.site import Site


class StepVerdict(StrEnum):
    """The result of a step."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Requirement(StrEnum):
    """A requirement of a step. If it is not met the step is skipped, and the requirement's text gives the reason."""

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
    """The finding of a step: a verdict, and a sentence of `texts` with its fields."""

    verdict: StepVerdict
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def passed(text: str, **fields: Any) -> Finding:
    """Return a finding of success."""
    return Finding(StepVerdict.PASSED, text, fields)


def failed(text: str, **fields: Any) -> Finding:
    """Return a finding of failure."""
    return Finding(StepVerdict.FAILED, text, fields)


def skipped(text: str, **fields: Any) -> Finding:
    """Return a finding of a step that did not run."""
    return Finding(StepVerdict.SKIPPED, text, fields)


def verdict(holds: bool, good: str, bad: str, **fields: Any) -> Finding:
    """Return one sentence or the other."""
    return passed(good, **fields) if holds else failed(bad, **fields)


class CheckFailed(Exception):
    """A step did not see the expected state. `seen` is the sentence."""

    def __init__(self, text: str, **fields: Any) -> None:
        super().__init__(text)
        self.seen = failed(text, **fields)


class ChecklistPhase(StrEnum):
    """The five phases, in order."""

    PRECONDITIONS = "preconditions"
    DEPLOY = "deploy"
    FUNCTIONAL = "functional"
    CONFIGURATION = "configuration"
    VERIFICATION = "verification"


@dataclass(frozen=True, slots=True)
class ChecklistStep:
    """A step. `id` names it in reports and for --accept, and its title in `texts`; `command` is its command.

    `look` may raise CheckFailed, Refused, Unreachable, OSError, psutil.Error and httpx2.HTTPError: all of them fail it.
    """

    id: str
    phase: ChecklistPhase
    command: str
    look: Callable[[Site], Finding]
    needs: frozenset[Requirement] = frozenset()


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of a step, its duration in seconds, and its beginning `began`, ISO 8601 in UTC."""

    step: ChecklistStep
    command: str
    seen: Finding
    began: str
    seconds: float
