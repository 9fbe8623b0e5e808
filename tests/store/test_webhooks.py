"""Webhooks, how far each has come, and their dead letters, on each kind of database."""

from __future__ import annotations

from typing import Any

import pytest

from actors.clients.types import ClientId
from actors.store.events import AppendEvent, PruneEvents
from actors.store.store import Store
from actors.store.webhooks import (
    ChangeWebhook,
    CreateWebhook,
    DeleteDeadLetters,
    DeleteWebhook,
    GetBacklog,
    GetDeadLetters,
    GetDue,
    GetProgress,
    GetWebhook,
    GetWebhooks,
    NoSuchWebhook,
    PruneDeadLetters,
    RecordDeadLetter,
    RecordDelivered,
    RecordPassed,
    RecordReplayed,
    RecordReplayRetry,
    RecordRetry,
    ReplayDeadLetters,
    Webhook,
    WebhookExists,
)
from actors.webhooks.definition import matches
from tests.store.asking import ONE, TWO, ask

URL = "https://example.com/"
KINDS = ("message", "message.ack", "messages", "Message.ack", "client.state", "m%ssage", "call")


def happen(store: Store, *kinds: str, client: ClientId = ONE, at: float = 100.0) -> None:
    for kind in kinds or ("message",):
        ask(store, AppendEvent(client, kind, {}, at))


def create(store: Store, id: str = "W", **fields: Any) -> Webhook:
    return ask(store, CreateWebhook(Webhook(id, URL, 1.0, 1.0, **fields)))


def die(store: Store, sequence: int = 1, *, webhook: str = "W", at: float = 200.0) -> None:
    event = (f"E{sequence}", "message", '{"a":1}')
    ask(store, RecordDeadLetter(webhook, ONE, sequence, *event, 3, "no", 500, 150.0, at))


def due_sequences(store: Store, client: ClientId = ONE, webhook: str = "W", **options: Any) -> list[int]:
    return [event.sequence for event in ask(store, GetDue(webhook, client, **options)).events]


def test_what_is_stored_comes_back(store: Store) -> None:
    fields: dict[str, Any] = {
        "events": ("a", "b.*"),
        "clients": (ONE, TWO),
        "secret": "s3cret!!",
        "headers": (("A", "b"),),
    }
    created = create(store, **fields, retry_growth="linear", retry_delay=1.5, retry_attempts=7, active=False)
    assert created == Webhook("W", URL, 1.0, 1.0, **fields, retry_growth="linear", retry_delay=1.5, retry_attempts=7,
                              active=False)  # fmt: skip
    assert ask(store, GetWebhook("W")) == created
    second = create(store, "X")
    assert ask(store, GetWebhooks()) == (created, second)


def test_what_is_not_there_or_there_already_is_refused(store: Store) -> None:
    create(store)
    with pytest.raises(WebhookExists):
        create(store)
    for message in (GetWebhook("N"), ChangeWebhook("N", {}, 2.0), DeleteWebhook("N")):
        with pytest.raises(NoSuchWebhook):
            ask(store, message)


def test_a_webhook_hears_of_what_comes_after_it(store: Store) -> None:
    happen(store, "message", "message")
    create(store)
    assert ask(store, GetBacklog()).keys == ()
    happen(store)
    happen(store, client=TWO)
    assert due_sequences(store, ONE) == [3]
    assert due_sequences(store, TWO) == [1]
    assert sorted(ask(store, GetBacklog()).keys) == [("W", 1), ("W", 2)]


def test_of_a_client_it_hears_from_when_it_wanted_it(store: Store) -> None:
    create(store, clients=(ONE,))
    happen(store)
    happen(store, client=TWO)
    assert ask(store, GetBacklog()).keys == (("W", ONE),)
    changed = ask(store, ChangeWebhook("W", {"clients": (), "id": "never", "active": False}, 9.0))
    assert (changed.id, changed.clients, changed.active, changed.updated_at) == ("W", (), False, 9.0)
    happen(store, client=TWO)
    assert due_sequences(store, ONE) == [1]
    assert due_sequences(store, TWO) == [2]


def test_the_patterns_of_the_store_are_those_of_the_sender(store: Store) -> None:
    create(store)
    happen(store, *KINDS)
    lists = [("*",), ("message",), ("message.*",), ("message.*", "call"), ("m%ssage",), ("Message.*",), ("mess.*",), ()]
    for patterns in lists:
        found = ask(store, GetDue("W", ONE, patterns)).events
        assert [event.type for event in found] == [kind for kind in KINDS if matches(patterns, kind)]


def test_due_is_read_in_parts_and_says_how_far_it_read(store: Store) -> None:
    create(store)
    happen(store, *["message", "call"] * 3)
    first = ask(store, GetDue("W", ONE, ("message",), limit=2))
    assert ([event.sequence for event in first.events], first.read_to, first.more) == ([1, 3], 3, True)
    ask(store, RecordDelivered("W", ONE, 3, 200, 5.0))
    rest = ask(store, GetDue("W", ONE, ("message",), limit=2))
    assert ([event.sequence for event in rest.events], rest.read_to, rest.more) == ([5], 6, False)


