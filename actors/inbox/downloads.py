"""The downloads of all clients: a few at a time for each, tried again where one failed.

    wanted ► the operation to the client ► the file lies in the media directory ► its row is written ► done

A client that is not READY costs no try: it is asked again until nobody waits any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from pykka import ActorDeadError, ActorRef

from actors.clients.errors import NotReady, OperationRefused
from actors.clients.operations.fields import File
from actors.clients.operations.received import FetchMedia, bare_id_of
from actors.clients.protocol import Perform
from actors.clients.types import ClientId, Seconds, State
from actors.inbox.protocol import FetchDue, FileFetched, FileKey, FileRecorded
from actors.inbox.rules import InboxRules
from actors.media.media import MediaStore
from actors.runtime import Actor, MailboxFull, Reply
from actors.store.rows.received import KeepReceived

ASK_AGAIN: Seconds = 1.0
"""The time before a client that is not READY is asked again."""
IN_VAIN = frozenset({"TOO_LARGE", "NO_MEDIA"})
"""Refusals that another try does not change."""

Find = Callable[[ClientId], ActorRef[Any] | None]
Done = Callable[[File | Exception], object]
"""Takes the end of a download, in the actor's thread."""


@dataclass(slots=True)
class _Download:
    operation: FetchMedia
    patient: bool
    """Try again."""
    done: list[Done] = field(default_factory=list)
    tries: int = 0


class Downloads:
    """Runs in the thread of `actor`, the inbox."""

    def __init__(
        self,
        actor: Actor,
        media: MediaStore,
        find: Find,
        rules: InboxRules,
        chance: Callable[[], float],
    ) -> None:
        self._actor, self._media, self._find, self._rules, self._chance = actor, media, find, rules, chance
        self._downloads: dict[FileKey, _Download] = {}
        self._waiting: dict[ClientId, deque[FileKey]] = {}
        self._running: dict[ClientId, set[FileKey]] = {}

    def want(self, client_id: ClientId, operation: FetchMedia, done: Done, *, patient: bool) -> None:
        """Have a file fetched; `done` is called once with the file, or with why there is none.

        Two who want the same file share one download. `patient`: until the tries are spent.
        """
        key = (client_id, bare_id_of(operation.message))
        known = self._downloads.get(key)
        if known is not None:
            known.done.append(done)
            known.patient |= patient
            return
        self._downloads[key] = _Download(operation, patient, [done])
        self._waiting.setdefault(client_id, deque()).append(key)
        self._look(client_id)

    def give_up(self, client_id: ClientId, message: str) -> None:
        """Try no more: nobody waits for this file any more. A try that is under way goes on."""
        download = self._downloads.get((client_id, bare_id_of(message)))
        if download is not None and len(download.done) <= 1:
            download.patient = False

    def due(self, timer: FetchDue) -> None:
        """Let a download take its turn again."""
        if timer.key in self._downloads:
            self._waiting.setdefault(timer.key[0], deque()).append(timer.key)
            self._look(timer.key[0])

    def fetched(self, fact: FileFetched) -> None:
        """Record a file that has arrived; else try again, or end."""
        if isinstance(fact.answer, Exception):
            self._failed(fact.key, fact.answer)
            return
        now = self._actor.clock.time()
        write = KeepReceived(*fact.key, fact.answer, now, now + self._rules.lifetime)
        try:
            reply = self._media.adopt(fact.answer, write)
        except Exception as error:  # noqa: BLE001 - whatever it is, the message is told without its file
            self._failed(fact.key, error)
            return
        self._actor.pipe_to_self(reply, partial(FileRecorded, fact.key))

    def recorded(self, fact: FileRecorded) -> None:
        """End a download whose file is kept."""
        if isinstance(fact.answer, Exception):
            self._failed(fact.key, fact.answer)
        else:
            self._end(fact.key, fact.answer)

    def _failed(self, key: FileKey, error: Exception) -> None:
        download = self._downloads[key]
        absent = isinstance(error, NotReady | MailboxFull | ActorDeadError)
        download.tries += not absent
        self._actor.log.info("inbox.not_fetched", client=key[0], message=key[1], tries=download.tries, why=str(error))
        in_vain = isinstance(error, OperationRefused) and error.code in IN_VAIN
        if not download.patient or in_vain or download.tries >= self._rules.tries:
            self._end(key, error)
            return
        delay = ASK_AGAIN if absent else self._rules.backoff.delay(download.tries, self._chance)
        self._free(key)
        self._actor.start_timer(("fetch", key), delay, FetchDue(key))

    def _end(self, key: FileKey, outcome: File | Exception) -> None:
        self._free(key)
        for done in self._downloads.pop(key).done:
            done(outcome)

    def _free(self, key: FileKey) -> None:
        running = self._running.get(key[0], set())
        running.discard(key)
        if not running:
            self._running.pop(key[0], None)
        self._look(key[0])

    def _look(self, client_id: ClientId) -> None:
        waiting = self._waiting.get(client_id, deque())
        running = self._running.setdefault(client_id, set())
        while waiting and len(running) < self._rules.at_once:
            key = waiting.popleft()
            running.add(key)
            self._ask(key)
        if not waiting:
            self._waiting.pop(client_id, None)
        if not running:
            self._running.pop(client_id, None)

    def _ask(self, key: FileKey) -> None:
        ref = self._find(key[0])
        if ref is None:
            self._actor.tell_self(FileFetched(key, NotReady(State.NOT_INITIALIZED)))
            return
        reply = cast("Reply[Any]", ref.ask(Perform(self._downloads[key].operation), block=False))
        self._actor.pipe_to_self(reply, partial(FileFetched, key))
