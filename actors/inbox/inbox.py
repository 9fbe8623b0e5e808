"""The actor that has the files of incoming messages fetched before the messages are told.

The order within a chat is kept: what follows such a message in its chat waits behind it, on disk. Other chats, and
other clients, go on; so within a client an event of one chat may be told before an older one of another. An event has
the instant at which it came in (`at`), and gets its position and its sequence when it is told.

A message waits `InboxRules.wait` seconds at most. Then, or when the tries are spent, it is told without its file, and
says why; the file can be asked for again (`FetchFile`).
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from pykka import ActorDeadError

from actors.clients.errors import ClientRefusal, OperationRefused
from actors.clients.events import AccountEvent
from actors.clients.operations.fields import File
from actors.clients.operations.received import FetchMedia, bare_id_of
from actors.clients.types import ClientId
from actors.inbox.downloads import Downloads, Find
from actors.inbox.held_chats import HeldChats, chat_of
from actors.inbox.protocol import (
    Arrived,
    ChatKey,
    FetchDue,
    FetchFile,
    FileFetched,
    FileRecorded,
    Kept,
    RoomMade,
    WaitOver,
)
from actors.inbox.quota import ReceivedQuota
from actors.inbox.rules import InboxRules
from actors.media.file_types import filename_of
from actors.media.folder import MediaFull
from actors.media.media import MediaStore
from actors.runtime import Actor, MailboxFull, Refusal
from actors.store.events import draw_id
from actors.store.rows.held import HeldEvent, HoldEvent, TellHeld
from actors.store.store import Store


class FileUnavailable(Refusal):
    """A message's file could not be had."""


@dataclass(slots=True)
class _Entry:
    """An event that waits. `kept`: it is on disk; `fetching`: its file is awaited; `payload`: what it is told with."""

    id: str
    client_id: ClientId
    event: AccountEvent
    kept: bool = False
    fetching: bool = False
    payload: Mapping[str, Any] | None = None


