"""Another account behind a client: what was accepted for one never leaves from another, nor does its page judge it."""

from __future__ import annotations

import pytest

from actors.browser.fake import Fate, Habits
from actors.clients.protocol import Init, Ready
from actors.clients.types import UNNAMED, LinkedAccount
from actors.outbox.protocol import Queued
from actors.store.errors import MessageNotHeld
from actors.store.message_states import HeldBecause, MessageState
from actors.store.outbox import CancelHeld, GetHeld, ReleaseHeld, ReleaseMessage
from tests.outbox.conftest import CHAT, ONE, OTHER, Open, Post
from tests.store.asking import ask, events_after

S = MessageState
A, B = "5491100000001", "5491100000002"
PACE = 3600.0


def scan(post: Post, phone: str) -> None:
    """The client is started where it does not run, and a phone scans its code."""
    post.supervisor.ask(Init(ONE), timeout=5)
    post.clock.settle()
    post.browser.scan(ONE, phone)
    post.clock.settle()


def swap(post: Post, phone: str) -> None:
    """The account is logged out on its phone, and another phone scans the code."""
    post.browser.remove(ONE)
    post.clock.settle()
    scan(post, phone)


def waiting(post: Post, *texts: str) -> list[str]:
    """Messages that were accepted while the client could not send; return their ids."""
    post.browser.cut(ONE)
    post.clock.settle()
    return [post.accept(text).id for text in texts]


def last_change(post: Post) -> dict[str, object]:
    *_, event = events_after(post.store, types=("account.changed",))
    return dict(event.payload)


def test_two_names_with_one_in_common_are_one_account() -> None:
    both = LinkedAccount("1", "9@lid")
    assert both.is_same(LinkedAccount("1"))
    assert both.is_same(LinkedAccount("1", "8@lid"))
    assert both.is_same(LinkedAccount(None, "9@lid"))
    assert not both.is_same(LinkedAccount("2", "8@lid"))
    assert not UNNAMED.is_same(UNNAMED)


def test_what_was_accepted_for_one_account_does_not_leave_from_another(post: Post) -> None:
    scan(post, A)
    waiting(post, "for A")
    swap(post, B)
    (message,) = post.all()
    assert post.delivered() == []
    assert (message.state, message.held, message.account) == (S.QUEUED, HeldBecause.ACCOUNT_CHANGED, LinkedAccount(A))
    assert message.reason is not None
    assert f"accepted for {A}, and the client is linked to {B}" in message.reason
    told = {"phone": B, "previous_phone": A, "held": 1, "resumed": 0, "unknown": 0}
    assert told.items() <= last_change(post).items()
    post.accept("for B")
    assert post.delivered() == ["for B"]


def test_a_scheduled_message_does_not_leave_from_another_account_when_its_time_comes(post: Post) -> None:
    scan(post, A)
    message = post.accept("later", send_at=post.clock.time() + 60.0)
    swap(post, B)
    post.clock.advance(120.0)
    assert (post.delivered(), post.now(message).held) == ([], HeldBecause.ACCOUNT_CHANGED)


def test_what_was_held_goes_on_by_itself_when_its_account_is_back(post: Post) -> None:
    scan(post, A)
    waiting(post, "one", "two")
    swap(post, B)
    swap(post, A)
    assert post.delivered() == ["one", "two"]
    assert {"phone": A, "previous_phone": B, "held": 0, "resumed": 2}.items() <= last_change(post).items()
    assert [(message.held, message.reason) for message in post.all()] == [(None, None)] * 2


def test_a_message_under_way_is_unknown_and_the_other_page_is_not_asked(post: Post) -> None:
    scan(post, A)
    post.browser.habits = Habits(sends=lambda _: Fate.PENDING)
    message = post.accept("under way")
    assert post.now(message).state is S.SENDING
    post.browser.habits = Habits()
    swap(post, B)
    post.clock.advance(60.0)
    assert post.browser.page(ONE).ordered("LookUp") == []
    left = post.now(message)
    assert (left.state, post.delivered()) == (S.UNKNOWN, [])
    assert left.reason is not None
    assert A in left.reason
    assert last_change(post)["unknown"] == 1


