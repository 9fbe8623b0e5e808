"""Random lives of a sender: whatever comes of events, failures, hangs, changes and restarts, all arrive in order."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from actors.clients.types import ClientId
from actors.runtime.testing import ManualClock
from actors.store.store import Store
from actors.store.webhooks import ChangeWebhook, GetDeadLetters
from actors.webhooks.http import Post
from actors.webhooks.protocol import GetSending, Sending
from actors.webhooks.schedule import Growth, HttpAnswer, Outcome, RetryPolicy, Unanswered
from tests.store.asking import ask
from tests.webhooks.scripted import ScriptedPoster
from tests.webhooks.sending import add, change, happen, opened, sending

CLIENTS = [ClientId(number) for number in (1, 2, 3)]
URLS = ["https://one.example/", "https://two.example/"]
FOREVER = RetryPolicy(Growth.EXPONENTIAL, delay=1.0, attempts=10_000, cap=60.0, give_up_after=1e9)


class Life:
    """One sender after the other on one store and one clock."""

    def __init__(self, seed: int, clock: ManualClock, store: Store) -> None:
        self.chance, self.clock, self.store = random.Random(seed), clock, store
        self.poster = ScriptedPoster(self._outcome)
        self.happened: dict[int, int] = defaultdict(int)
        self._present = ExitStack()
        self.begin()

    def begin(self) -> None:
        options: dict[str, Any] = {"retry": FOREVER, "clock": self.clock, "total": 4, "per_host": 2, "batch": 3}
        self.sender = self._present.enter_context(sending(self.store, self.poster, **options))

    def end(self) -> None:
        self._present.close()
        self.poster.hanging.clear()

    def restart(self) -> None:
        self.end()
        self.begin()

    def event(self) -> None:
        client, count = self.chance.choice(CLIENTS), self.chance.randrange(1, 8)
        happen(self.store, count, client=client, at=self.clock.time())
        self.happened[client] += count

    def answer(self) -> None:
        outcomes: list[Outcome] = [HttpAnswer(200), HttpAnswer(503), Unanswered("late", slow=True)]
        self.poster.release(self.chance.choice(outcomes))

    def wait(self) -> None:
        self.clock.advance(self.chance.choice([0.0, 0.5, 5.0, 100.0]))

    def touch(self) -> None:
        active = self.chance.random() < 0.7
        change(self.sender, ChangeWebhook(self.chance.choice(self.webhooks), {"active": active}, self.clock.time()))

    def live(self, steps: int) -> None:
        self.webhooks = [add(self.sender, url).id for url in URLS]
        ways = [self.event] * 6 + [self.answer] * 4 + [self.wait] * 4 + [self.touch, self.restart]
        for _ in range(steps):
            self.chance.choice(ways)()
        self.settle()

    def settle(self) -> None:
        """Let every target be well again, and wait."""
        self.poster.script = lambda _: HttpAnswer(200)
        for webhook in self.webhooks:
            change(self.sender, ChangeWebhook(webhook, {"active": True}, self.clock.time()))
        self.poster.release(HttpAnswer(200))
        self.clock.advance(7200.0)

    def _outcome(self, _post: Post) -> Outcome | None:
        return self.chance.choice(
            [HttpAnswer(200), HttpAnswer(200), HttpAnswer(500), Unanswered("no", slow=True), None]
        )


@pytest.mark.parametrize("seed", range(8))
def test_all_arrive_in_order(tmp_path: Path, seed: int) -> None:
    clock = ManualClock()
    with opened(tmp_path, clock) as store:
        life = Life(seed, clock, store)
        life.live(steps=60)
        assert life.sender.ask(GetSending(), timeout=5) == Sending(0, 0, 0)
        life.end()
        assert ask(store, GetDeadLetters()) == ()
    arrived: dict[tuple[str, int], list[int]] = defaultdict(list)
    for post in life.poster.posts:
        event = json.loads(post.body)
        arrived[post.url, event["cliente_id"]].append(event["sequence"])
    for url in URLS:
        for client, count in life.happened.items():
            sequences = arrived[url, client]
            assert sequences == sorted(sequences), "what is repeated is repeated before anything later is sent"
            assert list(dict.fromkeys(sequences)) == list(range(1, count + 1))
