"""The files that came with messages: which message of which client has which file of the media store, and until when.

A file is named by its client and the bare id of its message, so that nobody sees a file of a client that is not his.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, tuple_

from actors.clients.operations.fields import File
from actors.clients.types import ClientId, Seconds
from actors.store.database import insert
from actors.store.events import erasure_of
from actors.store.requests import Read, Write
from actors.store.rows.media import KeepMedia
from actors.store.schema import received_media

_KEY = (received_media.c.client_id, received_media.c.message_id)


@dataclass(frozen=True, slots=True)
class KeepReceived(Write[File]):
    """The file of a message is on disk: keep it until then. `message_id` is bare.

    If the client was erased meanwhile, the file is not kept.
    """

    client_id: ClientId
    message_id: str
    file: File
    at: Seconds
    until: Seconds

    def run(self, connection: Connection) -> File:
        KeepMedia(self.file, self.at, self.at).run(connection)  # the row below keeps it from here on
        erased = erasure_of(connection, self.client_id)
        if erased is not None and erased.last:
            return self.file
        row = {**asdict(self.file), "at": self.at, "until": self.until}
        statement = insert(connection, received_media)
        changes = {name: statement.excluded[name] for name in row}
        values = statement.values(client_id=self.client_id, message_id=self.message_id, **row)
        connection.execute(values.on_conflict_do_update(index_elements=["client_id", "message_id"], set_=changes))
        return self.file


@dataclass(frozen=True, slots=True)
class GetReceived(Read[File | None]):
    """Read which file came with a message of a client; None where there is none, or no longer."""

    client_id: ClientId
    message_id: str

    def run(self, connection: Connection) -> File | None:
        mine = tuple_(*_KEY) == (self.client_id, self.message_id)
        row = connection.execute(select(received_media).where(mine)).mappings().first()
        return None if row is None else _file(dict(row))


@dataclass(frozen=True, slots=True)
class FindReceived(Read[Mapping[str, File]]):
    """Read which files came with these messages of a client, by bare id; without those that are not kept."""

    client_id: ClientId
    message_ids: tuple[str, ...]

    def run(self, connection: Connection) -> Mapping[str, File]:
        mine = (received_media.c.client_id == self.client_id) & received_media.c.message_id.in_(self.message_ids)
        rows = connection.execute(select(received_media).where(mine)).mappings()
        return {row["message_id"]: _file(dict(row)) for row in rows}


@dataclass(frozen=True, slots=True)
class ForgetReceived(Write[int]):
    """Forget files whose time is over at `at`, and the oldest beyond `keep_bytes` of all together (0: no limit).

    At most `limit`; answers how many. The media store deletes what nothing names any more.
    """

    at: Seconds
    keep_bytes: int = 0
    limit: int = 1000

    def run(self, connection: Connection) -> int:
        over = select(*_KEY).where(received_media.c.until < self.at).order_by(received_media.c.until)
        gone = self._forget(connection, over.limit(self.limit))
        return gone if gone or not self.keep_bytes else self._forget(connection, self._beyond(connection))

    def _beyond(self, connection: Connection) -> Any:
        """Return the query of the oldest files that are too much."""
        size = func.sum(received_media.c.size).over(order_by=(received_media.c.at.desc(), *_KEY))
        running = select(*_KEY, received_media.c.at, size.label("bytes")).subquery()
        beyond = select(running.c.client_id, running.c.message_id).where(running.c.bytes > self.keep_bytes)
        return beyond.order_by(running.c.at).limit(self.limit)

    def _forget(self, connection: Connection, which: Any) -> int:
        return connection.execute(delete(received_media).where(tuple_(*_KEY).in_(which))).rowcount


@dataclass(frozen=True, slots=True)
class RoomLeft:
    """The bytes of all files that came in, and how many files were forgotten just now."""

    left: int
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class MakeRoom(Write[RoomLeft]):
    """If the files of all messages have more than `limit` bytes, forget the oldest, until they have `down_to` or less.

    At most `most` of them.
    """

    limit: int
    down_to: int
    most: int = 1000

    def run(self, connection: Connection) -> RoomLeft:
        total = self._total(connection)
        if total <= self.limit:
            return RoomLeft(total)
        forgotten = ForgetReceived(0.0, self.down_to, self.most).run(connection)
        return RoomLeft(self._total(connection), forgotten)

    def _total(self, connection: Connection) -> int:
        return int(connection.execute(select(func.coalesce(func.sum(received_media.c.size), 0))).scalar_one())


def _file(row: Mapping[str, Any]) -> File:
    return File(**{name: row[name] for name in ("digest", "size", "mimetype", "filename")})
