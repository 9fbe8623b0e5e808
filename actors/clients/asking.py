"""Callers whose question went on to the page: each gets an answer, when the page gives it or when its time is over."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.clients.types import Seconds
    from actors.runtime import Actor, ReplyTo


@dataclass(frozen=True, slots=True)
class AnswerLate:
    """Timer: the page has not answered this asker in time. `kind` names the question."""

    kind: str
    ticket: int


class Askers:
    """The askers of one kind of question, first come, first served. Runs in the client's thread."""

    def __init__(self, actor: Actor, kind: str, patience: Seconds) -> None:
        self.kind = kind
        self._actor, self._patience = actor, patience
        self._tickets = count(1)
        self._askers: dict[int, ReplyTo] = {}

    def add(self) -> int:
        """Keep the asker of the present message. Answers its ticket, for questions that are not answered in order."""
        ticket = next(self._tickets)
        self._askers[ticket] = self._actor.defer()
        self._actor.start_timer((self.kind, ticket), self._patience, AnswerLate(self.kind, ticket))
        return ticket

    def answer(self, value: object) -> None:
        """Answer the one who has waited longest, if any."""
        if asker := self._take(next(iter(self._askers), None)):
            asker.answer(value)

    def refuse(self, error: Exception) -> None:
        """Refuse the one who has waited longest, if any."""
        if asker := self._take(next(iter(self._askers), None)):
            asker.refuse(error)

    def answer_one(self, ticket: int, value: object) -> None:
        """Answer the one with this ticket, if it still waits."""
        if asker := self._take(ticket if ticket in self._askers else None):
            asker.answer(value)

    def answer_all(self, value: object) -> None:
        """Answer everyone."""
        while self._askers:
            self.answer(value)

    def refuse_all(self, error: Exception) -> None:
        """Refuse everyone."""
        while self._askers:
            self.refuse(error)

    def late(self, ticket: int, error: Exception) -> None:
        """Refuse one whose time is over."""
        if asker := self._take(ticket):
            asker.refuse(error)

    def __bool__(self) -> bool:
        return bool(self._askers)

    def _take(self, ticket: int | None) -> ReplyTo | None:
        if ticket is None:
            return None
        self._actor.cancel_timer((self.kind, ticket))
        return self._askers.pop(ticket, None)
