"""The supervisor of all clients: starts them, grants reconnections from a budget, cleans up, restarts crashed actors.

Everything here runs in the supervisor's own thread. It never asks a client anything: its records come from the clients'
facts (`StatusChanged`). It never waits: an Init for a client that is just ending is kept until that is gone, so that a
number never has two actors.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

from actors.clients import protocol
from actors.clients.bans import BanEvidence
from actors.clients.client import Client
from actors.clients.correlation import UNCAUSED, Correlation
from actors.clients.errors import (
    FINAL,
    CapacityExceeded,
    DeleteFailed,
    NoSuchClient,
    ShuttingDown,
    StartFailed,
    StartOvertaken,
    StartUnderWay,
)
from actors.clients.policy import Rules, Streak
from actors.clients.ports import Browser, Journal, Sessions, Transition, Unrecorded
from actors.clients.protocol import Status
from actors.clients.registry.directory import Directory
from actors.clients.turns import Lane, Turns
from actors.clients.types import PERHAPS_LINKED, STARTING, TERMINAL, ClientId, LinkLeft, Origin, Reason, Seconds, State
from actors.runtime import ChildNotStarted, Refusal, Reminder, Supervising

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.runtime import ReplyTo


@dataclass(slots=True)
class ClientRecord:
    """The supervisor's record of one client."""

    status: Status
    streak: Streak = field(default_factory=Streak)
    linking: bool = False
    """True from the scan of its code until it is READY, or something else came of it: a device may be on the phone."""
    ending: bool = False
    logged_out: bool = False
    """True if it was logged out when it ended."""
    starts: list[ReplyTo] = field(default_factory=list)
    """Callers whose start was passed to the present actor, and who may not have an answer yet."""
    inits: list[ReplyTo] = field(default_factory=list)
    """Callers whose start waits until the present actor is gone."""
    cause: Correlation = UNCAUSED
    """The cause of the start in `inits`."""
    deletes: list[ReplyTo] = field(default_factory=list)
    link: LinkLeft = LinkLeft.NOT_LINKED
    """What a deletion says if it did not log out, as far as it has come."""
    stops: list[ReplyTo] = field(default_factory=list)


class ClientRecords(dict[ClientId, ClientRecord]):
    """The records of all numbers that have an actor, or whose actor waits for its restart."""

    def statuses(self) -> tuple[Status, ...]:
        """Return the status of every client that readers see, by number."""
        statuses = (self[client_id].status for client_id in sorted(self))
        return tuple(status for status in statuses if status.state is not State.NOT_INITIALIZED)


DELETION: Seconds = 15.0
"""The time limit for deleting a profile, from the end of its last process. It takes some 0.05 s."""


LAUNCH: Seconds = 15.0
"""The time after which a launch and its page keep nobody waiting any more. They take 0.5 s, and some seconds."""


@dataclass(frozen=True, slots=True)
class TurnOver:
    """Timer: this client has been launching for too long."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class CleanupDue:
    """Timer: this client has been at its end for long enough."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class ProfileDeleted(Reminder):
    """The end of the deletion of a client's profile; `why` says what is left of it, if anything is."""

    number: int
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Deletion:
    """The deletion of a client's profile, and those who wait for it."""

    askers: tuple[ReplyTo, ...]
    deleted: protocol.Deleted


@dataclass(frozen=True, slots=True)
class Resume:
    """Start these clients, which ran when the service stopped. Their Chromiums are launched in this order, a few at a
    time.
    """

    client_ids: tuple[ClientId, ...]


