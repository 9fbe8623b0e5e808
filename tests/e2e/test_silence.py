"""A WhatsApp that accepts connections and says nothing: stopped, its sockets stay open and nothing answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.chaos.surroundings import silent
from tests.e2e.conftest import Consumers, Serve
from tests.rig import Consumer, Sandbox
from tests.rig.processes import until

FRIEND = "5491122334455"
SEND_TIMEOUT = 2.0
START_PATIENCE = 8.0
"""Several times what a busy machine needs to start Chromium: it is WhatsApp that is to use it up."""
SLACK = 10.0
"""Seconds that a busy machine may take on top. Without a deadline it would be for ever."""


def test_silence_holds_nobody_beyond_a_deadline_and_what_was_on_its_way_settles_once(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    service = serve(send_timeout=SEND_TIMEOUT).start()
    sending, queueing = consumer(service, 1), consumer(service, 2)
    starting = consumer(serve("impatient", start_patience=START_PATIENCE).start(), 3)
    with ThreadPoolExecutor(2) as side_by_side:
        list(side_by_side.map(Consumer.pair, (sending, queueing)))

    with silent(sandbox.process):
        starting.init()
        queued = queueing.http.post("/messages", json={"to": FRIEND, "message": "queued"})
        assert queued.status_code == 202
        answer = sending.send(FRIEND, "asked")
        assert (answer.status_code, answer.json()["outcome"]) == (500, "unknown"), answer.text
        assert SEND_TIMEOUT <= answer.elapsed.total_seconds() < SEND_TIMEOUT + SLACK
        ended = starting.reaches("ERROR", seconds=START_PATIENCE + SLACK)
        assert ended["reason"] == "PAGE_UNREACHABLE"
        assert sending.status()["state"] in ("READY", "DISCONNECTED_RECOVERABLE")

    received = sandbox.get(f"/phones/{FRIEND}", wait=20, count=2)["received"]
    assert sorted(message["text"] for message in received) == ["asked", "queued"]
    _settles(queueing, queued.json()["id"])
    for client in (sending, queueing):
        client.reaches("READY")
        sent = [m["arrivals"] for m in sandbox.get(f"/accounts/{client.number}/messages") if m["from_me"]]
        assert sent == [1], "it must not be sent twice"


def _settles(client: Consumer, id: str) -> None:
    """The service learns by itself that the message has arrived."""
    until(lambda: client.message(id)["state"], lambda state: state in ("sent", "delivered", "read"), "settled", 20.0)
