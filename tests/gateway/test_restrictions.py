"""What a caller reads and hears of an account that may not write to strangers."""

from __future__ import annotations

import time

from actors.browser.fake import Fate, Habits
from actors.clients.protocol import Restriction
from actors.clients.types import ClientId
from tests.gateway.running import Running

ONE = ClientId(1)
TO = {"to": "5491122334455", "message": "Hello"}
KNOWN = {"to": "5491166778899", "message": "Hello"}


def restrict(service: Running) -> None:
    service.ready(1)
    service.browser.receive(ONE, KNOWN["to"], "hello")
    service.browser.restrict(ONE, Restriction("WEB_COMPANION_ONLY", time.time() + 3600.0, known_chats=True))


def test_a_restriction_is_in_the_status_until_it_is_lifted(service: Running) -> None:
    restrict(service)
    status = service.status(1)
    assert (status["state"], status["restriction"]) == ("READY", "WEB_COMPANION_ONLY")
    assert (status["may_write_to_strangers"], status["may_write_to_known_chats"]) == (False, True)
    assert status["restricted_until"] is not None
    assert status["can_send_messages"] is True
    service.browser.restrict(ONE, None)
    status = service.status(1)
    assert (status["restriction"], status["restricted_until"]) == (None, None)
    assert (status["may_write_to_strangers"], status["may_write_to_known_chats"]) == (True, True)


def test_a_message_to_a_stranger_is_refused_with_the_reason_and_nothing_is_left_behind(service: Running) -> None:
    restrict(service)
    for _ in range(2):  # the second one: its chat is known to be held
        answer = service.post("/send", 1, TO)
        assert answer.status_code == 500
        body = answer.json()
        assert (body["code"], body["outcome"]) == ("SEND_FAILED", "failed")
        assert "first messages to strangers" in body["message"]
    assert service.post("/send", 1, KNOWN).status_code == 200
    assert {message["state"] for message in service.get("/messages", 1).json()["messages"]} == {"cancelled", "sent"}


def test_a_message_that_may_wait_is_held_and_says_so(service: Running) -> None:
    restrict(service)
    message = service.post("/messages", 1, TO).json()["id"]
    assert service.post("/send", 1, TO).status_code == 500  # answered after the one before it was tried
    held = service.get(f"/messages/{message}", 1).json()
    assert (held["state"], held["reason"][:5]) == ("queued", "Held:")


def test_a_refusal_of_whatsapp_is_told_with_its_code(service: Running) -> None:
    service.ready(1)
    service.browser.habits = Habits(sends=lambda _: Fate.TIMELOCKED)
    answer = service.post("/send", 1, TO)
    assert (answer.status_code, answer.json()["code"]) == (500, "SEND_FAILED")
    assert "463" in answer.json()["message"]
