"""The actor that deletes files whose time is over, in steps, an hour apart."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.types import Seconds
from actors.media.media import MediaStore
from actors.runtime import Actor

EVERY: Seconds = 3600.0
SOON: Seconds = 60.0
"""The first minute after a start belongs to more important work."""
STEP = 500


@dataclass(frozen=True, slots=True)
class DeleteOldMedia:
    """Timer: time to look for files whose time is over."""


@dataclass(frozen=True, slots=True)
class MediaForgotten:
    """Of these files the rows are deleted; an exception where the store could not."""

    answer: tuple[str, ...] | Exception


class MediaRetention(Actor):
    """It deletes files in its own thread, so nobody waits for it."""

    def __init__(self, media: MediaStore, every: Seconds = EVERY) -> None:
        super().__init__(name="media-retention")
        self._media, self._every = media, every

    def started(self) -> None:
        """Wait for the first time."""
        self.start_timer("delete", min(SOON, self._every), DeleteOldMedia())

    def receive(self, message: object) -> object:
        """Take a step; the next one follows at once where there may be more to delete."""
        match message:
            case DeleteOldMedia():
                self.pipe_to_self(self._media.forget(STEP), MediaForgotten)
            case MediaForgotten(answer=answer):
                digests = () if isinstance(answer, Exception) else answer
                self._delete(digests)
                self.start_timer("delete", 0.0 if len(digests) == STEP else self._every, DeleteOldMedia())
            case _:
                return super().receive(message)
        return None

    def _delete(self, digests: tuple[str, ...]) -> None:
        try:
            self._media.delete(digests)
        except OSError as error:  # the next start deletes what has no row
            self.log.warning("media.not_deleted", why=str(error))
