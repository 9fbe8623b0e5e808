"""Phase 3: the calls. Safe calls for every service; for test clients their whole life and its faults.

Chromium is killed, the service is stopped, the phone is logged out.
"""

from __future__ import annotations

import datetime
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx2

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
from gateway.cli.remote import ServiceRefused

if TYPE_CHECKING:
    from gateway.checklist.site import Site


NOBODY = 2**31 - 1
"""A client number that is almost certainly unused."""
FRIEND = "5491122334455"
"""A phone of the sandbox."""
RUNNING = ("READY", "QR_REQUIRED")
TEST_CLIENT = frozenset({Requirement.SERVICE, Requirement.KEY, Requirement.CLIENT, Requirement.DESTRUCTIVE})
ON_HOST = TEST_CLIENT | {Requirement.LOCAL, Requirement.SETTINGS}
IN_SANDBOX = TEST_CLIENT | {Requirement.SANDBOX}
HEADERS = ((None, "MISSING_HEADER"), ("abc", "INVALID_HEADER"), ("0", "INVALID_HEADER"))


def headers(site: Site) -> Finding:
    """Check the contract's refusals."""
    for value, wanted in HEADERS:
        answer = site.service.http.get("/status", headers={} if value is None else {"X-Cliente-Id": value})
        if answer.status_code != 400 or answer.json().get("code") != wanted:
            return failed("seen.headers_bad", value=value, wanted=wanted, seen=answer.status_code)
    return passed("seen.headers")


def unknown(site: Site) -> Finding:
    """Check that reading the status of an unknown client starts nothing."""
    state = site.state(NOBODY)
    if any(client["id"] == NOBODY for client in site.service.get("/clients")):
        return skipped("seen.unknown_known", client=NOBODY)
    return verdict(state == "NOT_INITIALIZED", "seen.unknown", "seen.unknown_bad", client=NOBODY, state=state)


def each(look: Callable[[Site, int], Finding]) -> Callable[[Site], Finding]:
    """Run the step for every test client; return the first result that did not pass, else the last."""

    def look_at_each(site: Site) -> Finding:
        for client in site.wanted.clients:
            seen = look(site, client)
            if seen.verdict != "passed":
                return seen
        return seen

    return look_at_each


def double_init(site: Site, client: int) -> Finding:
    """Check that two POST /init together start one Chromium; a third starts nothing."""
    if site.state(client) == "NOT_INITIALIZED":
        site.memory.absent_before |= {client}
    with ThreadPoolExecutor(2) as callers:
        answers = list(callers.map(lambda _: _init(site, client), range(2)))
    if not set(answers) <= {"INITIALIZING", "NO_ACTION_NEEDED", "INITIALIZATION_IN_PROGRESS"}:
        return failed("seen.init_bad", client=client, answers=", ".join(answers))
    state = site.reaches(client, *RUNNING)
    third, browsers = _init(site, client), len(site.chromiums(client))
    return verdict(
        third == "NO_ACTION_NEEDED" and browsers == 1,
        "seen.init",
        "seen.init_twice",
        client=client,
        answers=", ".join([*answers, third]),
        browsers=browsers,
        state=state,
    )


def _init(site: Site, client: int) -> str:
    """Return the result of POST /init, or the code of its refusal."""
    try:
        return str(site.service.post("/init", client)["action"])
    except ServiceRefused as refused:
        return refused.code


def pair(site: Site, client: int) -> Finding:
    """Pair a virtual phone of the sandbox by code."""
    status = site.service.get("/status", client)
    if status["state"] != "READY":
        number = f"54911{client:08d}"[:15]
        code = site.service.post("/pairing-code", client, {"phone": number})["pairing_code"]
        site.play("/pair", code=code, number=number)
        site.reaches(client, "READY")
        status = site.service.get("/status", client)
    phone = str(status["phone"])
    site.memory.phones[client] = "".join(filter(str.isdigit, phone.split("@")[0]))
    return passed("seen.paired", client=client, phone=phone)


