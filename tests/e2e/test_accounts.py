"""Another account behind a client, on the real page, which says whose it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.e2e.conftest import Consumers, Serve
from tests.rig import Sandbox
from tests.rig.processes import until

FRIEND, OTHER = "5491122334455", "5491177700002"


def test_a_scheduled_message_is_held_when_another_phone_scans_and_its_own_account_is_known_again(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    client = consumer(serve().start())
    client.pair()
    first, later = client.number, (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"to": FRIEND, "message": "for the first", "send_at": later}
    id = client.http.post("/messages", json=body).raise_for_status().json()["id"]
    client.phone("logout")
    client.reaches("DISCONNECTED_LOGOUT")
    client.number = OTHER
    client.pair()
    held = until(lambda: client.message(id), lambda message: message["held_because"], "it is held", 10.0)
    assert held["account"]["phone"] == first
    assert OTHER in held["reason"]
    assert client.send(FRIEND, "from the other").json()["final"] is True
    client.phone("logout")
    client.reaches("DISCONNECTED_LOGOUT")
    client.number = first
    client.pair()
    until(lambda: client.message(id)["held_because"], lambda why: why is None, "it waits for its time only", 10.0)
    texts = [message["text"] for message in sandbox.get(f"/phones/{FRIEND}")["received"]]
    assert texts == ["from the other"]
