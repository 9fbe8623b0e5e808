"""Rates: exact, on a clock of the test's own, and forgotten when they are over."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

from actors.clients.errors import StartFailed, StartUnderWay
from actors.clients.protocol import AlreadyRunning, Started, Status
from actors.clients.types import ClientId, State
from actors.runtime.testing import ManualClock
from actors.settings import Settings
from gateway.security.auth import ANYONE, PUBLIC, Caller, Need, RateClass, Scope, Whose
from gateway.security.rate_limits import Rate, RateLimited, Rates, StartRates, Windows, address_of
from gateway.service.bridge import Bridge
from tests.gateway.running import Running

HERE = "127.0.0.1"


class Clients:
    """A bridge to clients that are there when told, and whose starts end as told."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.asked = 0
        self.state = State.NOT_INITIALIZED
        self.decide = asyncio.Event()
        self.decide.set()

    async def init(self, client_id: ClientId) -> Any:
        self.asked += 1
        outcome = self.outcomes.pop(0) if self.outcomes else Started(Status(client_id))
        await self.decide.wait()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def status(self, client_id: ClientId) -> Status:
        return Status(client_id, state=self.state)


def starts(
    per_client: str = "5/minute", per_address: str = "30/minute", clock: ManualClock | None = None
) -> StartRates:
    now = (clock or ManualClock()).monotonic
    return StartRates(
        Rate("starts of this client", per_client, now), Rate("starts from this address", per_address, now)
    )


async def init(rates: StartRates, clients: Clients, client: int = 1, address: str = HERE) -> Any:
    return await rates.init(cast(Bridge, clients), ClientId(client), address)


def test_a_window_moves() -> None:
    clock = ManualClock()
    rate = Rate("things", "2/minute", clock.monotonic)
    rate.hit("a")
    clock.advance(30)
    rate.hit("a")
    with pytest.raises(RateLimited) as refused:
        rate.hit("a")
    assert refused.value.standing.headers == {
        "RateLimit-Policy": "2;w=60",
        "RateLimit-Limit": "2",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "30",
    }
    rate.hit("b")
    clock.advance(30)
    rate.hit("a")


def test_no_rate_is_no_limit() -> None:
    rate = Rate("things", "0")
    assert not rate
    for _ in range(1000):
        rate.hit("a")


def test_windows_that_are_over_are_forgotten_and_never_more_are_kept_than_allowed() -> None:
    clock = ManualClock()
    windows = Windows(clock.monotonic, kept=100)
    for number in range(1000):
        assert windows.acquire_entry(str(number), 1, 60)
    assert len(windows) == 100
    clock.advance(61)
    for number in range(100):
        windows.acquire_entry(f"later {number}", 1, 60)
    assert len(windows) == 100
    assert all(windows.get(f"later {number}") for number in range(100))


def test_the_sixth_start_of_a_client_in_a_minute_is_refused_and_others_are_not() -> None:
    async def scenario() -> None:
        clock = ManualClock()
        rates, clients = starts(clock=clock), Clients()
        for _ in range(5):
            await init(rates, clients)
        with pytest.raises(RateLimited, match="starts of this client: at most 5 in 60 s"):
            await init(rates, clients)
        await init(rates, clients, client=2)
        assert clients.asked == 6
        clock.advance(60)
        await init(rates, clients)

    asyncio.run(scenario())


def test_the_thirty_first_start_from_an_address_is_refused_and_from_others_is_not() -> None:
    async def scenario() -> None:
        rates, clients = starts(), Clients()
        for client in range(1, 31):
            await init(rates, clients, client)
        with pytest.raises(RateLimited, match="from this address"):
            await init(rates, clients, 31)
        await init(rates, clients, 31, "192.0.2.1")

    asyncio.run(scenario())


def test_what_starts_nothing_is_not_counted() -> None:
    async def scenario() -> None:
        nothing = {State.READY: AlreadyRunning(Status(ClientId(1))), State.INITIALIZING: StartUnderWay(ClientId(1))}
        rates, clients = starts(), Clients(*[*nothing.values()] * 10)
        for clients.state in [*nothing] * 10:
            with suppress(StartUnderWay):
                await init(rates, clients)
        clients.state = State.NOT_INITIALIZED
        for _ in range(5):
            await init(rates, clients)

    asyncio.run(scenario())


def test_a_start_that_failed_is_counted() -> None:
    async def scenario() -> None:
        rates, clients = starts("1/minute"), Clients(StartFailed(ClientId(1), "why"))
        with pytest.raises(StartFailed):
            await init(rates, clients)
        with pytest.raises(RateLimited):
            await init(rates, clients)

    asyncio.run(scenario())


