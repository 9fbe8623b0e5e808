"""Look-ups that come late or not at all: nothing is sent twice, and nothing stays in `sending` for ever."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.browser.fake import Fate, Habits, always
from actors.clients.operations.messages import LookedUp
from actors.clients.policy import Times
from actors.clients.protocol import Answered, OutcomeUnknown
from actors.clients.types import Reason
from actors.outbox.reconciliation import AT_ONCE
from actors.runtime import Reply
from actors.store.errors import StoreUnavailable
from actors.store.message_states import MessageState
from actors.store.outbox import ClaimNext, MarkSending, RequeueMessage, SettleMessage, Unsettled
from actors.store.store import Store
from tests.outbox.conftest import CHAT, ONE, RULES, Open, Post
from tests.store.asking import PATIENCE

S = MessageState


class Faulty:
    """A store that does not carry out the next order of some type."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.refuses: type | None = None

    def ask(self, message: Any) -> Reply[Any]:
        if self.refuses is None or not isinstance(message, self.refuses):
            return self._store.ask(message)
        self.refuses = None
        refused: Reply[Any] = Reply()
        refused.fail(StoreUnavailable("the disk is full", 1))
        return refused


def test_an_answer_from_before_a_message_left_again_proves_nothing(opened: Open) -> None:
    post = opened(rules=replace(RULES, times=Times(send=5.0, answer=60.0)))
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.CRASH_BEFORE), answers=False)
    message = post.accept("hello")
    post.clock.advance(2.0)
    page = post.browser.page(ONE)
    post.browser.cut(ONE)
    post.browser.mend(ONE)
    post.clock.settle()
    early, late = (order["order"] for order in page.ordered("LookUp"))

    post.browser.habits = Habits(sends=always(Fate.ACK_LOST), answers=False)
    page.tell(Answered(late, LookedUp(None, complete=True)))
    post.clock.settle()
    assert post.delivered() == ["hello"]
    post.browser.cut(ONE)
    post.clock.advance(6.0)
    assert post.now(message).state is S.SENDING
    post.browser.mend(ONE)
    page.tell(Answered(early, LookedUp(None, complete=True)))
    post.clock.advance(1.0)
    assert post.now(message).state is S.SENDING
    assert post.delivered() == ["hello"]


def test_a_page_that_gives_up_a_message_before_it_is_known_to_be_gone_leaves_nothing_unknown(opened: Open) -> None:
    post = opened()
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.PENDING))
    message = post.accept("hello")
    page = post.browser.page(ONE)
    page.tell(OutcomeUnknown(message.message_id, "The page went away before WhatsApp confirmed the message"))
    page.end(Reason.BROWSER_CRASHED, "Chromium died")
    post.browser.habits = Habits()
    post.clock.advance(5.0)
    assert post.now(message).state is S.SENT
    assert post.now(message).attempts == 1
    assert post.delivered() == ["hello"]


@pytest.mark.parametrize("fails", [ClaimNext, SettleMessage])
def test_what_the_store_could_not_write_is_made_up_for(opened: Open, fails: type) -> None:
    between: list[Faulty] = []

    def put(store: Store) -> Faulty:
        between.append(Faulty(store))
        return between[0]

    post = opened(between=put)
    post.ready()
    between[0].refuses = fails
    message = post.accept("hello")
    post.clock.advance(5.0)
    assert post.now(message).state is S.SENT
    assert post.delivered() == ["hello"]


@pytest.mark.parametrize("fails", [Unsettled, RequeueMessage])
def test_a_message_is_looked_up_once_more_where_the_store_failed_after_a_crash(opened: Open, fails: type) -> None:
    between: list[Faulty] = []

    def put(store: Store) -> Faulty:
        between.append(Faulty(store))
        return between[0]

    fates = iter([Fate.CRASH_BEFORE])
    post = opened(between=put)
    post.ready()
    post.browser.habits = Habits(sends=lambda _: next(fates, Fate.SENT))
    between[0].refuses = fails
    message = post.accept("hello")
    post.clock.advance(10.0)
    assert post.now(message).state is S.SENT
    assert post.delivered() == ["hello"]


def test_a_page_that_never_answers_a_look_up_is_asked_again(opened: Open) -> None:
    post = opened(rules=replace(RULES, times=Times(answer=5.0)))
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.CRASH_AFTER), answers=False)
    message = post.accept("hello")
    post.clock.advance(3.0)
    assert post.now(message).state is S.SENDING
    post.browser.habits = Habits()
    post.clock.advance(10.0)
    assert post.now(message).state is S.SENT
    assert post.delivered() == ["hello"]


def test_many_that_were_under_way_are_asked_about_some_at_a_time_and_each_once(opened: Open) -> None:
    post = opened()
    messages = [post.accept(f"text {number}", CHAT) for number in range(AT_ONCE * 2 + 10)]
    post.store.ask(MarkSending(tuple(message.id for message in messages), 1.0)).get(timeout=PATIENCE)
    post.browser.habits = Habits(answers=False)
    post.ready()
    page = post.browser.page(ONE)
    asked = page.ordered("LookUp")
    assert len(asked) == AT_ONCE
    post.browser.habits = Habits()
    for order in asked:
        page.tell(Answered(order["order"], LookedUp(None, complete=True)))
    post.clock.settle()
    for _ in messages:
        post.clock.advance(1.0)
    assert len(page.ordered("LookUp")) == len(messages)
    assert post.delivered() == [message.text for message in messages]


def test_what_is_behind_an_unknown_message_leaves_though_the_page_may_send_that_after_all(post: Post) -> None:
    post.ready()
    fates = iter([Fate.PENDING])
    post.browser.habits = Habits(sends=lambda _: next(fates, Fate.SENT))
    first, second = post.accept("first"), post.accept("second")
    post.clock.advance(120.0)
    assert post.now(first).state is MessageState.UNKNOWN
    assert (post.now(second).state, post.delivered()) == (MessageState.SENT, ["second"])
    post.browser.page(ONE).flush()
    assert post.delivered() == ["second", "first"]
