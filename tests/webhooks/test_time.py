"""Days of a sender's life, on a clock that moves when told to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.clients.types import ClientId
from actors.runtime.testing import ManualClock
from actors.store.store import Store
from actors.store.webhooks import GetDeadLetters, GetProgress, ReplayDeadLetters
from actors.webhooks.protocol import GetSending, Sending
from actors.webhooks.schedule import Growth, HttpAnswer, RetryPolicy, Unanswered
from tests.store.asking import ask
from tests.webhooks.scripted import ScriptedPoster, one_by_one
from tests.webhooks.sending import ONE, TWO, add, change, happen, opened, sending

URL = "https://target.example/hook"
POLICY = RetryPolicy(Growth.EXPONENTIAL, delay=2.0, attempts=5, cap=100.0, jitter=0.0)
DOWN = HttpAnswer(503)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    with opened(tmp_path, clock) as store:
        yield store


def test_attempts_are_made_when_the_policy_says(store: Store, clock: ManualClock) -> None:
    poster = ScriptedPoster(one_by_one([DOWN] * 4))
    with sending(store, poster, retry=POLICY, clock=clock) as sender:
        add(sender, URL)
        began = clock.time()
        happen(store, 2, at=began)
        clock.advance(60.0)
        assert [when - began for when in poster.times()] == [0.0, 2.0, 6.0, 14.0, 30.0, 30.0]
        ids = poster.header("X-Webhook-Request-Id")
        assert len(set(ids[:5])) == 1
        assert ids[5] != ids[0]


def test_a_restart_neither_hastens_nor_forgives_a_retry(tmp_path: Path, clock: ManualClock) -> None:
    poster = ScriptedPoster(lambda _: DOWN)
    began = clock.time()
    with opened(tmp_path, clock) as store, sending(store, poster, retry=POLICY, clock=clock) as sender:
        webhook = add(sender, URL)
        happen(store, at=began)
        clock.advance(7.0)
    assert [when - began for when in poster.times()] == [0.0, 2.0, 6.0]
    with opened(tmp_path, clock) as store, sending(store, poster, retry=POLICY, clock=clock):
        clock.advance(100.0)
        assert [when - began for when in poster.times()] == [0.0, 2.0, 6.0, 14.0, 30.0]
        (letter,) = ask(store, GetDeadLetters(webhook.id))
    assert letter.attempts == 5


def test_a_target_may_ask_for_time(store: Store, clock: ManualClock) -> None:
    poster = ScriptedPoster(one_by_one([HttpAnswer(429, "50"), HttpAnswer(503, "999999")]))
    with sending(store, poster, retry=POLICY, clock=clock) as sender:
        add(sender, URL)
        began = clock.time()
        happen(store, at=began)
        clock.advance(10_000.0)
        assert [when - began for when in poster.times()] == [0.0, 50.0, 50.0 + POLICY.retry_after_cap]


def test_a_target_that_is_dead_for_a_week_drains_its_line_into_dead_letters(store: Store, clock: ManualClock) -> None:
    policy = RetryPolicy(Growth.EXPONENTIAL, delay=60.0, attempts=1000, cap=3600.0, jitter=0.0, give_up_after=86_400.0)
    poster = ScriptedPoster(lambda _: Unanswered("no answer", slow=True))
    with sending(store, poster, retry=policy, clock=clock) as sender:
        webhook = add(sender, URL)
        for _ in range(7):
            happen(store, 10, at=clock.time())
            clock.advance(86_400.0)
        clock.advance(86_400.0)
        assert len(ask(store, GetDeadLetters(webhook.id))) == 70
        assert sender.ask(GetSending(), timeout=5) == Sending(0, 0, 0)
        # It answers again: all that was given up can be had.
        poster.script = lambda _: HttpAnswer(200)
        assert change(sender, ReplayDeadLetters(webhook.id, clock.time())) == 70
        clock.settle()
        assert ask(store, GetDeadLetters(webhook.id)) == ()
        assert len(set(poster.header("X-Webhook-Request-Id")[-70:])) == 70


def test_what_waited_while_the_service_was_down_has_its_whole_budget(tmp_path: Path, clock: ManualClock) -> None:
    poster = ScriptedPoster(one_by_one([DOWN, DOWN]))
    with opened(tmp_path, clock) as store, sending(store, poster, retry=POLICY, clock=clock) as sender:
        add(sender, URL)
    with opened(tmp_path, clock) as store:
        happen(store, at=clock.time())
    clock.advance(10 * POLICY.give_up_after)
    with opened(tmp_path, clock) as store, sending(store, poster, retry=POLICY, clock=clock):
        clock.advance(10.0)
        assert len(poster.posts) == 3
        assert ask(store, GetDeadLetters()) == ()


def test_a_clock_set_back_does_not_stop_a_line(tmp_path: Path) -> None:
    poster = ScriptedPoster(one_by_one([DOWN]))
    ahead = ManualClock(epoch=4_000_000_000.0)
    with opened(tmp_path, ahead) as store, sending(store, poster, retry=POLICY, clock=ahead) as sender:
        add(sender, URL)
        happen(store, at=ahead.time())
        ahead.settle()
    now = ManualClock()
    with opened(tmp_path, now) as store, sending(store, poster, retry=POLICY, clock=now):
        now.advance(max(POLICY.cap, POLICY.retry_after_cap) + 1.0)
        assert len(poster.posts) == 2


@pytest.mark.parametrize("seconds", [-86_400.0, 86_400.0])
def test_a_clock_that_is_set_neither_stops_nor_hastens_a_line_that_rests(
    store: Store, clock: ManualClock, seconds: float
) -> None:
    poster = ScriptedPoster(one_by_one([DOWN, DOWN]))
    with sending(store, poster, retry=POLICY, clock=clock) as sender:
        add(sender, URL)
        happen(store, 2, at=clock.time())
        clock.advance(1.0)
        clock.set_by(seconds)
        clock.advance(0.9)
        assert len(poster.posts) == 1
        clock.advance(0.1)
        assert len(poster.posts) == 2, "two seconds after the first attempt"
        happen(store, client=TWO, at=clock.time())
        clock.advance(4.0)
        assert len(poster.posts) == 5


@pytest.mark.parametrize("seconds", [-1800.0, 1800.0])
def test_a_replay_wanted_by_a_clock_that_was_set_is_sent_at_once(
    store: Store, clock: ManualClock, seconds: float
) -> None:
    poster = ScriptedPoster(one_by_one([HttpAnswer(404)]))
    with sending(store, poster, retry=POLICY, clock=clock) as sender:
        webhook = add(sender, URL)
        happen(store, at=clock.time())
        clock.settle()
        clock.set_by(seconds)
        assert change(sender, ReplayDeadLetters(webhook.id, clock.time())) == 1
        clock.settle()
        assert ask(store, GetDeadLetters(webhook.id)) == ()


def test_dead_letters_are_kept_for_their_time_and_no_longer(store: Store, clock: ManualClock) -> None:
    poster = ScriptedPoster(lambda _: HttpAnswer(404))
    with sending(store, poster, clock=clock, keep_dead_letters=10 * 86_400.0) as sender:
        add(sender, URL)
        happen(store, at=clock.time())
        clock.advance(9 * 86_400.0)
        assert len(ask(store, GetDeadLetters())) == 1
        clock.advance(2 * 86_400.0)
        assert ask(store, GetDeadLetters()) == ()


def test_one_line_has_one_delivery_at_a_time_and_the_host_only_so_many(store: Store, clock: ManualClock) -> None:
    poster = ScriptedPoster(lambda _: None)
    with sending(store, poster, clock=clock, total=16, per_host=4) as sender:
        add(sender, URL)
        for client in range(1, 11):
            happen(store, 3, client=ClientId(client), at=clock.time())
        clock.settle()
        assert len(poster.posts) == 2, "half of what a host may take"
        add(sender, "https://target.example/other")
        add(sender, "https://elsewhere.example/")
        happen(store, client=ONE, at=clock.time())
        happen(store, client=TWO, at=clock.time())
        clock.settle()
        assert len(poster.posts) == 6
        assert sender.ask(GetSending(), timeout=5) == Sending(6, 8, 0)
        while poster.hanging:
            poster.release(HttpAnswer(200))
            clock.settle()
        assert len(poster.posts) == 36
        assert len(set(poster.header("X-Webhook-Request-Id"))) == 36


def test_a_burst_longer_than_any_queue_arrives_whole_and_in_order(store: Store, clock: ManualClock) -> None:
    poster = ScriptedPoster(lambda _: None)
    with sending(store, poster, clock=clock) as sender:
        webhook = add(sender, URL)
        happen(store, 500, at=clock.time())
        clock.settle()
        poster.script = lambda _: HttpAnswer(200)
        poster.release(HttpAnswer(200))
        clock.settle(timeout=20.0)
        happen(store, 5, at=clock.time())
        clock.settle()
        assert ask(store, GetProgress(webhook.id))[0].delivered == 505
    sequences = [int(post.body.split(b'"sequence":')[1].split(b",")[0]) for post in poster.posts]
    assert sequences == list(range(1, 506))
