"""Files on their way: a slow one lets the other chats of its client go on, and a failed upload is tried again."""

from __future__ import annotations

from typing import Any

from actors.browser.fake import Fate, Habits, Outgoing
from actors.clients.operations.fields import File
from actors.clients.operations.media import SendDocument
from actors.clients.operations.messages import draw_message_id
from actors.clients.types import ClientId
from actors.outbox.client_queue import Pace
from actors.outbox.protocol import GiveUp, Known, Queued
from actors.outbox.uploads import AT_ONCE, PATIENCE, TRIES
from actors.store.message_states import MessageState
from actors.store.outbox import AcceptMessage, CancelMessage, Message
from actors.store.rows.media import KeepMedia
from tests.outbox.conftest import CHAT, ONE, OTHER, Open, Post

S = MessageState
THIRD = "5491100001111@c.us"


def accept_file(post: Post, chat: str = CHAT, client_id: ClientId = ONE, **fields: Any) -> Message:
    """A file of 64 MiB is promised."""
    file = File("a" * 64, 64 * 1024 * 1024, "application/pdf", "a.pdf")
    post.store.ask(KeepMedia(file, post.clock.time(), post.clock.time() + 86400)).get(timeout=5)
    fields = {"client_id": client_id, "at": post.clock.time()} | fields
    order = AcceptMessage(operation=SendDocument(chat, file), message_id=draw_message_id(), **fields)
    message: Message = post.store.ask(order).get(timeout=5).message
    post.dispatcher.tell(Queued(message.client_id, message.expires_at))
    post.clock.settle()
    return message


def slow_files(outgoing: Outgoing) -> Fate:
    """Files stay with the page, texts leave."""
    return Fate.PENDING if outgoing.operation.files else Fate.SENT


def test_a_slow_upload_holds_up_its_own_chat_only(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=slow_files)
    file = accept_file(post)
    behind, other = post.accept("behind it"), post.accept("other", OTHER)
    assert post.delivered() == []
    post.clock.advance(PATIENCE)
    assert post.delivered() == ["other"]
    assert [post.now(message).state for message in (file, behind, other)] == [S.SENDING, S.QUEUED, S.SENT]
    post.accept("another", OTHER)
    assert post.delivered() == ["other", "another"]
    post.browser.page(ONE).flush()
    post.clock.settle()
    assert post.delivered()[-1] == "behind it"
    assert post.now(file).state is S.SENT


def test_so_many_uploads_go_on_at_once_and_the_next_one_is_waited_for(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=slow_files)
    chats = [f"54911000000{number:02}@c.us" for number in range(AT_ONCE + 1)]
    files = [accept_file(post, chat) for chat in chats]
    text = post.accept("text", OTHER)
    post.clock.advance(PATIENCE * (AT_ONCE + 3))
    assert [post.now(file).state for file in files] == [S.SENDING] * len(files)
    assert post.now(text).state is S.QUEUED
    post.browser.page(ONE).flush()
    post.clock.settle()
    assert post.delivered()[-1] == "text"


def test_what_uploads_beside_others_is_looked_up_after_a_crash_and_leaves_once(opened: Open) -> None:
    post = opened(pace=Pace())
    post.ready()
    post.browser.habits = Habits(sends=slow_files)
    files = [accept_file(post), accept_file(post, THIRD)]
    post.clock.advance(PATIENCE * 2)
    post.accept("other", OTHER)
    post.close()
    post = opened(pace=Pace())
    post.ready()
    post.clock.advance(5.0)
    assert [post.now(file).state for file in files] == [S.SENT, S.SENT]
    ids = [delivery.message_id for delivery in post.browser.whatsapp.deliveries]
    assert sorted(ids) == sorted(file.message_id for file in files)


def test_a_page_that_ends_under_several_uploads_has_each_looked_up(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=slow_files)
    files = [accept_file(post), accept_file(post, THIRD)]
    post.clock.advance(PATIENCE * 2)
    post.browser.habits = Habits()
    post.browser.crash(ONE)
    post.clock.advance(5.0)
    assert [post.now(file).state for file in files] == [S.SENT, S.SENT]
    assert len(post.browser.whatsapp.deliveries) == 2


