"""The watch on the watchers: told when a part ends without which the service is of no use.

Rule of this file: it is no actor and has no thread, so there is nothing here that could end unnoticed. It runs in the
thread of the part that ends, and where even the word of that cannot be passed on, it ends the process itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import structlog

from actors.runtime import Terminated

DIED = 70
"""The exit code of a process that ended because a part of it had died (EX_SOFTWARE of sysexits.h)."""

_log = structlog.get_logger("system")


def end_process(why: str) -> None:
    """End it now, with `DIED` and a last line: no stop in order can be hoped for. Chromium is ended with it."""
    with suppress(Exception):  # a log that cannot be written must not keep a broken process alive
        _log.critical("system.ended_hard", why=why, code=DIED, exc_info=True)
    os._exit(DIED)


class Watch:
    """The watcher of the store's actors, of those that use it, and of the supervisor. Any thread.

    `fatal` gets one sentence: whoever runs the system should stop it, in another thread, and end the process. It must
    not block. Where it raises, `last_resort` is called.
    """

    def __init__(self, fatal: Callable[[str], None], *, last_resort: Callable[[str], None] = end_process) -> None:
        self._fatal, self._last_resort = fatal, last_resort
        self._looks = False

    @contextmanager
    def start(self) -> Iterator[None]:
        """From here on an end is a misfortune, unless the start inside fails."""
        self._looks = True
        try:
            yield
        except BaseException:  # whatever it is, what has been started is now ended in order
            self._looks = False
            raise

    def rest(self) -> None:
        """From here on ends are ordered."""
        self._looks = False

    def tell(self, message: object) -> None:
        """What an actor says of its own end. It does not say whether that was ordered: whoever orders it, knows."""
        if isinstance(message, Terminated):
            kind, cause = message.ref.actor_class.__name__, message.cause
            self.died(f"{kind} has ended" if cause is None else f"{kind} crashed: {cause!r}")

    def died(self, what: str) -> None:
        """Pass it on, whatever that takes. Never raises."""
        if not self._looks:
            return
        try:
            self._fatal(what)
        except BaseException:  # noqa: BLE001 - whatever it is, nobody else is left to end the process
            self._last_resort(what)
