"""What is asked for is done, or refused: names that a call does not have, in bodies and queries of every call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.api import CALLS
from gateway.calls import Call, file_fields, takes_body
from gateway.schemas.messages import SendRequest
from gateway.unknown_names import FOREIGN, TIME, nearest, plain
from tests.gateway.running import Running

GOOD = {"to": "5491122334455", "message": "Hello"}
OURS = [call for call in CALLS if call.described and not call.tolerant]
CONTRACT = [call for call in CALLS if call.described and call.tolerant]
V2_0 = {"/init", "/status", "/qr", "/qr-code", "/send", "/clients", "/logout", "/session/{clienteId}", "/health"}


@pytest.fixture(scope="module")
def unlocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("names") / "data") as service:
        service.http.headers["Connection"] = "close"  # a refusal ends some connections, and a new one is no leak
        yield service


def asked(service: Running, call: Call, query: str = "", **how: Any) -> tuple[int, str]:
    path = re.sub(r"\{[^}]*\}", "1", call.path.replace("{form}", "voice"))
    answer = service.call(call.method, path + query, 1, **how)
    return answer.status_code, answer.json().get("message", "") if answer.status_code >= 400 else ""


def has_body(call: Call) -> bool:
    return call.body is not None or takes_body(call) or call.takes_files


def named(call: Call) -> str:
    return f"{call.method} {call.path}"


def test_the_contracts_calls_and_the_pages_of_the_document_are_the_tolerant_ones() -> None:
    assert {call.path for call in CONTRACT} == V2_0 | {"/docs"}


@pytest.mark.parametrize("call", OURS, ids=named)
def test_an_unknown_name_is_refused(unlocked: Running, call: Call) -> None:
    status, message = asked(unlocked, call, "?zzz=1", json=dict(GOOD) if has_body(call) else None)
    assert (status, message.startswith("zzz is not a field of this call")) == (400, True), message
    if has_body(call):
        status, message = asked(unlocked, call, json={"zzz": 1})
        assert (status, message.startswith("zzz is not a field of this call")) == (400, True), message
    elif call.method != "GET":
        needed = "?consumer=a" if call.path == "/events/next/{receipt}" else ""
        assert asked(unlocked, call, needed, json={"zzz": 1}) == (400, "The call takes no body")


def test_a_call_without_a_body_takes_an_empty_one(unlocked: Running) -> None:
    for content in (b"{}", b" ", b""):
        assert unlocked.call("POST", "/stop", 1, content=content).status_code == 404


def test_the_contract_takes_unknown_names(tmp_path: Path) -> None:
    body = {**GOOD, "zzz": 1, "priorit": 1, "caption": None, "chatId": "+54 9 11 2233-4455", "text": "Hello"}
    with Running(tmp_path / "data", qr_wait=0.1) as service:
        service.ready(1)
        for call in CONTRACT:
            sent = {"json": body} if call.path == "/send" else {"json": {"zzz": 1}} if call.method != "GET" else {}
            status, message = asked(service, call, "?zzz=1", **sent)
            assert status in (200, 409), message


def test_the_contract_refuses_what_others_use_for_content_time_or_recipient(unlocked: Running) -> None:
    for name in FOREIGN:
        for path in ("/init", "/send"):
            good = {} if path == "/init" else GOOD
            if path == "/send" and name in SendRequest.model_fields:
                continue
            answer = unlocked.post(path, 1, {**good, name: "another"})
            assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST"), name
            assert answer.json()["message"].startswith(f"{name} is not a field of this call: ")
            assert unlocked.post(f"{path}?{name}=another", 1, good).status_code == 400, name


@pytest.mark.parametrize("name", ["sendAt", "scheduled_at", "SendAt", "send-at"])
def test_a_time_is_refused_however_it_is_spelt(unlocked: Running, name: str) -> None:
    assert FOREIGN[plain(name)][0] is TIME
    answer = unlocked.post("/send", 1, {**GOOD, name: "2099-01-01T00:00:00Z"})
    assert answer.json()["message"] == (
        f"{name} is not a field of this call: POST /send sends at once; POST /messages takes `send_at` and `expires_at`"
    )
    answer = unlocked.post("/messages", 1, {**GOOD, name: "2099-01-01T00:00:00Z"})
    assert answer.json()["message"] == f"{name} is not a field of this call: did you mean send_at?"


def test_a_body_for_another_client_is_refused(unlocked: Running) -> None:
    answer = unlocked.post("/init", 1, {"cliente_id": 2})
    assert answer.json()["message"] == "cliente_id differs from the client that the call is about"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/pairing-code", {"phon": "x"}, "phon is not a field of this call: did you mean phone?"),
        (
            "/messages",
            {"to": "5491122334455", "image": {"url": "https://a.example/", "captoin": "x"}},
            "image.captoin is not a field of this call: did you mean image.caption?",
        ),
        (
            "/messages",
            {"to": "5491122334455", "contacts": [{"name": "A", "phon": "x"}]},
            "contacts.0.phon is not a field of this call: did you mean contacts.0.phone?",
        ),
        (
            "/messages",
            {**GOOD, "link_preview": {"url": "https://a.example/", "titel": "x"}},
            "link_preview.titel is not a field of this call: did you mean link_preview.title?",
        ),
        (
            "/keys",
            {"name": "a", "scopes": ["read"], "client": [1]},
            "client is not a field of this call: did you mean c",
        ),
        ("/webhooks", {"urls": "x"}, "urls is not a field of this call: did you mean url?"),
    ],
)
def test_the_nearest_name_is_named_at_every_level(
    unlocked: Running, path: str, body: dict[str, Any], message: str
) -> None:
    assert unlocked.post(path, 1, body).json()["message"].startswith(message)


def test_a_field_that_the_path_has_is_not_one_of_the_body(unlocked: Running) -> None:
    answer = unlocked.call("PUT", "/chats/5491122334455/archive", 1, json={"chat": "5491100000000", "archived": True})
    assert answer.json()["message"] == "chat is not a field of this call, which has archived"


def test_a_query_names_the_nearest(unlocked: Running) -> None:
    assert (
        unlocked.get("/messages?limt=1", 1).json()["message"] == "limt is not a field of this call: did you mean limit?"
    )
    assert (
        unlocked.get("/chats?ofset=1", 1).json()["message"] == "ofset is not a field of this call: did you mean offset?"
    )


def test_every_argument_of_an_operation_is_known_by_its_own_name() -> None:
    for call in OURS:
        for name in call.arguments:
            assert nearest(name, call.arguments) == name
    assert any(file_fields(call.operation) for call in OURS if call.operation)


def test_an_unknown_name_inside_a_known_field_of_the_contract_is_refused(unlocked: Running) -> None:
    preview = {"url": "https://a.example/", "title": "A", "titel": "B"}
    answer = unlocked.post("/send", 1, {**GOOD, "link_preview": preview})
    assert answer.json()["message"] == (
        "link_preview.titel is not a field of this call: did you mean link_preview.title?"
    )
