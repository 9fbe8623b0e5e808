"""Chats and contacts over HTTP, and numbers as people paste them."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from actors.clients.errors import OperationRefused
from actors.clients.operations.base import UNASKED
from actors.clients.operations.chats import Chats, GetChat, ListChats
from actors.clients.operations.contacts import BlockContact
from actors.clients.types import ClientId
from tests.gateway.running import Running

CHAT = "5491122334455@c.us"
PASTED = "+54 9 11 2233-4455"
WRITTEN, OWN = "5511987654321@c.us", "551187654321@c.us"


def test_chats_come_with_their_last_message_and_what_is_asked_reaches_the_page(service: Running) -> None:
    service.ready(1)
    answer = service.get("/chats?limit=5&sort=name&descending=false&archived=true", 1).json()
    assert (answer["total"], answer["chats"][0]["last_message"]["body"]) == (1, "Good morning")
    (order,) = service.browser.page(ClientId(1)).ordered("ListChats")
    assert order.arguments == {
        "order": order["order"],
        "limit": 5,
        "offset": 0,
        "sort": "name",
        "descending": False,
        "archived": True,
    }
    for wrong in ("limit=0", "limit=5001", "sort=size", "archived=maybe"):
        assert service.get(f"/chats?{wrong}", 1).status_code == 400, wrong


@pytest.mark.parametrize("chat", ["5491122334455", CHAT, "5491122334455@s.whatsapp.net", PASTED])
def test_a_chat_may_be_written_in_many_ways(service: Running, chat: str) -> None:
    service.ready(1)
    path = f"/chats/{quote(chat, safe='')}"
    assert service.call("PUT", f"{path}/archive", 1, json={"archived": True}).json() == {"success": True}
    assert service.get(f"{path}/messages?limit=2&before=3A00", 1).json()["messages"][0]["body"] == "Good morning"
    page = service.browser.page(ClientId(1))
    assert page.ordered("ArchiveChat")[0]["chat"] == page.ordered("GetChatMessages")[0]["chat"] == CHAT


def test_a_block_is_put_and_deleted(service: Running) -> None:
    service.ready(1)
    for method, blocked in (("PUT", True), ("DELETE", False)):
        assert service.call(method, "/contacts/5491122334455/block", 1).status_code == 200
        order = service.browser.page(ClientId(1)).ordered(BlockContact.__name__)[-1]
        assert (order["contact"], order["blocked"]) == (CHAT, blocked)


@pytest.mark.parametrize(
    ("code", "status", "ours"),
    [
        ("CHAT_NOT_FOUND", 404, "CHAT_NOT_FOUND"),
        ("chat_not_found", 404, "CHAT_NOT_FOUND"),
        ("msg_not_found", 404, "MESSAGE_NOT_FOUND"),
        (UNASKED, 503, "OPERATION_UNANSWERED"),
        ("E_NO", 409, "OPERATION_REFUSED"),
    ],
)
def test_what_the_page_says_no_to_is_told_by_its_code(service: Running, code: str, status: int, ours: str) -> None:
    service.ready(1)
    service.browser.answers[GetChat] = lambda _page, _: OperationRefused("It says no", code)
    answer = service.get("/chats/5491122334455", 1)
    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (status, ours, "It says no")


def test_an_account_without_chats_has_none(service: Running) -> None:
    service.ready(1)
    service.browser.answers[ListChats] = lambda _page, _: Chats((), 0)
    assert service.get("/chats", 1).json() == {"chats": [], "total": 0}


def test_a_message_is_answered_with_the_chat_that_whatsapp_names(service: Running) -> None:
    service.ready(1)
    service.browser.whatsapp.names[WRITTEN] = OWN
    sent = service.post("/send", 1, {"to": "+55 (11) 98765-4321", "message": "Hello"}).json()
    assert (sent["chat"], sent["message_id"].split("_")[1]) == (OWN, OWN)
    kept = service.get(f"/messages/{sent['id']}", 1).json()
    assert (kept["to"], kept["chat"]) == (WRITTEN, OWN)


@pytest.mark.parametrize("path", ["/send", "/messages"])
def test_what_cannot_be_a_number_is_refused_with_the_form_that_is_wanted(service: Running, path: str) -> None:
    service.ready(1)
    for to in ("11 2233-4455", "0111", "Ana", "12"):
        answer = service.post(path, 1, {"to": to, "message": "Hello"})
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
        wanted = "with its country's code, such as +54 9 11 2233-4455 or 5491122334455"
        assert answer.json()["message"] == f"to should be a chat's id or a phone number {wanted}"
    assert service.post(path, 1, {"to": PASTED, "message": "Hello"}).status_code in (200, 202)