def test_whoever_asks_for_a_running_client_is_told_so_even_when_nothing_is_left() -> None:
    async def scenario() -> None:
        rates, clients = starts("1/minute"), Clients(Started(Status(ClientId(1))), AlreadyRunning(Status(ClientId(1))))
        await init(rates, clients)
        clients.state = State.READY
        assert isinstance(await init(rates, clients), AlreadyRunning)

    asyncio.run(scenario())


def test_twenty_callers_at_once_of_one_client_are_all_heard() -> None:
    async def scenario() -> None:
        rates = starts()
        clients = Clients(Started(Status(ClientId(1))), *[StartUnderWay(ClientId(1)) for _ in range(19)])
        clients.decide.clear()
        calls = [asyncio.ensure_future(init(rates, clients)) for _ in range(20)]
        await asyncio.sleep(0)
        clients.decide.set()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes].count(StartUnderWay) == 19

    asyncio.run(scenario())


def test_a_hundred_starts_at_once_from_one_address_are_no_more_than_thirty() -> None:
    async def scenario() -> None:
        rates, clients = starts(), Clients()
        clients.decide.clear()
        calls = [asyncio.ensure_future(init(rates, clients, client)) for client in range(1, 101)]
        await asyncio.sleep(0)
        clients.decide.set()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(outcome, Started) for outcome in outcomes) == 30
        assert sum(isinstance(outcome, RateLimited) for outcome in outcomes) == 70
        assert clients.asked == 30

    asyncio.run(scenario())


def test_a_refusal_over_http_says_when_again(tmp_path: Path) -> None:
    with Running(tmp_path / "data", init_rate="2/minute", send_rate="1/hour") as service:
        for _ in range(2):
            assert service.post("/init", 1).status_code == 200
            assert [service.post("/init", 1).json()["action"] for _ in range(5)] == ["NO_ACTION_NEEDED"] * 5
            assert service.call("DELETE", "/session/1").status_code == 200
        refused = service.post("/init", 1)
        assert refused.status_code == 429
        told = refused.json()
        assert (told["error"], told["code"]) == (True, "RATE_LIMIT_EXCEEDED")
        assert 1 <= told["retry_after_seconds"] == int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit-limit"] == "2"
        assert refused.headers["ratelimit-remaining"] == "0"
        assert refused.headers["ratelimit-reset"] == refused.headers["retry-after"]
        assert refused.headers["ratelimit-policy"] == "2;w=60"
        assert service.status(1)["state"] == "NOT_INITIALIZED"
        message = {"to": "5491122334455", "message": "x"}
        assert [service.post("/send", 7, json=message).status_code for _ in range(2)] == [409, 429]
        assert service.post("/send", 8, json=message).status_code == 409


def test_the_default_rates_are_five_starts_of_a_client_and_thirty_of_an_address(tmp_path: Path) -> None:
    rates = {name: Settings.model_fields[name].default for name in ("init_rate", "init_address_rate")}
    with Running(tmp_path / "data", max_clients=40, **rates) as service:
        for client in range(1, 7):
            for _ in range(5):
                assert service.post("/init", client).json()["action"] == "INITIALIZING"
                service.call("DELETE", f"/session/{client}")
        assert service.post("/init", 7).headers["ratelimit-limit"] == "30"
        assert service.post("/init", 1).headers["ratelimit-limit"] == "5"


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("un:known", "un:known"),
    ],
)
def test_an_ipv6_address_counts_as_its_network(host: str, counted: str) -> None:
    assert address_of({"client": (host, 1)}) == counted
    assert address_of({}) == ""


def test_calls_are_counted_by_key_or_address_and_messages_by_client_and_public_calls_not() -> None:
    rates = Rates(starts(), Rate("messages", "1/minute"), Rate("calls", "2/minute"), Rate("wrong keys", "0"))
    key = Caller("k", frozenset(Scope), None)
    read, send = Need(Scope.READ, Whose.CLIENT), Need(Scope.SEND, Whose.CLIENT, RateClass.SEND)
    scope = {"method": "POST", "headers": [(b"x-cliente-id", b"7")], "client": (HERE, 1)}
    for _ in range(3):
        rates.count(PUBLIC, None, scope)
        rates.count(PUBLIC, key, scope)
    rates.count(read, key, scope)
    rates.count(send, key, scope)
    with pytest.raises(RateLimited, match="calls"):
        rates.count(read, key, scope)
    with pytest.raises(RateLimited, match="messages"):
        rates.count(send, ANYONE, scope)