class Supervisor(Supervising):
    """The one parent of all clients: at most one actor per number, and a record for each."""

    name = "supervisor"

    def __init__(
        self,
        browser: Browser,
        directory: Directory,
        *,
        journal: Journal | None = None,
        sessions: Sessions | None = None,
        rules: Rules | None = None,
        pairings: Mapping[ClientId, BanEvidence] | None = None,
        chance: Callable[[], float] = random.random,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._browser, self._directory, self._chance = browser, directory, chance
        self._journal: Journal = journal or Unrecorded()
        self._sessions: Sessions = sessions or Unrecorded()
        self._rules = rules or Rules()
        self._records = ClientRecords()
        self._pairings: dict[ClientId, BanEvidence] = dict(pairings or {})
        """Outlives the records: a ban shows over several starts. One small entry per number, until it is deleted."""
        self._turns = Turns(self._rules.start_concurrency, self._rules.load_concurrency)
        self._places: Mapping[ClientId, int] = {}
        """The places that the waiting clients were told."""
        self._shut_downs: list[ReplyTo] = []
        self._deletions: dict[int, Deletion] = {}
        """Deletions that are not on disk yet."""
        self._deletion = 0
        """The number of the last one."""

    def receive(self, message: object) -> object:
        """Hand the message to its handler: the table below is the whole vocabulary of the supervisor."""
        handler = _HANDLERS.get(type(message))
        return super().receive(message) if handler is None else handler(self, message)

    def _get_clients(self, _: protocol.GetClients) -> tuple[Status, ...]:
        places = self._turns.places()
        statuses = self._records.statuses()
        return tuple(
            status
            if status.queue_position == (place := places.get(status.client_id))
            else replace(status, queue_position=place)
            for status in statuses
        )

    def _init(self, order: protocol.Init) -> None:
        self._refuse_while_shutting_down()
        client_id, record = order.client_id, self._records.get(order.client_id)
        if record is None:
            self._refuse_beyond_capacity()
            self._begin(client_id, order.origin, self.defer(), order.cause)
        elif not record.ending:
            self._forward(order, self.defer())
        elif record.inits:
            raise StartUnderWay(client_id)
        else:
            record.inits.append(self.defer())
            record.cause = order.cause

    def _forward(self, order: protocol.Init, reply_to: ReplyTo) -> None:
        """Pass a start to the running actor. No cleanup may overtake it."""
        client_id = order.client_id
        ref = self._directory.find(client_id)
        if ref is None:  # it crashed, and waits for its restart
            reply_to.refuse(StartUnderWay(client_id))
            return
        self.cancel_timer(("cleanup", client_id))
        self._sessions.want(client_id)
        turn = self._records[client_id].status.state in TERMINAL and self._take_turn(client_id)
        self._tell_start(client_id, ref, order.origin, reply_to, order.cause, turn=turn)

    def _refuse_while_shutting_down(self) -> None:
        if self._shut_downs:
            raise ShuttingDown

    def _refuse_beyond_capacity(self) -> None:
        if self._is_full():
            raise CapacityExceeded(self._rules.limited_by, self._rules.max_clients)

    def _delete(self, order: protocol.Delete) -> None:
        client_id, record = order.client_id, self._records.get(order.client_id)
        self._sessions.forget(client_id)
        self._pairings.pop(client_id, None)
        if record is None and not self._browser.has_profile(client_id):
            raise NoSuchClient(client_id)
        link = self._link_left(order, record)
        if record is None and link is LinkLeft.NOT_REACHED:
            record = self._begin_to_log_out(client_id)
        if record is None:
            self._delete_profile([self.defer()], protocol.Deleted(client_id, logged_out=False, link=link))
            return
        if not record.deletes:
            record.link = link
        record.deletes.append(self.defer())
        for reply_to in take(record.inits):
            reply_to.refuse(StartOvertaken(client_id, "deleted"))
        self._end(client_id, forget=True, log_out=order.log_out)

    def _link_left(self, order: protocol.Delete, record: ClientRecord | None) -> LinkLeft:
        """Return what a deletion says if nothing better comes of it."""
        state = State.NOT_INITIALIZED if record is None else record.status.state
        ready, linking = state is State.READY, record is not None and record.linking
        unlinked = state is State.QR_REQUIRED or not self._browser.has_login(order.client_id)
        if not ready and not linking and unlinked:
            return LinkLeft.NOT_LINKED
        if not order.log_out:
            return LinkLeft.NOT_REQUESTED
        if record is None and self._is_full():
            return LinkLeft.NO_CAPACITY
        return LinkLeft.NOT_CONFIRMED if ready else LinkLeft.NOT_REACHED

    def _begin_to_log_out(self, client_id: ClientId) -> ClientRecord | None:
        """Create the actor of a client that is to be deleted, for its logout; None if that fails, or comes too late."""
        if self._shut_downs:
            return None
        record = self._records[client_id] = ClientRecord(self._blank(client_id), ending=True)
        try:
            self._start_actor(client_id, None)
        except ChildNotStarted as error:
            del self._records[client_id]
            self.log.error("client.not_started", client=client_id, exc_info=error)
            return None
        return record

    def _stop_client(self, order: protocol.Stop) -> protocol.Stopped | None:
        client_id, record = order.client_id, self._records.get(order.client_id)
        if record is None:
            raise NoSuchClient(client_id)
        self._sessions.release(client_id)
        record.stops.append(self.defer())
        for reply_to in take(record.inits):
            reply_to.refuse(StartOvertaken(client_id, "stopped"))
        self._end(client_id, forget=False)
        return None

    def _shut_down_all(self, order: protocol.ShutDown) -> None:
        self._shut_downs.append(self.defer())
        self._turns.clear()
        for client_id in list(self._records):
            self._end(client_id, forget=False, within=order.seconds)
        self._stop_if_done()

    def _resume(self, order: Resume) -> None:
        if self._shut_downs:
            return
        for client_id in order.client_ids:
            if client_id in self._records:
                continue
            if self._is_full():
                self.log.warning("client.not_resumed", client=client_id, limit=self._rules.max_clients)
                continue
            self._turns.wait(client_id, Lane.ITSELF)
            self._begin(client_id, Origin.RESUME, None)
        self._next_turns()

    # --- ends, ordered and not; crashes of an actor, which are bugs ---------------------------------------------------

    def _cleanup(self, due: CleanupDue) -> None:
        record = self._records.get(due.client_id)
        if record is not None and record.status.state in TERMINAL:
            self.log.info("client.cleanup", client=due.client_id, state=record.status.state)
            self._end(due.client_id, forget=False)

    def child_terminated(self, key: Any, ref: ActorRef[Any], cause: BaseException | None) -> None:
        """Free the number of an actor that is gone, unless it crashed: then it is restarted."""
        self._directory.remove(key)
        record = self._records[key]
        for reply_to in take(record.starts):
            if not reply_to.answered:
                reply_to.refuse(self._why_not_started(record, key, cause))
        if cause is None or record.ending:
            self.stop_child(key)
            self._gone(key)
        elif record.status.state not in TERMINAL:
            self._crashed(record, f"Internal error: {cause!r}")

    def _why_not_started(self, record: ClientRecord, client_id: ClientId, cause: BaseException | None) -> Refusal:
        if cause is not None:
            return StartFailed(client_id, f"Internal error: {cause!r}")
        if self._shut_downs:
            return ShuttingDown()
        return StartOvertaken(client_id, "deleted" if record.deletes else "stopped")

    def _crashed(self, record: ClientRecord, text: str) -> None:
        """Record a crashed client as DISCONNECTED_RECOVERABLE until its restart."""
        before, at = record.status, self.clock.time()
        self._end_turn(before.client_id)
        lost, reason = State.DISCONNECTED_RECOVERABLE, Reason.ACTOR_CRASHED
        record.status = replace(self._blank(before.client_id), state=lost, reason=reason, reason_text=text, since=at)
        self._journal.changed(Transition(before.client_id, before.state, lost, "Crashed", reason, text, at))

    def wants_restart(self, key: Any, cause: BaseException) -> bool:
        """Return False for a client at its end: it has nothing to return for."""
        return self._records[key].status.state not in TERMINAL

    def child_restarted(self, key: Any, ref: ActorRef[Any]) -> None:
        """Resume the stored login in the new actor of the same number.

        Everything the crashed actor had open is killed, and the browser waits for that before it opens the profile
        again.
        """
        self._directory.enter(key, ref)
        self._tell_start(key, ref, Origin.RESUME, None)

    def child_given_up(self, key: Any, cause: BaseException) -> None:
        """Record the end: a client that crashed too often, or at its end, stays readable until the cleanup, as that end
        or as ERROR.
        """
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
        scanned = before is State.QR_REQUIRED and status.state is State.INITIALIZING
        record.linking = scanned or (record.linking and status.state in PERHAPS_LINKED)
        if scanned:
            self._perhaps_linked(protocol.PerhapsLinked(status.client_id))
        if status.state is State.QR_REQUIRED:
            record.link = LinkLeft.NOT_LINKED
        if status.state is State.READY:
            record.link = LinkLeft.NOT_CONFIRMED if record.link is LinkLeft.NOT_REACHED else record.link
            record.streak = self._rules.reconnection.ready(record.streak, self.now())
        if status.state in TERMINAL:
            self._ended(record)
        elif status.state is not State.NOT_INITIALIZED:
            record.logged_out = False
            self.cancel_timer(("cleanup", status.client_id))
            self._remember(record, before)
        if status.state not in STARTING:
            self._end_turn(status.client_id)

    def _perhaps_linked(self, fact: protocol.PerhapsLinked) -> None:
        """Let a deletion say that a device may be left."""
        record = self._records.get(fact.client_id)
        if record is not None and record.link is LinkLeft.NOT_LINKED:
            record.link = LinkLeft.NOT_REACHED

    def _remember(self, record: ClientRecord, before: State) -> None:
        """Store the session for the next start of the service. A deleted client has been forgotten already."""
        client_id, state = record.status.client_id, record.status.state
        if record.deletes:
            return
        if before in TERMINAL and not record.stops:  # the start was ordered before that end was known
            self._sessions.want(client_id)
        if state is State.READY:
            self._sessions.was_ready(client_id)
        elif state in (State.QR_REQUIRED, State.DISCONNECTED_RECOVERABLE) and before is not state:
            self._sessions.was_ready(client_id, ready=False)  # so that it resumes after those that are

    def _ended(self, record: ClientRecord) -> None:
        """Clean up a client at its end later; the end decides whether it is still wanted after a restart."""
        client_id, state = record.status.client_id, record.status.state
        record.logged_out = state is State.DISCONNECTED_LOGOUT and record.status.reason is not Reason.CONFLICT
        record.streak = Streak()
        if state is not State.ERROR and not record.deletes:  # a deleted client has been forgotten already
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
        self, record: ClientRecord, wish: protocol.ReconnectWanted
    ) -> protocol.ReconnectGranted | protocol.ReconnectRefused:
        if wish.reason in FINAL:
            return protocol.ReconnectRefused(wish.reason, wish.text)
        record.streak, grant = self._rules.reconnection.lost(record.streak, self.now(), self._chance)
        if grant is not None:
            return protocol.ReconnectGranted(grant.attempt, grant.delay)
        text = f"Max reconnection attempts reached ({wish.reason}: {wish.text})"
        return protocol.ReconnectRefused(Reason.ATTEMPTS_EXHAUSTED, text)

    # --- starts -------------------------------------------------------------------------------------------------------

    def _begin(
        self, client_id: ClientId, origin: Origin, reply_to: ReplyTo | None, cause: Correlation = UNCAUSED
    ) -> None:
        """Create the actor of a number that has none, and start it."""
        self._records[client_id] = ClientRecord(self._blank(client_id))
        try:
            ref = self._start_actor(client_id, None)
        except ChildNotStarted as error:
            del self._records[client_id]
            self._turns.leave(client_id)
            self.log.error("client.not_started", client=client_id, exc_info=error)
            if reply_to is not None:
                reply_to.refuse(StartFailed(client_id, str(error)))
            return
        self._sessions.want(client_id)
        turn = origin is Origin.CALLER and self._take_turn(client_id)
        self._tell_start(client_id, ref, origin, reply_to, cause, turn=turn)

    def _tell_start(
        self,
        client_id: ClientId,
        ref: ActorRef[Any],
        origin: Origin,
        reply_to: ReplyTo | None,
        cause: Correlation = UNCAUSED,
        *,
        turn: bool = False,
    ) -> None:
        record, place = self._records[client_id], self._turns.places().get(client_id)
        if reply_to is not None:
            record.starts = [start for start in record.starts if not start.answered] + [reply_to]
        tell(ref, protocol.Start(origin, reply_to, self._pairings.get(client_id, BanEvidence()), cause, turn, place))

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

    def _end(self, client_id: ClientId, *, forget: bool, within: Seconds | None = None, log_out: bool = False) -> None:
        """Let a client close itself; `child_terminated` reports the end of its processes."""
        self._records[client_id].ending = True
        self.cancel_timer(("cleanup", client_id))
        self._end_turn(client_id)
        ref = self.children.get(client_id)
        if ref is not None:
            tell(ref, protocol.Close(forget, within, log_out))
        else:  # it crashed, and waits for its restart
            self.stop_child(client_id)
            self._gone(client_id)

    def _gone(self, client_id: ClientId) -> None:
        record = self._records.pop(client_id)
        self.cancel_timer(("cleanup", client_id))
        self._end_turn(client_id)
        if record.deletes:
            link = None if record.logged_out else record.link
            self._delete_profile(record.deletes, protocol.Deleted(client_id, logged_out=link is None, link=link))
        for reply_to in record.stops:
            reply_to.answer(protocol.Stopped(client_id))
        if self._shut_downs:
            for reply_to in record.inits:
                reply_to.refuse(ShuttingDown())
        elif record.inits:
            self._begin(client_id, Origin.CALLER, record.inits[0], record.cause)
        self._stop_if_done()

    def _delete_profile(self, askers: list[ReplyTo], deleted: protocol.Deleted) -> None:
        """Answer a deletion once it is on disk, so that no crash brings the client back; the end waits for that too."""
        self._deletion += 1
        number = self._deletion
        self._deletions[number] = Deletion(tuple(askers), deleted)
        late = ProfileDeleted(number, f"the disk has not answered within {DELETION:g} s")
        self.start_timer(("deletion", number), DELETION, late)
        self._browser.drop_login(deleted.client_id, lambda why: self.tell_self(ProfileDeleted(number, why)))

    def _profile_deleted(self, fact: ProfileDeleted) -> None:
        deletion = self._deletions.pop(fact.number, None)
        if deletion is None:  # it was given up before
            return
        self.cancel_timer(("deletion", fact.number))
        deleted = deletion.deleted
        for reply_to in deletion.askers:
            if fact.why is None:
                reply_to.answer(deleted)
            else:
                reply_to.refuse(DeleteFailed(deleted.client_id, fact.why, logged_out=deleted.logged_out))
        self._stop_if_done()

    def _stop_if_done(self) -> None:
        if self._shut_downs and not self._records and not self._deletions:
            for reply_to in take(self._shut_downs):
                reply_to.answer(None)
            self.stop()

    # --- turns --------------------------------------------------------------------------------------------------------

    def _take_turn(self, client_id: ClientId) -> bool:
        """Give a client that a caller waits for its turn, or let it wait for that; return True if it has it."""
        turn = self._turns.take(client_id, Lane.CALLER)
        if turn:
            self._turn_begun(client_id)
        return turn

    def _turn_begun(self, client_id: ClientId) -> None:
        self.log.info("client.turn", client=client_id)
        self.start_timer(("turn", client_id), LAUNCH, TurnOver(client_id))

    def _turn_wanted(self, wish: protocol.TurnWanted) -> None:
        record = self._records.get(wish.client_id)
        if record is not None and not record.ending:
            self._turns.wait(wish.client_id, Lane.CALLER if wish.caller_waits else Lane.ITSELF)
            self._next_turns()

    def _launched(self, fact: protocol.Launched) -> None:
        self._turns.launched(fact.client_id)
        self._next_turns()

    def _settled(self, fact: protocol.LoadEnded | TurnOver) -> None:
        self._turns.settled(fact.client_id)
        self.cancel_timer(("turn", fact.client_id))
        self._next_turns()

    def _end_turn(self, client_id: ClientId) -> None:
        """Let the next client have the turn of one that needs none any more, or its place."""
        self._turns.leave(client_id)
        self.cancel_timer(("turn", client_id))
        self._next_turns()

    def _next_turns(self) -> None:
        """Give clients their turn, each for a limited time, and tell the others their places."""
        while (client_id := self._turns.next()) is not None:
            self._turn_begun(client_id)
            self._tell_client(client_id, protocol.TakeTurn())
        told, self._places = self._places, self._turns.places()
        for client_id, place in self._places.items():
            if told.get(client_id) != place:
                self._tell_client(client_id, protocol.TakePlace(place))

    def _tell_client(self, client_id: ClientId, message: object) -> None:
        ref = self._directory.find(client_id)
        if ref is not None:
            tell(ref, message)


