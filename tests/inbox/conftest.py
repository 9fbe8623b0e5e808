"""The inbox among real neighbours: a SQLite file, a media directory, the supervisor, the fake browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import pytest

from actors.browser.fake import FakeBrowser, WhatsApp
from actors.clients.operations.fields import File
from actors.clients.operations.received import FetchMedia
from actors.clients.policy import Policy, Rules
from actors.clients.protocol import Answered, Init
from actors.clients.registry.directory import Directory
from actors.clients.supervisor import Supervisor
from actors.clients.types import ClientId
from actors.inbox.held_chats import HeldChats
from actors.inbox.inbox import Inbox
from actors.inbox.journal import InboxJournal
from actors.inbox.protocol import FetchFile
from actors.inbox.rules import InboxRules
from actors.media.folder import MediaFolder
from actors.media.media import MediaStore
from actors.media.threads import MediaThreads
from actors.runtime import Backoff
from actors.runtime.futures import fulfil
from actors.runtime.testing import ManualClock
from actors.store.database import Database
from actors.store.event_pages import ReadPage
from actors.store.events import Event
from actors.store.journal import StoreJournal
from actors.store.rows.held import GetHeldEvents, HeldEvent
from actors.store.rows.received import GetReceived
from actors.store.store import open_store

ONE, TWO = ClientId(1), ClientId(2)
ANA, BOB = "5491122334455", "5491166778899"
RULES = InboxRules(backoff=Backoff(first=1.0, cap=30.0, jitter=0.0))
SUPERVISION = Rules(reconnection=Policy(Backoff(first=1.0, cap=60.0, jitter=0.0), limit=1000))
PNG = b"\x89PNG\r\n\x1a\n"


T = TypeVar("T")


class AtOnce(MediaThreads):
    """Threads for files that do their work before they are left: so all is idle where the actors are."""

    def submit(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        fulfil(future, work)
        return future


class Desk:
    """An inbox under test. Every method leaves all actors idle."""

    def __init__(self, path: Path, whatsapp: WhatsApp | None = None, rules: InboxRules = RULES) -> None:
        self.clock, self.closed, self.freed = ManualClock(), False, list[float]()
        self.store = open_store(Database(f"sqlite:///{path}/store.db", synchronous="OFF"), clock=self.clock)
        self.folder = MediaFolder(path)
        self.media = MediaStore(self.folder, self.store, 3600.0, clock=self.clock.time)
        self.media.threads = AtOnce()
        self.media.prepare(timeout=5)
        self.browser = FakeBrowser(directory=path / "logins", whatsapp=whatsapp)
        self.browser.answers[FetchMedia] = lambda _page, asked: self.file(asked.message)
        self.directory = Directory()
        held = HeldChats()
        waiting = held.count(self.held())
        self.inbox = Inbox.start(
            self.store,
            self.media,
            self.directory.find,
            held,
            rules,
            waiting,
            freed=lambda: self.freed.append(self.clock.time()),
            clock=self.clock,
            chance=lambda: 0.0,
        )
        self.supervisor = Supervisor.start(
            self.browser,
            self.directory,
            journal=InboxJournal(StoreJournal(self.store, clock=self.clock), self.inbox, held, rules, clock=self.clock),
            rules=SUPERVISION,
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

    def file(self, content: str) -> File:
        """A file with this content, as a page has put it into the directory."""
        data = PNG + content.encode()
        incoming = self.folder.begin()
        incoming.write(data)
        return File(self.folder.keep(incoming), len(data), "image/png", "image.png")

    def by_hand(self) -> None:
        """Pages answer nothing by themselves from now on."""
        self.browser.habits = replace(self.browser.habits, answers=False)

    def asked(self, client_id: ClientId = ONE) -> list[str]:
        """The messages whose file was asked of the client's page, in order."""
        return [order["message"] for order in self.browser.page(client_id).ordered("FetchMedia")]

    def answer(self, message: str, client_id: ClientId = ONE) -> File:
        """The page answers with the file of a message."""
        page, file = self.browser.page(client_id), self.file(message)
        order = next(order for order in page.ordered("FetchMedia") if order["message"] == message)
        page.tell(Answered(order["order"], file))
        self.clock.settle()
        return file

    def text(self, words: str, phone: str = ANA, client_id: ClientId = ONE) -> str:
        """A text comes in."""
        id = self.browser.receive(client_id, phone, words)
        self.clock.settle()
        return id

    def picture(self, phone: str = ANA, client_id: ClientId = ONE, **media: Any) -> str:
        """A picture comes in; its full id."""
        facts = {"mimetype": "image/png", "size": 100, "filename": None, "duration": None}
        told = {**facts, "url": None, "digest": None, "error": None, **media}
        id = self.browser.receive(client_id, phone, "", type="image", body=None, media=told)
        self.clock.settle()
        return id

    def fetch(self, message: str) -> Any:
        """Somebody asks for a file again."""
        reply = self.inbox.ask(FetchFile(ONE, f"{ANA}@c.us", message), block=False)
        self.clock.settle()
        return reply

    def events(self, client_id: ClientId = ONE) -> list[Event]:
        """The messages that were told, in order."""
        read = self.store.ask(ReadPage(0, frozenset({client_id}), ("message",), 1000)).get(timeout=5)
        return list(read.events)

    def held(self) -> tuple[HeldEvent, ...]:
        """What waits on disk."""
        found: tuple[HeldEvent, ...] = self.store.ask(GetHeldEvents()).get(timeout=5)
        return found

    def received(self, message: str, client_id: ClientId = ONE) -> File | None:
        """The file that is kept for a message."""
        found: File | None = self.store.ask(GetReceived(client_id, message.split("_")[2])).get(timeout=5)
        return found

    def close(self) -> None:
        """Everything ends, in the order of the service."""
        if self.closed:
            return
        self.closed = True
        self.supervisor.stop(timeout=5)
        self.browser.stop(1.0)
        self.inbox.stop(timeout=5)
        self.store.close(timeout=5)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """One with a READY client."""
    with ExitStack() as opened:
        desk = Desk(tmp_path)
        opened.callback(desk.close)
        desk.ready()
        yield desk


Open = Callable[..., Desk]


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[Open]:
    """Opens one after the other on the same directory."""
    with ExitStack() as opened:

        def open_one(**options: Any) -> Desk:
            desk = Desk(tmp_path, **options)
            opened.callback(desk.close)
            return desk

        yield open_one


def digest(message: str) -> str:
    """The digest of a message's file."""
    return sha256(PNG + message.encode()).hexdigest()
