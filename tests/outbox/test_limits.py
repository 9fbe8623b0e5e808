"""What WhatsApp refuses for a while: strangers are held, others go on; and a client that is too fast goes slower."""

from __future__ import annotations

from typing import cast

import pytest

from actors.browser.fake import Fate, Habits, always
from actors.clients.protocol import GetStatus, Refused, Restriction, Status
from actors.outbox import limits
from actors.outbox.client_queue import Pace
from actors.outbox.limits import Consequence, Holds, Tempo
from actors.store.message_states import MessageState
from tests.outbox.conftest import CHAT, ONE, OTHER, Open, Post
from tests.store.asking import events_after

S = MessageState
HOUR = 3600.0


def restrict(post: Post, seconds: float = HOUR) -> Restriction:
    restriction = Restriction("WEB_COMPANION_ONLY", post.clock.time() + seconds, known_chats=True)
    post.browser.restrict(ONE, restriction)
    post.clock.settle()
    return restriction


def fates(post: Post, *those: Fate) -> None:
    """What becomes of the next messages; the others are sent."""
    following = iter(those)
    post.browser.habits = Habits(sends=lambda _: next(following, Fate.SENT))


@pytest.mark.parametrize(
    ("code", "restricted", "consequence", "filed"),
    [
        (None, True, Consequence.FAIL, True),
        ("RESTRICTED", True, Consequence.HOLD, False),
        ("RESTRICTED", False, Consequence.HOLD, False),
        ("463", True, Consequence.HOLD, True),
        ("463", False, Consequence.FAIL, True),
        ("475", True, Consequence.HOLD, True),
        ("429", False, Consequence.SLOW, True),
        ("429", True, Consequence.SLOW, True),
        ("ERROR_UPLOAD", False, Consequence.UPLOAD_AGAIN, True),
        ("ERROR_UPLOAD", True, Consequence.UPLOAD_AGAIN, True),
        ("479", True, Consequence.FAIL, True),
        ("500", False, Consequence.FAIL, True),
    ],
)
def test_what_follows_from_a_refusal(code: str | None, restricted: bool, consequence: Consequence, filed: bool) -> None:
    assert limits.refusal(code, restricted=restricted) == limits.RefusalRule(consequence, filed)


def test_a_client_that_is_refused_goes_slower_up_to_a_bound_and_is_as_fast_again_after_as_many_that_went_through() -> (
    None
):
    tempo, rests = Tempo(), []
    for _ in range(12):
        tempo = tempo.refused()
        rests.append(tempo.rest(1.0))
    assert rests == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, *[300.0] * 6]
    for _ in range(limits.MOST_REFUSALS):
        assert tempo.slowed
        tempo = tempo.accepted()
    assert (tempo, tempo.rest(1.0)) == (Tempo(), 1.0)


def test_a_chat_is_held_until_the_end_that_whatsapp_tells_or_for_a_minute() -> None:
    holds = Holds()
    assert holds.hold("a", 100.0) == 160.0
    assert holds.told(True, 500.0) == frozenset()
    assert holds.chats == {"a": 500.0}
    assert holds.hold("b", 100.0) == 500.0
    assert holds.over(499.0) == frozenset()
    assert holds.over(500.0) == {"a", "b"}
    holds.hold("c", 100.0)
    assert holds.told(False, None) == {"c"}
    assert holds.next_end is None


def test_strangers_are_held_until_the_restriction_ends_and_the_others_go_on_in_order(post: Post) -> None:
    post.ready()
    post.browser.receive(ONE, OTHER.partition("@")[0], "hello")
    restriction = restrict(post)
    first, second = post.accept("stranger 1"), post.accept("stranger 2")
    post.accept("known", OTHER)
    assert post.delivered() == ["known"]
    assert [post.now(message).state for message in (first, second)] == [S.QUEUED, S.QUEUED]
    assert restriction.until is not None
    for message in (first, second):
        reason = post.now(message).reason
        assert reason is not None
        assert reason.startswith("Held: WhatsApp refuses this account's first messages to strangers until ")
    post.clock.advance(HOUR - 1.0)
    assert post.delivered() == ["known"]
    post.browser.whatsapp.restrictions.clear()  # over, and nobody says so: the time does
    post.clock.advance(2.0)
    assert post.delivered() == ["known", "stranger 1", "stranger 2"]
    settled = post.now(first)
    assert (settled.state, settled.reason, settled.message_id) == (S.SENT, None, first.message_id)


