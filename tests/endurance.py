"""`python -m tests.endurance [--minutes 60] [--clients 10] [--every 1] [--out DIRECTORY]`: an hour of constant traffic.

Each client writes and is written to all the time, and in turn loses its Chromium, its network or its page. Looked at
from outside: memory, descriptors and threads of the service, the size of its database, the number of its Chromiums.
Prints the mean of the second and of the last tenth of the time; writes the figures as CSV and as a plot (SVG).
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import itertools
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import mean

import httpx2
import psutil
from rich.console import Console
from rich.table import Table

from tests.rig import Consumer, Sandbox, Service
from tests.rig.processes import mains

MIB = 1024 * 1024
LOOKS_EVERY, STRIKES_EVERY = 10.0, 15.0
"""Seconds between two looks, and between two misfortunes."""
PATIENCE = 120.0
SETTINGS = {"backoff_first": 0.2, "backoff_cap": 2.0, "stable_after": 0.0, "max_reconnection_attempts": 1_000}
WIDTH, HEIGHT, MARGIN = 760, 110, 46
console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Look:
    """What the service holds at one moment. `memory` and `database` are in MiB."""

    minute: float
    memory: float
    descriptors: int
    threads: int
    database: float
    chromiums: int
    sent: int
    received: int
    reconnections: int


class Traffic:
    """Writes and is written to, in a thread of its own for each client, until it is told to stop."""

    def __init__(self, consumers: Sequence[Consumer], every: float) -> None:
        self._consumers, self._every, self._over = consumers, every, threading.Event()
        self._counts = {"sent": 0, "received": 0, "refused": 0}
        self._lock = threading.Lock()

    def __enter__(self) -> Traffic:
        self._threads = [threading.Thread(target=self._run, args=(each,)) for each in self._consumers]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def count(self, name: str) -> int:
        """How many so far: sent, received or refused."""
        with self._lock:
            return self._counts[name]

    def _run(self, consumer: Consumer) -> None:
        for number in itertools.count():
            if self._over.wait(self._every):
                return
            friend = f"5492233{consumer.client_id:04d}{number % 20:02d}"
            text = f"{consumer.client_id}-{number} " + "x" * 200
            self._count("sent", consumer.http, "/messages", {"to": friend, "message": text})
            write = f"/api/phones/{friend}/send"
            self._count("received", consumer.sandbox.api, write, {"to": consumer.number, "text": text})

    def _count(self, name: str, http: httpx2.Client, path: str, body: dict[str, str]) -> None:
        try:
            done = http.post(path, json=body).status_code < 300
        except httpx2.TransportError:
            done = False
        with self._lock:
            self._counts[name if done else "refused"] += 1


class Misfortune:
    """Strikes one client after the other: its Chromium is killed, its network is cut, its page is reloaded."""

    def __init__(self, service: Service, consumers: Sequence[Consumer], seed: int) -> None:
        self._service, self._chance = service, random.Random(seed)
        self._turn = itertools.cycle(consumers)
        self.struck = 0

    def strike(self) -> None:
        """Strike the next client."""
        consumer = next(self._turn)
        getattr(self, self._chance.choice(["_kill", "_cut", "_reload"]))(consumer)
        self.struck += 1

    def _kill(self, consumer: Consumer) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for leader in mains(self._service.data_dir / "profiles" / str(consumer.client_id)):
                psutil.Process(leader).kill()

    def _cut(self, consumer: Consumer) -> None:
        consumer.phone("network", online=False)
        time.sleep(1.0)  # how long the network is away: this program is no test
        consumer.phone("network", online=True)

    def _reload(self, consumer: Consumer) -> None:
        with contextlib.suppress(httpx2.HTTPStatusError):  # it has no page at this moment
            consumer.phone("page", do="reload")


def run(minutes: float, clients: int, every: float, seed: int) -> list[Look]:
    """Play it, and return all looks. Raises AssertionError where a client does not come back."""
    looks: list[Look] = []
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="endurance-")))
        sandbox = stack.enter_context(Sandbox())
        service = stack.enter_context(Service(directory / "data", sandbox.url, **SETTINGS))
        consumers = [Consumer(service, sandbox, number) for number in range(1, clients + 1)]
        for consumer in consumers:
            stack.callback(consumer.close)
            consumer.pair()
        process, began = psutil.Process(service.pid), time.monotonic()
        traffic, misfortune = stack.enter_context(Traffic(consumers, every)), Misfortune(service, consumers, seed)
        for moment in _moments(began, minutes * 60):
            if moment % STRIKES_EVERY < 1.0:
                misfortune.strike()
            if moment % LOOKS_EVERY < 1.0:
                looks.append(_look(process, service, traffic, misfortune, (time.monotonic() - began) / 60))
                _say(looks[-1])
        for consumer in consumers:
            consumer.reaches("READY", seconds=PATIENCE)
    return looks


def _moments(began: float, seconds: float) -> Iterator[float]:
    """Each whole second, as long as it lasts; those that a misfortune took are passed over."""
    for moment in range(1, int(seconds) + 1):
        ahead = began + moment - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
            yield moment


def _look(process: psutil.Process, service: Service, traffic: Traffic, misfortune: Misfortune, minute: float) -> Look:
    database = sum(file.stat().st_size for file in service.data_dir.glob("session-manager.db*"))
    return Look(
        round(minute, 2),
        round(process.memory_full_info().uss / MIB, 1),
        process.num_fds(),
        process.num_threads(),
        round(database / MIB, 2),
        len(mains(service.data_dir / "profiles")),
        traffic.count("sent"),
        traffic.count("received"),
        misfortune.struck,
    )


def _say(look: Look) -> None:
    console.print("  ".join(f"{name} {value}" for name, value in asdict(look).items()), soft_wrap=True)


def table(looks: Sequence[Look]) -> Table:
    """The mean of the second tenth beside that of the last: the first tenth is the start."""
    tenth = max(1, len(looks) // 10)
    early, late = looks[tenth : 2 * tenth] or looks, looks[-tenth:]
    shown = Table("what", "second tenth", "last tenth")
    for name in ("memory", "descriptors", "threads", "database", "chromiums"):
        shown.add_row(name, *(f"{mean(getattr(look, name) for look in part):.1f}" for part in (early, late)))
    for name in ("sent", "received", "reconnections"):
        shown.add_row(name, "", str(getattr(looks[-1], name)))
    return shown


def plot(looks: Sequence[Look]) -> str:
    """Draw one curve below the other as an SVG, each with its least and its greatest value."""
    names = ("memory", "descriptors", "threads", "database", "chromiums")
    rows = [_curve(name, number, looks) for number, name in enumerate(names)]
    height = len(names) * HEIGHT
    box = f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box}>'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{height}" fill="white"/>', *rows, "</svg>\n"])


def _curve(name: str, number: int, looks: Sequence[Look]) -> str:
    values = [float(getattr(look, name)) for look in looks]
    least, most, until = min(values), max(values), looks[-1].minute
    top, bottom = number * HEIGHT + 24, (number + 1) * HEIGHT - 12

    def point(look: Look, value: float) -> str:
        across = MARGIN + (WIDTH - 2 * MARGIN) * look.minute / until
        return f"{across:.1f},{bottom - (bottom - top) * (value - least) / ((most - least) or 1):.1f}"

    points = " ".join(point(look, value) for look, value in zip(looks, values, strict=True))
    unit = " MiB" if name in ("memory", "database") else ""
    return (
        f'<text x="{MARGIN}" y="{top - 8}">{name}: {least:g} to {most:g}{unit} in {until:.0f} minutes</text>\n'
        f'<polyline points="{points}" fill="none" stroke="#128c7e" stroke-width="1.5"/>'
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two messages of a client, each way")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("endurance"), help="where endurance.csv and .svg are written")
    given = parser.parse_args()
    looks = run(given.minutes, given.clients, given.every, given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    with (given.out / "endurance.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Look)])
        writer.writeheader()
        writer.writerows(map(asdict, looks))
    (given.out / "endurance.svg").write_text(plot(looks), encoding="utf-8")
    console.print(table(looks))
    return 0


if __name__ == "__main__":
    sys.exit(main())