def send(site: Site, client: int) -> Finding:
    """Send a message that the other phone receives."""
    assert site.sandbox is not None
    before = len(_received(site))
    answer = site.service.post("/send", client, {"to": FRIEND, "message": f"session-manager checklist {client}"})
    site.until(lambda: len(_received(site)), lambda count: count > before, FRIEND, 20.0)
    return passed("seen.sent", client=client, id=answer["message_id"])


def _received(site: Site) -> list[object]:
    assert site.sandbox is not None
    try:
        found: list[object] = site.sandbox.get(f"/api/phones/{FRIEND}").raise_for_status().json()["received"]
    except httpx2.HTTPStatusError as error:
        raise CheckFailed("seen.error", why=str(error)) from error
    return found


HOSTED = frozenset(
    {
        Requirement.SERVICE,
        Requirement.KEY,
        Requirement.LOCAL,
        Requirement.SETTINGS,
        Requirement.HOSTING,
        Requirement.DESTRUCTIVE,
    }
)
SETTLED = 10.0
"""Seconds after which Chromium has surely written a login to disk: killed sooner, it may lose it, as in a power cut."""
CLEANUP_SLACK = 20.0
"""Seconds that destroying a client may take once its time has come."""


def killed(site: Site, client: int) -> Finding:
    """Kill the client's Chromium (SIGKILL): the supervisor replaces it, and the client returns to its state."""
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
    """Return the seconds since the client's last change of state."""
    since = datetime.datetime.fromisoformat(site.service.get("/status", client)["since"])
    return (datetime.datetime.now(datetime.UTC) - since).total_seconds()


def graceful_stop(site: Site) -> Finding:
    """Stop, count, start: no Chromium may be left, and the exit code must be 0."""
    assert site.hosting is not None
    before = len(site.chromiums())
    ordered(site.hosting.stop)
    try:
        left = site.until(site.chromiums, lambda found: not found, "Chromium", 5.0) if site.chromiums() else set()
        code, _ = site.hosting.facts(ordered(site.hosting.show))
    finally:
        ordered(site.hosting.start)
    site.until(site.takes_work, bool, "GET /clients")
    site.look_around()
    good = code == 0 and not left
    return verdict(good, "seen.stopped", "seen.stopped_badly", before=before, after=len(left), code=code)


def cleanup(site: Site, client: int) -> Finding:
    """Log out on the phone: readable for a while, then client, Chromium and stored login are gone."""
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


def put_back(site: Site) -> Finding:
    """Stop the test clients that did not run before; their stored data stays."""
    stopped = [client for client in sorted(site.memory.absent_before) if site.state(client) != "NOT_INITIALIZED"]
    for client in stopped:
        site.service.post("/stop", client)
        site.reaches(client, "NOT_INITIALIZED")
    if not stopped:
        return skipped("seen.nothing_to_put_back")
    return passed("seen.put_back", clients=", ".join(map(str, stopped)))


STEPS = (
    ChecklistStep(
        "headers", ChecklistPhase.FUNCTIONAL, "GET /status", headers, frozenset({Requirement.SERVICE, Requirement.KEY})
    ),
    ChecklistStep(
        "unknown", ChecklistPhase.FUNCTIONAL, "GET /status", unknown, frozenset({Requirement.SERVICE, Requirement.KEY})
    ),
    ChecklistStep("double-init", ChecklistPhase.FUNCTIONAL, "POST /init × 3", each(double_init), ON_HOST),
    ChecklistStep("pairing", ChecklistPhase.FUNCTIONAL, "POST /pairing-code", each(pair), IN_SANDBOX),
    ChecklistStep("send", ChecklistPhase.FUNCTIONAL, "POST /send", each(send), IN_SANDBOX),
    ChecklistStep("chromium-killed", ChecklistPhase.FUNCTIONAL, "kill -KILL CHROMIUM", each(killed), ON_HOST),
    ChecklistStep("graceful-stop", ChecklistPhase.FUNCTIONAL, "{stop}; {start}", graceful_stop, HOSTED),
    ChecklistStep(
        "cleanup", ChecklistPhase.FUNCTIONAL, "POST SANDBOX/api/accounts/N/logout", each(cleanup), IN_SANDBOX | ON_HOST
    ),
    ChecklistStep("put-back", ChecklistPhase.FUNCTIONAL, "POST /stop", put_back, TEST_CLIENT),
)
