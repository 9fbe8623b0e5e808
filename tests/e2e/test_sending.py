"""What callers hear of messages that do not arrive, on the real page."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Consumers, Serve
from tests.rig import Sandbox
from tests.rig.processes import until

ABSENT, REFUSED, SILENT, FRIEND = "5491100000404", "5491100000500", "5491100000408", "5491122334455"
SEND_TIMEOUT = 2.0


def test_messages_that_cannot_leave_are_refused_and_the_unconfirmed_one_is_called_unknown(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    client = consumer(serve(send_timeout=SEND_TIMEOUT).start())
    assert client.send(FRIEND, "too early").json() == {
        "error": True,
        "code": "SESSION_NOT_READY",
        "message": "WhatsApp session not ready. Current state: NOT_INITIALIZED",
    }
    client.init()
    assert client.send(FRIEND, "too early").json()["message"].endswith("Current state: QR_REQUIRED")
    client.pair()
    sandbox.api.put(f"/api/absent/{ABSENT}").raise_for_status()
    client.phone("sending", mode="refuse", to=REFUSED)
    client.phone("sending", mode="never", to=SILENT)

    for number in (ABSENT, REFUSED):
        answer = client.send(number, "hello")
        assert (answer.status_code, answer.json()["code"]) == (500, "SEND_FAILED"), answer.text
        assert answer.json()["outcome"] == "failed"
    answer = client.send(SILENT, "hello?")
    assert (answer.status_code, answer.json()["code"]) == (500, "SEND_FAILED"), answer.text
    assert answer.json()["outcome"] == "unknown"
    assert answer.elapsed.total_seconds() == pytest.approx(SEND_TIMEOUT, abs=1.5)

    assert client.state() == "READY"
    assert client.send(FRIEND, "and on").status_code == 200
    assert [message["text"] for message in sandbox.get(f"/phones/{FRIEND}", wait=5, count=1)["received"]] == ["and on"]
    silent = [m for m in sandbox.get(f"/accounts/{client.number}/messages") if m["chat"] == SILENT]
    assert [message["arrivals"] for message in silent] == [1], "it must not be sent again"


def test_messages_of_one_client_leave_in_the_order_of_their_acceptance(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    client = consumer(serve().start())
    client.pair()
    texts = [f"number {i}" for i in range(20)]
    accepted = [client.http.post("/messages", json={"to": FRIEND, "message": text}) for text in texts]
    assert {answer.status_code for answer in accepted} == {202}
    arrived = sandbox.get(f"/phones/{FRIEND}", wait=20, count=len(texts))["received"]
    assert [message["text"] for message in arrived] == texts
    until(lambda: client.message(accepted[-1].json()["id"])["state"], "read".__eq__, "the last is read", 10.0)
