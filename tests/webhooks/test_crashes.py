"""The process ends at every durable step of a delivery; afterwards all has arrived, in order, known by its id."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from actors.store.webhooks import CreateWebhook, GetDeadLetters, GetProgress
from actors.webhooks.definition import new_webhook
from tests.rig.forked import Interpreter
from tests.store.asking import ask
from tests.webhooks.crashing import CRASHED
from tests.webhooks.receiver import Receiver, Request, always, answer, choose
from tests.webhooks.sending import LOOPBACK, happen, opened, sending, until

POINTS = ["before the post", "answered", "before the record", "before the commit", "after the commit", "recorded"]
SENT_TWICE = {"answered", "before the record", "before the commit"}
"""Where the target has it and nobody has written that down."""
DURABLE = ["answered", "before the commit", "after the commit"]
EVENTS = 4


def prepare(directory: Path, receiver: Receiver) -> str:
    """A webhook and events for it, on disk."""
    webhook = new_webhook({"url": receiver.url}, at=time.time(), allowed=LOOPBACK)
    with opened(directory) as store:
        ask(store, CreateWebhook(webhook))
        happen(store, EVENTS)
    return webhook.id


def crash(interpreter: Interpreter, directory: Path, point: str, nth: int) -> None:
    ended = interpreter.run(["tests.webhooks.crashing", str(directory), point, str(nth)], os.environ)
    assert ended.returncode == CRASHED, ended.stderr.decode()[-2000:]


def sequences(requests: list[Request]) -> list[int]:
    return [request.event["sequence"] for request in requests]


@pytest.mark.parametrize("point", POINTS)
def test_all_arrive_in_order_wherever_the_process_ended(
    tmp_path: Path, interpreter: Interpreter, receiver: Receiver, point: str
) -> None:
    webhook = prepare(tmp_path, receiver)
    crash(interpreter, tmp_path, point, nth=2)
    with opened(tmp_path) as store, sending(store):
        until(lambda: ask(store, GetProgress(webhook))[0].sequence == EVENTS, "all are settled")
    expected = [1, 2, 2, 3, 4] if point in SENT_TWICE else [1, 2, 3, 4]
    assert sequences(receiver.requests) == expected
    assert len({(request.id, request.body) for request in receiver.requests}) == EVENTS


@pytest.mark.parametrize("point", DURABLE)
def test_a_retry_is_neither_forgotten_nor_counted_twice(
    tmp_path: Path, interpreter: Interpreter, receiver: Receiver, point: str
) -> None:
    tries: Counter[int] = Counter()

    def fail_twice(request: Request) -> bytes:
        tries[request.event["sequence"]] += 1
        return answer(503 if tries[request.event["sequence"]] <= 2 else 200)

    receiver.behaviour = choose(fail_twice)
    webhook = prepare(tmp_path, receiver)
    crash(interpreter, tmp_path, point, nth=2)
    with opened(tmp_path) as store:
        (cursor,) = ask(store, GetProgress(webhook))
        counted = 1 if point in SENT_TWICE else 2
        assert (cursor.sequence, cursor.attempts, cursor.status) == (0, counted, 503)
        with sending(store):
            until(lambda: ask(store, GetProgress(webhook))[0].sequence == EVENTS, "all are settled")
        assert ask(store, GetDeadLetters()) == ()
    assert sequences(receiver.requests) == [n for n in range(1, EVENTS + 1) for _ in range(3)]


@pytest.mark.parametrize("point", DURABLE)
def test_a_dead_letter_is_there_once_and_the_line_goes_on(
    tmp_path: Path, interpreter: Interpreter, receiver: Receiver, point: str
) -> None:
    receiver.behaviour = always(answer(400))
    webhook = prepare(tmp_path, receiver)
    crash(interpreter, tmp_path, point, nth=2)
    with opened(tmp_path) as store:
        counted = 1 if point in SENT_TWICE else 2
        assert len(ask(store, GetDeadLetters(webhook))) == counted
        with sending(store):
            until(lambda: ask(store, GetProgress(webhook))[0].sequence == EVENTS, "all are settled")
        letters = ask(store, GetDeadLetters(webhook))
    assert [letter.event_id for letter in letters] == [event["id"] for event in receiver.events()]
    assert len(letters) == EVENTS
