"""What is written of an attempt, and what the line remembers of it.

Rule of this file: pure; one function for each of the three things that may follow. All instants are epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.clients.types import ClientId, Seconds
from actors.store.dead_letters import RecordReplayed, RecordReplayRetry
from actors.store.deliveries import RecordDeadLetter, RecordDelivered, RecordRetry
from actors.store.message import Write
from actors.webhooks.line import Job
from actors.webhooks.schedule import DeadLetter, Delivered, Retry

__all__ = ["Settled", "settle"]

Key = tuple[str, ClientId]


@dataclass(frozen=True, slots=True)
class Settled:
    """The job is settled, or rests `until` an instant; `record` is the one write that says so."""

    record: Write[Any]
    until: Seconds | None = None
    failing_since: Seconds | None = None


def settle(key: Key, job: Job, decision: Delivered | Retry | DeadLetter, now: Seconds) -> Settled:
    """What an attempt at this job of this line, which ended at `now` (epoch seconds), leads to."""
    match decision:
        case Delivered():
            return _delivered(key, job, decision, now)
        case Retry():
            return _retry(key, job, decision, now)
        case DeadLetter():
            return _dead(key, job, decision, now)


def _delivered(key: Key, job: Job, decision: Delivered, now: Seconds) -> Settled:
    if job.letter is not None:
        return Settled(RecordReplayed(job.letter))
    return Settled(RecordDelivered(*key, job.sequence, decision.status, now))


def _retry(key: Key, job: Job, decision: Retry, now: Seconds) -> Settled:
    attempts, until, why, status = job.failures + 1, now + decision.delay, decision.why, decision.status
    since = now if job.failing_since is None else job.failing_since
    if job.letter is not None:
        return Settled(RecordReplayRetry(job.letter, attempts, until, why, status), until)
    return Settled(RecordRetry(*key, job.sequence, attempts, until, since, why, status), until, since)


def _dead(key: Key, job: Job, decision: DeadLetter, now: Seconds) -> Settled:
    attempts, why, status = job.failures + 1, decision.why, decision.status
    if job.letter is not None:
        return Settled(RecordReplayRetry(job.letter, attempts, None, why, status))
    # A target that says no to this event is there: it does not count as failing.
    since = None if decision.final else (now if job.failing_since is None else job.failing_since)
    event = (job.event_id, job.event_type, job.body.decode())
    return Settled(RecordDeadLetter(*key, job.sequence, *event, attempts, why, status, since, now), None, since)
