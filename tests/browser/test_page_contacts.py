"""One page of real Chromium on the sandbox: the people it knows, and to whom it sends."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.events import AccountEvent
from actors.clients.operations import Operation
from actors.clients.operations.contacts import (
    BlockContact,
    CheckContact,
    Contact,
    FindAddresses,
    GetAbout,
    GetContact,
    GetPicture,
    ListContacts,
    NameContact,
    PersonAddresses,
)
from actors.clients.operations.messages import LookedUp, LookUp, SendText
from actors.clients.protocol import Answered, Refused
from tests.browser.pages import ADDRESSING, CHAT, CLIENT, FRIEND, NUMBER, Open, Opened
from tests.browser.test_page_chats import Linked, ask, page_of, refusal, written
from tests.rig import Sandbox

__all__ = ["page_of"]
pytestmark = pytest.mark.e2e

WRITTEN, OWN = "5511987654321", "551187654321"
"""A number of Brazil with the ninth digit, and WhatsApp's own form of it without."""
NOBODY = "5491133333333"
PNG = base64.b64encode(b"\x89PNG picture").decode()


def send(page: Opened, chat: str, text: str = "hello") -> Any:
    """The fact that a message ends in."""
    id = f"3EB0{time.monotonic_ns():018X}"
    page.page.call(id, SendText(chat, text))
    return page.told.until((Answered, Refused), lambda fact: fact.order == id)  # type: ignore[arg-type]


def alias(sandbox: Sandbox) -> None:
    """WhatsApp names OWN when it is asked for WRITTEN."""
    sandbox.api.put(f"/api/aliases/{WRITTEN}", json={"number": OWN}).raise_for_status()


@ADDRESSING
def test_people_are_listed_once_and_known_by_both_addresses(
    page_of: Linked, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    page = page_of(compat, lids)
    written(page, sandbox, "hello")
    found = ask(page, ListContacts())
    (friend,) = [one for one in found.contacts if one.phone == FRIEND]
    assert (friend.name, friend.mine, friend.me, friend.blocked) == (None, False, False, False)
    assert friend.push_name
    assert friend.lid
    ask(page, NameContact(CHAT, "Ana", "Díaz"))
    named = ask(page, GetContact(friend.lid))
    assert (named.name, named.short_name, named.mine, named.push_name) == ("Ana Díaz", "Ana", True, friend.push_name)
    assert [one.phone for one in ask(page, ListContacts(mine=True)).contacts] == [FRIEND]
    assert sandbox.get(f"/accounts/{NUMBER}")["names"] == {FRIEND: {"name": "Ana Díaz", "short": "Ana"}}
    sandbox.post(f"/accounts/{NUMBER}/contact", contact=FRIEND, saved={"name": "Anita"})
    assert ask(page, GetContact(CHAT)).name == "Anita"
    stranger = ask(page, GetContact("5491100009999@c.us"))
    assert (stranger.id, stranger.phone, stranger.name) == ("5491100009999@c.us", "5491100009999", None)
    assert ask(page, FindAddresses(CHAT)) == PersonAddresses(friend.lid, FRIEND)
    assert ask(page, FindAddresses(friend.lid)) == PersonAddresses(friend.lid, FRIEND)
    assert ask(page, FindAddresses("5491100009999@c.us")).lid
    assert ask(page, FindAddresses("123456789012345@lid")) == PersonAddresses("123456789012345@lid", None)


@ADDRESSING
def test_pictures_and_words_are_asked_once_a_day(page_of: Linked, sandbox: Sandbox, compat: str, lids: bool) -> None:
    page = page_of(compat, lids)
    assert ask(page, GetPicture(CHAT)).url is None
    first = ask(page, GetAbout(CHAT)).about
    assert first
    sandbox.post(f"/phones/{FRIEND}/profile", about="Busy", picture={"base64": PNG})
    assert ask(page, GetPicture(CHAT)).url is None
    assert ask(page, GetAbout(CHAT)).about == first
    url = ask(page, GetPicture(CHAT, refresh=True)).url
    assert sandbox.api.get(url).content == b"\x89PNG picture"
    assert ask(page, GetAbout(CHAT, refresh=True)).about == "Busy"
    sandbox.post(f"/phones/{FRIEND}/profile", about=None, picture=None)
    assert ask(page, GetPicture(CHAT)).url == url
    assert ask(page, GetAbout(CHAT)).about == "Busy"


@ADDRESSING
def test_what_a_blocked_person_sends_does_not_come(page_of: Linked, sandbox: Sandbox, compat: str, lids: bool) -> None:
    page = page_of(compat, lids)
    ask(page, BlockContact(CHAT, True))
    ask(page, BlockContact(CHAT, True))
    assert ask(page, GetContact(CHAT)).blocked
    assert sandbox.get(f"/accounts/{NUMBER}")["blocked"] == [FRIEND]
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="blocked")
    ask(page, BlockContact(CHAT, False))
    written(page, sandbox, "heard")
    texts = [fact.payload.get("body") for fact in page.told.told(AccountEvent) if fact.type == "message"]
    assert texts == ["heard"]


