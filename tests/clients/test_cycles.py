"""Many lives one after the other, and many at a time: nothing is left of them."""

from __future__ import annotations

from actors.browser.fake import FakeBrowser, Fate, Habits, Outgoing
from actors.clients.operations.messages import SendText
from actors.clients.types import ClientId, State
from actors.runtime.testing import Leaks
from tests.clients.rig import CHAT, ONE, World, world


def test_five_hundred_lives_leave_nothing_behind(w: World) -> None:
    leaks = Leaks()
    for _ in range(500):
        w.ready()
        w.delete().get(timeout=0)
    leaks.check()
    assert w.browser.running() == []
    assert w.clients() == []
    assert len(w.browser.opened) == 500


def test_five_hundred_lives_that_end_by_cleanup_leave_nothing_behind(w: World) -> None:
    leaks = Leaks()
    for _ in range(500):
        w.ready()
        w.advance(601.0)
        w.browser.remove(ONE)
        w.advance(60.0)
        assert w.clients() == []
    leaks.check()


def test_many_clients_survive_many_crashes_at_once(w: World) -> None:
    clients = [ClientId(number) for number in range(1, 41)]
    for client in clients:
        w.ready(client)
    for _ in range(25):
        for client in clients:
            w.browser.crash(client)
        w.advance(120.0)
    assert w.clients() == [(client, State.READY) for client in clients]
    assert len(w.browser.running()) == len(clients)


def test_no_message_arrives_twice_whatever_crashes() -> None:
    fates = [Fate.SENT, Fate.CRASH_BEFORE, Fate.SENT, Fate.CRASH_AFTER, Fate.REFUSED, Fate.UNSETTLED]

    def fate(outgoing: Outgoing) -> Fate:
        return fates[int(outgoing.text) % len(fates)]

    browser = FakeBrowser(Habits(sends=fate))
    with world(browser=browser) as w:
        w.ready()
        for number in range(1200):
            w.ask(SendText(CHAT, str(number)), ONE)
            w.advance(70.0)
        assert w.state() is State.READY
    assert browser.whatsapp.duplicates() == []
    assert len(browser.whatsapp.deliveries) == 1200 * 4 // 6
