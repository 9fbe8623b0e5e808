"""The table of WAHA's events: each of our events that has one, from the example in its declaration."""

from __future__ import annotations

from typing import Any

import pytest

from actors.clients.events import EVENTS
from actors.clients.registry.config import ClientConfig
from actors.clients.registry.registry import ClientRegistry, StateChange
from actors.clients.types import ClientId, State
from actors.store.events import Event
from actors.waha.envelope import Environment, bodies
from actors.waha.events import KNOWN, MADE_OF, ROWS, UNTOLD, told, types, wanted
from gateway.waha.hooks import wishes_of

ME = ClientId(7)
GROUP = {"chat": "120363000000000002@g.us", "lid": None, "phone": None}


def of(event: str, /, **changes: Any) -> Event:
    return Event(1, "01M87KFZG1T7QJND7PG701Z90G", ME, 1, 1796049062.0, event, {**EVENTS[event].example, **changes})


def registry() -> ClientRegistry:
    made = ClientRegistry()
    made.put(ClientConfig(ME, "shop", {"user": "1"}))
    made.linked(ME, "5491100000007")
    made.changed(ME, StateChange(State.READY, 1796049000.0))
    return made


def named(event: Event) -> list[str]:
    return [one.name for one in told(event, registry().find(ME), "shop")]


@pytest.mark.parametrize("type", ROWS)
def test_the_example_of_each_event_is_told_under_a_name_that_is_listed(type: str) -> None:
    made = [name for name, _ in bodies(of(type), registry(), Environment(), ["*"])]
    assert set(made) <= set(MADE_OF[type])
    assert made or type == "message.state"


def test_the_two_tables_have_the_same_events_and_every_name_is_known() -> None:
    assert ROWS.keys() == MADE_OF.keys()
    assert ROWS.keys() <= EVENTS.keys()
    assert UNTOLD.isdisjoint(name for names in MADE_OF.values() for name in names)
    assert types(["*"]) == tuple(MADE_OF)
    assert types(["message.ack"]) == ("message.ack", "message.state")
    assert types(["unheard.of"]) == ()


@pytest.mark.parametrize(
    ("pattern", "name", "yes"),
    [
        ("*", "message", True),
        ("message", "message.any", False),
        ("message.*", "message", True),
        ("message.*", "message.ack.group", True),
        ("group.v2.*", "group.v2.join", True),
        ("group.*", "call.received", False),
    ],
)
def test_patterns(pattern: str, name: str, yes: bool) -> None:
    assert wanted([pattern], name) is yes


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"change": "add", "me": True}, "group.v2.join"),
        ({"change": "create", "me": True, "value": "Team"}, "group.v2.join"),
        ({"change": "remove", "me": True}, "group.v2.leave"),
        ({"change": "add"}, "group.v2.participants"),
        ({"change": "promote"}, "group.v2.participants"),
        ({"change": "subject", "value": "News", "people": [], "participants": []}, "group.v2.update"),
        ({"change": "picture", "people": [], "participants": []}, None),
    ],
)
def test_a_change_of_a_group_is_one_of_four_events(changes: dict[str, Any], name: str | None) -> None:
    assert named(of("group.changed", **changes)) == ([] if name is None else [name])


def test_a_group_that_was_joined_has_every_field_that_consumers_read() -> None:
    (joined,) = told(of("group.changed", change="create", me=True, value="Team"), registry().find(ME), "shop")
    group = joined.payload["group"]
    assert (group["subject"], group["description"], group["membersCanSendMessages"]) == ("Team", None, None)


def test_acknowledgements_in_groups_and_failed_messages_have_names_of_their_own() -> None:
    assert named(of("message.ack", **GROUP)) == ["message.ack.group"]
    assert named(of("message.ack")) == ["message.ack"]
    assert named(of("message.state", state="failed", reason="Refused")) == ["message.ack"]
    assert named(of("message.state", state="failed", **GROUP)) == ["message.ack.group"]
    (failed,) = told(of("message.state", state="failed", reason="Refused"), registry().find(ME), "shop")
    assert (failed.payload["ack"], failed.payload["ackName"], failed.payload["error"]) == (-1, "ERROR", "Refused")


def test_what_was_chosen_is_the_text_and_what_it_answers_names_people_by_number() -> None:
    quoted = {
        **{"id": None, "bare_id": "3EB0AA", "type": "chat", "body": "Which one?"},
        **{"author": "112233445566@lid", "author_lid": "112233445566@lid", "author_phone": "5491100000007"},
    }
    event = of("message", type="list_response", body="The red one", caption=None, quoted=quoted)
    message = told(event, registry().find(ME), "shop")[0].payload
    assert (message["body"], message["replyTo"]["participant"]) == ("The red one", "5491100000007@c.us")
    assert message["replyTo"]["id"] == message["_data"]["quotedStanzaID"] == "3EB0AA"
    assert message["_data"]["quotedMsg"] == {"type": "chat", "body": "Which one?"}
    picture = told(of("message", type="image", body=None, caption="look"), registry().find(ME), "shop")[0].payload
    assert picture["body"] == "look"


MESSAGE = {
    *("id", "timestamp", "from", "to", "fromMe", "source", "participant", "author", "body", "hasMedia", "media"),
    *("mediaUrl", "ack", "ackName", "replyTo", "location", "vCards", "_data"),
}
RAW = {
    *("id", "type", "body", "t", "notifyName", "from", "to", "author", "quotedMsg", "quotedStanzaID"),
    *("mentionedJidList", "isForwarded", "mimetype", "filename", "size", "caption", "duration", "lat", "lng", "loc"),
    *("pollName", "pollOptions", "pushName"),
}


def test_a_message_has_every_field_of_wahas_and_no_type_of_its_own() -> None:
    for event in ("message", "message.outgoing", "message.edited"):
        message = told(of(event), registry().find(ME), "shop")[-1].payload
        assert message.keys() - {"editedMessageId"} == MESSAGE
        assert message["_data"].keys() >= RAW


def test_a_file_is_told_with_an_address_and_its_fault_with_none() -> None:
    picture = {"type": "image", "body": None, "caption": "Look"}
    media = {"mimetype": "image/jpeg", "size": 3, "filename": None, "url": "/media/x", "digest": "x", "error": None}
    event = of("message", **picture, media=media)
    (_, body), _ = bodies(event, registry(), Environment(base_url="https://wa.example"), ["*"])
    assert b'"url":"https://wa.example/api/files/shop/false_5491122334455@c.us_3AF0A9E082754536608C.jpeg"' in body
    (first, _) = told(
        of("message", **picture, media={**media, "url": None, "error": "Gone"}), registry().find(ME), "shop"
    )
    assert first.payload["hasMedia"]
    assert first.payload["media"] == {
        "url": None,
        "mimetype": "image/jpeg",
        "filename": None,
        "error": {"message": "Gone"},
        "s3": None,
    }
    assert first.payload["body"] == "Look"


def test_a_webhook_for_everything_is_two_of_ours_that_never_tell_the_same() -> None:
    first, second = wishes_of(ME, {"url": "https://example.com", "events": ["*"]})
    assert {*first["events"], *second["events"]} == KNOWN
    assert second["events"] == ["message.any"]
