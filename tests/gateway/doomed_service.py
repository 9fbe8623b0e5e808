"""`python -m tests.gateway.doomed_service PART`: the whole program on the real browser, of which one part dies.

The fault comes once the service has started and has read a line from standard input: it is in this file alone, and
reaches the part the way any caller in the process could.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from pykka import ActorRegistry

from actors.browser import browser as real
from actors.browser.loop import WEDGED_AFTER, BrowserLoop
from actors.clients.protocol import Status, StatusChanged
from actors.settings import load
from actors.store.retention import Retention
from actors.store.writer import Commit
from gateway import logs
from gateway.server import Server, listen, serve

HELD_UP = {"browser_loop_hangs": 1.0}
"""Seconds after which the browser's thread counts as held up, where a busy machine must not decide what died first."""


class Bomb:
    """What no actor expects in a message: a bug of ours."""

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    __hash__ = None  # type: ignore[assignment]  # what the language has for unhashable


def supervisor(server: Server, _: BrowserLoop) -> None:
    server.system.supervisor.tell(StatusChanged(cast(Status, None)))


def store_writer(server: Server, _: BrowserLoop) -> None:
    server.system.store.writer.tell(Commit(cast(int, Bomb())))


def store_reader(server: Server, _: BrowserLoop) -> None:
    server.system.store.reader.stop(block=False)


def outbox(server: Server, _: BrowserLoop) -> None:
    server.system.outbox.stop(block=False)


def webhooks(server: Server, _: BrowserLoop) -> None:
    server.system.webhooks.stop(block=False)


def browser_loop_ends(_: Server, loop: BrowserLoop) -> None:
    loop.call(_stop_turning)


def browser_loop_hangs(_: Server, loop: BrowserLoop) -> None:
    loop.call(time.sleep, 60.0)


def retention(_: Server, __: BrowserLoop) -> None:
    (ref,) = ActorRegistry.get_by_class(Retention)
    ref.stop(block=False)


def the_watch_itself(server: Server, loop: BrowserLoop) -> None:
    """What is to be told of it cannot be passed on."""
    server.system._watch._fatal = _stop_turning
    supervisor(server, loop)


def whoever_hears_of_it(server: Server, loop: BrowserLoop) -> None:
    """The gateway's event loop does not turn any more."""
    assert server._loop is not None
    server._loop.call_soon_threadsafe(time.sleep, 60.0)
    supervisor(server, loop)


def _stop_turning(*_: object) -> None:
    raise SystemExit("a bug of ours")


PARTS: dict[str, Callable[[Server, BrowserLoop], None]] = {
    strike.__name__: strike
    for strike in (
        supervisor,
        store_writer,
        store_reader,
        outbox,
        webhooks,
        retention,
        browser_loop_ends,
        browser_loop_hangs,
    )
}
"""What ends in order."""
DEAF: dict[str, Callable[[Server, BrowserLoop], None]] = {
    strike.__name__: strike for strike in (the_watch_itself, whoever_hears_of_it)
}
"""What cannot, because nobody hears of it who could see to that."""


def main(part: str) -> int:
    """Serve until the part has died; the same as `session-manager serve` does."""
    loops: list[BrowserLoop] = []

    def loop(*args: Any, **options: Any) -> BrowserLoop:
        loops.append(BrowserLoop(*args, wedged_after=HELD_UP.get(part, WEDGED_AFTER), **options))
        return loops[-1]

    real.BrowserLoop = loop  # type: ignore[attr-defined, assignment]  # put in its place
    settings = load()
    logs.configure(settings)
    with listen(settings.host, settings.port) as listener:
        server = Server(settings)
        threading.Thread(target=partial(_strike, (PARTS | DEAF)[part], server, loops), daemon=True).start()
        return serve(server, listener)


def _strike(strike: Callable[[Server, BrowserLoop], None], server: Server, loops: list[BrowserLoop]) -> None:
    sys.stdin.readline()
    strike(server, loops[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
