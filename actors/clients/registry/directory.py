"""The directory of clients: written by the supervisor alone, read by anyone without asking it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.clients.types import ClientId


class Directory:
    """Client number -> actor ref. Reading is one dict lookup, safe from any thread; the ref may be dead when used."""

    def __init__(self) -> None:
        self._refs: dict[ClientId, ActorRef[Any]] = {}

    def find(self, client_id: ClientId) -> ActorRef[Any] | None:
        """Return the actor of that number, if it runs."""
        return self._refs.get(client_id)

    def __iter__(self) -> Iterator[tuple[ClientId, ActorRef[Any]]]:
        return iter(list(self._refs.items()))

    def enter(self, client_id: ClientId, ref: ActorRef[Any]) -> None:
        """Enter the actor of a number. Only for the supervisor."""
        self._refs[client_id] = ref

    def remove(self, client_id: ClientId) -> None:
        """Remove the actor of a number. Only for the supervisor."""
        self._refs.pop(client_id, None)
