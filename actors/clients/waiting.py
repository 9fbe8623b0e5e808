"""Callers that wait for a state: answered when it comes, when their time is over, or when the client ends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.clients.protocol import AwaitState, Status
    from actors.clients.types import State
    from actors.runtime import Actor, ReplyTo


@dataclass(frozen=True, slots=True)
class WaitOver:
    """Timer: this waiter has waited long enough."""

    ticket: int


class Waiting:
    """The waiters of one client. Runs in the client's thread."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._tickets = count(1)
        self._waiters: dict[int, tuple[frozenset[State], ReplyTo]] = {}

    def add(self, question: AwaitState, status: Status) -> Status | None:
        """Answer at once where the state is already outside `leaving`; else keep the asker for later."""
        if status.state not in question.leaving or question.seconds <= 0:
            return status
        ticket = next(self._tickets)
        self._waiters[ticket] = (question.leaving, self._actor.defer())
        self._actor.start_timer(("wait", ticket), question.seconds, WaitOver(ticket))
        return None

    def changed(self, status: Status) -> None:
        """Answer everyone who waited for this."""
        for ticket in [t for t, (leaving, _) in self._waiters.items() if status.state not in leaving]:
            self.over(ticket, status)

    def over(self, ticket: int, status: Status) -> None:
        """Answer one waiter with what is known now."""
        waiter = self._waiters.pop(ticket, None)
        if waiter is not None:
            self._actor.cancel_timer(("wait", ticket))
            waiter[1].answer(status)

    def end(self, status: Status) -> None:
        """Answer everyone: the client ends."""
        for ticket in list(self._waiters):
            self.over(ticket, status)
