"""POST /send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from actors.browser.fake import Fate, Habits, always
from actors.clients.types import ClientId, State
from tests.gateway.late import Answer, caller_late, page_late, with_the_page
from tests.gateway.running import Running

Late = Callable[[Running, str, Answer], None]
GOOD = {"to": "5491122334455", "message": "Hello"}


def test_a_message_is_answered_with_its_id_once_it_is_accepted(service: Running) -> None:
    service.ready(1)
    answer = service.post("/send", 1, GOOD)
    assert answer.status_code == 200
    body = answer.json()
    assert body["ok"] is True
    assert body["success"] is True
    assert body["message_id"].startswith("true_5491122334455@c.us_3EB0")
    [delivery] = service.browser.whatsapp.deliveries
    assert (delivery.client_id, delivery.chat, delivery.text) == (1, "5491122334455@c.us", "Hello")


@pytest.mark.parametrize(
    ("to", "chat"),
    [
        ("5491122334455", "5491122334455@c.us"),
        ("5491122334455@c.us", "5491122334455@c.us"),
        ("+54 9 11 2233-4455", "5491122334455@c.us"),
        ("5491122334455@s.whatsapp.net", "5491122334455@c.us"),
        ("120363025246125486@g.us", "120363025246125486@g.us"),
        ("5491122334455-1600000000@g.us", "5491122334455-1600000000@g.us"),
        ("98765432101234@lid", "98765432101234@lid"),
    ],
)
def test_numbers_and_chat_ids_are_taken(service: Running, to: str, chat: str) -> None:
    service.ready(1)
    assert service.post("/send", 1, {"to": to, "message": "x"}).status_code == 200
    assert service.browser.whatsapp.deliveries[0].chat == chat


def test_what_is_no_request_is_refused_in_any_state(service: Running) -> None:
    service.ready(1)
    bad: list[Any] = [
        {},
        {"to": "5491122334455"},
        {"message": "x"},
        {**GOOD, "to": None},
        {**GOOD, "to": 5491122334455},
        {**GOOD, "to": ["5491122334455"]},
        {**GOOD, "message": 1},
        {**GOOD, "message": None},
        {**GOOD, "message": ""},
        {**GOOD, "message": " \n\t\u3000 "},
        {**GOOD, "message": "a\0b"},
        *({**GOOD, "to": to} for to in ("", " ", "abc", "5491122334455@x.us", "@c.us", "5 4", "11 2233-4455")),
        *(
            {**GOOD, "to": to}
            for to in ("1" * 16, "١٢٣", "5491122334455@c.us\n", "5491122334455@c.us@c.us", "1@g.us-2")
        ),
        {**GOOD, "cliente_id": 2},
        {**GOOD, "cliente_id": "1"},
        {**GOOD, "cliente_id": True},
        [GOOD],
        "text",
        1,
        None,
    ]
    for client in (1, 3):
        for body in bad:
            answer = service.call("POST", "/send", client, json=body)
            assert answer.status_code == 400, body
            assert answer.json()["error"] is True
            assert answer.json()["code"] == "INVALID_REQUEST"
            assert isinstance(answer.json()["message"], str)
    assert service.browser.whatsapp.deliveries == []


def test_the_same_number_in_the_body_is_fine(service: Running) -> None:
    service.ready(1)
    assert service.post("/send", 1, {**GOOD, "cliente_id": 1, "more": "is ignored"}).status_code == 200
    assert service.post("/send", 1, {**GOOD, "cliente_id": None}).status_code == 200


def test_a_client_that_is_not_ready_sends_nothing(service: Running) -> None:
    for client, state in enumerate(set(State) - {State.READY}, 1):
        service.bring(client, state)
        answer = service.post("/send", client, GOOD)
        assert answer.status_code == 409
        assert answer.json() == {
            "error": True,
            "code": "SESSION_NOT_READY",
            "message": f"WhatsApp session not ready. Current state: {state}",
        }


def test_what_whatsapp_refuses_is_told_with_the_reason(service: Running) -> None:
    service.ready(1)
    service.browser.whatsapp.absent.add("5491122334455@c.us")
    answer = service.post("/send", 1, GOOD)
    assert answer.status_code == 500
    assert answer.json()["error"] is True
    assert answer.json()["code"] == "SEND_FAILED"
    assert "no such chat" in answer.json()["message"]
    assert answer.json()["outcome"] == "failed"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_a_page_that_cannot_tell_is_asked_what_it_knows(service: Running) -> None:
    service.browser.habits = Habits(sends=always(Fate.UNSETTLED))
    service.ready(1)
    answer = service.post("/send", 1, GOOD)
    (delivery,) = service.browser.whatsapp.deliveries
    assert (answer.status_code, answer.json()["state"]) == (200, "sent")
    assert answer.json()["message_id"] == f"true_{delivery.chat}_{delivery.message_id}"
    page = service.browser.page(ClientId(1))
    # Once, or twice where the look-ups that begin with READY were still under way.
    assert {order["message_id"] for order in page.ordered("LookUp")} == {delivery.message_id}
    assert len(page.ordered("SendText")) == 1


@pytest.mark.parametrize("whose_time_is_over", [caller_late, page_late])
def test_a_message_that_is_never_acknowledged_is_told_as_sent_if_the_page_has_it(
    service: Running, pool: ThreadPoolExecutor, whose_time_is_over: Late
) -> None:
    service.browser.habits = Habits(sends=always(Fate.ACK_LOST))
    service.ready(1)
    answer = pool.submit(service.post, "/send", 1, GOOD)
    whose_time_is_over(service, with_the_page(service), answer)
    assert (answer.result().status_code, answer.result().json()["state"]) == (200, "sent")
    (delivery,) = service.browser.whatsapp.deliveries
    assert answer.result().json()["message_id"] == f"true_{delivery.chat}_{delivery.message_id}"


def unknown(answer: httpx2.Response) -> bool:
    told = answer.json()
    return (answer.status_code, told["code"], told["outcome"]) == (500, "SEND_FAILED", "unknown")


@pytest.mark.parametrize(("first", "second"), [(caller_late, page_late), (page_late, caller_late)])
def test_a_message_that_not_even_the_page_can_tell_of_is_called_unknown(
    service: Running, pool: ThreadPoolExecutor, first: Late, second: Late
) -> None:
    service.browser.habits = Habits(sends=always(Fate.PENDING))
    service.ready(1)
    answer = pool.submit(service.post, "/send", 1, GOOD)
    id = with_the_page(service)
    first(service, id, answer)
    second(service, id, answer)
    assert unknown(answer.result())
    (order,) = service.browser.page(ClientId(1)).ordered("SendText")
    assert answer.result().json()["message_id"] == order["order"]
    assert service.browser.whatsapp.deliveries == []


def test_a_message_that_left_with_a_page_that_is_lost_is_called_unknown(service: Running) -> None:
    service.browser.habits = Habits(sends=always(Fate.CRASH_AFTER))
    service.ready(1)
    answer = service.post("/send", 1, GOOD)
    assert unknown(answer)
    (delivery,) = service.browser.whatsapp.deliveries
    assert answer.json()["message_id"] == delivery.message_id


def test_messages_leave_in_the_order_in_which_they_were_accepted(service: Running) -> None:
    service.ready(1)
    service.ready(2)
    with ThreadPoolExecutor(2) as callers:
        list(callers.map(lambda client: _send_many(service, client), (1, 2)))
    for client in (1, 2):
        texts = [d.text for d in service.browser.whatsapp.deliveries if d.client_id == client]
        assert texts == [str(number) for number in range(50)]


def _send_many(service: Running, client: int) -> None:
    for number in range(50):
        assert service.post("/send", client, {**GOOD, "message": str(number)}).status_code == 200


def test_the_text_arrives_as_it_was_sent(service: Running) -> None:
    service.ready(1)
    text = "línea 1\nline 2\t“quotes” \\ / 😀 \u200d \u202e <b>&amp;</b> {{x}} ${y} \x7f"
    service.post("/send", 1, {**GOOD, "message": text})
    assert service.browser.whatsapp.deliveries[0].text == text


def test_the_requests_name_reaches_the_client(service: Running) -> None:
    service.ready(1)
    answer = service.call("POST", "/send", 1, json=GOOD, headers={"X-Request-Id": "order-1234"})
    assert answer.headers["x-request-id"] == "order-1234"
    assert service.browser.page(ClientId(1)).ordered("SendText")
