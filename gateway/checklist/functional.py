"""Phase 3, the calls: safe ones for every service, and the life of a test client where that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx2 as httpx

from gateway.checklist.findings import Need, Seen, StepFailed, failed, passed, skipped, verdict
from gateway.checklist.steps import Phase, Step
from gateway.cli.remote import Refused

if TYPE_CHECKING:
    from gateway.checklist.site import Site

NOBODY = 2**31 - 1
"""A number that hardly any client has."""
FRIEND = "5491122334455"
"""A phone of the sandbox."""
RUNNING = ("READY", "QR_REQUIRED")
TEST_CLIENT = frozenset({Need.SERVICE, Need.KEY, Need.CLIENT, Need.DESTRUCTIVE})
ON_HOST = TEST_CLIENT | {Need.LOCAL, Need.SETTINGS}
IN_SANDBOX = TEST_CLIENT | {Need.SANDBOX}
HEADERS = ((None, "MISSING_HEADER"), ("abc", "INVALID_HEADER"), ("0", "INVALID_HEADER"))


def headers(site: Site) -> Seen:
    """The contract's refusals."""
    for value, wanted in HEADERS:
        answer = site.service.http.get("/status", headers={} if value is None else {"X-Cliente-Id": value})
        if answer.status_code != 400 or answer.json().get("code") != wanted:
            return failed("seen.headers_bad", value=value, wanted=wanted, seen=answer.status_code)
    return passed("seen.headers")


def unknown(site: Site) -> Seen:
    """That looking at a client nobody started starts nothing."""
    state = site.state(NOBODY)
    if any(client["id"] == NOBODY for client in site.service.get("/clients")):
        return skipped("seen.unknown_known", client=NOBODY)
    return verdict(state == "NOT_INITIALIZED", "seen.unknown", "seen.unknown_bad", client=NOBODY, state=state)


def each(look: Callable[[Site, int], Seen]) -> Callable[[Site], Seen]:
    """The step for every test client; the first that does not pass is told, else the last."""

    def look_at_each(site: Site) -> Seen:
        for client in site.wanted.clients:
            seen = look(site, client)
            if seen.verdict != "passed":
                return seen
        return seen

    return look_at_each


def double_init(site: Site, client: int) -> Seen:
    """Two POST /init together start one Chromium; a third one nothing."""
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
    """What POST /init did, or the code with which it was refused."""
    try:
        return str(site.service.post("/init", client)["action"])
    except Refused as refused:
        return refused.code


def pair(site: Site, client: int) -> Seen:
    """A virtual phone of the sandbox pairs by code."""
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


def send(site: Site, client: int) -> Seen:
    """A message that the other phone receives."""
    assert site.sandbox is not None
    before = len(_received(site))
    answer = site.service.post("/send", client, {"to": FRIEND, "message": f"session-manager checklist {client}"})
    site.until(lambda: len(_received(site)), lambda count: count > before, FRIEND, 20.0)
    return passed("seen.sent", client=client, id=answer["message_id"])


def _received(site: Site) -> list[object]:
    assert site.sandbox is not None
    try:
        found: list[object] = site.sandbox.get(f"/api/phones/{FRIEND}").raise_for_status().json()["received"]
    except httpx.HTTPStatusError as error:
        raise StepFailed("seen.error", why=str(error)) from error
    return found


STEPS = (
    Step("headers", Phase.FUNCTIONAL, "GET /status", headers, frozenset({Need.SERVICE, Need.KEY})),
    Step("unknown", Phase.FUNCTIONAL, "GET /status", unknown, frozenset({Need.SERVICE, Need.KEY})),
    Step("double-init", Phase.FUNCTIONAL, "POST /init × 3", each(double_init), ON_HOST),
    Step("pairing", Phase.FUNCTIONAL, "POST /pairing-code", each(pair), IN_SANDBOX),
    Step("send", Phase.FUNCTIONAL, "POST /send", each(send), IN_SANDBOX),
)
