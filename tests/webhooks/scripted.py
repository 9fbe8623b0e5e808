"""A poster without a network: what it is to post it notes, and answers as a test says, at once or when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from actors.webhooks.http import Post, Then
from actors.webhooks.schedule import HttpAnswer, Outcome


class ScriptedPoster:
    """Implements `actors.webhooks.http.Poster`. `script` returns the outcome, or None for a post that hangs."""

    def __init__(self, script: Callable[[Post], Outcome | None] = lambda _: HttpAnswer(200)) -> None:
        self.script = script
        self.posts: list[Post] = []
        self.hanging: list[tuple[Post, Then]] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Nothing to begin."""

    def post(self, post: Post, then: Then) -> None:
        with self._lock:
            self.posts.append(post)
            outcome = self.script(post)
            if outcome is None:
                self.hanging.append((post, then))
        if outcome is not None:
            then(outcome)

    def stop(self, seconds: float) -> None:
        """Nothing to end."""

    def release(self, outcome: Outcome) -> None:
        """Answer all that hang."""
        with self._lock:
            hanging, self.hanging = self.hanging, []
        for _, then in hanging:
            then(outcome)

    def header(self, name: str) -> list[str]:
        """The values of a header, post by post."""
        return [dict(post.headers)[name] for post in self.posts]

    def times(self) -> list[float]:
        """When each post was made, in epoch seconds."""
        return [int(text) / 1000 for text in self.header("X-Webhook-Timestamp")]


def one_by_one(outcomes: Any) -> Callable[[Post], Outcome | None]:
    """A script that gives these outcomes, one after the other, then 200."""
    left = list(outcomes)
    return lambda _: left.pop(0) if left else HttpAnswer(200)
