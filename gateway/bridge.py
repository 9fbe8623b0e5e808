"""The only place where asyncio meets actors: every method is one message and its answer, awaited without blocking.

Rule of this file: nothing waits without a deadline. The actor's own deadline comes first; the one here is longer, and
is only met by a client that has stopped answering. Everything runs on the gateway's event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from pykka import ActorDeadError, Timeout

from actors.clients.errors import NoSuchClient, NotReady, ShuttingDown
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
from actors.clients.types import ClientId, Seconds, State
from actors.outbox.protocol import GiveUp
from actors.runtime import ask
from actors.store.errors import StoreUnavailable
from actors.store.journal import GetTransitions
from actors.store.sessions import GetSessions, ReadBack
from gateway.logs import cause

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.clients.ports import Transition
    from actors.metrics.metrics import Metrics
    from actors.store.keys import ApiKey
    from actors.store.store import Store

ANSWER_SECONDS: Seconds = 5.0
"""How long an actor may take for what it only has to look up."""
ORDER_SECONDS: Seconds = 60.0
"""How long it may take for what it orders from a page; it gives up by itself well before."""
GRACE_SECONDS: Seconds = 10.0
"""How much longer than a deadline given to an actor we wait for it to keep that deadline."""

_STATUS = GetStatus()


class System(Protocol):
    """What the gateway needs of the actors. `actors.system.System` is the real one."""

    @property
    def supervisor(self) -> ActorRef[Any]:
        """Answers Init, Delete, GetClients. Raises Starting while there is none yet."""

    @property
    def store(self) -> Store:
        """What survives. Raises Starting while there is none yet."""

    def keys(self) -> tuple[ApiKey, ...]:
        """The API keys there are, read before `start`. Blocks. Raises StartRefused."""

    @property
    def outbox(self) -> ActorRef[Any]:
        """Answers Await; takes Queued and GiveUp. Raises Starting while there is none yet."""

    @property
    def webhooks(self) -> ActorRef[Any]:
        """Answers Change. Raises Starting while there is none yet."""

    @property
    def versions(self) -> Mapping[str, str]:
        """What runs, for /health: `{"wa_js": "4.6.0", …}`."""

    @property
    def lag(self) -> Seconds:
        """How long the browser's loop took to answer when last looked at, or has not answered for."""

    @property
    def metrics(self) -> Metrics:
        """What is counted and measured."""

    def find(self, client_id: ClientId) -> ActorRef[Any] | None:
        """The client's actor, if it runs. One dict lookup, any thread."""

    def logins(self) -> frozenset[ClientId]:
        """The clients whose login is stored, running or not. Blocks for a moment."""

    def start(self) -> None:
        """Build the tree. Blocks until callers can be served, not until clients are READY. Raises StartRefused."""

    def stop(self) -> bool:
        """Close everything within `shutdown_timeout`; blocks. False, if not all of it ended in that time."""