def test_a_restriction_that_is_lifted_early_lets_what_is_held_leave_at_once(post: Post) -> None:
    post.ready()
    restrict(post)
    post.accept("stranger")
    post.browser.restrict(ONE, None)
    post.clock.settle()
    assert post.delivered() == ["stranger"]


def test_what_was_held_is_held_again_after_a_restart_of_the_client(post: Post) -> None:
    post.ready()
    restrict(post)
    message = post.accept("stranger")
    post.browser.crash(ONE)
    post.clock.advance(5.0)
    assert (post.now(message).state, post.delivered()) == (S.QUEUED, [])
    post.browser.restrict(ONE, None)
    post.clock.settle()
    assert post.delivered() == ["stranger"]


def test_whoever_waits_for_a_message_to_a_stranger_is_told_why_and_nothing_is_left_behind(post: Post) -> None:
    post.ready()
    restrict(post)
    for text in ("the first one", "one to a chat that is held already"):
        message = post.accept(text)
        ended = post.wait(message, 30.0, withdraw=True).get(timeout=5)
        assert ended.state is S.CANCELLED
        assert "first messages to strangers" in ended.reason
    post.browser.restrict(ONE, None)
    post.clock.advance(60.0)
    assert post.delivered() == []


def test_a_message_that_the_server_refused_for_a_restriction_leaves_under_another_id(post: Post) -> None:
    post.ready()
    restrict(post)
    post.browser.whatsapp.known.add((ONE, CHAT))  # the page lets it go, the server does not
    fates(post, Fate.TIMELOCKED)
    message = post.accept("stranger")
    held = post.now(message)
    assert (held.state, held.message_id != message.message_id) == (S.QUEUED, True)
    post.clock.advance(HOUR + 1.0)
    assert post.delivered() == ["stranger"]


def test_a_refusal_without_a_restriction_that_is_known_is_a_failure_with_its_code(post: Post) -> None:
    post.ready()
    fates(post, Fate.TIMELOCKED)
    message = post.accept("stranger")
    settled = post.now(message)
    assert settled.state is S.FAILED
    assert settled.reason is not None
    assert "463" in settled.reason


def test_a_client_that_is_too_fast_loses_nothing_and_goes_slower_until_messages_go_through(post: Post) -> None:
    post.ready()
    fates(post, Fate.RATE_LIMITED, Fate.RATE_LIMITED)
    texts = [f"{number}" for number in range(5)]
    for text in texts:
        post.accept(text)
    post.accept("urgent", OTHER, priority=9)
    assert post.delivered() == []
    post.clock.advance(4.9)
    assert post.delivered() == []
    post.clock.advance(11.0)
    assert post.delivered() == ["urgent"]  # it waits as long as the others, and goes ahead of them
    post.clock.advance(60.0)
    assert post.delivered() == ["urgent", *texts]
    assert {message.state for message in post.all()} == {S.SENT}


def test_the_pace_is_kept_where_it_is_slower_than_the_limit(opened: Open) -> None:
    post = opened(pace=Pace(60.0, jitter=0.0))
    post.ready()
    post.browser.habits = Habits(sends=always(Fate.RATE_LIMITED))
    post.accept("1")
    post.browser.habits = Habits()
    post.clock.advance(59.0)
    assert post.delivered() == []
    post.clock.advance(2.0)
    assert post.delivered() == ["1"]


def test_a_restriction_is_in_the_status_and_told_as_an_event_when_it_begins_and_when_it_ends(post: Post) -> None:
    post.ready()
    restriction = restrict(post, 60.0)
    restrict(post, 60.0)  # told again: no news

    def status() -> Restriction | None:
        ref = post.directory.find(ONE)
        assert ref is not None
        found = cast("Status", ref.ask(GetStatus(), timeout=5))
        return found.restriction

    assert status() == restriction
    post.clock.advance(61.0)
    assert status() is None
    events = events_after(post.store, types=("client.restricted",))
    assert [dict(event.payload) for event in events] == [
        {"restricted": True, "kind": "WEB_COMPANION_ONLY", "until": restriction.until, "known_chats": True},
        {"restricted": False, "kind": None, "until": None, "known_chats": None},
    ]


def test_who_waits_behind_a_message_whose_refusal_holds_the_chat_is_answered_at_once(post: Post) -> None:
    post.ready()
    fates(post, Fate.PENDING)
    first = post.accept("first")
    post.clock.settle()
    restrict(post)
    second = post.accept("second")
    reply = post.wait(second, withdraw=True)
    post.clock.settle()
    post.browser.page(ONE).tell(Refused(first.message_id, "no strangers", "463"))
    assert reply.get(timeout=5).state is S.CANCELLED
    assert post.now(first).state is S.QUEUED
