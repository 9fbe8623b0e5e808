"""The stage: one service, one sandbox, some clients; and one fault played on one client, measured from outside."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self

import httpx2
import psutil

from tests.chaos.disk import small_disk
from tests.rig import Consumer, Sandbox, Service, chromiums
from tests.rig.processes import until

FRIEND = "5491188880000"
"""The phone everybody writes to."""
DURABLE_AFTER = 3.0
"""Seconds after which Chromium has surely written a login to its disk. It was seen to take one at most."""
PROBE_INTERVAL, PROBE_TIMEOUT = 2.0, 1.0
BACKOFF_FIRST = 0.3
SEND_TIMEOUT = 10.0
SETTINGS = {
    "probe_interval": PROBE_INTERVAL,
    "probe_timeout": PROBE_TIMEOUT,
    "backoff_first": BACKOFF_FIRST,
    "backoff_cap": 2.0,
    "stable_after": 5.0,
    "cleanup_delay": 1.5,
    "send_timeout": SEND_TIMEOUT,
    "client_memory": 500,
    "log_format": "json",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one fault led to; durations in seconds, None where there was nothing to see."""

    fault: str
    client_id: int | None
    noticed: float | None
    back: float | None
    state: str
    reason: str | None
    left: int
    lost: int
    problem: str | None = None


@dataclass
class Actor:
    """A client on the stage: its consumer, the texts it has said, and those of them that were accepted."""

    consumer: Consumer
    compat: str
    accepted: list[str] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    logged_out: bool = False
    """Its login was ended on purpose: it does not come back by itself."""
    numbers: count[int] = field(default_factory=count)
    paired_at: float = 0.0

    def until_durable(self) -> None:
        """Wait until the login is old enough to be on Chromium's disk (a SIGKILL loses younger ones)."""
        time.sleep(max(0.0, self.paired_at + DURABLE_AFTER - time.monotonic()))

    def say(self) -> httpx2.Response | None:
        """Send one more text; remember whether the service accepted it. None where it gave no answer at all."""
        text = f"{self.consumer.client_id}/{next(self.numbers)}"
        self.said.add(text)
        try:
            answer = self.consumer.send(FRIEND, text)
        except httpx2.TransportError:
            return None
        if answer.status_code == 200:
            self.accepted.append(text)
        return answer


class Arena:
    """The service, the sandbox and `clients` clients, half of them on each generation of page. A context manager."""

    def __init__(self, directory: Path, clients: int) -> None:
        self.data_dir = directory / "data"
        self._size = clients
        self.actors: list[Actor] = []

    def __enter__(self) -> Self:
        with ExitStack() as opened:  # what was started is ended, should the rest not start
            self.has_disk = opened.enter_context(small_disk(self.data_dir))
            self.sandbox = opened.enter_context(Sandbox())
            self.service = opened.enter_context(Service(self.data_dir, self.sandbox.url, **SETTINGS))
            for client_id in range(1, self._size + 1):
                consumer = Consumer(self.service, self.sandbox, client_id)
                opened.callback(consumer.close)
                self.actors.append(Actor(consumer, "classic" if client_id % 2 else "modern"))
            self._stack = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def pair(self, actor: Actor) -> None:
        """READY, whatever it takes: also after a logout, a ban, a terminal state."""
        self.sandbox.post("/settings", compat=actor.compat)
        if actor.consumer.state() != "READY":
            actor.consumer.init()
            if actor.consumer.reaches("QR_REQUIRED", "READY", seconds=60.0)["state"] == "QR_REQUIRED":
                actor.consumer.scan()
                actor.paired_at = time.monotonic()
            actor.consumer.reaches("READY")

    def browsers(self, actor: Actor) -> set[psutil.Process]:
        """The processes of one client's Chromium."""
        return chromiums(self.data_dir / "profiles" / str(actor.consumer.client_id))

    def browser(self, actor: Actor) -> psutil.Process:
        """The main process of one client's Chromium."""
        return next(p for p in self.browsers(actor) if not any(a.startswith("--type=") for a in p.cmdline()))

    def renderer(self, actor: Actor) -> psutil.Process:
        """The process the page runs in."""
        children = self.browser(actor).children(recursive=True)
        return next(p for p in children if "--type=renderer" in p.cmdline())

    def generation(self, actor: Actor) -> str:
        """Of the page that the client is on. Another client may have chosen between its own choice and the load."""
        pages: list[dict[str, Any]] = self.sandbox.get("/pages")
        return next((page["compat"] for page in pages if page["number"] == actor.consumer.number), actor.compat)

    def lost(self, actor: Actor) -> int:
        """How many accepted texts did not arrive exactly once, and how many others arrived more than once."""
        received = Counter(message["text"] for message in self.received())
        others = actor.said - set(actor.accepted)
        return sum(received[text] != 1 for text in actor.accepted) + sum(received[text] > 1 for text in others)

    def received(self) -> list[dict[str, Any]]:
        """Everything that ever arrived on the friend's phone."""
        messages: list[dict[str, Any]] = self.sandbox.get(f"/phones/{FRIEND}")["received"]
        return messages

    def arrived(self, actor: Actor) -> None:
        """Wait until the newest accepted text is on the friend's phone. Raises AssertionError."""
        newest = actor.accepted[-1]
        texts = lambda: [message["text"] for message in self.received()]  # noqa: E731 - read again and again
        until(texts, lambda seen: newest in seen, f"{newest} arrives", 10.0, every=0.05)


class Watch:
    """One client's status, read again and again from the moment of the fault."""

    def __init__(self, actor: Actor) -> None:
        self._consumer = actor.consumer
        self._before = self._look()
        self._began = time.monotonic()

    def _look(self) -> tuple[Any, ...]:
        status = self._consumer.status()
        return status["state"], status["since"], status["reason"]

    def noticed(self, seconds: float) -> float:
        """How long until the status says that something happened. Raises AssertionError after `seconds`."""
        until(self._look, lambda seen: seen != self._before, "the fault is noticed", seconds, every=0.005)
        return self.passed()

    def ends(self, states: tuple[str, ...], seconds: float) -> float:
        """How long until one of these states. Raises AssertionError after `seconds`."""
        self._consumer.reaches(*states, seconds=seconds)
        return self.passed()

    def passed(self) -> float:
        """Seconds since the fault."""
        return time.monotonic() - self._began
