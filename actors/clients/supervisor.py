"""The supervisor of all clients: starts them, grants reconnections from a budget, cleans up, restarts what crashed.

Everything here runs in the supervisor's own thread. It never asks a client anything: what it knows of them it was told
(`StatusChanged`), and it never waits: an Init for a client that is just ending is kept until that one is gone, so that
one number never has two actors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from actors.clients import protocol
from actors.clients.errors import FINAL, CapacityExceeded, NoSuchClient, ShuttingDown, StartFailed, StartUnderWay
from actors.clients.family import Family, take, tell
from actors.clients.ports import Transition
from actors.clients.protocol import Status
from actors.clients.reconnection import Streak
from actors.clients.records import Record
from actors.clients.types import STARTING, TERMINAL, ClientId, Origin, Reason, State
from actors.runtime import ChildNotStarted

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.runtime import ReplyTo


@dataclass(frozen=True, slots=True)
class CleanupDue:
    """Timer: this client has been at its end for long enough."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class Resume:
    """Start these clients, in this order, a few at a time: they ran when the service stopped."""

    client_ids: tuple[ClientId, ...]


class Supervisor(Family):
    """The one parent of all clients."""

    name = "supervisor"

    def receive(self, message: object) -> object:
        """Hand the message to its handler: the table below is the whole vocabulary of the supervisor."""
        handler = _HANDLERS.get(type(message))
        return super().receive(message) if handler is None else handler(self, message)

    def _get_clients(self, _: protocol.GetClients) -> tuple[Status, ...]:
        return self._records.statuses()

    def _init(self, order: protocol.Init) -> None:
        self._refuse_while_shutting_down()
        client_id, record = order.client_id, self._records.get(order.client_id)
        if record is None:
            self._refuse_beyond_capacity()
            self._turns.drop(client_id)
            self._begin(client_id, order.origin, self.defer(), order.cause)
        elif not record.ending:
            self._forward(order, self.defer())
        elif record.inits:
            raise StartUnderWay(client_id)
        else:
            record.inits.append(self.defer())
            record.cause = order.cause

    def _forward(self, order: protocol.Init, reply_to: ReplyTo) -> None:
        """Let the running actor decide. No cleanup may overtake the start that it is told of."""
        client_id = order.client_id
        ref = self._directory.find(client_id)
        if ref is None:  # it crashed, and waits for its restart
            reply_to.refuse(StartUnderWay(client_id))
            return
        self.cancel_timer(("cleanup", client_id))
        self._sessions.want(client_id)
        self._tell_start(client_id, ref, order.origin, reply_to, order.cause)

    def _refuse_while_shutting_down(self) -> None:
        if self._shut_downs:
            raise ShuttingDown

    def _refuse_beyond_capacity(self) -> None:
        if self._is_full():
            raise CapacityExceeded(self._rules.limited_by, self._rules.max_clients)

    def _delete(self, order: protocol.Delete) -> protocol.Deleted | None:
        client_id, record = order.client_id, self._records.get(order.client_id)
        self._sessions.forget(client_id)
        self._pairings.pop(client_id, None)
        queued = self._turns.drop(client_id)
        if record is not None:
            record.deletes.append(self.defer())
            for reply_to in take(record.inits):
                reply_to.refuse(StartFailed(client_id, "The session was deleted before it could start"))
            self._end(client_id, forget=True)
            return None
        if not self._browser.has_login(client_id) and not queued:
            raise NoSuchClient(client_id)
        self._browser.drop_login(client_id)
        return protocol.Deleted(client_id, logged_out=False)

    def _stop_client(self, order: protocol.Stop) -> protocol.Stopped | None:
        client_id, record = order.client_id, self._records.get(order.client_id)
        if record is None and not self._turns.drop(client_id):
            raise NoSuchClient(client_id)
        self._sessions.release(client_id)
        if record is None:
            return protocol.Stopped(client_id)
        record.stops.append(self.defer())
        for reply_to in take(record.inits):
            reply_to.refuse(StartFailed(client_id, "The client was stopped before it could start"))
        self._end(client_id, forget=False)
        return None

    def _shut_down_all(self, order: protocol.ShutDown) -> None:
        self._shut_downs.append(self.defer())
        self._turns.clear()
        for client_id in list(self._records):
            self._end(client_id, forget=False, within=order.seconds)
        self._stop_if_done()

    def _resume(self, order: Resume) -> None:
        if not self._shut_downs:
            self._turns.add(order.client_ids)
            self._resume_next()

    # --- ends, ordered and not; crashes of an actor, which are bugs ---------------------------------------------------

    def _cleanup(self, due: CleanupDue) -> None:
        record = self._records.get(due.client_id)
        if record is not None and record.status.state in TERMINAL:
            self.log.info("client.cleanup", client=due.client_id, state=record.status.state)
            self._end(due.client_id, forget=False)

    def child_terminated(self, key: Any, ref: ActorRef[Any], cause: BaseException | None) -> None:
        """The actor is gone, and its number free unless it crashed: then it is restarted."""
        self._directory.remove(key)
        record = self._records[key]
        for reply_to in take(record.starts):
            if not reply_to.answered:
                reply_to.refuse(StartFailed(key, f"Internal error: {cause!r}" if cause else "The client was ended"))
        if cause is None or record.ending:
            self.stop_child(key)
            self._gone(key)
        elif record.status.state not in TERMINAL:
            self._crashed(record, f"Internal error: {cause!r}")

    def _crashed(self, record: Record, text: str) -> None:
        """What can no longer say so itself is DISCONNECTED_RECOVERABLE until its restart."""
        before, at = record.status, self.clock.time()
        lost, reason = State.DISCONNECTED_RECOVERABLE, Reason.ACTOR_CRASHED
        record.status = replace(self._blank(before.client_id), state=lost, reason=reason, reason_text=text, since=at)
        self._journal.changed(Transition(before.client_id, before.state, lost, "Crashed", reason, text, at))
        record.beginning = False
        self._resume_next()

    def wants_restart(self, key: Any, cause: BaseException) -> bool:
        """A client at its end has nothing to come back for."""
        return self._records[key].status.state not in TERMINAL

    def child_restarted(self, key: Any, ref: ActorRef[Any]) -> None:
        """Same number, new actor: the stored login is resumed. What the crashed one had open is killed, and waited for
        by the browser before it opens the profile again.
        """
        self._directory.enter(key, ref)
        self._tell_start(key, ref, Origin.RESUME, None)

    def child_given_up(self, key: Any, cause: BaseException) -> None:
        """It crashed too often, or at its end: what can still be read is that end, or an ERROR, until the cleanup."""
        status = self._records[key].status
        if status.state not in TERMINAL:
            status = replace(
                self._blank(key),
                state=State.ERROR,
                reason=Reason.ACTOR_CRASHED,
                reason_text=f"Internal error: {cause!r}",
                since=self.clock.time(),
            )
        try:
            self._start_actor(key, status)
        except ChildNotStarted as error:
            self.log.error("client.not_started", client=key, exc_info=error)
            self._gone(key)
        else:
            self._status_changed(protocol.StatusChanged(status))

    # --- facts of clients ---------------------------------------------------------------------------------------------

    def _status_changed(self, fact: protocol.StatusChanged) -> None:
        status = fact.status
        record = self._records.get(status.client_id)
        if record is None:
            return
        before, record.status = record.status.state, status
        if status.state is State.READY:
            record.streak = self._rules.reconnection.ready(record.streak, self.now())
        if status.state in TERMINAL:
            self._ended(record)
        elif status.state is not State.NOT_INITIALIZED:
            record.logged_out = False
            self.cancel_timer(("cleanup", status.client_id))
            self._remember(record, before)
        if status.state not in STARTING:
            record.beginning = False
            self._resume_next()

    def _remember(self, record: Record, before: State) -> None:
        """For the next start of the service. One that is deleted has been forgotten already."""
        client_id, state = record.status.client_id, record.status.state
        if record.deletes:
            return
        if before in TERMINAL and not record.stops:  # the start was ordered before anybody had heard of that end
            self._sessions.want(client_id)
        if state is State.READY:
            self._sessions.was_ready(client_id)
        elif state is State.QR_REQUIRED and before is not state:
            self._sessions.was_ready(client_id, ready=False)

    def _ended(self, record: Record) -> None:
        """A client at its end is cleaned up later; whether it is still wanted after a restart depends on the end."""
        client_id, state = record.status.client_id, record.status.state
        record.logged_out = state is State.DISCONNECTED_LOGOUT and record.status.reason is not Reason.CONFLICT
        record.streak = Streak()
        if state is not State.ERROR and not record.deletes:  # one that is deleted has been forgotten already
            self._sessions.release(client_id)
        if not record.ending:
            self.start_timer(("cleanup", client_id), self._rules.cleanup_delay, CleanupDue(client_id))

    def _pairing_changed(self, fact: protocol.PairingChanged) -> None:
        if fact.client_id not in self._records or self._records[fact.client_id].deletes:
            return
        self._pairings[fact.client_id] = fact.pairing
        self._sessions.paired(fact.client_id, fact.pairing)

    def _reconnect_wanted(self, wish: protocol.ReconnectWanted) -> None:
        record, ref = self._records.get(wish.client_id), self._directory.find(wish.client_id)
        if record is not None and ref is not None and not record.ending:
            tell(ref, self._verdict(record, wish))

    def _verdict(
        self, record: Record, wish: protocol.ReconnectWanted
    ) -> protocol.ReconnectGranted | protocol.ReconnectRefused:
        if wish.reason in FINAL:
            return protocol.ReconnectRefused(wish.reason, wish.text)
        record.streak, grant = self._rules.reconnection.lost(record.streak, self.now(), self._chance)
        if grant is not None:
            return protocol.ReconnectGranted(grant.attempt, grant.delay)
        text = f"Max reconnection attempts reached ({wish.reason}: {wish.text})"
        return protocol.ReconnectRefused(Reason.ATTEMPTS_EXHAUSTED, text)


_HANDLERS: dict[type, Callable[[Supervisor, Any], object]] = {
    protocol.Init: Supervisor._init,
    protocol.Delete: Supervisor._delete,
    protocol.Stop: Supervisor._stop_client,
    protocol.GetClients: Supervisor._get_clients,
    protocol.ShutDown: Supervisor._shut_down_all,
    protocol.StatusChanged: Supervisor._status_changed,
    protocol.PairingChanged: Supervisor._pairing_changed,
    protocol.ReconnectWanted: Supervisor._reconnect_wanted,
    CleanupDue: Supervisor._cleanup,
    Resume: Supervisor._resume,
}
