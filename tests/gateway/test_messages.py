"""Promised messages: POST /messages and what is asked about them, and Idempotency-Key on both ways to send."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from actors.browser.fake import Fate, Habits, Outgoing, always
from actors.clients.operations.messages import SendLocation
from actors.clients.types import ClientId, State
from actors.store.outbox import AcceptMessage
from tests.gateway.late import caller_late, with_the_page
from tests.gateway.running import PATIENCE, Running, until
from tests.store.doubt import break_after_commit_of

GOOD = {"to": "5491122334455", "message": "Hello"}
KEY = {"Idempotency-Key": "order-17"}


def hand_in(service: Running, path: str = "/messages", client: int = 1, **how: Any) -> httpx2.Response:
    return service.call("POST", path, client, **{"json": GOOD, **how})


def settled(service: Running, id: str) -> dict[str, Any]:
    """The message once nothing is to be done about it any more."""
    ask = lambda: service.get(f"/messages/{id}", 1).json()  # noqa: E731 - asked again and again
    found: dict[str, Any] = until(ask, lambda m: m["state"] not in ("queued", "sending"), "the message is settled")
    return found


def instant(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_a_promised_message_is_answered_at_once_and_delivered_when_it_can_be(service: Running) -> None:
    assert service.post("/init", 1).status_code == 200
    answer = hand_in(service)
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    assert answer.json()["to"] == "5491122334455@c.us"
    assert service.browser.whatsapp.deliveries == []
    service.browser.scan(ClientId(1))
    found = settled(service, answer.json()["id"])
    assert found["state"] == "sent"
    assert found["message_id"].startswith("true_5491122334455@c.us_3EB0")
    assert list(found["times"]) == ["queued", "sending", "sent"]


@pytest.mark.parametrize("state", State)
def test_a_promise_is_given_where_the_client_may_become_ready_by_itself_or_by_a_scan(
    service: Running, state: State
) -> None:
    service.bring(1, state)
    answer = hand_in(service)
    if state in {
        State.INITIALIZING,
        State.RECONNECTING,
        State.QR_REQUIRED,
        State.READY,
        State.DISCONNECTED_RECOVERABLE,
    }:
        assert answer.status_code == 202
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "SESSION_NOT_READY")


@pytest.mark.parametrize("path", ["/messages", "/send"])
def test_a_repeated_key_gives_the_first_answer_and_sends_nothing(service: Running, path: str) -> None:
    service.ready(1)
    first = hand_in(service, path, headers=KEY)
    settled(service, first.json()["id"])
    again = hand_in(service, path, headers=KEY)
    assert again.status_code == first.status_code
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(service.browser.whatsapp.deliveries) == 1


@pytest.mark.parametrize("path", ["/messages", "/send"])
def test_a_key_with_another_body_is_refused(service: Running, path: str) -> None:
    service.ready(1)
    assert hand_in(service, path, headers=KEY).is_success
    answer = hand_in(service, path, headers=KEY, json={**GOOD, "message": "Goodbye"})
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert answer.json()["error"] is True


def test_a_key_is_of_one_client(service: Running) -> None:
    for client in (1, 2):
        service.ready(client)
        assert hand_in(service, "/send", client, headers=KEY).status_code == 200
    assert len(service.browser.whatsapp.deliveries) == 2


def test_who_comes_with_the_same_key_while_the_first_is_in_flight_gets_the_same_outcome(service: Running) -> None:
    service.ready(1)
    service.browser.habits = Habits(sends=always(Fate.PENDING))
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(hand_in, service, "/send", headers=KEY) for _ in range(8)]
        page = service.browser.page(ClientId(1))
        until(lambda: page.ordered("SendText"), bool, "the message is with the page")
        page.flush()
        told = [answer.result() for answer in answers]
    assert {answer.status_code for answer in told} == {200}
    assert len({answer.json()["message_id"] for answer in told}) == 1
    assert len(service.browser.whatsapp.deliveries) == 1


def test_a_key_may_be_used_again_after_a_refusal_that_promised_nothing(service: Running) -> None:
    assert hand_in(service, "/send", headers=KEY).status_code == 409
    service.ready(1)
    assert hand_in(service, "/send", headers=KEY).status_code == 200


def test_a_repeated_key_is_answered_even_if_the_client_cannot_send_any_more(service: Running) -> None:
    service.ready(1)
    first = hand_in(service, "/send", headers=KEY)
    service.browser.remove(ClientId(1))
    service.reaches(1, State.DISCONNECTED_LOGOUT)
    assert hand_in(service, "/send", headers=KEY).json() == first.json()
    assert hand_in(service, "/send").status_code == 409


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ñ".encode(), "tab\tbed"])
def test_a_key_is_1_to_255_visible_characters(service: Running, key: str | bytes) -> None:
    answer = hand_in(service, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


def test_a_failed_message_says_why(service: Running) -> None:
    service.ready(1)
    service.browser.habits = Habits(sends=always(Fate.REFUSED))
    found = settled(service, hand_in(service).json()["id"])
    assert found["state"] == "failed"
    assert found["reason"]


def test_a_send_that_nobody_confirms_is_called_unknown_as_often_as_one_asks_and_not_sent_again(
    service: Running,
) -> None:
    service.ready(1)
    service.browser.habits = Habits(sends=always(Fate.PENDING))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(hand_in, service, "/send", headers=KEY)
        id = with_the_page(service)
        caller_late(service, id, first)
        again = pool.submit(hand_in, service, "/send", headers=KEY)
        caller_late(service, id, again, ticket=2)
    for told in (first.result(), again.result()):
        assert (told.status_code, told.json()["code"], told.json()["outcome"]) == (500, "SEND_FAILED", "unknown")
    assert again.result().json()["message_id"] == first.result().json()["message_id"]
    assert service.get(f"/messages/{id}", 1).json()["state"] == "sending"
    assert len(service.browser.page(ClientId(1)).ordered("SendText")) == 1
    assert service.browser.whatsapp.deliveries == []


def test_what_has_not_left_can_be_cancelled_once(service: Running) -> None:
    service.post("/init", 1)
    id = hand_in(service).json()["id"]
    assert service.call("DELETE", f"/messages/{id}", 1).json()["state"] == "cancelled"
    again = service.call("DELETE", f"/messages/{id}", 1)
    assert (again.status_code, again.json()["code"]) == (409, "MESSAGE_NOT_QUEUED")
    service.browser.scan(ClientId(1))
    service.reaches(1, State.READY)
    assert service.browser.whatsapp.deliveries == []


def test_who_waits_for_a_message_is_told_at_once_when_another_cancels_it(service: Running) -> None:
    service.ready(1)
    service.browser.habits = Habits(sends=always(Fate.PENDING))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(hand_in, service, "/send")
        id = with_the_page(service)
        second = pool.submit(hand_in, service, "/send", json={**GOOD, "message": "second"})
        waiting = lambda: service.get("/messages?state=queued", 1).json()["messages"]  # noqa: E731 - asked again
        (queued,) = until(waiting, bool, "the second waits")
        assert service.call("DELETE", f"/messages/{queued['id']}", 1).json()["state"] == "cancelled"
        assert second.result(PATIENCE).json()["outcome"] == "failed"
        caller_late(service, id, first)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_message_of_another_client_is_not_there(service: Running, method: str) -> None:
    service.post("/init", 1)
    id = hand_in(service).json()["id"]
    for client, wanted in ((2, id), (1, "01ARZ3NDEKTSV4RRFFQ69G5FAV"), (1, "nonsense")):
        answer = service.call(method, f"/messages/{wanted}", client)
        assert (answer.status_code, answer.json()["code"]) == (404, "MESSAGE_NOT_FOUND")


def test_messages_are_listed_in_pages_by_state_and_chat(service: Running) -> None:
    service.post("/init", 1)
    ids = [
        hand_in(service, json={"to": f"549112233440{number % 2}", "message": f"{number}"}).json()["id"]
        for number in range(5)
    ]
    first = service.get("/messages?limit=2&order=oldest", 1).json()
    assert [message["id"] for message in first["messages"]] == ids[:2]
    second = service.get(f"/messages?limit=3&after={first['next']}", 1).json()
    assert [message["id"] for message in second["messages"]] == ids[2:]
    newest = service.get("/messages?limit=3", 1).json()
    assert [message["id"] for message in newest["messages"]] == ids[:1:-1]
    older = service.get(f"/messages?limit=3&after={newest['next']}", 1).json()
    assert [message["id"] for message in older["messages"]] == ids[1::-1]
    assert older["next"] is None
    last = newest["messages"][0]["times"]["queued"]
    accepted = {bound: service.call("GET", "/messages", 1, params={bound: last}).json() for bound in ("since", "until")}
    assert [ids[4] in [one["id"] for one in page["messages"]] for page in accepted.values()] == [True, False]
    to_one = service.get("/messages?to=5491122334401&state=queued", 1).json()
    assert [message["message"] for message in to_one["messages"]] == ["3", "1"]
    assert to_one["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        *("state=lost", "limit=0", "limit=x", "to=me", "after=1", "other=1", "limit=1&limit=2"),
        *("order=up", "since=soon", "until=2026-01-01T00:00:00", "order=oldest&after=-01M8Q5DSQ8JNC6Z7H7XQV5K53A"),
        "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(service: Running, query: str) -> None:
    answer = service.get(f"/messages?{query}", 1)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "field",
    [{"priority": 10}, {"priority": -1}, {"priority": "1"}, {"send_at": "soon"}, {"expires_at": "2026-01-01T00:00:00"}],
)
def test_a_promise_that_cannot_be_meant_is_refused(service: Running, field: dict[str, Any]) -> None:
    answer = hand_in(service, json=GOOD | field)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("field", ["send_at", "expires_at"])
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_outside_the_calendar_is_refused(service: Running, field: str, text: str) -> None:
    service.post("/init", 1)
    answer = hand_in(service, json={**GOOD, field: text})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


def test_instants_at_the_ends_of_the_calendar_are_kept(service: Running) -> None:
    service.ready(1)
    ends = {"send_at": "9999-12-31T23:59:59.000Z", "expires_at": "9999-12-31T23:59:59.500Z"}
    told = hand_in(service, json=GOOD | ends).json()
    assert {name: told[name] for name in ends} == ends
    past = hand_in(service, json={**GOOD, "send_at": instant(-30)}).json()
    assert settled(service, past["id"])["state"] == "sent"
    assert hand_in(service, json={**GOOD, "send_at": "0001-01-01T00:00:00Z"}).status_code == 400
    assert service.get(f"/messages/{told['id']}", 1).json()["state"] == "queued"


def test_a_message_waits_for_its_time_and_expires_at_its_end(service: Running) -> None:
    service.post("/init", 1)
    later = hand_in(service, json={**GOOD, "send_at": instant(3600)}).json()
    ended = hand_in(service, json={**GOOD, "expires_at": instant(0.2)}).json()
    assert settled(service, ended["id"])["state"] == "expired"
    assert service.get(f"/messages/{later['id']}", 1).json()["state"] == "queued"
    assert service.browser.whatsapp.deliveries == []


def test_a_full_outbox_refuses_and_says_when_to_come_back(tmp_path: Path) -> None:
    with Running(tmp_path, outbox_limit=2) as service:
        service.post("/init", 1)
        assert [hand_in(service).status_code for _ in range(3)] == [202, 202, 429]
        answer = hand_in(service)
        assert answer.json()["code"] == "OUTBOX_FULL"
        assert int(answer.headers["retry-after"]) >= 1


def test_a_caller_who_waits_goes_ahead_of_bulk(service: Running) -> None:
    service.ready(1)
    first: list[Outgoing] = []

    def hold_the_first(outgoing: Outgoing) -> Fate:
        first.append(outgoing)
        return Fate.PENDING if len(first) == 1 else Fate.SENT

    service.browser.habits = Habits(sends=hold_the_first)
    for number in range(3):
        hand_in(service, json={**GOOD, "message": f"bulk {number}"})
    until(lambda: first, bool, "the first is with the page")
    with ThreadPoolExecutor(1) as pool:
        urgent = pool.submit(hand_in, service, "/send", json={"to": "5491166778899", "message": "code"})
        queued = lambda: service.get("/messages?state=queued", 1).json()["messages"]  # noqa: E731
        until(queued, lambda found: len(found) == 3, "the urgent one waits too")
        service.browser.page(ClientId(1)).flush()
        assert urgent.result().status_code == 200
    until(lambda: service.browser.whatsapp.deliveries, lambda d: len(d) == 4, "all have left")
    assert [d.text for d in service.browser.whatsapp.deliveries] == ["bulk 0", "code", "bulk 1", "bulk 2"]


def test_promises_survive_the_service(tmp_path: Path) -> None:
    with Running(tmp_path) as service:
        service.post("/init", 1)
        id = hand_in(service, headers=KEY).json()["id"]
    with Running(tmp_path) as service:
        service.reaches(1, State.QR_REQUIRED)
        assert hand_in(service, headers=KEY).json()["id"] == id
        service.browser.scan(ClientId(1))
        assert settled(service, id)["state"] == "sent"
        assert len(service.browser.whatsapp.deliveries) == 1


def test_deleting_a_client_cancels_what_it_has_queued(service: Running) -> None:
    service.post("/init", 1)
    id = hand_in(service).json()["id"]
    assert service.call("DELETE", "/session/1").status_code == 200
    assert settled(service, id)["state"] == "cancelled"


def test_a_send_that_waits_behind_others_is_taken_back_when_its_time_is_over(service: Running) -> None:
    service.ready(1)
    service.browser.habits = Habits(sends=always(Fate.PENDING))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(hand_in, service, "/send")
        id = with_the_page(service)
        second = pool.submit(hand_in, service, "/send", headers=KEY, json={**GOOD, "message": "second"})
        waiting = lambda: service.get("/messages?state=queued", 1).json()["messages"]  # noqa: E731 - asked again
        (queued,) = until(waiting, bool, "the second waits")
        caller_late(service, queued["id"], second, ticket=2)
        caller_late(service, id, first)
    told = second.result()
    assert (told.status_code, told.json()["code"], told.json()["outcome"]) == (500, "SEND_FAILED", "failed")
    assert service.get(f"/messages/{queued['id']}", 1).json()["state"] == "cancelled"
    assert first.result().json()["outcome"] == "unknown"
    assert hand_in(service, headers=KEY).status_code == 202, "the key of what was taken back is free"


@pytest.mark.parametrize("repeats", [True, False])
def test_a_message_accepted_in_a_commit_that_nobody_heard_of_leaves_once(
    service: Running, monkeypatch: pytest.MonkeyPatch, *, repeats: bool
) -> None:
    service.ready(1)
    break_after_commit_of(AcceptMessage, monkeypatch)
    refused = hand_in(service, headers=KEY)
    assert (refused.status_code, refused.json()["code"]) == (503, "STORE_UNAVAILABLE")
    if repeats:
        ask = lambda: hand_in(service, headers=KEY)  # noqa: E731 - asked again and again
        accepted = until(ask, lambda answer: answer.status_code == 202, "it is accepted")
        assert settled(service, accepted.json()["id"])["state"] == "sent"
    until(lambda: len(service.browser.whatsapp.deliveries), lambda count: count == 1, "it is delivered")


def test_a_place_on_the_map_is_kept_sent_and_told(service: Running) -> None:
    service.ready(1)
    place = {"latitude": -34.6037, "longitude": -58.3816, "name": "Obelisco"}
    body = {"to": "5491122334455", "location": place}
    answer = hand_in(service, "/messages", json=body, headers=KEY)
    assert (answer.status_code, answer.json()["message"]) == (202, None)
    id = answer.json()["id"]
    assert settled(service, id)["state"] == "sent"
    assert service.get(f"/messages/{id}", 1).json()["location"] == {**place, "address": None}
    (delivery,) = service.browser.whatsapp.deliveries
    assert delivery.operation == SendLocation("5491122334455@c.us", -34.6037, -58.3816, "Obelisco")
    again = hand_in(service, "/messages", json=body, headers=KEY)
    assert (again.headers["Idempotent-Replayed"], again.json()["id"]) == ("true", id)
    other = {**body, "location": {**place, "latitude": 0.0}}
    assert hand_in(service, "/messages", json=other, headers=KEY).status_code == 422


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"message": None},
        {"message": "hello", "location": {"latitude": 1, "longitude": 2}},
        {"location": {"latitude": 91, "longitude": 2}},
        {"location": {"latitude": 1}},
        {"location": "here"},
    ],
)
def test_a_message_has_one_content_and_a_good_one(service: Running, content: dict[str, object]) -> None:
    service.ready(1)
    answer = hand_in(service, "/messages", json={"to": "5491122334455", **content})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
