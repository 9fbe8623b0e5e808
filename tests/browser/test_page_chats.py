"""One page of real Chromium on the sandbox: its chats, the messages in them, and what is done with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.events import AccountEvent, MessageArrived
from actors.clients.operations import Operation
from actors.clients.operations.chats import (
    ArchiveChat,
    ClearChat,
    DeleteChat,
    GetChat,
    GetChatMessage,
    GetChatMessages,
    ListChats,
    MuteChat,
    PageMessage,
    PinChat,
)
from actors.clients.operations.messages import SendText
from actors.clients.protocol import Answered, Refused
from tests.browser.pages import ADDRESSING, CHAT, CLIENT, FRIEND, NUMBER, Open, Opened, answer
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

GROUP = "120363000000000001@g.us"
OTHER = "5491166778899"
Linked = Callable[[str, bool], Opened]


@pytest.fixture
def page_of(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> Linked:
    """A page of a generation, of an account with LIDs or without."""

    def link(compat: str, lids: bool) -> Opened:
        sandbox.post("/settings", compat=compat)
        return linked(shell, lids=lids)

    return link


def ask(page: Opened, operation: Operation[Any]) -> Any:
    """What the page answers."""
    order = f"{operation.operation_name}-{time.monotonic_ns()}"
    page.page.call(order, operation)
    return page.told.until(Answered, lambda fact: fact.order == order).value


def refusal(page: Opened, operation: Operation[Any]) -> Refused:
    """What the page refuses."""
    order = f"{operation.operation_name}-{time.monotonic_ns()}"
    page.page.call(order, operation)
    return page.told.until(Refused, lambda fact: fact.order == order)


def written(page: Opened, sandbox: Sandbox, *texts: str, phone: str = FRIEND) -> list[str]:
    """Their ids, once the page has told of them."""
    ids = [sandbox.post(f"/phones/{phone}/send", to=NUMBER, text=text)["id"] for text in texts]
    for id in ids:
        page.told.until(AccountEvent, lambda event, id=id: event.payload.get("bare_id") == id)  # type: ignore[misc]
    return ids


def test_a_message_has_the_fields_of_its_event() -> None:
    of_any_event = {"truncated"}
    assert {field.name for field in fields(PageMessage)} == set(MessageArrived.fields) - {"live"} | of_any_event


@ADDRESSING
def test_chats_are_listed_with_their_last_message(page_of: Linked, sandbox: Sandbox, compat: str, lids: bool) -> None:
    page = page_of(compat, lids)
    sandbox.api.put(f"/api/groups/{GROUP}", json={"subject": "Us", "participants": [FRIEND, NUMBER]}).raise_for_status()
    written(page, sandbox, "one", "two")
    written(page, sandbox, "three", phone=OTHER)
    page.page.call("3EB0000000000000000009", SendText(GROUP, "hello all"))
    page.told.until(Answered)
    found = ask(page, ListChats())
    assert found.total == 3
    by_phone = {chat.phone: chat for chat in found.chats}
    friend, group = by_phone[FRIEND], by_phone[None]
    assert (friend.id.endswith("@lid"), friend.lid is not None, friend.group) == (lids, True, False)
    assert (friend.unread, friend.archived, friend.pinned, friend.muted_until) == (2, False, False, None)
    assert (friend.last_message.body, friend.last_message.from_me) == ("two", False)
    assert (group.id, group.group, group.name) == (GROUP, True, "Us")
    assert (group.last_message.body, group.last_message.from_me) == ("hello all", True)
    assert ask(page, GetChat(CHAT)) == friend
    names = [chat.name for chat in ask(page, ListChats(sort="name", descending=False)).chats]
    assert names == sorted(names)
    some = ask(page, ListChats(sort="id", limit=1, offset=1))
    assert (some.total, [chat.id for chat in some.chats]) == (3, sorted(chat.id for chat in found.chats)[1:2])
    assert refusal(page, GetChat("5491199990000@c.us")).code == "CHAT_NOT_FOUND"


@ADDRESSING
def test_messages_are_read_newest_first_and_by_their_ids(
    page_of: Linked, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    page = page_of(compat, lids)
    ids = written(page, sandbox, *(f"text {number}" for number in range(5)))
    page.page.call("3EB0000000000000000009", SendText(CHAT, "mine"))
    page.told.until(Answered)
    found = ask(page, GetChatMessages(CHAT)).messages
    assert [message.body for message in found] == ["mine", "text 4", "text 3", "text 2", "text 1", "text 0"]
    assert [message.body for message in ask(page, GetChatMessages(CHAT, limit=2, offset=1)).messages] == [
        "text 4",
        "text 3",
    ]
    older = ask(page, GetChatMessages(CHAT, before=found[2].id)).messages
    assert [message.body for message in older] == ["text 2", "text 1", "text 0"]
    assert ask(page, GetChatMessages(CHAT, before=ids[3])).messages == older
    assert [message.body for message in ask(page, GetChatMessages(CHAT, from_me=True)).messages] == ["mine"]
    assert ask(page, GetChatMessages(CHAT, until=1)).messages == ()
    assert len(ask(page, GetChatMessages(CHAT, since=1)).messages) == 6
    for id in (ids[1], found[4].id):
        assert ask(page, GetChatMessage(CHAT, id)) == found[4]
    assert refusal(page, GetChatMessage(CHAT, "3AFFFFFFFFFFFFFFFFFF")).code == "MESSAGE_NOT_FOUND"


@ADDRESSING
def test_what_the_memory_has_lost_is_read_from_the_storage(
    shell: ChromiumBrowser, page_of: Linked, opened: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    first = page_of(compat, lids)
    ids = written(first, sandbox, *(f"text {number}" for number in range(12)))
    shell.keep_login(CLIENT)
    first.close()
    sandbox.post("/settings", history=3)
    page = opened(shell)
    page.told.until(AccountEvent, lambda event: event.payload.get("bare_id") == ids[-1])
    in_memory = "WPP.whatsapp.ChatStore.getModelsArray()[0].msgs.length"
    assert int(answer(shell, in_memory)) < 6
    found = ask(page, GetChatMessages(CHAT)).messages
    assert [message.bare_id for message in found] == ids[::-1]
    assert ask(page, GetChatMessage(CHAT, ids[0])).body == "text 0"


@ADDRESSING
def test_a_chat_is_archived_pinned_and_muted_for_the_phone_too(
    shell: ChromiumBrowser, page_of: Linked, opened: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    page = page_of(compat, lids)
    written(page, sandbox, "hello")
    until = int(time.time()) + 3600
    ask(page, PinChat(CHAT, True))
    ask(page, MuteChat(CHAT, until))
    ask(page, ArchiveChat(CHAT, True))
    ask(page, ArchiveChat(CHAT, True))
    told = page.told.until(AccountEvent, lambda event: event.type == "chat.archive").payload
    assert (told["phone"], told["archived"]) == (FRIEND, True)
    chat = ask(page, GetChat(CHAT))
    assert (chat.archived, chat.pinned, chat.muted_until) == (True, False, until)
    assert ask(page, ListChats(archived=False)).total == 0
    state = sandbox.get(f"/accounts/{NUMBER}")["chats"][FRIEND]
    assert (state["archived"], state["pinned"], state["muted_until"]) == (True, 0, until)
    sandbox.post(f"/accounts/{NUMBER}/chat", chat=FRIEND, archived=False, pinned=1, muted_until=-1)
    assert page.told.until(AccountEvent, lambda event: event.payload.get("archived") is False).payload["live"]
    shell.keep_login(CLIENT)
    page.close()
    page = opened(shell)
    page.told.until(AccountEvent, lambda event: event.type == "message")
    chat = ask(page, GetChat(CHAT))
    assert (chat.archived, chat.pinned, chat.muted_until) == (False, True, -1)
    ask(page, PinChat(CHAT, False))
    ask(page, MuteChat(CHAT, None))
    chat = ask(page, GetChat(CHAT))
    assert (chat.pinned, chat.muted_until) == (False, None)
    ask(page, MuteChat(CHAT, -1))
    assert ask(page, GetChat(CHAT)).muted_until == -1


def test_more_chats_than_whatsapp_pins_are_refused(page_of: Linked, sandbox: Sandbox) -> None:
    page = page_of("modern", False)
    phones = [f"549115555000{number}" for number in range(4)]
    for phone in phones:
        written(page, sandbox, "hello", phone=phone)
    for phone in phones[:3]:
        ask(page, PinChat(f"{phone}@c.us", True))
    assert "405" in refusal(page, PinChat(f"{phones[3]}@c.us", True)).why


@ADDRESSING
def test_a_chat_is_cleared_and_deleted(page_of: Linked, sandbox: Sandbox, compat: str, lids: bool) -> None:
    page = page_of(compat, lids)
    written(page, sandbox, "one", "two")
    ask(page, ClearChat(CHAT))
    assert ask(page, GetChatMessages(CHAT)).messages == ()
    assert ask(page, GetChat(CHAT)).last_message is None
    written(page, sandbox, "three")
    assert [message.body for message in ask(page, GetChatMessages(CHAT)).messages] == ["three"]
    ask(page, DeleteChat(CHAT))
    assert ask(page, ListChats()).total == 0
    assert refusal(page, DeleteChat(CHAT)).code == "CHAT_NOT_FOUND"
    written(page, sandbox, "four")
    assert [message.body for message in ask(page, GetChatMessages(CHAT)).messages] == ["four"]
