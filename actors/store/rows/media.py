"""The media store's rows: which files there are, what they are, and until when they are kept.

A file is kept until its time is over, and as long as a message of the outbox that has not ended names it, or one that
ended less than a lifetime ago, and as long as it is the file of a message that came in (`received`). The files
themselves lie in a directory: `actors.media`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, RowMapping, case, delete, exists, select

from actors.clients.operations.fields import File
from actors.clients.types import Seconds
from actors.runtime import Refusal, Work
from actors.store.database import insert
from actors.store.message import Read, Write
from actors.store.message_states import OPEN
from actors.store.schema import media, outbox, received_media


class NoSuchMedia(Refusal):
    """The media store does not have this file, or no longer."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"There is no file {digest}: it was never here, or its time is over. Upload it again")
        self.digest = digest


@dataclass(frozen=True, slots=True)
class KeepMedia(Work, Write[File]):
    """A file is on disk: keep it until then at least. Of a file that is known, name and type become these."""

    file: File
    at: Seconds
    until: Seconds

    def run(self, connection: Connection) -> File:
        row = {**asdict(self.file), "kept_at": self.at, "until": self.until}
        statement = insert(connection, media).values(row)
        new = statement.excluded
        later = case((media.c.until > new.until, media.c.until), else_=new.until)
        changes = {"mimetype": new.mimetype, "filename": new.filename, "until": later}
        connection.execute(statement.on_conflict_do_update(index_elements=["digest"], set_=changes))
        return self.file


@dataclass(frozen=True, slots=True)
class GetMedia(Read[File | None]):
    """Read what is known of a file; None where it is not here."""

    digest: str

    def run(self, connection: Connection) -> File | None:
        row = connection.execute(select(media).where(media.c.digest == self.digest)).mappings().first()
        return None if row is None else _file(row)


@dataclass(frozen=True, slots=True)
class GetDigests(Read[frozenset[str]]):
    """Read the digest of every file."""

    def run(self, connection: Connection) -> frozenset[str]:
        return frozenset(connection.execute(select(media.c.digest)).scalars())


@dataclass(frozen=True, slots=True)
class ForgetMedia(Write[tuple[str, ...]]):
    """Delete the rows of files whose time is over at `at`, at most `limit`. Answers their digests: nobody may name
    them from here on, and the files can be deleted.

    A message keeps its file for `lifetime` seconds after its end.
    """

    at: Seconds
    lifetime: Seconds
    limit: int = 500

    def run(self, connection: Connection) -> tuple[str, ...]:
        ended = outbox.c.state.not_in(sorted(OPEN)) & (outbox.c.changed_at < self.at - self.lifetime)
        named = exists().where(outbox.c.media == media.c.digest, ~ended)
        received = exists().where(received_media.c.digest == media.c.digest)
        over = (
            select(media.c.digest)
            .where(media.c.until < self.at, ~named, ~received)
            .order_by(media.c.until)
            .limit(self.limit)
        )
        digests = tuple(connection.execute(over).scalars())
        connection.execute(delete(media).where(media.c.digest.in_(digests)))
        return digests


@dataclass(frozen=True, slots=True)
class DropMedia(Write[None]):
    """Delete the rows of files that are not on disk."""

    digests: tuple[str, ...]

    def run(self, connection: Connection) -> None:
        connection.execute(delete(media).where(media.c.digest.in_(self.digests)))


def require(connection: Connection, file: File) -> None:
    """Raise NoSuchMedia unless the file is kept. In the transaction that names it, so that it is kept from then on."""
    if connection.execute(select(media.c.digest).where(media.c.digest == file.digest)).first() is None:
        raise NoSuchMedia(file.digest)


def _file(row: RowMapping) -> File:
    return File(**{name: row[name] for name in ("digest", "size", "mimetype", "filename")})
