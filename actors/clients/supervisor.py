"""The supervisor of all clients: starts them, grants reconnections from a budget, cleans up, restarts what crashed.

Everything here runs in the supervisor's own thread. It never asks a client anything: what it knows of them it was told
(`StatusChanged`), and it never waits: an Init for a client that is just ending is kept until that one is gone, so that
one number never has two actors.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.clients import protocol
from actors.clients.client import Client, Times
from actors.clients.directory import Directory
from actors.clients.errors import FINAL, CapacityExceeded, NoSuchClient, ShuttingDown, StartUnderWay
from actors.clients.ports import Browser, Journal, Sessions, Unrecorded
from actors.clients.protocol import Status
from actors.clients.reconnection import Policy, Streak
from actors.clients.types import STARTING, TERMINAL, ClientId, Origin, Reason, Seconds, State
from actors.runtime import Backoff, Supervising

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.runtime import ReplyTo


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator decides; durations in seconds, 0 clients for no limit."""

    times: Times = field(default_factory=Times)
    reconnection: Policy = field(default_factory=lambda: Policy(Backoff(first=1.0, cap=60.0)))
    cleanup_delay: Seconds = 60.0
    start_concurrency: int = 2
    max_clients: int = 0


@dataclass(frozen=True, slots=True)
class CleanupDue:
    """Timer: this client has been at its end for long enough."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class Resume:
    """Start these clients, in this order, a few at a time: they ran when the service stopped."""

    client_ids: tuple[ClientId, ...]


@dataclass(slots=True)
class Record:
    """What the supervisor knows of one client."""

    status: Status
    streak: Streak = field(default_factory=Streak)
    ending: bool = False
    inits: list[ReplyTo] = field(default_factory=list)
    """Callers whose start waits until the present actor is gone."""
    deletes: list[ReplyTo] = field(default_factory=list)


class Supervisor(Supervising):
    """The one parent of all clients."""

    name = "supervisor"

    def __init__(
        self,
        browser: Browser,
        directory: Directory,
        *,
        journal: Journal | None = None,
        sessions: Sessions | None = None,
        rules: Rules | None = None,
        chance: Callable[[], float] = random.random,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._browser, self._directory, self._chance = browser, directory, chance
        self._journal: Journal = journal or Unrecorded()
        self._sessions: Sessions = sessions or Unrecorded()
        self._rules = rules or Rules()
        self._records: dict[ClientId, Record] = {}
        self._queue: deque[ClientId] = deque()
        self._shut_down: ReplyTo | None = None

    def receive(self, message: object) -> object:
        """Hand the message to its handler: the table below is the whole vocabulary of the supervisor."""
        handler = _HANDLERS.get(type(message))
        return super().receive(message) if handler is None else handler(self, message)

    # --- questions and commands --------------------------------------------------------------------------------------

    def _get_clients(self, _: protocol.GetClients) -> tuple[Status, ...]:
        return tuple(self._records[client_id].status for client_id in sorted(self._records))

    def _init(self, order: protocol.Init) -> None:
        self._refuse_while_shutting_down()
        client_id, record = order.client_id, self._records.get(order.client_id)
        if record is None:
            self._refuse_beyond_capacity()
            self._begin(client_id, order.origin, self.defer())
        elif not record.ending:
            self._forward(client_id, protocol.Start(order.origin, self.defer()))
        elif record.inits:
            raise StartUnderWay(client_id)
        else:
            record.inits.append(self.defer())

    def _forward(self, client_id: ClientId, start: protocol.Start) -> None:
        ref = self._directory.find(client_id)
        if ref is None:  # it crashed, and waits for its restart
            start.reply_to.refuse(StartUnderWay(client_id))
            return
        self._sessions.want(client_id)
        ref.tell(start)

    def _begin(self, client_id: ClientId, origin: Origin, reply_to: ReplyTo | None) -> None:
        """Make the actor of a number that has none, and have it start."""
        self._records[client_id] = Record(self._blank(client_id))
        self._sessions.want(client_id)
        ref = self._start_actor(client_id, None)
        ref.tell(protocol.Start(origin, reply_to))

    def _start_actor(self, client_id: ClientId, status: Status | None) -> ActorRef[Any]:
        factory = partial(
            Client.start,
            client_id,
            self._browser,
            self.actor_ref,
            journal=self._journal,
            times=self._rules.times,
            status=status or self._blank(client_id),
        )
        ref = self.start_child(client_id, factory)
        self._directory.enter(client_id, ref)
        return ref

    def _blank(self, client_id: ClientId) -> Status:
        return Status(client_id, max_reconnection_attempts=self._rules.reconnection.limit)

    def _refuse_while_shutting_down(self) -> None:
        if self._shut_down is not None:
            raise ShuttingDown

    def _refuse_beyond_capacity(self) -> None:
        limit = self._rules.max_clients
        if limit and len(self._records) >= limit:
            raise CapacityExceeded("SM_MAX_CLIENTS", limit)

    def _delete(self, order: protocol.Delete) -> protocol.Deleted | None:
        client_id, record = order.client_id, self._records.get(order.client_id)
        self._sessions.release(client_id)
        if record is not None:
            record.deletes.append(self.defer())
            self._end(client_id, forget=True)
            return None
        if not self._browser.has_login(client_id):
            raise NoSuchClient(client_id)
        self._browser.drop_login(client_id)
        return protocol.Deleted(client_id, logged_out=False)

    def _shut_down_all(self, _: protocol.ShutDown) -> None:
        self._shut_down = self.defer()
        self._queue.clear()
        for client_id in list(self._records):
            self._end(client_id, forget=False)
        self._stop_if_done()

    # --- the end of a client -----------------------------------------------------------------------------------------

    def _end(self, client_id: ClientId, *, forget: bool) -> None:
        """Have a client close itself; `child_terminated` tells when its processes are gone."""
        self._records[client_id].ending = True
        self.cancel_timer(("cleanup", client_id))
        ref = self._directory.find(client_id)
        if ref is not None and ref.is_alive():
            ref.tell(protocol.Close(forget))
        elif client_id not in self.children:  # it crashed, and waits for its restart
            self.stop_child(client_id)
            self._gone(client_id, forget=forget)

    def _cleanup(self, due: CleanupDue) -> None:
        record = self._records.get(due.client_id)
        if record is not None and record.status.state in TERMINAL:
            self.log.info("client.cleanup", client=due.client_id, state=record.status.state)
            self._end(due.client_id, forget=False)

    def child_terminated(self, key: Any, ref: ActorRef[Any], cause: BaseException | None) -> None:
        """The actor is gone, and its number free unless it crashed: then it is restarted."""
        self._directory.remove(key)
        if cause is None or self._records[key].ending:
            self.stop_child(key)
            self._gone(key, forget=bool(self._records[key].deletes))

    def _gone(self, client_id: ClientId, *, forget: bool) -> None:
        record = self._records.pop(client_id)
        if forget:
            self._browser.drop_login(client_id)
        out = record.status.state is State.DISCONNECTED_LOGOUT
        for reply_to in record.deletes:
            reply_to.answer(protocol.Deleted(client_id, logged_out=out))
        if self._shut_down is not None:
            for reply_to in record.inits:
                reply_to.refuse(ShuttingDown())
        elif record.inits:
            self._begin(client_id, Origin.CALLER, record.inits[0])
        self._resume_next()
        self._stop_if_done()

    def _stop_if_done(self) -> None:
        if self._shut_down is not None and not self._records:
            self._shut_down.answer(None)
            self.stop()

    # --- crashes of an actor, which are bugs -------------------------------------------------------------------------

    def child_restarted(self, key: Any, ref: ActorRef[Any]) -> None:
        """Same number, new actor: the stored login is resumed."""
        self._directory.enter(key, ref)
        ref.tell(protocol.Start(Origin.RESUME))

    def child_given_up(self, key: Any, cause: BaseException) -> None:
        """It crashed too often: what can still be read of it is an ERROR, until the cleanup."""
        status = replace(
            self._blank(key),
            state=State.ERROR,
            reason=Reason.ACTOR_CRASHED,
            reason_text=f"Internal error: {cause!r}",
            since=self.clock.time(),
        )
        self._start_actor(key, status)
        self._status_changed(protocol.StatusChanged(status))

    # --- facts of clients --------------------------------------------------------------------------------------------

    def _status_changed(self, fact: protocol.StatusChanged) -> None:
        status = fact.status
        record = self._records.get(status.client_id)
        if record is None:
            return
        record.status = status
        if status.state is State.READY:
            record.streak = self._rules.reconnection.ready(record.streak, self.now())
            self._sessions.was_ready(status.client_id)
        if status.state in TERMINAL:
            self._ended(status)
        else:
            self.cancel_timer(("cleanup", status.client_id))
        if status.state not in STARTING:
            self._resume_next()

    def _ended(self, status: Status) -> None:
        """A client at its end is cleaned up later; whether it is still wanted after a restart depends on the end."""
        if status.state is not State.ERROR:
            self._sessions.release(status.client_id)
        self._records[status.client_id].streak = Streak()
        if not self._records[status.client_id].ending:
            self.start_timer(("cleanup", status.client_id), self._rules.cleanup_delay, CleanupDue(status.client_id))

    def _reconnect_wanted(self, wish: protocol.ReconnectWanted) -> None:
        record, ref = self._records.get(wish.client_id), self._directory.find(wish.client_id)
        if record is None or ref is None or record.ending:
            return
        if wish.reason in FINAL:
            ref.tell(protocol.ReconnectRefused(wish.reason, wish.text))
            return
        record.streak, grant = self._rules.reconnection.lost(record.streak, self.now(), self._chance)
        if grant is None:
            text = f"Max reconnection attempts reached ({wish.reason}: {wish.text})"
            ref.tell(protocol.ReconnectRefused(Reason.ATTEMPTS_EXHAUSTED, text))
        else:
            ref.tell(protocol.ReconnectGranted(grant.attempt, grant.delay))

    # --- resuming what ran before ------------------------------------------------------------------------------------

    def _resume(self, order: Resume) -> None:
        self._queue.extend(order.client_ids)
        self._resume_next()

    def _resume_next(self) -> None:
        """Start queued clients while fewer than the allowed number are starting."""
        while self._queue and self._starting() < self._rules.start_concurrency:
            client_id = self._queue.popleft()
            if client_id not in self._records:
                self._begin(client_id, Origin.RESUME, None)

    def _starting(self) -> int:
        fresh = STARTING | {State.NOT_INITIALIZED}
        return sum(record.status.state in fresh for record in self._records.values())


_HANDLERS: dict[type, Callable[[Supervisor, Any], object]] = {
    protocol.Init: Supervisor._init,
    protocol.Delete: Supervisor._delete,
    protocol.GetClients: Supervisor._get_clients,
    protocol.ShutDown: Supervisor._shut_down_all,
    protocol.StatusChanged: Supervisor._status_changed,
    protocol.ReconnectWanted: Supervisor._reconnect_wanted,
    CleanupDue: Supervisor._cleanup,
    Resume: Supervisor._resume,
}
