"""A store, a sender and what to ask them, for tests. Loopback is allowed: the receivers are there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pykka import ActorRef

from actors.clients.types import ClientId
from actors.runtime import SYSTEM_CLOCK, Clock
from actors.store.database import Database
from actors.store.events import AppendEvent, Event
from actors.store.store import Store, open_store
from actors.store.webhooks import CreateWebhook, Webhook
from actors.webhooks.addresses import networks
from actors.webhooks.definition import new_webhook
from actors.webhooks.http import HttpPoster, Poster, PostingOptions
from actors.webhooks.protocol import Change
from actors.webhooks.schedule import Growth, RetryPolicy
from actors.webhooks.sender import Sender, SenderOptions

LOOPBACK = networks(["127.0.0.0/8"])
PATIENCE = 15.0
QUICK = RetryPolicy(Growth.CONSTANT, delay=0.02, attempts=50, jitter=0.0)
ONE, TWO = ClientId(1), ClientId(2)


@contextmanager
def opened(path: Path, clock: Clock = SYSTEM_CLOCK, patience: float = 5.0) -> Iterator[Store]:
    """A store in a directory, perhaps one that was there before."""
    store = open_store(Database(f"sqlite:///{path}/store.db", patience=patience), clock=clock, retry_after=0.1)
    try:
        yield store
    finally:
        store.close(timeout=PATIENCE)


@contextmanager
def sending(
    store: Store,
    poster: Poster | None = None,
    *,
    retry: RetryPolicy = QUICK,
    clock: Clock = SYSTEM_CLOCK,
    posting: Mapping[str, Any] | None = None,
    **options: Any,
) -> Iterator[ActorRef[Sender]]:
    """A sender that is stopped at the end."""
    poster = poster or HttpPoster(PostingOptions(**{"deadline": 5.0, "allowed": LOOPBACK, **(posting or {})}))
    given = SenderOptions(retry=retry, **{"stop_grace": 0.2, **options})
    ref = Sender.start(store, poster, given, clock=clock, name="webhooks", chance=lambda: 0.5)
    try:
        yield ref
    finally:
        ref.stop(timeout=PATIENCE)


def change(sender: ActorRef[Sender], write: Any) -> Any:
    """Have the sender make a change; its answer."""
    return sender.ask(Change(write), timeout=PATIENCE)


def add(sender: ActorRef[Sender], url: str, **wishes: Any) -> Webhook:
    """A new webhook."""
    webhook = new_webhook({"url": url, **wishes}, at=time.time(), allowed=LOOPBACK)
    created = change(sender, CreateWebhook(webhook))
    assert isinstance(created, Webhook)
    return created


def happen(
    store: Store, count: int = 1, *, client: ClientId = ONE, type: str = "message", at: float | None = None
) -> None:
    """Let so many events happen, and be on disk."""
    when = time.time() if at is None else at
    replies = [store.ask(AppendEvent(client, type, {"text": f"text {n}"}, when)) for n in range(count)]
    for reply in replies:
        assert isinstance(reply.get(timeout=PATIENCE), Event)


def until(condition: Any, what: str, timeout: float = PATIENCE) -> Any:
    """Ask again until it is true: for what nobody tells of."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come about within {timeout} s"
        time.sleep(0.01)
    return found
