"""The watch on the indispensable parts, notified when such a part ends.

It is not an actor and has no thread, so it cannot itself end unnoticed. It runs in the thread of the part that ends; if
even the notice cannot be passed on, it ends the process itself.
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
    """End the process now, with `DIED` and a last line, without an orderly stop. Chromium ends with it."""
    with suppress(Exception):  # A log that cannot be written must not keep a broken process alive.
        _log.critical("system.ended_by_force", why=why, code=DIED, exc_info=True)
    os._exit(DIED)


class Watch:
    """The watcher of the store's actors, of those that use it, and of the supervisor. Any thread.

    `fatal` gets one sentence: it should stop the system, in another thread, and end the process. It must not block. If
    it raises, `last_resort` is called.
    """

    def __init__(self, fatal: Callable[[str], None], *, last_resort: Callable[[str], None] = end_process) -> None:
        self._fatal, self._last_resort = fatal, last_resort
        self._looks = False

    @contextmanager
    def start(self) -> Iterator[None]:
        """Treat an end as a fault from here on, unless the start inside fails."""
        self._looks = True
        try:
            yield
        except BaseException:  # On any exception, the started parts now end in order.
            self._looks = False
            raise

    def rest(self) -> None:
        """Treat ends as ordered from here on."""
        self._looks = False

    def tell(self, message: object) -> None:
        """Take an actor's death. The message does not say whether it was ordered: only the caller knows."""
        if isinstance(message, Terminated):
            kind, cause = message.ref.actor_class.__name__, message.cause
            self.died(f"{kind} has ended" if cause is None else f"{kind} crashed: {cause!r}")

    def died(self, what: str) -> None:
        """Report the death, by any means. Never raises."""
        if not self._looks:
            return
        try:
            self._fatal(what)
        except BaseException:  # noqa: BLE001 - whatever it is, nobody else is left to end the process
            self._last_resort(what)
