"""Many messages, many kills, seeded: nothing lost, nothing twice, nothing out of order within a chat."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from actors.browser.fake import Fate, Habits, Outgoing
from actors.clients.types import ClientId
from actors.store.message_states import MessageState
from tests.outbox.conftest import Open, Post

CLIENTS = [ClientId(number) for number in (1, 2, 3)]
CHATS = [f"54911000000{number:02}@c.us" for number in range(7)]
MESSAGES = 600


class Weather:
    """Decides each message's fate; crashes are rare enough that no message meets two."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._struck: set[str] = set()

    def __call__(self, message: Outgoing) -> Fate:
        if message.message_id in self._struck or self._chance.random() > 0.08:
            return Fate.SENT
        self._struck.add(message.message_id)
        return self._chance.choice([Fate.CRASH_BEFORE, Fate.CRASH_AFTER])


def play(post: Post, chance: random.Random, texts: list[str]) -> None:
    """Accept the texts while clients are killed and networks cut."""
    for text in texts:
        client_id = chance.choice(CLIENTS)
        post.accept(text, chance.choice(CHATS), client_id=client_id)
        if chance.random() < 0.05:
            post.browser.cut(client_id)
            post.clock.advance(1.0)
            post.browser.mend(client_id)
        if chance.random() < 0.03:
            post.browser.crash(client_id)
        post.clock.advance(0.5)


@pytest.mark.parametrize("seed", range(3))
def test_every_accepted_message_arrives_once_and_in_the_order_of_its_chat(opened: Open, seed: int) -> None:
    chance, whatsapp = random.Random(seed), None
    texts = [f"{number}" for number in range(MESSAGES)]
    for third in range(3):  # the service ends and starts in between
        post = opened(whatsapp=whatsapp)
        whatsapp = post.browser.whatsapp
        post.browser.habits = Habits(sends=Weather(seed * 10 + third))
        for client_id in CLIENTS:
            post.ready(client_id)
        play(post, chance, texts[third::3])
        if third < 2:
            post.close()
    post.browser.habits = Habits()
    post.clock.advance(300.0)

    rows = [message for client_id in CLIENTS for message in post.all(client_id)]
    assert len(rows) == MESSAGES
    assert {row.state for row in rows} <= {MessageState.SENT, MessageState.UNKNOWN}
    assert sum(row.state is MessageState.UNKNOWN for row in rows) <= MESSAGES * 0.005
    assert whatsapp is not None
    assert whatsapp.duplicates() == []
    assert sorted(d.text for d in whatsapp.deliveries) == sorted(texts)
    arrived, accepted = defaultdict(list), defaultdict(list)
    for delivery in whatsapp.deliveries:
        arrived[delivery.client_id, delivery.chat].append(delivery.text)
    for row in sorted(rows, key=lambda row: row.position):
        accepted[row.client_id, row.chat].append(row.text)
    assert arrived == accepted
