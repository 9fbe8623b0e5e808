"""A program that delivers webhooks from a store and ends without a word at one exact point: `DIRECTORY POINT NTH`.

Exits 9 there. Rule of this file: the product is not prepared for this in any way; its methods are wrapped from outside.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from actors.store.requests import Write
from actors.store.store import Store
from actors.store.webhooks import RecordDeadLetter, RecordDelivered, RecordRetry
from actors.store.writer import GroupCommit, Settle
from actors.webhooks.http import HttpPoster, Post, Then
from actors.webhooks.protocol import Recorded
from actors.webhooks.schedule import Outcome
from actors.webhooks.sender import Sender
from tests.webhooks.sending import opened, sending

RECORDS = (RecordDelivered, RecordRetry, RecordDeadLetter)
CRASHED = 9


@dataclass
class Crash:
    """The point at which to end, and the how-manieth time."""

    point: str
    nth: int

    def __post_init__(self) -> None:
        self._times = count(1)

    def at(self, point: str) -> None:
        if point == self.point and next(self._times) == self.nth:
            os._exit(CRASHED)


def wrap(crash: Crash) -> None:
    """Put the points around the durable steps of a delivery."""
    _wrap_posting(crash, HttpPoster.post)
    _wrap_order(crash, Store.order)
    _wrap_commit(crash, GroupCommit.commit)
    _wrap_conclude(crash, Sender._conclude)


def _wrap_posting(crash: Crash, whole: Callable[..., None]) -> None:
    def post(self: HttpPoster, post: Post, then: Then) -> None:
        def heard(outcome: Outcome) -> None:
            crash.at("answered")
            then(outcome)

        crash.at("before the post")
        whole(self, post, heard)

    HttpPoster.post = post  # type: ignore[method-assign]  # a crash point


def _wrap_order(crash: Crash, whole: Callable[..., None]) -> None:
    def order(self: Store, message: Any, then: Callable[[Any], None]) -> None:
        if isinstance(message, RECORDS):
            crash.at("before the record")
        whole(self, message, then)

    Store.order = order  # type: ignore[method-assign]  # a crash point


def _wrap_commit(crash: Crash, whole: Callable[[GroupCommit], list[Settle]]) -> None:
    def commit(self: GroupCommit) -> list[Settle]:
        writes: list[Write[Any]] = [pending.write for pending in self._pending]
        is_ours = any(isinstance(write, RECORDS) for write in writes)
        if is_ours:
            crash.at("before the commit")
        answers = whole(self)
        if is_ours:
            crash.at("after the commit")
        return answers

    GroupCommit.commit = commit  # type: ignore[method-assign]  # a crash point


def _wrap_conclude(crash: Crash, whole: Callable[..., None]) -> None:
    def conclude(self: Sender, message: Recorded, cursor: Any) -> None:
        crash.at("recorded")
        whole(self, message, cursor)

    Sender._conclude = conclude  # type: ignore[method-assign]  # a crash point


def main() -> None:
    directory, point, nth = sys.argv[1:]
    wrap(Crash(point, int(nth)))
    with opened(Path(directory)) as store, sending(store):
        threading.Event().wait(20.0)


if __name__ == "__main__":
    main()
