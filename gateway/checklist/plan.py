"""All steps in order, and their execution: one after the other, each with a verdict."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

import httpx2
import psutil

from gateway.checklist import configuration, deploy, functional, preconditions
from gateway.checklist.site import Site
from gateway.checklist.steps import (
    CheckFailed,
    ChecklistStep,
    Finding,
    Requirement,
    StepResult,
    StepVerdict,
    failed,
    skipped,
)
from gateway.cli.address import Unreachable
from gateway.cli.remote import ServiceRefused

STEPS: tuple[ChecklistStep, ...] = (
    *preconditions.STEPS,
    *deploy.STEPS,
    *functional.STEPS,
    *configuration.STEPS,
    *deploy.VERIFICATION,
)


def played(site: Site, accepted: Iterable[str] = ()) -> Iterator[tuple[ChecklistStep, StepResult | None]]:
    """Yield each step twice: before it runs, without a result, and after.

    Failures of `accepted` steps count as skipped.
    """
    for step in STEPS:
        step = replace(step, command=_command(step, site))
        yield step, None
        began, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
        seen = _look(step, site)
        if seen.verdict is StepVerdict.FAILED and step.id in accepted:
            seen = Finding(StepVerdict.SKIPPED, seen.text, {**seen.fields, "accepted": True})
        seconds = time.monotonic() - clock
        yield step, StepResult(step, step.command, seen, began.isoformat(timespec="milliseconds"), seconds)


def _look(step: ChecklistStep, site: Site) -> Finding:
    for need in Requirement:  # in the order of the enumeration: the most important lack is reported first
        if need in step.needs and site.lacks(need):
            return skipped(need.value)
    try:
        return step.look(site)
    except CheckFailed as told:
        return told.seen
    except Unreachable:
        return failed(Requirement.SERVICE.value)
    except (ServiceRefused, httpx2.HTTPError, OSError, psutil.Error) as error:
        return failed("seen.error", why=str(error) or repr(error))


def _command(step: ChecklistStep, site: Site) -> str:
    """Return the command with the process manager's words; in capitals if none is known."""
    names = ("restart", "stop", "start", "show")
    told = {name: name.upper() if site.hosting is None else " ".join(getattr(site.hosting, name)) for name in names}
    return step.command.format_map(told)
