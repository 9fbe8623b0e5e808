"""The watch on the watchers: told when an actor ends that the service cannot live without."""

from __future__ import annotations

from collections.abc import Callable

from actors.runtime import Actor, Terminated


class Watch(Actor):
    """The watcher of the supervisor and of the store's actors. `died` gets one sentence, in the watch's thread.

    It hears of every end, also of an ordered one: whoever orders it knows that it is no misfortune.
    """

    def __init__(self, died: Callable[[str], None]) -> None:
        super().__init__(name="watch")
        self._died = died

    def receive(self, message: object) -> object:
        """Pass on the end of an actor."""
        if not isinstance(message, Terminated):
            return super().receive(message)
        kind = message.ref.actor_class.__name__
        self._died(f"{kind} has ended" if message.cause is None else f"{kind} crashed: {message.cause!r}")
        return None
