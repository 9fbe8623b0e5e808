"""What the supervisor knows of its clients, and which are still to be resumed. Plain data; one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actors.clients.cause import UNCAUSED, Cause
from actors.clients.reconnection import Streak
from actors.clients.types import ClientId, State

if TYPE_CHECKING:
    from actors.clients.protocol import Status
    from actors.runtime import ReplyTo


@dataclass(slots=True)
class Record:
    """What the supervisor knows of one client."""

    status: Status
    streak: Streak = field(default_factory=Streak)
    beginning: bool = True
    """Whether its first start is under way; later attempts are its own affair, and nobody waits for them."""
    ending: bool = False
    logged_out: bool = False
    """Whether it was logged out when it ended."""
    starts: list[ReplyTo] = field(default_factory=list)
    """Callers whose start the present actor was told of, and may not have answered yet."""
    inits: list[ReplyTo] = field(default_factory=list)
    """Callers whose start waits until the present actor is gone."""
    cause: Cause = UNCAUSED
    """What the start in `inits` is due to."""
    deletes: list[ReplyTo] = field(default_factory=list)
    stops: list[ReplyTo] = field(default_factory=list)


class Records(dict[ClientId, Record]):
    """A record for each number that has an actor, or whose actor waits for its restart."""

    def statuses(self) -> tuple[Status, ...]:
        """Of every client that is there for its readers, by number."""
        statuses = (self[client_id].status for client_id in sorted(self))
        return tuple(status for status in statuses if status.state is not State.NOT_INITIALIZED)

    def starting(self) -> int:
        """How many are being started for the first time, those counted that have not said so yet."""
        return sum(record.beginning and not record.ending for record in self.values())


class Turns:
    """Clients that ran when the service stopped, and wait for their turn to start."""

    def __init__(self) -> None:
        self._waiting: deque[ClientId] = deque()

    def add(self, client_ids: Iterable[ClientId]) -> None:
        """They resume in this order, after those that wait."""
        self._waiting.extend(client_ids)

    def drop(self, client_id: ClientId) -> bool:
        """It is not to be resumed any more; whether it was to be."""
        waits = client_id in self._waiting
        if waits:
            self._waiting.remove(client_id)
        return waits

    def clear(self) -> None:
        """Nobody is to be resumed any more."""
        self._waiting.clear()

    def next(self) -> ClientId | None:
        """Whose turn it is, taken off the list."""
        return self._waiting.popleft() if self._waiting else None

    def __bool__(self) -> bool:
        return bool(self._waiting)
