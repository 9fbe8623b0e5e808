"""Instants that callers name are of the host's clock, which goes on between two looks, and may be set, or sleep."""

from __future__ import annotations

import pytest

from actors.outbox.client_queue import CHECK
from actors.runtime.testing import ManualClock
from actors.store.message_states import MessageState
from tests.outbox.conftest import Open

S = MessageState


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