class Inbox(Actor):
    """`found` are the events that waited when the service ended last; `held` must count them already.

    `freed` is called, in this actor's thread, when files that came in can be deleted.
    """

    name = "inbox"

    def __init__(
        self,
        store: Store,
        media: MediaStore,
        find: Find,
        held: HeldChats,
        rules: InboxRules,
        found: Iterable[HeldEvent] = (),
        *,
        freed: Callable[[], object] = lambda: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__()
        self._quota = ReceivedQuota(self, store, rules.together, freed)
        self._store, self._held, self._rules, self._found = store, held, rules, tuple(found)
        self._downloads = Downloads(self, media, find, rules, chance)
        self._chats: dict[ChatKey, deque[_Entry]] = {}

    def started(self) -> None:
        """Go on with what waited."""
        for held in self._found:
            chat = chat_of(held.client_id, held.event)
            if chat is None:  # it cannot be read
                self._store.tell(TellHeld(held.id))
                continue
            entry = _Entry(held.id, held.client_id, held.event, kept=True)
            self._chats.setdefault(chat, deque()).append(entry)
            self._fetch(chat, entry)
        for chat in tuple(self._chats):
            self._advance(chat)
        self._found = ()

    def receive(self, message: object) -> object:
        """Hand the message to its handler."""
        handler = _HANDLERS.get(type(message))
        return super().receive(message) if handler is None else handler(self, message)

    # --- events -------------------------------------------------------------------------------------------------------

    def _arrived(self, fact: Arrived) -> None:
        chat = chat_of(fact.client_id, fact.event)
        assert chat is not None
        entry = _Entry(draw_id(), fact.client_id, fact.event)
        self._chats.setdefault(chat, deque()).append(entry)
        hold = HoldEvent(fact.client_id, fact.event, fact.at, entry.id)
        try:
            self.pipe_to_self(self._store.ask(hold), partial(Kept, chat, entry.id))
        except ActorDeadError:
            self.log.warning("fact_lost", kind=type(fact.event).__name__, reason="the store is closed")

    def _kept(self, fact: Kept) -> None:
        entry = self._entry(fact.chat, fact.id)
        if fact.answer is True:
            entry.kept = True
            self._fetch(fact.chat, entry)
        else:
            if isinstance(fact.answer, Exception):
                self.log.error("inbox.not_kept", client=entry.client_id, why=str(fact.answer))
            self._chats[fact.chat].remove(entry)
            self._held.leave(fact.chat)
        self._advance(fact.chat)

    def _advance(self, chat: ChatKey) -> None:
        """Tell what waits for nothing any more."""
        queue = self._chats[chat]
        while queue and queue[0].kept and not queue[0].fetching:
            entry = queue.popleft()
            self._store.tell(TellHeld(entry.id, entry.payload))
            self._held.leave(chat)
        if not queue:
            del self._chats[chat]

    def _entry(self, chat: ChatKey, id: str) -> _Entry:
        return next(entry for entry in self._chats[chat] if entry.id == id)

    # --- files --------------------------------------------------------------------------------------------------------

    def _fetch(self, chat: ChatKey, entry: _Entry) -> None:
        if not self._rules.fetches(entry.event):
            return
        told = entry.event.payload
        too_large = self._rules.too_large(told["media"].get("size"))
        if too_large is not None:
            entry.payload = _with(entry.event, {"error": too_large})
            return
        entry.fetching = True
        self.start_timer(("wait", entry.id), self._rules.wait, WaitOver(chat, entry.id))
        operation = FetchMedia(str(told["chat"]), str(told["id"]), int(told["media"].get("size") or 0))
        self._downloads.want(entry.client_id, operation, partial(self._done, chat, entry), patient=True)

    def _recorded(self, fact: FileRecorded) -> None:
        self._downloads.recorded(fact)
        if isinstance(fact.answer, File):
            self._quota.arrived(fact.answer.size)

    def _done(self, chat: ChatKey, entry: _Entry, outcome: File | Exception) -> None:
        if entry.fetching:
            bare = bare_id_of(str(entry.event.payload["id"]))
            changes = described(bare, outcome) if isinstance(outcome, File) else {"error": str(outcome)}
            self._settle(chat, entry, changes)

    def _wait_over(self, timer: WaitOver) -> None:
        entry = self._entry(timer.chat, timer.id)
        self._downloads.give_up(entry.client_id, str(entry.event.payload["id"]))
        self._settle(timer.chat, entry, {"error": f"The file was not there within {self._rules.wait:g} s"})

    def _settle(self, chat: ChatKey, entry: _Entry, changes: Mapping[str, Any]) -> None:
        self.cancel_timer(("wait", entry.id))
        entry.fetching, entry.payload = False, _with(entry.event, changes)
        self._advance(chat)

    def _fetch_file(self, order: FetchFile) -> None:
        reply_to = self.defer()

        def done(outcome: File | Exception) -> None:
            if isinstance(outcome, File):
                reply_to.answer(outcome)
            elif isinstance(outcome, OperationRefused) and outcome.code == "MEDIA_FULL":
                reply_to.refuse(MediaFull(str(outcome)))
            else:
                known = isinstance(outcome, ClientRefusal | MailboxFull)
                reply_to.refuse(outcome if known else FileUnavailable(str(outcome)))

        self._downloads.want(order.client_id, FetchMedia(order.chat, order.message), done, patient=False)


_HANDLERS: dict[type, Callable[[Inbox, Any], None]] = {
    Arrived: Inbox._arrived,
    Kept: Inbox._kept,
    WaitOver: Inbox._wait_over,
    FetchFile: Inbox._fetch_file,
    FetchDue: lambda inbox, fact: inbox._downloads.due(fact),
    FileFetched: lambda inbox, fact: inbox._downloads.fetched(fact),
    FileRecorded: Inbox._recorded,
    RoomMade: lambda inbox, fact: inbox._quota.made(fact),
}


def described(bare_id: str, file: File) -> dict[str, Any]:
    """Return what an event, or an answer, says of a file that is kept."""
    return {"url": url_of(bare_id, file), "digest": file.digest, "size": file.size, "mimetype": file.mimetype}


def url_of(bare_id: str, file: File) -> str:
    """Return the path at which the gateway serves the file of a message."""
    return f"/media/{bare_id}{PurePosixPath(filename_of(None, file.mimetype)).suffix}"


def _with(event: AccountEvent, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload of a message with these facts of its file."""
    return {**event.payload, "media": {**event.payload["media"], **changes}}
