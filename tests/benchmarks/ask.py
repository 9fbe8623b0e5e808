"""A message into an actor and its answer back: asked from asyncio, from a thread, and of a plain Pykka actor.

Where the scheduler puts the two threads decides more than the code does: on one core an ask takes a third of what it
takes across two. Left alone, that is luck, and it may fall differently on what is compared. So both placements are
measured, each with asker and actor pinned.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import pykka

from actors.runtime import Actor, ask
from tests.benchmarks import cores
from tests.benchmarks.figures import Figure, Say, rounds

ASKS = 2000
ROUNDS = 20


class Plain(pykka.ThreadingActor):
    def __init__(self, core: int) -> None:
        super().__init__()
        self._core = core

    def on_start(self) -> None:
        cores.pin(self._core)

    def on_receive(self, message: Any) -> Any:
        return message


class Ours(Actor):
    def __init__(self, core: int) -> None:
        super().__init__()
        self._core = core

    def started(self) -> None:
        cores.pin(self._core)

    def receive(self, message: object) -> object:
        return message


def run(say: Say) -> Sequence[Figure]:
    """Microseconds of one ask after the other."""
    with _asker_on(cores.SERVER):
        figures = _placed(cores.SERVER, "on one core", say)
        if cores.ENOUGH:
            figures += _placed(cores.LOAD, "across two cores", say)
    return figures


def _placed(core: int, placement: str, say: Say) -> list[Figure]:
    plain, ours = Plain.start(core), Ours.start(core)
    try:
        floor, awaited, threaded = rounds(
            ROUNDS,
            say,
            lambda: _from_a_thread(plain),
            lambda: asyncio.run(_from_asyncio(ours)),
            lambda: _from_a_thread(ours),
            of=median,
            unit=f"µs {placement}",
        )
    finally:
        for ref in (plain, ours):
            ref.stop()
    return [
        Figure(f"an ask from asyncio, {placement}, against plain Pykka", awaited, "µs", floor, 1.5),
        Figure(f"an ask from a thread, {placement}, against plain Pykka", threaded, "µs", floor),
    ]


@contextmanager
def _asker_on(core: int) -> Iterator[None]:
    """This thread on one core, for as long as it asks."""
    before = os.sched_getaffinity(0)
    cores.pin(core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _from_a_thread(ref: pykka.ActorRef[Any]) -> float:
    start = time.perf_counter()
    for _ in range(ASKS):
        ref.ask("message", timeout=5)
    return (time.perf_counter() - start) / ASKS * 1e6


async def _from_asyncio(ref: pykka.ActorRef[Any]) -> float:
    start = time.perf_counter()
    for _ in range(ASKS):
        await ask(ref, "message", timeout=5)
    return (time.perf_counter() - start) / ASKS * 1e6
