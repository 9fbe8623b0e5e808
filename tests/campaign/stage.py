"""What is played on: the service, real Chromiums, the sandbox; with the sandbox's own record of what came and went."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, Self

import httpx2
import psutil

from tests.campaign import webhooks
from tests.campaign.contents import MIB
from tests.campaign.plan import Plan
from tests.campaign.verdict import Arrival
from tests.rig import Consumer, Sandbox, Service, naming
from tests.rig.processes import until
from tests.store.postgresql import PostgreSQL

DURABLE_AFTER = 10.0
"""Seconds after which Chromium has surely written a login to its disk."""
SETTINGS: dict[str, Any] = {
    "probe_interval": 3.0,
    "probe_timeout": 2.0,
    "backoff_first": 0.2,
    "backoff_cap": 1.0,
    "stable_after": 0.0,
    "max_reconnection_attempts": 1000,
    "send_timeout": 15.0,
    "log_format": "json",
    **webhooks.SETTINGS,
}


class Stage(Protocol):
    """What a campaign does to the service and its surroundings. One thread, but for `write`."""

    database_url: str
    server: PostgreSQL | None
    """What the database is on; None for a file."""
    tempo: float
    """By how much pauses are shortened."""
    pause: float
    """Seconds after which consumers try again."""
    largest: int
    """Bytes of the largest file that is sent."""
    restarts: float
    """How much more seldom than by WEIGHTS the service itself is struck."""
    hook_events: tuple[str, ...]
    """The types of events that go to the webhook."""

    @property
    def url(self) -> str:
        """Where the service answers."""

    def pair(self) -> None:
        """Every client READY, with a login that survives kills."""

    def all_ready(self, seconds: float) -> None:
        """Wait until every client is READY. Raises AssertionError after `seconds`."""

    def kill_service(self) -> None:
        """SIGKILL."""

    def stop_service(self) -> None:
        """SIGTERM. Raises AssertionError where the exit code is not 0."""

    def start_service(self) -> None:
        """Start it, and wait until it takes work."""

    def launch_service(self) -> None:
        """Start it, and wait for nothing."""

    def await_service(self) -> None:
        """Wait until it takes work. Raises AssertionError where it has ended."""

    def freeze_service(self, seconds: float) -> None:
        """It does nothing for so long, and does not know of it."""

    def freeze_browser(self, client_id: int, seconds: float) -> None:
        """The client's Chromium, if one runs, does nothing for so long."""

    def kill_browser(self, client_id: int) -> None:
        """The client's Chromium, if one runs, is gone at once."""

    def stop_browser(self, client_id: int) -> None:
        """It is asked to end."""

    def cut(self, client_id: int) -> None:
        """The client's page has no network."""

    def mend(self, client_id: int) -> None:
        """It has one again."""

    def write(self, client_id: int, phone: str, text: str, id: str) -> None:
        """Somebody writes to the client. Any thread."""

    def arrivals(self) -> list[Arrival]:
        """What WhatsApp has of what was sent, in the order of arrival within each client."""

    def delivered(self) -> int:
        """How many messages have arrived so far."""


class ServiceSteps:
    """The steps of a stage that are the same on each: those of the program that it runs."""

    service: Service

    def start_service(self) -> None:
        self.service.start()

    def launch_service(self) -> None:
        self.service.launch()

    def await_service(self) -> None:
        self.service.started()

    def freeze_service(self, seconds: float) -> None:
        self.service.freeze(seconds)


