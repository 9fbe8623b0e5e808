"""What is written of an attempt. Rule of this file: pure; one function for each of the three things that may follow."""

from __future__ import annotations

from typing import Any

from actors.clients.types import ClientId, Seconds
from actors.store.dead_letters import RecordReplayed, RecordReplayRetry
from actors.store.deliveries import RecordDeadLetter, RecordDelivered, RecordRetry
from actors.store.message import Write
from actors.webhooks.line import Job
from actors.webhooks.schedule import DeadLetter, Delivered, Retry

__all__ = ["record_of"]

Key = tuple[str, ClientId]


def record_of(key: Key, job: Job, decision: Delivered | Retry | DeadLetter, now: Seconds) -> Write[Any]:
    """The one write that settles an attempt at this job of this line, made at `now` (epoch seconds)."""
    match decision:
        case Delivered():
            return _delivered(key, job, decision, now)
        case Retry():
            return _retry(key, job, decision, now)
        case DeadLetter():
            return _dead(key, job, decision, now)


def _delivered(key: Key, job: Job, decision: Delivered, now: Seconds) -> Write[Any]:
    if job.letter is not None:
        return RecordReplayed(job.letter)
    return RecordDelivered(*key, job.sequence, decision.status, now)


def _retry(key: Key, job: Job, decision: Retry, now: Seconds) -> Write[Any]:
    attempts, until, why, status = job.failures + 1, now + decision.delay, decision.why, decision.status
    if job.letter is not None:
        return RecordReplayRetry(job.letter, attempts, until, why, status)
    return RecordRetry(*key, job.sequence, attempts, until, why, status)


def _dead(key: Key, job: Job, decision: DeadLetter, now: Seconds) -> Write[Any]:
    attempts, why, status = job.failures + 1, decision.why, decision.status
    if job.letter is not None:
        return RecordReplayRetry(job.letter, attempts, None, why, status)
    body = job.body.decode()
    return RecordDeadLetter(*key, job.sequence, job.event_id, job.event_type, body, attempts, why, status, now)
