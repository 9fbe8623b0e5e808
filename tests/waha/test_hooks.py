"""A session's webhooks: ours in another envelope, changed and ended with its configuration."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from actors.clients.events import MessageAcknowledged, MessageArrived, MessageReaction
from actors.clients.types import ClientId
from tests.gateway.running import until
from tests.waha.consumer import Consumer
from tests.webhooks.receiver import Receiver, Request

FRIEND = {"chat": "5491122334455@c.us", "lid": "750235343914045@lid", "phone": "5491122334455"}


def written(bare_id: str, **more: Any) -> dict[str, Any]:
    """The payload of a message of a friend's."""
    told = {"bare_id": bare_id, "from_me": False, "author": None, "type": "chat", "body": "Hi", "caption": None}
    return {"id": f"false_5491122334455@c.us_{bare_id}", **FRIEND, "t": 1795551656, "ack": 1, **told, **more}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


def url(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.port}/hook"


def named(receiver: Receiver, name: str, count: int = 1) -> list[Request]:
    """The first deliveries of this event."""
    ask = lambda: [one for one in receiver.requests if one.event["event"] == name]  # noqa: E731
    return until(ask, lambda found: len(found) >= count, f"{count} of {name}")


def tell(waha: Consumer, client_id: ClientId, *facts: Any) -> None:
    for fact in facts:
        waha.service.browser.page(client_id).tell(fact)


def test_an_event_comes_in_wahas_envelope_signed_over_its_raw_body(waha: Consumer, receiver: Receiver) -> None:
    hook = {
        "url": url(receiver),
        "events": ["session.status", "message", "unheard.of"],
        "hmac": {"key": "a secret of ours"},
        "customHeaders": [{"name": "X-Shop", "value": "7"}],
        "retries": {"policy": "linear", "delaySeconds": 1, "attempts": 3},
    }
    client_id = waha.works("shop", config={"metadata": {"user": "1"}, "webhooks": [hook]})
    tell(waha, client_id, MessageArrived(written("3A01")))
    (told,) = named(receiver, "message")
    body = told.event
    assert body["id"].startswith("evt_")
    assert body["id"] == body["id"].lower()
    assert (body["session"], body["metadata"], body["engine"]) == ("shop", {"user": "1"}, "WEBJS")
    assert body["me"]["id"] == f"{waha.service.status(client_id)['phone']}@c.us"
    message = body["payload"]
    assert (message["id"], message["from"], message["to"]) == (
        "false_5491122334455@c.us_3A01",
        "5491122334455@c.us",
        body["me"]["id"],
    )
    assert (message["body"], message["fromMe"], message["hasMedia"]) == ("Hi", False, False)
    assert "type" not in message
    assert message["_data"]["id"]["_serialized"] == message["id"]
    assert body["environment"]["tier"] == "PLUS"
    signed = hmac.new(b"a secret of ours", told.body, "sha512").hexdigest()
    assert (told.headers["x-webhook-hmac"], told.headers["x-webhook-hmac-algorithm"]) == (signed, "sha512")
    assert told.headers["x-shop"] == "7"
    statuses = [one.event["payload"]["status"] for one in named(receiver, "session.status", 3)]
    assert statuses[0] == "STARTING"
    assert statuses[-1] == "WORKING"
    assert "SCAN_QR_CODE" in statuses


def test_message_and_message_any_both_come_for_one_message_each_once(waha: Consumer, receiver: Receiver) -> None:
    hook = {"url": url(receiver), "events": ["*"]}
    client_id = waha.works("shop", config={"webhooks": [hook]})
    own = written("3A03", from_me=True, id="true_5491122334455@c.us_3A03")
    tell(waha, client_id, MessageArrived(written("3A02")), MessageArrived(own))
    every = named(receiver, "message.any", 2)
    (incoming,) = named(receiver, "message")
    assert [one.event["payload"]["fromMe"] for one in every] == [False, True]
    assert len({one.event["id"] for one in [*every, incoming]}) == 3
    assert every[1].event["payload"]["to"] == "5491122334455@c.us"


