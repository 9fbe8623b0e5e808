"""How accepted messages leave: their order, their outcomes, and who is told what."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actors.browser.fake import Fate, Habits, always
from actors.clients.errors import NotReady
from actors.clients.page_contract import SENDING, PageContract
from actors.clients.protocol import ContractRead, Delete
from actors.outbox.client_queue import Pace
from actors.outbox.protocol import GiveUp
from actors.outbox.reconciliation import BETWEEN_TRIES, TRIES
from actors.store.message_states import MessageState
from actors.store.outbox import ClaimNext
from tests.outbox.conftest import CHAT, ONE, OTHER, Open, Post
from tests.store.doubt import break_after_commit_of

S = MessageState


def test_what_was_accepted_before_the_client_is_ready_leaves_when_it_is(post: Post) -> None:
    message = post.accept("hello")
    assert post.now(message).state is S.QUEUED
    post.ready()
    assert post.delivered() == ["hello"]
    settled = post.now(message)
    assert (settled.state, settled.full_id) == (S.SENT, f"true_{CHAT}_{message.message_id}")


def test_what_a_page_cannot_send_waits_until_there_is_one_that_can(post: Post) -> None:
    post.browser.habits = Habits(contract=PageContract("2.3000.1", missing=("unixTime",), lost=frozenset({SENDING})))
    message = post.accept("before")
    post.ready()
    other = post.accept("after")
    post.clock.advance(60.0)
    assert post.delivered() == []
    assert {post.now(one).state for one in (message, other)} == {S.QUEUED}
    post.browser.page(ONE).tell(ContractRead(PageContract("2.3000.1")))
    post.clock.settle()
    assert post.delivered() == ["before", "after"]


def test_a_page_that_can_send_no_more_keeps_what_is_queued(post: Post) -> None:
    post.ready()
    post.browser.page(ONE).tell(ContractRead(PageContract(missing=("unixTime",), lost=frozenset({SENDING}))))
    post.clock.settle()
    message = post.accept("hello")
    waits = post.wait(message, 5.0, withdraw=True)
    with pytest.raises(NotReady):
        waits.get(timeout=5)
    assert post.delivered() == []
    assert post.now(message).state is S.CANCELLED


def test_messages_of_a_client_leave_in_the_order_of_acceptance_whatever_their_chats(post: Post) -> None:
    texts = [f"{number}" for number in range(30)]
    for number, text in enumerate(texts):
        post.accept(text, CHAT if number % 3 else OTHER)
    post.ready()
    assert post.delivered() == texts


def test_an_urgent_message_goes_ahead_of_bulk(post: Post) -> None:
    for text in ("bulk 1", "bulk 2"):
        post.accept(text)
    post.accept("your code is 1234", OTHER, priority=1)
    post.ready()
    assert post.delivered() == ["your code is 1234", "bulk 1", "bulk 2"]


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        (Fate.SENT, S.SENT),
        (Fate.REFUSED, S.FAILED),
        (Fate.UNSETTLED, S.SENT),
        (Fate.ACK_LOST, S.SENT),
        (Fate.PENDING, S.UNKNOWN),
    ],
)
def test_each_outcome_of_a_page_ends_in_its_state(post: Post, fate: Fate, state: MessageState) -> None:
    post.ready()
    post.browser.habits = Habits(sends=always(fate))
    message = post.accept("hello")
    post.clock.advance(31.0 + TRIES * BETWEEN_TRIES)
    settled = post.now(message)
    assert settled.state is state
    assert (settled.reason is None) == (state is S.SENT)


def test_an_acknowledgement_settles_what_was_unknown(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.PENDING))
    message = post.accept("hello")
    post.clock.advance(31.0 + TRIES * BETWEEN_TRIES)
    assert post.now(message).state is S.UNKNOWN
    post.browser.acknowledge(ONE, f"true_{CHAT}_{message.message_id}", "5491122334455", 2)
    post.clock.settle()
    assert post.now(message).state is S.DELIVERED


def test_a_message_that_never_left_a_crashed_page_is_sent_when_it_is_back_and_once(post: Post) -> None:
    fates = iter([Fate.CRASH_BEFORE])
    post.ready()
    post.browser.habits = Habits(sends=lambda _: next(fates, Fate.SENT))
    message = post.accept("hello")
    assert post.now(message).state is S.SENDING
    post.clock.advance(5.0)
    assert post.now(message).state is S.SENT
    assert post.delivered() == ["hello"]


def test_a_message_that_left_before_the_crash_is_found_and_not_sent_again(post: Post) -> None:
    fates = iter([Fate.CRASH_AFTER])
    post.ready()
    post.browser.habits = Habits(sends=lambda _: next(fates, Fate.SENT))
    message = post.accept("hello")
    post.clock.advance(5.0)
    assert post.now(message).state is S.SENT
    assert post.delivered() == ["hello"]


def test_a_message_whose_sending_crashed_the_client_twice_is_set_aside_and_the_next_one_leaves(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=lambda m: Fate.CRASH_BEFORE if m.text == "poison" else Fate.SENT)
    poison, other = post.accept("poison"), post.accept("hello", OTHER)
    post.clock.advance(60.0)
    settled = post.now(poison)
    assert (settled.state, settled.attempts) == (S.FAILED, 2)
    assert settled.reason is not None
    assert "Set aside" in settled.reason
    assert post.now(other).state is S.SENT
    assert post.delivered() == ["hello"]


def test_what_waits_in_a_page_without_network_is_not_sent_again(post: Post) -> None:
    post.ready()
    post.browser.cut(ONE)
    post.clock.settle()
    message = post.accept("hello")
    assert post.now(message).state is S.QUEUED
    post.browser.mend(ONE)
    post.clock.settle()
    assert post.now(message).state is S.SENT
    assert post.delivered() == ["hello"]


def test_a_network_loss_during_a_send_ends_in_one_delivery(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.PENDING))
    message = post.accept("hello")
    post.browser.cut(ONE)
    post.clock.advance(5.0)
    post.browser.mend(ONE)
    post.clock.settle()
    assert post.now(message).state is S.SENT
    assert post.delivered() == ["hello"]


def test_the_pace_is_kept_and_urgent_messages_go_past_it(opened: Open) -> None:
    post = opened(pace=Pace(10.0, jitter=0.0))
    post.ready()
    for text in ("1", "2", "3"):
        post.accept(text)
    assert post.delivered() == ["1"]
    post.accept("code", OTHER, priority=1)
    assert post.delivered() == ["1", "code"]
    post.clock.advance(9.9)
    assert post.delivered() == ["1", "code"]
    post.clock.advance(20.0)
    assert post.delivered() == ["1", "code", "2", "3"]


@pytest.mark.parametrize("fate", [Fate.REFUSED, Fate.CRASH_AFTER, Fate.UNSETTLED])
def test_the_pace_is_kept_whatever_becomes_of_a_message(opened: Open, fate: Fate) -> None:
    fates = iter([fate])
    post = opened(pace=Pace(10.0, jitter=0.0))
    post.ready()
    post.browser.habits = Habits(sends=lambda _: next(fates, Fate.SENT))
    for text in ("1", "2"):
        post.accept(text)
    post.clock.advance(9.9)
    assert "2" not in post.delivered()
    post.clock.advance(0.2)
    assert "2" in post.delivered()


def test_a_scheduled_message_leaves_at_its_time(post: Post) -> None:
    post.ready()
    post.accept("later", send_at=post.clock.time() + 3600)
    post.accept("now")
    post.clock.advance(3599.0)
    assert post.delivered() == ["now"]
    post.clock.advance(1.0)
    assert post.delivered() == ["now", "later"]


def test_a_message_past_its_end_expires_and_never_leaves(post: Post) -> None:
    message = post.accept("hello", expires_at=post.clock.time() + 60)
    reply = post.wait(message, 120.0)
    post.clock.advance(60.0)
    assert reply.get(timeout=5).state is S.EXPIRED
    post.ready()
    assert post.delivered() == []


def test_a_message_that_turns_out_not_to_have_left_after_its_end_expires_then(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.CRASH_BEFORE), opens=False)
    message = post.accept("hello", expires_at=post.clock.time() + 10)
    post.clock.advance(20.0)
    assert post.now(message).state is S.SENDING
    post.browser.habits = Habits()
    post.clock.advance(120.0)
    assert post.now(message).state is S.EXPIRED
    assert post.delivered() == []


def test_what_a_deleted_client_has_queued_is_cancelled(post: Post) -> None:
    post.ready()
    post.browser.cut(ONE)
    post.clock.settle()
    message = post.accept("hello")
    post.supervisor.ask(Delete(ONE, log_out=False), timeout=5)  # nothing comes back that could log out
    post.dispatcher.tell(GiveUp(ONE))
    post.clock.settle()
    assert post.now(message).state is S.CANCELLED


@pytest.mark.parametrize("fate", [Fate.CRASH_BEFORE, Fate.CRASH_AFTER])
def test_after_a_restart_what_was_under_way_is_settled_by_what_the_page_knows(opened: Open, fate: Fate) -> None:
    first = opened()
    first.ready()
    first.browser.habits = Habits(sends=always(fate))
    message = first.accept("hello")
    assert first.now(message).state is S.SENDING
    first.close()

    second = opened(whatsapp=first.browser.whatsapp)
    second.ready()
    assert second.now(message).state is S.SENT
    assert second.delivered() == ["hello"]


def test_a_message_marked_in_a_commit_that_nobody_heard_of_leaves_all_the_same(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.ready()
    break_after_commit_of(ClaimNext, monkeypatch)
    message = post.accept("hello")
    post.clock.advance(10.0)
    post.accept("behind it")
    assert post.now(message).state is S.SENT
    assert post.delivered() == ["hello", "behind it"]


def test_a_message_whose_content_cannot_be_read_fails_and_what_is_behind_it_leaves(
    tmp_path: Path, opened: Open
) -> None:
    post = opened()
    bad, good = post.accept("damaged"), post.accept("whole")
    with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        database.execute("UPDATE outbox SET arguments = '{' WHERE id = ?", (bad.id,))
    post.ready()
    assert post.delivered() == ["whole"]
    assert (post.now(bad).state, post.now(good).state) == (MessageState.FAILED, MessageState.SENT)
    assert "cannot be read" in str(post.now(bad).reason)
