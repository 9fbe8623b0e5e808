"""Phase 3, what goes wrong: Chromium killed, the service stopped, the phone logged out. Test clients only."""

from __future__ import annotations

import datetime
import os
import signal
from typing import TYPE_CHECKING

from gateway.checklist.findings import Need, Seen, failed, passed, skipped, verdict
from gateway.checklist.functional import IN_SANDBOX, ON_HOST, RUNNING, TEST_CLIENT, each
from gateway.checklist.hosting import ordered
from gateway.checklist.steps import Phase, Step

if TYPE_CHECKING:
    from gateway.checklist.site import Site

HOSTED = frozenset({Need.SERVICE, Need.KEY, Need.LOCAL, Need.SETTINGS, Need.HOSTING, Need.DESTRUCTIVE})
SETTLED = 10.0
"""Seconds after which Chromium has surely written a login to disk: one killed sooner may lose it, as in a power cut."""
CLEANUP_SLACK = 20.0
"""Seconds that destroying a client may take once its time has come."""


def killed(site: Site, client: int) -> Seen:
    """SIGKILL for the client's Chromium: the supervisor gives it another, and the client is where it was."""
    before, state = site.chromiums(client), site.state(client)
    if state not in RUNNING or len(before) != 1:
        return failed("seen.not_running", client=client, state=state, browsers=len(before))
    (pid,) = before
    site.until(lambda: _age(site, client), lambda age: age >= SETTLED, f"{SETTLED:g} s {state}")
    os.kill(pid, signal.SIGKILL)
    site.until(lambda: site.chromiums(client), lambda now: bool(now) and pid not in now, "Chromium")
    again = site.reaches(client, state)
    return passed("seen.recovered", client=client, killed=pid, state=again)


def _age(site: Site, client: int) -> float:
    """Seconds since the client came into its state."""
    since = datetime.datetime.fromisoformat(site.service.get("/status", client)["since"])
    return (datetime.datetime.now(datetime.UTC) - since).total_seconds()


def graceful_stop(site: Site) -> Seen:
    """Stop, count, start: no Chromium may be left, and the exit code must be 0."""
    assert site.hosting is not None
    before = len(site.chromiums())
    ordered(site.hosting.stop)
    try:
        left = site.until(site.chromiums, lambda found: not found, "Chromium", 5.0) if site.chromiums() else set()
        code, _ = site.hosting.facts(ordered(site.hosting.tell))
    finally:
        ordered(site.hosting.start)
    site.until(site.takes_work, bool, "GET /clients")
    site.look_around()
    good = code == 0 and not left
    return verdict(good, "seen.stopped", "seen.stopped_badly", before=before, after=len(left), code=code)


def cleanup(site: Site, client: int) -> Seen:
    """The phone logs out: readable for a while, then client, Chromium and stored login are gone."""
    assert site.settings is not None
    site.reaches(client, "READY")
    site.play(f"/accounts/{site.memory.phones[client]}/logout")
    site.reaches(client, "DISCONNECTED_LOGOUT", "NOT_INITIALIZED")
    delay = site.settings.cleanup_delay
    site.reaches(client, "NOT_INITIALIZED", seconds=delay + CLEANUP_SLACK)
    browsers = len(site.chromiums(client))
    stored = (site.settings.data_dir / "profiles" / str(client)).exists()
    good = browsers == 0 and not stored
    return verdict(good, "seen.cleaned", "seen.cleaned_badly", client=client, delay=f"{delay:g}", browsers=browsers)


def put_back(site: Site) -> Seen:
    """Test clients that did not run before are stopped again; what is stored of them stays."""
    stopped = [client for client in sorted(site.memory.absent_before) if site.state(client) != "NOT_INITIALIZED"]
    for client in stopped:
        site.service.post("/stop", client)
        site.reaches(client, "NOT_INITIALIZED")
    if not stopped:
        return skipped("seen.nothing_to_put_back")
    return passed("seen.put_back", clients=", ".join(map(str, stopped)))


STEPS = (
    Step("chromium-killed", Phase.FUNCTIONAL, "kill -KILL CHROMIUM", each(killed), ON_HOST),
    Step("graceful-stop", Phase.FUNCTIONAL, "{stop}; {start}", graceful_stop, HOSTED),
    Step("cleanup", Phase.FUNCTIONAL, "POST SANDBOX/api/accounts/N/logout", each(cleanup), IN_SANDBOX | ON_HOST),
    Step("put-back", Phase.FUNCTIONAL, "POST /stop", put_back, TEST_CLIENT),
)