def test_an_acknowledgement_from_the_page_of_another_account_settles_nothing(post: Post) -> None:
    scan(post, A)
    (id,) = waiting(post, "for A")
    swap(post, B)
    (message,) = post.all()
    assert message.id == id
    post.browser.acknowledge(ONE, f"true_{CHAT}_{message.message_id}", CHAT.partition("@")[0], 2)
    post.clock.settle()
    assert post.now(message).state is S.QUEUED
    swap(post, A)
    assert post.delivered() == ["for A"]
    post.browser.acknowledge(ONE, f"true_{CHAT}_{message.message_id}", CHAT.partition("@")[0], 2)
    post.clock.settle()
    assert post.now(message).state is S.DELIVERED


def test_what_is_accepted_before_the_first_account_is_for_the_first_that_is_linked(post: Post) -> None:
    post.supervisor.ask(Init(ONE), timeout=5)
    post.clock.settle()
    message = post.accept("hello")
    assert post.now(message).account is None
    scan(post, B)
    assert (post.delivered(), post.now(message).account) == (["hello"], LinkedAccount(B))
    assert events_after(post.store, types=("account.changed",)) == ()


def test_what_is_accepted_while_a_code_is_shown_is_for_the_account_before(post: Post) -> None:
    scan(post, A)
    post.browser.remove(ONE)
    post.supervisor.ask(Init(ONE), timeout=5)
    post.clock.settle()
    message = post.accept("for A still")
    scan(post, B)
    assert (post.delivered(), post.now(message).held) == ([], HeldBecause.ACCOUNT_CHANGED)


def test_whoever_decides_so_sends_held_messages_from_the_new_account(post: Post) -> None:
    scan(post, A)
    first, *_ = waiting(post, "one", "two", "three")
    swap(post, B)
    assert [(held.account, held.messages) for held in ask(post.store, GetHeld(ONE))] == [(LinkedAccount(A), 3)]
    released = ask(post.store, ReleaseMessage(ONE, first))
    assert (released.held, released.reason, released.account) == (None, None, LinkedAccount(B))
    post.dispatcher.tell(Queued(ONE))
    post.clock.settle()
    assert post.delivered() == ["one"]
    assert ask(post.store, ReleaseHeld(ONE)) == 2
    post.dispatcher.tell(Queued(ONE))
    post.clock.settle()
    assert post.delivered() == ["one", "two", "three"]
    with pytest.raises(MessageNotHeld):
        ask(post.store, ReleaseMessage(ONE, first))


def test_whoever_decides_so_cancels_held_messages(post: Post) -> None:
    scan(post, A)
    waiting(post, "one", "two")
    swap(post, B)
    assert ask(post.store, CancelHeld(ONE, post.clock.time())) == 2
    assert [message.state for message in post.all()] == [S.CANCELLED] * 2
    swap(post, A)
    assert post.delivered() == []


def test_held_messages_do_not_fill_the_outbox_of_the_account_that_is_linked(post: Post) -> None:
    scan(post, A)
    waiting(post, "one", "two")
    swap(post, B)
    post.accept("for B", limit=2)
    assert post.delivered() == ["for B"]


def test_a_lid_that_is_told_later_is_learned_and_names_the_account_from_then_on(post: Post) -> None:
    scan(post, A)
    (id,) = waiting(post, "for A")
    post.browser.page(ONE).tell(Ready(A, "7@lid"))
    post.clock.settle()
    assert post.all()[0].id == id
    swap(post, B)
    post.browser.remove(ONE)
    post.supervisor.ask(Init(ONE), timeout=5)
    post.clock.settle()
    post.browser.page(ONE).ready = True
    post.browser.page(ONE).tell(Ready(None, "7@lid"))
    post.clock.settle()
    assert [message.account for message in post.all()] == [LinkedAccount(A, "7@lid")]
    assert post.all()[0].held is None


def test_messages_to_other_chats_of_the_same_account_are_in_order_after_a_restart(opened: Open) -> None:
    first = opened()
    scan(first, A)
    waiting(first, "one")
    first.accept("two", OTHER)
    first.close()
    later = opened(whatsapp=first.browser.whatsapp)
    later.ready()
    assert later.delivered() == ["one", "two"]


def test_a_restart_does_not_forget_which_account_a_message_is_for(opened: Open) -> None:
    first = opened()
    scan(first, A)
    waiting(first, "for A")
    first.browser.remove(ONE)
    first.clock.settle()
    first.close()
    later = opened(whatsapp=first.browser.whatsapp)
    scan(later, B)
    assert later.delivered() == []
    assert last_change(later)["held"] == 1
