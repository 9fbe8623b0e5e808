"""The one actor that has accepted messages sent.

The way of a message, each step on disk before the next one:

    accepted (queued) ► ClaimNext (sending) ► the operation to the client ► SettleMessage (sent, failed, unknown)

The WhatsApp id is drawn when it is accepted, so wherever this is cut off, a message in `sending` can be looked up when
the client is READY again (`look_ups`): it is settled by what the page knows, sent again only on proof that it never
left, and called unknown where nothing can be proven. Its acknowledgements settle it too, whenever they come: those go
from the page straight to the store.

Rules of this file: nothing blocks; the store and the clients answer by messages. One message of a client is under way
at a time, so a client's messages leave in the order in which they were accepted, urgent ones apart.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

from actors.clients import message_ids
from actors.clients.errors import NotReady, SendFailed
from actors.clients.operations.messages import Sent
from actors.clients.protocol import Perform
from actors.clients.types import ClientId, Seconds
from actors.outbox.callers import Callers
from actors.outbox.cause import cause_of, named
from actors.outbox.endings import Endings
from actors.outbox.instants import wait_for
from actors.outbox.lane import Lane, Lanes
from actors.outbox.limits import FAILS, Consequence, Refusal, held, refusal
from actors.outbox.look_ups import LookUps
from actors.outbox.neighbours import RETRY, Find, Neighbours
from actors.outbox.pace import Pace
from actors.outbox.protocol import (
    LetGo,
    Look,
    NextClaimed,
    Noted,
    Outcome,
    PageFitness,
    Queued,
    Readiness,
    Restricted,
    Settled,
)
from actors.runtime import Actor, MailboxFull
from actors.store.message_states import MessageState
from actors.store.outbox import (
    ClaimNext,
    Message,
    NoteWaiting,
    RequeueMessage,
    SettleMessage,
    operation_of,
)
from actors.store.store import Store

__all__ = ["Dispatcher", "Pace"]


class Dispatcher(Actor):
    """`find` gives a client's actor, if it runs. The store must outlive this actor."""

    name = "outbox"
    work_limit = 20_000

    def __init__(
        self, store: Store, find: Find, *, pace: Pace | None = None, chance: Callable[[], float] = random.random
    ) -> None:
        super().__init__()
        self._pace, self._chance = pace or Pace(), chance
        self._lanes = Lanes(Lane)
        self._neighbours = Neighbours(self.actor_ref, store, find)
        self._callers = Callers(self, self._lanes, self._neighbours, self._look)
        self._look_ups = LookUps(self, self._lanes, self._neighbours)
        self._endings = Endings(self, self._neighbours)
        self._handlers: dict[type, Callable[[Any], None]] = {
            **{kind: partial(handler, self._callers) for kind, handler in Callers.HANDLERS.items()},
            **{kind: partial(handler, self._look_ups) for kind, handler in LookUps.HANDLERS.items()},
            **{kind: partial(handler, self._endings) for kind, handler in Endings.HANDLERS.items()},
        }

    def started(self) -> None:
        """Look for what expires first."""
        self._endings.look()

    def receive(self, message: object) -> object:
        """Hand the message to its handler: here, by the table below, or in one of the parts."""
        if (own := _HANDLERS.get(type(message))) is not None:
            return own(self, message)
        handler = self._handlers.get(type(message))
        return super().receive(message) if handler is None else handler(message)

    # --- facts of others ---------------------------------------------------------------------------------------------

    def _queued(self, fact: Queued) -> None:
        if fact.expires_at is not None:
            self._endings.expires(fact.expires_at)
        if self._lanes[fact.client_id].holds.chats:
            self._note_held(fact.client_id)
        self._look(Look(fact.client_id))

    def _readiness(self, fact: Readiness) -> None:
        lane = self._lanes[fact.client_id]
        was_ready, lane.state = lane.ready, fact.state
        if lane.ready:
            self._begin(fact.client_id)
        elif was_ready:
            if fact.crashed:
                lane.suspects |= lane.under_way
            self._callers.lost(fact.client_id)

    def _page_fitness(self, fact: PageFitness) -> None:
        """Hold what is queued while the page cannot send: it would refuse each message for good."""
        lane = self._lanes[fact.client_id]
        was_ready, lane.fit = lane.ready, fact.can_send
        if lane.ready and not was_ready:
            self._begin(fact.client_id)
        elif was_ready and not lane.ready:
            self._callers.lost(fact.client_id)

    def _begin(self, client_id: ClientId) -> None:
        self._look_ups.sweep(client_id)
        self._look(Look(client_id))

    # --- what WhatsApp refuses ----------------------------------------------------------------------------------------

    def _restricted(self, fact: Restricted) -> None:
        self._let_go(fact.client_id, self._lanes[fact.client_id].holds.told(fact.restricted, fact.until))
        self._note_held(fact.client_id)

    def _time_is_over(self, timer: LetGo) -> None:
        self._let_go(timer.client_id, self._lanes[timer.client_id].holds.over(self.clock.time()))

    def _let_go(self, client_id: ClientId, chats: frozenset[str]) -> None:
        if chats:
            self._note(client_id, chats, None)
            self._look(Look(client_id))
        self._wait_for_the_next_end(client_id)

    def _wait_for_the_next_end(self, client_id: ClientId) -> None:
        end = self._lanes[client_id].holds.next_end
        self.cancel_timer(("let-go", client_id))
        if end is not None:
            wait_for(self, ("let-go", client_id), end, LetGo(client_id))

    def _put_off(self, message: Message, error: SendFailed, refusal: Refusal) -> None:
        """It has not left, and goes back to its place: until its chat is let go of, or a while later."""
        lane, now = self._lanes[message.client_id], self.clock.time()
        if refusal.consequence is Consequence.HOLD:
            lane.holds.hold(message.chat, now)
            reason = held(lane.holds.chats[message.chat])
            self._wait_for_the_next_end(message.client_id)
        else:
            reason = f"{error}. It leaves when WhatsApp takes messages again, which is tried at growing intervals"
        self.log.info("outbox.put_off", **named(message), consequence=refusal.consequence.name, code=error.code)
        new_id = message_ids.draw() if refusal.filed else None
        requeue = RequeueMessage(message.id, now, reason=reason, message_id=new_id)
        self._neighbours.order(requeue, partial(Settled, message))

    def _note_held(self, client_id: ClientId) -> None:
        """Whatever waits in a chat that is held says so."""
        ends: dict[Seconds, set[str]] = {}
        for chat, end in self._lanes[client_id].holds.chats.items():
            ends.setdefault(end, set()).add(chat)
        for end, chats in ends.items():
            self._note(client_id, frozenset(chats), held(end))

    def _note(self, client_id: ClientId, chats: frozenset[str], reason: str | None) -> None:
        self._neighbours.order(NoteWaiting(client_id, chats, reason), partial(Noted, client_id))

    def _noted(self, fact: Noted) -> None:
        if isinstance(fact.answer, Exception):  # the reason is for readers only: it is written again with the next one
            self.log.warning("outbox.not_noted", client=fact.client_id, why=str(fact.answer))

    # --- what is next ------------------------------------------------------------------------------------------------

    def _look(self, look: Look) -> None:
        lane, now = self._lanes[look.client_id], self.now()
        if lane.busy:
            lane.more = True
        elif not lane.ready:
            return
        elif lane.not_before > now and lane.tempo.slowed:
            self._rest(look.client_id, lane.not_before - now)
        else:
            lane.busy, lane.claiming, lane.more = True, True, False
            least = self._pace.urgent if lane.not_before > now else None
            claim = ClaimNext(look.client_id, self.clock.time(), frozenset(lane.holds.chats), least)
            self._neighbours.order(claim, partial(NextClaimed, look.client_id))

    def _claimed(self, fact: NextClaimed) -> None:
        client_id, lane, answer = fact.client_id, self._lanes[fact.client_id], fact.answer
        lane.claiming = False
        if isinstance(answer, Exception):
            # It may have been marked all the same, in a commit that the store did not hear of.
            self._look_ups.sweep_soon(client_id)
            self._rest(client_id, RETRY)
        elif answer.message is not None:
            lane.more |= answer.more
            lane.next_due = answer.next_due
            if lane.ready:
                self._send(answer.message)
            else:  # it cannot send any more
                self._requeue(answer.message)
        elif answer.paced:
            self._rest(client_id, max(0.0, lane.not_before - self.now()))
        else:
            lane.next_due = answer.next_due
            self._wait(client_id)
        self._look_ups.catch_up(client_id)

    def _wait(self, client_id: ClientId) -> None:
        """Look again at once where something has come in meanwhile, else when the next message is due."""
        lane = self._lanes[client_id]
        lane.busy = False
        if lane.more:
            self._look(Look(client_id))
        elif lane.next_due is not None:
            wait_for(self, ("look", client_id), lane.next_due, Look(client_id))

    def _rest(self, client_id: ClientId, seconds: Seconds) -> None:
        lane = self._lanes[client_id]
        lane.busy = False
        self.start_timer(("look", client_id), 0.0 if lane.more else seconds, Look(client_id))

    # --- its way -----------------------------------------------------------------------------------------------------

    def _send(self, message: Message) -> None:
        """Give the client what is marked on disk. From here on what an older look-up says of it does not count."""
        lane = self._lanes[message.client_id]
        lane.leaving, lane.doubted = message, None
        self._look_ups.forget(message)
        try:
            order = Perform(operation_of(message), message.message_id, cause_of(message))
        except ValueError as error:  # from a later version, which has been taken back
            self._outcome(Outcome(message, SendFailed(str(error))))
        else:
            self._neighbours.ask(message.client_id, order, partial(Outcome, message))

    def _outcome(self, fact: Outcome) -> None:
        message, answer, lane = fact.message, fact.answer, self._lanes[fact.message.client_id]
        lane.leaving = None
        if isinstance(answer, NotReady | MailboxFull):  # the page never had it
            self._requeue(message)
            return
        refused = refusal(answer.code, restricted=lane.holds.restricted) if isinstance(answer, SendFailed) else FAILS
        lane.tempo = lane.tempo.refused() if refused.consequence is Consequence.SLOW else lane.tempo
        if refused.filed:  # else nothing has gone to WhatsApp
            lane.not_before = self.now() + lane.tempo.rest(self._pace.rest(self._chance()))
        match answer:
            case Sent():
                lane.tempo = lane.tempo.accepted()
                self._settle(message, MessageState.SENT, None, answer.message_id)
            case SendFailed() if refused.consequence is not Consequence.FAIL:
                self._put_off(message, answer, refused)
            case SendFailed():
                self._settle(message, MessageState.FAILED, str(answer))
            case _:
                self._leave_open(message)

    def _requeue(self, message: Message) -> None:
        self._neighbours.order(RequeueMessage(message.id, self.clock.time()), partial(Settled, message))

    def _leave_open(self, message: Message) -> None:
        """It may have left: it stays in `sending` until its page, or the next one, has been asked.

        Whether its page is gone may be known here later than that it will not say any more.
        """
        lane = self._lanes[message.client_id]
        lane.doubted = message.id
        self._rest(message.client_id, 0.0)
        if lane.ready:  # who waits is told what the page says, or when the client turns out to be lost
            self._look_ups.look_up(message)
        else:
            self._callers.doubted(message)

    def _settle(self, message: Message, state: MessageState, reason: str | None, full_id: str | None = None) -> None:
        self.log.info("outbox.settled", **named(message), state=state)
        settling = SettleMessage(message.id, state, self.clock.time(), reason, full_id)
        self._neighbours.order(settling, partial(Settled, message))

    def _settled(self, fact: Settled) -> None:
        client_id, lane = fact.message.client_id, self._lanes[fact.message.client_id]
        self._callers.known(fact.answer)
        if isinstance(fact.answer, Exception):
            self._look_ups.sweep_soon(client_id)
            self._rest(client_id, RETRY)
        elif fact.answer.state is MessageState.QUEUED:
            self._endings.look()  # its end may have passed while it was not queued
            if fact.answer.chat in lane.holds.chats:
                lane.more = True
                self._note_held(client_id)
                self._callers.held(fact.answer)
            self._rest(client_id, RETRY)
        else:
            self._wait(client_id)


_HANDLERS: dict[type, Callable[[Dispatcher, Any], None]] = {
    Queued: Dispatcher._queued,
    Readiness: Dispatcher._readiness,
    PageFitness: Dispatcher._page_fitness,
    Restricted: Dispatcher._restricted,
    LetGo: Dispatcher._time_is_over,
    Noted: Dispatcher._noted,
    Look: Dispatcher._look,
    NextClaimed: Dispatcher._claimed,
    Outcome: Dispatcher._outcome,
    Settled: Dispatcher._settled,
}
