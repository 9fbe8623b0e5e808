"""`python -m tests.chaos [--clients 6] [--random 200] [--seed 1] [--only TEXT]`. Exit code 0 only if all held."""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import httpx2
import psutil

from tests.chaos import report
from tests.chaos.arena import BACKOFF_FIRST, Actor, Arena, Outcome, Watch
from tests.chaos.faults import FAULTS, HANG, HUNG, KILLED, RANDOM, Fault
from tests.chaos.services import END_SECONDS, SERVICE_FAULTS, play_on_service
from tests.chaos.surroundings import ON_DISK, SURROUNDINGS, play_on_surroundings
from tests.rig import alive, naming


def play(arena: Arena, actor: Actor, fault: Fault) -> Outcome:
    """One fault on one READY client; afterwards it is READY again, or at a rightful end and paired anew."""
    client_id = actor.consumer.client_id
    noticed = back = None
    state, reason, left, problem = "?", None, 0, None
    try:
        arena.pair(actor)
        if fault.renews:
            actor.until_durable()
        if fault.only not in (None, arena.generation(actor)):
            return Outcome(f"{fault.name}: not on this page", client_id, None, None, "READY", None, 0, 0)
        before, watch = arena.browsers(actor), Watch(actor)
        fault.act(arena, actor)
        if fault.noticed is not None:
            noticed = watch.noticed(fault.noticed)
        reason = actor.consumer.status()["reason"]
        actor.say()
        if fault.mend is not None:
            fault.mend(arena, actor)
        back = watch.ends(fault.ends, END_SECONDS)
        last = actor.consumer.status()
        state = last["state"]
        left = len(alive(before)) if fault.renews else 0
        problem = _settled(arena, actor, fault, reason, left)
        if problem is None and fault.ended_by and last["reason"] not in fault.ended_by:
            problem = f"ended by {last['reason']}, not {' or '.join(fault.ended_by)}"
    except (AssertionError, psutil.Error, httpx2.HTTPError, OSError, StopIteration) as error:
        problem = f"{type(error).__name__}: {error}"
    return Outcome(fault.name, client_id, noticed, back, state, reason, left, arena.lost(actor), problem)


def _settled(arena: Arena, actor: Actor, fault: Fault, reason: str | None, left: int) -> str | None:
    """Have the client READY again and prove it by one message. Answers what was wrong, if anything."""
    arena.pair(actor)
    answer = actor.say()
    if answer is None or answer.status_code != 200:
        return f"cannot send afterwards: {answer and answer.text}"
    arena.arrived(actor)
    if fault.reasons and reason not in fault.reasons:
        return f"reason {reason}, not {' or '.join(fault.reasons)}"
    return f"{left} old processes live" if left else None


def every_fault(arena: Arena, only: str) -> list[Outcome]:
    """The table from top to bottom, each fault on a client of each generation of page."""
    outcomes = []
    for fault in (f for f in FAULTS if only in f.name and f.possible()):
        for actor in arena.actors[:2]:
            if fault.only in (None, actor.compat):
                outcomes.append(play(arena, actor, fault))
                report.line(outcomes[-1])
    for name, end in ((n, e) for n, e in SERVICE_FAULTS if only in n):
        outcomes.append(play_on_service(arena, name, end))
        report.line(outcomes[-1])
    for row in (r for r in SURROUNDINGS if only in r[0] and (arena.has_disk or r not in ON_DISK)):
        outcomes.append(play_on_surroundings(arena, *row))
        report.line(outcomes[-1])
    return outcomes


def random_faults(arena: Arena, amount: int, seed: int) -> list[Outcome]:
    """`amount` faults over all clients at once, each drawing its own, seeded: one life of the service."""
    amounts = [amount // len(arena.actors) + (i < amount % len(arena.actors)) for i in range(len(arena.actors))]
    with ThreadPoolExecutor(len(arena.actors)) as pool:
        jobs = [
            pool.submit(_several, arena, actor, share, seed * 1000 + i)
            for i, (actor, share) in enumerate(zip(arena.actors, amounts, strict=True))
        ]
        return [outcome for job in jobs for outcome in job.result()]


def _several(arena: Arena, actor: Actor, amount: int, seed: int) -> list[Outcome]:
    chance = random.Random(seed)
    outcomes = []
    for _ in range(amount):
        fault = chance.choice([f for f in RANDOM if f.only in (None, actor.compat)])
        outcomes.append(play(arena, actor, fault))
        report.line(outcomes[-1])
    return outcomes


def locks_held(data_dir: Path) -> int:
    """How many of the profiles' locks somebody holds."""
    held = 0
    for lock in data_dir.glob("profiles/*/lock"):
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held += 1
    return held


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--random", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="play only faults whose name contains this")
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as directory, Arena(Path(directory), given.clients) as arena:
        report.console.print(f"{given.clients} clients, seed {given.seed}")
        for actor in arena.actors:
            arena.pair(actor)
        in_turn = every_fault(arena, given.only)
        with Sizes(arena.service.pid) as sizes:
            at_random = random_faults(arena, given.random, given.seed) if given.random else []
        outcomes = in_turn + at_random
        report.console.print(report.table(outcomes))
        too_late = [report.limit(*limit) for limit in limits(in_turn)]
        grown = report.grown(sizes.seen) if at_random else False
        states = [actor.consumer.state() for actor in arena.actors]
        code = arena.service.stop()
        left, locks = len(naming(arena.data_dir)), locks_held(arena.data_dir)
        report.console.print(f"at the end: {', '.join(states)}; exit code {code}; {left} processes, {locks} locks left")
        wrong = [outcome for outcome in outcomes if outcome.problem or outcome.left or outcome.lost]
        held = not (wrong or any(too_late) or grown or left or locks or code) and set(states) == {"READY"}
    report.console.print(f"{time.monotonic() - began:.0f} s in all")
    report.console.print("[green]Everything held[/green]" if held else f"[red]{len(wrong)} outcomes are wrong[/red]")
    return 0 if held else 1


def limits(outcomes: list[Outcome]) -> list[tuple[str, list[float | None], float]]:
    """What was promised of medians, one fault at a time: the name, the durations, the limit; seconds."""
    killed = [outcome for outcome in outcomes if outcome.fault == KILLED]
    hung = [outcome for outcome in outcomes if outcome.fault in HUNG]
    return [
        ("kill -9 → noticed", [outcome.noticed for outcome in killed], 0.2),
        ("kill -9 → READY again", [outcome.back for outcome in killed], BACKOFF_FIRST + 3.0),
        ("hang → noticed", [outcome.noticed for outcome in hung], HANG),
    ]


class Sizes:
    """What the service weighs, looked at each second in a thread of its own: threads, descriptors, RSS in bytes."""

    def __init__(self, pid: int) -> None:
        self._process, self._over = psutil.Process(pid), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.seen: list[report.Size] = []

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            process = self._process
            self.seen.append(report.Size(process.num_threads(), process.num_fds(), process.memory_info().rss))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