class Bridge:
    """Messages to the supervisor and to clients. Raises their refusals, Starting, MailboxFull, and pykka.Timeout.

    Where no client of that number runs, NotReady(NOT_INITIALIZED) is raised, unless a method says otherwise.
    """

    def __init__(self, system: System, *, max_reconnection_attempts: int) -> None:
        self._system = system
        self._max_attempts = max_reconnection_attempts
        self._questions: dict[ClientId, asyncio.Future[Status]] = {}
        self.draining = False
        """Set it, and no new work is taken: ShuttingDown is raised. Reading goes on."""

    @property
    def metrics(self) -> Metrics:
        """What is counted and measured."""
        return self._system.metrics

    @property
    def versions(self) -> Mapping[str, str]:
        """What runs, by name."""
        return self._system.versions

    async def init(self, client_id: ClientId) -> Started | AlreadyRunning:
        """Start the client unless it runs. Raises StartUnderWay, CapacityExceeded, ShuttingDown."""
        self.refuse_while_draining()
        answer: Started | AlreadyRunning = await self._supervisor(Init(client_id, cause=cause()), ORDER_SECONDS)
        return answer

    async def delete(self, client_id: ClientId) -> Deleted:
        """Log out, stop, forget; what it has queued will not leave. Raises NoSuchClient where nothing is known."""
        self.refuse_while_draining()
        remembered = await self._is_remembered(client_id)
        try:
            answer: Deleted = await self._supervisor(Delete(client_id), ORDER_SECONDS)
        except NoSuchClient:  # no client and no login: the supervisor has had it forgotten all the same
            if not remembered:
                raise
            answer = Deleted(client_id, logged_out=False)
        with suppress(ActorDeadError):  # the service has ended meanwhile; the client is deleted all the same
            self._system.outbox.tell(GiveUp(client_id))
        await self._until_on_disk(client_id)
        return answer

    async def stop(self, client_id: ClientId) -> Stopped:
        """Close the client, keep its login; what it has queued waits for the next start. Raises NoSuchClient."""
        self.refuse_while_draining()
        answer: Stopped = await self._supervisor(Stop(client_id), ORDER_SECONDS)
        await self._until_on_disk(client_id)
        return answer

    async def clients(self) -> tuple[Status, ...]:
        """Every client there is, ordered by number."""
        answer: tuple[Status, ...] = await self._supervisor(GetClients(), ANSWER_SECONDS)
        return answer

    async def known(self) -> tuple[Status, ...]:
        """Those, and as NOT_INITIALIZED every other one of which something is remembered, ordered by number.

        One that does not run has the number it was last linked to, as long as its login is stored. Raises
        StoreUnavailable.
        """
        phones = {session.client_id: session.phone for session in await self._stored(GetSessions())}
        logins = await self.logins()
        there = {status.client_id: status for status in await self.clients()}
        linked = {one: phone for one, phone in phones.items() if one in logins}
        everyone = sorted(phones.keys() | logins | there.keys())
        return tuple(there.get(one) or self._absent(one, linked.get(one)) for one in everyone)

    async def logins(self) -> frozenset[ClientId]:
        """The clients whose login is stored, running or not."""
        return await asyncio.to_thread(self._system.logins)

    async def status(self, client_id: ClientId) -> Status:
        """What is known of the client; NOT_INITIALIZED where none runs. The same object until something changes.

        Everyone who comes in one turn of the event loop shares one question. It leaves in the next turn, so what is
        answered is never older than the call.
        """
        if self._system.find(client_id) is None:
            return self._absent(client_id)
        question = self._questions.get(client_id)
        if question is None:
            question = self._questions[client_id] = asyncio.ensure_future(self._ask_status(client_id))
        # Shielded: a caller that goes away must not take the question from the others.
        return await asyncio.shield(question)

    async def _ask_status(self, client_id: ClientId) -> Status:
        del self._questions[client_id]  # whoever comes from here on needs a question of his own
        ref = self._system.find(client_id)
        if ref is None:
            return self._absent(client_id)
        try:
            answer: Status = await ask(ref, _STATUS, timeout=ANSWER_SECONDS)
        except ActorDeadError:
            return self._absent(client_id)
        return answer

    async def settled(self, client_id: ClientId, leaving: frozenset[State], seconds: Seconds) -> Status:
        """The status once the state is outside `leaving`, or after `seconds`; NOT_INITIALIZED where none runs."""
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
        """The newest changes of a client's state, oldest of them first; none where it never had one.

        Raises StoreUnavailable.
        """
        told: tuple[Transition, ...] = await self._stored(GetTransitions(client_id, limit))
        return told

    async def screenshot(self, client_id: ClientId) -> bytes:
        """A PNG of what the client's page shows. Raises NotReady where no page is open, or gives none."""
        answer: Screenshot = await self._client(client_id, TakeScreenshot(), ORDER_SECONDS)
        return answer.png

    async def pairing_code(self, client_id: ClientId, phone: str) -> str:
        """A code to type on the phone of that number (digits). Raises PairingUnavailable."""
        self.refuse_while_draining()
        answer: PairingCode = await self._client(client_id, RequestPairingCode(phone), ORDER_SECONDS)
        return answer.code

    async def _client(self, client_id: ClientId, message: object, seconds: Seconds) -> Any:
        ref = self._system.find(client_id)
        if ref is None:
            raise NotReady(State.NOT_INITIALIZED)
        try:
            return await ask(ref, message, timeout=seconds)
        except ActorDeadError as error:
            raise NotReady(State.NOT_INITIALIZED) from error

    async def _supervisor(self, message: object, seconds: Seconds) -> Any:
        try:
            return await ask(self._system.supervisor, message, timeout=seconds)
        except ActorDeadError as error:
            raise ShuttingDown from error

    async def _stored(self, question: Any) -> Any:
        try:
            return await self._system.store.ask(question).wait(ANSWER_SECONDS)
        except ActorDeadError as error:
            raise ShuttingDown from error

    async def _is_remembered(self, client_id: ClientId) -> bool:
        """Whether anything is, once all that was told before is on disk; False where the store cannot say."""
        try:
            return await self._stored(ReadBack(client_id)) is not None
        except (StoreUnavailable, Timeout):  # what runs, or has a login, is deleted without knowing that
            return False

    async def _until_on_disk(self, client_id: ClientId) -> None:
        """No crash brings back what its caller was told is over. Where the store cannot say it is over all the same."""
        with suppress(StoreUnavailable, Timeout, ShuttingDown):
            await self._stored(ReadBack(client_id))

    def refuse_while_draining(self) -> None:
        """Raises ShuttingDown once `draining` is set."""
        if self.draining:
            raise ShuttingDown

    def _absent(self, client_id: ClientId, phone: str | None = None) -> Status:
        return Status(client_id, max_reconnection_attempts=self._max_attempts, phone=phone)
