"""The account behind a client, over HTTP: what is held for another, and what every answer about a message says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from actors.browser.fake import Fate, Habits, always
from actors.clients.types import ClientId, State
from tests.gateway.late import caller_late, with_the_page
from tests.gateway.running import Running, until

A, B = "5491100000001", "5491100000002"
ONE = ClientId(1)
GOOD = {"to": "5491122334455", "message": "Hello"}


def scan(service: Running, phone: str) -> None:
    service.post("/init", 1)
    service.browser.scan(ONE, phone)
    service.reaches(1, State.READY)


def swapped(service: Running, *texts: str) -> list[str]:
    """Messages for A that wait when B has scanned; return their ids."""
    scan(service, A)
    service.browser.cut(ONE)
    service.reaches(1, State.DISCONNECTED_RECOVERABLE)
    ids = [service.post("/messages", 1, {**GOOD, "message": text}).json()["id"] for text in texts]
    service.browser.remove(ONE)
    service.reaches(1, State.DISCONNECTED_LOGOUT)
    scan(service, B)
    held = lambda: service.get("/messages/held", 1).json()["count"]  # noqa: E731 - asked again
    until(held, lambda count: count == len(ids), "they are held")
    return ids


def delivered(service: Running) -> list[str]:
    return [delivery.text for delivery in service.browser.whatsapp.deliveries]


def test_a_held_message_says_why_and_is_sent_from_the_other_account_by_a_call(service: Running) -> None:
    first, second = swapped(service, "one", "two")
    told = service.get(f"/messages/{first}", 1).json()
    assert (told["state"], told["held_because"], told["final"]) == ("queued", "ACCOUNT_CHANGED", False)
    assert told["account"] == {"phone": A, "lid": None}
    assert A in told["reason"]
    assert B in told["reason"]
    assert service.get("/messages/held", 1).json()["accounts"] == [
        {"account": {"phone": A, "lid": None}, "messages": 2}
    ]
    released = service.post(f"/messages/{second}/release", 1).json()
    assert (released["held_because"], released["account"]["phone"]) == (None, B)
    until(lambda: delivered(service), lambda texts: texts == ["two"], "it is delivered")
    assert service.post("/messages/held/release", 1).json() == {"success": True, "cliente_id": 1, "count": 1}
    until(lambda: delivered(service), lambda texts: texts == ["two", "one"], "the rest is delivered")
    again = service.post(f"/messages/{second}/release", 1)
    assert (again.status_code, again.json()["code"], again.json()["id"]) == (409, "MESSAGE_NOT_HELD", second)
    assert "session_manager_account_changes_total 1.0" in service.get("/metrics").text


def test_held_messages_are_cancelled_by_a_call(service: Running) -> None:
    (id,) = swapped(service, "one")
    assert service.call("DELETE", "/messages/held", 1).json()["count"] == 1
    told = service.get(f"/messages/{id}", 1).json()
    assert (told["state"], told["held_because"], told["final"]) == ("cancelled", None, True)
    assert service.get("/messages/held", 1).json() == {"cliente_id": 1, "count": 0, "accounts": []}


def standing(told: dict[str, Any]) -> tuple[object, object]:
    return told["state"], told["final"]


def test_a_send_that_is_unknown_names_its_message_and_says_whether_that_may_change(service: Running) -> None:
    service.ready(1)
    service.browser.habits = Habits(sends=always(Fate.PENDING))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(service.post, "/send", 1, GOOD)
        id = with_the_page(service)
        caller_late(service, id, answer)
    told = answer.result().json()
    assert (told["code"], told["outcome"], told["id"], *standing(told)) == (
        "SEND_FAILED",
        "unknown",
        id,
        "sending",
        False,
    )


def test_a_send_that_was_taken_back_names_its_message(service: Running) -> None:
    service.ready(1)
    service.browser.habits = Habits(sends=always(Fate.REFUSED))
    told = service.post("/send", 1, GOOD).json()
    assert (told["outcome"], *standing(told)) == ("failed", "failed", True)
    assert service.get(f"/messages/{told['id']}", 1).json()["state"] == "failed"
    key = {"Idempotency-Key": "k"}
    first = service.call("POST", "/messages", 1, json=GOOD, headers=key).json()
    other = service.call("POST", "/messages", 1, json={**GOOD, "message": "other"}, headers=key)
    assert (other.status_code, other.json()["id"]) == (422, first["id"])


def test_what_is_accepted_and_what_is_sent_say_it_too(service: Running) -> None:
    service.ready(1)
    assert standing(service.post("/send", 1, GOOD).json()) == ("sent", True)
    assert standing(service.post("/messages", 1, GOOD).json()) == ("queued", False)
    service.post("/logout", 1)
    refused = service.post("/send", 1, GOOD).json()
    assert "id" not in refused  # it was not accepted
