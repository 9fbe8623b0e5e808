"""A client that is stopped: its page closes, its login stays, and only a start brings it back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.browser.fake import BY_HAND
from actors.clients.errors import NoSuchClient, StartOvertaken, StartUnderWay
from actors.clients.protocol import Deleted, Init, Probed, Ready, Started, Stop, Stopped
from actors.clients.types import LinkLeft, State
from tests.clients.rig import ONE, RULES, TWO, World, world


def test_a_stopped_client_keeps_its_login_and_is_not_resumed(w: World) -> None:
    w.ready()
    assert w.ask(Stop(ONE)).get(timeout=0) == Stopped(ONE)
    assert w.clients() == []
    assert w.browser.has_login(ONE)
    assert State.DISCONNECTED_LOGOUT not in w.memory.states()
    assert w.memory.wanted == []
    assert w.memory.forgotten == []
    with pytest.raises(NoSuchClient):
        w.ask(Stop(ONE)).get(timeout=0)


def test_a_stopped_client_starts_again_without_a_qr(w: World) -> None:
    w.ready()
    w.ask(Stop(ONE))
    assert isinstance(w.init(), Started)
    assert State.QR_REQUIRED not in w.memory.states()[-2:]
    assert w.memory.wanted == [ONE]


def test_a_stop_is_answered_once_nothing_of_the_client_is_left() -> None:
    with world(BY_HAND) as w:
        w.init()
        stopped = w.ask(Stop(ONE))
        started = w.ask(Init(ONE))
        with pytest.raises(StartUnderWay):
            w.init()
        assert not stopped.is_answered()
        w.page().end()
        w.clock.settle()
        assert stopped.get(timeout=0) == Stopped(ONE)
        assert isinstance(started.get(timeout=0), Started)


def test_a_stop_after_such_an_init_has_the_last_word() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.ask(Stop(ONE))
        started, stopped = w.ask(Init(ONE)), w.ask(Stop(ONE))
        with pytest.raises(StartOvertaken, match="was stopped while it started"):
            started.get(timeout=0)
        w.page().end()
        w.clock.settle()
        assert stopped.get(timeout=0) == Stopped(ONE)
        assert w.clients() == []


def test_a_delete_during_a_stop_deletes_and_both_are_answered() -> None:
    with world(BY_HAND) as w:
        w.init()
        stopped, deleted = w.ask(Stop(ONE)), w.delete()
        w.page().end()
        w.clock.settle()
        assert stopped.get(timeout=0) == Stopped(ONE)
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_LINKED)
        assert not w.browser.has_login(ONE)


def test_a_resumed_client_that_waits_for_its_turn_can_be_stopped() -> None:
    with world(BY_HAND, replace(RULES, start_concurrency=1)) as w:
        for client in (ONE, TWO):
            w.browser.keep_login(client)
        w.resume(ONE, TWO)
        assert w.ask(Stop(TWO)).get(timeout=0) == Stopped(TWO)
        w.tell(Ready("549"), client_id=ONE)
        assert w.browser.opened == [ONE]


def test_the_memory_that_a_probe_measured_is_told_while_the_page_lives() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(Ready("549"))
        assert w.status().memory is None
        w.tell(Probed(1, 64 * 2**20))
        assert w.status().memory == 64 * 2**20
