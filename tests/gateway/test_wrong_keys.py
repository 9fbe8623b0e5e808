"""Wrong keys: so many from one address are answered 401, more 429; a right key is let in all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from actors.runtime.testing import ManualClock
from gateway.security.auth import PUBLIC, Need, Scope, Whose
from gateway.security.guard import Guard
from gateway.security.keys import Keyring, KeyStore
from gateway.security.rate_limits import Rate, Rates, StartRates, Windows
from tests.gateway.raw import Raw, request
from tests.gateway.running import PATIENCE, Running

FIRST = "the-first-key-of-a-test"
HERE, THERE = "192.0.2.1", "192.0.2.2"
NEEDS = {"GET": Need(Scope.READ, Whose.SEEN), "POST": PUBLIC}
WRONG = [(b"x-api-key", b"wrong")]
RIGHT = [(b"x-api-key", FIRST.encode())]
Asking = Callable[..., int]


def no_store() -> KeyStore:
    raise AssertionError("a guard asks no store")


def guarded(rate: str, clock: ManualClock, first: str | None = FIRST) -> Asking:
    """What one call through a guard is answered."""
    none = Rate("none", "0")
    wrong_keys = Rate("wrong keys from this address", rate, clock.monotonic)
    rates = Rates(StartRates(none, none), none, none, wrong_keys)
    guard = Guard(PlainTextResponse("in"), NEEDS, Keyring(no_store, first=first), rates)

    async def call(headers: list[tuple[bytes, bytes]], address: str, method: str) -> int:
        answered: list[Message] = []

        async def send(message: Message) -> None:
            answered.append(message)

        async def receive() -> Message:
            raise AssertionError("a guard reads nothing")

        scope = {"type": "http", "method": method, "headers": headers, "client": (address, 1), "path": "/"}
        await guard(scope, receive, send)
        return int(answered[0]["status"])

    def ask(headers: list[tuple[bytes, bytes]], address: str = HERE, method: str = "GET") -> int:
        return asyncio.run(call(headers, address, method))

    return ask


def test_more_wrong_keys_from_an_address_than_the_rate_are_answered_429_until_it_is_over() -> None:
    clock = ManualClock()
    ask = guarded("3/minute", clock)
    assert [ask(WRONG) for _ in range(5)] == [401, 401, 401, 429, 429]
    clock.advance(59.9)
    assert ask(WRONG) == 429
    clock.advance(0.1)
    assert [ask(WRONG) for _ in range(4)] == [401, 401, 401, 429]


def test_a_right_key_is_let_in_from_an_address_that_has_sent_too_many_wrong_ones() -> None:
    ask = guarded("1/minute", ManualClock())
    assert [ask(WRONG), ask(WRONG), ask(RIGHT), ask(WRONG)] == [401, 429, 200, 429]


def test_another_address_is_counted_by_itself() -> None:
    ask = guarded("1/minute", ManualClock())
    assert [ask(WRONG), ask(WRONG), ask(WRONG, THERE)] == [401, 429, 401]


@pytest.mark.parametrize(
    "headers", [[(b"authorization", b"Bearer wrong")], [*RIGHT, (b"x-api-key", b"another")], [(b"x-api-key", b"")]]
)
def test_whatever_is_refused_as_a_key_is_counted(headers: list[tuple[bytes, bytes]]) -> None:
    ask = guarded("1/minute", ManualClock())
    assert [ask(headers), ask(headers)] == [401, 429]


def test_a_call_without_a_key_is_not_counted() -> None:
    ask = guarded("1/minute", ManualClock())
    assert [ask([]) for _ in range(3)] == [401] * 3
    assert ask(WRONG) == 401


def test_a_call_that_is_open_to_strangers_is_neither_counted_nor_refused() -> None:
    ask = guarded("1/minute", ManualClock())
    assert [ask(WRONG, method="POST") for _ in range(3)] == [200] * 3
    assert [ask(WRONG), ask(WRONG), ask(WRONG, method="POST")] == [401, 429, 200]


def test_no_rate_refuses_every_wrong_key_alike() -> None:
    ask = guarded("0", ManualClock())
    assert {ask(WRONG) for _ in range(200)} == {401}


def test_where_no_key_is_needed_none_is_wrong() -> None:
    ask = guarded("1/minute", ManualClock(), None)
    assert [ask(WRONG) for _ in range(3)] == [200] * 3


def test_no_more_addresses_are_remembered_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Windows] = []
    made = Windows.__init__

    def note(self: Windows, *args: Any, **options: Any) -> None:
        made(self, *args, **options)
        kept.append(self)

    monkeypatch.setattr(Windows, "__init__", note)
    rate = Rate("wrong keys from this address", "30/minute", ManualClock().monotonic, kept=100)
    for number in range(1000):
        rate.hit(f"192.0.2.{number}")
    assert [len(windows) for windows in kept] == [100]


@contextmanager
def refusing(tmp_path: Path, rate: str) -> Iterator[Running]:
    with Running(tmp_path / "data", api_key=FIRST, wrong_key_rate=rate) as service:
        yield service


def told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_refusal_over_http_has_the_shape_of_every_rate(tmp_path: Path) -> None:
    wrong = {"X-Api-Key": "wrong"}
    with refusing(tmp_path, "2/minute") as service:
        # /status is answered on a way of its own; they count together.
        paths = ["/clients", "/status", "/clients", "/status"]
        answers = [service.call("GET", path, 1, headers=wrong) for path in paths]
        unknown, often = (401, "UNAUTHORIZED"), (429, "RATE_LIMIT_EXCEEDED")
        assert list(map(told, answers)) == [unknown, unknown, often, often]
        refused = answers[-1]
        assert refused.json()["error"] is True
        assert refused.json()["message"] == "Too many wrong keys from this address: at most 2 in 60 s"
        assert 1 <= refused.json()["retry_after_seconds"] == int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit-limit"] == "2"
        assert service.call("GET", "/status", 1, headers={"X-Api-Key": FIRST}).status_code == 200
        assert service.call("GET", "/health", headers=wrong).status_code == 200


def test_the_dashboards_sign_in_and_websockets_count_as_well(tmp_path: Path) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    with refusing(tmp_path, "2/minute") as service:
        url = service.url
        with httpx2.Client(base_url=url, headers={"Origin": url}, verify=False) as browser:
            assert told(browser.post("/dashboard/session", data={"key": "wrong"})) == (401, "UNAUTHORIZED")
            with Raw(url) as socket:
                asked = request("GET", "/events", b"", X_Api_Key="wrong", **upgrade)
                assert socket.send(asked).answer().status == 401
            assert told(browser.post("/dashboard/session", data={"key": "wrong"})) == (429, "RATE_LIMIT_EXCEEDED")
            assert browser.post("/dashboard/session", data={"key": FIRST}).status_code == 200


def test_keys_in_the_queries_of_waha_count_as_well(tmp_path: Path) -> None:
    def listens(service: Running, key: str) -> int | None:
        with connect(f"{service.url.replace('http', 'ws')}/ws?x-api-key={key}", open_timeout=PATIENCE) as socket:
            if key == FIRST:
                return None
            with pytest.raises(ConnectionClosed):
                socket.recv(PATIENCE)
            return socket.protocol.close_code

    with refusing(tmp_path, "3/minute") as service, httpx2.Client(base_url=service.url) as stranger:

        def asked(key: str) -> int:
            return stranger.get(f"/api/screenshot?x-api-key={key}").status_code

        assert [listens(service, "wrong"), asked("wrong"), listens(service, "wrong")] == [4003, 401, 4003]
        assert [listens(service, "wrong"), asked("wrong"), asked("")] == [1013, 429, 401]
        assert [listens(service, FIRST), asked(FIRST)] == [None, 422]