def take(askers: list[ReplyTo]) -> list[ReplyTo]:
    """Return and remove all askers: each is answered once."""
    taken = askers.copy()
    askers.clear()
    return taken


def tell(ref: ActorRef[Any], message: object) -> None:
    """Send to a client, which may have died a moment ago: then its Terminated is on the way, and decides."""
    with suppress(ActorDeadError):
        ref.tell(message)


_HANDLERS: dict[type, Callable[[Supervisor, Any], object]] = {
    protocol.Init: Supervisor._init,
    protocol.Delete: Supervisor._delete,
    protocol.Stop: Supervisor._stop_client,
    protocol.GetClients: Supervisor._get_clients,
    protocol.ShutDown: Supervisor._shut_down_all,
    protocol.StatusChanged: Supervisor._status_changed,
    protocol.PairingChanged: Supervisor._pairing_changed,
    protocol.PerhapsLinked: Supervisor._perhaps_linked,
    protocol.ReconnectWanted: Supervisor._reconnect_wanted,
    protocol.Launched: Supervisor._launched,
    protocol.LoadEnded: Supervisor._settled,
    TurnOver: Supervisor._settled,
    protocol.TurnWanted: Supervisor._turn_wanted,
    CleanupDue: Supervisor._cleanup,
    ProfileDeleted: Supervisor._profile_deleted,
    Resume: Supervisor._resume,
}
