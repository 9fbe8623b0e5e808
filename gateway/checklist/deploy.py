"""Phase 2: the service before, the restart where one was asked for, the service afterwards."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gateway.checklist.findings import Need, Seen, StepFailed, failed, passed, skipped, verdict
from gateway.checklist.hosting import ordered
from gateway.checklist.steps import Phase, Step

if TYPE_CHECKING:
    from gateway.checklist.site import Site

KNOWN = frozenset({Need.SERVICE, Need.KEY})


def health_before(site: Site) -> Seen:
    """What runs, to compare with. A service that is down is none to be compared with, where a restart is to come."""
    if not site.answers():
        return skipped("need.service") if site.hosting else failed("need.service")
    if not site.known():
        return passed("seen.health_stranger", state=site.stranger.get("/health")["whatsapp_state"])
    clients = site.service.get("/clients")
    site.memory.ready_before = frozenset(client["id"] for client in clients if client["state"] == "READY")
    process = site.process()
    site.memory.pid_before = None if process is None else process.pid
    counts = Counter(str(client["state"]) for client in clients)
    return passed("seen.health", state=site.service.get("/health")["whatsapp_state"], counts=_said(counts))


def restart(site: Site) -> Seen:
    """Through whoever keeps the service."""
    assert site.hosting is not None
    ordered(site.hosting.restart)
    site.memory.restarted = True
    site.until(lambda: _is_another(site) and site.takes_work(), bool, "GET /clients")
    site.look_around()
    process = site.process()
    return passed("seen.restarted", before=site.memory.pid_before, after=None if process is None else process.pid)


def health_after(site: Site) -> Seen:
    """That it answers."""
    health = site.service.get("/health")
    return verdict(
        health["status"] == "ok",
        "seen.health",
        "seen.health_bad",
        state=health["whatsapp_state"],
        counts=_said(health.get("clients", {})),
    )


def resumed(site: Site) -> Seen:
    """That each client that was READY is READY again, without a QR."""
    if not site.memory.restarted:
        return skipped("seen.not_restarted")
    site.until(lambda: missing(site), lambda left: not left, "READY")
    return passed("seen.resumed", count=len(site.memory.ready_before))


def one_instance(site: Site) -> Seen:
    """That the data directory has the one owner that listens."""
    assert site.settings is not None
    process = site.process()
    owner = (site.settings.data_dir / "owner.pid").read_text("utf-8").strip()
    pid = "" if process is None else str(process.pid)
    return verdict(owner == pid, "seen.one_instance", "seen.other_owner", owner=owner, pid=pid)


def missing(site: Site) -> set[int]:
    """Clients that were READY before and are not now."""
    ready = {client["id"] for client in site.service.get("/clients") if client["state"] == "READY"}
    return set(site.memory.ready_before - ready)


def _is_another(site: Site) -> bool:
    process = site.process()
    return process is None or process.pid != site.memory.pid_before


def _said(counts: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{state} {number}" for state, number in counts.items()) or "0"


def stop_time(site: Site) -> Seen:
    """That its keeper waits for longer than a stop may take."""
    assert site.hosting is not None
    assert site.settings is not None
    _, seconds = site.hosting.facts(ordered(site.hosting.tell))
    if seconds is None:
        raise StepFailed("seen.keeper_says_nothing", command=" ".join(site.hosting.tell))
    least = site.settings.shutdown_timeout + 5
    return verdict(seconds > least, "seen.stop_time", "seen.stop_time_short", seconds=seconds, least=least)


STEPS = (
    Step("health-before", Phase.DEPLOY, "GET /health, GET /clients", health_before),
    Step("restart", Phase.DEPLOY, "{restart}", restart, frozenset({Need.HOSTING})),
    Step("health-after", Phase.DEPLOY, "GET /health", health_after),
    Step("resumed", Phase.DEPLOY, "GET /clients", resumed, KNOWN),
    Step("one-instance", Phase.DEPLOY, "cat owner.pid", one_instance, frozenset({Need.LOCAL, Need.SETTINGS})),
    Step("stop-time", Phase.DEPLOY, "{tell}", stop_time, frozenset({Need.HOSTING, Need.SETTINGS})),
)
