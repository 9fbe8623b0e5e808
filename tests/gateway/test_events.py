"""Server-sent events and the long poll, over real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, update

from actors.clients.types import ClientId
from actors.store.requests import Write
from actors.store.schema import api_keys
from tests.gateway.happening import forget, happen, numbers
from tests.gateway.listening import Frame, Sse
from tests.gateway.running import PATIENCE, Running, until

FIRST = "the-first-key-of-a-test"


def is_event(frame: Frame) -> bool:
    return frame.data is not None


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Running]:
    """A service that needs keys."""
    with Running(tmp_path / "data", api_key=FIRST, stream_heartbeat=0.2) as service:
        yield service
    assert service.code == 0


def made(service: Running, scopes: list[str], clients: list[int] | None) -> dict[str, Any]:
    """A new key."""
    answer = service.call("POST", "/keys", json={"name": "test", "scopes": scopes, "clients": clients})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


# --- streams ----------------------------------------------------------------------------------------------------------


def test_what_happens_to_a_client_is_told_as_it_happens(service: Running) -> None:
    with Sse(service) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        first = stream.frame()
        assert first is not None
        assert first.retry == "3000"
        service.ready(1)
        service.browser.receive(ClientId(1), "5491122334455", "hello")
        told = stream.events(5)
    assert [event["payload"].get("state") for event in told[:-1]] == [
        "INITIALIZING",
        "QR_REQUIRED",
        "INITIALIZING",
        "READY",
    ]
    assert (told[-1]["type"], told[-1]["payload"]["body"], told[-1]["cliente_id"]) == ("message", "hello", 1)
    assert [event["sequence"] for event in told] == [1, 2, 3, 4, 5]


def test_without_a_position_only_what_is_new_is_told(service: Running) -> None:
    happen(service, 3)
    with Sse(service) as stream:
        stream.frame()
        happen(service, 1, first=3)
        assert numbers(stream.events(1)) == [3]


@pytest.mark.parametrize("where", ["header", "query"])
def test_a_reader_resumes_after_the_last_event_it_had(service: Running, where: str) -> None:
    position = happen(service, 10)[3].position
    header: dict[str, Any] = {} if where == "query" else {"Last_Event_ID": str(position)}
    with Sse(service, f"?after={position if where == 'query' else 0}", **header) as stream:
        assert numbers(stream.events(6)) == [4, 5, 6, 7, 8, 9]
        happen(service, 1, first=10)
        assert numbers(stream.events(1)) == [10]


def test_a_reader_that_comes_again_and_again_amid_thousands_of_events_has_each_once(service: Running) -> None:
    total, had, last = 5000, list[int](), 0
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(lambda: [happen(service, 100, first=at) for at in range(0, total, 100)])
        for share in (1, 700, 13, 1500, 300):
            with Sse(service, f"?after={last}") as stream:
                told = stream.events(share)
            had += numbers(told)
            last = told[-1]["position"]
        with Sse(service, Last_Event_ID=f"{last}") as stream:
            had += numbers(stream.events(total - len(had)))
        writing.result()
    assert had == list(range(total))


def test_many_readers_of_different_ages_are_told_the_same(service: Running) -> None:
    with ExitStack() as opened:
        happen(service, 300)
        old = [opened.enter_context(Sse(service, "?after=0")) for _ in range(5)]
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(happen, service, 1000, first=300)
            late = [opened.enter_context(Sse(service, "?after=0")) for _ in range(5)]
            for stream in (*old, *late):
                assert numbers(stream.events(1300)) == list(range(1300))
            writing.result()


def test_a_filter_by_type_and_by_client_holds_for_the_past_and_for_the_present(service: Running) -> None:
    def all_kinds() -> None:
        for client in (1, 2):
            for type in ("message", "message.ack", "messages", "call"):
                happen(service, 1, client, type)

    all_kinds()
    with (
        Sse(service, "?after=0&types=message,message.*") as by_type,
        Sse(service, "?after=0&client=2") as by_client,
        Sse(service, "?after=0&types=call", X_Cliente_Id="1") as by_header,
    ):
        all_kinds()
        assert [event["type"] for event in by_type.events(8)] == ["message", "message.ack"] * 4
        assert {event["cliente_id"] for event in by_client.events(8)} == {2}
        assert [(e["type"], e["cliente_id"]) for e in by_header.events(2)] == [("call", 1)] * 2


def test_a_silent_stream_says_that_it_lives_and_moves_the_place_to_resume_from(tmp_path: Path) -> None:
    with Running(tmp_path, stream_heartbeat=0.1) as service, Sse(service, "?types=call") as stream:
        (event,) = happen(service, 1)
        beat = stream.until(lambda frame: frame.id is not None)
        assert beat.data is None
        stream.until(lambda frame: frame.position == event.position)


def test_who_resumes_from_what_is_not_kept_any_more_is_told_of_the_gap(service: Running) -> None:
    early = happen(service, 20)[4].position
    forget(service, keep=5)
    with Sse(service, f"?after={early}") as stream:
        gap = stream.until(is_event)
        assert (gap.name, gap.data["type"], gap.data["after"]) == ("gap", "gap", early)
        assert numbers(stream.events(5)) == [15, 16, 17, 18, 19]
    with Sse(service, Last_Event_ID=str(gap.position)) as stream:
        assert numbers(stream.events(5)) == [15, 16, 17, 18, 19]
    with Sse(service, "?after=0") as stream:
        assert numbers(stream.events(5)) == [15, 16, 17, 18, 19]


def test_a_position_of_another_database_is_a_gap_too(service: Running) -> None:
    happen(service, 2)
    with Sse(service, "?after=123456789") as stream:
        assert stream.until(is_event).name == "gap"
        assert numbers(stream.events(2)) == [0, 1]


def test_a_reader_that_falls_behind_is_cut_off_told_so_and_can_resume(tmp_path: Path) -> None:
    with Running(tmp_path, stream_buffer=100) as service, Sse(service, receive_buffer=4096) as slow:
        slow.frame()
        with Sse(service) as quick:
            quick.frame()
            for at in range(0, 1000, 50):
                happen(service, 50, size=5000, first=at)
                assert numbers(quick.events(50)) == list(range(at, at + 50))
        *told, end = (frame for frame in slow.everything() if frame.data is not None)
        assert (end.name, end.data["code"], end.data["retry_after_seconds"]) == ("end", "SLOW_READER", 1)
        had = numbers([frame.data for frame in told])
        assert 0 < len(had) < 1000
        with Sse(service, Last_Event_ID=str(end.position)) as again:
            assert had + numbers(again.events(1000 - len(had))) == list(range(1000))


def test_a_reader_that_reads_nothing_at_all_is_cut_off_and_forgotten(tmp_path: Path) -> None:
    with Running(tmp_path, write_timeout=0.3) as service, Sse(service, "?after=0", receive_buffer=4096):
        happen(service, 1000, size=10_000)
        until(lambda: len(service.streams), lambda count: count == 0, "the stream is gone")


def test_a_reader_that_goes_leaves_nothing(service: Running) -> None:
    for _ in range(20):
        with Sse(service) as stream:
            stream.frame()
            assert len(service.streams) >= 1
    until(lambda: len(service.streams), lambda count: count == 0, "no stream is left")


def test_when_the_service_ends_every_reader_is_told_at_once_when_to_come_again(tmp_path: Path) -> None:
    with Running(tmp_path) as service, ExitStack() as opened:
        streams = [opened.enter_context(Sse(service)) for _ in range(10)]
        for stream in streams:
            stream.frame()
        began = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - began < 3.0
        for stream in streams:
            *_, end = stream.everything()
            assert (end.name, end.data["code"], end.retry) == ("end", "SHUTTING_DOWN", "5000")


def test_what_happens_while_the_service_stops_is_told_after_it_is_back(tmp_path: Path) -> None:
    with Running(tmp_path) as service:
        service.ready(1)
        with Sse(service, "?after=0") as stream:
            last = stream.events(4)[-1]["position"]
    browser = service.browser
    with Running(tmp_path, browser) as service, Sse(service, Last_Event_ID=str(last)) as stream:
        states = [stream.events(1)[0]["payload"]["state"]]
        while states[-1] != "READY":
            states.append(stream.events(1)[0]["payload"]["state"])
        assert "RECONNECTING" in states


def test_a_key_sees_its_clients_only_and_no_more_once_it_is_revoked(keyed: Running) -> None:
    key = made(keyed, ["read"], [1])
    with Sse(keyed, "?after=0", X_Api_Key=key["key"]) as stream:
        for client in (1, 2, 1):
            happen(keyed, 1, client)
        assert {event["cliente_id"] for event in stream.events(2)} == {1}
        assert keyed.call("DELETE", f"/keys/{key['id']}").status_code == 200
        end = stream.until(lambda frame: frame.name == "end")
        assert end.data["code"] == "UNAUTHORIZED"
        assert stream.frame() is None


@dataclass(frozen=True)
class Narrow(Write[None]):
    """Takes clients from a key, as only an administrator of the database can."""

    id: str
    clients: list[int]

    def run(self, connection: Connection) -> None:
        connection.execute(update(api_keys).where(api_keys.c.id == self.id).values(clients=self.clients))


def test_a_key_that_was_narrowed_resumes_with_the_events_of_its_clients_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.security.keys.REFRESH", 0.05)
    with Running(tmp_path / "data", api_key=FIRST) as service:
        key = made(service, ["read"], [1, 2])
        asked = {"X_Api_Key": key["key"]}
        for client in (1, 2, 2, 1):
            happen(service, 1, client)
        with Sse(service, "?after=0", **asked) as stream:
            told = stream.events(4)
            assert [event["cliente_id"] for event in told] == [1, 2, 2, 1]
            service.system.store.ask(Narrow(key["id"], [1])).get(timeout=PATIENCE)
            assert stream.until(lambda frame: frame.name == "end").data["code"] == "UNAUTHORIZED"
        with Sse(service, "?after=0", Last_Event_ID=str(told[0]["position"]), **asked) as stream:
            assert stream.events(1) == [told[3]]
            for client in (2, 1):
                happen(service, 1, client, first=client)
            assert numbers(stream.events(1)) == [1]
        with Sse(service, "?client=2", Last_Event_ID=str(told[0]["position"]), **asked) as stream:
            assert (stream.status, stream.body()["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(("query", "header"), [("?client=2", {}), ("", {"X_Cliente_Id": "2"})])
def test_a_key_for_some_clients_does_not_see_another(keyed: Running, query: str, header: dict[str, Any]) -> None:
    key = made(keyed, ["read"], [1])["key"]
    with Sse(keyed, query, X_Api_Key=key, **header) as stream:
        assert (stream.status, stream.body()["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?after=-1", {}),
        ("?after=x", {}),
        ("?after=9223372036854775808", {}),
        ("?types=", {}),
        ("?types=a*b", {}),
        ("?client=0", {}),
        ("?client=1&client=2", {}),
        ("?other=1", {}),
        ("?client=1", {"X_Cliente_Id": "2"}),
        ("", {"X_Cliente_Id": "x"}),
        ("", {"Last_Event_ID": "x"}),
        ("", {"Last_Event_ID": "0" * 5000 + "9" * 30}),
    ],
)
def test_what_cannot_be_meant_is_refused(service: Running, query: str, headers: dict[str, Any]) -> None:
    with Sse(service, query, **headers) as stream:
        assert (stream.status, stream.body()["code"]) in {(400, "INVALID_REQUEST"), (400, "INVALID_HEADER")}


def test_head_tells_of_the_stream_without_being_one(service: Running) -> None:
    answer = service.call("HEAD", "/events")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


# --- long poll --------------------------------------------------------------------------------------------------------


def fetch(service: Running, query: str = "", **how: Any) -> httpx2.Response:
    return service.call("GET", f"/events/next?consumer=mine{query}", **how)


def acknowledge(service: Running, receipt: object, consumer: str = "mine", **how: Any) -> httpx2.Response:
    return service.call("DELETE", f"/events/next/{receipt}?consumer={consumer}", **how)


def test_what_is_fetched_is_fetched_again_until_it_is_acknowledged(service: Running) -> None:
    happen(service, 5)
    first = fetch(service, "&after=0&limit=2").json()
    assert numbers(first["events"]) == [0, 1]
    assert fetch(service, "&limit=2").json() == first
    assert acknowledge(service, first["receipt"]).json() == {
        "success": True,
        "consumer": "mine",
        "position": int(first["receipt"]),
    }
    second = fetch(service, "&limit=10").json()
    assert numbers(second["events"]) == [2, 3, 4]
    acknowledge(service, second["receipt"])
    assert fetch(service, "&wait=0").json() == {"consumer": "mine", "receipt": None, "gap": None, "events": []}


def test_a_poll_waits_for_what_happens(service: Running) -> None:
    assert fetch(service, "&wait=0").json()["events"] == []
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fetch, service, "&wait=10")
        until(lambda: len(service.streams), bool, "it waits")
        happen(service, 1)
        assert numbers(waiting.result().json()["events"]) == [0]


def test_nothing_is_lost_over_a_restart_of_the_service(tmp_path: Path) -> None:
    with Running(tmp_path) as service:
        fetch(service, "&wait=0")
        happen(service, 4)
        had = fetch(service, "&limit=2").json()
        acknowledge(service, had["receipt"])
        assert numbers(fetch(service, "&limit=1").json()["events"]) == [2]
    with Running(tmp_path) as service:
        assert numbers(fetch(service).json()["events"]) == [2, 3]


def test_a_new_consumer_begins_now_unless_it_says_where(service: Running) -> None:
    happen(service, 3)
    assert fetch(service, "&wait=0").json()["events"] == []
    other = service.get("/events/next?consumer=other&after=0").json()
    assert numbers(other["events"]) == [0, 1, 2]


def test_a_consumer_keeps_its_filter(service: Running) -> None:
    fetch(service, "&wait=0&types=call")
    answer = fetch(service, "&wait=0")
    assert (answer.status_code, answer.json()["code"]) == (409, "CONSUMER_DIFFERS")
    happen(service, 3)
    happen(service, 1, type="call")
    assert [event["type"] for event in fetch(service, "&types=call").json()["events"]] == ["call"]


def test_what_nobody_wants_is_passed_over_and_never_becomes_a_gap(service: Running) -> None:
    fetch(service, "&wait=0&types=call")
    happen(service, 50)
    fetch(service, "&wait=0&types=call")
    forget(service, keep=1)
    assert fetch(service, "&wait=0&types=call").json()["gap"] is None


def test_a_gap_is_told_with_what_follows_it(service: Running) -> None:
    fetch(service, "&wait=0")
    happen(service, 1)
    acknowledge(service, fetch(service).json()["receipt"])
    happen(service, 9, first=1)
    forget(service, keep=3)
    fetched = fetch(service).json()
    assert fetched["gap"]["type"] == "gap"
    assert numbers(fetched["events"]) == [7, 8, 9]


def test_a_consumer_belongs_to_its_key(keyed: Running) -> None:
    one, other = (made(keyed, ["read"], clients)["key"] for clients in ([1], None))
    assert fetch(keyed, "&wait=0", headers={"X-Api-Key": one}).status_code == 200
    happen(keyed, 1, 2)
    happen(keyed, 1, 1)
    assert [e["cliente_id"] for e in fetch(keyed, headers={"X-Api-Key": one}).json()["events"]] == [1]
    answer = acknowledge(keyed, 1, headers={"X-Api-Key": other})
    assert (answer.status_code, answer.json()["code"]) == (404, "CONSUMER_NOT_FOUND")
    answer = acknowledge(keyed, 10_000, headers={"X-Api-Key": one})
    assert (answer.status_code, answer.json()["code"]) == (404, "RECEIPT_NOT_FOUND")


@pytest.mark.parametrize("query", ["", "?consumer=", "?consumer=a%20b", "?consumer=a&wait=-1", "?consumer=a&limit=0"])
def test_a_poll_that_cannot_be_meant_is_refused(service: Running, query: str) -> None:
    answer = service.get(f"/events/next{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


def test_a_receipt_is_a_position(service: Running) -> None:
    for receipt in ("x", "-1", "1" * 30, "%D9%A7"):
        assert acknowledge(service, receipt).status_code == 400


def test_polls_that_wait_are_sent_home_when_the_service_ends(tmp_path: Path) -> None:
    with Running(tmp_path) as service, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(httpx2.get, f"{service.url}/events/next?consumer=mine&wait=60", timeout=30.0)
        until(lambda: len(service.streams), bool, "it waits")
        began = time.monotonic()
        threading.Thread(target=service.end).start()
        answer = waiting.result()
        assert (answer.status_code, answer.json()["code"]) == (503, "SHUTTING_DOWN")
        assert time.monotonic() - began < 3.0
