"""The table of calls: what follows from a row is so for every row, and a second table is a second face."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import httpx2 as httpx
import pytest

from actors.browser.fake import FakeBrowser
from actors.clients.operations.contacts import CheckContact
from actors.clients.operations.messages import SendLocation
from actors.clients.types import ClientId
from actors.system import System
from gateway.api import CALLS
from gateway.app import application, gateway_of
from gateway.calls import Call, get, post
from gateway.openapi.document import document
from gateway.routes import clients, messages
from gateway.schemas.messages import SendRequest
from gateway.security.auth import RateClass, Scope, Whose
from gateway.security.needs import in_path
from tests.gateway.running import Running, chosen, linked

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
PATHS: dict[str, set[str]] = defaultdict(set)
for row in CALLS:
    PATHS[row.path].add(row.method)
ELSEWHERE = {
    "/webhooks/{id}/dead-letters/replay": {"DELETE"},
    **{f"/status/{kind}": {"DELETE"} for kind in ("text", "image", "video")},
}
"""Methods of another template that the same path matches: `replay` may be a dead letter's id, `text` a status's."""
ABOUT_A_CLIENT = [call for call in CALLS if call.need.whose is Whose.CLIENT]
WITH_BODY = [call for call in CALLS if call.body is not None]
WITH_QUERY = [call for call in CALLS if call.query is not None]
SHAPED_OTHERWISE = {"/qr-code"}
"""Calls whose errors have a shape of their own in the contract."""


def name(call: Call) -> str:
    return f"{call.method} {call.path}"


def target(call: Call) -> str:
    return re.sub(r"\{[^}]*\}", "7", call.path)


@pytest.mark.parametrize("path", PATHS)
def test_a_method_that_a_path_does_not_have_is_answered_with_all_that_it_has(unlocked: Running, path: str) -> None:
    there = PATHS[path] | ({"HEAD"} if "GET" in PATHS[path] else set())
    for method in METHODS - there - ELSEWHERE.get(path, set()):
        answer = unlocked.call(method, re.sub(r"\{[^}]*\}", "7", path))
        assert answer.status_code == 405
        assert answer.json()["code"] == "METHOD_NOT_ALLOWED"
        assert set(answer.headers["allow"].split(", ")) == there | ELSEWHERE.get(path, set())


@pytest.mark.parametrize("call", ABOUT_A_CLIENT, ids=name)
def test_a_call_about_a_client_needs_its_number(unlocked: Running, call: Call) -> None:
    for header, code in ((None, "MISSING_HEADER"), ("abc", "INVALID_HEADER"), ("0", "INVALID_HEADER")):
        answer = unlocked.call(call.method, target(call), header, content=b"{")
        assert answer.status_code == 400
        assert answer.json()["error" if call.path in SHAPED_OTHERWISE else "code"] == code


@pytest.mark.parametrize("call", WITH_BODY, ids=name)
def test_a_body_that_is_no_json_object_is_refused(unlocked: Running, call: Call) -> None:
    for body, why in ((b"{", "The body is not JSON"), (b"[]", "The body is not a JSON object")):
        answer = unlocked.call(call.method, target(call), 7, content=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
        assert answer.json()["message"].startswith(why)


@pytest.mark.parametrize("call", WITH_QUERY, ids=name)
def test_a_query_that_has_a_name_twice_is_refused(unlocked: Running, call: Call) -> None:
    answer = unlocked.call(call.method, f"{target(call)}?limit=1&limit=1", 7)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


def test_what_sends_counts_as_a_message_and_what_starts_as_a_start() -> None:
    counted = {name(call): call.need.rate for call in CALLS if call.need.rate is not RateClass.CALL}
    assert counted == {
        "POST /init": RateClass.START,
        "POST /send": RateClass.SEND,
        "POST /messages": RateClass.SEND,
        "POST /status/text": RateClass.SEND,
        "POST /status/image": RateClass.SEND,
        "POST /status/video": RateClass.SEND,
    }


NUMBER = "5491122334455"
SECOND_FACE = (
    get("/api/{session}/status", clients.status, in_path(Scope.READ, "session")),
    get("/api/{session}/contacts/{number}", CheckContact, in_path(Scope.READ, "session")),
    get("/api/{session}/contact", CheckContact, in_path(Scope.READ, "session")),
    post("/api/{session}/contact", CheckContact, in_path(Scope.READ, "session")),
    post("/api/{session}/contacts/me", CheckContact, in_path(Scope.READ, "session"), const={"number": NUMBER}),
    post("/api/{session}/sendLocation", SendLocation, in_path(Scope.SEND, "session")),
    post("/api/{session}/sendText", messages.send, in_path(Scope.SEND, "session"), body=SendRequest),
)


def test_an_operation_is_a_call_by_its_row_alone(service: Running) -> None:
    service.ready(1)
    answer = service.get(f"/contacts/{NUMBER}", 1)
    assert (answer.status_code, answer.json()) == (200, asdict(CheckContact.example))
    assert service.browser.page(ClientId(1)).ordered("CheckContact")
    assert service.get(f"/contacts/{NUMBER}", 2).json()["code"] == "SESSION_NOT_READY"
    for path in ("/contacts/abc", "/contacts/1234567890123456", f"/contacts/{NUMBER}?number=1"):
        answer = service.get(path, 1)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST"), path


def test_fields_come_from_the_path_the_query_the_body_or_the_row(tmp_path: Path) -> None:
    described = document(SECOND_FACE, "0")["paths"]
    query = described["/api/{session}/contact"]["get"]["parameters"]
    assert [(one["in"], one["name"], one["required"]) for one in query] == [
        ("path", "session", True),
        ("query", "number", True),
    ]
    body = described["/api/{session}/contact"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (list(body["properties"]), body["required"]) == (["number"], ["number"])
    assert "requestBody" not in described["/api/{session}/contacts/me"]["post"]

    browser, me = FakeBrowser(), ClientId(7)
    with System(chosen(tmp_path), browser) as system:
        linked(system, browser, me)
        asyncio.run(ask_for_a_contact(system, tmp_path))


async def ask_for_a_contact(system: System, directory: Path) -> None:
    app = application(gateway_of(system, chosen(directory)), SECOND_FACE)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as face:
        for answer in (
            await face.get(f"/api/7/contacts/{NUMBER}"),
            await face.get("/api/7/contact", params={"number": NUMBER}),
            await face.post("/api/7/contact", json={"number": NUMBER}),
            await face.post("/api/7/contacts/me"),
        ):
            assert (answer.status_code, answer.json()) == (200, asdict(CheckContact.example))
        place = {"chat": NUMBER, "latitude": -34.6, "longitude": -58.4}
        sent = await face.post("/api/7/sendLocation", json=place, headers={"Idempotency-Key": "once"})
        assert (sent.status_code, sent.json()["state"]) == (200, "sent"), sent.text
        again = await face.post("/api/7/sendLocation", json=place, headers={"Idempotency-Key": "once"})
        assert (again.json(), again.headers["idempotent-replayed"]) == (sent.json(), "true")
        for wrong in ({"number": 5491122334455}, {}, {"number": "x"}):
            answer = await face.post("/api/7/contact", json=wrong)
            assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST"), wrong
        assert (await face.get("/api/7/contact?number=1&more=1")).json()["code"] == "INVALID_REQUEST"


def test_a_second_face_is_a_second_table_over_the_same_handlers(tmp_path: Path) -> None:
    async def play(system: System) -> None:
        app = application(gateway_of(system, chosen(tmp_path)), SECOND_FACE)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as face:
            status = await face.get("/api/7/status")
            assert (status.status_code, status.json()["cliente_id"]) == (200, 7)
            sent = await face.post("/api/7/sendText", json={"to": "5491122334455", "message": "Hello"})
            assert (sent.status_code, sent.json()["code"]) == (409, "SESSION_NOT_READY")
            assert (await face.get("/api/x/status")).json()["code"] == "CLIENT_NOT_FOUND"
            assert (await face.get("/status", headers={"X-Cliente-Id": "7"})).status_code == 404

    with System(chosen(tmp_path), FakeBrowser()) as system:
        asyncio.run(play(system))
