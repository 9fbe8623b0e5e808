"""`python -m tests.chaos [--clients 6] [--random 200] [--seed 1] [--only TEXT]`. Exit code 0 only if all held."""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil

from tests.chaos import report
from tests.chaos.arena import Actor, Arena, Outcome, Watch
from tests.chaos.faults import FAULTS, RANDOM, Fault
from tests.rig import naming

END_SECONDS = 60.0


def play(arena: Arena, actor: Actor, fault: Fault) -> Outcome:
    """One fault on one READY client; afterwards it is READY again, or at a rightful end and paired anew."""
    client_id = actor.consumer.client_id
    noticed = back = None
    state, reason, left, problem = "?", None, 0, None
    try:
        arena.pair(actor)
        if fault.renews:
            actor.until_durable()
        before, watch = arena.browsers(actor), Watch(actor)
        fault.act(arena, actor)
        if fault.noticed is not None:
            noticed = watch.noticed(fault.noticed)
        reason = actor.consumer.status()["reason"]
        actor.say()
        if fault.mend is not None:
            fault.mend(arena, actor)
        back = watch.ends(fault.ends, END_SECONDS)
        state = actor.consumer.state()
        left = len(before & arena.browsers(actor)) if fault.renews else 0
        problem = _settled(arena, actor, fault, reason, left)
    except (AssertionError, psutil.Error, httpx.HTTPError, OSError, StopIteration) as error:
        problem = f"{type(error).__name__}: {error}"
    return Outcome(fault.name, client_id, noticed, back, state, reason, left, arena.lost(actor), problem)


def _settled(arena: Arena, actor: Actor, fault: Fault, reason: str | None, left: int) -> str | None:
    """Have the client READY again and prove it by one message. Answers what was wrong, if anything."""
    arena.pair(actor)
    answer = actor.say()
    if answer.status_code != 200:
        return f"cannot send afterwards: {answer.text}"
    arena.arrived(actor)
    if fault.reasons and reason not in fault.reasons:
        return f"reason {reason}, not {' or '.join(fault.reasons)}"
    return f"{left} old processes live" if left else None


def play_on_service(arena: Arena, name: str, end: Callable[[Arena], None]) -> Outcome:
    """End the service in some way, start it again: every client is READY by itself, without a QR."""
    began, problem, old = time.monotonic(), None, set[int]()
    try:
        for actor in arena.actors:
            arena.pair(actor)
            actor.until_durable()
        old = naming(arena.data_dir)
        began = time.monotonic()
        end(arena)
        arena.service.start()
        for actor in arena.actors:
            actor.consumer.reaches("READY", seconds=END_SECONDS)
    except (AssertionError, OSError) as error:
        problem = f"{type(error).__name__}: {error}"
    left = len(old & naming(arena.data_dir))
    lost = sum(arena.lost(actor) for actor in arena.actors)
    problem = problem or (f"{left} old processes live" if left else None)
    return Outcome(
        name, None, None, time.monotonic() - began, "READY" if not problem else "?", None, left, lost, problem
    )


def _stopped(number: signal.Signals, times: int = 1) -> Callable[[Arena], None]:
    def end(arena: Arena) -> None:
        for _ in range(times):
            arena.service.signal(number)
        code = arena.service.wait()
        assert code == 0, f"exit code {code}"
        assert not naming(arena.data_dir), "Chromium outlived the service"

    return end


def _killed(arena: Arena) -> None:
    arena.service.kill()


def _stopped_during_a_start(arena: Arena) -> None:
    arena.service.stop()
    arena.service.start()
    _stopped(signal.SIGTERM)(arena)


SERVICE_FAULTS: tuple[tuple[str, Callable[[Arena], None]], ...] = (
    ("SIGTERM, then a start", _stopped(signal.SIGTERM)),
    ("SIGINT, then a start", _stopped(signal.SIGINT)),
    ("SIGTERM twice, then a start", _stopped(signal.SIGTERM, 2)),
    ("SIGTERM while clients resume", _stopped_during_a_start),
    ("service killed (SIGKILL)", _killed),
)


def every_fault(arena: Arena, only: str) -> list[Outcome]:
    """The table from top to bottom, each fault on a client of each generation of page."""
    outcomes = []
    for fault in (f for f in FAULTS if only in f.name):
        for actor in arena.actors[:2]:
            if fault.only in (None, actor.compat):
                outcomes.append(play(arena, actor, fault))
                report.line(outcomes[-1])
    for name, end in ((n, e) for n, e in SERVICE_FAULTS if only in n):
        outcomes.append(play_on_service(arena, name, end))
        report.line(outcomes[-1])
    return outcomes


def random_faults(arena: Arena, amount: int, seed: int) -> list[Outcome]:
    """`amount` faults, spread over all clients at once: each draws its own, seeded; now and then the service dies."""
    outcomes: list[Outcome] = []
    rounds = max(1, amount // (len(arena.actors) * 8))
    share = amount // rounds // len(arena.actors)
    with ThreadPoolExecutor(len(arena.actors)) as pool:
        for number in range(rounds):
            jobs = [
                pool.submit(_several, arena, a, share, seed * 1000 + number * 10 + i)
                for i, a in enumerate(arena.actors)
            ]
            outcomes += [outcome for job in jobs for outcome in job.result()]
            outcomes.append(play_on_service(arena, *SERVICE_FAULTS[number % len(SERVICE_FAULTS)]))
            report.line(outcomes[-1])
    return outcomes


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
    with tempfile.TemporaryDirectory(prefix="chaos-") as directory, Arena(Path(directory), given.clients) as arena:
        report.console.print(f"{given.clients} clients, seed {given.seed}")
        for actor in arena.actors:
            arena.pair(actor)
        service = psutil.Process(arena.service.pid)
        threads, memory = service.num_threads(), service.memory_info().rss
        outcomes = every_fault(arena, given.only)
        if given.random:
            outcomes += random_faults(arena, given.random, given.seed)
        service = psutil.Process(arena.service.pid)
        report.console.print(report.table(outcomes))
        grown = service.memory_info().rss / memory
        report.console.print(
            f"threads {threads} → {service.num_threads()}, RSS × {grown:.2f} (of a service restarted meanwhile)"
        )
        states = [actor.consumer.state() for actor in arena.actors]
        code = arena.service.stop()
        left, locks = len(naming(arena.data_dir)), locks_held(arena.data_dir)
        report.console.print(f"at the end: {', '.join(states)}; exit code {code}; {left} processes, {locks} locks left")
        wrong = [outcome for outcome in outcomes if outcome.problem or outcome.left or outcome.lost]
        held = not wrong and not left and not locks and code == 0 and set(states) == {"READY"}
    report.console.print("[green]Everything held[/green]" if held else f"[red]{len(wrong)} outcomes are wrong[/red]")
    return 0 if held else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
