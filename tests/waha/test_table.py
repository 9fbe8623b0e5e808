"""The table against the list of all calls of WAHA (calls_of_waha.txt: its OpenAPI document of 2026-10-03)."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from gateway.waha.calls import Missing, WahaCall
from gateway.waha.table import NATIVE, WAHA_CALLS
from tests.waha.consumer import Consumer

LISTED = {
    (method, path): int(tier)
    for tier, method, path in map(str.split, Path(__file__).with_name("calls_of_waha.txt").read_text().splitlines())
}
TABLE = {(call.method, call.path): call for call in WAHA_CALLS}
MISSING = [call for call in WAHA_CALLS if isinstance(call.work, Missing)]


def name(call: WahaCall) -> str:
    return f"{call.method} {call.path}"


def test_every_call_of_waha_is_there_with_its_tier() -> None:
    assert Counter(LISTED.values()) == {1: 67, 2: 64, 3: 61}
    native = {(method, path) for method, path in map(str.split, NATIVE)}
    assert LISTED.keys() - native == {key for key, call in TABLE.items() if call.tier}
    assert {key: call.tier for key, call in TABLE.items() if call.tier} == {
        key: tier for key, tier in LISTED.items() if key not in native
    }


def test_what_is_not_wanted_is_answered_501_and_says_so() -> None:
    assert {name(call) for call in WAHA_CALLS if call.tier == 3} <= {name(call) for call in MISSING}


def test_every_call_that_is_missing_says_what_is_not_supported(waha: Consumer) -> None:
    waha.call("POST", "/api/sessions", json={"name": "default", "start": False})
    for call in MISSING:
        path = re.sub(r"\{[^}]*\}", "default", call.path)
        body = waha.call(call.method, path, 501, json={} if call.method != "GET" else None)
        assert isinstance(call.work, Missing)
        assert body == {"message": call.work.sentence, "error": "Not Implemented", "statusCode": 501}


def test_a_path_that_waha_does_not_have_is_answered_as_waha_does(waha: Consumer) -> None:
    for method, path in (("GET", "/api/nothing"), ("PATCH", "/api/sessions"), ("GET", "/api/sendImage")):
        body = waha.call(method, path, 404)
        assert body == {"message": f"Cannot {method} {path}", "error": "Not Found", "statusCode": 404}


def test_a_method_that_a_path_does_not_have_is_answered_with_all_that_it_has(waha: Consumer) -> None:
    for path, methods in (
        ("/api/sessions/", "GET, HEAD, POST"),
        ("/api/default/groups/join", "DELETE, GET, HEAD, POST"),
        ("/ping", "GET, HEAD"),
    ):
        answer = waha.raw("PATCH", path)
        assert (answer.status_code, answer.headers["allow"]) == (404, methods)


def test_every_call_but_ping_needs_a_key(waha: Consumer) -> None:
    waha.service.http.headers.pop("X-Api-Key")
    for call in WAHA_CALLS:
        answer = waha.raw(call.method, re.sub(r"\{[^}]*\}", "default", call.path))
        if call.path == "/ping":
            assert (answer.status_code, answer.json()) == (200, {"message": "pong"})
        else:
            assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized", "statusCode": 401})
