"""Events reach real receivers: signed, in order, at least once, whatever the receivers do."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import random
import threading
import time
from pathlib import Path

import pytest

from actors.clients.types import ClientId
from actors.store.store import Store
from actors.store.webhooks import (
    ChangeWebhook,
    DeleteDeadLetters,
    DeleteWebhook,
    GetDeadLetters,
    GetProgress,
    GetWebhooks,
    NoSuchWebhook,
    ReplayDeadLetters,
)
from actors.webhooks.protocol import GetSending, Sending
from actors.webhooks.schedule import Growth, RetryPolicy
from tests.store.asking import ask
from tests.webhooks.receiver import Receiver, Request, always, answer, choose
from tests.webhooks.sending import ONE, PATIENCE, TWO, add, change, happen, opened, sending, until

IDLE = Sending(0, 0, 0)
NEVER_IN_TIME = {"deadline": 4 * PATIENCE}
"""What hangs does so for longer than anything is waited for."""


def sequences(receiver: Receiver, client: int = 1) -> list[int]:
    return [event["sequence"] for event in receiver.events() if event["cliente_id"] == client]


def test_an_event_arrives_signed_and_with_its_id(store: Store, receiver: Receiver) -> None:
    with sending(store) as sender:
        before = time.time() * 1000
        webhook = add(sender, receiver.url, secret="a secret of mine", headers={"Authorization": "Bearer x"})
        happen(store)
        (request,) = receiver.wait(1)
        until(lambda: ask(store, GetProgress(webhook.id)), "the delivery is on record")
    expected = hmac.new(b"a secret of mine", request.body, hashlib.sha512).hexdigest()
    assert request.headers["x-webhook-hmac"] == expected
    assert request.headers["x-webhook-hmac-algorithm"] == "sha512"
    assert before - 1 <= int(request.headers["x-webhook-timestamp"]) <= time.time() * 1000
    assert request.headers["authorization"] == "Bearer x"
    assert request.headers["content-type"] == "application/json"
    assert request.event["type"] == "message"
    assert request.event["payload"] == {"text": "text 0"}
    assert request.event["cliente_id"] == request.event["sequence"] == 1


def test_without_a_secret_nothing_is_signed(store: Store, receiver: Receiver) -> None:
    with sending(store) as sender:
        add(sender, receiver.url)
        happen(store)
        (request,) = receiver.wait(1)
    assert not [name for name in request.headers if "hmac" in name]


def test_only_what_is_wanted_arrives(store: Store, receiver: Receiver) -> None:
    happen(store)
    with sending(store) as sender:
        add(sender, receiver.url, events=["message.*", "call"], clients=[1])
        for client in (ONE, TWO):
            for kind in ("message", "message.ack", "client.state", "call", "message.edited"):
                happen(store, client=client, type=kind)
        receiver.wait(3)
    assert [(event["cliente_id"], event["type"]) for event in receiver.events()] == [
        (1, "message.ack"),
        (1, "call"),
        (1, "message.edited"),
    ]


def test_a_receiver_that_fails_three_times_in_ten_gets_all_in_order(store: Store, receiver: Receiver) -> None:
    chance = random.Random(7)
    receiver.behaviour = choose(lambda _: answer(500 if chance.random() < 0.3 else 200))
    with sending(store) as sender:
        add(sender, receiver.url)
        for _ in range(10):
            happen(store, 10, client=ONE)
            happen(store, 10, client=TWO)
        receiver.wait(lambda requests: len({request.id for request in requests}) == 200, timeout=20)
        until(lambda: sender.ask(GetSending(), timeout=5) == IDLE, "all is delivered")
    assert sequences(receiver, 1) == sequences(receiver, 2) == list(range(1, 101))
    assert len({event["id"] for event in receiver.events()}) == 200
    assert len(receiver.requests) > 200
    # A cursor goes on only when the one before is settled: repetitions stand beside each other.
    arrived = [request.event["sequence"] for request in receiver.requests if request.event["cliente_id"] == 1]
    assert arrived == sorted(arrived)


def test_what_happened_while_nobody_sent_is_sent_afterwards(tmp_path: Path, receiver: Receiver) -> None:
    with opened(tmp_path) as store:
        with sending(store) as sender:
            webhook = add(sender, receiver.url)
            happen(store, 3)
            receiver.wait(3)
            until(lambda: ask(store, GetProgress(webhook.id))[0].delivered == 3, "three are on record")
        happen(store, 250)
    with opened(tmp_path) as store, sending(store):
        happen(store, 3)
        receiver.wait(256)
    assert sequences(receiver) == list(range(1, 257))
    assert len(receiver.requests) == 256


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_what_cannot_succeed_is_a_dead_letter_at_once_and_the_next_goes_on(
    store: Store, receiver: Receiver, status: int
) -> None:
    receiver.behaviour = choose(lambda request: answer(status if request.event["sequence"] == 1 else 200))
    with sending(store) as sender:
        webhook = add(sender, receiver.url)
        happen(store, 2)
        receiver.wait(2)
        (letter,) = until(lambda: ask(store, GetDeadLetters(webhook.id)), "the dead letter is there")
    assert (letter.attempts, letter.status, letter.event_type) == (1, status, "message")
    assert letter.body.encode() == receiver.requests[0].body
    assert [request.event["sequence"] for request in receiver.requests] == [1, 2]


def test_dead_letters_are_replayed_under_their_ids(store: Store, receiver: Receiver) -> None:
    receiver.behaviour = always(answer(503))
    with sending(store, retry=RetryPolicy(Growth.CONSTANT, 0.01, attempts=3)) as sender:
        webhook = add(sender, receiver.url)
        happen(store, 3)
        until(lambda: len(ask(store, GetDeadLetters(webhook.id))) == 3, "three dead letters")
        assert [letter.attempts for letter in ask(store, GetDeadLetters())] == [3, 3, 3]
        first = {request.id for request in receiver.requests}
        receiver.behaviour = always(answer(200))
        assert change(sender, ReplayDeadLetters(webhook.id, time.time())) == 3
        until(lambda: not ask(store, GetDeadLetters(webhook.id)), "all are delivered")
    assert len(first) == 3
    assert [request.event["sequence"] for request in receiver.requests[-3:]] == [1, 2, 3]
    assert {request.id for request in receiver.requests} == first


def test_a_replay_that_fails_is_a_dead_letter_again_and_holds_up_nothing(store: Store, receiver: Receiver) -> None:
    receiver.behaviour = choose(lambda request: answer(500 if request.event["sequence"] == 1 else 200))
    with sending(store, retry=RetryPolicy(Growth.CONSTANT, 0.05, attempts=3)) as sender:
        webhook = add(sender, receiver.url)
        happen(store)
        (letter,) = until(lambda: ask(store, GetDeadLetters(webhook.id)), "the dead letter is there")
        change(sender, ReplayDeadLetters(webhook.id, time.time(), (letter.id,)))
        happen(store)
        receiver.wait(lambda requests: any(request.event["sequence"] == 2 for request in requests))
        failed = until(
            lambda: [again for again in ask(store, GetDeadLetters(webhook.id)) if again.replay_at is None],
            "the replay is given up",
        )
        assert [(again.id, again.attempts) for again in failed] == [(letter.id, 3)]
        assert change(sender, DeleteDeadLetters(webhook.id)) == 1
        assert ask(store, GetDeadLetters()) == ()


def test_a_target_that_hangs_delays_no_other_and_no_other_client(store: Store, receiver: Receiver) -> None:
    with Receiver(always(None)) as hanging, sending(store, posting=NEVER_IN_TIME, per_host=4, total=8) as sender:
        for _ in range(5):
            add(sender, hanging.url)
        add(sender, receiver.url)
        for client in range(1, 11):
            happen(store, 5, client=ClientId(client))
        receiver.wait(50)
        happen(store, 5)
        receiver.wait(55)


def test_one_client_whose_events_fail_does_not_hold_up_another(store: Store, receiver: Receiver) -> None:
    receiver.behaviour = choose(lambda request: answer(500 if request.event["cliente_id"] == 1 else 200))
    with sending(store, retry=RetryPolicy(Growth.CONSTANT, delay=30.0)) as sender:
        webhook = add(sender, receiver.url)
        happen(store, 3, client=ONE)
        happen(store, 20, client=TWO)
        receiver.wait(21)
        resting, flowing = until(
            lambda: (cursors := ask(store, GetProgress(webhook.id)))[-1].delivered == 20 and cursors,
            "client 2 is served",
        )
    assert (resting.sequence, resting.attempts, resting.status) == (0, 1, 500)
    assert resting.next_at is not None
    assert flowing.sequence == 20
    assert sequences(receiver, 1) == [1]


def test_a_redirect_is_not_followed(store: Store, receiver: Receiver) -> None:
    with Receiver() as forbidden:
        receiver.behaviour = always(answer(302, Location=forbidden.url))
        with sending(store, retry=RetryPolicy(Growth.CONSTANT, 0.01, attempts=2)) as sender:
            webhook = add(sender, receiver.url)
            happen(store)
            (letter,) = until(lambda: ask(store, GetDeadLetters(webhook.id)), "it is given up")
        assert (letter.status, letter.attempts) == (302, 2)
        assert forbidden.requests == []


def test_changes_count_from_the_next_delivery_on(store: Store, receiver: Receiver) -> None:
    with Receiver() as second, sending(store) as sender:
        webhook = add(sender, receiver.url)
        happen(store)
        receiver.wait(1)
        until(lambda: sender.ask(GetSending(), timeout=5) == IDLE, "the first is settled")
        change(sender, ChangeWebhook(webhook.id, {"active": False}, time.time()))
        happen(store, 2)
        change(sender, ChangeWebhook(webhook.id, {"url": second.url, "active": True}, time.time()))
        second.wait(2)
        assert sequences(receiver) == [1]
        assert sequences(second) == [2, 3]
        change(sender, DeleteWebhook(webhook.id))
        happen(store)
        with pytest.raises(NoSuchWebhook):
            change(sender, DeleteWebhook(webhook.id))
        assert ask(store, GetWebhooks()) == ()
        until(lambda: sender.ask(GetSending(), timeout=5) == IDLE, "nothing is left to do")
    assert sequences(second) == [2, 3]


def test_a_webhook_deleted_while_its_target_hangs_is_gone(store: Store) -> None:
    deleted = threading.Event()

    def hang(_request: Request) -> bytes:
        assert deleted.wait(PATIENCE)
        return answer(503)

    with Receiver(choose(hang)) as hanging, sending(store, posting=NEVER_IN_TIME) as sender:
        webhook = add(sender, hanging.url)
        happen(store, 2)
        hanging.wait(1)
        change(sender, DeleteWebhook(webhook.id))
        deleted.set()
        until(lambda: sender.ask(GetSending(), timeout=5) == IDLE, "the attempt is over")
        assert ask(store, GetProgress(webhook.id)) == ()
        assert len(hanging.requests) == 1


def test_what_is_under_way_at_the_end_may_finish_and_is_not_sent_twice(tmp_path: Path, receiver: Receiver) -> None:
    async def slowly(_request: Request, _writer: asyncio.StreamWriter) -> bytes:
        await asyncio.sleep(0.2)
        return answer()

    receiver.behaviour = slowly
    with opened(tmp_path) as store, sending(store, stop_grace=3.0) as sender:
        add(sender, receiver.url)
        happen(store)
        receiver.wait(1)
    receiver.behaviour = always(answer())
    with opened(tmp_path) as store, sending(store) as sender:
        happen(store)
        receiver.wait(2)
    assert [request.event["sequence"] for request in receiver.requests] == [1, 2]


def test_behind_a_target_that_has_failed_for_too_long_each_event_has_one_attempt_until_one_succeeds(
    store: Store, receiver: Receiver
) -> None:
    receiver.behaviour = always(answer(500))
    with sending(store, retry=RetryPolicy(Growth.CONSTANT, 0.05, give_up_after=0.12, jitter=0.0)) as sender:
        webhook = add(sender, receiver.url)
        happen(store, 20)
        until(lambda: len(ask(store, GetDeadLetters(webhook.id))) == 20, "the cursor drains")
        assert [letter.attempts for letter in ask(store, GetDeadLetters())][1:] == [1] * 19
        failing = ask(store, GetProgress(webhook.id))[0].failing_since
        assert failing is not None
        receiver.behaviour = always(answer(200))
        happen(store)
        until(lambda: ask(store, GetProgress(webhook.id))[0].failing_since is None, "it succeeds")
