"""Files: in a request, in an answer, and those that came with messages."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from actors.clients.operations.fields import File
from actors.inbox.inbox import url_of
from gateway.schemas.shape import Answer, Query, Request

DIGEST = r"^[0-9a-f]{64}$"
"""SHA-256 in hexadecimal digits."""
SOURCES = ("url", "data", "digest")


class FileSource(Request):
    """A file, by one of `url`, `data` and `digest`."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://", max_length=8192)] | None = None
    """Where the service fetches the file: an address with http or https."""
    data: Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})] | None = None
    """The file itself, in base64."""
    digest: Annotated[str, StringConstraints(pattern=DIGEST)] | None = None
    """The digest that `POST /media` answered for a file that was uploaded."""
    mimetype: Annotated[str, StringConstraints(max_length=255)] | None = None
    """Its type. Left out, the content says it."""
    filename: Annotated[str, StringConstraints(max_length=4096)] | None = None
    """The name that the receiver sees."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if sum(getattr(self, name) is not None for name in SOURCES) != 1:
            raise ValueError(f"should have one of {', '.join(SOURCES)}, and only one")
        return self

    @property
    def told(self) -> str | None:
        """What names a file that may be another the next time it is fetched; None where its content names it."""
        return None if self.url is None else repr((self.url, self.mimetype, self.filename))


class Convertible(FileSource):
    """A file that the service converts first, where `convert` says so."""

    convert: bool = False
    """True has the service convert it first into what phones play: see docs/media.md."""


class KeepQuery(Query):
    """Query of POST /media."""

    filename: Annotated[str, StringConstraints(max_length=4096)] | None = None
    """The name of a file that is the body itself."""


class MediaAnswer(Answer):
    """A file that is kept."""

    digest: str
    size: int
    mimetype: str
    filename: str

    @classmethod
    def of(cls, file: File) -> Self:
        return cls(digest=file.digest, size=file.size, mimetype=file.mimetype, filename=file.filename)


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
