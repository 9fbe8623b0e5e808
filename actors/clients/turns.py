"""The turns to launch a Chromium and load its page, and the clients that wait for one. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from enum import Enum, auto

from actors.clients.types import ClientId


class Lane(Enum):
    """Those who wait for the same turns: nobody waits for a client of another lane."""

    CALLER = auto()
    """A caller waits for the client."""
    ITSELF = auto()
    """The client resumes after a restart, or reconnects."""


class Turns:
    """The turns to launch a Chromium and load its page, which take a core for seconds; and the clients that wait.

    In each lane `launches` clients launch at a time, and `loads` launch or load. A client that waits is there all the
    while: shown as it starts, and taking messages.
    """

    def __init__(self, launches: int, loads: int) -> None:
        self._launches, self._loads = launches, loads
        self._waiting: dict[Lane, deque[ClientId]] = {lane: deque() for lane in Lane}
        self._launching: dict[ClientId, Lane] = {}
        self._loading: dict[ClientId, Lane] = {}

    def wait(self, client_id: ClientId, lane: Lane) -> None:
        """Let a client wait, after the others of its lane."""
        if not any(client_id in self._waiting[waiting] for waiting in (Lane.CALLER, lane)):
            self._drop(client_id)
            self._waiting[lane].append(client_id)

    def next(self) -> ClientId | None:
        """Give the next client its turn, and return it; None if nobody waits for a free one."""
        for lane, waiting in self._waiting.items():
            if waiting and self._is_free(lane):
                client_id = waiting.popleft()
                self._launching[client_id] = self._loading[client_id] = lane
                return client_id
        return None

    def take(self, client_id: ClientId, lane: Lane) -> bool:
        """Give this client its turn if one is free and nobody waits for it; else let it wait, and return False."""
        waits = self._waiting[lane] or not self._is_free(lane)
        self.wait(client_id, lane)
        return not waits and self.next() == client_id

    def _is_free(self, lane: Lane) -> bool:
        launching, loading = (sum(one is lane for one in held.values()) for held in (self._launching, self._loading))
        return launching < self._launches and loading < self._loads

    def launched(self, client_id: ClientId) -> None:
        """Let another client launch."""
        self._launching.pop(client_id, None)

    def settled(self, client_id: ClientId) -> None:
        """End the turn of a client."""
        self._launching.pop(client_id, None)
        self._loading.pop(client_id, None)

    def leave(self, client_id: ClientId) -> None:
        """Forget a client: it neither waits nor holds a turn."""
        self.settled(client_id)
        self._drop(client_id)

    def clear(self) -> None:
        """Let nobody wait any more."""
        for waiting in self._waiting.values():
            waiting.clear()

    def places(self) -> Mapping[ClientId, int]:
        """Return the place of each client in its lane; 1 is next."""
        return {client_id: place for waiting in self._waiting.values() for place, client_id in enumerate(waiting, 1)}

    def _drop(self, client_id: ClientId) -> None:
        for waiting in self._waiting.values():
            if client_id in waiting:
                waiting.remove(client_id)
