"""The callers that wait for a message, and the moments at which each is answered.

    event                                     answer
    the message is settled or cancelled       the message, at once
    it is held, it has not left               the message, cancelled if the caller wants that
    its client is lost, it has not left       a refusal, and the message is cancelled, if the caller wants that
    its client is lost, it may have left      the message in `sending`: nobody knows more before the client is back
    the caller's time is over                 the message, cancelled if the caller wants that and it has not left. If it
                                              may have left, the page is asked once before: it must make no difference
                                              whether the caller's time or the page's ends first.

Rules of this file: everything runs in the dispatcher's thread. An answer of the page settles a message or proves
nothing: a page that is still sending it may not know it yet (`reconciliation` waits until the page gives it up).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, ClassVar

from actors.clients.errors import NotReady
from actors.clients.operations.messages import LookedUp
from actors.clients.types import ClientId
from actors.outbox.client_queue import ClientQueues
from actors.outbox.protocol import Await, AwaitOver, Glanced, Known, Look, Standing, Withdrawn
from actors.outbox.reconciliation import Proof, of_look_up, question_about
from actors.outbox.requests import Requests
from actors.runtime import Actor, ReplyTo
from actors.store.errors import MessageNotQueued
from actors.store.message_states import MessageState
from actors.store.outbox import CancelMessage, GetMessage, Message, SettleMessage


@dataclass(frozen=True, slots=True)
class Asker:
    """One caller that waits for a message. `ticket` identifies it."""

    order: Await
    reply_to: ReplyTo
    ticket: int


class Askers:
    """All askers, by message. Runs in the dispatcher's thread."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._tickets = count(1)
        self._by_message: dict[str, dict[int, Asker]] = {}

    def add(self, order: Await) -> Asker:
        """Keep the asker of the actor's present message."""
        asker = Asker(order, self._actor.defer(), next(self._tickets))
        self._by_message.setdefault(order.id, {})[asker.ticket] = asker
        self._actor.start_timer(("await", asker.ticket), order.seconds, AwaitOver(order.id, asker.ticket))
        return asker

    def find(self, id: str, ticket: int) -> Asker | None:
        """Return the asker, if it still waits."""
        return self._by_message.get(id, {}).get(ticket)

    def of_client(self, client_id: ClientId) -> list[Asker]:
        """Return all askers that wait for a message of this client."""
        everyone = [asker for askers in self._by_message.values() for asker in askers.values()]
        return [asker for asker in everyone if asker.order.client_id == client_id]

    def finish_all(self, id: str, outcome: Message | Exception) -> None:
        """Answer all askers of this message."""
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


class Waiters:
    """Answers the askers of all clients."""

    def __init__(self, actor: Actor, queues: ClientQueues, requests: Requests, look: Callable[[Look], None]) -> None:
        self._look = look
        self._actor, self._queues, self._requests = actor, queues, requests
        self._askers = Askers(actor)

    def lost(self, client_id: ClientId) -> None:
        """Answer the askers with `withdraw`: the client may be back much later."""
        for asker in self._askers.of_client(client_id):
            if asker.order.withdraw:
                self._conclude(asker)

    def doubted(self, message: Message) -> None:
        """Answer the askers with `withdraw` of a message that may have left with a page that is lost."""
        for asker in self._askers.of_client(message.client_id):
            if asker.order.id == message.id and asker.order.withdraw:
                self._ask_standing(asker)

    def held(self, message: Message) -> None:
        """Answer the askers with `withdraw` of a message whose chat is held until a restriction ends."""
        for asker in self._askers.of_client(message.client_id):
            if asker.order.id == message.id and asker.order.withdraw:
                self._conclude(asker)

    def holding(self, client_id: ClientId) -> None:
        """Read the messages of askers with `withdraw`: their chat may be the one that is held from now on."""
        for asker in self._askers.of_client(client_id):
            if asker.order.withdraw:
                self._requests.order(GetMessage(client_id, asker.order.id), Known)

    def _await(self, order: Await) -> None:
        self._askers.add(order)
        self._requests.order(GetMessage(order.client_id, order.id), Known)
        if not self._queues[order.client_id].ready:
            self.lost(order.client_id)
        if not self._queues[order.client_id].busy:
            self._look(Look(order.client_id))

    def _over(self, over: AwaitOver) -> None:
        asker = self._askers.find(over.id, over.ticket)
        if asker is not None:
            self._conclude(asker)

    def known(self, answer: Message | Exception | None) -> None:
        """Answer all askers of a message if it has reached its end, or is held."""
        if isinstance(answer, Message) and answer.final:
            self._askers.finish_all(answer.id, answer)
        elif isinstance(answer, Message) and self._is_held(answer):
            self.held(answer)

    def _is_held(self, message: Message) -> bool:
        held = self._queues[message.client_id].holds.chats
        return message.state is MessageState.QUEUED and (message.held is not None or message.chat in held)

    def _conclude(self, asker: Asker) -> None:
        """Cancel the message if the asker wants that and it has not left; then answer with its state."""
        order = asker.order
        if order.withdraw:
            cancel = CancelMessage(order.client_id, order.id, self._actor.clock.time(), frees_key=True)
            self._requests.order(cancel, partial(Withdrawn, order.id, asker.ticket))
        else:
            self._ask_standing(asker)

    def _withdrawn(self, fact: Withdrawn) -> None:
        asker = self._askers.find(fact.id, fact.ticket)
        if asker is None:
            return
        queue = self._queues[asker.order.client_id]
        if isinstance(fact.answer, MessageNotQueued):
            self._ask_standing(asker)
        elif isinstance(fact.answer, Exception):
            self._askers.finish(asker, fact.answer)
        else:  # other askers, with the same idempotency key, get the same answer
            self._askers.finish_all(fact.id, fact.answer if queue.ready else NotReady(queue.state))

    def _ask_standing(self, asker: Asker) -> None:
        order = asker.order
        self._requests.order(GetMessage(order.client_id, order.id), partial(Standing, order.id, asker.ticket))

    def _standing(self, fact: Standing) -> None:
        asker, message = self._askers.find(fact.id, fact.ticket), fact.answer
        if asker is None or message is None:
            return
        if isinstance(message, Message) and self._may_be_known(message) and not fact.glanced:
            question = question_about(message)
            self._requests.ask(message.client_id, question, lambda answer: Glanced(message, answer, fact.ticket))
        else:
            self.known(message)
            self._askers.finish(asker, message)

    def _may_be_known(self, message: Message) -> bool:
        return message.state is MessageState.SENDING and self._queues[message.client_id].ready

    def _glanced(self, fact: Glanced) -> None:
        message = fact.message
        told = partial(Standing, message.id, fact.ticket, glanced=True)
        evidence = of_look_up(fact.answer, 1) if isinstance(fact.answer, LookedUp) else None
        if evidence is not None and evidence.proof is Proof.SETTLED and evidence.state is not None:
            now = self._actor.clock.time()
            self._requests.order(SettleMessage(message.id, evidence.state, now, evidence.reason), told)
        else:
            self._requests.order(GetMessage(message.client_id, message.id), told)

    HANDLERS: ClassVar[Mapping[type, Callable[[Waiters, Any], None]]] = {
        Await: _await,
        AwaitOver: _over,
        Withdrawn: _withdrawn,
        Standing: _standing,
        Glanced: _glanced,
    }
