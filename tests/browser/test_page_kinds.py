"""Kinds of messages and changes of messages, on real Chromium: what arrives at the phones, and what phones answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors.browser import page as browser_page
from actors.browser.browser import ChromiumBrowser
from actors.clients.operations.changes import (
    DeleteMessage,
    EditMessage,
    MessageChange,
    PinMessage,
    ReactToMessage,
    StarMessage,
)
from actors.clients.operations.messages import (
    ContactCard,
    ForwardMessage,
    LinkPreview,
    LookUp,
    SendContacts,
    SendPoll,
    SendText,
    draw_message_id,
)
from actors.clients.operations.presence import (
    GetPresence,
    MarkRead,
    MarkUnread,
    ShowPresence,
    ShowTyping,
    SubscribePresence,
    Typing,
)
from actors.clients.protocol import Answered, OutcomeUnknown, Refused
from tests.browser.pages import CHAT, FRIEND, NUMBER, answer
from tests.browser.stages import WORLDS, Stage, stage_of
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

OTHER = "5491133334444"


@pytest.fixture(scope="module", autouse=True)
def before_any_test(browsers: object) -> None:
    """What all tests share must be there before one of them looks at what is there."""


@pytest.fixture(scope="module", params=WORLDS)
def stage(
    request: pytest.FixtureRequest, browsers: Callable[[str], ChromiumBrowser], sandbox_process: Sandbox
) -> Iterator[Stage]:
    """A Ready page of each generation, and one of an account with LIDs."""
    stage = stage_of(request.param, browsers, sandbox_process)
    stage.link()
    yield stage
    stage.close()


@pytest.fixture
def phones(sandbox_process: Sandbox) -> Sandbox:
    """The sandbox as the tests before have left it."""
    return sandbox_process


def received(phones: Sandbox, bare_id: str, phone: str = FRIEND) -> dict[str, Any]:
    """The message as the phone has it."""
    found: list[dict[str, Any]] = phones.get(f"/phones/{phone}")["received"]
    return next(message for message in found if message["id"] == bare_id)


def sent(phones: Sandbox, bare_id: str) -> dict[str, Any]:
    """The message as the account has it."""
    found: list[dict[str, Any]] = phones.get(f"/accounts/{NUMBER}/messages")
    return next(message for message in found if message["id"] == bare_id)


def in_group(phones: Sandbox, group: str, owner: str) -> str:
    """A group with the account and two others in it."""
    made = {"subject": "Us", "participants": [NUMBER, FRIEND, OTHER], "owner": owner}
    phones.api.put(f"/api/groups/{group}", json=made).raise_for_status()
    return group


def written(stage: Stage, phones: Sandbox, text: str = "hello", to: str = NUMBER) -> str:
    """A message from the friend's phone, once it has been told."""
    id_: str = phones.post(f"/phones/{FRIEND}/send", to=to, text=text)["id"]
    stage.event("message", bare_id=id_)
    return id_


def send(stage: Stage, operation: Any) -> str:
    """Send it, and return its bare id."""
    order = draw_message_id()
    stage.done(operation, order)
    return order


def test_a_reply_says_what_it_answers(stage: Stage, phones: Sandbox) -> None:
    asked = written(stage, phones, "a question")
    for reply_to in (asked, f"false_{CHAT}_{asked}"):
        assert received(phones, send(stage, SendText(CHAT, "an answer", reply_to=reply_to)))["quoted"] == asked
    own = stage.own_message()
    assert received(phones, send(stage, SendPoll(CHAT, "Which?", ("a", "b"), reply_to=own)))["quoted"] == own


def test_a_reply_to_what_is_not_there_is_refused_before_anything_leaves(stage: Stage, phones: Sandbox) -> None:
    total = phones.get(f"/phones/{FRIEND}")["total"]
    fact = stage.ask(SendText(CHAT, "an answer", reply_to="3EB0000000000000DEAD"))
    assert isinstance(fact, Refused)
    assert (fact.code, fact.why) == (
        "MESSAGE_NOT_FOUND",
        "WhatsApp Web knows no message 3EB0000000000000DEAD in this chat",
    )
    assert phones.get(f"/phones/{FRIEND}")["total"] == total


def test_mentions_arrive_as_the_people_they_are(stage: Stage, phones: Sandbox) -> None:
    message = received(phones, send(stage, SendText(CHAT, f"ask @{OTHER}", mentions=(f"{OTHER}@c.us",))))
    assert message["mentions"] == [OTHER]
    fact = stage.ask(SendText(CHAT, "all of you", mentions="all"))
    assert isinstance(fact, Refused)
    assert fact.code == "NOT_A_GROUP"