def test_a_failed_upload_is_tried_again_under_another_id_in_its_place(post: Post) -> None:
    post.ready()
    fates = iter([Fate.UPLOAD_FAILED, Fate.UPLOAD_FAILED])
    post.browser.habits = Habits(
        sends=lambda outgoing: next(fates, Fate.SENT) if outgoing.operation.files else Fate.SENT
    )
    file, _ = accept_file(post), post.accept("behind it")
    post.accept("other", OTHER)
    assert post.delivered() == ["other"]
    waiting = post.now(file)
    assert waiting.state is S.QUEUED
    assert waiting.reason is not None
    assert "It is tried again" in waiting.reason
    assert waiting.message_id != file.message_id
    post.clock.advance(30.0)
    sent = post.now(file)
    assert (sent.state, sent.reason) == (S.SENT, None)
    assert [delivery.message_id for delivery in post.browser.whatsapp.deliveries][1] == sent.message_id
    assert post.delivered()[-1] == "behind it"


def test_a_message_that_is_cancelled_or_expires_before_its_next_try_opens_its_chat_at_once(post: Post) -> None:
    post.ready()
    post.browser.habits = Habits(sends=lambda outgoing: Fate.UPLOAD_FAILED if outgoing.operation.files else Fate.SENT)
    cancelled = accept_file(post)
    post.accept("behind it")
    expiring = accept_file(post, THIRD, expires_at=post.clock.time() + 2.0)
    post.accept("behind the other", THIRD)
    assert post.delivered() == []
    cancel = CancelMessage(cancelled.client_id, cancelled.id, post.clock.time())
    post.dispatcher.tell(Known(post.store.ask(cancel).get(timeout=5)))
    post.clock.settle()
    assert post.delivered() == ["behind it"]
    post.clock.advance(2.0)
    assert post.now(expiring).state is S.EXPIRED
    assert post.delivered() == ["behind it", "behind the other"]


def test_failed_uploads_are_counted_across_restarts(opened: Open) -> None:
    tries = 0

    def fate(_: Outgoing) -> Fate:
        nonlocal tries
        tries += 1
        return Fate.UPLOAD_FAILED

    post = opened(pace=Pace())
    post.browser.habits = Habits(sends=fate)
    post.ready()
    file = accept_file(post)
    for restart in range(1, TRIES):
        assert (post.now(file).state, tries) == (S.QUEUED, restart)
        post.close()
        post = opened(pace=Pace())
        post.browser.habits = Habits(sends=fate)
        post.ready()
    assert (post.now(file).state, tries) == (S.FAILED, TRIES)


def test_the_messages_of_a_deleted_client_close_no_chat(post: Post) -> None:
    post.ready()
    fates = iter([Fate.UPLOAD_FAILED])
    post.browser.habits = Habits(sends=lambda _: next(fates, Fate.SENT))
    file = accept_file(post)
    assert post.now(file).state is S.QUEUED
    post.dispatcher.tell(GiveUp(ONE))
    post.clock.settle()
    assert post.now(file).state is S.CANCELLED
    post.accept("anew")
    assert post.delivered() == ["anew"]


def test_an_upload_that_always_fails_is_given_up_and_the_chat_goes_on(post: Post) -> None:
    post.ready()
    orders = []

    def fate(outgoing: Outgoing) -> Fate:
        if outgoing.operation.files:
            orders.append(outgoing.message_id)
            return Fate.UPLOAD_FAILED
        return Fate.SENT

    post.browser.habits = Habits(sends=fate)
    file = accept_file(post)
    post.accept("behind it")
    post.clock.advance(600.0)
    failed = post.now(file)
    assert failed.state is S.FAILED
    assert failed.reason is not None
    assert f"tried {TRIES} times" in failed.reason
    assert len(orders) == len(set(orders)) == TRIES
    assert post.delivered() == ["behind it"]
