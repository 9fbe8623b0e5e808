"""What one call causes on the real page is found again by its request id, and by the trace it belongs to."""

from __future__ import annotations

from typing import Any

from tests.e2e.conftest import Consumers, Serve
from tests.rig import Consumer, Sandbox, Service
from tests.rig.processes import until

TRACE = "0af7651916cd43dd8448eb211c80319c"
FRIEND, TEXT = "5491122334455", "a private matter"
STARTED = ["http.received", "client.state", "chromium.started"]
SENT = ["client.sending", "page.sending", "page.sent", "outbox.settled"]


def test_starts_and_messages_are_followed_into_the_page_and_back_and_over_a_restart(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    service = serve(log_level="debug", init_wait=60.0).start()
    client = consumer(service)
    call(client, "the-start", "/init").raise_for_status()
    promised = call(client, "the-promise", "/messages", to=FRIEND, message=TEXT).json()["id"]
    client.reaches("QR_REQUIRED")

    start = told(service, "the-start", "http.request")
    assert events(start)[:3] == STARTED
    assert {"page.opened", "page.fact"} < set(events(start))
    assert events(told(service, "the-promise", "http.request")) == ["http.received", "http.request"]

    service.kill()
    service.start()
    client.scan()
    until(lambda: client.message(promised)["state"], lambda state: state in ("sent", "delivered", "read"), "sent", 20.0)
    assert events(told(service, "the-promise", "outbox.settled")) == SENT

    answer = call(client, "the-send", "/send", to=FRIEND, message=TEXT)
    sent = told(service, "the-send", "http.request")
    assert events(sent) == ["http.received", *SENT, "http.request"]
    assert len({line["order"] for line in sent if "order" in line}) == 1
    of_page = sent[3]
    assert of_page["message_id"].startswith("true_5491****55@c.us_3EB0")
    assert 0 < of_page["ms"] < sent[-1]["ms"]
    assert sent[-1]["message"] == answer.json()["id"]

    whole = service.log.read_text()
    assert TEXT not in whole
    assert FRIEND not in whole


def call(client: Consumer, request: str, path: str, **body: str) -> Any:
    """A POST with this request id, in the trace."""
    headers = {"X-Request-Id": request, "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    return client.http.post(path, headers=headers, json=body)


def told(service: Service, request: str, last: str) -> list[dict[str, Any]]:
    """What the service has logged of a request since it was last started, in order; waits for the event `last`."""

    def so_far() -> list[dict[str, Any]]:
        return [line for line in service.lines() if line.get("request") == request]

    return until(so_far, lambda lines: last in [line["event"] for line in lines], f"{last} of {request}", 10.0)


def events(lines: list[dict[str, Any]]) -> list[str]:
    """The events of lines that all belong to the trace and the client."""
    assert {(line["trace"], line["client"]) for line in lines} == {(TRACE, 1)}
    return [line["event"] for line in lines]
