"""Reconciliation: messages that were under way when a page was lost, or gave them up, are looked up in the page.

Rules of this file: everything runs in the dispatcher's thread. Only the newest look-up of a message counts, and none
from before the message was sent again.

A message is sent again only on proof that it never left: the page has caught up with WhatsApp and does not know the
id, which was made and stored before anything left. In all other cases the page is asked again, and then the message is
called unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any, ClassVar

from actors.clients.errors import AccountDiffers
from actors.clients.operations.messages import LookedUp, LookUp
from actors.clients.protocol import Perform
from actors.clients.types import ClientId
from actors.outbox.client_queue import ClientQueue, ClientQueues, named
from actors.outbox.protocol import Found, Known, Look, LookAgain, LookUpWritten, Queued, Sweep, UnsettledRead
from actors.outbox.requests import RETRY, Requests
from actors.runtime import Actor
from actors.store.message_states import REFUSED, MessageState, of_ack
from actors.store.outbox import Message, RequeueMessage, SettleMessage, Unsettled, lost_with

TRIES = 5
"""The look-ups of one message before it is called unknown."""
BETWEEN_TRIES = 2.0
"""The seconds between two look-ups: the page may be catching up, or may still be sending the message."""
UNKNOWN = "WhatsApp did not confirm the message, and nothing proves that it did not leave"


class Proof(Enum):
    """The result of a look-up."""

    SETTLED = auto()
    NEVER_LEFT = auto()
    NOTHING_YET = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A proof; if it settles the message, also its state, and the reason unless it was sent."""

    proof: Proof
    state: MessageState | None = None
    reason: str | None = None


def of_look_up(found: LookedUp, tries: int) -> Evidence:
    """Return the evidence in the answer to look-up number `tries` (the first is 1)."""
    if found.ack is not None and (state := of_ack(found.ack)) is not None:
        return Evidence(Proof.SETTLED, state, REFUSED if state is MessageState.FAILED else None)
    if found.ack is None and found.complete:
        return Evidence(Proof.NEVER_LEFT)
    return Evidence(Proof.NOTHING_YET) if tries < TRIES else Evidence(Proof.NOTHING, MessageState.UNKNOWN, UNKNOWN)


def question_about(message: Message) -> Perform:
    """Return the look-up of a message, which only the page of its own account answers."""
    return Perform(LookUp(message.chat, message.message_id), account=message.account)


AT_ONCE = 50
"""The messages of a client that a sweep looks up; the next follow when these are settled. After a restore there may be
as many as fit into an outbox, and a page needs time for each."""


class Reconciliation:
    """The look-ups under way, of all clients."""

    def __init__(self, actor: Actor, queues: ClientQueues, requests: Requests) -> None:
        self._actor, self._queues, self._requests = actor, queues, requests

    def sweep(self, client_id: ClientId) -> None:
        """Look up messages in `sending` that nobody sends, if the client is READY; else its READY calls this again."""
        if self._queues[client_id].claiming:
            self._queues[client_id].to_sweep = True
        elif (queue := self._queues[client_id]).ready:
            queue.sweeps += 1
            queue.claimed |= queue.with_page
            self._requests.order(Unsettled(client_id, AT_ONCE), partial(UnsettledRead, client_id))

    def sweep_soon(self, client_id: ClientId) -> None:
        """Sweep in a moment: the store or the client did not answer, so a message may be left in `sending`."""
        self._actor.start_timer(("sweep", client_id), RETRY, Sweep(client_id))

    def catch_up(self, client_id: ClientId) -> None:
        """Run the sweep that was put off during a claim: it would have taken the claimed message for a lost one."""
        queue = self._queues[client_id]
        if queue.to_sweep:
            queue.to_sweep = False
            self.sweep(client_id)

    def look_up(self, message: Message, tries: int = 1) -> None:
        """Look a message up in the page."""
        queue = self._queues[message.client_id]
        self.forget(message)
        ticket = queue.look_ups[message.id] = next(queue.tickets)
        question = question_about(message)
        self._requests.ask(message.client_id, question, lambda answer: Found(message, answer, tries, ticket))

    def forget(self, message: Message) -> None:
        """Ignore the answers to earlier look-ups of this message."""
        self._queues[message.client_id].look_ups.pop(message.id, None)
        self._actor.cancel_timer(("look-up", message.id))

    def _sweep(self, sweep: Sweep) -> None:
        self.sweep(sweep.client_id)

    def _unsettled_read(self, fact: UnsettledRead) -> None:
        queue = self._queues[fact.client_id]
        claimed = frozenset(queue.claimed)
        queue.sweeps -= 1
        if not queue.sweeps:
            queue.claimed.clear()
        if isinstance(fact.answer, Exception):
            self._actor.log.warning("outbox.unsettled_not_read", client=fact.client_id, why=str(fact.answer))
            self.sweep_soon(fact.client_id)
            return
        if queue.claiming:
            queue.to_sweep = True
            return
        queue.more_unsettled = len(fact.answer) == AT_ONCE
        for message in fact.answer:
            if message.id not in claimed | queue.with_page:
                self.look_up(message)

    def _look_again(self, again: LookAgain) -> None:
        self.look_up(again.message, again.tries)

    def _found(self, fact: Found) -> None:
        message, queue = fact.message, self._queues[fact.message.client_id]
        if queue.look_ups.get(message.id) != fact.ticket:
            return  # looked up again since, or from before it was sent again
        if isinstance(fact.answer, AccountDiffers):
            self._conclude(message, queue, Evidence(Proof.NOTHING, MessageState.UNKNOWN, lost_with(message.account)))
            return
        if not isinstance(fact.answer, LookedUp):
            queue.look_ups.pop(message.id)
            self.sweep_soon(message.client_id)  # if the client is lost, its READY looks up again
            return
        evidence = of_look_up(fact.answer, fact.tries)
        self._actor.log.info("outbox.looked_up", **named(message), proof=evidence.proof.name)
        if evidence.proof is Proof.NOTHING_YET:
            again = LookAgain(message, fact.tries + 1)
            self._actor.start_timer(("look-up", message.id), BETWEEN_TRIES, again)
        else:
            self._conclude(message, queue, evidence)

    def _conclude(self, message: Message, queue: ClientQueue, evidence: Evidence) -> None:
        queue.look_ups.pop(message.id)
        queue.unwritten += 1
        queue.doubted = None if queue.doubted == message.id else queue.doubted
        now, written = self._actor.clock.time(), partial(LookUpWritten, message.client_id)
        if evidence.state is None:
            self._requests.order(RequeueMessage(message.id, now, message.id in queue.suspects), written)
        else:
            self._requests.order(SettleMessage(message.id, evidence.state, now, evidence.reason), written)
        queue.suspects.discard(message.id)

    def _written(self, fact: LookUpWritten) -> None:
        queue = self._queues[fact.client_id]
        queue.unwritten -= 1
        if queue.more_unsettled and not queue.look_ups and not queue.unwritten:
            self.sweep(fact.client_id)
        if isinstance(fact.answer, Exception):
            self.sweep_soon(fact.client_id)
        self._requests.tell(Known(fact.answer))
        if isinstance(fact.answer, Message) and fact.answer.state is MessageState.QUEUED:
            self._requests.tell(Queued(fact.client_id, fact.answer.expires_at))
        else:
            self._requests.tell(Look(fact.client_id))

    HANDLERS: ClassVar[Mapping[type, Callable[[Reconciliation, Any], None]]] = {
        Sweep: _sweep,
        UnsettledRead: _unsettled_read,
        LookAgain: _look_again,
        Found: _found,
        LookUpWritten: _written,
    }
