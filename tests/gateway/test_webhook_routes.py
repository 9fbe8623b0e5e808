"""Webhooks over HTTP: made, changed, ended; delivered by the real sender to a real receiver; dead letters."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from actors.clients.types import ClientId
from tests.gateway.happening import happen
from tests.gateway.running import Running, until
from tests.webhooks.receiver import Receiver, Request, always, answer, choose

FIRST = "the-first-key-of-a-test"
SECRET = "a secret of the owner's"
PUBLIC = "https://93.184.216.34/hook"  # literal, so that no test asks a name server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    """One whose webhooks may reach this machine."""
    quick: dict[str, Any] = {"webhook_retry_delay": 0.05, "webhook_retry_growth": "constant", "webhook_attempts": 2}
    with Running(tmp_path / "data", webhook_allow_private=True, **quick) as running:
        yield running
    assert running.code == 0


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Running]:
    """One as it is by default, with keys."""
    with Running(tmp_path / "data", api_key=FIRST) as running:
        yield running


def make(service: Running, url: str = PUBLIC, **wishes: Any) -> dict[str, Any]:
    made = service.post("/webhooks", json={"url": url, **wishes})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    assert made.headers["location"] == f"/webhooks/{found['id']}"
    return found


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.json()["error"] is True
    return answer.status_code, answer.json()["code"]


def letters(service: Running, id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get(f"/webhooks/{id}/dead-letters").json()["dead_letters"]
    return found


# --- delivered --------------------------------------------------------------------------------------------------------


def test_a_client_that_becomes_ready_is_told_to_the_webhook_with_a_signature_that_holds(
    service: Running, receiver: Receiver
) -> None:
    made = make(service, receiver.url, events=["client.state"], headers={"Authorization": "Bearer of-the-owner"})
    secret = made["secret"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    service.ready(1)
    requests = receiver.wait(lambda told: any(r.event["payload"]["state"] == "READY" for r in told))
    for request in requests:
        signature = hmac.new(secret.encode(), request.body, "sha512").hexdigest()
        assert hmac.compare_digest(request.headers["x-webhook-hmac"], signature)
        assert request.headers["x-webhook-hmac-algorithm"] == "sha512"
        assert request.headers["authorization"] == "Bearer of-the-owner"
        assert request.headers["x-webhook-timestamp"].isdigit()
    assert [event["sequence"] for event in receiver.events()] == [1, 2, 3, 4]
    assert {event["type"] for event in receiver.events()} == {"client.state"}


def test_only_what_is_wanted_arrives(service: Running, receiver: Receiver) -> None:
    make(service, receiver.url, events=["message"], clients=[2])
    for client in (1, 2):
        service.ready(client)
        service.browser.receive(ClientId(client), "5491122334455", f"to {client}")
    (request,) = receiver.wait(1)
    assert (request.event["cliente_id"], request.event["payload"]["body"]) == (2, "to 2")


def test_deliveries_go_on_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    refusals = [answer(503)]  # and then nothing is answered: of what the first service sends, none is still to come
    receiver.behaviour = choose(lambda _: refusals.pop() if refusals else None)
    quick: dict[str, Any] = {
        "webhook_allow_private": True,
        "webhook_retry_delay": 0.1,
        "webhook_retry_growth": "constant",
    }
    with Running(tmp_path, **quick) as service:
        make(service, receiver.url, events=["message"])
        happen(service, 3)
        receiver.wait(2)
    receiver.behaviour = always(answer(200))
    with Running(tmp_path, **quick):
        requests = receiver.wait(5)
    assert [request.event["payload"]["number"] for request in requests] == [0, 0, 0, 1, 2]


def test_a_change_is_acted_on_at_once_and_a_webhook_that_is_ended_hears_no_more(
    service: Running, receiver: Receiver
) -> None:
    made = make(service, receiver.url, events=["message"], secret=SECRET)
    changed = service.call("PATCH", f"/webhooks/{made['id']}", json={"events": ["call"], "secret": None})
    assert (changed.json()["events"], changed.json()["secret"]) == (["call"], None)
    happen(service, 1)
    happen(service, 1, type="call")
    (request,) = receiver.wait(1)
    assert request.event["type"] == "call"
    assert "x-webhook-hmac" not in request.headers
    assert service.call("DELETE", f"/webhooks/{made['id']}").json()["success"] is True
    assert refusal(service.get(f"/webhooks/{made['id']}")) == (404, "WEBHOOK_NOT_FOUND")
    other = make(service, receiver.url, events=["call"])
    happen(service, 1, type="call", first=7)
    requests = receiver.wait(2)
    until(lambda: service.get(f"/webhooks/{other['id']}").json()["lines"][0]["delivered"], bool, "it is recorded")
    assert [request.event["payload"]["number"] for request in requests] == [0, 7]


def test_how_far_a_webhook_has_come_can_be_read(service: Running, receiver: Receiver) -> None:
    made = make(service, receiver.url)
    happen(service, 4)
    ask = lambda: service.get(f"/webhooks/{made['id']}").json()["lines"]  # noqa: E731 - asked again and again
    (line,) = until(ask, lambda lines: bool(lines) and lines[0]["delivered"] == 4, "all is delivered")
    assert (line["cliente_id"], line["sequence"], line["attempts"], line["why"]) == (1, 4, 0, None)


# --- dead letters -----------------------------------------------------------------------------------------------------


def test_what_was_given_up_is_listed_replayed_and_deleted(service: Running, receiver: Receiver) -> None:
    receiver.behaviour = always(answer(400))
    made = make(service, receiver.url, events=["message"])
    path = f"/webhooks/{made['id']}/dead-letters"
    happen(service, 4)
    found = until(lambda: letters(service, made["id"]), lambda letters: len(letters) == 4, "all are given up")
    assert [letter["event"]["payload"]["number"] for letter in found] == [0, 1, 2, 3]
    assert {(letter["status"], letter["why"]) for letter in found} == {(400, "The target answered 400")}
    first = service.get(f"{path}?limit=3").json()
    assert (len(first["dead_letters"]), first["next"]) == (3, found[2]["id"])
    assert len(service.get(f"{path}?after={first['next']}").json()["dead_letters"]) == 1
    assert service.get(f"{path}?client=2").json()["dead_letters"] == []

    receiver.behaviour = always(answer(200))
    one = service.post(f"{path}/{found[0]['id']}/replay")
    assert one.json() == {"success": True, "webhook_id": made["id"], "count": 1}
    until(lambda: letters(service, made["id"]), lambda letters: len(letters) == 3, "the first is gone")
    assert service.call("DELETE", f"{path}/{found[1]['id']}").json()["count"] == 1
    assert service.post(f"{path}/replay").json()["count"] == 2
    until(lambda: letters(service, made["id"]), lambda letters: letters == [], "none is left")
    arrived = [request.event["payload"]["number"] for request in receiver.requests[4:]]
    assert sorted(arrived) == [0, 2, 3]
    for gone in (found[0]["id"], 999, "x", "9" * 30):
        assert refusal(service.post(f"{path}/{gone}/replay")) == (404, "DEAD_LETTER_NOT_FOUND")


def test_all_dead_letters_can_be_deleted_together(service: Running, receiver: Receiver) -> None:
    receiver.behaviour = always(answer(404))
    made = make(service, receiver.url)
    happen(service, 3)
    until(lambda: letters(service, made["id"]), lambda letters: len(letters) == 3, "all are given up")
    assert service.call("DELETE", f"/webhooks/{made['id']}/dead-letters").json()["count"] == 3
    assert letters(service, made["id"]) == []


def test_a_replay_is_the_same_delivery_to_its_receiver(service: Running, receiver: Receiver) -> None:
    receiver.behaviour = always(answer(400))
    made = make(service, receiver.url, secret=SECRET)
    happen(service, 1)
    until(lambda: letters(service, made["id"]), bool, "it is given up")
    receiver.behaviour = always(answer(200))
    service.post(f"/webhooks/{made['id']}/dead-letters/replay")
    first, again = receiver.wait(2)
    same = lambda request: (request.id, request.body, request.headers["x-webhook-hmac"])  # noqa: E731
    assert _all(same, first, again)


def _all(same: Any, first: Request, again: Request) -> bool:
    return bool(same(first) == same(again))


# --- what may be said -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({}, "url"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "https://user:word@example.com"}, "url"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "http://[::1]/"}, "url"),
        ({"url": "http://localhost:8080/"}, "url"),
        ({"url": "http://10.1.2.3/"}, "url"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "url"),
        ({"url": PUBLIC, "events": []}, "events"),
        ({"url": PUBLIC, "events": ["a*"]}, "events"),
        ({"url": PUBLIC, "clients": [0]}, "clients"),
        ({"url": PUBLIC, "secret": "short"}, "secret"),
        ({"url": PUBLIC, "headers": {"X-Webhook-Hmac": "mine"}}, "headers"),
        ({"url": PUBLIC, "retry_attempts": 0}, "retry_attempts"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(strict: Running, wishes: dict[str, Any], field: str) -> None:
    refused = strict.post("/webhooks", json=wishes)
    assert refusal(refused) == (400, "INVALID_REQUEST")
    assert refused.json()["field"] == field
    assert refused.json()["message"].startswith(f"{field} should ")
    if "url" in wishes:
        made = make(strict)
        patched = strict.call("PATCH", f"/webhooks/{made['id']}", json=wishes)
        assert refusal(patched) == (400, "INVALID_REQUEST")


def test_a_body_that_is_no_object_is_refused(strict: Running) -> None:
    for body in (b"", b"[]", b"{", b"1"):
        assert refusal(strict.call("POST", "/webhooks", content=body)) == (400, "INVALID_REQUEST")


def test_secrets_are_never_shown_whole_but_one_that_was_drawn_once(strict: Running) -> None:
    given = make(strict, secret=SECRET, headers={"Authorization": "Bearer of-the-owner"})
    drawn = make(strict, f"{PUBLIC}/drawn")
    assert given["secret"] == "…" + SECRET[-2:]
    told = strict.get("/webhooks").text + strict.get(f"/webhooks/{given['id']}").text
    told += strict.get(f"/webhooks/{drawn['id']}").text
    told += strict.call("PATCH", f"/webhooks/{given['id']}", json={"active": False}).text
    for secret in (SECRET, "of-the-owner", drawn["secret"]):
        assert secret not in told
    assert make(strict, f"{PUBLIC}/none", secret=None)["secret"] is None


# --- who may ----------------------------------------------------------------------------------------------------------


def test_a_key_for_some_clients_manages_the_webhooks_of_those_clients_and_knows_of_no_others(strict: Running) -> None:
    body = {"name": "test", "scopes": ["admin"], "clients": [1, 2]}
    key = {"X-Api-Key": strict.post("/keys", json=body).json()["key"]}
    everybodys, others, shared = make(strict), make(strict, clients=[3]), make(strict, clients=[2, 3])

    refused = strict.call("POST", "/webhooks", json={"url": PUBLIC}, headers=key)
    assert refusal(refused) == (403, "FORBIDDEN")
    for clients in ([], [3], [1, 3]):
        refused = strict.call("POST", "/webhooks", json={"url": PUBLIC, "clients": clients}, headers=key)
        assert refusal(refused) == (403, "FORBIDDEN")
    mine = strict.call("POST", "/webhooks", json={"url": PUBLIC, "clients": [1]}, headers=key).json()
    assert [found["id"] for found in strict.call("GET", "/webhooks", headers=key).json()] == [mine["id"]]
    assert len(strict.get("/webhooks").json()) == 4

    path = f"/webhooks/{mine['id']}"
    assert strict.call("PATCH", path, json={"clients": [1, 2]}, headers=key).json()["clients"] == [1, 2]
    assert refusal(strict.call("PATCH", path, json={"clients": []}, headers=key)) == (403, "FORBIDDEN")
    assert refusal(strict.call("PATCH", path, json={"clients": [3]}, headers=key)) == (403, "FORBIDDEN")
    for other in (everybodys, others, shared):
        path = f"/webhooks/{other['id']}"
        for method, target in (
            ("GET", path),
            ("PATCH", path),
            ("DELETE", path),
            ("GET", f"{path}/dead-letters"),
            ("DELETE", f"{path}/dead-letters"),
            ("POST", f"{path}/dead-letters/replay"),
            ("POST", f"{path}/dead-letters/1/replay"),
        ):
            how = {"json": {"active": False}} if method == "PATCH" else {}
            assert refusal(strict.call(method, target, headers=key, **how)) == (404, "WEBHOOK_NOT_FOUND")
    assert strict.call("DELETE", f"/webhooks/{mine['id']}", headers=key).status_code == 200


@pytest.mark.parametrize("scope", ["read", "send", "control"])
def test_only_an_admin_has_events_sent_elsewhere(strict: Running, scope: str) -> None:
    body = {"name": "test", "scopes": [scope], "clients": None}
    key = {"X-Api-Key": strict.post("/keys", json=body).json()["key"]}
    assert refusal(strict.call("POST", "/webhooks", json={"url": PUBLIC}, headers=key)) == (403, "FORBIDDEN")
    assert refusal(strict.call("GET", "/webhooks", headers=key)) == (403, "FORBIDDEN")
