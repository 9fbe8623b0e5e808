"""Phase 2, the deploy: the service before, the restart if requested, the service afterwards.

Phase 5, the verification: the state after all steps.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import psutil

from gateway.checklist.hosting import ordered
from gateway.checklist.steps import (
    CheckFailed,
    ChecklistPhase,
    ChecklistStep,
    Finding,
    Requirement,
    failed,
    passed,
    skipped,
    verdict,
)

if TYPE_CHECKING:
    from gateway.checklist.site import Site


KNOWN = frozenset({Requirement.SERVICE, Requirement.KEY})


def health_before(site: Site) -> Finding:
    """Record what runs, for a comparison. A service that is down cannot be compared with, if a restart is to come."""
    if not site.answers():
        return skipped("need.service") if site.hosting else failed("need.service")
    if not site.known():
        site.stranger.get("/health")
        return passed("seen.health_stranger")
    clients = site.service.get("/clients")
    site.memory.ready_before = frozenset(client["id"] for client in clients if client["state"] == "READY")
    process = site.process()
    site.memory.pid_before = None if process is None else process.pid
    counts = Counter(str(client["state"]) for client in clients)
    return passed("seen.health", state=site.service.get("/health")["whatsapp_state"], counts=_said(counts))


def restart(site: Site) -> Finding:
    """Restart through the process manager."""
    assert site.hosting is not None
    ordered(site.hosting.restart)
    site.memory.restarted = True
    site.until(lambda: _is_another(site) and site.takes_work(), bool, "GET /clients")
    site.look_around()
    process = site.process()
    return passed("seen.restarted", before=site.memory.pid_before, after=None if process is None else process.pid)


def health_after(site: Site) -> Finding:
    """Check that it answers."""
    health = site.service.get("/health")
    return verdict(
        health["status"] == "ok",
        "seen.health",
        "seen.health_bad",
        state=health["whatsapp_state"],
        counts=_said(health.get("clients", {})),
    )


def resumed(site: Site) -> Finding:
    """Check that each client that was READY is READY again, without a QR."""
    if not site.memory.restarted:
        return skipped("seen.not_restarted")
    site.until(lambda: missing(site), lambda left: not left, "READY")
    return passed("seen.resumed", count=len(site.memory.ready_before))


def one_instance(site: Site) -> Finding:
    """Check that the data directory belongs to the process that listens."""
    assert site.settings is not None
    process = site.process()
    owner = (site.settings.data_dir / "owner.pid").read_text("utf-8").strip()
    pid = "" if process is None else str(process.pid)
    return verdict(owner == pid, "seen.one_instance", "seen.other_owner", owner=owner, pid=pid)


def missing(site: Site) -> set[int]:
    """Return the clients that were READY before and are not now."""
    ready = {client["id"] for client in site.service.get("/clients") if client["state"] == "READY"}
    return set(site.memory.ready_before - ready)


def _is_another(site: Site) -> bool:
    process = site.process()
    return process is None or process.pid != site.memory.pid_before


def _said(counts: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{state} {number}" for state, number in counts.items()) or "0"


def stop_time(site: Site) -> Finding:
    """Check that the process manager waits for longer than a stop may take."""
    assert site.hosting is not None
    assert site.settings is not None
    _, seconds = site.hosting.facts(ordered(site.hosting.show))
    if seconds is None:
        raise CheckFailed("seen.keeper_says_nothing", command=" ".join(site.hosting.show))
    least = site.settings.shutdown_timeout + 5
    return verdict(seconds > least, "seen.stop_time", "seen.stop_time_short", seconds=seconds, least=least)


CALLS, SLOW = 20, 0.25
SETTINGS = frozenset({Requirement.LOCAL, Requirement.SETTINGS})


def clients(site: Site) -> Finding:
    """Check that no client is worse off than before the checklist; those that still resume get the time for it."""
    tests = set(site.wanted.clients)
    try:
        left = site.until(lambda: missing(site) - tests, lambda lost: not lost, "READY")
    except CheckFailed:
        left = missing(site) - tests
    ready = len(site.memory.ready_before)
    return verdict(not left, "seen.clients", "seen.clients_lost", ready=ready, lost=", ".join(map(str, sorted(left))))


def orphans(site: Site) -> Finding:
    """Check that each Chromium on the service's profiles is the service's child."""
    process = site.process()
    assert process is not None
    found = site.chromiums()
    below = {child.pid for child in process.children(recursive=True)}
    nobodys = {pid for pid in found - below if psutil.pid_exists(pid)}  # and has not just ended
    return verdict(not nobodys, "seen.no_orphans", "seen.orphans", count=len(found), orphans=len(nobodys))


def speed(site: Site) -> Finding:
    """Measure GET /health: the second-slowest of twenty calls."""
    times = []
    for _ in range(CALLS):
        began = time.monotonic()
        site.service.get("/health")
        times.append(time.monotonic() - began)
    late = sorted(times)[-2]
    return verdict(late < SLOW, "seen.speed", "seen.slow", ms=f"{late * 1000:.1f}", most=f"{SLOW * 1000:.0f}")


def weight(site: Site) -> Finding:
    """Report the memory of the service and its Chromiums."""
    process = site.process()
    assert process is not None
    own = _pss(process)
    children = process.children(recursive=True)
    below = sum(_pss(child) for child in children)
    return passed("seen.weight", own=f"{own:.0f}", chromium=f"{below:.0f}", processes=len(children))


def _pss(process: psutil.Process) -> float:
    """Return the PSS in MiB; 0 for a process that has just ended."""
    try:
        return float(process.memory_full_info().pss) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


STEPS = (
    ChecklistStep("health-before", ChecklistPhase.DEPLOY, "GET /health, GET /clients", health_before),
    ChecklistStep("restart", ChecklistPhase.DEPLOY, "{restart}", restart, frozenset({Requirement.HOSTING})),
    ChecklistStep("health-after", ChecklistPhase.DEPLOY, "GET /health", health_after),
    ChecklistStep("resumed", ChecklistPhase.DEPLOY, "GET /clients", resumed, KNOWN),
    ChecklistStep(
        "one-instance",
        ChecklistPhase.DEPLOY,
        "cat owner.pid",
        one_instance,
        frozenset({Requirement.LOCAL, Requirement.SETTINGS}),
    ),
    ChecklistStep(
        "stop-time", ChecklistPhase.DEPLOY, "{show}", stop_time, frozenset({Requirement.HOSTING, Requirement.SETTINGS})
    ),
)
VERIFICATION = (
    ChecklistStep("health", ChecklistPhase.VERIFICATION, "GET /health", health_after),
    ChecklistStep("clients", ChecklistPhase.VERIFICATION, "GET /clients", clients, KNOWN),
    ChecklistStep("orphans", ChecklistPhase.VERIFICATION, "ps", orphans, SETTINGS),
    ChecklistStep("speed", ChecklistPhase.VERIFICATION, "GET /health × 20", speed, frozenset({Requirement.SERVICE})),
    ChecklistStep("weight", ChecklistPhase.VERIFICATION, "/proc/*/smaps_rollup", weight, SETTINGS),
)
