"""A Poster that times the attempts it hands on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actors.metrics.facts import OTHER, UNANSWERED
from actors.webhooks.schedule import Answered

if TYPE_CHECKING:
    from actors.metrics.facts import Facts
    from actors.webhooks.http import Post, Poster, Then
    from actors.webhooks.schedule import Outcome

_CLASSES = range(1, 6)


class TimedPoster:
    """Hands everything on. Any thread may call."""

    def __init__(self, poster: Poster, facts: Facts) -> None:
        self._poster, self._facts = poster, facts

    def start(self) -> None:
        """See the port."""
        self._poster.start()

    def post(self, post: Post, then: Then) -> None:
        """See the port."""
        began = time.monotonic()

        def hear(outcome: Outcome) -> None:
            self._facts.delivered(outcome_of(outcome), time.monotonic() - began)
            then(outcome)

        self._poster.post(post, hear)

    def stop(self, seconds: float) -> None:
        """See the port."""
        self._poster.stop(seconds)


def outcome_of(outcome: Outcome) -> str:
    """A class of status codes, or that there was no answer."""
    if not isinstance(outcome, Answered):
        return UNANSWERED
    hundreds = outcome.status // 100
    return f"{hundreds}xx" if hundreds in _CLASSES else OTHER
