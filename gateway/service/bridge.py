"""Clients and their supervisor, as the gateway uses them: messages to actors, and their answers, awaited.

Nothing waits without a deadline. The actor's own deadline comes first; the deadline here is longer, and passes only if
an actor has stopped answering.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from pykka import ActorDeadError, Timeout

from actors.clients.errors import DeleteFailed, NoSuchClient, NotReady, ShuttingDown
from actors.clients.operations import Effect
from actors.clients.operations.account import LogOut, PairingCode, RequestPairingCode, Screenshot, TakeScreenshot
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
from actors.clients.types import ClientId, LinkLeft, Seconds, State
from actors.media.retention import DeleteMediaNow
from actors.outbox.protocol import GiveUp
from actors.runtime import actor_behind, ask, mailbox_of
from actors.store.erasure import BeginErasure, EndErasure, EraseSome, IsKept
from actors.store.errors import StoreUnavailable
from actors.store.events import Event
from actors.store.journal import GetTransitions
from actors.store.sessions import GetSessions, ReadBack
from actors.webhooks.protocol import Change
from gateway.logs import cause

if TYPE_CHECKING:
    from actors.clients.canary import WhatsAppSeen
    from actors.clients.client import Client
    from actors.clients.operations import Operation
    from actors.clients.ports import Transition
    from actors.metrics.metrics import Metrics
    from actors.store.store import Store
    from actors.system import System


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

_STATUS = GetStatus()


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
