"""All steps, in order, and how they are played: one after the other, each to its verdict, whatever it meets."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

import httpx2 as httpx
import psutil

from gateway.checklist import configuration, deploy, functional, preconditions, recovery, verification
from gateway.checklist.findings import Need, Seen, StepFailed, Verdict, failed, skipped
from gateway.checklist.site import Site
from gateway.checklist.steps import Result, Step
from gateway.cli.remote import Refused, Unreachable

STEPS: tuple[Step, ...] = (
    *preconditions.STEPS,
    *deploy.STEPS,
    *functional.STEPS,
    *recovery.STEPS,
    *configuration.STEPS,
    *verification.STEPS,
)


def played(site: Site, accepted: Iterable[str] = ()) -> Iterator[tuple[Step, Result | None]]:
    """Each step twice: before it is played, without a result, and after. What fails in `accepted` steps is skipped."""
    for step in STEPS:
        step = replace(step, command=_command(step, site))
        yield step, None
        began, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
        seen = _look(step, site)
        if seen.verdict is Verdict.FAILED and step.id in accepted:
            seen = Seen(Verdict.SKIPPED, seen.text, {**seen.fields, "accepted": True})
        seconds = time.monotonic() - clock
        yield step, Result(step, step.command, seen, began.isoformat(timespec="milliseconds"), seconds)


def _look(step: Step, site: Site) -> Seen:
    for need in Need:  # in the order of the enumeration: what is most wrong is told first
        if need in step.needs and site.lacks(need):
            return skipped(need.value)
    try:
        return step.look(site)
    except StepFailed as told:
        return told.seen
    except Unreachable:
        return failed(Need.SERVICE.value)
    except (Refused, httpx.HTTPError, OSError, psutil.Error) as error:
        return failed("seen.error", why=str(error) or repr(error))


def _command(step: Step, site: Site) -> str:
    """With what its keeper is told; in capitals where nobody is known to keep it."""
    names = ("restart", "stop", "start", "tell")
    told = {name: name.upper() if site.hosting is None else " ".join(getattr(site.hosting, name)) for name in names}
    return step.command.format_map(told)
