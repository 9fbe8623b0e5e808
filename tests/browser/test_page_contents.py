"""One page of real Chromium on the sandbox: what a message event says of every kind of message."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.events import AccountEvent, MessageArrived, MessageOutgoing
from actors.clients.operations.messages import SendText
from actors.clients.protocol import Answered, BrowserGone, Ready
from tests.browser.pages import ADDRESSING, CHAT, CLIENT, FRIEND, NUMBER, Open, Opened, evaluate
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

OTHER = "5491166778899"
GROUP = "120363000000000003@g.us"
BYTES = b"\x89PNG\r\n\x1a\n of a kind"


def file(kind: str | None = None, mimetype: str = "image/png", name: str = "a.png", **more: Any) -> dict[str, Any]:
    given = {} if kind is None else {"kind": kind}
    return {"mimetype": mimetype, "name": name, "base64": base64.b64encode(BYTES).decode(), **given, **more}


def facts_of(mimetype: str, filename: str | None = None, duration: int | None = None) -> dict[str, Any]:
    told = {"mimetype": mimetype, "size": len(BYTES), "filename": filename, "duration": duration}
    return {**told, "url": None, "digest": None, "error": None}


KINDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("chat", {"text": "hello", "forwarded": True}, {"body": "hello", "forwarded": True}),
    (
        "image",
        {"text": "look", "file": file()},
        {"caption": "look", "body": None, "media": facts_of("image/png")},
    ),
    (
        "document",
        {"file": file("document", "application/pdf", "bill.pdf")},
        {"caption": None, "media": facts_of("application/pdf", "bill.pdf")},
    ),
    ("video", {"file": file(None, "video/mp4", "a.mp4", duration=7)}, {"media": facts_of("video/mp4", None, 7)}),
    ("ptv", {"file": file("video_note", "video/mp4", "a.mp4")}, {"media": facts_of("video/mp4")}),
    ("audio", {"file": file(None, "audio/mpeg", "a.mp3")}, {"media": facts_of("audio/mpeg")}),
    (
        "ptt",
        {"file": file("voice", "audio/ogg; codecs=opus", "a.ogg", duration=3)},
        {"media": facts_of("audio/ogg; codecs=opus", None, 3)},
    ),
    ("sticker", {"file": file("sticker", "image/webp", "a.webp")}, {"media": facts_of("image/webp")}),
    (
        "location",
        {"location": {"latitude": -34.6, "longitude": -58.4, "name": "Obelisco", "address": "Av. 9 de Julio"}},
        {
            "location": {
                "latitude": -34.6,
                "longitude": -58.4,
                "name": "Obelisco",
                "address": "Av. 9 de Julio",
                "url": None,
                "live": False,
            },
            "media": None,
        },
    ),
    (
        "vcard",
        {"contacts": [{"name": "Ana", "vcard": "BEGIN:VCARD\nFN:Ana\nEND:VCARD"}]},
        {"contacts": [{"name": "Ana", "vcard": "BEGIN:VCARD\nFN:Ana\nEND:VCARD"}], "body": None},
    ),
    (
        "multi_vcard",
        {"contacts": [{"name": "Ana", "vcard": "BEGIN:1"}, {"name": "Bob", "vcard": "BEGIN:2"}]},
        {"contacts": [{"name": "Ana", "vcard": "BEGIN:1"}, {"name": "Bob", "vcard": "BEGIN:2"}]},
    ),
    (
        "poll_creation",
        {"poll": {"name": "Lunch?", "options": ["yes", "no"], "selectable": 1}},
        {"poll": {"name": "Lunch?", "options": ["yes", "no"], "selectable": 1}},
    ),
    (
        "buttons_response",
        {"reply": {"kind": "button", "id": "b1", "text": "Pay"}},
        {"reply": {"id": "b1", "text": "Pay"}, "body": "Pay"},
    ),
    (
        "list_response",
        {"reply": {"kind": "list", "id": "row-2", "text": "Delivery"}},
        {"reply": {"id": "row-2", "text": "Delivery"}},
    ),
    (
        "template_button_reply",
        {"reply": {"kind": "template", "id": "t1", "text": "Later"}},
        {"reply": {"id": "t1", "text": "Later"}},
    ),
]
"""Type of a message, what a phone sends, what the event says."""


def arrival(page: Opened, id: str) -> Any:
    """The event of the message with this bare id."""
    return page.told.until(MessageArrived, lambda fact: fact.payload["bare_id"] == id).payload


@ADDRESSING
def test_every_kind_of_message_is_told_with_what_is_in_it(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    page = linked(shell, lids=lids)
    for number, (kind, said, told) in enumerate(KINDS):
        id = f"3A{number:018X}"
        sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, id=id, **said)
        payload = arrival(page, id)
        assert tuple(payload) == MessageArrived.fields
        assert {name: payload[name] for name in told} == told, kind
        assert (payload["type"], payload["source"], payload["phone"]) == (kind, "app", FRIEND)
        assert payload["sender_name"] == f"Phone {FRIEND[-4:]}"
        nothing = {"quoted", "location", "contacts", "poll", "reply", "media"} - told.keys()
        assert {name: payload[name] for name in nothing} == dict.fromkeys(nothing)


@ADDRESSING
def test_quotes_and_mentions_are_told_and_in_a_group_who_wrote_with_both_addresses(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    sandbox.api.put(f"/api/groups/{GROUP}", json={"subject": "Us", "participants": [NUMBER, FRIEND, OTHER]})
    page = linked(shell, lids=lids)
    sandbox.post(f"/phones/{FRIEND}/send", to=GROUP, id="3A0000000000000000A1", text="Who comes?")
    asked = arrival(page, "3A0000000000000000A1")
    sandbox.post(
        f"/phones/{OTHER}/send",
        to=GROUP,
        id="3A0000000000000000A2",
        text="I do",
        quote="3A0000000000000000A1",
        mentions=[FRIEND],
    )
    told = arrival(page, "3A0000000000000000A2")
    assert (told["chat"], told["lid"], told["phone"]) == (GROUP, None, None)
    assert told["author_phone"] == OTHER
    assert told["author_lid"].endswith("@lid")
    assert told["author"] == (told["author_lid"] if lids else f"{OTHER}@c.us")
    assert told["sender_name"] == f"Phone {OTHER[-4:]}"
    assert told["mentions"] == [asked["author"]]
    assert told["quoted"] == {
        "id": asked["id"],
        "bare_id": "3A0000000000000000A1",
        "author": asked["author"],
        "author_lid": asked["author_lid"],
        "author_phone": FRIEND,
        "type": "chat",
        "body": "Who comes?",
    }


def test_what_the_owner_writes_on_the_own_phone_and_what_this_service_sends_are_told_apart(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page, ours = linked(shell), "3EB00000000000000000C1"
    sandbox.post(f"/phones/{NUMBER}/send", to=FRIEND, text="from my own phone", id="3A0000000000000000B1")
    own = arrival(page, "3A0000000000000000B1")
    assert (own["from_me"], own["source"], own["body"], own["chat"]) == (True, "app", "from my own phone", CHAT)
    page.page.call(ours, SendText(CHAT, "from the service"))
    page.told.until(Answered)
    sent = page.told.until(MessageOutgoing).payload
    assert tuple(sent) == MessageOutgoing.fields
    assert (sent["bare_id"], sent["from_me"], sent["source"], sent["body"]) == (ours, True, "api", "from the service")
    assert [fact.payload["bare_id"] for fact in page.told.told(AccountEvent) if fact.type == "message"] == [
        "3A0000000000000000B1"
    ]
    received = [message["text"] for message in sandbox.get(f"/phones/{FRIEND}")["received"]]
    assert received == ["from my own phone", "from the service"]


def test_a_part_of_a_message_that_cannot_be_read_costs_no_message(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    broken = "{ get() { throw new Error('not in this build'); } }"
    evaluate(page, f"Object.defineProperty(require('WAWebMsgModel').Msg.prototype, 'vcardList', {broken})")
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="hello", id="3A0000000000000000D1")
    payload = arrival(page, "3A0000000000000000D1")
    assert (payload["body"], payload["contacts"]) == ("hello", None)


def test_a_message_is_told_in_bounded_size(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    cards = [{"name": f"Person {number}", "vcard": "BEGIN" + "\n" * 20_000} for number in range(200)]
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, contacts=cards, id="3A0000000000000000E1")
    told = arrival(page, "3A0000000000000000E1")["contacts"]
    assert [card["name"] for card in told] == [f"Person {number}" for number in range(6)]
    assert {len(card["vcard"]) for card in told} == {16384}
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="x" * 70_000, id="3A0000000000000000E2")
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="y", quote="3A0000000000000000E2", id="3A0000000000000000E3")
    long, quoting = arrival(page, "3A0000000000000000E2"), arrival(page, "3A0000000000000000E3")
    assert (len(long["body"]), long["truncated"]) == (65_536, True)
    assert (len(quoting["quoted"]["body"]), quoting["truncated"]) == (1024, True)
    half = json.dumps({"to": NUMBER, "text": "half \ud83d, whole \U0001f600", "id": "3A0000000000000000E4"})  # in ASCII
    sandbox.api.post(f"/api/phones/{FRIEND}/send", content=half).raise_for_status()
    told = arrival(page, "3A0000000000000000E4")
    assert (told["body"], "truncated" in told) == ("half \ufffd, whole \U0001f600", False)


@pytest.mark.parametrize("lids", [False, True])
def test_a_group_tells_how_far_a_message_came_for_each_of_its_members(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, lids: bool
) -> None:
    sandbox.api.put(f"/api/groups/{GROUP}", json={"subject": "Us", "participants": [NUMBER, FRIEND, OTHER]})
    sandbox.post(f"/phones/{OTHER}", reads=False)
    page, id = linked(shell, lids=lids), "3EB00000000000000000F1"
    page.page.call(id, SendText(GROUP, "hello all"))
    page.told.until(Answered)

    def is_of(phone: str, ack: int) -> Any:
        return lambda fact: (
            fact.type == "message.ack" and fact.payload["author_phone"] == phone and fact.payload["ack"] == ack
        )

    read = page.told.until(AccountEvent, is_of(FRIEND, 3)).payload
    page.told.until(AccountEvent, is_of(OTHER, 2))
    assert (read["bare_id"], read["chat"]) == (id, GROUP)
    assert read["author_lid"].endswith("@lid")
    assert not any(is_of(OTHER, 3)(fact) for fact in page.told.told(AccountEvent))
    sandbox.post(f"/phones/{OTHER}", reads=True)
    page.told.until(AccountEvent, is_of(OTHER, 3))


@ADDRESSING
def test_what_became_of_messages_while_no_page_was_open_is_told_afterwards_and_once(
    shell: ChromiumBrowser, linked: Open, opened: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    first, ours = linked(shell, lids=lids), "3EB0000000000000000A01"
    shell.keep_login(CLIENT)
    for id in ("3A000000000000000A01", "3A000000000000000A02", "3A000000000000000A03"):
        sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="before", id=id)
        arrival(first, id)
    sandbox.post(f"/phones/{FRIEND}", online=False)
    chat = arrival_chat(first)
    first.page.call(ours, SendText(chat, "and ours"))
    first.told.until(Answered)
    first.close()

    sandbox.post(f"/phones/{FRIEND}/edit", to=NUMBER, id="3A000000000000000A01", text="after")
    sandbox.post(f"/phones/{FRIEND}/revoke", to=NUMBER, id="3A000000000000000A02")
    sandbox.post(f"/phones/{FRIEND}/react", to=NUMBER, id="3A000000000000000A03", emoji="🎉")
    sandbox.post(f"/phones/{FRIEND}", online=True)
    sandbox.post(f"/phones/{NUMBER}/send", to=FRIEND, text="my own phone", id="3A000000000000000A04")

    second = opened(shell)
    second.told.until(Ready)
    told = {
        fact.type: fact.payload
        for fact in (
            second.told.until(AccountEvent, lambda fact: fact.type == "message.edited"),
            second.told.until(AccountEvent, lambda fact: fact.type == "message.revoked"),
            second.told.until(AccountEvent, lambda fact: fact.type == "message.reaction"),
        )
    }
    assert (told["message.edited"]["bare_id"], told["message.edited"]["body"]) == ("3A000000000000000A01", "after")
    assert told["message.revoked"]["bare_id"] == "3A000000000000000A02"
    reaction = told["message.reaction"]
    assert (reaction["bare_id"], reaction["reaction"]) == ("3A000000000000000A03", "🎉")
    assert (reaction["author_phone"], reaction["chat"]) == (FRIEND, chat)
    assert arrival(second, "3A000000000000000A04")["from_me"] is True
    second.told.until(
        AccountEvent,
        lambda fact: fact.type == "message.ack" and fact.payload["bare_id"] == ours and fact.payload["ack"] >= 2,
    )
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="the last one", id="3A000000000000000A05")
    arrival(second, "3A000000000000000A05")
    changes = ("message.edited", "message.revoked", "message.reaction")
    kinds = [fact.type for fact in second.told.told(AccountEvent) if fact.type in changes]
    assert sorted(kinds) == sorted(changes)
    second.page.close()
    second.told.until(BrowserGone)


def arrival_chat(page: Opened) -> str:
    """The chat of the first message that was told, as the account addresses it."""
    return str(next(fact.payload["chat"] for fact in page.told.told(MessageArrived)))