def test_a_line_goes_forwards_only(store: Store) -> None:
    create(store)
    happen(store, *["message"] * 3)
    ask(store, RecordRetry("W", ONE, 1, 1, 50.0, 40.0, "down", 503))
    (line,) = ask(store, GetProgress("W"))
    assert (line.sequence, line.attempts, line.next_at, line.failing_since, line.status) == (0, 1, 50.0, 40.0, 503)
    ask(store, RecordDelivered("W", ONE, 2, 200, 60.0))
    ask(store, RecordRetry("W", ONE, 1, 2, 70.0, 40.0, "late", 503))
    ask(store, RecordDelivered("W", ONE, 1, 200, 70.0))
    ask(store, RecordPassed("W", ONE, 2))
    (line,) = ask(store, GetProgress("W"))
    assert (line.sequence, line.attempts, line.next_at, line.failing_since, line.why) == (2, 0, None, None, None)
    assert (line.delivered, line.delivered_at, line.status) == (1, 60.0, 200)
    ask(store, RecordPassed("W", ONE, 3))
    assert ask(store, GetBacklog()).keys == ()


def test_after_a_change_what_waits_is_due_at_once(store: Store) -> None:
    create(store)
    happen(store)
    ask(store, RecordRetry("W", ONE, 1, 5, 1e9, 40.0, "down", 503))
    assert ask(store, GetProgress("W"))[0].next_at == 1e9
    ask(store, ChangeWebhook("W", {"url": "https://example.org/"}, 9.0))
    (line,) = ask(store, GetProgress("W"))
    assert (line.sequence, line.attempts, line.next_at, line.failing_since) == (0, 0, None, None)


def test_what_retention_took_before_its_turn_is_counted(store: Store) -> None:
    create(store)
    happen(store, *["message"] * 5)
    assert ask(store, GetDue("W", ONE)).missed == 0
    ask(store, PruneEvents(before=0.0, keep=2, keys_before=0.0))
    due = ask(store, GetDue("W", ONE))
    assert ([event.sequence for event in due.events], due.missed) == ([4, 5], 3)


def test_a_dead_letter_and_its_lines_step_are_one(store: Store) -> None:
    create(store)
    happen(store, "message", "message")
    die(store, 1)
    die(store, 1)
    (letter,) = ask(store, GetDeadLetters("W"))
    assert (letter.event_id, letter.body, letter.attempts, letter.why, letter.at) == ("E1", '{"a":1}', 3, "no", 200.0)
    assert due_sequences(store) == [2]
    assert ask(store, GetProgress("W"))[0].failing_since == 150.0


def test_a_replay_is_a_letter_until_it_is_delivered(store: Store) -> None:
    create(store)
    happen(store, "message", "message")
    die(store, 1)
    die(store, 2)
    one, two = ask(store, GetDeadLetters("W", ONE))
    assert ask(store, GetBacklog()).keys == ()
    assert ask(store, ReplayDeadLetters("W", 300.0, (one.id,))) == 1
    assert ask(store, ReplayDeadLetters("W", 301.0)) == 1
    assert ask(store, GetBacklog()).keys == (("W", ONE),)
    assert [(letter.attempts, letter.replay_at) for letter in ask(store, GetDue("W", ONE)).replays] == [
        (0, 300.0),
        (0, 301.0),
    ]
    ask(store, RecordReplayRetry(one.id, 1, 310.0, "again", 500))
    ask(store, RecordReplayed(two.id))
    (left,) = ask(store, GetDue("W", ONE)).replays
    assert (left.id, left.attempts, left.next_at) == (one.id, 1, 310.0)
    assert ask(store, PruneDeadLetters(before=1000.0)) == 0
    ask(store, RecordReplayRetry(one.id, 2, None, "never", 404))
    assert ask(store, GetDue("W", ONE)).replays == ()
    assert ask(store, PruneDeadLetters(before=1000.0)) == 1


def test_dead_letters_are_listed_in_parts_and_forgotten_by_choice(store: Store) -> None:
    create(store)
    create(store, "X")
    happen(store, *["message"] * 3)
    for webhook in "WX":
        for sequence in (1, 2, 3):
            die(store, sequence, webhook=webhook)
    first = ask(store, GetDeadLetters("W", limit=2))
    (last,) = ask(store, GetDeadLetters("W", after=first[-1].id))
    assert [letter.event_id for letter in (*first, last)] == ["E1", "E2", "E3"]
    assert ask(store, GetDeadLetters(client_id=TWO)) == ()
    assert ask(store, DeleteDeadLetters("W", (last.id,))) == 1
    assert ask(store, DeleteDeadLetters("W")) == 2
    assert len(ask(store, GetDeadLetters())) == 3


def test_what_belongs_to_a_deleted_webhook_is_gone_and_comes_not_back(store: Store) -> None:
    create(store)
    happen(store, "message", "message", "message")
    die(store, 1)
    ask(store, DeleteWebhook("W"))
    ask(store, RecordDelivered("W", ONE, 2, 200, 5.0))
    ask(store, RecordRetry("W", ONE, 3, 1, 50.0, 40.0, "down", 503))
    die(store, 3)
    assert not ask(store, GetDeadLetters())
    assert not ask(store, GetProgress("W"))
    assert not ask(store, GetBacklog()).keys


def test_what_a_target_says_cannot_break_the_store(store: Store) -> None:
    create(store)
    happen(store)
    ask(store, RecordRetry("W", ONE, 1, 1, 50.0, 40.0, "nul \0 and \ud800", None))
    assert ask(store, GetProgress("W"))[0].why == "nul � and �"
