"""One cursor's memory, against every order in which the store may tell it things."""

from __future__ import annotations

import json
import random
from collections import deque

import pytest

from actors.clients.types import ClientId
from actors.store.events import Event
from actors.store.webhooks import Due, Letter, Progress
from actors.webhooks import delivery_queue as module
from actors.webhooks.bodies import body_of
from actors.webhooks.delivery_queue import Cursor, Job, Phase, ReadDue

ONE = ClientId(1)


def event(sequence: int, kind: str = "message") -> Event:
    return Event(sequence * 10, f"E{sequence}", ONE, sequence, 1_767_225_600.5, kind, {"text": "é"})


def due(events: list[Event], *, settled: int = 0, read_to: int | None = None, more: bool = False) -> Due:
    last = events[-1].sequence if events else settled
    return Due(Progress("W", ONE, settled), (), tuple(events), last if read_to is None else read_to, more, 0)


def caught_up() -> Cursor:
    cursor = Cursor("W", ONE)
    cursor.begin_reading()
    cursor.take(due([]))
    cursor.phase = Phase.IDLE
    return cursor


def test_a_new_line_reads_first_and_then_takes_what_it_is_told() -> None:
    cursor = Cursor("W", ONE)
    assert cursor.next(0.0) == ReadDue()
    cursor = caught_up()
    assert cursor.next(0.0) is None
    cursor.offer(event(1), wanted=False)
    cursor.offer(event(2), wanted=True)
    job = cursor.next(0.0)
    assert isinstance(job, Job)
    assert (job.event_id, job.sequence, job.failures) == ("E2", 2, 0)
    cursor.settled(job, None)
    assert cursor.next(0.0) is None


def test_a_failed_job_rests_and_is_the_next_again() -> None:
    cursor = caught_up()
    cursor.offer(event(1), wanted=True)
    first = cursor.next(0.0)
    assert isinstance(first, Job)
    cursor.rest(first, 50.0, 10.0)
    assert cursor.next(49.0) == 50.0
    again = cursor.next(50.0)
    assert isinstance(again, Job)
    assert (again.event_id, again.body, again.failures, again.failing_since) == ("E1", first.body, 1, 10.0)


def test_a_replay_goes_first_when_it_is_due_and_only_then() -> None:
    cursor = caught_up()
    cursor.offer(event(5), wanted=True)
    cursor.replays = [Letter(7, "W", ONE, "E1", "message", "{}", 1, "no", 500, 1.0, replay_at=20.0, next_at=30.0)]
    assert getattr(cursor.next(29.0), "event_id", None) == "E5"
    replay = cursor.next(30.0)
    assert isinstance(replay, Job)
    assert (replay.letter, replay.body, replay.failures, replay.failing_since) == (7, b"{}", 1, 20.0)
    cursor.settled(replay, None)
    assert getattr(cursor.next(31.0), "event_id", None) == "E5"


def test_a_body_is_ascii_json_and_the_same_each_time() -> None:
    assert body_of(event(3)) == body_of(event(3))
    assert body_of(event(3)).isascii()
    assert json.loads(body_of(event(3))) == {
        "id": "E3",
        "type": "message",
        "cliente_id": 1,
        "sequence": 3,
        "at": "2026-01-01T00:00:00.500Z",
        "payload": {"text": "é"},
    }


class Story:
    """A store that commits, tells and answers reads, each when chance will have it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.cursor = Cursor("W", ONE)
        self.committed: list[Event] = []
        self.untold: deque[Event] = deque()
        self.settled = 0
        self.delivered: list[int] = []
        self.answer: tuple[int, Due] | None = None
        self.asked = False
        self.number = 0

    def commit(self) -> None:
        happened = event(len(self.committed) + 1, self.chance.choice(["message", "message", "call"]))
        self.committed.append(happened)
        self.untold.append(happened)

    def tell(self) -> None:
        if self.untold:
            told = self.untold.popleft()
            self.cursor.offer(told, wanted=told.type == "message")

    def carry_out_the_read(self) -> None:
        if self.asked:
            self.asked = False
            left = [one for one in self.committed if one.sequence > self.settled and one.type == "message"]
            newest = max(self.settled, len(self.committed))
            more = len(left) >= 3
            found = due(left[:3], settled=self.settled, read_to=left[2].sequence if more else newest, more=more)
            self.answer = (self.number, found)

    def hear_the_read(self) -> None:
        if self.answer is not None:
            (number, found), self.answer = self.answer, None
            self.cursor.phase = Phase.IDLE
            if number == self.cursor.reading:
                self.cursor.take(found)

    def forget(self) -> None:
        self.cursor.forget()

    def go_on(self) -> None:
        if self.cursor.phase is not Phase.IDLE:
            return
        match self.cursor.next(0.0):
            case ReadDue():
                self.number, self.asked = self.cursor.begin_reading(), True
            case Job() as job:
                self.delivered.append(job.sequence)
                self.settled = job.sequence
                self.cursor.settled(job, None)

    def live(self, steps: int) -> None:
        ways = [self.commit, self.tell, self.tell, self.carry_out_the_read, self.hear_the_read, self.go_on, self.go_on]
        for _ in range(steps):
            self.chance.choice(ways)()
            if self.chance.random() < 0.02:
                self.forget()
        while self.untold or self.asked or self.answer or self.cursor.next(0.0) is not None:
            for way in (self.tell, self.carry_out_the_read, self.hear_the_read, self.go_on):
                way()


@pytest.mark.parametrize("limit", [2, 200])
def test_nothing_is_left_out_and_nothing_twice_in_whatever_order_the_store_tells(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(module, "QUEUE_LIMIT", limit)
    for seed in range(300):
        story = Story(seed)
        story.live(120)
        assert story.delivered == [one.sequence for one in story.committed if one.type == "message"], f"seed {seed}"
