"""The actor that deletes files whose time is over, in steps, an hour apart."""

from __future__ import annotations

from dataclasses import dataclass

from pykka import Timeout

from actors.clients.types import Seconds
from actors.media.media import MediaStore
from actors.runtime import Actor, Refusal, ReplyTo

EVERY: Seconds = 3600.0
SOON: Seconds = 60.0
"""The first minute after a start belongs to more important work."""
STEP = 500


@dataclass(frozen=True, slots=True)
class DeleteOldMedia:
    """Timer: time to look for files whose time is over."""


@dataclass(frozen=True, slots=True)
class DeleteMediaNow:
    """Delete them now. Answers None when that is done."""


@dataclass(frozen=True, slots=True)
class MediaForgotten:
    """Of these files the rows are deleted; an exception where the store could not."""

    answer: tuple[str, ...] | Exception


class MediaRetention(Actor):
    """It deletes files in its own thread, so nobody waits for it."""

    def __init__(self, media: MediaStore, every: Seconds = EVERY) -> None:
        super().__init__(name="media-retention")
        self._media, self._every = media, every
        self._is_busy = False
        """True during a round: there is one at a time."""
        self._asked: list[ReplyTo] = []
        """Those who wait for a round that begins from now on."""
        self._served: list[ReplyTo] = []
        """Those whom the present round is for."""

    def started(self) -> None:
        """Wait for the first time."""
        self.start_timer("delete", min(SOON, self._every), DeleteOldMedia())

    def receive(self, message: object) -> object:
        """Take a step; the next one follows at once where there may be more to delete."""
        match message:
            case DeleteOldMedia():
                self._begin()
            case DeleteMediaNow():
                self._asked.append(self.defer())
                self._begin()
            case MediaForgotten(answer=answer):
                digests = () if isinstance(answer, Exception) else answer
                self._delete(digests)
                self._end(more=len(digests) == STEP)
            case _:
                return super().receive(message)
        return None

    def _begin(self) -> None:
        if not self._is_busy:
            self._is_busy, self._served, self._asked = True, self._served + self._asked, []
            self.pipe_to_self(self._media.forget(STEP), MediaForgotten)

    def _end(self, *, more: bool) -> None:
        self._is_busy = False
        if not more:
            for asker in self._served:
                asker.answer(None)
            self._served = []
        if more or self._asked:
            self._begin()
        else:
            self.start_timer("delete", self._every, DeleteOldMedia())

    def _delete(self, digests: tuple[str, ...]) -> None:
        try:
            self._media.delete(digests)
        except (OSError, Refusal, Timeout) as error:  # the next start deletes what has no row
            self.log.warning("media.not_deleted", why=str(error))
