"""Whoever waits gets an answer, whatever way the client ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pykka import ActorDeadError

from actors.browser.fake import BY_HAND, Fate, Habits, always
from actors.clients.errors import LogOutFailed, NotReady, PairingUnavailable, SendFailed, SendUnknown
from actors.clients.operations.account import LogOut, PairingCode, RequestPairingCode, Screenshot, TakeScreenshot
from actors.clients.operations.messages import SendText, Sent
from actors.clients.protocol import (
    Answered,
    AwaitState,
    Banned,
    Blocked,
    BrowserGone,
    Conflict,
    Delete,
    LinkLost,
    LoggedOut,
    OutcomeUnknown,
    PageFailed,
    QrScanned,
    QrShown,
    Ready,
    Refused,
    ShutDown,
)
from actors.clients.types import Reason, State
from actors.runtime import Reply
from tests.clients.rig import CHAT, ONE, World, world

QUESTIONS: dict[str, object] = {
    "waits for another state": AwaitState(frozenset({State.READY}), 3600.0),
    "has sent a text": SendText(CHAT, "hello"),
    "logs out": LogOut(),
    "takes a picture": TakeScreenshot(),
}

ENDS: dict[str, Callable[[World], object]] = {
    "the browser dies": lambda w: w.tell(BrowserGone(Reason.BROWSER_CRASHED, "died")),
    "the page fails": lambda w: w.tell(PageFailed(Reason.PAGE_LEFT, "left")),
    "the page hangs": lambda w: w.advance(35.0),
    "the phone logs out": lambda w: w.tell(LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "removed")),
    "the storage fails": lambda w: w.tell(LoggedOut(Reason.STORAGE_FAILED, "erased")),
    "a code is shown": lambda w: w.tell(QrShown("2@x", 20.0)),
    "the number is banned": lambda w: w.tell(Banned(Reason.BANNED, "banned")),
    "it is opened elsewhere": lambda w: w.tell(Conflict("elsewhere")),
    "a human is needed": lambda w: w.tell(Blocked(Reason.SCREEN_LOCKED, "locked")),
    "the actor meets a bug": lambda w: w.break_actor(),
    "the service ends": lambda w: w.ask(ShutDown(15.0)),
    "the supervisor is stopped": lambda w: w.supervisor.stop(),
    "the actor is stopped": lambda w: w.client().stop(),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_whoever_has_asked_is_answered_at_once_when(question: str, end: str) -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), QrScanned(), Ready("549"))
        reply = w.ask(QUESTIONS[question], ONE)
        assert not reply.is_answered()
        ENDS[end](w)
        assert reply.is_answered()


@pytest.mark.parametrize("question", QUESTIONS)
def test_whoever_has_asked_is_answered_when_the_client_is_deleted(question: str) -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), QrScanned(), Ready("549"))
        reply = w.ask(QUESTIONS[question], ONE)
        w.ask(Delete(ONE))
        w.tell(LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "removed"))
        assert reply.is_answered()


def test_a_text_is_answered_with_its_full_id(w: World) -> None:
    w.ready()
    sent = w.send("hello").get(timeout=0)
    assert isinstance(sent, Sent)
    assert sent.message_id == f"true_{CHAT}_{w.browser.whatsapp.deliveries[0].message_id}"


def test_texts_leave_in_the_order_in_which_they_were_accepted(w: World) -> None:
    w.ready()
    replies = [w.client().ask(SendText(CHAT, str(number)), block=False) for number in range(100)]
    w.clock.settle()
    assert [delivery.text for delivery in w.browser.whatsapp.deliveries] == [str(number) for number in range(100)]
    assert all(isinstance(reply.get(timeout=0), Sent) for reply in replies)


@pytest.mark.parametrize(
    ("fate", "error"),
    [
        (Fate.REFUSED, SendFailed),
        (Fate.UNSETTLED, SendUnknown),
        (Fate.CRASH_BEFORE, SendUnknown),
        (Fate.CRASH_AFTER, SendUnknown),
    ],
)
def test_each_fate_of_a_text_has_its_answer(w: World, fate: Fate, error: type[Exception]) -> None:
    w.ready()
    w.browser.habits = Habits(sends=always(fate))
    with pytest.raises(error):
        w.send().get(timeout=0)


def test_a_text_that_is_never_acknowledged_is_unknown_when_its_time_is_over(w: World) -> None:
    w.ready()
    w.browser.habits = Habits(sends=always(Fate.PENDING))
    reply = w.send()
    w.advance(29.9)
    assert not reply.is_answered()
    w.advance(0.1)
    with pytest.raises(SendUnknown, match="within 30 s") as caught:
        reply.get(timeout=0)
    order = w.page().ordered("SendText")[0]
    assert caught.value.message_id == order["order"]
    w.tell(OutcomeUnknown(order["order"], "late"))
    assert w.state() is State.READY


def test_a_text_to_a_client_that_is_not_ready_is_refused_with_its_state(w: World) -> None:
    w.init()
    with pytest.raises(NotReady, match="QR_REQUIRED"):
        w.send().get(timeout=0)


def asked_for_a_code(w: World, phone: str = "5491100000001") -> Reply[object]:
    return w.ask(RequestPairingCode(phone), ONE)


def test_a_pairing_code_is_answered_and_can_be_read_until_it_is_used(w: World) -> None:
    w.init()
    assert asked_for_a_code(w).get(timeout=0) == PairingCode("ABCD1234")
    assert w.status().pairing_code == "ABCD1234"
    w.browser.scan(ONE)
    assert w.status().pairing_code is None


def test_two_callers_get_each_the_code_for_their_own_phone() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0))
        first, second = asked_for_a_code(w, "1"), asked_for_a_code(w, "2")
        one, two = w.page().ordered("RequestPairingCode")
        w.tell(Refused(two["order"], "no"), Answered(one["order"], PairingCode("FIRST")))
        assert first.get(timeout=0) == PairingCode("FIRST")
        with pytest.raises(PairingUnavailable, match="no"):
            second.get(timeout=0)


def test_a_pairing_code_that_never_comes_is_refused_in_the_end() -> None:
    with world(Habits(answers=False)) as w:
        w.init()
        reply = asked_for_a_code(w)
        w.advance(30.0)
        with pytest.raises(PairingUnavailable, match="in time"):
            reply.get(timeout=0)


@pytest.mark.parametrize("fact", [QrScanned(), BrowserGone(Reason.BROWSER_CRASHED, "died"), Ready("549")], ids=repr)
def test_a_pairing_code_nobody_needs_any_more_is_refused(fact: QrScanned | BrowserGone | Ready) -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0))
        reply = asked_for_a_code(w)
        w.tell(fact)
        with pytest.raises((PairingUnavailable, NotReady)):
            reply.get(timeout=0)


def test_a_pairing_code_is_to_be_had_only_while_codes_are_shown(w: World) -> None:
    w.ready()
    with pytest.raises(PairingUnavailable, match="READY"):
        asked_for_a_code(w).get(timeout=0)


def test_a_picture_is_answered_or_refused() -> None:
    with world(BY_HAND) as w:
        w.init()
        taken, failed, late = (w.ask(TakeScreenshot(), ONE) for _ in range(3))
        one, two, _ = w.page().ordered("TakeScreenshot")
        w.tell(Answered(one["order"], Screenshot(b"PNG")), Refused(two["order"], "no"))
        assert taken.get(timeout=0) == Screenshot(b"PNG")
        with pytest.raises(NotReady):
            failed.get(timeout=0)
        w.advance(30.0)
        with pytest.raises(NotReady):
            late.get(timeout=0)


def test_a_logout_that_is_not_confirmed_is_told_so() -> None:
    with world(Habits(answers=False)) as w:
        w.ready()
        reply = w.ask(LogOut(), ONE)
        w.tell(LinkLost(Reason.NETWORK_LOST, "gone"))
        w.advance(15.0)
        with pytest.raises(LogOutFailed, match="DISCONNECTED_RECOVERABLE"):
            reply.get(timeout=0)


def test_everyone_who_logs_out_at_once_hears_the_same() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0), QrScanned(), Ready("549"))
        replies = [w.ask(LogOut(), ONE) for _ in range(3)]
        w.tell(LoggedOut(Reason.LOGGED_OUT_BY_API, "done"))
        assert {reply.get(timeout=0).state for reply in replies} == {State.DISCONNECTED_LOGOUT}


def test_a_client_that_is_gone_answers_nobody_any_more(w: World) -> None:
    w.ready()
    ref = w.client()
    w.delete()
    with pytest.raises(ActorDeadError):
        ref.ask(SendText(CHAT, "hello"), timeout=1.0)