def test_everybody_in_a_group_is_mentioned_but_the_account_itself(stage: Stage, phones: Sandbox) -> None:
    group = in_group(phones, "120363000000000011@g.us", owner=FRIEND)
    order = send(stage, SendText(group, "all of you", mentions="all"))
    assert sorted(received(phones, order)["mentions"]) == sorted([FRIEND, OTHER])
    order = send(stage, SendText(group, f"@{OTHER}", mentions=(OTHER + "@c.us",)))
    assert received(phones, order)["mentions"] == [OTHER]


def test_a_link_has_the_preview_that_was_asked_for(stage: Stage, phones: Sandbox) -> None:
    url = "https://example.com/invoice"
    text = f"see {url}"
    assert received(phones, send(stage, SendText(CHAT, text)))["preview"] is None
    own = LinkPreview(url, "Your invoice", "of March", "/9j/4AAQ")
    message = received(phones, send(stage, SendText(CHAT, text, link_preview=own)))
    assert message["text"] == text
    assert message["preview"] == {
        "title": "Your invoice",
        "description": "of March",
        "url": url,
        "thumbnail": "/9j/4AAQ",
    }
    made = received(phones, send(stage, SendText(CHAT, text, link_preview=True)))
    assert made["preview"] == {"title": "example.com", "description": "/invoice", "url": url}
    assert received(phones, send(stage, SendText(CHAT, "no link", link_preview=True)))["preview"] is None


def test_contact_cards_arrive_one_or_several(stage: Stage, phones: Sandbox) -> None:
    ana = ContactCard("Ana; María", OTHER, "Acme, Inc.")
    message = received(phones, send(stage, SendContacts(CHAT, (ana,))))
    assert message["type"] == "vcard"
    (card,) = message["contacts"]
    assert card["name"] == "Ana; María"
    assert card["vcard"].splitlines() == [
        "BEGIN:VCARD",
        "VERSION:3.0",
        r"N:;Ana\; María;;;",
        r"FN:Ana\; María",
        r"ORG:Acme\, Inc.;",
        f"TEL;type=CELL;type=VOICE;waid={OTHER}:+{OTHER}",
        "END:VCARD",
    ]
    whole = "BEGIN:VCARD\nVERSION:3.0\nFN:Bea\nEND:VCARD"
    message = received(phones, send(stage, SendContacts(CHAT, (ana, ContactCard("Bea", vcard=whole)))))
    assert message["type"] == "multi_vcard"
    assert [(card["name"], card["vcard"] == whole) for card in message["contacts"]] == [
        ("Ana; María", False),
        ("Bea", True),
    ]


def test_a_poll_arrives_and_its_votes_are_told(stage: Stage, phones: Sandbox) -> None:
    order = send(stage, SendPoll(CHAT, "When?", ("Monday", "Tuesday")))
    message = received(phones, order)
    assert (message["type"], message["poll"]) == (
        "poll_creation",
        {"name": "When?", "options": ["Monday", "Tuesday"], "selectable": 1},
    )
    phones.post(f"/phones/{FRIEND}/vote", to=NUMBER, id=order, choices=["Tuesday"])
    vote = stage.event("poll.vote", bare_id=order)
    assert (vote["choices"], vote["from_me"]) == (["Tuesday"], True)
    phones.post(f"/phones/{FRIEND}/vote", to=NUMBER, id=order, choices=[])
    assert stage.event("poll.vote", bare_id=order)["choices"] == []
    several = send(stage, SendPoll(CHAT, "Which?", ("a", "b", "c"), multiple_answers=True))
    assert received(phones, several)["poll"]["selectable"] == 3
    phones.post(f"/phones/{FRIEND}/vote", to=NUMBER, id=several, choices=["c", "a"])
    assert sorted(stage.event("poll.vote", bare_id=several)["choices"]) == ["a", "c"]


