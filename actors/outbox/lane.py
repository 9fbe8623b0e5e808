"""What is under way for one client: one message at a time, so that all leave in the order of their acceptance."""

from __future__ import annotations

from dataclasses import dataclass, field

from actors.clients.types import Seconds, State
from actors.store.outbox import Message


@dataclass(slots=True)
class Lane:
    """`busy` from the look for the next message until that message is settled; `more` asks for another look after it.

    `epoch` counts how often the client was lost: an outcome of an older epoch proves nothing about the message.
    `not_before` is when the pace allows the next ordinary message (monotonic seconds).
    """

    state: State = State.NOT_INITIALIZED
    epoch: int = 0
    busy: bool = False
    more: bool = False
    not_before: Seconds = 0.0
    leaving: tuple[Message, int] | None = None
    """The message the client has been given, and the epoch it was given in."""
    suspects: set[str] = field(default_factory=set)
    """Messages that were with the page when it crashed."""

    @property
    def ready(self) -> bool:
        """Whether the client can send."""
        return self.state is State.READY
