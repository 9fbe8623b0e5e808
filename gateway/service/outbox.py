"""The outbox as the gateway uses it. Every message is on disk before its caller gets an answer."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError, Timeout
from structlog.contextvars import bind_contextvars

from actors.clients.errors import NotReady, PageOutdated, SendFailed, SendUnknown, ShuttingDown, Starting
from actors.clients.operations.messages import Send, SendText, draw_message_id
from actors.clients.protocol import Status
from actors.clients.types import ABSENT, ClientId, Seconds, State
from actors.outbox.protocol import Await, Known, Queued
from actors.runtime import Refusal, ask
from actors.store.errors import IdempotencyKeyReused, NoSuchMessage, StoreUnavailable
from actors.store.events import draw_id_at
from actors.store.message_states import MessageState
from actors.store.outbox import (
    AcceptMessage,
    CancelHeld,
    CancelMessage,
    GetHeld,
    GetMessage,
    GetMessageByKey,
    HeldMessages,
    ListMessages,
    Message,
    ReleaseHeld,
    ReleaseMessage,
)
from gateway.http import InvalidRequest
from gateway.logs import cause
from gateway.service.bridge import GRACE_SECONDS, STORE_SECONDS, ask_store, shutting_down

if TYPE_CHECKING:
    from actors.system import System
    from gateway.service.bridge import Bridge


_GONE = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.READ})
_NEVER_LEFT = frozenset({MessageState.FAILED, MessageState.EXPIRED, MessageState.CANCELLED})
CLOCKS_DIFFER: Seconds = 60.0
"""The difference between a caller's clock and ours that is none."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message of a caller, before it is accepted. Times are epoch seconds; `key` is the caller's idempotency key.

    `file` names its file in the fingerprint, where the file's content does not: an address.
    """

    client_id: ClientId
    operation: Send
    priority: int
    key: str | None = None
    send_at: Seconds | None = None
    expires_at: Seconds | None = None
    message_id: str | None = None
    """The bare id that the message is to have at WhatsApp; None: it is drawn. With one, give a key too."""
    file: str | None = None

    def refuse_past(self, now: Seconds) -> None:
        """Raise InvalidRequest if it should have left, or ended, before it came. Clocks may differ by a minute."""
        if self.send_at is not None and self.send_at < now - CLOCKS_DIFFER:
            raise InvalidRequest("send_at is in the past: leave it out to send now")
        if self.expires_at is not None and self.expires_at < now - CLOCKS_DIFFER:
            raise InvalidRequest("expires_at is in the past: the message would never leave")

    @property
    def fingerprint(self) -> str | None:
        """The digest of everything that must be equal if the key is equal; None without a key."""
        if self.key is None:
            return None
        # A text has no name in it, as before there were other kinds: keys outlive an upgrade.
        operation = self.operation
        name = () if isinstance(operation, SendText) else (operation.operation_name,)
        arguments = {**operation.arguments, **({} if self.file is None else dict.fromkeys(operation.files, self.file))}
        options = tuple((option, arguments.pop(option)) for option in operation.option_names() if option in arguments)
        told = (*name, *arguments.values(), self.priority, self.send_at, self.expires_at, *options)
        return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Handed:
    """An accepted message. `repeated`: an earlier request with the same key was accepted, and this is its message."""

    message: Message
    repeated: bool

    @property
    def headers(self) -> dict[str, str]:
        """The headers that report a repetition."""
        return {"Idempotent-Replayed": "true"} if self.repeated else {}


@dataclass(frozen=True, slots=True)
class MessageStanding:
    """The state of an accepted message, for a caller who gets an error.

    `state` is None where nobody can say, not even whether it was accepted. `final` as in Message: while it is false,
    it is worth asking again.
    """

    id: str
    state: MessageState | None = None
    final: bool = False

    @classmethod
    def of(cls, message: Message) -> MessageStanding:
        """Return how this message stands."""
        return cls(message.id, message.state, message.final)


class Undelivered(Exception):
    """A message was accepted, or may have been, and its caller gets this error."""

    def __init__(self, standing: MessageStanding, error: Exception) -> None:
        super().__init__(str(error))
        self.standing, self.error = standing, error


class Outbox:
    """Messages to the store and to the dispatcher. Raises their refusals, Starting, MailboxFull and pykka.Timeout."""

    def __init__(self, system: System, bridge: Bridge, *, send_seconds: Seconds, limit: int) -> None:
        self._system, self._bridge = system, bridge
        self._send_seconds, self._limit = send_seconds, limit

    async def send(self, draft: Draft) -> Handed:
        """Send a text and wait for WhatsApp's answer.

        Raises NotReady, IdempotencyKeyReused, OutboxFull; once it is accepted Undelivered, with NotReady, SendFailed
        (it did not leave) or SendUnknown.
        """
        if await self._known(draft) is None:
            status = await self._require_state(draft.client_id, frozenset(State) - {State.READY})
            if status.contract is not None and not status.can_send:
                raise PageOutdated(status.state, status.contract.text)
        # It is cancelled when the caller's time is over. The expiry is for a service that dies before that, and is
        # later for certain: of two ends at the same time, either could be the caller's answer.
        seconds = self._send_seconds + draft.operation.upload
        handed = await self._hand_in(draft, expires_at=time.time() + seconds + GRACE_SECONDS)
        try:
            return Handed(_delivered(await self._outcome(handed, seconds)), handed.repeated)
        except Refusal as error:
            raise Undelivered(await self._standing(handed.message), error) from error

    async def accept(self, draft: Draft) -> Handed:
        """Queue a message. Raises NotReady if the client cannot become READY by itself."""
        if await self._known(draft) is None:
            draft.refuse_past(time.time())
            await self._require_state(draft.client_id, ABSENT)
        return await self._hand_in(draft, expires_at=draft.expires_at)

    async def admit(self, client_id: ClientId) -> None:
        """Raise NotReady if the client cannot become READY by itself: nothing needs to be fetched for it."""
        await self._require_state(client_id, ABSENT)

    async def repeated(self, draft: Draft) -> Handed | None:
        """Return the message that was handed in with the draft's key, if there is one. Raises IdempotencyKeyReused."""
        known = await self._known(draft)
        if known is None:
            return None
        if known.fingerprint != draft.fingerprint:
            raise IdempotencyKeyReused(draft.key or "", known.id)
        return Handed(known, repeated=True)

    async def message(self, client_id: ClientId, id: str) -> Message:
        """Return a message. Raises NoSuchMessage."""
        found: Message | None = await self._store(GetMessage(client_id, id))
        if found is None:
            raise NoSuchMessage(client_id, id)
        return found

    async def messages(self, query: ListMessages) -> tuple[Message, ...]:
        """Return messages. Raises NoSuchMessage if the cursor is no message."""
        found: tuple[Message, ...] = await self._store(query)
        return found

    async def cancel(self, client_id: ClientId, id: str) -> Message:
        """Cancel a message that has not left. Raises NoSuchMessage, MessageNotQueued."""
        self._bridge.refuse_while_draining()
        cancelled: Message = await self._store(CancelMessage(client_id, id, time.time()))
        self._tell(Known(cancelled))
        return cancelled

    async def held(self, client_id: ClientId) -> tuple[HeldMessages, ...]:
        """Return how many messages wait for an account that is not linked now, by account."""
        found: tuple[HeldMessages, ...] = await self._store(GetHeld(client_id))
        return found

    async def release(self, client_id: ClientId, id: str) -> Message:
        """Have a held message sent from the account that is linked now. Raises NoSuchMessage, MessageNotHeld."""
        self._bridge.refuse_while_draining()
        released: Message = await self._store(ReleaseMessage(client_id, id))
        self._tell(Queued(client_id, released.expires_at))
        return released

    async def release_held(self, client_id: ClientId) -> int:
        """Have all held messages sent from the account that is linked now. Return how many."""
        self._bridge.refuse_while_draining()
        count: int = await self._store(ReleaseHeld(client_id))
        self._tell(Queued(client_id))
        return count

    async def cancel_held(self, client_id: ClientId) -> int:
        """Cancel all held messages. Return how many."""
        self._bridge.refuse_while_draining()
        count = 0
        while some := await self._store(CancelHeld(client_id, time.time())):
            count += some
        self._tell(Queued(client_id))  # one of them may have kept others waiting
        return count

    async def _known(self, draft: Draft) -> Message | None:
        if draft.key is None:
            return None
        known: Message | None = await self._store(GetMessageByKey(draft.client_id, draft.key))
        return known

    async def _require_state(self, client_id: ClientId, unfit: frozenset[State]) -> Status:
        self._bridge.refuse_while_draining()
        status = await self._bridge.status(client_id)
        if status.state in unfit:
            raise NotReady(status.state)
        return status

    async def _hand_in(self, draft: Draft, expires_at: Seconds | None) -> Handed:
        due_to, at = cause(), time.time()
        id = draw_id_at(at)  # `since` and `until` choose messages by their ids
        with shutting_down():
            reply = self._system.store.ask(
                AcceptMessage(
                    id=id,
                    client_id=draft.client_id,
                    operation=draft.operation,
                    message_id=draft.message_id or draw_message_id(),
                    at=at,
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
        # Now, so that the message may be claimed in the same commit: the claim is behind it in the writer's mailbox.
        # And at an error, even if nobody waits for it any more: if the database server goes away during a commit, or is
        # late, the message may be on disk nevertheless.
        queued = Queued(draft.client_id, expires_at)
        self._tell(queued)
        reply.add_callback(lambda: self._tell(queued) if reply.has_failed() else None)
        try:
            accepted = await reply.wait(STORE_SECONDS)
        except ActorDeadError as error:
            raise Undelivered(MessageStanding(id), ShuttingDown()) from error
        except (StoreUnavailable, Timeout) as error:
            raise Undelivered(MessageStanding(id), error) from error
        bind_contextvars(message=accepted.message.id)  # the log's line of this request names the message
        return Handed(accepted.message, accepted.repeated)

    async def _standing(self, accepted: Message) -> MessageStanding:
        """Return how an accepted message stands now, as far as the store says."""
        try:
            return MessageStanding.of(await self.message(accepted.client_id, accepted.id))
        except (Refusal, Timeout):
            return MessageStanding(accepted.id)

    async def _outcome(self, handed: Handed, seconds: Seconds) -> Message:
        known = handed.message
        order = Await(known.client_id, known.id, seconds, withdraw=not handed.repeated)
        try:
            outcome: Message = await ask(self._system.outbox, order, timeout=seconds + GRACE_SECONDS)
        except (Timeout, ActorDeadError) as error:
            why = "The service did not learn in time what became of the message"
            raise SendUnknown(why, known.message_id) from error
        return outcome

    def _tell(self, fact: Queued | Known) -> None:
        with suppress(ActorDeadError, Starting):  # the service is ending; the next start sends messages on disk
            self._system.outbox.tell(fact)

    async def _store(self, message: Any) -> Any:
        return await ask_store(lambda: self._system.store, message)


def _delivered(message: Message) -> Message:
    """Return the message, if WhatsApp has it. Raises SendFailed, SendUnknown."""
    if message.state in _GONE:
        return message
    if message.state in _NEVER_LEFT:
        raise SendFailed(message.reason or "The message did not leave in time, and will not")
    raise SendUnknown(message.reason or "WhatsApp has not confirmed the message", message.message_id)