def test_acknowledgements_and_reactions_are_told_in_wahas_words(waha: Consumer, receiver: Receiver) -> None:
    hook = {"url": url(receiver), "events": ["message.ack", "message.reaction"]}
    client_id = waha.works("shop", config={"webhooks": [hook]})
    own = {**FRIEND, "id": "true_5491122334455@c.us_3EB0", "bare_id": "3EB0", "from_me": True, "t": None}
    tell(
        waha,
        client_id,
        MessageAcknowledged({**own, "author": None, "ack": 3}),
        MessageReaction({**own, "author": "5491122334455@c.us", "reaction": "👍", "t": 1795551659}),
    )
    (ack,), (reaction,) = named(receiver, "message.ack"), named(receiver, "message.reaction")
    payload = ack.event["payload"]
    assert (payload["id"], payload["ack"], payload["ackName"]) == (own["id"], 3, "READ")
    assert reaction.event["payload"]["reaction"] == {"text": "👍", "messageId": own["id"]}
    assert {one.event["event"] for one in receiver.requests} == {"message.ack", "message.reaction"}


def native(waha: Consumer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = waha.service.http.get("/webhooks").json()
    return found


def test_webhooks_change_and_end_with_the_configuration(waha: Consumer, receiver: Receiver) -> None:
    hook = {"url": url(receiver), "events": ["message"], "hmac": {"key": "a secret of ours"}}
    made = waha.call("POST", "/api/sessions", json={"name": "shop", "start": False, "config": {"webhooks": [hook]}})
    assert made["config"]["webhooks"] == [{**hook, "hmac": {"key": "…"}}]
    (first,) = native(waha)
    assert (first["format"], first["clients"]) == ("waha", [waha.client("shop")])
    changed = {"webhooks": [made["config"]["webhooks"][0], {"url": url(receiver), "events": ["message.any"]}]}
    waha.call("PUT", "/api/sessions/shop", json={"config": changed})
    assert [one["id"] == first["id"] for one in native(waha)] == [True, False]
    assert waha.service.system.registry.find(waha.client("shop")).config.more["config"]["webhooks"][0] == hook
    waha.call("PUT", "/api/sessions/shop", json={"config": {"webhooks": []}})
    assert native(waha) == []
    waha.call("PUT", "/api/sessions/shop", json={"config": {"webhooks": [hook]}})
    assert len(native(waha)) == 1
    waha.call("DELETE", "/api/sessions/shop")
    assert native(waha) == []


def test_a_webhook_that_cannot_be_is_refused(waha: Consumer) -> None:
    for hook in ({"events": ["*"]}, {"url": "nowhere", "events": ["*"]}, "http://example.com", None):
        config = {"webhooks": [hook]}
        refused = waha.call("POST", "/api/sessions", 400, json={"name": "shop", "start": False, "config": config})
        assert refused["message"]
        waha.call("DELETE", "/api/sessions/shop")


def test_what_is_ignored_is_not_told_but_own_receipts_are(waha: Consumer, receiver: Receiver) -> None:
    hook = {"url": url(receiver), "events": ["message", "message.ack.group"]}
    client_id = waha.works("shop", config={"webhooks": [hook], "ignore": {"groups": True}})
    group = {"chat": "120363000000000002@g.us", "lid": None, "phone": None}
    own = {**group, "id": "true_120363000000000002@g.us_3EB0", "bare_id": "3EB0", "from_me": True, "t": None}
    tell(
        waha,
        client_id,
        MessageArrived({**written("3A04"), **group, "id": "false_120363000000000002@g.us_3A04"}),
        MessageAcknowledged({**own, "author": "5491122334455@c.us", "ack": 2}),
        MessageArrived(written("3A05")),
    )
    (ack,), (message,) = named(receiver, "message.ack.group"), named(receiver, "message")
    assert ack.event["payload"]["participant"] == "5491122334455@c.us"
    assert message.event["payload"]["id"].endswith("3A05")


def test_a_native_webhook_tells_the_name_and_the_metadata_of_its_client(waha: Consumer, receiver: Receiver) -> None:
    client_id = waha.works("shop", config={"metadata": {"user": "1"}})
    made = waha.service.http.post("/webhooks", json={"url": url(receiver), "events": ["message"]})
    assert made.status_code == 201, made.text
    tell(waha, client_id, MessageArrived(written("3A06")))
    (told,) = until(lambda: receiver.requests, bool, "a delivery")
    assert json.loads(told.body)["client"] == {"name": "shop", "metadata": {"user": "1"}}
