"""Instants of two clocks: the host's, which somebody may set, and the sender's own, which nobody does.

What is on disk, and what others are told, is of the host's (epoch seconds). What a line waits for, and for how long it
has failed, is of the sender's own: a clock that is set in the meantime neither stops nor hastens it.
"""

from __future__ import annotations

from dataclasses import replace

from actors.clients.types import Seconds
from actors.runtime import Clock
from actors.store.deliveries import Due
from actors.webhooks.line import Job

__all__ = ["made_own", "of_host", "own_due"]


def made_own(clock: Clock, instant: Seconds | None) -> Seconds | None:
    """An instant of the host's clock, as it is set now, by the sender's own."""
    return None if instant is None else instant + _apart(clock)


def of_host(clock: Clock, job: Job) -> Job:
    """The job as it is put on disk."""
    since = job.failing_since
    return job if since is None else replace(job, failing_since=since - _apart(clock))


def own_due(clock: Clock, due: Due, longest: Seconds) -> Due:
    """What was read. The host's clock may have been set back since that was written: no rest is above `longest`."""
    apart, latest = _apart(clock), clock.monotonic() + longest  # once: what is due at one instant stays so

    def own(instant: Seconds | None) -> Seconds | None:
        return None if instant is None else min(instant + apart, latest)

    line = replace(due.line, next_at=own(due.line.next_at), failing_since=own(due.line.failing_since))
    replays = (replace(letter, next_at=own(letter.next_at), replay_at=own(letter.replay_at)) for letter in due.replays)
    return replace(due, line=line, replays=tuple(replays))


def _apart(clock: Clock) -> Seconds:
    return clock.monotonic() - clock.time()
