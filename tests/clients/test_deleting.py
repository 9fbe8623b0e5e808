"""DELETE leaves no device at WhatsApp where that can be helped, and says so where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from actors.browser.fake import BY_HAND, Habits
from actors.clients.protocol import BrowserGone, Conflict, Delete, Deleted, Probed, QrScanned, QrShown, Ready, Stop
from actors.clients.types import LinkLeft, Reason, State
from tests.clients.rig import ONE, RULES, THREE, TWO, World, world

HANGS = Habits(opens=False)


def stopped(w: World) -> None:
    w.ready()
    w.ask(Stop(ONE)).get(timeout=0)


def lost(w: World) -> None:
    """The browser has gone, and an attempt is due in a while."""
    w.ready()
    w.crash()
    assert w.state() is State.DISCONNECTED_RECOVERABLE


def resuming(w: World) -> None:
    stopped(w)
    w.browser.habits = HANGS
    w.init()
    w.browser.habits = Habits()
    assert w.state() is State.RECONNECTING


def failed(w: World) -> None:
    """The client is in ERROR, with its login."""
    stopped(w)
    w.browser.fail_next(ONE, Reason.CHROMIUM_FAILED)
    w.init()
    assert w.state() is State.ERROR


def taken_over(w: World) -> None:
    w.ready()
    w.tell(Conflict("Opened elsewhere"))
    assert w.state() is State.DISCONNECTED_LOGOUT


def is_linked(w: World) -> bool:
    return "LogOut" not in [order.name for order in w.page().orders]


def of(w: World, *, log_out: bool = True) -> Deleted:
    answer: Deleted = w.ask(Delete(ONE, log_out)).get(timeout=0)
    assert w.clients() == []
    assert not w.browser.has_profile(ONE)
    assert w.memory.wanted == []
    return answer


def waiting_for_its_turn(w: World) -> None:
    stopped(w)
    w.browser.habits = HANGS
    w.resume(TWO, THREE, ONE)
    assert w.clients()[0] == (ONE, State.RECONNECTING)
    w.browser.habits = Habits()


@pytest.mark.parametrize("before", [World.ready, stopped, failed, taken_over])
def test_a_login_is_logged_out_before_it_is_deleted_whatever_the_client_does(before: Callable[[World], None]) -> None:
    with world() as w:
        before(w)
        assert of(w) == Deleted(ONE, logged_out=True, link=None)
        assert not is_linked(w)


def test_a_client_that_is_resuming_is_awaited_and_logged_out() -> None:
    with world() as w:
        resuming(w)
        deleted = w.delete()
        assert not deleted.is_answered()
        w.page().log_in("549")
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=True, link=None)


def scanned(w: World) -> None:
    """The phone has accepted the code, and the page logs in."""
    w.init()
    w.tell(QrShown("2@a", 20.0), QrScanned())
    assert w.state() is State.INITIALIZING


def test_an_account_that_was_just_scanned_is_awaited_and_logged_out() -> None:
    with world() as w:
        scanned(w)
        deleted = w.delete()
        assert not deleted.is_answered()
        w.page().log_in("549")
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=True, link=None)
        assert not w.browser.has_profile(ONE)


def test_a_scan_of_which_nothing_comes_is_told_as_perhaps_linked() -> None:
    with world() as w:
        scanned(w)
        deleted = w.delete()
        w.advance(RULES.times.connect + 1.0)
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_REACHED)


def test_a_scan_that_failed_left_nothing_to_log_out() -> None:
    with world() as w:
        scanned(w)
        w.tell(QrShown("2@b", 20.0))
        assert of(w) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_LINKED)


def looked(w: World) -> None:
    """The page answers the look that precedes its end: what it knew of a scan was told before."""
    w.tell(Probed(w.page().ordered("probe")[-1]["token"]))


def showing(w: World) -> None:
    w.init()
    w.tell(QrShown("2@a", 20.0))


def test_a_scan_that_the_page_had_not_told_is_awaited_and_logged_out() -> None:
    with world(Habits(opens=False, answers=False)) as w:
        showing(w)
        deleted = w.delete()
        w.tell(QrScanned())
        looked(w)
        assert not deleted.is_answered()
        w.browser.habits = Habits()
        w.page().log_in("549")
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=True, link=None)


def test_a_page_that_knows_of_no_scan_is_closed() -> None:
    with world(Habits(opens=False, answers=False)) as w:
        showing(w)
        deleted = w.delete()
        assert not deleted.is_answered()
        looked(w)
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_LINKED)


def test_a_page_that_shows_a_code_and_hangs_may_be_linked() -> None:
    with world(Habits(opens=False, answers=False)) as w:
        showing(w)
        deleted = w.delete()
        w.advance(RULES.times.probe_timeout)
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_REACHED)


@pytest.mark.parametrize("fact", [QrScanned(), Ready("549")])
def test_a_scan_while_the_page_closes_is_told_as_perhaps_linked(fact: QrScanned | Ready) -> None:
    with world(BY_HAND) as w:
        showing(w)
        deleted = w.delete()
        looked(w)
        w.tell(fact, BrowserGone(None, "Closed"))
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_REACHED)


def test_a_page_lost_between_scan_and_login_is_opened_again_to_log_out() -> None:
    with world() as w:
        scanned(w)
        w.browser.habits = HANGS
        w.crash()
        assert w.state() is State.DISCONNECTED_RECOVERABLE
        deleted = w.delete()
        assert not deleted.is_answered()
        w.page().log_in("549")
        w.clock.settle()
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=True, link=None)


def test_a_start_that_failed_between_scan_and_login_is_tried_again_to_log_out() -> None:
    with world(rules=replace(RULES, reconnection=replace(RULES.reconnection, limit=0))) as w:
        scanned(w)
        w.browser.habits = HANGS
        w.crash()
        assert w.state() is State.ERROR
        deleted = w.delete()
        w.advance(RULES.times.connect)
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_REACHED)


def test_a_lost_browser_is_opened_again_to_log_out() -> None:
    with world() as w:
        lost(w)
        assert of(w).logged_out


@pytest.mark.parametrize("before", [World.ready, stopped, lost, failed])
def test_the_caller_may_choose_to_leave_the_device_linked(before: Callable[[World], None]) -> None:
    with world() as w:
        before(w)
        opened = len(w.browser.opened)
        assert of(w, log_out=False) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_REQUESTED)
        assert len(w.browser.opened) == opened
        assert is_linked(w)


def test_a_whatsapp_that_is_out_of_reach_is_waited_for_with_a_bound() -> None:
    with world() as w:
        stopped(w)
        w.browser.habits = HANGS
        deleted = w.delete()
        w.advance(RULES.times.connect - 1.0)
        assert not deleted.is_answered()
        w.advance(2.0)
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_REACHED)
        assert not w.browser.has_profile(ONE)


def test_a_page_that_does_not_confirm_is_told() -> None:
    with world() as w:
        stopped(w)
        w.browser.habits = Habits(answers=False)
        deleted = w.delete()
        w.advance(RULES.times.log_out + 1.0)
        assert deleted.get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_CONFIRMED)


@pytest.mark.parametrize("reason", [Reason.CHROMIUM_FAILED, Reason.PAGE_UNREACHABLE])
def test_a_browser_that_does_not_start_is_not_tried_again(reason: Reason) -> None:
    with world() as w:
        stopped(w)
        w.browser.fail_next(ONE, reason)
        assert of(w) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_REACHED)


def test_a_login_that_the_phone_has_ended_meanwhile_counts_as_logged_out() -> None:
    with world() as w:
        stopped(w)
        w.browser.remove(ONE)
        assert of(w) == Deleted(ONE, logged_out=True, link=None)


def test_nothing_is_opened_where_nothing_is_linked() -> None:
    with world() as w:
        w.init()
        w.ask(Stop(ONE)).get(timeout=0)
        opened = len(w.browser.opened)
        assert of(w) == Deleted(ONE, logged_out=False, link=LinkLeft.NOT_LINKED)
        assert len(w.browser.opened) == opened


def test_a_service_that_is_full_opens_no_further_client_to_log_out() -> None:
    with world(rules=replace(RULES, max_clients=1)) as w:
        stopped(w)
        w.init(TWO)
        assert w.delete().get(timeout=0) == Deleted(ONE, logged_out=False, link=LinkLeft.NO_CAPACITY)
        assert not w.browser.has_profile(ONE)


def test_a_client_that_waits_for_its_turn_to_resume_is_opened_to_log_out() -> None:
    with world() as w:
        waiting_for_its_turn(w)
        deleted = w.delete().get(timeout=0)
        assert deleted == Deleted(ONE, logged_out=True, link=None)
        assert ONE not in dict(w.clients())
