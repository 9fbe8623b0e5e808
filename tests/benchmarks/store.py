"""How many messages a second the store accepts, each on disk before its caller hears so, beside the floor.

The floor is what the disk and SQLite allow without us: one bare INSERT a commit, in WAL mode with synchronous=FULL.
Group commit passes it as soon as callers come side by side. Callers are tasks of one event loop, as in the gateway;
each asks again as soon as it is answered.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from itertools import count
from pathlib import Path

import structlog

from actors.clients.operations.messages import SendText, draw_message_id
from actors.clients.types import ClientId
from actors.store.database import Database
from actors.store.outbox import AcceptMessage
from actors.store.store import Store, open_store

CALLERS = (1, 32, 128)
SECONDS = 3.0
_ANSWER = 10.0


def bare_commits(directory: Path, seconds: float = SECONDS) -> float:
    """Commits a second of one row each, with nothing but SQLite."""
    with closing(sqlite3.connect(directory / "floor.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE floor (id INTEGER PRIMARY KEY, text TEXT)")
        begun, commits = time.perf_counter(), 0
        while (spent := time.perf_counter() - begun) < seconds:
            connection.execute("INSERT INTO floor (text) VALUES (?)", ("x" * 200,))
            commits += 1
        return commits / spent


async def accepted(database: Database, callers: int, seconds: float = SECONDS) -> float:
    """Messages a second that so many callers together get accepted, each with a key of its own."""
    store = open_store(database)
    try:
        numbers = count()
        await _accept(store, numbers)  # the first one compiles the statements
        begun = time.perf_counter()
        deadline = begun + seconds
        done = await asyncio.gather(*(_accept_until(store, numbers, deadline) for _ in range(callers)))
        return sum(done) / (time.perf_counter() - begun)
    finally:
        await store.stop(timeout=_ANSWER)


async def _accept_until(store: Store, numbers: count[int], deadline: float) -> int:
    done = 0
    while time.perf_counter() < deadline:
        await _accept(store, numbers)
        done += 1
    return done


async def _accept(store: Store, numbers: count[int]) -> None:
    number = next(numbers)
    chat, key = f"54911{number % 1000:08}@c.us", f"key-{number}"
    message = AcceptMessage(
        ClientId(1),
        SendText(chat, "x" * 200),
        draw_message_id(),
        time.time(),
        key=key,
        fingerprint="f" * 64,
        limit=1_000_000,
    )
    await store.ask(message).wait(_ANSWER)


def measure(directory: Path, seconds: float = SECONDS) -> dict[str, float]:
    """Every figure, by name, in one second; databases go to `directory`."""
    found = {"bare SQLite commits": bare_commits(directory, seconds)}
    for callers in CALLERS:
        database = Database(f"sqlite:///{directory}/{callers}.db")
        found[f"accepted, {callers} callers"] = asyncio.run(accepted(database, callers, seconds))
    return found


def main() -> None:
    """Print the figures: `python -m tests.benchmarks.store`."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with tempfile.TemporaryDirectory(prefix="sm-bench-") as directory:
        for name, figure in measure(Path(directory)).items():
            print(f"{name:24} {figure:10,.0f} a second")


if __name__ == "__main__":
    main()
