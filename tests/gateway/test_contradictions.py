"""Requests that contradict themselves are refused, and the same thing registered twice is one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from actors.clients.events import EVENTS
from actors.webhooks.definition import Format, unknown_type
from gateway.schemas.shape import iso
from tests.gateway.running import Running

GOOD = {"to": "5491122334455", "message": "Hello"}
HOOK = {"url": "https://consumer.invalid/hook", "events": ["message"]}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("contradictions") / "data") as service:
        service.http.headers["Connection"] = "close"  # a refusal ends some connections, and a new one is no leak
        service.ready(1)
        yield service


def at(seconds: float) -> str:
    return datetime.fromtimestamp(time.time() + seconds, UTC).isoformat()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"send_at": at(7200), "expires_at": at(3600)}, "The body should have expires_at after send_at"),
        ({"send_at": "2099-01-01T00:00:00Z", "expires_at": "2099-01-01T01:00:00+01:00"}, "The body should have"),
        ({"send_at": at(-3600)}, "send_at is in the past: leave it out to send now"),
        ({"expires_at": at(-3600)}, "expires_at is in the past: the message would never leave"),
    ],
)
def test_times_that_cannot_be_kept_are_refused(service: Running, body: dict[str, Any], message: str) -> None:
    answer = service.post("/messages", 1, {**GOOD, **body})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
    assert answer.json()["message"].startswith(message)


def test_a_repeated_request_is_known_after_its_time_too(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {**GOOD, "send_at": iso(time.time() - 50)}
    first = service.call("POST", "/messages", 1, json=wanted, headers={"Idempotency-Key": "late"})
    assert first.status_code == 202
    monkeypatch.setattr("gateway.service.outbox.CLOCKS_DIFFER", 0)
    assert service.post("/messages", 1, wanted).status_code == 400
    again = service.call("POST", "/messages", 1, json=wanted, headers={"Idempotency-Key": "late"})
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/chats/5491122334455/messages?since=200&until=100", None),
        ("GET", "/chats/5491122334455/messages?limit=0", None),
        ("GET", "/chats?limit=0", None),
        ("GET", "/messages?limit=0", None),
        ("GET", "/groups?limit=0", None),
        ("GET", "/events/next?consumer=a&limit=0", None),
        ("PUT", "/chats/5491122334455/mute", {"muted_until": 1}),
        ("PUT", "/chats/5491122334455/mute", {"muted_until": -2}),
        ("PUT", "/groups/120363025246125486@g.us/settings", {"disappearing": 5}),
        ("POST", "/messages", {"to": "5491122334455", "image": {"url": "https://a.example/", "data": "AAAA"}}),
        ("POST", "/messages", {"to": "5491122334455", "poll": {"name": "?", "options": ["a", "a"]}}),
        (
            "POST",
            "/messages",
            {
                "to": "5491122334455",
                "contacts": [{"name": "A", "vcard": "BEGIN:VCARD\nEND:VCARD", "phone": "5491122334455"}],
            },
        ),
    ],
)
def test_what_contradicts_itself_is_refused(service: Running, method: str, path: str, body: Any) -> None:
    answer = service.call(method, path, 1, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST"), answer.text


def test_every_type_of_event_is_known() -> None:
    for type in EVENTS:
        assert unknown_type(type) is None
    assert unknown_type("message.*") is None
    assert unknown_type("*") is None
    assert unknown_type("mesage") == "mesage is none: did you mean message?"
    assert unknown_type("session.status") is not None
    assert unknown_type("session.status", Format.WAHA) is None
    assert unknown_type("zzz.*", Format.WAHA) is not None


@pytest.mark.parametrize("path", ["/events?types=mesage", "/events/next?consumer=a&types=message,mesage"])
def test_a_reader_of_an_unknown_type_is_told_the_nearest(service: Running, path: str) -> None:
    answer = service.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
    assert answer.json()["message"] == "types should be types of events, and mesage is none: did you mean message?"


def test_a_webhook_of_an_unknown_type_is_refused(service: Running) -> None:
    answer = service.post("/webhooks", None, {**HOOK, "events": ["message", "mesage"]})
    assert answer.json()["message"] == ("events should list types of events, and mesage is none: did you mean message?")
    assert service.post("/webhooks", None, {**HOOK, "events": ["client.state"], "format": "waha"}).status_code == 400
    made = service.post("/webhooks", None, {**HOOK, "url": "https://consumer.invalid/types"}).json()["id"]
    assert service.call("PATCH", f"/webhooks/{made}", json={"events": ["nothing.*"]}).status_code == 400
    assert service.call("PATCH", f"/webhooks/{made}", json={"format": "waha"}).status_code == 200
    assert service.call("PATCH", f"/webhooks/{made}", json={"events": ["message.any"]}).status_code == 200
    assert service.call("PATCH", f"/webhooks/{made}", json={"format": "native"}).status_code == 400


def test_the_same_webhook_twice_is_one(service: Running) -> None:
    first = service.post("/webhooks", None, {**HOOK, "events": ["message", "message.ack"]})
    again = service.post("/webhooks", None, {**HOOK, "events": ["message.ack", "message", "message"]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["secret"] != first.json()["secret"]  # masked: only the first answer shows it
    other = service.post("/webhooks", None, {**HOOK, "events": ["message", "message.ack"], "retry_attempts": 3})
    assert (other.status_code, other.json()["code"]) == (409, "WEBHOOK_EXISTS")
    assert first.json()["id"] in other.json()["message"]
    assert len([hook for hook in service.get("/webhooks").json() if hook["url"] == HOOK["url"]]) == 1
    assert service.post("/webhooks", None, {**HOOK, "events": ["message"]}).status_code == 201  # other events


def test_a_text_is_as_long_as_whatsapp_takes_it(service: Running) -> None:
    for text, status in (("x" * 65_536, 200), ("x" * 65_537, 400), ("\U0001f600" * 32_768, 200), ("é" * 65_537, 400)):
        answer = service.post("/send", 1, {"to": "5491122334455", "message": text})
        assert answer.status_code == status
    assert answer.json() == {
        "error": True,
        "code": "INVALID_REQUEST",
        "message": "message should have at most 65536 characters, and has 65537, as WhatsApp counts them",
    }
    poll = {"name": "x" * 256, "options": ["a", "b"]}
    refused = service.post("/messages", 1, {"to": "5491122334455", "poll": poll})
    assert (refused.status_code, "at most 255 characters, and has 256" in refused.json()["message"]) == (400, True)
    image = {"data": "AAAA", "caption": "x" * 65_537}
    assert service.post("/messages", 1, {"to": "5491122334455", "image": image}).status_code == 400
    assert (
        service.call("PATCH", "/chats/5491122334455/messages/3EB0", 1, json={"text": "x" * 65_537}).status_code == 400
    )


def test_the_same_key_twice_is_refused(service: Running) -> None:
    wanted = {"name": "ops", "scopes": ["admin"]}
    first = service.post("/keys", None, wanted)
    service.http.headers["X-Api-Key"] = first.json()["key"]
    try:
        again = service.post("/keys", None, wanted)
        assert (first.status_code, again.status_code, again.json()["code"]) == (201, 409, "KEY_REFUSED")
        assert first.json()["id"] in again.json()["message"]
        assert service.post("/keys", None, {**wanted, "scopes": ["read"]}).status_code == 201
    finally:
        del service.http.headers["X-Api-Key"]
