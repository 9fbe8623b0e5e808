"""What goes wrong around a delivery: the database, the end of the sender, a restart, a log that must not tell."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actors.runtime import wait_ended
from actors.runtime.testing import Probe, own_tells, unstarted
from actors.store.errors import StoreUnavailable
from actors.store.events import Event
from actors.store.store import Store
from actors.store.webhooks import Backlog, CreateWebhook, GetDeadLetters, GetDue, GetProgress, GetWebhooks, Webhook
from actors.webhooks.http import HttpPoster, PostingOptions
from actors.webhooks.protocol import GetSending, Published, Refreshed, Sending, Subscribed
from actors.webhooks.schedule import Growth, HttpAnswer, RetryPolicy
from actors.webhooks.sender import Sender
from tests.store.asking import ask
from tests.store.doubt import break_after_commit_of
from tests.webhooks.receiver import Receiver, Request, answer, choose
from tests.webhooks.scripted import ScriptedPoster
from tests.webhooks.sending import LOOPBACK, ONE, PATIENCE, add, happen, opened, sending, until

IDLE = Sending(0, 0, 0)


def test_while_the_database_is_locked_nothing_more_is_sent_and_nothing_twice(
    tmp_path: Path, receiver: Receiver
) -> None:
    both_on_disk = threading.Event()
    with closing(sqlite3.connect(tmp_path / "store.db", check_same_thread=False, isolation_level=None)) as other:

        def lock(request: Request) -> bytes:
            assert both_on_disk.wait(PATIENCE)  # the first may be here before the second is written
            if request.event["sequence"] == 1:
                other.execute("BEGIN IMMEDIATE")
            return answer()

        receiver.behaviour = choose(lock)
        with opened(tmp_path, patience=0.05) as store, sending(store) as sender:
            webhook = add(sender, receiver.url)
            happen(store, 2)
            both_on_disk.set()
            receiver.wait(1)
            with pytest.raises(AssertionError, match="only 1 requests"):
                receiver.wait(2, timeout=0.4)
            other.execute("ROLLBACK")
            receiver.wait(2)
            until(lambda: ask(store, GetProgress(webhook.id))[0].delivered == 2, "both are on record")
    assert [request.event["sequence"] for request in receiver.requests] == [1, 2]


def test_a_webhook_of_a_commit_that_nobody_heard_of_is_gone_by(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sending(store) as sender:
        break_after_commit_of(CreateWebhook, monkeypatch)
        with pytest.raises(StoreUnavailable):
            add(sender, receiver.url)
        until(lambda: ask(store, GetWebhooks()), "it is there all the same")
        until(lambda: store.outage().get(timeout=5.0) is None, "the database can be used again")
        happen(store, 1)
        receiver.wait(1)


def test_what_was_answered_when_the_sender_stopped_is_on_record(tmp_path: Path) -> None:
    poster = AnswersAtTheEnd(lambda _: None)
    with opened(tmp_path) as store:
        with sending(store, poster) as sender:
            webhook = add(sender, "https://target.example/")
            happen(store)
            until(lambda: poster.hanging, "it is posted")
        assert until(lambda: ask(store, GetProgress(webhook.id)), "it is on record")[0].delivered == 1


class AnswersAtTheEnd(ScriptedPoster):
    """Outcomes come when the sender's mailbox is closed already."""

    def stop(self, seconds: float) -> None:
        self.release(HttpAnswer(200))


def test_a_sender_that_crashed_is_started_again_with_the_same_poster(store: Store, receiver: Receiver) -> None:
    poster = HttpPoster(PostingOptions(allowed=LOOPBACK))
    with sending(store, poster) as sender:
        add(sender, receiver.url)
        happen(store)
        receiver.wait(1)
        until(lambda: sender.ask(GetSending(), timeout=5) == IDLE, "the first is settled")
        sender.tell(Published(None))  # type: ignore[arg-type]  # which is a bug
        assert wait_ended(sender, timeout=5.0)
    happen(store)
    with sending(store, poster):
        receiver.wait(2)
    assert [request.event["sequence"] for request in receiver.requests] == [1, 2]


def test_no_secret_header_or_path_is_logged(
    store: Store, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.behaviour = choose(lambda request: answer(400 if request.event["sequence"] == 1 else 503, b"ECHOED"))
    with sending(store, retry=RetryPolicy(Growth.CONSTANT, 0.01, attempts=2)) as sender:
        url = f"http://127.0.0.1:{receiver.port}/PATHTOKEN?key=QUERYTOKEN"
        webhook = add(sender, url, secret="SECRETSECRET", headers={"Authorization": "Bearer HEADERTOKEN"})
        happen(store, 2)
        until(lambda: len(ask(store, GetDeadLetters(webhook.id))) == 2, "both are given up")
        letters = repr(ask(store, GetDeadLetters(webhook.id)))
    shown = capsys.readouterr()
    assert "webhook.dead_letter" in shown.out
    for told in ("SECRETSECRET", "HEADERTOKEN", "PATHTOKEN", "QUERYTOKEN", "ECHOED", "text 0"):
        assert told not in shown.out + shown.err
    assert "ECHOED" not in letters
    assert time.time() > webhook.created_at


class SlowStore:
    """Stands in for the store: keeps what it is asked until the test answers."""

    def __init__(self) -> None:
        self.writer = Probe().ref
        self.orders: list[tuple[Any, Callable[[Any], None]]] = []

    def order(self, message: Any, then: Callable[[Any], None]) -> None:
        self.orders.append((message, then))

    def tell(self, message: Any) -> None:
        """Nothing to write to."""

    def asked(self, kind: type) -> list[Any]:
        return [message for message, _ in self.orders if isinstance(message, kind)]


def test_an_event_told_while_the_webhooks_are_being_read_is_not_overlooked() -> None:
    store = SlowStore()
    sender = unstarted(Sender, store, ScriptedPoster())
    sender.started()
    sender.receive(Subscribed())
    # The store has read what there is, then the event is written and told, and only then its answer is handled.
    sender.receive(Published((Event(1, "E", ONE, 1, 0.0, "message", {}),)))
    store.orders[-1][1](Backlog((Webhook("W", "https://target.example/", 0.0, 0.0),), ()))
    (refreshed,) = [told for told in own_tells(sender) if isinstance(told, Refreshed)]
    sender.receive(refreshed)
    assert store.asked(GetDue) == [GetDue("W", ONE)]
