"""A message into an actor and its answer back: asked from asyncio, from a thread, and of a plain Pykka actor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pykka

from actors.runtime import Actor, ask
from tests.benchmarks.figures import Figure, Say, rounds

ASKS = 2000
ROUNDS = 20


class Plain(pykka.ThreadingActor):
    def on_receive(self, message: Any) -> Any:
        return message


class Ours(Actor):
    def receive(self, message: object) -> object:
        return message


def run(say: Say) -> Sequence[Figure]:
    """Microseconds of one ask after the other."""
    plain, ours = Plain.start(), Ours.start()
    try:
        floor, awaited, threaded = rounds(
            ROUNDS,
            say,
            lambda: _from_a_thread(plain),
            lambda: asyncio.run(_from_asyncio(ours)),
            lambda: _from_a_thread(ours),
            of=min,
            unit="µs",
        )
    finally:
        for ref in (plain, ours):
            ref.stop()
    return [
        Figure("an ask from asyncio, against plain Pykka from a thread", awaited, "µs", floor, 1.5),
        Figure("an ask from a thread, against plain Pykka", threaded, "µs", floor),
    ]


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