@ADDRESSING
def test_a_number_is_told_as_whatsapp_writes_it(page_of: Linked, sandbox: Sandbox, compat: str, lids: bool) -> None:
    page = page_of(compat, lids)
    alias(sandbox)
    sandbox.api.put(f"/api/absent/{NOBODY}")
    found = ask(page, CheckContact(WRITTEN))
    assert (found.on_whatsapp, found.phone, found.lid is not None) == (True, OWN, True)
    assert ask(page, CheckContact(NOBODY)) == Contact(False)


def test_a_question_that_failed_is_not_nobody(page_of: Linked, sandbox: Sandbox) -> None:
    page = page_of("modern", False)
    sandbox.post(f"/accounts/{NUMBER}/queries", mode="fail", left=1)
    assert refusal(page, CheckContact(FRIEND)).code == "UNASKED"
    assert ask(page, CheckContact(FRIEND)).on_whatsapp


@ADDRESSING
def test_a_message_goes_to_the_chat_that_whatsapp_names(
    shell: ChromiumBrowser, page_of: Linked, opened: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    page = page_of(compat, lids)
    alias(sandbox)
    sent = send(page, f"{WRITTEN}@c.us", "to the other form").value
    assert sent.chat.endswith("@lid") if lids else sent.chat == f"{OWN}@c.us"
    assert [message["text"] for message in sandbox.get(f"/phones/{OWN}")["received"]] == ["to the other form"]
    bare = sent.message_id.split("_")[2]
    shell.keep_login(CLIENT)
    page.close()
    page = opened(shell)
    page.told.until(AccountEvent, lambda event: event.payload.get("bare_id") == bare)
    sandbox.post("/settings", history=0)
    assert ask(page, LookUp(f"{WRITTEN}@c.us", bare)).ack >= 1


@pytest.mark.parametrize("lids", [False, True])
def test_strangers_are_written_to_after_whatsapp_was_asked_for_them(
    page_of: Linked, sandbox: Sandbox, lids: bool
) -> None:
    page = page_of("modern", lids)
    assert isinstance(send(page, "5491177770001@c.us"), Answered)
    sandbox.api.put(f"/api/absent/{NOBODY}")
    assert NOBODY in send(page, f"{NOBODY}@c.us").why
    assert "There is no such chat" in send(page, f"{NOBODY}@c.us").why


def test_where_whatsapp_does_not_say_who_it_is_a_message_goes_as_it_was_asked(
    page_of: Linked, sandbox: Sandbox
) -> None:
    page = page_of("modern", False)
    sandbox.post(f"/accounts/{NUMBER}/queries", mode="fail")
    assert send(page, CHAT).value.chat == CHAT


def test_an_account_with_lids_that_cannot_ask_says_so_and_not_that_nobody_is_there(
    page_of: Linked, sandbox: Sandbox
) -> None:
    page = page_of("modern", True)
    sandbox.post(f"/accounts/{NUMBER}/queries", mode="fail", left=1)
    why = send(page, CHAT).why
    assert "did not say" in why
    assert "no such chat" not in why.lower()
    assert isinstance(send(page, CHAT), Answered)


def test_a_message_is_not_called_absent_where_nobody_can_say_where_it_went(page_of: Linked, sandbox: Sandbox) -> None:
    page = page_of("modern", False)
    question: Operation[Any] = LookUp("5491177770009@c.us", "3EB00000000000000000AA")
    sandbox.post(f"/accounts/{NUMBER}/queries", mode="fail", left=1)
    assert ask(page, question) == LookedUp(None, complete=False)
    assert ask(page, question) == LookedUp(None, complete=True)