def test_a_message_is_forwarded_under_our_id_and_found_by_it(stage: Stage, phones: Sandbox) -> None:
    asked = written(stage, phones, "pass it on")
    order = draw_message_id()
    value = stage.done(ForwardMessage(f"{OTHER}@c.us", asked), order)
    assert value.message_id.endswith(f"_{order}")
    message = received(phones, order, OTHER)
    assert (message["text"], message["forwarded"]) == ("pass it on", True)
    assert stage.done(LookUp(f"{OTHER}@c.us", order)).ack >= 1
    named = send(stage, ForwardMessage(f"{OTHER}@c.us", f"false_{CHAT}_{asked}"))
    elsewhere = send(stage, ForwardMessage(f"{OTHER}@c.us", asked, CHAT))
    assert [received(phones, id_, OTHER)["text"] for id_ in (named, elsewhere)] == ["pass it on"] * 2
    fact = stage.ask(ForwardMessage(f"{OTHER}@c.us", "3EB0000000000000DEAD"))
    assert isinstance(fact, Refused)
    assert fact.code == "MESSAGE_NOT_FOUND"


def test_a_picture_is_forwarded_with_its_caption(stage: Stage, phones: Sandbox) -> None:
    file = {"name": "a.png", "mimetype": "image/png", "base64": "iVBORw0KGgo="}
    id_ = phones.post(f"/phones/{FRIEND}/send", to=NUMBER, text="look", file=file)["id"]
    stage.event("message", bare_id=id_)
    message = received(phones, send(stage, ForwardMessage(f"{OTHER}@c.us", id_)), OTHER)
    assert (message["type"], message["text"], message["media"]["mimetype"]) == ("image", "look", "image/png")


def test_a_reaction_reaches_the_phone_and_is_taken_back(stage: Stage, phones: Sandbox) -> None:
    asked = written(stage, phones)
    stage.done(ReactToMessage(CHAT, asked, "👍"))
    assert sent(phones, asked)["reactions"] == {NUMBER: "👍"}
    stage.event("message.reaction", bare_id=asked, reaction="👍")
    stage.done(ReactToMessage(CHAT, asked, ""))
    assert sent(phones, asked)["reactions"].get(NUMBER, "") == ""


def test_a_reaction_to_what_is_not_there_is_refused(stage: Stage) -> None:
    fact = stage.ask(ReactToMessage(CHAT, "3EB0000000000000DEAD", "👍"))
    assert isinstance(fact, Refused)
    assert fact.code == "MESSAGE_NOT_FOUND"


def test_a_text_is_edited_for_fifteen_minutes(stage: Stage, phones: Sandbox, browsers: Any) -> None:
    own = stage.own_message("helo")
    stage.done(EditMessage(CHAT, own, "hello"))
    message = received(phones, own)
    assert (message["text"], message["edited"]) == ("hello", True)
    shell: ChromiumBrowser = browsers("chromium-headless-shell")
    aged = f"WPP.whatsapp.MsgStore.getModelsArray().find(({{id}}) => id.id === '{own}').t -= 901"
    answer(shell, aged)
    fact = stage.ask(EditMessage(CHAT, own, "late"))
    assert isinstance(fact, Refused)
    assert fact.why == "WhatsApp changes texts and captions only, and only for 15 minutes after they were sent"
    assert received(phones, own)["text"] == "hello"


def test_what_others_wrote_is_not_edited(stage: Stage, phones: Sandbox) -> None:
    fact = stage.ask(EditMessage(CHAT, written(stage, phones), "mine now"))
    assert isinstance(fact, Refused)
    assert fact.code == "NOT_YOURS"


def test_an_own_message_is_deleted_for_everyone_or_here_alone(stage: Stage, phones: Sandbox) -> None:
    own, kept = stage.own_message("oops"), stage.own_message("only here")
    stage.done(DeleteMessage(CHAT, own))
    assert received(phones, own)["revoked"]
    stage.done(DeleteMessage(CHAT, own))  # it is as was ordered
    stage.done(DeleteMessage(CHAT, kept, everyone=False))
    assert received(phones, kept)["text"] == "only here"
    assert kept not in [message["id"] for message in phones.get(f"/accounts/{NUMBER}/messages")]


def test_what_others_wrote_is_not_deleted_for_everyone_and_stays(stage: Stage, phones: Sandbox) -> None:
    group = in_group(phones, "120363000000000012@g.us", owner=FRIEND)
    for chat, other in ((CHAT, written(stage, phones)), (group, written(stage, phones, to=group))):
        fact = stage.ask(DeleteMessage(chat, other))
        assert isinstance(fact, Refused), fact
        assert (fact.code, sent(phones, other)["revoked"]) == ("NOT_ALLOWED", False)


def test_an_admin_deletes_what_others_wrote_in_the_group(stage: Stage, phones: Sandbox) -> None:
    group = in_group(phones, "120363000000000013@g.us", owner=NUMBER)
    other = written(stage, phones, to=group)
    stage.done(DeleteMessage(group, other))
    assert sent(phones, other)["revoked"]


