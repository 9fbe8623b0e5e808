"""The dispatcher among real neighbours: a SQLite file, the supervisor with its clients, the fake browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest
from pykka import ActorRef

from actors.browser.fake import FakeBrowser, WhatsApp
from actors.clients.operations.messages import SendText, draw_message_id
from actors.clients.policy import Policy, Rules
from actors.clients.protocol import Init
from actors.clients.registry.directory import Directory
from actors.clients.supervisor import Supervisor
from actors.clients.types import ClientId
from actors.outbox.client_queue import Pace
from actors.outbox.dispatcher import Dispatcher
from actors.outbox.protocol import Await, Queued
from actors.outbox.readiness import ReadinessJournal
from actors.runtime import Backoff, Reply
from actors.runtime.testing import ManualClock
from actors.store.database import Database
from actors.store.journal import StoreJournal
from actors.store.outbox import AcceptMessage, GetMessage, ListMessages, Message
from actors.store.store import Store, open_store

ONE = ClientId(1)
CHAT, OTHER = "5491122334455@c.us", "5491166778899@c.us"
RULES = Rules(reconnection=Policy(Backoff(first=1.0, cap=60.0, jitter=0.0), limit=1000))


class Post:
    """A post office under test. Every method leaves all actors idle."""

    def __init__(
        self,
        path: Path,
        whatsapp: WhatsApp | None = None,
        *,
        between: Callable[[Store], Any] = lambda store: store,
        rules: Rules = RULES,
        clock: ManualClock | None = None,
        **options: Any,
    ) -> None:
        """`between` may put something between the dispatcher and the store."""
        self.clock = clock or ManualClock()
        self.store = open_store(Database(f"sqlite:///{path}/store.db", synchronous="OFF"), clock=self.clock)
        self.browser = FakeBrowser(directory=path / "logins", whatsapp=whatsapp)
        self.directory = Directory()
        self.dispatcher: ActorRef[Any] = Dispatcher.start(
            between(self.store), self.directory.find, clock=self.clock, chance=lambda: 0.0, **options
        )
        self.supervisor = Supervisor.start(
            self.browser,
            self.directory,
            journal=ReadinessJournal(StoreJournal(self.store, clock=self.clock), self.dispatcher),
            rules=rules,
            chance=lambda: 0.0,
            clock=self.clock,
        )

    def ready(self, client_id: ClientId = ONE) -> None:
        """Have a client started, and paired where no login is stored."""
        self.supervisor.ask(Init(client_id), timeout=5)
        self.clock.settle()
        if self.browser.page(client_id).code is not None:
            self.browser.scan(client_id)
        self.clock.settle()

    def accept(self, text: str, chat: str = CHAT, **fields: Any) -> Message:
        """A message is promised."""
        fields = {"client_id": ONE, "at": self.clock.time()} | fields
        accepted = self.store.ask(AcceptMessage(operation=SendText(chat, text), message_id=draw_message_id(), **fields))
        message: Message = accepted.get(timeout=5).message
        self.dispatcher.tell(Queued(message.client_id, message.expires_at))
        self.clock.settle()
        return message

    def wait(self, message: Message, seconds: float = 30.0, *, withdraw: bool = False) -> Reply[Any]:
        """A caller waits for the outcome; the reply may still be open."""
        order = Await(message.client_id, message.id, seconds, withdraw)
        reply = cast(Reply[Any], self.dispatcher.ask(order, block=False))
        self.clock.settle()
        return reply

    def now(self, message: Message) -> Message:
        """How a message stands."""
        found: Message | None = self.store.ask(GetMessage(message.client_id, message.id)).get(timeout=5)
        assert found is not None
        return found

    def all(self, client_id: ClientId = ONE) -> tuple[Message, ...]:
        """Every message of a client."""
        messages: tuple[Message, ...] = self.store.ask(ListMessages(client_id, limit=100_000)).get(timeout=5)
        return messages

    def delivered(self) -> list[str]:
        """The texts WhatsApp has delivered, in order."""
        return [delivery.text for delivery in self.browser.whatsapp.deliveries]

    def close(self) -> None:
        """What a kill leaves: nothing is told to anybody first."""
        self.dispatcher.stop(timeout=5)
        self.supervisor.stop(timeout=5)
        self.browser.stop(1.0)
        self.store.close(timeout=5)


Open = Callable[..., Post]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens post offices over one database, one after the other."""
    with ExitStack() as stack:

        def open_post(**options: Any) -> Post:
            post = Post(tmp_path, **options)
            stack.callback(post.close)
            return post

        yield open_post


@pytest.fixture
def post(opened: Open) -> Post:
    return opened(pace=Pace())
