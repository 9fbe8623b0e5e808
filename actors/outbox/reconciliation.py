"""What was under way when a page was lost, or gave a message up: looked up in the page, and settled by what it proves.

Rules of this file: everything runs in the dispatcher's thread. Only the newest look-up of a message counts, and none
that was asked before the message left again.

A message is sent again only on proof that it never left: the page has caught up with WhatsApp and does not know the
id, which was drawn and stored before anything left. Everything else is waited for, and then called unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any, ClassVar

from actors.clients.operations.messages import LookedUp, LookUp
from actors.clients.types import ClientId
from actors.outbox.client_queue import ClientQueue, ClientQueues, named
from actors.outbox.neighbours import RETRY, Neighbours
from actors.outbox.protocol import Found, Known, Look, LookAgain, LookUpWritten, Queued, Sweep, UnsettledRead
from actors.runtime import Actor
from actors.store.message_states import REFUSED, MessageState, of_ack
from actors.store.outbox import Message, RequeueMessage, SettleMessage, Unsettled

TRIES = 5
"""How often the page is asked about one message before it is called unknown."""
BETWEEN_TRIES = 2.0
"""Seconds between two of them: the page may be catching up, or have it on its way."""
UNKNOWN = "WhatsApp did not confirm the message, and nothing proves that it did not leave"


class Proof(Enum):
    """What a look-up proves."""

    SETTLED = auto()
    NEVER_LEFT = auto()
    NOTHING_YET = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A proof; and where it ends the message's way, the state it has reached and why, if that is not what was hoped."""

    proof: Proof
    state: MessageState | None = None
    reason: str | None = None


def of_look_up(found: LookedUp, tries: int) -> Evidence:
    """What the answer to look-up number `tries` (the first is 1) proves."""
    if found.ack is not None and (state := of_ack(found.ack)) is not None:
        return Evidence(Proof.SETTLED, state, REFUSED if state is MessageState.FAILED else None)
    if found.ack is None and found.complete:
        return Evidence(Proof.NEVER_LEFT)
    return Evidence(Proof.NOTHING_YET) if tries < TRIES else Evidence(Proof.NOTHING, MessageState.UNKNOWN, UNKNOWN)


AT_ONCE = 50
"""Messages of a client that a sweep has looked up; the next ones follow when these are settled. After a restore there
may be as many as fit into an outbox, and a page takes its time."""


class Reconciliation:
    """All that are asked and not answered, of all clients."""

    def __init__(self, actor: Actor, lanes: ClientQueues, neighbours: Neighbours) -> None:
        self._actor, self._queues, self._neighbours = actor, lanes, neighbours

    def sweep(self, client_id: ClientId) -> None:
        """Look for what is neither settled nor under way, if the client can be asked; READY comes here again."""
        if self._queues[client_id].claiming:
            self._queues[client_id].to_sweep = True
        elif (lane := self._queues[client_id]).ready:
            lane.sweeps += 1
            if lane.leaving is not None:
                lane.claimed.add(lane.leaving.id)
            self._neighbours.order(Unsettled(client_id, AT_ONCE), partial(UnsettledRead, client_id))

    def sweep_soon(self, client_id: ClientId) -> None:
        """The store or the client did not answer: something may be in `sending` that nobody looks after."""
        self._actor.start_timer(("sweep", client_id), RETRY, Sweep(client_id))

    def catch_up(self, client_id: ClientId) -> None:
        """Make up for a sweep that came while the store marked a message, which it would have taken for a lost one."""
        lane = self._queues[client_id]
        if lane.to_sweep:
            lane.to_sweep = False
            self.sweep(client_id)

    def look_up(self, message: Message, tries: int = 1) -> None:
        """Ask the page what became of a message."""
        lane = self._queues[message.client_id]
        self.forget(message)
        ticket = lane.look_ups[message.id] = next(lane.tickets)
        question = LookUp(message.chat, message.message_id)
        self._neighbours.ask(message.client_id, question, lambda answer: Found(message, answer, tries, ticket))

    def forget(self, message: Message) -> None:
        """What is answered from here on to an earlier look-up of this message does not count."""
        self._queues[message.client_id].look_ups.pop(message.id, None)
        self._actor.cancel_timer(("look-up", message.id))

    def _sweep(self, sweep: Sweep) -> None:
        self.sweep(sweep.client_id)

    def _unsettled_read(self, fact: UnsettledRead) -> None:
        lane = self._queues[fact.client_id]
        claimed = frozenset(lane.claimed)
        lane.sweeps -= 1
        if not lane.sweeps:
            lane.claimed.clear()
        if isinstance(fact.answer, Exception):
            self._actor.log.warning("outbox.unsettled_not_read", client=fact.client_id, why=str(fact.answer))
            self.sweep_soon(fact.client_id)
            return
        if lane.claiming:
            lane.to_sweep = True
            return
        lane.more_unsettled = len(fact.answer) == AT_ONCE
        for message in fact.answer:
            if message.id not in claimed and (lane.leaving is None or lane.leaving.id != message.id):
                self.look_up(message)

    def _look_again(self, again: LookAgain) -> None:
        self.look_up(again.message, again.tries)

    def _found(self, fact: Found) -> None:
        message, lane = fact.message, self._queues[fact.message.client_id]
        if lane.look_ups.get(message.id) != fact.ticket:
            return  # asked anew since, or before it was sent again
        if not isinstance(fact.answer, LookedUp):
            lane.look_ups.pop(message.id)
            self.sweep_soon(message.client_id)  # where the client is lost, READY looks up again
            return
        evidence = of_look_up(fact.answer, fact.tries)
        self._actor.log.info("outbox.looked_up", **named(message), proof=evidence.proof.name)
        if evidence.proof is Proof.NOTHING_YET:
            again = LookAgain(message, fact.tries + 1)
            self._actor.start_timer(("look-up", message.id), BETWEEN_TRIES, again)
        else:
            self._conclude(message, lane, evidence)

    def _conclude(self, message: Message, lane: ClientQueue, evidence: Evidence) -> None:
        lane.look_ups.pop(message.id)
        lane.unwritten += 1
        lane.doubted = None if lane.doubted == message.id else lane.doubted
        now, written = self._actor.clock.time(), partial(LookUpWritten, message.client_id)
        if evidence.state is None:
            self._neighbours.order(RequeueMessage(message.id, now, message.id in lane.suspects), written)
        else:
            self._neighbours.order(SettleMessage(message.id, evidence.state, now, evidence.reason), written)
        lane.suspects.discard(message.id)

    def _written(self, fact: LookUpWritten) -> None:
        lane = self._queues[fact.client_id]
        lane.unwritten -= 1
        if lane.more_unsettled and not lane.look_ups and not lane.unwritten:
            self.sweep(fact.client_id)
        if isinstance(fact.answer, Exception):
            self.sweep_soon(fact.client_id)
        self._neighbours.tell(Known(fact.answer))
        if isinstance(fact.answer, Message) and fact.answer.state is MessageState.QUEUED:
            self._neighbours.tell(Queued(fact.client_id, fact.answer.expires_at))
        else:
            self._neighbours.tell(Look(fact.client_id))

    HANDLERS: ClassVar[Mapping[type, Callable[[Reconciliation, Any], None]]] = {
        Sweep: _sweep,
        UnsettledRead: _unsettled_read,
        LookAgain: _look_again,
        Found: _found,
        LookUpWritten: _written,
    }