class RealStage(ServiceSteps):
    """A context manager. The clients are of both generations of page and of both kinds of addressing."""

    tempo = 1.0
    pause = 0.3
    largest = 16 * MIB
    restarts = 1.0
    hook_events: tuple[str, ...] = webhooks.EVENTS

    def __init__(self, directory: Path, plan: Plan, server: PostgreSQL | None = None, **settings: Any) -> None:
        self.data_dir, self._plan, self.server = directory / "data", plan, server
        self.database_url = database_url(self.data_dir, server)
        self._settings = {"database_url": self.database_url, **settings}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._sandbox = self._stack.enter_context(Sandbox())
        self.service = Service(self.data_dir, self._sandbox.url, **SETTINGS, **self._settings)
        self._stack.enter_context(self.service)
        numbers = range(1, self._plan.clients + 1)
        self._consumers = {number: Consumer(self.service, self._sandbox, number) for number in numbers}
        for consumer in self._consumers.values():
            self._stack.callback(consumer.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        return self.service.url

    def pair(self) -> None:
        for number, consumer in self._consumers.items():
            self._sandbox.post("/settings", compat="classic" if number % 2 else "modern")
            consumer.pair(lids=number % 2 == 0)
        time.sleep(DURABLE_AFTER)  # Chromium tells nobody when it has written

    def all_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for consumer in self._consumers.values():
            consumer.reaches("READY", "ERROR", seconds=max(0.1, deadline - time.monotonic()))
            status = consumer.status()
            assert status["state"] != "ERROR", status

    def kill_service(self) -> None:
        self.service.kill()

    def stop_service(self) -> None:
        code = self.service.stop()
        assert code == 0, f"exit code {code}: {self.service.log_end()}"

    def freeze_browser(self, client_id: int, seconds: float) -> None:
        frozen = naming(self.data_dir / "profiles" / str(client_id))
        _signal_each(frozen, signal.SIGSTOP)
        time.sleep(seconds)
        _signal_each(frozen, signal.SIGCONT)

    def kill_browser(self, client_id: int) -> None:
        self._signal(client_id, signal.SIGKILL)

    def stop_browser(self, client_id: int) -> None:
        self._signal(client_id, signal.SIGTERM)

    def _signal(self, client_id: int, number: signal.Signals) -> None:
        # None runs, or it has just ended; or the service is away, and finds out when it is back.
        with contextlib.suppress(psutil.Error, StopIteration, httpx2.TransportError):
            processes = [psutil.Process(pid) for pid in naming(self.data_dir / "profiles" / str(client_id))]
            main = next(p for p in processes if not any(a.startswith("--type=") for a in p.cmdline()))
            was_ready = self._consumers[client_id].state() == "READY"
            main.send_signal(number)
            if was_ready:  # else READY would be read before the service has noticed
                until(self._consumers[client_id].state, lambda state: state != "READY", "the end is noticed", 10.0)

    def cut(self, client_id: int) -> None:
        self._consumers[client_id].phone("network", online=False)

    def mend(self, client_id: int) -> None:
        self._consumers[client_id].phone("network", online=True)

    def write(self, client_id: int, phone: str, text: str, id: str) -> None:
        self._sandbox.post(f"/phones/{phone}/send", to=self._consumers[client_id].number, text=text, id=id)

    def arrivals(self) -> list[Arrival]:
        return [
            _arrival(client_id, message)
            for client_id, consumer in self._consumers.items()
            for message in self._sandbox.get(f"/accounts/{consumer.number}/messages")
            if message["from_me"]
        ]

    def delivered(self) -> int:
        return len(self.arrivals())


def _arrival(client_id: int, message: dict[str, Any]) -> Arrival:
    media = message["media"] or {}
    text = message["text"] or media.get("filename", "")
    return Arrival(client_id, message["chat"], message["id"], text, message["arrivals"], media.get("sha256"))


def database_url(data_dir: Path, server: PostgreSQL | None) -> str:
    """Where the service keeps its records: on a server, or in a file as it would by itself."""
    return f"sqlite:///{data_dir.absolute() / 'session-manager.db'}" if server is None else server.url("postgres")


def _signal_each(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def settled(stage: Stage, clients: int, seconds: float) -> None:
    """Wait until nothing is queued or being sent. Raises AssertionError after `seconds`."""

    def open_messages() -> int:
        found = 0
        for client_id in range(1, clients + 1):
            for state in ("queued", "sending"):
                answer = httpx2.get(
                    f"{stage.url}/messages",
                    params={"state": state, "limit": 1},
                    headers={"X-Cliente-Id": str(client_id)},
                    timeout=30.0,
                    verify=False,
                )
                found += len(answer.raise_for_status().json()["messages"])
        return found

    until(open_messages, lambda count: count == 0, "everything is settled", seconds, every=0.2)
