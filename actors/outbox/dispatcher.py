"""The one actor that has accepted messages sent.

The way of a message, each step on disk before the next one:

    accepted (queued) ► MarkSending (sending) ► SendText to the client ► SettleMessage (sent, failed, unknown)

The WhatsApp id is drawn when it is accepted, so wherever this is cut off, a message in `sending` can be looked up when
the client is READY again (`evidence`): it is settled by what the page knows, sent again only on proof that it never
left, and called unknown where nothing can be proven. Its acknowledgements settle it too, whenever they come: those go
from the page straight to the store.

Rules of this file: nothing blocks; the store and the clients answer by messages. One message of a client is under way
at a time, so a client's messages leave in the order in which they were accepted, urgent ones apart.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from pykka import ActorDeadError, ActorRef

from actors.clients.cause import Cause
from actors.clients.errors import NotReady, SendFailed
from actors.clients.protocol import LookedUp, LookUp, SendText, Sent
from actors.clients.types import ClientId, Seconds, State
from actors.outbox.evidence import BETWEEN_TRIES, Evidence, Proof, of_look_up
from actors.outbox.lane import Lane
from actors.outbox.protocol import (
    Await,
    AwaitOver,
    DueRead,
    Expire,
    Expired,
    ExpiryRead,
    Found,
    GivenUp,
    GiveUp,
    Known,
    Look,
    LookAgain,
    LookUpWritten,
    Marked,
    NextRead,
    Outcome,
    Queued,
    Readiness,
    Settled,
    Standing,
    Sweep,
    UnsettledRead,
    Withdrawn,
)
from actors.outbox.waiting import Asker, Askers
from actors.runtime import Actor, MailboxFull, Reply
from actors.store.errors import MessageNotQueued
from actors.store.message import Read, Write
from actors.store.message_states import OPEN, MessageState
from actors.store.outbox import (
    CancelMessage,
    ExpireDue,
    GetMessage,
    GetNextDue,
    GetNextExpiry,
    GiveUpQueued,
    MarkSending,
    Message,
    NextMessages,
    RequeueMessage,
    SettleMessage,
    Unsettled,
)
from actors.store.store import Store

__all__ = ["Dispatcher", "Pace"]

RETRY = 1.0
"""Seconds before the store, or a client with a full mailbox, is asked again."""
GIVE_UP_AT_ONCE = 500
"""Queued messages of a deleted client that are cancelled in one transaction."""
UNKNOWN = "WhatsApp did not confirm the message, and nothing proves that it did not leave"


@dataclass(frozen=True, slots=True)
class Pace:
    """At least `seconds` between two messages of a client, up to `jitter` of it more by chance; urgent ones go past.

    `urgent` is the least priority that does.
    """

    seconds: Seconds = 0.0
    jitter: float = 0.5
    urgent: int = 1


class Dispatcher(Actor):
    """`find` gives a client's actor, if it runs. The store must outlive this actor."""

    name = "outbox"
    work_limit = 20_000

    def __init__(
        self,
        store: Store,
        find: Callable[[ClientId], ActorRef[Any] | None],
        *,
        pace: Pace = Pace(),
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__()
        self._store, self._find, self._pace, self._chance = store, find, pace, chance
        self._lanes: dict[ClientId, Lane] = {}
        self._askers = Askers(self)

    def started(self) -> None:
        """Look for what expires first."""
        self._order(GetNextExpiry(), ExpiryRead)

    def receive(self, message: object) -> object:
        """Hand the message to its handler: the table below is the whole vocabulary."""
        handler = _HANDLERS.get(type(message))
        return super().receive(message) if handler is None else handler(self, message)

    # --- callers -----------------------------------------------------------------------------------------------------

    def _await(self, order: Await) -> None:
        self._askers.add(order)
        self._order(GetMessage(order.client_id, order.id), Known)
        lane = self._lane(order.client_id)
        if not lane.ready:
            self._lost(order.client_id)
        self._look(Look(order.client_id))

    def _queued(self, fact: Queued) -> None:
        if fact.expires_at is not None:
            self._order(GetNextExpiry(), ExpiryRead)
        self._look(Look(fact.client_id))

    def _give_up(self, order: GiveUp) -> None:
        cancel = GiveUpQueued(order.client_id, "The client was deleted", self.clock.time(), GIVE_UP_AT_ONCE)
        self._order(cancel, lambda answer: GivenUp(order.client_id, answer))

    def _given_up(self, fact: GivenUp) -> None:
        if fact.answer == GIVE_UP_AT_ONCE:
            self._give_up(GiveUp(fact.client_id))

    def _await_over(self, over: AwaitOver) -> None:
        asker = self._askers.find(over.id, over.ticket)
        if asker is not None:
            self._conclude(asker)

    def _conclude(self, asker: Asker) -> None:
        """Take the message back if the asker wants that and it has not left; then tell how it stands."""
        order, ticket = asker.order, asker.ticket
        if order.withdraw:
            cancel = CancelMessage(order.client_id, order.id, self.clock.time(), frees_key=True)
            self._order(cancel, lambda answer: Withdrawn(order.client_id, order.id, ticket, answer))
        else:
            self._tell_standing(order, ticket)

    def _tell_standing(self, order: Await, ticket: int) -> None:
        self._order(GetMessage(order.client_id, order.id), lambda answer: Standing(order.id, ticket, answer))

    def _withdrawn(self, fact: Withdrawn) -> None:
        asker = self._askers.find(fact.id, fact.ticket)
        if asker is None:
            return
        if isinstance(fact.answer, MessageNotQueued):
            self._tell_standing(asker.order, asker.ticket)
        elif isinstance(fact.answer, Exception) or self._lane(fact.client_id).ready:
            self._askers.finish(asker, fact.answer)
        else:
            self._askers.finish(asker, NotReady(self._lane(fact.client_id).state))

    def _standing(self, fact: Standing) -> None:
        asker = self._askers.find(fact.id, fact.ticket)
        if asker is not None and fact.answer is not None:
            self._askers.finish(asker, fact.answer)

    def _known(self, fact: Known) -> None:
        if isinstance(fact.answer, Message) and fact.answer.state not in OPEN:
            self._askers.answer(fact.answer)

    def _looked_up(self, fact: LookUpWritten) -> None:
        if isinstance(fact.answer, Exception):
            self._sweep_soon(fact.client_id)
        self._known(Known(fact.answer))
        self._look(Look(fact.client_id))

    # --- whether clients can send ------------------------------------------------------------------------------------

    def _readiness(self, fact: Readiness) -> None:
        lane = self._lane(fact.client_id)
        was_ready, lane.state = lane.ready, fact.state
        if lane.ready:
            self._sweep(Sweep(fact.client_id))
            self._look(Look(fact.client_id))
        elif was_ready:
            if fact.crashed:
                lane.suspects |= lane.under_way
            self._lost(fact.client_id)

    def _lost(self, client_id: ClientId) -> None:
        """Nobody who wants an answer now waits for a client that may come back much later."""
        for asker in self._askers.of_client(client_id):
            if asker.order.withdraw:
                self._conclude(asker)

    # --- one message after the other ---------------------------------------------------------------------------------

    def _look(self, look: Look) -> None:
        lane = self._lane(look.client_id)
        if lane.busy:
            lane.more = True
        elif lane.ready:
            lane.busy, lane.more = True, False
            following = NextMessages(look.client_id, self.clock.time(), 1)
            self._order(following, lambda answer: NextRead(look.client_id, answer))

    def _next_read(self, fact: NextRead) -> None:
        lane = self._lane(fact.client_id)
        if isinstance(fact.answer, Exception):
            self._rest(fact.client_id, RETRY)
        elif not fact.answer:
            self._nothing_now(fact.client_id)
        elif (wait := self._paced(lane, fact.answer[0])) > 0:
            self._rest(fact.client_id, wait)
        else:
            # From here on it may be with the page: what an older look-up says of it does not count.
            lane.leaving, lane.doubted = fact.answer[0], None
            self._forget_look_up(lane, fact.answer[0])
            marking = MarkSending((fact.answer[0].id,), self.clock.time())
            self._order(marking, lambda answer: Marked(fact.client_id, answer))

    def _nothing_now(self, client_id: ClientId) -> None:
        lane = self._lane(client_id)
        lane.busy = False
        if lane.more:
            self._look(Look(client_id))
        else:
            due = GetNextDue(client_id, self.clock.time())
            self._order(due, lambda answer: DueRead(client_id, answer))

    def _due_read(self, fact: DueRead) -> None:
        if isinstance(fact.answer, Exception):
            self._rest(fact.client_id, RETRY)
        elif fact.answer is not None:
            self.start_timer(("look", fact.client_id), max(0.0, fact.answer - self.clock.time()), Look(fact.client_id))

    def _paced(self, lane: Lane, message: Message) -> Seconds:
        return 0.0 if message.priority >= self._pace.urgent else lane.not_before - self.now()

    def _rest(self, client_id: ClientId, seconds: Seconds) -> None:
        lane = self._lane(client_id)
        lane.busy = False
        self.start_timer(("look", client_id), 0.0 if lane.more else seconds, Look(client_id))

    def _marked(self, fact: Marked) -> None:
        lane = self._lane(fact.client_id)
        if isinstance(fact.answer, Exception) or not fact.answer:  # none: it was taken back meanwhile
            lane.leaving = None
            if isinstance(fact.answer, Exception):  # it may be marked all the same
                self._sweep_soon(fact.client_id)
            self._rest(fact.client_id, RETRY if isinstance(fact.answer, Exception) else 0.0)
            return
        (message,) = fact.answer
        lane.leaving = message
        text = SendText(message.chat, message.text, _cause_of(message), message.message_id)
        self._ask(message.client_id, text, lambda answer: Outcome(message, answer))

    def _outcome(self, fact: Outcome) -> None:
        message, answer = fact.message, fact.answer
        lane = self._lane(message.client_id)
        lane.leaving = None
        match answer:
            case Sent():
                self._settle(message, MessageState.SENT, None, answer.message_id)
            case SendFailed():
                self._settle(message, MessageState.FAILED, str(answer))
            case NotReady() | MailboxFull():  # the page never had it
                self._requeue(message)
            case _:
                self._leave_open(message, lane)

    def _leave_open(self, message: Message, lane: Lane) -> None:
        """It may have left: it stays in `sending` until its page, or the next one, has been asked.

        Whether its page is gone may be known here later than that it will not say any more.
        """
        lane.doubted = message.id
        self._rest(message.client_id, 0.0)
        if lane.ready:  # who waits is told what the page says, or when the client turns out to be lost
            self._look_up(message, 1)
            return
        for asker in self._askers.of_client(message.client_id):
            if asker.order.id == message.id and asker.order.withdraw:
                self._tell_standing(asker.order, asker.ticket)

    def _settle(self, message: Message, state: MessageState, reason: str | None, full_id: str | None = None) -> None:
        self._log_settled(message, state)
        settling = SettleMessage(message.id, state, self.clock.time(), reason, full_id)
        self._order(settling, lambda answer: Settled(message, answer))

    def _log_settled(self, message: Message, state: MessageState) -> None:
        facts = {"client": message.client_id, "message": message.id, "order": message.message_id, "state": state}
        self.log.info("outbox.settled", **facts, **_cause_of(message).named)

    def _requeue(self, message: Message) -> None:
        again = RequeueMessage(message.id, self.clock.time())
        self._order(again, lambda answer: Settled(message, answer))

    def _settled(self, fact: Settled) -> None:
        client_id = fact.message.client_id
        lane = self._lane(client_id)
        self._known(Known(fact.answer))
        if isinstance(fact.answer, Exception):
            self._sweep_soon(client_id)
        if not (isinstance(fact.answer, Message) and fact.answer.state is MessageState.QUEUED):
            lane.not_before = self.now() + self._pace.seconds * (1 + self._pace.jitter * self._chance())
            lane.more = True
        self._rest(client_id, RETRY)

    # --- what was under way ------------------------------------------------------------------------------------------

    def _sweep_soon(self, client_id: ClientId) -> None:
        self.start_timer(("sweep", client_id), RETRY, Sweep(client_id))

    def _sweep(self, sweep: Sweep) -> None:
        if self._lane(sweep.client_id).ready:
            self._order(Unsettled(sweep.client_id), lambda answer: UnsettledRead(sweep.client_id, answer))

    def _unsettled_read(self, fact: UnsettledRead) -> None:
        lane = self._lane(fact.client_id)
        if isinstance(fact.answer, Exception):
            self.log.warning("outbox.unsettled_not_read", client=fact.client_id, why=str(fact.answer))
            self._sweep_soon(fact.client_id)
            return
        for message in fact.answer:
            if lane.leaving is None or lane.leaving.id != message.id:
                self._look_up(message, 1)

    def _look_up(self, message: Message, tries: int) -> None:
        lane = self._lane(message.client_id)
        self._forget_look_up(lane, message)
        ticket = lane.look_ups[message.id] = next(lane.tickets)
        question = LookUp(message.chat, message.message_id)
        self._ask(message.client_id, question, lambda answer: Found(message, answer, tries, ticket))

    def _forget_look_up(self, lane: Lane, message: Message) -> None:
        lane.look_ups.pop(message.id, None)
        self.cancel_timer(("look-up", message.id))

    def _look_again(self, again: LookAgain) -> None:
        self._look_up(again.message, again.tries)

    def _found(self, fact: Found) -> None:
        message, lane = fact.message, self._lane(fact.message.client_id)
        if lane.look_ups.get(message.id) != fact.ticket:
            return  # asked anew since, or before it was sent again
        if not isinstance(fact.answer, LookedUp):
            lane.look_ups.pop(message.id)
            self._sweep_soon(message.client_id)  # where the client is lost, READY looks up again
            return
        evidence = of_look_up(fact.answer, fact.tries)
        facts = {"client": message.client_id, "message": message.id, "order": message.message_id}
        self.log.info("outbox.looked_up", **facts, proof=evidence.proof.name, **_cause_of(message).named)
        if evidence.proof is Proof.NOTHING_YET:
            self.start_timer(("look-up", message.id), BETWEEN_TRIES, LookAgain(message, fact.tries + 1))
            return
        lane.look_ups.pop(message.id)
        lane.doubted = None if lane.doubted == message.id else lane.doubted
        self._order(self._conclusion(message, evidence), lambda answer: LookUpWritten(message.client_id, answer))
        lane.suspects.discard(message.id)

    def _conclusion(self, message: Message, evidence: Evidence) -> SettleMessage | RequeueMessage:
        now = self.clock.time()
        match evidence.proof:
            case Proof.SETTLED if evidence.state is not None:
                return SettleMessage(message.id, evidence.state, now)
            case Proof.NEVER_LEFT:
                return RequeueMessage(message.id, now, message.id in self._lane(message.client_id).suspects)
            case _:
                return SettleMessage(message.id, MessageState.UNKNOWN, now, UNKNOWN)

    # --- what ends unsent --------------------------------------------------------------------------------------------

    def _expiry_read(self, fact: ExpiryRead) -> None:
        if isinstance(fact.answer, Exception):
            self.start_timer("expire", RETRY, Expire())
        elif fact.answer is not None:
            self.start_timer("expire", max(0.0, fact.answer - self.clock.time()), Expire())

    def _expire(self, _: Expire) -> None:
        self._order(ExpireDue(self.clock.time()), Expired)

    def _expired(self, fact: Expired) -> None:
        if isinstance(fact.answer, Exception):
            self.start_timer("expire", RETRY, Expire())
            return
        for message in fact.answer:
            self._askers.answer(message)
        self._order(GetNextExpiry(), ExpiryRead)

    # --- asking without waiting --------------------------------------------------------------------------------------

    def _lane(self, client_id: ClientId) -> Lane:
        return self._lanes.setdefault(client_id, Lane())

    def _order(self, message: Write[Any] | Read[Any], answered: Callable[[Any], object]) -> None:
        """Ask the store; what `answered` makes of the answer comes back as a message."""
        try:
            self._store.order(message, lambda answer: self._tell(answered(answer)))
        except ActorDeadError as error:
            self._tell(answered(error))

    def _ask(self, client_id: ClientId, message: object, answered: Callable[[Any], object]) -> None:
        """Ask a client; what `answered` makes of the answer, or of its refusal, comes back as a message."""
        ref = self._find(client_id)
        if ref is None:
            self._tell(answered(NotReady(State.NOT_INITIALIZED)))
            return
        reply = cast("Reply[Any]", ref.ask(message, block=False))
        reply.add_callback(lambda: self._tell(answered(_outcome_of(reply))))

    def _tell(self, message: object) -> None:
        with suppress(ActorDeadError):  # the service is ending; what is not settled is looked up after the next start
            self.actor_ref.tell(message)


def _cause_of(message: Message) -> Cause:
    return Cause(message.request_id, message.trace_id)


def _outcome_of(reply: Reply[Any]) -> Any:
    try:
        return reply.get(timeout=0)
    except Exception as error:  # noqa: BLE001 - a refusal, the client's death, or the crash of its actor
        return error


_HANDLERS: dict[type, Callable[[Dispatcher, Any], None]] = {
    Await: Dispatcher._await,
    Queued: Dispatcher._queued,
    GiveUp: Dispatcher._give_up,
    GivenUp: Dispatcher._given_up,
    Readiness: Dispatcher._readiness,
    AwaitOver: Dispatcher._await_over,
    Look: Dispatcher._look,
    LookAgain: Dispatcher._look_again,
    Expire: Dispatcher._expire,
    NextRead: Dispatcher._next_read,
    DueRead: Dispatcher._due_read,
    Marked: Dispatcher._marked,
    Outcome: Dispatcher._outcome,
    Settled: Dispatcher._settled,
    Sweep: Dispatcher._sweep,
    UnsettledRead: Dispatcher._unsettled_read,
    LookUpWritten: Dispatcher._looked_up,
    Found: Dispatcher._found,
    Known: Dispatcher._known,
    Withdrawn: Dispatcher._withdrawn,
    Standing: Dispatcher._standing,
    Expired: Dispatcher._expired,
    ExpiryRead: Dispatcher._expiry_read,
}
