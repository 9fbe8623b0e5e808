"""The service as the gateway uses it: messages to actors, and their answers, awaited without blocking.

* `Bridge` reaches the supervisor and the clients.
* `Outbox` accepts messages. Every message is on disk before its caller gets an answer.
* `Webhooks` manages webhooks. Every change goes through the sender, which applies it before it answers.

Nothing waits without a deadline. The actor's own deadline comes first; the deadline here is longer, and passes only if
an actor has stopped answering. Everything runs on the gateway's event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import httpx2
from pykka import ActorDeadError, Timeout
from structlog.contextvars import bind_contextvars

from actors.clients.errors import (
    DeleteFailed,
    NoSuchClient,
    NotReady,
    PageOutdated,
    SendFailed,
    SendUnknown,
    ShuttingDown,
    Starting,
)
from actors.clients.operations import Effect
from actors.clients.operations.account import LogOut, PairingCode, RequestPairingCode, Screenshot, TakeScreenshot
from actors.clients.operations.messages import Send, SendText, draw_message_id
from actors.clients.protocol import (
    AlreadyRunning,
    AwaitState,
    Delete,
    Deleted,
    GetClients,
    GetStatus,
    Init,
    Started,
    Status,
    Stop,
    Stopped,
)
from actors.clients.types import ABSENT, ClientId, LinkLeft, Seconds, State
from actors.media.retention import DeleteMediaNow
from actors.outbox.protocol import Await, GiveUp, Known, Queued
from actors.runtime import Refusal, actor_behind, ask, mailbox_of
from actors.store.errors import IdempotencyKeyReused, NoSuchMessage, StoreUnavailable
from actors.store.events import Event, draw_id
from actors.store.journal import GetTransitions
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
from actors.store.rows.erasure import BeginErasure, EndErasure, EraseSome, IsKept
from actors.store.sessions import GetSessions, ReadBack
from actors.store.webhooks import (
    ChangeWebhook,
    CreateWebhook,
    DeleteDeadLetters,
    DeleteWebhook,
    GetDeadLetters,
    GetProgress,
    GetWebhook,
    GetWebhooks,
    Letter,
    NoSuchWebhook,
    Progress,
    ReplayDeadLetters,
    Webhook,
)
from actors.webhooks.addresses import Network, why_refused
from actors.webhooks.definition import InvalidWebhook, changes, new_webhook
from actors.webhooks.http import resolve
from actors.webhooks.protocol import Change
from gateway.http import InvalidRequest
from gateway.logs import cause
from gateway.security.auth import Forbidden

if TYPE_CHECKING:
    from actors.clients.canary import WhatsAppSeen
    from actors.clients.client import Client
    from actors.clients.operations import Operation
    from actors.clients.ports import Transition
    from actors.metrics.metrics import Metrics
    from actors.store.store import Store
    from actors.system import System
    from gateway.security.auth import Caller


ANSWER_SECONDS: Seconds = 5.0
"""The time limit for an answer from an actor's memory."""
ORDER_SECONDS: Seconds = 60.0
"""The time limit for an order to a page; the client gives up by itself well before."""
DELETE_SECONDS: Seconds = 90.0
"""The time limit for a deletion: to be READY, to log out, to close, to delete the profile, if all of them are late."""
GRACE_SECONDS: Seconds = 10.0
"""The time that is added to a deadline given to an actor, for the actor to keep it."""

STORE_SECONDS: Seconds = 30.0
"""The time limit for a write of the store."""
NAME_SECONDS: Seconds = 2.0
"""The time limit for resolving the name in a webhook's URL; after it the address is checked at the first delivery."""

_STATUS = GetStatus()
_GONE = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.READ})
_NEVER_LEFT = frozenset({MessageState.FAILED, MessageState.EXPIRED, MessageState.CANCELLED})


@contextmanager
def shutting_down() -> Iterator[None]:
    """Raise ShuttingDown if an actor has ended: it ends with the service only."""
    try:
        yield
    except ActorDeadError as error:
        raise ShuttingDown from error


