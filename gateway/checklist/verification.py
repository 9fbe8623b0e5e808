"""Phase 5: what is there now that all is done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

from gateway.checklist.deploy import health_after, missing
from gateway.checklist.findings import Need, Seen, StepFailed, passed, verdict
from gateway.checklist.steps import Phase, Step

if TYPE_CHECKING:
    from gateway.checklist.site import Site

CALLS, SLOW = 20, 0.25
KNOWN = frozenset({Need.SERVICE, Need.KEY})
SETTINGS = frozenset({Need.LOCAL, Need.SETTINGS})


def clients(site: Site) -> Seen:
    """That no client is worse off than before the checklist; those that still resume get the time for it."""
    tests = set(site.wanted.clients)
    try:
        left = site.until(lambda: missing(site) - tests, lambda lost: not lost, "READY")
    except StepFailed:
        left = missing(site) - tests
    ready = len(site.memory.ready_before)
    return verdict(not left, "seen.clients", "seen.clients_lost", ready=ready, lost=", ".join(map(str, sorted(left))))


def orphans(site: Site) -> Seen:
    """That each Chromium on our profiles is the service's child."""
    process = site.process()
    assert process is not None
    found = site.chromiums()
    below = {child.pid for child in process.children(recursive=True)}
    nobodys = {pid for pid in found - below if psutil.pid_exists(pid)}  # and has not just ended
    return verdict(not nobodys, "seen.no_orphans", "seen.orphans", count=len(found), orphans=len(nobodys))


def speed(site: Site) -> Seen:
    """How long GET /health takes, the slowest but one of twenty."""
    times = []
    for _ in range(CALLS):
        began = time.monotonic()
        site.service.get("/health")
        times.append(time.monotonic() - began)
    late = sorted(times)[-2]
    return verdict(late < SLOW, "seen.speed", "seen.slow", ms=f"{late * 1000:.1f}", most=f"{SLOW * 1000:.0f}")


def weight(site: Site) -> Seen:
    """What the service and its Chromiums hold, for the report."""
    process = site.process()
    assert process is not None
    own = _pss(process)
    children = process.children(recursive=True)
    below = sum(_pss(child) for child in children)
    return passed("seen.weight", own=f"{own:.0f}", chromium=f"{below:.0f}", processes=len(children))


def _pss(process: psutil.Process) -> float:
    """MiB; 0 for one that has just ended."""
    try:
        return float(process.memory_full_info().pss) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


STEPS = (
    Step("health", Phase.VERIFICATION, "GET /health", health_after),
    Step("clients", Phase.VERIFICATION, "GET /clients", clients, KNOWN),
    Step("orphans", Phase.VERIFICATION, "ps", orphans, SETTINGS),
    Step("speed", Phase.VERIFICATION, "GET /health × 20", speed, frozenset({Need.SERVICE})),
    Step("weight", Phase.VERIFICATION, "/proc/*/smaps_rollup", weight, SETTINGS),
)
