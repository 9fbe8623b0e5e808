"""What callers who wait are told, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.browser.fake import Fate, Habits, always
from actors.clients.errors import NotReady
from actors.clients.operations.messages import LookedUp
from actors.clients.policy import Times
from actors.clients.protocol import Answered
from actors.outbox.reconciliation import BETWEEN_TRIES, TRIES
from actors.store.message_states import MessageState
from tests.outbox.conftest import ONE, RULES, Open, Post

S = MessageState


def test_a_caller_who_waits_is_told_the_outcome(post: Post) -> None:
    post.ready()
    message = post.accept("hello")
    assert post.wait(message).get(timeout=5).state is S.SENT


def test_a_withdrawing_caller_is_refused_at_once_while_the_client_cannot_send(post: Post) -> None:
    message = post.accept("hello")
    with pytest.raises(NotReady):
        post.wait(message, withdraw=True).get(timeout=5)
    assert post.now(message).state is S.CANCELLED
    post.ready()
    assert post.delivered() == []


def test_a_withdrawing_caller_hears_at_once_that_a_message_may_have_left_with_a_lost_page(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.PENDING))
    message = post.accept("hello")
    reply = post.wait(message, withdraw=True)
    post.browser.crash(ONE)
    post.clock.settle()
    assert reply.get(timeout=5).state is S.SENDING


def test_a_withdrawing_caller_who_waits_behind_others_gets_his_message_back_after_his_time(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.PENDING))
    post.accept("first")
    second = post.accept("second")
    reply = post.wait(second, 3.0, withdraw=True)
    post.clock.advance(3.0)
    assert reply.get(timeout=5).state is S.CANCELLED


def test_a_patient_caller_is_told_how_it_stands_after_his_time(post: Post) -> None:
    reply = post.wait(post.accept("hello"), 3.0)
    post.clock.advance(3.0)
    assert reply.get(timeout=5).state is S.QUEUED


@pytest.mark.parametrize("withdraw", [True, False])
@pytest.mark.parametrize("patience", [3.0, 60.0])
@pytest.mark.parametrize(
    ("fate", "state"),
    [(Fate.SENT, S.SENT), (Fate.REFUSED, S.FAILED), (Fate.UNSETTLED, S.SENT), (Fate.ACK_LOST, S.SENT)],
)
def test_what_the_page_knows_is_told_whether_the_callers_time_is_over_first_or_the_pages(
    post: Post, fate: Fate, state: MessageState, patience: float, withdraw: bool
) -> None:
    post.ready()
    post.browser.habits = Habits(sends=always(fate))
    reply = post.wait(post.accept("hello"), patience, withdraw=withdraw)
    post.clock.advance(patience)
    assert reply.get(timeout=5).state is state


def test_an_outcome_that_even_the_page_does_not_know_is_told_as_open_and_nothing_leaves_again(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.PENDING))
    message = post.accept("hello")
    reply = post.wait(message, 3.0, withdraw=True)
    post.clock.advance(3.0)
    assert reply.get(timeout=5).state is S.SENDING
    assert len(post.browser.page(ONE).ordered("LookUp")) == 1
    post.clock.advance(31.0 + TRIES * BETWEEN_TRIES)
    assert post.now(message).state is S.UNKNOWN
    assert len(post.browser.page(ONE).ordered("SendText")) == 1


def test_a_page_that_is_asked_for_a_caller_proves_nothing_by_absence_while_it_has_the_message(post: Post) -> None:
    """It may be about to file it; only a page that has given the message up, or a new one, is believed."""
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.PENDING), answers=False)
    message = post.accept("hello")
    reply = post.wait(message, 3.0, withdraw=True)
    post.clock.advance(3.0)
    page = post.browser.page(ONE)
    (asked,) = page.ordered("LookUp")
    page.tell(Answered(asked["order"], LookedUp(None, complete=True)))
    post.clock.settle()
    assert reply.get(timeout=5).state is S.SENDING
    assert post.now(message).state is S.SENDING
    assert len(page.ordered("SendText")) == 1


def test_a_caller_whose_page_does_not_answer_either_is_told_how_it_stands(opened: Open) -> None:
    post = opened(rules=replace(RULES, times=Times(send=60.0, answer=5.0)))
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.ACK_LOST), answers=False)
    reply = post.wait(post.accept("hello"), 3.0, withdraw=True)
    post.clock.advance(8.0)
    assert reply.get(timeout=5).state is S.SENDING


def test_whoever_else_waits_for_a_message_that_is_taken_back_hears_the_same(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.PENDING))
    post.accept("first")
    second = post.accept("second")
    replies = [post.wait(second, withdraw=True), post.wait(second)]
    post.browser.cut(ONE)
    post.clock.settle()
    assert post.now(second).state is S.CANCELLED
    for reply in replies:
        with pytest.raises(NotReady):
            reply.get(timeout=5)


def test_whoever_else_waits_for_a_message_whose_callers_time_is_over_hears_the_same(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.PENDING))
    post.accept("first")
    second = post.accept("second")
    replies = [post.wait(second, 3.0, withdraw=True), post.wait(second)]
    post.clock.advance(3.0)
    assert [reply.get(timeout=5).state for reply in replies] == [S.CANCELLED, S.CANCELLED]
