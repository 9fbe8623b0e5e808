"""What a step is, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.checklist.findings import Need, Seen
from gateway.checklist.site import Site


class Phase(StrEnum):
    """The five, in order."""

    PRECONDITIONS = "preconditions"
    DEPLOY = "deploy"
    FUNCTIONAL = "functional"
    CONFIGURATION = "configuration"
    VERIFICATION = "verification"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `id` names it in reports and for --accept, and its title in `texts`; `command` is what is done.

    `look` may raise StepFailed, Refused, Unreachable, OSError, psutil.Error and httpx.HTTPError: all of them fail it.
    """

    id: str
    phase: Phase
    command: str
    look: Callable[[Site], Seen]
    needs: frozenset[Need] = frozenset()


@dataclass(frozen=True, slots=True)
class Result:
    """A step that has been played. `seconds` it took; `began` is an instant, ISO 8601 in UTC."""

    step: Step
    command: str
    seen: Seen
    began: str
    seconds: float
