"""The quota of all incoming files together: the oldest go once it is passed. In the inbox's thread."""

from __future__ import annotations

from collections.abc import Callable

from pykka import ActorDeadError

from actors.inbox.protocol import RoomMade
from actors.runtime import Actor
from actors.store.rows.received import MakeRoom
from actors.store.store import Store


class ReceivedQuota:
    """`limit` is in bytes, 0 for none. `freed` is called when files have lost their messages, and can be deleted.

    The bytes are counted as files arrive; the store, which counts them all, is asked at the first file and once the
    limit is passed. Then a twentieth more goes than has to, or the store would be asked at each further file.
    """

    def __init__(self, actor: Actor, store: Store, limit: int, freed: Callable[[], object]) -> None:
        self._actor, self._store, self._limit, self._freed = actor, store, limit, freed
        self._bytes: int | None = None
        """The bytes of all files; None if unknown."""
        self._arrived = 0
        """The bytes that have arrived since the store was asked."""
        self._newest = 0
        self._asking = False

    def arrived(self, size: int) -> None:
        """Count a file that is kept, and have the oldest forgotten if it is too much."""
        if self._limit:
            self._arrived += size
            self._newest = size
            self._look()

    def made(self, fact: RoomMade) -> None:
        """Take the store's answer. If it failed, the next file asks again."""
        self._asking = False
        if isinstance(fact.answer, Exception):
            self._bytes = None
            self._actor.log.warning("inbox.no_room_made", why=str(fact.answer))
            return
        self._bytes = fact.answer.left
        if fact.answer.forgotten:
            self._actor.log.info("inbox.oldest_files_forgotten", files=fact.answer.forgotten)
            self._freed()
        if self._bytes + self._arrived > self._limit:  # more has arrived meanwhile, or there is more to forget
            self._look()

    def _look(self) -> None:
        if not self._asking and (self._bytes is None or self._bytes + self._arrived > self._limit):
            self._asking, self._arrived = True, 0
            down_to = max(self._limit - self._limit // 20, self._newest)
            try:
                reply = self._store.ask(MakeRoom(self._limit, down_to))
            except ActorDeadError as error:
                self._actor.tell_self(RoomMade(error))
            else:
                self._actor.pipe_to_self(reply, RoomMade)
