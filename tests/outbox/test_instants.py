"""Instants that callers name are of the host's clock, which goes on between two looks, and may be set, or sleep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors.outbox.instants import CHECK
from actors.runtime.testing import ManualClock
from actors.store.message_states import MessageState
from actors.store.outbox import GetNextDue, NextMessages
from actors.store.store import Store
from tests.outbox.conftest import Open

S = MessageState


class Ticking(ManualClock):
    """Every look at it takes a second."""

    _looks = 0

    def time(self) -> float:
        self._looks += 1
        return super().time() + self._looks


class Watched:
    """A store that remembers from when on it was asked for what is due."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.looks: list[float] = []
        self.dues: list[float] = []

    def order(self, message: Any, then: Callable[[Any], None]) -> None:
        if isinstance(message, NextMessages):
            self.looks.append(message.at)
        if isinstance(message, GetNextDue):
            self.dues.append(message.at)
        self._store.order(message, then)


def test_nothing_becomes_due_between_the_look_for_what_is_and_the_look_for_what_will_be(opened: Open) -> None:
    watched: list[Watched] = []

    def watch(store: Store) -> Watched:
        watched.append(Watched(store))
        return watched[0]

    post = opened(clock=Ticking(), between=watch)
    post.ready()
    post.accept("later", send_at=post.clock.time() + 3600)
    assert watched[0].dues
    assert set(watched[0].dues) <= set(watched[0].looks)


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_what_waits_for_an_instant_is_not_late_because_the_clock_was_set(opened: Open, ahead: float) -> None:
    clock = ManualClock()
    post = opened(clock=clock)
    post.ready()
    at = clock.time() + 1800
    late, ended = post.accept("later", send_at=at), post.accept("never", send_at=at + 9999, expires_at=at)
    clock.set_by(ahead)
    post.clock.advance(CHECK if ahead > 0 else 1800 - ahead - 1)
    assert (post.delivered() == ["later"]) == (ahead > 0)
    assert (post.now(ended).state is S.EXPIRED) == (ahead > 0)
    post.clock.advance(1.0)
    assert post.now(late).state is S.SENT
    assert post.now(ended).state is S.EXPIRED
