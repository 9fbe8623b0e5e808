"""The shapes of the calls about files that came with messages."""

from __future__ import annotations

from actors.clients.operations.fields import File
from actors.inbox.inbox import url_of
from gateway.schemas.shape import Answer


class ReceivedAnswer(Answer):
    """A message's file that is kept."""

    success: bool = True
    url: str
    """Where this service serves it."""
    digest: str
    size: int
    mimetype: str
    filename: str

    @classmethod
    def of(cls, bare_id: str, file: File) -> ReceivedAnswer:
        """Return the answer about a message's file."""
        told = {name: getattr(file, name) for name in ("digest", "size", "mimetype", "filename")}
        return cls(url=url_of(bare_id, file), **told)
