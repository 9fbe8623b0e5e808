"""The media store's rows: which files there are, what they are, and until when they are kept.

A file is kept until its time is over, and as long as a message of the outbox that has not ended names it, or one that
ended less than a lifetime ago, and as long as it is the file of a message that came in (`received`). The files
themselves lie in a directory: `actors.media`.

A file belongs to the clients it was uploaded for, and to those with a message, sent or received, that has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    RowMapping,
    bindparam,
    case,
    delete,
    exists,
    or_,
    select,
)

from actors.clients.operations.fields import File
from actors.clients.types import ClientId, Seconds
from actors.runtime import Refusal, Work
from actors.store.database import insert_in
from actors.store.events import erasure_of
from actors.store.message_states import OPEN
from actors.store.requests import Read, Write
from actors.store.schema import media, media_clients, outbox, received_media


class NoSuchMedia(Refusal):
    """The media store does not have this file, or no longer."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"There is no file {digest}: it was never here, or its time is over. Upload it again")
        self.digest = digest


class ErasedMeanwhile(NoSuchMedia):
    """The client that the file was uploaded for was erased while it arrived."""

    def __init__(self, digest: str, client_id: ClientId) -> None:
        super().__init__(digest)
        self.args = (f"Client {client_id} was erased while the file arrived: it is not kept",)


@dataclass(frozen=True, slots=True)
class KeepMedia(Work, Write[File | None]):
    """A file is on disk: keep it until then at least. Of a file that is known, name and type become these.

    `client_id`: the client that it was uploaded for, if any; `began`: when it began to arrive. Answers None if that
    client was erased since: then its time is over, unless it is kept for others.
    """

    file: File
    at: Seconds
    until: Seconds
    client_id: ClientId | None = None
    began: Seconds | None = None

    def run(self, connection: Connection) -> File | None:
        """See `Write`."""
        keep, own = _statements(connection.dialect.name)
        void = self._is_void(connection)
        until = self.at if void else self.until
        connection.execute(keep, {**asdict(self.file), "kept_at": self.at, "until": until})
        if void:
            return None
        if self.client_id is not None:
            connection.execute(own, {"digest": self.file.digest, "client_id": self.client_id})
        return self.file

    def _is_void(self, connection: Connection) -> bool:
        if self.client_id is None or self.began is None:
            return False
        erased = erasure_of(connection, self.client_id)
        return erased is not None and self.began <= erased.at


@cache
def _statements(dialect: str) -> tuple[Executable, Executable]:
    """Make the statements that keep a file, and that give it to a client. Made once: each file needs them."""
    kept = insert_in(dialect, media)
    new = kept.excluded
    later = case((media.c.until > new.until, media.c.until), else_=new.until)
    changes = {"mimetype": new.mimetype, "filename": new.filename, "until": later}
    owner = insert_in(dialect, media_clients)
    return kept.on_conflict_do_update(index_elements=["digest"], set_=changes), owner.on_conflict_do_nothing()


@dataclass(frozen=True, slots=True)
class GetMedia(Read[File | None]):
    """Read what is known of a file; None where it is not here, or belongs to none of `clients` (None: of all)."""

    digest: str
    clients: frozenset[ClientId] | None = None

    def run(self, connection: Connection) -> File | None:
        wanted = select(media).where(media.c.digest == self.digest)
        if self.clients is not None:
            wanted = wanted.where(_belongs_to(sorted(self.clients)))
        row = connection.execute(wanted).mappings().first()
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
        _drop(connection, digests)
        return digests


@dataclass(frozen=True, slots=True)
class DropMedia(Write[None]):
    """Delete the rows of files that are not on disk."""

    digests: tuple[str, ...]

    def run(self, connection: Connection) -> None:
        _drop(connection, self.digests)


_KNOWN = select(media.c.digest).where(media.c.digest == bindparam("asked"))


def require(connection: Connection, file: File) -> None:
    """Raise NoSuchMedia unless the file is kept. In the transaction that names it, so that it is kept from then on."""
    if connection.execute(_KNOWN, {"asked": file.digest}).first() is None:
        raise NoSuchMedia(file.digest)


def _belongs_to(clients: Sequence[ClientId]) -> ColumnElement[bool]:
    """Return the condition that a row of `media` belongs to one of these clients."""
    return or_(
        exists().where(media_clients.c.digest == media.c.digest, media_clients.c.client_id.in_(clients)),
        exists().where(outbox.c.media == media.c.digest, outbox.c.client_id.in_(clients)),
        exists().where(received_media.c.digest == media.c.digest, received_media.c.client_id.in_(clients)),
    )


def _drop(connection: Connection, digests: tuple[str, ...]) -> None:
    for table in (media, media_clients):
        connection.execute(delete(table).where(table.c.digest.in_(digests)))


def _file(row: RowMapping) -> File:
    return File(**{name: row[name] for name in ("digest", "size", "mimetype", "filename")})
