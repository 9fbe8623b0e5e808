"""What callers who wait are told, and when.

    it is settled                             at once, how
    it is cancelled                           at once, so
    its chat is held, it has not left         taken back, if the caller wants that; the message says until when
    its client is lost, it has not left       refused, and taken back, if the caller wants that
    its client is lost, it may have left      how it stands: nobody knows before the client is back
    the caller's time is over                 taken back, if the caller wants that and it has not left; else how it
                                              stands. Where it may have left, the page is asked once before: whether the
                                              caller's time or the page's ends first must not make a difference.

Rules of this file: everything runs in the dispatcher's thread. What the page says here settles a message, or nothing: a
page that still has it proves nothing by not knowing it yet (`look_ups` waits for the page to give it up).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from actors.clients.errors import NotReady
from actors.clients.operations.messages import LookedUp, LookUp
from actors.clients.types import ClientId
from actors.outbox.evidence import Proof, of_look_up
from actors.outbox.lane import Lanes
from actors.outbox.neighbours import Neighbours
from actors.outbox.protocol import Await, AwaitOver, Glanced, Known, Look, Standing, Withdrawn
from actors.outbox.waiting import Asker, Askers
from actors.runtime import Actor
from actors.store.errors import MessageNotQueued
from actors.store.message_states import OPEN, MessageState
from actors.store.outbox import CancelMessage, GetMessage, Message, SettleMessage


class Callers:
    """Everyone who waits for a message, of all clients."""

    def __init__(self, actor: Actor, lanes: Lanes, neighbours: Neighbours, look: Callable[[Look], None]) -> None:
        self._look = look
        self._actor, self._lanes, self._neighbours = actor, lanes, neighbours
        self._askers = Askers(actor)

    def lost(self, client_id: ClientId) -> None:
        """Nobody who wants an answer now waits for a client that may come back much later."""
        for asker in self._askers.of_client(client_id):
            if asker.order.withdraw:
                self._conclude(asker)

    def doubted(self, message: Message) -> None:
        """It may have left with a page that is lost: who wants an answer now is told how it stands."""
        for asker in self._askers.of_client(message.client_id):
            if asker.order.id == message.id and asker.order.withdraw:
                self._ask_standing(asker)

    def held(self, message: Message) -> None:
        """Its chat is held until a restriction ends: nobody who wants an answer now waits for that."""
        for asker in self._askers.of_client(message.client_id):
            if asker.order.id == message.id and asker.order.withdraw:
                self._conclude(asker)

    def _await(self, order: Await) -> None:
        self._askers.add(order)
        self._neighbours.order(GetMessage(order.client_id, order.id), Known)
        if not self._lanes[order.client_id].ready:
            self.lost(order.client_id)
        if not self._lanes[order.client_id].busy:
            self._look(Look(order.client_id))

    def _over(self, over: AwaitOver) -> None:
        asker = self._askers.find(over.id, over.ticket)
        if asker is not None:
            self._conclude(asker)

    def known(self, answer: Message | Exception | None) -> None:
        """Tell whoever waits for a message how it stands, if nothing is to be done about it any more."""
        self._known(Known(answer))

    def _known(self, fact: Known) -> None:
        if isinstance(fact.answer, Message) and fact.answer.state not in OPEN:
            self._askers.finish_all(fact.answer.id, fact.answer)
        elif isinstance(fact.answer, Message) and self._is_held(fact.answer):
            self.held(fact.answer)

    def _is_held(self, message: Message) -> bool:
        held = self._lanes[message.client_id].holds.chats
        return message.state is MessageState.QUEUED and message.chat in held

    def _conclude(self, asker: Asker) -> None:
        """Take the message back if the asker wants that and it has not left; then tell how it stands."""
        order = asker.order
        if order.withdraw:
            cancel = CancelMessage(order.client_id, order.id, self._actor.clock.time(), frees_key=True)
            self._neighbours.order(cancel, partial(Withdrawn, order.id, asker.ticket))
        else:
            self._ask_standing(asker)

    def _withdrawn(self, fact: Withdrawn) -> None:
        asker = self._askers.find(fact.id, fact.ticket)
        if asker is None:
            return
        lane = self._lanes[asker.order.client_id]
        if isinstance(fact.answer, MessageNotQueued):
            self._ask_standing(asker)
        elif isinstance(fact.answer, Exception):
            self._askers.finish(asker, fact.answer)
        else:  # whoever waits for it, with the same key, hears the same
            self._askers.finish_all(fact.id, fact.answer if lane.ready else NotReady(lane.state))

    def _ask_standing(self, asker: Asker) -> None:
        order = asker.order
        self._neighbours.order(GetMessage(order.client_id, order.id), partial(Standing, order.id, asker.ticket))

    def _standing(self, fact: Standing) -> None:
        asker, message = self._askers.find(fact.id, fact.ticket), fact.answer
        if asker is None or message is None:
            return
        if isinstance(message, Message) and self._may_be_known(message) and not fact.glanced:
            question = LookUp(message.chat, message.message_id)
            self._neighbours.ask(message.client_id, question, lambda answer: Glanced(message, answer, fact.ticket))
        else:
            self._known(Known(message))
            self._askers.finish(asker, message)

    def _may_be_known(self, message: Message) -> bool:
        return message.state is MessageState.SENDING and self._lanes[message.client_id].ready

    def _glanced(self, fact: Glanced) -> None:
        message = fact.message
        told = partial(Standing, message.id, fact.ticket, glanced=True)
        evidence = of_look_up(fact.answer, 1) if isinstance(fact.answer, LookedUp) else None
        if evidence is not None and evidence.proof is Proof.SETTLED and evidence.state is not None:
            now = self._actor.clock.time()
            self._neighbours.order(SettleMessage(message.id, evidence.state, now, evidence.reason), told)
        else:
            self._neighbours.order(GetMessage(message.client_id, message.id), told)

    HANDLERS: ClassVar[Mapping[type, Callable[[Callers, Any], None]]] = {
        Await: _await,
        AwaitOver: _over,
        Known: _known,
        Withdrawn: _withdrawn,
        Standing: _standing,
        Glanced: _glanced,
    }
