"""A Journal that counts what passes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.clients.ports import Journal, Transition
    from actors.clients.protocol import Happened
    from actors.clients.types import ClientId
    from actors.metrics.facts import Facts


class CountingJournal:
    """Hands everything on; in the thread of whoever calls. What happened is counted once it is an event on disk."""

    def __init__(self, journal: Journal, facts: Facts) -> None:
        self._journal, self._facts = journal, facts

    def changed(self, transition: Transition) -> None:
        """Count and write one change of state."""
        self._facts.changed(transition)
        self._journal.changed(transition)

    def happened(self, client_id: ClientId, event: Happened) -> None:
        """Write one thing that happened to the account."""
        self._journal.happened(client_id, event)