async def ask_store(store: Callable[[], Store], message: Any, seconds: Seconds = STORE_SECONDS) -> Any:
    """Return the store's answer. Raises its refusals, Starting, ShuttingDown, MailboxFull and pykka.Timeout."""
    with shutting_down():
        return await store().ask(message).wait(seconds)


class Bridge:
    """Messages to the supervisor and to clients. Raises their refusals, Starting, MailboxFull, and pykka.Timeout.

    If no client of that number runs, NotReady(NOT_INITIALIZED) is raised, unless a method says otherwise.
    """

    def __init__(self, system: System, *, max_reconnection_attempts: int) -> None:
        self._system = system
        self._max_attempts = max_reconnection_attempts
        self._questions: dict[ClientId, asyncio.Future[Status]] = {}
        self.draining = False
        """While true, new work is refused with ShuttingDown; reading goes on."""

    @property
    def metrics(self) -> Metrics:
        """The metrics of the service."""
        return self._system.metrics

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of the parts, by name."""
        return self._system.versions

    @property
    def whatsapp(self) -> WhatsAppSeen:
        """The known facts on WhatsApp Web."""
        return self._system.canary.look()

    async def init(self, client_id: ClientId) -> Started | AlreadyRunning:
        """Start the client unless it runs. Raises StartUnderWay, CapacityExceeded, ShuttingDown."""
        self.refuse_while_draining()
        answer: Started | AlreadyRunning = await self._supervisor(Init(client_id, cause=cause()), ORDER_SECONDS)
        return answer

    async def delete(self, client_id: ClientId, *, log_out: bool = True, everything: bool = False) -> Deleted:
        """Log out, stop and forget the client; its queued messages are cancelled. `everything`: `erase` is to follow.

        Raises NoSuchClient if unknown, DeleteFailed if its profile is still there.
        """
        self.refuse_while_draining()
        remembered = await self._is_remembered(client_id) or (everything and await self._stored(IsKept(client_id)))
        try:
            answer: Deleted = await self._supervisor(Delete(client_id, log_out), DELETE_SECONDS)
        except NoSuchClient:  # no client and no profile: the supervisor has deleted its record nevertheless
            if not remembered:
                raise
            answer = Deleted(client_id, logged_out=False, link=LinkLeft.NOT_LINKED)
        except DeleteFailed:  # everything but its profile is forgotten
            await self._forgotten(client_id)
            raise
        await self._forgotten(client_id)
        return answer

    async def _forgotten(self, client_id: ClientId) -> None:
        with suppress(ActorDeadError):  # the service has ended meanwhile; the client is deleted nevertheless
            self._system.outbox.tell(GiveUp(client_id))
        await self._until_on_disk(client_id)

    async def erase(self, client_id: ClientId) -> None:
        """Delete all that is kept of a client that was deleted: its messages, events, history, files. Raises
        StoreUnavailable: then it may be asked for again.
        """
        self.refuse_while_draining()
        event: Event = await ask_store(lambda: self._system.store, BeginErasure(client_id, time.time()))
        while await ask_store(lambda: self._system.store, EraseSome(client_id, event)):
            pass
        with shutting_down():
            await ask(self._system.webhooks, Change(EndErasure(client_id, event.sequence)), timeout=STORE_SECONDS)
            await ask(self._system.media_retention, DeleteMediaNow(), timeout=STORE_SECONDS)

    async def stop(self, client_id: ClientId) -> Stopped:
        """Close the client and keep its login; queued messages wait for the next start. Raises NoSuchClient."""
        self.refuse_while_draining()
        answer: Stopped = await self._supervisor(Stop(client_id), ORDER_SECONDS)
        await self._until_on_disk(client_id)
        return answer

    async def clients(self) -> tuple[Status, ...]:
        """Return the status of every running client, ordered by number."""
        answer: tuple[Status, ...] = await self._supervisor(GetClients(), ANSWER_SECONDS)
        return answer

    async def known(self) -> tuple[Status, ...]:
        """Return the status of every known client: those that run, and as NOT_INITIALIZED all others that are stored.

        A client that does not run has the phone it was last linked to, as long as its login is stored. Raises
        StoreUnavailable.
        """
        phones = {session.client_id: session.phone for session in await self._stored(GetSessions())}
        logins = await self.logins()
        there = {status.client_id: status for status in await self.clients()}
        linked = {one: phone for one, phone in phones.items() if one in logins}
        everyone = sorted(phones.keys() | logins | there.keys())
        return tuple(there.get(one) or self._absent(one, linked.get(one)) for one in everyone)

    async def logins(self) -> frozenset[ClientId]:
        """Return the clients whose login is stored, running or not."""
        return await asyncio.to_thread(self._system.logins)

    def published(self, client_id: ClientId) -> Status | None:
        """Return the client's status if it needs no question: no client runs, or it has nothing left to do.

        A client that sleeps has heard everything that it was told before: its status is what it would answer.
        """
        ref = self._system.find(client_id)
        if ref is None:
            return self._absent(client_id)
        client = actor_behind(ref) if mailbox_of(ref).is_idle() else None
        return cast("Client", client).published if client is not None else None

    async def status(self, client_id: ClientId) -> Status:
        """Return the client's status; NOT_INITIALIZED if none runs. It is the same object until something changes.

        All callers in one turn of the event loop share one question. It is asked in the next turn, so the answer is
        never older than the call.
        """
        if (published := self.published(client_id)) is not None:
            return published
        question = self._questions.get(client_id)
        if question is None:
            question = self._questions[client_id] = asyncio.ensure_future(self._ask_status(client_id))
        # Shielded: a caller that goes away must not take the question from the others.
        return await asyncio.shield(question)

    async def _ask_status(self, client_id: ClientId) -> Status:
        del self._questions[client_id]  # later callers need a new question
        ref = self._system.find(client_id)
        if ref is None:
            return self._absent(client_id)
        try:
            answer: Status = await ask(ref, _STATUS, timeout=ANSWER_SECONDS)
        except ActorDeadError:
            return self._absent(client_id)
        return answer

    async def settled(self, client_id: ClientId, leaving: frozenset[State], seconds: Seconds) -> Status:
        """Return the status once the state is outside `leaving`, or after `seconds`; NOT_INITIALIZED if none runs."""
        try:
            question = AwaitState(leaving, seconds)
            answer: Status = await self._client(client_id, question, seconds + GRACE_SECONDS)
        except NotReady:
            return self._absent(client_id)
        return answer

    async def log_out(self, client_id: ClientId) -> Status:
        """Log out at WhatsApp. Raises NotReady, LogOutFailed."""
        self.refuse_while_draining()
        answer: Status = await self._client(client_id, LogOut(), ORDER_SECONDS)
        return answer

    async def history(self, client_id: ClientId, limit: int) -> tuple[Transition, ...]:
        """Return the newest changes of a client's state, oldest first; empty if it never had a state.

        Raises StoreUnavailable.
        """
        told: tuple[Transition, ...] = await self._stored(GetTransitions(client_id, limit))
        return told

    async def screenshot(self, client_id: ClientId) -> bytes:
        """Return a screenshot of the client's page as PNG. Raises NotReady if no page is open, or gives none."""
        answer: Screenshot = await self._client(client_id, TakeScreenshot(), ORDER_SECONDS)
        return answer.png

    async def pairing_code(self, client_id: ClientId, phone: str) -> PairingCode:
        """Return a code to type on the phone of that number (digits). Raises PairingUnavailable."""
        self.refuse_while_draining()
        answer: PairingCode = await self._client(client_id, RequestPairingCode(phone), ORDER_SECONDS)
        return answer

    async def operate(self, client_id: ClientId, operation: Operation[Any]) -> Any:
        """Have the client carry out an operation; return its answer. Raises NotReady and the operation's refusals."""
        if operation.effect is not Effect.READ:
            self.refuse_while_draining()
        return await self._client(client_id, operation, ORDER_SECONDS)

    async def _client(self, client_id: ClientId, message: object, seconds: Seconds) -> Any:
        ref = self._system.find(client_id)
        if ref is None:
            raise NotReady(State.NOT_INITIALIZED)
        try:
            return await ask(ref, message, timeout=seconds)
        except ActorDeadError as error:
            raise NotReady(State.NOT_INITIALIZED) from error

    async def _supervisor(self, message: object, seconds: Seconds) -> Any:
        with shutting_down():
            return await ask(self._system.supervisor, message, timeout=seconds)

    async def _stored(self, question: Any) -> Any:
        return await ask_store(lambda: self._system.store, question, ANSWER_SECONDS)

    async def _is_remembered(self, client_id: ClientId) -> bool:
        """Return True if the client is stored, after all earlier writes; False if the store is unavailable."""
        try:
            return await self._stored(ReadBack(client_id)) is not None
        except (StoreUnavailable, Timeout):  # a client that runs, or has a login, is deleted without this knowledge
            return False

    async def _until_on_disk(self, client_id: ClientId) -> None:
        """Wait until the end of a client is on disk, so that no crash brings it back, if the store is available."""
        with suppress(StoreUnavailable, Timeout, ShuttingDown):
            await self._stored(ReadBack(client_id))

    def refuse_while_draining(self) -> None:
        """Raise ShuttingDown if `draining` is set."""
        if self.draining:
            raise ShuttingDown

    def _absent(self, client_id: ClientId, phone: str | None = None) -> Status:
        return Status(client_id, max_reconnection_attempts=self._max_attempts, phone=phone)


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
    """How a message stands that was accepted, for a caller who gets an error.

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
        due_to = cause()
        id = draw_id()
        with shutting_down():
            reply = self._system.store.ask(
                AcceptMessage(
                    id=id,
                    client_id=draft.client_id,
                    operation=draft.operation,
                    message_id=draft.message_id or draw_message_id(),
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
        # For any answer, even if nobody waits for it any more: if the database server goes away during a commit, or is
        # late, the message may be on disk nevertheless.
        reply.add_callback(lambda: self._tell(Queued(draft.client_id, expires_at)))
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


class NoSuchDeadLetter(Refusal):
    """The webhook has no dead letter of this id."""


class Webhooks:
    """Messages to the sender and to the store. Raises their refusals, Starting, MailboxFull and pykka.Timeout.

    `allowed` are the networks that may be reached besides the public internet.
    """

    def __init__(self, system: System, bridge: Bridge, allowed: tuple[Network, ...]) -> None:
        self._system, self._bridge, self._allowed = system, bridge, allowed

    async def create(self, caller: Caller, wishes: Mapping[str, Any]) -> tuple[Webhook, str | None, bool]:
        """Return a webhook, its secret if the service made it for this call, and whether the webhook is new.

        The same one is not made twice. Raises InvalidWebhook, Forbidden, WebhookExists.
        """
        drawn = None if "secret" in wishes else secrets.token_urlsafe(32)
        wishes = wishes if drawn is None else {**wishes, "secret": drawn}
        webhook = replace(new_webhook(wishes, at=time.time(), allowed=self._allowed), key_id=caller.key_id or None)
        _require(caller, webhook.clients)
        await self._judge(webhook.url)
        created: Webhook = await self._change(CreateWebhook(webhook, once=True, drawn=drawn is not None))
        is_new = created.id == webhook.id
        return created, drawn if is_new else None, is_new

    async def check(self, wishes: Mapping[str, Any]) -> None:
        """Judge the fields of a webhook that may be made later. Raises InvalidWebhook."""
        await self._judge(new_webhook(wishes, at=0.0, allowed=self._allowed).url)

    async def all(self, caller: Caller) -> list[Webhook]:
        """Return the webhooks that the caller manages, oldest first."""
        found: tuple[Webhook, ...] = await self._store(GetWebhooks())
        return [webhook for webhook in found if _manages(caller, webhook.clients)]

    async def get(self, caller: Caller, id: str) -> Webhook:
        """Return a webhook. Raises NoSuchWebhook."""
        found: Webhook = await self._store(GetWebhook(id))
        if not _manages(caller, found.clients):
            raise NoSuchWebhook(id)
        return found

    async def lines(self, caller: Caller, id: str) -> tuple[Progress, ...]:
        """Return the progress of a webhook with each client that the caller sees.

        A webhook may have been for more clients than it is now.
        """
        found: tuple[Progress, ...] = await self._store(GetProgress(id))
        return tuple(line for line in found if caller.sees(line.client_id))

    async def change(self, caller: Caller, id: str, wishes: Mapping[str, Any]) -> Webhook:
        """Set some fields. Raises InvalidWebhook, Forbidden, NoSuchWebhook."""
        before = await self.get(caller, id)
        checked = changes(wishes, allowed=self._allowed, before=before)
        _require(caller, checked.get("clients", before.clients))
        if "url" in checked:
            await self._judge(checked["url"])
        changed: Webhook = await self._change(ChangeWebhook(id, checked, time.time(), caller.key_id or None))
        return changed

    async def of_key(self, key_id: str) -> list[Webhook]:
        """Return the webhooks that a key has made, or has changed last."""
        found: tuple[Webhook, ...] = await self._store(GetWebhooks())
        return [webhook for webhook in found if webhook.key_id == key_id]

    async def delete(self, caller: Caller, id: str) -> None:
        """Delete a webhook and its pending events. Raises NoSuchWebhook."""
        await self.get(caller, id)
        await self._change(DeleteWebhook(id))

    async def dead_letters(
        self, caller: Caller, id: str, client_id: ClientId | None, after: int, limit: int
    ) -> tuple[Letter, ...]:
        """Return the dead letters of clients that the caller sees, oldest first. Raises NoSuchWebhook."""
        await self.get(caller, id)
        found: tuple[Letter, ...] = await self._store(GetDeadLetters(id, client_id, after, limit, caller.clients))
        return found

    async def replay(self, caller: Caller, id: str, letter: int | None = None) -> int:
        """Send a dead letter again, or all. Return how many, without those under way.

        Raises NoSuchWebhook, NoSuchDeadLetter.
        """
        letters = await self._chosen(caller, id, letter)
        count: int = await self._change(ReplayDeadLetters(id, time.time(), letters, caller.clients))
        return count

    async def forget(self, caller: Caller, id: str, letter: int | None = None) -> int:
        """Delete a dead letter, or all. Return how many. Raises NoSuchWebhook, NoSuchDeadLetter."""
        letters = await self._chosen(caller, id, letter)
        count: int = await self._change(DeleteDeadLetters(id, letters, caller.clients))
        return count

    async def _chosen(self, caller: Caller, id: str, letter: int | None) -> tuple[int, ...]:
        if letter is None:
            await self.get(caller, id)
            return ()
        found = await self.dead_letters(caller, id, None, letter - 1, 1)
        if not found or found[0].id != letter:
            raise NoSuchDeadLetter(f"The webhook has no dead letter {letter}")
        return (letter,)

    async def _judge(self, url: str) -> None:
        """Raise InvalidWebhook if every delivery to this URL would be refused."""
        target = httpx2.URL(url)
        try:
            async with asyncio.timeout(NAME_SECONDS):
                addresses = await resolve(target.host, target.port or 0)
        except (OSError, TimeoutError):
            return
        refusals = [why_refused(address, self._allowed) for address in addresses]
        if refusals and all(refusals):
            raise InvalidWebhook("url", f"not point to an address that is {refusals[0]}")

    async def _change(self, write: Any) -> Any:
        self._bridge.refuse_while_draining()
        with shutting_down():
            return await ask(self._system.webhooks, Change(write), timeout=STORE_SECONDS)

    async def _store(self, message: Any) -> Any:
        return await ask_store(lambda: self._system.store, message)


def _manages(caller: Caller, clients: tuple[ClientId, ...]) -> bool:
    """Return True if the caller's key is for every client of a webhook; no clients means all of them."""
    return caller.clients is None or (bool(clients) and caller.clients.issuperset(clients))


def _require(caller: Caller, clients: tuple[ClientId, ...]) -> None:
    if not _manages(caller, clients):
        raise Forbidden("The key is for some clients only: `clients` should list such, and no others")
