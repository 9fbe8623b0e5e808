"""Messages on their way out, as callers hand them in and ask about them: every one is on disk before its caller hears.

`send` is the contract's POST /send: it waits for the outcome and takes back what could not leave in time. `accept` is
POST /messages: it answers as soon as the message is promised. Everything runs on the gateway's event loop.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError, Timeout
from structlog.contextvars import bind_contextvars

from actors.clients import message_ids
from actors.clients.errors import NotReady, PageOutdated, SendFailed, SendUnknown, ShuttingDown, Starting
from actors.clients.types import ABSENT, ClientId, Seconds, State
from actors.outbox.protocol import Await, Known, Queued
from actors.runtime import Reply, ask
from actors.store.errors import NoSuchMessage
from actors.store.message_states import MessageState
from actors.store.outbox import AcceptMessage, CancelMessage, GetMessage, GetMessageByKey, ListMessages, Message
from gateway.logs import cause

if TYPE_CHECKING:
    from actors.clients.protocol import Status
    from gateway.bridge import Bridge, System

STORE_SECONDS: Seconds = 30.0
"""How long the disk may take to keep a message."""
GRACE_SECONDS: Seconds = 10.0
"""How much longer than the send itself the dispatcher may take to tell."""

_GONE = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.READ})
_NEVER_LEFT = frozenset({MessageState.FAILED, MessageState.EXPIRED, MessageState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as a caller hands it in. Instants are epoch seconds; `key` is the caller's idempotency key."""

    client_id: ClientId
    chat: str
    text: str
    priority: int
    key: str | None = None
    send_at: Seconds | None = None
    expires_at: Seconds | None = None

    @property
    def fingerprint(self) -> str | None:
        """What must be the same where the key is the same."""
        if self.key is None:
            return None
        told = (self.chat, self.text, self.priority, self.send_at, self.expires_at)
        return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Handed:
    """A message that was handed in; `repeated`: earlier, with the same key."""

    message: Message
    repeated: bool


class Outbox:
    """Messages to the store and to the dispatcher. Raises their refusals, Starting, MailboxFull and pykka.Timeout."""

    def __init__(self, system: System, bridge: Bridge, *, send_seconds: Seconds, limit: int) -> None:
        self._system, self._bridge = system, bridge
        self._send_seconds, self._limit = send_seconds, limit

    async def send(self, draft: Draft) -> Handed:
        """Send a text and wait for WhatsApp's answer.

        Raises NotReady, SendFailed (it did not leave), SendUnknown, IdempotencyKeyReused, OutboxFull.
        """
        if await self._known(draft) is None:
            status = await self._insist(draft.client_id, frozenset(State) - {State.READY})
            if status.contract is not None and not status.can_send:
                raise PageOutdated(status.state, status.contract.text)
        # It is taken back when the caller's time is over. The end is for a service that dies before that, and comes
        # later for certain: of two ends at one instant, nobody could say which one the caller is told.
        handed = await self._hand_in(draft, expires_at=time.time() + self._send_seconds + GRACE_SECONDS)
        return Handed(_delivered(await self._outcome(handed)), handed.repeated)

    async def accept(self, draft: Draft) -> Handed:
        """Promise a message. Raises NotReady where the client cannot become READY by itself."""
        if await self._known(draft) is None:
            await self._insist(draft.client_id, ABSENT)
        return await self._hand_in(draft, expires_at=draft.expires_at)

    async def message(self, client_id: ClientId, id: str) -> Message:
        """How a message stands. Raises NoSuchMessage."""
        found: Message | None = await self._store(GetMessage(client_id, id))
        if found is None:
            raise NoSuchMessage(client_id, id)
        return found

    async def messages(self, query: ListMessages) -> tuple[Message, ...]:
        """Messages in the order of acceptance. Raises NoSuchMessage where the cursor is none."""
        found: tuple[Message, ...] = await self._store(query)
        return found

    async def cancel(self, client_id: ClientId, id: str) -> Message:
        """Take back what has not left. Raises NoSuchMessage, MessageNotQueued."""
        self._bridge.refuse_while_draining()
        cancelled: Message = await self._store(CancelMessage(client_id, id, time.time()))
        self._tell(Known(cancelled))
        return cancelled

    async def _known(self, draft: Draft) -> Message | None:
        if draft.key is None:
            return None
        known: Message | None = await self._store(GetMessageByKey(draft.client_id, draft.key))
        return known

    async def _insist(self, client_id: ClientId, unfit: frozenset[State]) -> Status:
        self._bridge.refuse_while_draining()
        status = await self._bridge.status(client_id)
        if status.state in unfit:
            raise NotReady(status.state)
        return status

    async def _hand_in(self, draft: Draft, expires_at: Seconds | None) -> Handed:
        due_to = cause()
        reply = self._ask(
            AcceptMessage(
                client_id=draft.client_id,
                chat=draft.chat,
                text=draft.text,
                message_id=message_ids.draw(),
                at=time.time(),
                priority=draft.priority,
                send_at=draft.send_at,
                expires_at=expires_at,
                key=draft.key,
                fingerprint=draft.fingerprint,
                limit=self._limit,
                request_id=due_to.request_id,
                trace_id=due_to.trace_id,
            )
        )
        # Whatever the answer is, and whether or not it is waited for: where the database server goes away in a commit,
        # or is late, the message may be on disk all the same.
        reply.add_callback(lambda: self._tell(Queued(draft.client_id, expires_at)))
        accepted = await self._answer(reply)
        bind_contextvars(message=accepted.message.id)  # so the log's line of this request says which one it handed in
        return Handed(accepted.message, accepted.repeated)

    async def _outcome(self, handed: Handed) -> Message:
        known, seconds = handed.message, self._send_seconds
        order = Await(known.client_id, known.id, seconds, withdraw=not handed.repeated)
        try:
            outcome: Message = await ask(self._system.outbox, order, timeout=seconds + GRACE_SECONDS)
        except (Timeout, ActorDeadError) as error:
            why = "The service did not learn in time what became of the message"
            raise SendUnknown(why, known.message_id) from error
        return outcome

    def _tell(self, fact: Queued | Known) -> None:
        with suppress(ActorDeadError, Starting):  # the service is ending; what is on disk is sent after the next start
            self._system.outbox.tell(fact)

    async def _store(self, message: Any) -> Any:
        return await self._answer(self._ask(message))

    def _ask(self, message: Any) -> Reply[Any]:
        try:
            return self._system.store.ask(message)
        except ActorDeadError as error:
            raise ShuttingDown from error

    async def _answer(self, reply: Reply[Any]) -> Any:
        try:
            return await reply.wait(STORE_SECONDS)
        except ActorDeadError as error:
            raise ShuttingDown from error


def _delivered(message: Message) -> Message:
    """The message, if WhatsApp has it. Raises SendFailed, SendUnknown."""
    if message.state in _GONE:
        return message
    if message.state in _NEVER_LEFT:
        raise SendFailed(message.reason or "The message did not leave in time, and will not")
    raise SendUnknown(message.reason or "WhatsApp has not confirmed the message", message.message_id)
