"""How clients' actors come to be, end, and come back one after the other when the service starts.

Everything here runs in the supervisor's own thread, and waits for nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

from actors.clients import protocol
from actors.clients.cause import UNCAUSED, Cause
from actors.clients.client import Client
from actors.clients.directory import Directory
from actors.clients.errors import ShuttingDown, StartFailed
from actors.clients.pairing import Pairing
from actors.clients.ports import Browser, Journal, Sessions, Unrecorded
from actors.clients.protocol import Status
from actors.clients.records import Record, Records, Turns
from actors.clients.rules import Rules
from actors.clients.types import ClientId, Origin, Seconds
from actors.runtime import ChildNotStarted, Supervising

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.runtime import ReplyTo


class Family(Supervising):
    """A supervisor of clients that nobody has told anything yet: at most one actor a number, and a record for each."""

    def __init__(
        self,
        browser: Browser,
        directory: Directory,
        *,
        journal: Journal | None = None,
        sessions: Sessions | None = None,
        rules: Rules | None = None,
        pairings: Mapping[ClientId, Pairing] | None = None,
        chance: Callable[[], float] = random.random,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._browser, self._directory, self._chance = browser, directory, chance
        self._journal: Journal = journal or Unrecorded()
        self._sessions: Sessions = sessions or Unrecorded()
        self._rules = rules or Rules()
        self._records = Records()
        self._pairings: dict[ClientId, Pairing] = dict(pairings or {})
        """Outlives the records: a ban shows over several starts. One small entry a number, until it is deleted."""
        self._turns = Turns()
        self._shut_downs: list[ReplyTo] = []

    # --- births -------------------------------------------------------------------------------------------------------

    def _begin(self, client_id: ClientId, origin: Origin, reply_to: ReplyTo | None, cause: Cause = UNCAUSED) -> None:
        """Make the actor of a number that has none, and have it start."""
        self._records[client_id] = Record(self._blank(client_id))
        try:
            ref = self._start_actor(client_id, None)
        except ChildNotStarted as error:
            del self._records[client_id]
            self.log.error("client.not_started", client=client_id, exc_info=error)
            if reply_to is not None:
                reply_to.refuse(StartFailed(client_id, str(error)))
            return
        self._sessions.want(client_id)
        self._tell_start(client_id, ref, origin, reply_to, cause)

    def _tell_start(
        self,
        client_id: ClientId,
        ref: ActorRef[Any],
        origin: Origin,
        reply_to: ReplyTo | None,
        cause: Cause = UNCAUSED,
    ) -> None:
        record = self._records[client_id]
        if reply_to is not None:
            record.starts = [start for start in record.starts if not start.answered] + [reply_to]
        tell(ref, protocol.Start(origin, reply_to, self._pairings.get(client_id, Pairing()), cause))

    def _start_actor(self, client_id: ClientId, status: Status | None) -> ActorRef[Any]:
        factory = partial(
            Client.start,
            client_id,
            self._browser,
            self.actor_ref,
            journal=self._journal,
            times=self._rules.times,
            memory_limit=self._rules.client_memory,
            status=status or self._blank(client_id),
        )
        ref = self.start_child(client_id, factory)
        self._directory.enter(client_id, ref)
        return ref

    def _blank(self, client_id: ClientId) -> Status:
        return Status(client_id, max_reconnection_attempts=self._rules.reconnection.limit)

    def _is_full(self) -> bool:
        return 0 < self._rules.max_clients <= len(self._records)

    # --- ends ---------------------------------------------------------------------------------------------------------

    def _end(self, client_id: ClientId, *, forget: bool, within: Seconds | None = None) -> None:
        """Have a client close itself; `child_terminated` tells when its processes are gone."""
        self._records[client_id].ending = True
        self.cancel_timer(("cleanup", client_id))
        ref = self.children.get(client_id)
        if ref is not None:
            tell(ref, protocol.Close(forget, within))
        else:  # it crashed, and waits for its restart
            self.stop_child(client_id)
            self._gone(client_id)

    def _gone(self, client_id: ClientId) -> None:
        record = self._records.pop(client_id)
        self.cancel_timer(("cleanup", client_id))
        if record.deletes:
            self._browser.drop_login(client_id)
        for reply_to in record.deletes:
            reply_to.answer(protocol.Deleted(client_id, logged_out=record.logged_out))
        for reply_to in record.stops:
            reply_to.answer(protocol.Stopped(client_id))
        if self._shut_downs:
            for reply_to in record.inits:
                reply_to.refuse(ShuttingDown())
        elif record.inits:
            self._begin(client_id, Origin.CALLER, record.inits[0], record.cause)
        self._resume_next()
        self._stop_if_done()

    def _stop_if_done(self) -> None:
        if self._shut_downs and not self._records:
            for reply_to in take(self._shut_downs):
                reply_to.answer(None)
            self.stop()

    # --- turns --------------------------------------------------------------------------------------------------------

    def _resume_next(self) -> None:
        """Start queued clients while fewer than the allowed number are starting."""
        while self._turns and self._records.starting() < self._rules.start_concurrency:
            client_id = self._turns.next()
            if client_id is None or client_id in self._records:
                continue
            if self._is_full():
                self.log.warning("client.not_resumed", client=client_id, limit=self._rules.max_clients)
            else:
                self.log.info("client.resuming", client=client_id)
                self._begin(client_id, Origin.RESUME, None)


def take(askers: list[ReplyTo]) -> list[ReplyTo]:
    """All of them, off the list: each is answered once."""
    taken = askers.copy()
    askers.clear()
    return taken


def tell(ref: ActorRef[Any], message: object) -> None:
    """Tell a client, which may have died a moment ago: then its Terminated is on the way, and decides."""
    with suppress(ActorDeadError):
        ref.tell(message)
