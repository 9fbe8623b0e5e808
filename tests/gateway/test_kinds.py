"""The kinds of messages on the wire, the options beside them, and the calls that change earlier messages."""

from __future__ import annotations

from typing import Any

import pytest

from actors.clients.errors import OperationRefused
from actors.clients.operations.changes import DeleteMessage, EditMessage, PinMessage, ReactToMessage, StarMessage
from actors.clients.operations.messages import (
    ContactCard,
    ForwardMessage,
    LinkPreview,
    Send,
    SendContacts,
    SendPoll,
    SendText,
)
from actors.clients.operations.presence import MarkRead, ShowPresence, ShowTyping, Typing
from actors.clients.types import ClientId
from tests.gateway.running import Running
from tests.gateway.test_messages import hand_in, settled

TO = "5491122334455"
CHAT = f"{TO}@c.us"
KEY = {"Idempotency-Key": "k"}
PREVIEW = {"url": "https://example.com/a", "title": "A"}
POLL = {"poll": {"name": "?", "options": ["a", "b"]}}
KINDS: dict[str, tuple[dict[str, Any], Send]] = {
    "reply": ({"message": "yes", "reply_to": "3EB0AA"}, SendText(CHAT, "yes", reply_to="3EB0AA")),
    "mention": (
        {"message": "@54911", "mentions": ["5491133334444", "7@lid"]},
        SendText(CHAT, "@54911", mentions=("5491133334444@c.us", "7@lid")),
    ),
    "mention of all": ({"message": "you", "mentions": "all"}, SendText(CHAT, "you", mentions="all")),
    "preview": ({"message": "https://a.b", "link_preview": True}, SendText(CHAT, "https://a.b", link_preview=True)),
    "own preview": (
        {"message": "https://example.com/a", "link_preview": PREVIEW},
        SendText(CHAT, "https://example.com/a", link_preview=LinkPreview("https://example.com/a", "A")),
    ),
    "contacts": (
        {
            "contacts": [
                {"name": "Ana", "phone": "5491133334444", "organization": "Acme"},
                {"name": "B", "vcard": "BEGIN:VCARD\n"},
            ]
        },
        SendContacts(CHAT, (ContactCard("Ana", "5491133334444", "Acme"), ContactCard("B", vcard="BEGIN:VCARD\n"))),
    ),
    "poll": (
        {"poll": {"name": "When?", "options": ["now", "later"], "multiple_answers": True}, "reply_to": "3EB0AA"},
        SendPoll(CHAT, "When?", ("now", "later"), True, reply_to="3EB0AA"),
    ),
    "forward": (
        {"forward": {"message": "3EB0AA", "from_chat": "5491133334444"}},
        ForwardMessage(CHAT, "3EB0AA", "5491133334444@c.us"),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_kept_sent_once_and_told(service: Running, kind: str) -> None:
    body, operation = KINDS[kind]
    service.ready(1)
    answer = hand_in(service, "/messages", json={"to": TO, **body}, headers=KEY)
    assert answer.status_code == 202, answer.text
    id = answer.json()["id"]
    assert settled(service, id)["state"] == "sent"
    (delivery,) = service.browser.whatsapp.deliveries
    assert delivery.operation == operation
    again = hand_in(service, "/messages", json={"to": TO, **body}, headers=KEY)
    assert (again.headers["Idempotent-Replayed"], again.json()["id"]) == ("true", id)
    told = service.get(f"/messages/{id}", 1).json()
    assert all(holds(value, told[name]) for name, value in body.items() if name != "mentions")


def holds(given: Any, told: Any) -> bool:
    """What was given is told, perhaps with more fields."""
    if isinstance(given, dict):
        return all(holds(value, told[name]) for name, value in given.items())
    if isinstance(given, list):
        return len(given) == len(told) and all(map(holds, given, told))
    return bool(told == given) or told == f"{given}@c.us"


@pytest.mark.parametrize("option", [{"reply_to": "3EB0BB"}, {"mentions": ["5491133334444"]}, {"link_preview": True}])
def test_the_same_key_with_another_option_is_a_mistake(service: Running, option: dict[str, Any]) -> None:
    service.ready(1)
    first = hand_in(service, "/messages", json={"to": TO, "message": "hello"}, headers=KEY)
    assert first.status_code == 202
    other = hand_in(service, "/messages", json={"to": TO, "message": "hello", **option}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"poll": {"name": "?", "options": ["one"]}}, "poll should have at least 2 items"),
        ({"poll": {"name": "?", "options": ["one", "one"]}}, "poll should have each value once"),
        ({"poll": {"name": "?", "options": ["one", " "]}}, "poll.options.1 is not one line of text"),
        ({"contacts": []}, "contacts should have at least 1 item"),
        ({"contacts": [{"name": "A", "phone": "+1"}]}, "contacts should be a phone number"),
        ({"contacts": [{"name": "A", "vcard": "FN:A"}]}, "contacts.0.vcard is not a vCard"),
        ({"forward": {"message": "/"}}, "forward.message is not a message's id"),
        ({"message": "a", "reply_to": "/"}, "reply_to is not a message's id"),
        ({"forward": {"message": "3EB0"}, "reply_to": "3EB0"}, "should have no reply_to beside forward"),
        (
            {"poll": {"name": "?", "options": ["a", "b"]}, "link_preview": True},
            "should have no link_preview beside poll",
        ),
        ({"message": "a", **POLL}, "should have one of message, "),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(with_page: Running, body: dict[str, Any], why: str) -> None:
    answer = hand_in(with_page, "/messages", json={"to": TO, **body})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
    assert why in answer.json()["message"]


def test_a_text_that_is_waited_for_takes_the_options_too(service: Running) -> None:
    service.ready(1)
    answer = hand_in(service, "/send", json={"to": TO, "message": "yes", "reply_to": "3EB0AA"})
    assert answer.status_code == 200, answer.text
    (delivery,) = service.browser.whatsapp.deliveries
    assert delivery.operation == SendText(CHAT, "yes", reply_to="3EB0AA")


PLACE = f"/chats/{TO}/messages/3EB0AA"
CALLS: dict[tuple[str, str], tuple[dict[str, Any] | None, Any]] = {
    ("PUT", f"{PLACE}/reaction"): ({"reaction": "👍"}, ReactToMessage(CHAT, "3EB0AA", "👍")),
    ("PATCH", PLACE): ({"text": "better"}, EditMessage(CHAT, "3EB0AA", "better")),
    ("DELETE", PLACE): (None, DeleteMessage(CHAT, "3EB0AA")),
    ("DELETE", f"{PLACE}?everyone=false"): (None, DeleteMessage(CHAT, "3EB0AA", everyone=False)),
    ("PUT", f"{PLACE}/star"): ({"starred": False}, StarMessage(CHAT, "3EB0AA", starred=False)),
    ("PUT", f"{PLACE}/pin"): ({"duration": 86400}, PinMessage(CHAT, "3EB0AA", duration=86400)),
    ("POST", f"/chats/{CHAT}/read"): (None, MarkRead(CHAT)),
    ("PUT", f"/chats/{TO}/typing"): ({"state": "recording"}, ShowTyping(CHAT, Typing.RECORDING)),
    ("PUT", "/presence"): ({"online": True}, ShowPresence(True)),
}


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_each_change_is_ordered_of_the_client(with_page: Running, call: tuple[str, str]) -> None:
    (method, path), (body, operation) = call, CALLS[call]
    answer = with_page.call(method, path, 1, **({} if body is None else {"json": body}))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    (order,) = with_page.browser.page(ClientId(1)).ordered(type(operation).__name__)
    assert {name: value for name, value in order.arguments.items() if name != "order"} == operation.arguments


def test_a_refused_change_says_why(with_page: Running) -> None:
    with_page.browser.answers[EditMessage] = lambda _page, _: OperationRefused("Too late", "edit_message_error")
    answer = with_page.call("PATCH", PLACE, 1, json={"text": "late"})
    assert (answer.status_code, answer.json()["code"]) == (409, "OPERATION_REFUSED")
    assert answer.json()["message"].startswith("Too late")


def test_presence_is_answered_as_it_is_known(with_page: Running) -> None:
    for method in ("GET", "POST"):
        answer = with_page.call(method, f"/contacts/{TO}/presence", 1)
        assert (answer.status_code, answer.json()["state"]) == (200, "available")
