"""The actor that delivers events to webhooks: it decides, the poster's loop sends, the store remembers.

The life of a delivery: an event is on disk (`Published`, or found by a read) → its cursor asks for a turn → POST →
`schedule.decide` judges the outcome → the decision is on disk (`Recorded`) → the cursor's next turn. A cursor (one
webhook, one client) has one delivery at a time, and the next begins only when the outcome of the last is on disk:
wherever the process ends, at most one delivery of a cursor is made twice, under the same request id, in order.

It never blocks (its start and end apart), never sends, never decides how long to wait. It logs ids, kinds and statuses;
no URL, header, body or secret.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from pykka import ActorDeadError

from actors.clients.types import ClientId, Seconds
from actors.runtime import Actor, Reply
from actors.store.errors import StoreUnavailable
from actors.store.events import Event
from actors.store.requests import Write
from actors.store.store import Store
from actors.store.webhooks import (
    Backlog,
    Due,
    GetBacklog,
    GetDue,
    PruneDeadLetters,
    RecordDeadLetter,
    RecordDelivered,
    RecordPassed,
    RecordReplayed,
    RecordReplayRetry,
    RecordRetry,
)
from actors.store.writer import Subscribe, Unsubscribe
from actors.webhooks.bodies import Bodies
from actors.webhooks.delivery_queue import (
    Cursor,
    DeliveryQueue,
    Job,
    Phase,
    ReadDue,
    Slots,
    Target,
    made_own,
    of_host,
    own_due,
)
from actors.webhooks.http import Post, Poster
from actors.webhooks.protocol import (
    Change,
    Changed,
    CursorRead,
    CursorsDue,
    GetSending,
    JobSettled,
    Key,
    Posted,
    PruneDue,
    Published,
    RecordAgain,
    Recorded,
    RefreshAgain,
    Refreshed,
    Subscribed,
)
from actors.webhooks.schedule import (
    DeadLetter,
    Delivered,
    Outcome,
    Retry,
    RetryPolicy,
    Unanswered,
    decide,
)
from actors.webhooks.signature import headers_of, request_id


@dataclass(frozen=True, slots=True)
class SenderOptions:
    """The options of the sender: `retry` is the default policy of webhooks; `total` and `per_host` limit attempts at a
    time.

    Seconds: dead letters are kept for `keep_dead_letters`; at the end, attempts in progress have `stop_grace`; the
    store is asked again after `store_retry`.
    """

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    total: int = 128
    per_host: int = 16
    batch: int = 100
    keep_dead_letters: Seconds = 30 * 24 * 3600.0
    stop_grace: Seconds = 2.0
    store_retry: Seconds = 1.0


class Sender(Actor):
    """The actor. It owns the poster: starts it with itself and stops it. The store must outlive it."""

    def __init__(
        self,
        store: Store,
        poster: Poster,
        options: SenderOptions = SenderOptions(),
        *,
        bodies: Bodies | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__()
        self._bodies = bodies or Bodies()
        self._store, self._poster, self._options, self._chance = store, poster, options, chance
        # Looked up on use: the actor's clock may be replaced before it starts.
        self._queue = DeliveryQueue(
            lambda: self.clock.monotonic(), Slots(options.total, options.per_host), self._bodies
        )
        self._heard: dict[Key, Outcome] = {}
        """Outcomes that may not have been handled; the poster's thread puts them in."""
        self._refreshes = 0
        self._meanwhile: set[ClientId] = set()
        """Clients with events during a read of the store: its answer may not include them."""

    def started(self) -> None:
        self._poster.start()
        self._subscribe()
        self.start_timer("prune", 0.0, PruneDue())

    def receive(self, message: object) -> object:
        if type(message) not in _HANDLERS:
            return super().receive(message)
        return _HANDLERS[type(message)](self, message)

    def closed(self, cause: BaseException | None) -> None:
        with suppress(ActorDeadError):
            self._store.writer.tell(Unsubscribe(self._tell_published))
        self._poster.stop(self._options.stop_grace)
        # Outcomes that arrived after the last message are written too: they need not arrive twice.
        for key, outcome in self._heard.items():
            if (cursor := self._queue.get(key)) is not None and cursor.job is not None:
                self._tell_store(self._settle(key, cursor.job, outcome).record)

    # The webhooks.

    def _subscribe(self) -> None:
        reply = cast("Reply[int]", self._store.writer.ask(Subscribe(self._tell_published), block=False))
        reply.add_callback(lambda: self._tell(Subscribed()))

    def _change(self, message: Change) -> None:
        reply_to = self.defer()
        self._store.order(message.write, lambda answer: self._tell(Changed(reply_to, answer)))

    def _refresh(self, reply_to: Any = None, answer: object = None) -> None:
        self._refreshes += 1
        self._store.order(GetBacklog(), lambda backlog: self._tell(Refreshed(backlog, reply_to, answer)))

    def _changed(self, message: Changed) -> None:
        if isinstance(message.answer, Exception):
            message.reply_to.refuse(message.answer)
            if isinstance(message.answer, StoreUnavailable):  # A server that went away in the commit may have done it.
                self._refresh()
        else:
            self._refresh(message.reply_to, message.answer)

    def _refreshed(self, message: Refreshed) -> None:
        self._refreshes -= 1
        if isinstance(message.backlog, Exception):
            self.log.warning("webhooks.not_read", reason=str(message.backlog))
            self.start_timer("refresh", self._options.store_retry, RefreshAgain())
        else:
            self._take(message.backlog)
        if message.reply_to is not None:
            message.reply_to.answer(message.answer)

    def _take(self, backlog: Backlog) -> None:
        targets = {webhook.id: Target.of(webhook, self._options.retry) for webhook in backlog.webhooks}
        self._queue.retarget(targets, backlog.keys, self._meanwhile)
        if not self._refreshes:
            self._meanwhile.clear()
        self._run()

    # The events to deliver.

    def _published(self, message: Published) -> None:
        if self._refreshes:
            self._meanwhile.update(event.client_id for event in message.events)
        for event in message.events:
            self._queue.offer(event)
        self._run()

    def _wake_rested(self, _message: CursorsDue) -> None:
        self._queue.wake_rested()
        self._run()

    # A turn.

    def _run(self) -> None:
        for key, todo in self._queue.turns():
            self._turn(key, todo)
        if (rested := self._queue.next_rest) is not None:
            self.start_timer("lines", max(0.0, rested - self.clock.monotonic()), CursorsDue())

    def _turn(self, key: Key, todo: Job | ReadDue | None) -> None:
        cursor = self._queue.get(key)
        match todo:
            case ReadDue() if cursor is not None:
                self._order_read(key, cursor)
            case Job(body=None) if cursor is not None:
                self._pass_over(key, cursor, todo)
            case Job() if cursor is not None:
                self._post(key, cursor, todo)
            case _:
                self._queue.end_turn(key)

    def _order_read(self, key: Key, cursor: Cursor) -> None:
        reading, patterns = cursor.begin_reading(), self._bodies.types(self._queue.target(key).webhook)
        question = GetDue(*key, patterns, self._options.batch)
        self._store.order(question, lambda due: self._tell(CursorRead(key, reading, due)))

    def _read(self, message: CursorRead) -> None:
        key, due, cursor = message.key, message.due, self._queue.get(message.key)
        if isinstance(due, Exception):
            self.log.warning("webhook.not_read", webhook=key[0], client=key[1], reason=str(due))
            self._queue.put_off(key, self.clock.monotonic() + self._options.store_retry)
        elif cursor is None or message.reading != cursor.reading:
            self._queue.end_turn(key)
        else:
            self._take_due(key, cursor, due)
            self._turn(key, self._queue.todo(key))
        self._run()

    def _take_due(self, key: Key, cursor: Cursor, due: Due) -> None:
        policy = self._queue.target(key).policy
        cursor.take(own_due(self.clock, due, max(policy.cap, policy.retry_after_cap)))
        if due.missed:
            self.log.warning("webhook.may_have_missed", webhook=key[0], client=key[1], at_most=due.missed)
        if not due.events and due.read_to > due.progress.sequence:
            self._tell_store(RecordPassed(*key, due.read_to))

    def _pass_over(self, key: Key, cursor: Cursor, job: Job) -> None:
        """Settle an event that the webhook does not want after all."""
        cursor.phase, cursor.job = Phase.RECORDING, job
        self._write(Recorded(key, JobSettled(RecordPassed(*key, job.sequence)), None))

    def _post(self, key: Key, cursor: Cursor, job: Job) -> None:
        assert job.body is not None
        webhook = self._queue.target(key).webhook
        cursor.phase, cursor.job = Phase.POSTING, job
        headers = headers_of(
            job.body,
            request_id=request_id(key[0], job.event_id),
            at=self.clock.time(),
            secret=webhook.secret,
            custom=webhook.headers,
        )
        self._poster.post(Post(webhook.url, headers, job.body), lambda outcome: self._hear(key, outcome))

    def _posted(self, message: Posted) -> None:
        key, cursor = message.key, self._queue.get(message.key)
        self._heard.pop(key, None)
        if cursor is None or cursor.job is None:
            self._queue.end_turn(key)
            self._run()
        else:
            cursor.phase = Phase.RECORDING
            settled = self._settle(key, cursor.job, message.outcome)
            slow = isinstance(message.outcome, Unanswered) and message.outcome.slow
            self._write(Recorded(key, settled, slow))

    def _settle(self, key: Key, job: Job, outcome: Outcome) -> JobSettled:
        now, policy = self.clock.time(), self._queue.target(key).policy
        failing = 0.0 if job.failing_since is None else self.clock.monotonic() - job.failing_since
        attempt = job.failures + 1
        decision = decide(policy, outcome, attempt=attempt, failing=failing, now=now, random=self._chance)
        self._log_failure(key, job, decision)
        return settle(key, of_host(self.clock, job), decision, now)

    def _log_failure(self, key: Key, job: Job, decision: Delivered | Retry | DeadLetter) -> None:
        facts = {"webhook": key[0], "client": key[1], "event_id": job.event_id, "attempt": job.failures + 1}
        if isinstance(decision, DeadLetter):
            self.log.warning("webhook.dead_letter", **facts, reason=decision.why)
        elif isinstance(decision, Retry) and not job.failures:
            self.log.info("webhook.retried", **facts, reason=decision.why)

    def _write(self, message: Recorded) -> None:
        def then(answer: object) -> None:
            self._tell(replace(message, error=answer if isinstance(answer, Exception) else None))

        self._store.order(message.settled.record, then)

    def _recorded(self, message: Recorded) -> None:
        if message.error is None:
            self._conclude(message, self._queue.get(message.key))
        else:
            # Nothing else may be delivered on this cursor before this is known to be on disk.
            self.log.error("webhook.not_recorded", webhook=message.key[0], reason=str(message.error))
            self.start_timer(("record", message.key), self._options.store_retry, RecordAgain(message))

    def _conclude(self, message: Recorded, cursor: Cursor | None) -> None:
        if cursor is not None and cursor.job is not None:
            since = made_own(self.clock, message.settled.failing_since)
            until = made_own(self.clock, message.settled.until)
            if until is None:
                cursor.settled(cursor.job, since)
            else:
                cursor.rest(cursor.job, until, since)
        self._queue.end_turn(message.key, slow=message.slow)
        self._run()

    # The rest.

    def _prune(self) -> None:
        self._tell_store(PruneDeadLetters(self.clock.time() - self._options.keep_dead_letters))
        self.start_timer("prune", 3600.0, PruneDue())

    def _tell_store(self, fact: Write[Any]) -> None:
        with suppress(ActorDeadError):
            self._store.tell(fact)

    def _tell_published(self, events: tuple[Event, ...]) -> None:
        """Send Published. Runs in the store's thread."""
        self.actor_ref.tell(Published(events))

    def _hear(self, key: Key, outcome: Outcome) -> None:
        """Store and send an outcome. Runs in the poster's thread."""
        self._heard[key] = outcome
        self._tell(Posted(key, outcome))

    def _tell(self, message: object) -> None:
        """Send a message to this actor. Any thread: the store's, the poster's."""
        with suppress(ActorDeadError):
            self.actor_ref.tell(message)


