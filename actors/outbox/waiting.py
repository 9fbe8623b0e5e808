"""Callers that wait for messages to be settled: each gets an answer when it is, when its time is over, or on a loss."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from actors.clients.types import ClientId
from actors.outbox.protocol import Await, AwaitOver
from actors.runtime import Actor, ReplyTo
from actors.store.outbox import Message


@dataclass(frozen=True, slots=True)
class Asker:
    """Who waits, for what, and with which ticket."""

    order: Await
    reply_to: ReplyTo
    ticket: int


class Askers:
    """All askers of the dispatcher. Runs in its thread."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._tickets = count(1)
        self._by_message: dict[str, dict[int, Asker]] = {}

    def add(self, order: Await) -> Asker:
        """Keep the asker of the present message."""
        asker = Asker(order, self._actor.defer(), next(self._tickets))
        self._by_message.setdefault(order.id, {})[asker.ticket] = asker
        self._actor.start_timer(("await", asker.ticket), order.seconds, AwaitOver(order.id, asker.ticket))
        return asker

    def find(self, id: str, ticket: int) -> Asker | None:
        """The asker, if it still waits."""
        return self._by_message.get(id, {}).get(ticket)

    def of_client(self, client_id: ClientId) -> list[Asker]:
        """Everyone who waits for a message of this client."""
        everyone = [asker for askers in self._by_message.values() for asker in askers.values()]
        return [asker for asker in everyone if asker.order.client_id == client_id]

    def finish_all(self, id: str, outcome: Message | Exception) -> None:
        """Answer everyone who waits for this message."""
        for asker in list(self._by_message.get(id, {}).values()):
            self.finish(asker, outcome)

    def finish(self, asker: Asker, outcome: Message | Exception) -> None:
        """Answer one asker, if it still waits."""
        if self.find(asker.order.id, asker.ticket) is None:
            return
        self._actor.cancel_timer(("await", asker.ticket))
        askers = self._by_message[asker.order.id]
        del askers[asker.ticket]
        if not askers:
            del self._by_message[asker.order.id]
        if isinstance(outcome, Exception):
            asker.reply_to.refuse(outcome)
        else:
            asker.reply_to.answer(outcome)
