"""GET /events as a WebSocket: the same events, over frames."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.gateway.happening import forget, happen, numbers
from tests.gateway.listening import Sse, Ws
from tests.gateway.running import Running, until

FIRST = "the-first-key-of-a-test"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Running]:
    """A service that needs keys."""
    with Running(tmp_path / "data", api_key=FIRST, stream_heartbeat=0.2) as service:
        yield service
    assert service.code == 0


def key_for(service: Running, clients: list[int] | None, *scopes: str) -> dict[str, Any]:
    """A new key."""
    found: dict[str, Any] = service.call(
        "POST", "/keys", json={"name": "test", "scopes": scopes or ["read"], "clients": clients}
    ).json()
    return found


def test_the_past_is_told_and_then_the_present(service: Running) -> None:
    happen(service, 700)
    with Ws(service, "?after=0") as stream:
        happen(service, 300, first=700)
        told = stream.events(1000)
        assert numbers(told) == list(range(1000))
        assert [event["position"] for event in told] == sorted({event["position"] for event in told})


def test_a_reader_resumes_after_the_last_event_it_had(service: Running) -> None:
    happen(service, 5)
    with Ws(service, "?after=0") as stream:
        last = stream.events(2)[-1]["position"]
    with Ws(service, f"?after={last}") as stream:
        assert numbers(stream.events(3)) == [2, 3, 4]


def test_types_and_clients_are_chosen_as_for_every_stream(service: Running) -> None:
    with Ws(service, "?types=call,message.*", X_Cliente_Id="2") as stream:
        for client in (1, 2):
            for type in ("message", "message.ack", "call"):
                happen(service, 1, client, type)
        told = stream.events(2)
    assert [(event["cliente_id"], event["type"]) for event in told] == [(2, "message.ack"), (2, "call")]


def test_a_silent_stream_is_pinged_and_tells_its_position(tmp_path: Path) -> None:
    with Running(tmp_path, stream_heartbeat=0.1) as service, Ws(service, "?types=call") as stream:
        (event,) = happen(service, 1)
        while True:
            message = stream.message()
            assert message is not None, stream.closed
            if message["position"] == event.position and stream.pings:
                break
        assert message == {"type": "position", "position": event.position}


def test_a_gap_is_a_message(service: Running) -> None:
    early = happen(service, 10)[2].position
    forget(service, keep=2)
    with Ws(service, f"?after={early}") as stream:
        gap, *told = stream.events(3)
    assert (gap["type"], gap["after"], numbers(told)) == ("gap", early, [8, 9])


def test_a_reader_that_falls_behind_is_cut_off_told_so_and_can_resume(tmp_path: Path) -> None:
    with Running(tmp_path, stream_buffer=100) as service, Ws(service, receive_buffer=4096) as slow:
        for at in range(0, 1000, 50):
            happen(service, 50, size=5000, first=at)
        until(lambda: len(service.streams), bool, "it is there")
        told = []
        while (message := slow.message()) is not None:
            told.append(message)
        end = told.pop()
        assert (end["type"], end["code"]) == ("end", "SLOW_READER")
        assert slow.closed is not None
        assert (slow.closed.code, slow.closed.reason) == (1013, "SLOW_READER")
        had = numbers([message for message in told if message["type"] != "position"])
        with Ws(service, f"?after={end['position']}") as again:
            assert had + numbers(again.events(1000 - len(had))) == list(range(1000))


def test_a_reader_that_reads_nothing_at_all_is_cut_off_and_forgotten(tmp_path: Path) -> None:
    with Running(tmp_path, write_timeout=0.3) as service, Ws(service, "?after=0", receive_buffer=4096):
        happen(service, 1000, size=10_000)
        until(lambda: len(service.streams), lambda count: count == 0, "the stream is gone")


def test_when_the_service_ends_every_reader_is_told_and_closed_at_once(tmp_path: Path) -> None:
    with Running(tmp_path) as service, ExitStack() as opened:
        streams = [opened.enter_context(Ws(service)) for _ in range(5)]
        until(lambda: len(service.streams), lambda count: count == 5, "all are there")
        began = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - began < 3.0
        for stream in streams:
            end = stream.message()
            assert (end["type"], end["code"], end["retry_after_seconds"]) == ("end", "SHUTTING_DOWN", 5)
            assert stream.message() is None
            assert stream.closed is not None
            assert stream.closed.code == 1012


def test_what_a_reader_says_means_nothing_and_what_goes_leaves_nothing(service: Running) -> None:
    with Ws(service) as stream:
        until(lambda: len(service.streams), bool, "it is there")
        for _ in range(3):
            stream.say("hello")
        happen(service, 1)
        assert numbers(stream.events(1)) == [0]
        stream.close()
        until(lambda: len(service.streams), lambda count: count == 0, "no stream is left")
    with Ws(service):  # gone without a word
        until(lambda: len(service.streams), bool, "it is there")
    until(lambda: len(service.streams), lambda count: count == 0, "no stream is left")


def test_a_key_is_needed_sees_its_clients_and_ends_with_its_stream(keyed: Running) -> None:
    with Ws(keyed) as stranger:
        assert (stranger.status, json.loads(stranger.refusal)["code"]) == (401, "UNAUTHORIZED")
    sender = key_for(keyed, None, "send")["key"]
    with Ws(keyed, X_Api_Key=sender) as stream:
        assert stream.status == 403
    key = key_for(keyed, [1])
    with Ws(keyed, "?client=2", X_Api_Key=key["key"]) as stream:
        assert (stream.status, json.loads(stream.refusal)["code"]) == (403, "FORBIDDEN")
    with Ws(keyed, "?after=0", X_Api_Key=key["key"]) as stream:
        for client in (2, 1, 2):
            happen(keyed, 1, client)
        assert [event["cliente_id"] for event in stream.events(1)] == [1]
        keyed.call("DELETE", f"/keys/{key['id']}")
        while (message := stream.message())["type"] == "position":
            pass
        assert message["code"] == "UNAUTHORIZED"
        assert stream.message() is None
        assert stream.closed is not None
        assert stream.closed.code == 1008


@pytest.mark.parametrize(("query", "headers"), [("?after=x", {}), ("", {"X_Cliente_Id": "x"}), ("?client=0", {})])
def test_what_cannot_be_meant_is_refused_before_it_begins(
    service: Running, query: str, headers: dict[str, Any]
) -> None:
    with Ws(service, query, **headers) as stream:
        assert stream.status == 400
        assert json.loads(stream.refusal)["error"] is True


@pytest.mark.parametrize("kind", [Sse, Ws])
def test_a_reader_that_does_not_read_does_not_keep_the_service_from_ending(
    tmp_path: Path, kind: type[Sse] | type[Ws]
) -> None:
    with Running(tmp_path) as service, kind(service, "?after=0", receive_buffer=4096):
        happen(service, 1000, size=10_000)
        began = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - began < 5.0


def test_a_stream_is_logged_and_counted_like_any_call(keyed: Running) -> None:
    with capture_logs() as logs:
        with Ws(keyed, X_Api_Key=FIRST, X_Request_Id="stream-1"):
            pass
        refused = keyed.call("GET", "/events", headers={**UPGRADE, "X-Api-Key": "wrong"})
        both = until(lambda: requests_in(logs, "/events"), lambda lines: len(lines) > 1, "both lines")
    line, no = sorted(both, key=lambda line: int(line["status"]))  # a line is written when its stream is over
    assert refused.status_code == 401
    assert (line["method"], line["status"]) == ("GET", 101)
    assert line["key"] is not None
    assert (no["status"], no["key"]) == (401, None)
    counted = keyed.call("GET", "/metrics", headers={"X-Api-Key": FIRST}).text
    for status in ("1xx", "4xx"):
        row = f'session_manager_http_request_seconds_count{{method="GET",route="/events",status="{status}"}} 1.0'
        assert row in counted


def test_an_upgrade_where_there_is_no_stream_is_logged_too(keyed: Running) -> None:
    with capture_logs() as logs:
        assert keyed.call("GET", "/nowhere", headers=UPGRADE).status_code == 403
        (line,) = until(lambda: requests_in(logs, "/nowhere"), bool, "the line")
    assert line["status"] == 403


def requests_in(logs: Sequence[MutableMapping[str, Any]], path: str) -> list[MutableMapping[str, Any]]:
    return [line for line in logs if line["event"] == "http.request" and line["path"] == path]