def test_a_message_is_starred_and_pinned_and_neither_any_more(stage: Stage, phones: Sandbox) -> None:
    own = stage.own_message()
    for _ in range(2):  # what already is so, is done
        stage.done(StarMessage(CHAT, own))
        stage.done(PinMessage(CHAT, own, duration=86400))
    message = sent(phones, own)
    assert (message["starred"], 86_000 < message["pinned_until"] - message["t"] < 87_000) == (True, True)
    for _ in range(2):
        stage.done(StarMessage(CHAT, own, starred=False))
        stage.done(PinMessage(CHAT, own, pinned=False))
    message = sent(phones, own)
    assert (message["starred"], message["pinned_until"]) == (False, None)


def test_reading_is_told_to_the_sender(stage: Stage, phones: Sandbox) -> None:
    asked = written(stage, phones)
    assert not sent(phones, asked)["read"]
    stage.done(MarkRead(CHAT))
    assert sent(phones, asked)["read"]
    assert stage.event("chat.read", unread=False)["phone"] == FRIEND
    stage.done(MarkUnread(CHAT))
    assert stage.event("chat.read", unread=True)["phone"] == FRIEND


def test_typing_recording_and_being_online_are_seen_by_the_phone(stage: Stage, phones: Sandbox) -> None:
    for state in (Typing.TYPING, Typing.RECORDING, Typing.PAUSED):
        stage.done(ShowTyping(CHAT, state))
        stage.done(MarkRead(CHAT))  # after it, on the same connection, and answered
        assert phones.get(f"/phones/{FRIEND}")["typing"] == {NUMBER: str(state)}
    for online in (True, False):
        stage.done(ShowPresence(online))
        stage.done(MarkRead(CHAT))
        assert phones.get(f"/accounts/{NUMBER}")["available"] is online


def test_a_phones_presence_is_told_once_it_was_subscribed_to(stage: Stage, phones: Sandbox) -> None:
    stage.done(SubscribePresence(CHAT))
    stage.done(MarkRead(CHAT))
    phones.post(f"/phones/{FRIEND}/presence", online=True)
    assert stage.event("presence", phone=FRIEND, state="available")["online"] is True
    phones.post(f"/phones/{FRIEND}/typing", to=NUMBER, state="typing")
    stage.event("presence", phone=FRIEND, state="typing")
    assert stage.done(GetPresence(CHAT)).state == "typing"
    phones.post(f"/phones/{FRIEND}/typing", to=NUMBER, state="recording")
    stage.event("presence", phone=FRIEND, state="recording")
    phones.post(f"/phones/{FRIEND}/typing", to=NUMBER, state="paused")
    stage.event("presence", phone=FRIEND, state="available")
    phones.post(f"/phones/{FRIEND}/presence", online=False)
    assert stage.event("presence", phone=FRIEND, state="unavailable")["online"] is False
    known = stage.done(GetPresence(CHAT))
    assert (known.online, known.state, known.last_seen is not None) == (False, "unavailable", True)
    assert stage.done(GetPresence("5491199999999@c.us")).state == "unknown"


CHANGES: dict[str, Callable[[str], MessageChange]] = {
    "react": lambda own: ReactToMessage(CHAT, own, "👍"),
    "edit": lambda own: EditMessage(CHAT, own, "other"),
    "revoke": lambda own: DeleteMessage(CHAT, own),
    "delete": lambda own: DeleteMessage(CHAT, own, everyone=False),
    "star": lambda own: StarMessage(CHAT, own),
    "pin": lambda own: PinMessage(CHAT, own),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_whatsapp_never_answers_is_called_unknown_in_time(
    stage: Stage, phones: Sandbox, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_page, "ANSWER", 0.5)
    own = stage.own_message()
    phones.post(f"/accounts/{NUMBER}/marks", mode="lose")
    fact = stage.ask(CHANGES[kind](own))
    phones.post(f"/accounts/{NUMBER}/marks", mode="ok")
    assert isinstance(fact, OutcomeUnknown), fact


def test_what_whatsapp_refuses_is_not_called_done(
    stage: Stage, phones: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = stage.own_message()
    phones.post(f"/accounts/{NUMBER}/marks", mode="refuse")
    ended = {kind: type(stage.ask(made(own))) for kind, made in CHANGES.items() if kind in ("react", "edit", "pin")}
    phones.post(f"/accounts/{NUMBER}/marks", mode="ok")
    assert Answered not in ended.values(), ended
