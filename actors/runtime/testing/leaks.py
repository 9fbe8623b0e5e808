"""Threads and actors that should be gone.

leaks = Leaks()
…
leaks.check()
"""

from __future__ import annotations

import sys
import threading
import time
import traceback

from pykka import ActorRegistry

__all__ = ["Leak", "Leaks"]


class Leak(AssertionError):
    """Threads or actors exist that did not exist before."""


class Leaks:
    """The threads and actors that exist when this object is made."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._actors = {ref.actor_urn for ref in ActorRegistry.get_all()}

    def threads(self) -> list[threading.Thread]:
        """Return the new threads that are alive.

        A thread that is just being started cannot be joined, so it is left out.
        """
        return [thread for thread in threading.enumerate() if thread not in self._threads and thread.is_alive()]

    def actors(self) -> list[str]:
        """Return the new actors that are registered."""
        return [str(ref) for ref in ActorRegistry.get_all() if ref.actor_urn not in self._actors]

    def check(self, *, timeout: float = 5.0) -> None:
        """Raise Leak unless all new threads and actors end within `timeout` seconds (joined, not polled).

        This includes threads that those start while they end.
        """
        deadline = time.monotonic() + timeout
        while (threads := self.threads()) and time.monotonic() < deadline:
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))
        threads, actors = self.threads(), self.actors()
        if threads or actors:
            doing = "".join(f"; {thread.name} is at {_stack(thread)}" for thread in threads)
            raise Leak(f"left over: threads {[thread.name for thread in threads]}, actors {actors}{doing}")

    def stop_actors(self, *, timeout: float = 5.0) -> None:
        """Stop the new actors, so that one leak does not spoil the tests after it."""
        for ref in reversed(ActorRegistry.get_all()):
            if ref.actor_urn not in self._actors:
                ref.stop(timeout=timeout)


def _stack(thread: threading.Thread) -> str:
    """Return the innermost frames of a thread: they show why it does not end."""
    frame = sys._current_frames().get(thread.ident or 0)
    stack = [] if frame is None else traceback.extract_stack(frame)[-4:]
    return " < ".join(f"{at.name}:{at.lineno}" for at in reversed(stack))