_HANDLERS: dict[type, Callable[[Sender, Any], object]] = {
    Published: Sender._published,
    Posted: Sender._posted,
    Recorded: Sender._recorded,
    RecordAgain: lambda sender, message: sender._write(message.failed),
    CursorRead: Sender._read,
    CursorsDue: Sender._wake_rested,
    Change: Sender._change,
    Changed: Sender._changed,
    Subscribed: lambda sender, _: sender._refresh(),
    RefreshAgain: lambda sender, _: sender._refresh(),
    Refreshed: Sender._refreshed,
    PruneDue: lambda sender, _: sender._prune(),
    GetSending: lambda sender, _: sender._queue.sending,
}
"""The handler of each message; it runs in the sender's thread."""


def settle(key: Key, job: Job, decision: Delivered | Retry | DeadLetter, now: Seconds) -> JobSettled:
    """Return the record of an attempt at `job` that ended at `now` (epoch seconds). Pure."""
    match decision:
        case Delivered():
            return _delivered(key, job, decision, now)
        case Retry():
            return _retry(key, job, decision, now)
        case DeadLetter():
            return _dead(key, job, decision, now)


def _delivered(key: Key, job: Job, decision: Delivered, now: Seconds) -> JobSettled:
    if job.letter is not None:
        return JobSettled(RecordReplayed(job.letter))
    return JobSettled(RecordDelivered(*key, job.sequence, decision.status, now))


def _retry(key: Key, job: Job, decision: Retry, now: Seconds) -> JobSettled:
    attempts, until, why, status = job.failures + 1, now + decision.delay, decision.why, decision.status
    since = now if job.failing_since is None else job.failing_since
    if job.letter is not None:
        return JobSettled(RecordReplayRetry(job.letter, attempts, until, why, status), until)
    return JobSettled(RecordRetry(*key, job.sequence, attempts, until, since, why, status), until, since)


def _dead(key: Key, job: Job, decision: DeadLetter, now: Seconds) -> JobSettled:
    attempts, why, status = job.failures + 1, decision.why, decision.status
    if job.letter is not None:
        return JobSettled(RecordReplayRetry(job.letter, attempts, None, why, status))
    # A target that refuses this event is alive: it does not count as failing.
    since = None if decision.final else (now if job.failing_since is None else job.failing_since)
    event = (job.event_id, job.event_type, (job.body or b"").decode())
    return JobSettled(RecordDeadLetter(*key, job.sequence, *event, attempts, why, status, since, now), None, since)
