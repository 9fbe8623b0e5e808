"""The dispatcher: the actor that has accepted messages sent.

The steps of a message, each on disk before the next:

    accepted (queued) ► ClaimNext (sending) ► the operation to the client ► SettleMessage (sent, failed, unknown)

The message's WhatsApp id is made when it is accepted. So after a crash at any step, a message in `sending` can be
looked up once the client is READY again (`reconciliation`): the page's knowledge settles it, it is sent again only on
proof that it never left, and it is called unknown if nothing can be proven. Acknowledgements settle it too, whenever
they arrive: they go from the page straight to the store.

Rules of this file: nothing blocks; the store and the clients answer by messages. Only one message of a client is under
way at a time, so a client's messages leave in the order of their acceptance, except urgent messages. A slow upload
holds up its own chat only (`uploads`). Every order names
the account that the message was accepted for: the page of another one never gets it, nor is it asked about it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from actors.clients.errors import AccountDiffers, NotReady, SendFailed
from actors.clients.operations.messages import Sent, draw_message_id
from actors.clients.protocol import Perform
from actors.clients.types import ClientId, Seconds
from actors.outbox.client_queue import ClientQueue, ClientQueues, Pace, cause_of, named, wait_for
from actors.outbox.limits import FAILS, Consequence, RefusalRule, held, refusal
from actors.outbox.protocol import (
    Expire,
    Expired,
    ExpiryRead,
    GivenUp,
    GiveUp,
    Known,
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
    StepAside,
    UploadAgain,
)
from actors.outbox.reconciliation import Reconciliation
from actors.outbox.requests import RETRY, Find, Requests
from actors.outbox.uploads import PATIENCE, TRIES
from actors.outbox.waiters import Waiters
from actors.runtime import Actor, MailboxFull
from actors.store.message_states import HeldBecause, MessageState
from actors.store.outbox import (
    ClaimNext,
    ExpireDue,
    GetNextExpiry,
    GiveUpQueued,
    Message,
    NoteWaiting,
    RequeueMessage,
    SettleMessage,
    held_for,
    operation_of,
)
from actors.store.store import Store

GIVE_UP_AT_ONCE = 500
"""Queued messages of a deleted client that are cancelled in one transaction."""


class Expiry:
    """The expiry of queued messages, and the end of those of deleted clients."""

    def __init__(self, actor: Actor, requests: Requests) -> None:
        self._actor, self._requests = actor, requests
        self._first: Seconds | None = None
        """The earliest known expiry (epoch seconds)."""

    def expires(self, at: Seconds) -> None:
        """Add the expiry of one more message."""
        if self._first is None or at < self._first:
            self._first = at
            wait_for(self._actor, "expire", at, Expire())

    def look(self) -> None:
        """Ask the store for the earliest expiry."""
        self._first = None
        self._requests.order(GetNextExpiry(), ExpiryRead)

    def _expiry_read(self, fact: ExpiryRead) -> None:
        if isinstance(fact.answer, Exception):
            self._actor.start_timer("expire", RETRY, Expire())
        elif fact.answer is not None:
            self.expires(fact.answer)

    def _expire(self, _: Expire) -> None:
        self._requests.order(ExpireDue(self._actor.clock.time()), Expired)

    def _expired(self, fact: Expired) -> None:
        if isinstance(fact.answer, Exception):
            self._actor.start_timer("expire", RETRY, Expire())
            return
        for message in fact.answer:
            self._requests.tell(Known(message))
        self.look()

    def _give_up(self, order: GiveUp) -> None:
        self._give_up_some(order.client_id)

    def _given_up(self, fact: GivenUp) -> None:
        if fact.answer == GIVE_UP_AT_ONCE:
            self._give_up_some(fact.client_id)

    def _give_up_some(self, client_id: ClientId) -> None:
        some = GiveUpQueued(client_id, "The client was deleted", self._actor.clock.time(), GIVE_UP_AT_ONCE)
        self._requests.order(some, partial(GivenUp, client_id))

    HANDLERS: ClassVar[Mapping[type, Callable[[Expiry, Any], None]]] = {
        ExpiryRead: _expiry_read,
        Expire: _expire,
        Expired: _expired,
        GiveUp: _give_up,
        GivenUp: _given_up,
    }


class Dispatcher(Actor):
    """The actor that sends accepted messages. `find` returns a client's actor, if it runs.

    The store must outlive this actor.
    """

    name = "outbox"
    work_limit = 20_000

    def __init__(
        self, store: Store, find: Find, *, pace: Pace | None = None, chance: Callable[[], float] = random.random
    ) -> None:
        super().__init__()
        self._pace, self._chance = pace or Pace(), chance
        self._queues = ClientQueues(ClientQueue)
        self._requests = Requests(self, store, find)
        self._waiters = Waiters(self, self._queues, self._requests, self._look)
        self._reconciliation = Reconciliation(self, self._queues, self._requests)
        self._expiry = Expiry(self, self._requests)
        self._handlers: dict[type, Callable[[Any], None]] = {
            **{kind: partial(handler, self._waiters) for kind, handler in Waiters.HANDLERS.items()},
            **{kind: partial(handler, self._reconciliation) for kind, handler in Reconciliation.HANDLERS.items()},
            **{kind: partial(handler, self._expiry) for kind, handler in Expiry.HANDLERS.items()},
        }

    def started(self) -> None:
        """Ask for the earliest expiry."""
        self._expiry.look()

    def receive(self, message: object) -> object:
        """Call the message's handler: of this class, by the table below, or of one of its parts."""
        if (own := _HANDLERS.get(type(message))) is not None:
            return own(self, message)
        handler = self._handlers.get(type(message))
        return super().receive(message) if handler is None else handler(message)

    # --- facts of others ---------------------------------------------------------------------------------------------

    def _queued(self, fact: Queued) -> None:
        if fact.expires_at is not None:
            self._expiry.expires(fact.expires_at)
        if self._queues[fact.client_id].holds.chats:
            self._note_held(fact.client_id)
        self._look(Look(fact.client_id))

    def _readiness(self, fact: Readiness) -> None:
        queue = self._queues[fact.client_id]
        was_ready, queue.state = queue.ready, fact.state
        if fact.account is not None:
            queue.linked(fact.account)
        if queue.ready:
            self._begin(fact.client_id)
        elif was_ready:
            if fact.crashed:
                queue.suspects |= queue.under_way
            self._waiters.lost(fact.client_id)

    def _page_fitness(self, fact: PageFitness) -> None:
        """Keep messages queued while the page cannot send: it would refuse each of them for good."""
        queue = self._queues[fact.client_id]
        was_ready, queue.fit = queue.ready, fact.can_send
        if queue.ready and not was_ready:
            self._begin(fact.client_id)
        elif was_ready and not queue.ready:
            self._waiters.lost(fact.client_id)

    def _begin(self, client_id: ClientId) -> None:
        self._reconciliation.sweep(client_id)
        self._look(Look(client_id))

    # --- refusals by WhatsApp -----------------------------------------------------------------------------------------

    def _restricted(self, fact: Restricted) -> None:
        self._let_go(fact.client_id, self._queues[fact.client_id].holds.told(fact.restricted, fact.until))
        self._note_held(fact.client_id)

    def _time_is_over(self, timer: LetGo) -> None:
        self._let_go(timer.client_id, self._queues[timer.client_id].holds.over(self.clock.time()))

    def _let_go(self, client_id: ClientId, chats: frozenset[str]) -> None:
        if chats:
            self._note(client_id, chats, None)
            self._look(Look(client_id))
        self._wait_for_the_next_end(client_id)

    def _wait_for_the_next_end(self, client_id: ClientId) -> None:
        end = self._queues[client_id].holds.next_end
        self.cancel_timer(("let-go", client_id))
        if end is not None:
            wait_for(self, ("let-go", client_id), end, LetGo(client_id))

    def _put_off(self, message: Message, error: SendFailed, refusal: RefusalRule) -> None:
        """Put a message that has not left back in its place, until its chat is released, or for a while.

        An upload that has failed too often fails the message.
        """
        queue, now = self._queues[message.client_id], self.clock.time()
        if refusal.consequence is Consequence.UPLOAD_AGAIN:
            if (seconds := queue.uploads.failed(message)) is None:
                self._settle(message, MessageState.FAILED, f"{error}. The upload was tried {TRIES} times")
                return
            reason = f"{error}. It is tried again in {seconds:g} s"
            self.start_timer(("upload", message.id), seconds, UploadAgain(message))
        elif refusal.consequence is Consequence.HOLD:
            queue.holds.hold(message.chat, now)
            reason = held(queue.holds.chats[message.chat])
            self._wait_for_the_next_end(message.client_id)
            self._waiters.holding(message.client_id)
        else:
            reason = f"{error}. It leaves when WhatsApp takes messages again, which is tried at growing intervals"
        self.log.info("outbox.put_off", **named(message), consequence=refusal.consequence.name, code=error.code)
        new_id = draw_message_id() if refusal.filed else None
        again = refusal.consequence is Consequence.UPLOAD_AGAIN
        requeue = RequeueMessage(message.id, now, reason=reason, message_id=new_id, upload_failed=again)
        self._requests.order(requeue, partial(Settled, message))

    def _note_held(self, client_id: ClientId) -> None:
        """Record the reason with the messages that wait in held chats."""
        ends: dict[Seconds, set[str]] = {}
        for chat, end in self._queues[client_id].holds.chats.items():
            ends.setdefault(end, set()).add(chat)
        for end, chats in ends.items():
            self._note(client_id, frozenset(chats), held(end))

    def _note(self, client_id: ClientId, chats: frozenset[str], reason: str | None) -> None:
        self._requests.order(NoteWaiting(client_id, chats, reason), partial(Noted, client_id))

    def _noted(self, fact: Noted) -> None:
        if isinstance(fact.answer, Exception):  # the reason is for readers only, and is written again with the next
            self.log.warning("outbox.not_noted", client=fact.client_id, why=str(fact.answer))

    # --- the next message --------------------------------------------------------------------------------------------

    def _look(self, look: Look) -> None:
        queue, now = self._queues[look.client_id], self.now()
        if queue.busy:
            queue.more = True
        elif not queue.ready:
            return
        elif queue.not_before > now and queue.tempo.slowed:
            queue.more = False  # this is the request that `more` stands for
            self._rest(look.client_id, queue.not_before - now)
        else:
            queue.busy, queue.claiming, queue.more = True, True, False
            least = self._pace.urgent if queue.not_before > now else None
            claim = ClaimNext(look.client_id, self.clock.time(), queue.closed, frozenset(queue.uploads.resting), least)
            self._requests.order(claim, partial(NextClaimed, look.client_id))

    def _claimed(self, fact: NextClaimed) -> None:
        client_id, queue, answer = fact.client_id, self._queues[fact.client_id], fact.answer
        queue.claiming = False
        if isinstance(answer, Exception):
            # A message may be marked nevertheless, in a commit whose success the store did not learn.
            self._reconciliation.sweep_soon(client_id)
            self._rest(client_id, RETRY)
        elif answer.message is not None:
            queue.more |= answer.more
            queue.next_due = answer.next_due
            if queue.sweeps:
                queue.claimed.add(answer.message.id)
            if queue.ready:
                self._send(answer.message)
            else:  # the client cannot send any more
                self._requeue(answer.message)
        elif answer.paced:
            self._rest(client_id, max(0.0, queue.not_before - self.now()))
        else:
            queue.next_due = answer.next_due
            self._wait(client_id)
        self._reconciliation.catch_up(client_id)

    def _wait(self, client_id: ClientId) -> None:
        """Ask for the next message at once if more was queued meanwhile, else when the next message is due."""
        queue = self._queues[client_id]
        queue.busy = False
        if queue.more:
            self._look(Look(client_id))
        elif queue.next_due is not None:
            wait_for(self, ("look", client_id), queue.next_due, Look(client_id))

    def _rest(self, client_id: ClientId, seconds: Seconds) -> None:
        queue = self._queues[client_id]
        queue.busy = False
        self.start_timer(("look", client_id), 0.0 if queue.more else seconds, Look(client_id))

    # --- one message: sent, then settled -----------------------------------------------------------------------------

    def _send(self, message: Message) -> None:
        """Order a message that is marked on disk from the client. Results of older look-ups do not count any more."""
        queue = self._queues[message.client_id]
        queue.leaving, queue.doubted = message, None
        self._reconciliation.forget(message)
        try:
            order = Perform(operation_of(message), message.message_id, cause_of(message), message.account)
        except ValueError as error:  # queued by a later version, before a downgrade
            self._outcome(Outcome(message, SendFailed(str(error))))
        else:
            self._requests.ask(message.client_id, order, partial(Outcome, message))
            if message.media is not None:
                self.start_timer(("aside", message.client_id), PATIENCE, StepAside(message))

    def _step_aside(self, timer: StepAside) -> None:
        """Let the other chats of a client go on while a file is uploaded."""
        message, queue = timer.message, self._queues[timer.message.client_id]
        if queue.leaving is None or queue.leaving.id != message.id:
            return
        if not queue.uploads.step_aside(message):
            self.start_timer(("aside", message.client_id), PATIENCE, timer)
            return
        self.log.info("outbox.uploads_beside", **named(message))
        queue.leaving = None
        queue.not_before = self.now() + queue.tempo.rest(self._pace.rest(self._chance()))
        self._wait(message.client_id)

    def _upload_again(self, timer: UploadAgain) -> None:
        client_id = timer.message.client_id
        self._queues[client_id].uploads.resting.discard(timer.message.id)
        self._look(Look(client_id))

    def _known(self, fact: Known) -> None:
        """Pass a message on to its callers. If it ended while its upload rested, its chat goes on."""
        self._waiters.known(fact.answer)
        message = fact.answer
        if isinstance(message, Message) and message.final:
            uploads = self._queues[message.client_id].uploads
            if message.id in uploads.resting:
                self.cancel_timer(("upload", message.id))
                self._upload_again(UploadAgain(message))

    def _outcome(self, fact: Outcome) -> None:
        message, answer, queue = fact.message, fact.answer, self._queues[fact.message.client_id]
        if queue.leaving is not None and queue.leaving.id == message.id:
            queue.leaving = None
            self.cancel_timer(("aside", message.client_id))
        if isinstance(answer, NotReady | MailboxFull):  # the page never had it
            self._requeue(message)
            return
        if isinstance(answer, AccountDiffers):
            self._hold(message, answer)
            return
        refused = refusal(answer.code, restricted=queue.holds.restricted) if isinstance(answer, SendFailed) else FAILS
        queue.tempo = queue.tempo.refused() if refused.consequence is Consequence.SLOW else queue.tempo
        if refused.filed:  # else nothing has gone to WhatsApp
            queue.not_before = self.now() + queue.tempo.rest(self._pace.rest(self._chance()))
        match answer:
            case Sent():
                queue.tempo = queue.tempo.accepted()
                self._settle(message, MessageState.SENT, None, answer.message_id)
            case SendFailed() if refused.consequence is not Consequence.FAIL:
                self._put_off(message, answer, refused)
            case SendFailed():
                self._settle(message, MessageState.FAILED, str(answer))
            case _:
                self._leave_open(message)

    def _requeue(self, message: Message) -> None:
        self._requests.order(RequeueMessage(message.id, self.clock.time()), partial(Settled, message))

    def _hold(self, message: Message, error: AccountDiffers) -> None:
        """Hold a message of another account than the one that the client turned out to be linked to."""
        reason, because = held_for(message.account, error.linked), HeldBecause.ACCOUNT_CHANGED
        requeue = RequeueMessage(message.id, self.clock.time(), reason=reason, held=because)
        self._requests.order(requeue, partial(Settled, message))

    def _leave_open(self, message: Message) -> None:
        """Keep a message that may have left in `sending` until its page, or the next page, has been asked.

        The loss of its page may be reported here after the page's last word on the message.
        """
        queue = self._queues[message.client_id]
        queue.doubted = message.id
        self._go_on(message, 0.0)
        if queue.ready:  # callers get the page's answer, or an answer once the client turns out to be lost
            self._reconciliation.look_up(message)
        else:
            self._waiters.doubted(message)

    def _settle(self, message: Message, state: MessageState, reason: str | None, full_id: str | None = None) -> None:
        self.log.info("outbox.settled", **named(message), state=state)
        settling = SettleMessage(message.id, state, self.clock.time(), reason, full_id)
        self._requests.order(settling, partial(Settled, message))

    def _settled(self, fact: Settled) -> None:
        client_id, queue = fact.message.client_id, self._queues[fact.message.client_id]
        self._waiters.known(fact.answer)
        if isinstance(fact.answer, Exception):
            self._reconciliation.sweep_soon(client_id)
            self._go_on(fact.message, RETRY)
        elif fact.answer.state is MessageState.QUEUED:
            self._expiry.look()  # it may have expired while it was not queued
            if fact.answer.chat in queue.holds.chats:
                self._note_held(client_id)
                self._waiters.held(fact.answer)
            queue.more |= fact.answer.chat in queue.closed or fact.answer.id in queue.uploads.resting
            self._go_on(fact.message, RETRY)
        else:
            self._go_on(fact.message)

    def _go_on(self, message: Message, rest: Seconds | None = None) -> None:
        """Look for the next message: after a while, or once one is due. One beside the queue opens its chat again."""
        if self._queues[message.client_id].uploads.ended(message):
            self._look(Look(message.client_id))
        elif rest is None:
            self._wait(message.client_id)
        else:
            self._rest(message.client_id, rest)


_HANDLERS: dict[type, Callable[[Dispatcher, Any], None]] = {
    Queued: Dispatcher._queued,
    Readiness: Dispatcher._readiness,
    PageFitness: Dispatcher._page_fitness,
    Restricted: Dispatcher._restricted,
    LetGo: Dispatcher._time_is_over,
    StepAside: Dispatcher._step_aside,
    UploadAgain: Dispatcher._upload_again,
    Known: Dispatcher._known,
    Noted: Dispatcher._noted,
    Look: Dispatcher._look,
    NextClaimed: Dispatcher._claimed,
    Outcome: Dispatcher._outcome,
    Settled: Dispatcher._settled,
}
