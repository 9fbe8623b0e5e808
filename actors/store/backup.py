"""Backup and restore: one SQLite file with every table, which can be restored to SQLite or PostgreSQL.

A file or database is replaced whole or not at all; a backup is checked, and a copy of it prepared, before any change. A
kill at any moment leaves either the old data or the restored data, and at most an unused copy (`forget_copies`).
Browser profiles, and so the logins, are in no backup. Any thread; every function blocks while it copies.

A restored database continues from the database it replaces, so that nothing happens twice:

* A message that is open in the backup may have been sent since. If the present database knows its end, that counts;
  else it becomes `sending`: the page is asked for its id before it may be sent, and without proof it is `unknown`.
* A number that readers may have seen is never given to another event, even if retention has deleted its row. Sequences
  and positions continue after the present numbers; the positions left out are recorded in `event_gaps`.
* If the present database is damaged, or did not grow from the backup (another host), numbers leap.

All of this happens in a copy of the backup, before the copy takes its place.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Table, func, inspect, literal_column, or_, select, text
from sqlalchemy.exc import SQLAlchemyError

from actors.clients.types import Seconds
from actors.store.database import Database, insert, prepare_file
from actors.store.errors import BadBackup, OtherOrigin, StoreUnavailable, as_unavailable, is_damage
from actors.store.message_states import OPEN
from actors.store.origin import read_origin, take_origin
from actors.store.outbox import MarkSending
from actors.store.ownership import claim_all
from actors.store.schema import event_counts, event_gaps, metadata, migrate, newest_revision, outbox, revision_of
from actors.store.writer import database_errors, faults

_ROWS = 500
"""Rows copied at a time."""


def backup(database: Database, file: Path) -> None:
    """Write the whole store, as at one moment, to `file` (mode 0600), while the service runs.

    Replaces the file once everything is written and checked. Raises BadBackup if the database is empty,
    StoreUnavailable, OSError.
    """
    with _replacing(file) as new:
        if database.path is None:
            _dump(database, new)
        else:
            _copy_file(database.path, new)
        _check(new)


def restore(file: Path, database: Database, data_dir: Path, origin: str | None = None) -> Restored:
    """Replace the whole store with a backup, upgraded to the schema of this version.

    `origin` is the WhatsApp that the store is to be used with, if it does not know that itself. Raises BadBackup,
    StoreTooNew, OtherOrigin, DataDirInUse while a service runs on the directory or on that of the database,
    StoreUnavailable, OSError: then nothing was changed.
    """
    with claim_all(data_dir, database), prepared(file, database, data_dir) as copy:
        _keep_origin(copy, database, origin)
        return put_in_place(copy, database)


def _keep_origin(copy: Path, database: Database, wanted: str | None) -> None:
    """Let the copy belong to the same WhatsApp as the database does, if it is older than such knowledge.

    Raises OtherOrigin if it belongs to another.
    """
    origin = _origin_now(database) or wanted
    if origin is None:
        return
    try:
        with faults(), _single_file(copy).writing().begin() as connection:
            take_origin(connection, origin)
    except OtherOrigin as error:
        raise OtherOrigin(error.found, error.wanted, "The backup") from error


def _origin_now(database: Database) -> str | None:
    """Return the origin of the present database; None if it is damaged."""
    try:
        return read_origin(database)
    except StoreUnavailable as error:
        if error.__cause__ is not None and is_damage(error.__cause__):
            return None
        raise


@contextmanager
def prepared(file: Path, database: Database, data_dir: Path) -> Iterator[Path]:
    """Return a copy of a backup, checked and upgraded, ready for `put_in_place`; deleted at the end unless put in
    place.

    The service may run. Raises BadBackup, StoreTooNew, StoreUnavailable, OSError.
    """
    _check(file)
    prepare_file(database)
    with _new(_place_of_copy(database, data_dir)) as copy:
        yield _upgraded(file, copy)


def put_in_place(copy: Path, database: Database) -> Restored:
    """Let a prepared copy take over the present numbers and ends, then take the database's place, all at once.

    No other service may write meanwhile: on a server this is ensured here; of a file, the caller owns the directory.
    Raises StoreUnavailable, OSError: then nothing was changed.
    """
    if database.path is None:
        return _load(copy, database)
    restored = _gone_on(copy, database)
    with _settled(database.path):
        _put(copy, database.path)
    return restored


def forget_copies(database: Database, data_dir: Path) -> None:
    """Delete the copies that a killed restore may have left. For the owner of the directory. Raises OSError."""
    _delete(_place_of_copy(database, data_dir))


def as_database(copy: Path) -> Database:
    """Return a prepared copy as a database to read."""
    return _single_file(copy)


# --- one SQLite file to another ---------------------------------------------------------------------------------------


def _copy_file(source: Path, target: Path) -> None:
    if not source.exists():
        raise BadBackup(f"There is no database at {source} to back up")
    with faults(), closing(_open(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)  # All pages in one step: one moment, and in WAL mode no writer waits.
        new.execute("PRAGMA journal_mode = DELETE")


def _gone_on(copy: Path, database: Database) -> Restored:
    """Let the copy continue from the present database."""
    with faults(), _single_file(copy).writing().begin() as connection:
        return succeed(connection, database, time.time())


@contextmanager
def _settled(path: Path) -> Iterator[None]:
    """Make sure that no file lies beside the old database and no other process opens it: SQLite would take its log for
    the new file's.

    A command that waits meanwhile cannot write to the database after it is replaced: SQLite detects that. Raises
    StoreUnavailable while another process has it open.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        try:
            with faults():
                _lock_out(old)
        except (sqlite3.Error, StoreUnavailable) as error:
            # A damaged database cannot be checkpointed, and has nothing that could be lost.
            if not is_damage(error.__cause__ or error):
                raise
        _delete_beside(path)
        yield


def _lock_out(old: sqlite3.Connection) -> None:
    old.execute("PRAGMA journal_mode = DELETE")
    old.execute("BEGIN EXCLUSIVE")
    (mode,) = old.execute("PRAGMA journal_mode").fetchone()
    if mode != "delete":  # Another process that has it open set the mode in between.
        raise StoreUnavailable("Another process has begun to use the database")


def _upgraded(file: Path, copy: Path) -> Path:
    """Return a copy of a backup, with the schema of this version."""
    _copy_file(file, copy)
    try:
        with faults(), _single_file(copy).writing().begin() as connection:
            migrate(connection)
            missing = set(metadata.tables) - set(inspect(connection).get_table_names())
    except SQLAlchemyError as error:
        raise BadBackup(f"{file} is not a whole backup: its schema cannot be upgraded") from error
    if missing:
        raise BadBackup(f"{file} is not a whole backup: it lacks {', '.join(sorted(missing))}")
    return copy


# --- between SQLite and PostgreSQL, row by row ------------------------------------------------------------------------


def _dump(database: Database, file: Path) -> None:
    with faults(), database.reading().begin() as source, _single_file(file).writing().begin() as target:
        found = revision_of(source)
        if found != newest_revision():
            raise BadBackup(f"The database has schema {found}, not {newest_revision()}: start this version once")
        migrate(target)
        _copy_rows(source, target)
        count_on(target, counts(source))


def _load(copy: Path, database: Database) -> Restored:
    with faults(), database.writing(alone=True).begin() as target:  # No service writes from here on.
        restored = _gone_on(copy, database)
        migrate(target)
        for table in reversed(metadata.sorted_tables):
            target.execute(table.delete())
        with _single_file(copy).reading().begin() as source:
            _copy_rows(source, target)
            count_on(target, counts(source))
    return restored


def _copy_rows(source: Connection, target: Connection) -> None:
    source = source.execution_options(stream_results=True, max_row_buffer=_ROWS)
    for table in metadata.sorted_tables:
        for rows in source.execute(select(table)).mappings().partitions(_ROWS):
            target.execute(table.insert(), [dict(row) for row in rows])


# --- files ------------------------------------------------------------------------------------------------------------


def _check(file: Path) -> None:
    """Raise BadBackup unless the file is a whole database that a store has written."""
    if not file.is_file():
        raise BadBackup(f"There is no backup {file}")
    try:
        with closing(_open(file)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise BadBackup(f"{file} is no backup, or a damaged one: {error}") from error
    if verdict != "ok":
        raise BadBackup(f"{file} is damaged: {verdict}")
    if not {"alembic_version", "sessions"} <= tables:
        raise BadBackup(f"{file} is a database, but not a backup of this service")


def _open(file: Path) -> sqlite3.Connection:
    """Open the file, without creating it."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)


def _single_file(file: Path) -> Database:
    return Database(f"sqlite:///{file}", journal_mode="DELETE")


def _place_of_copy(database: Database, data_dir: Path) -> Path:
    """Return the copy's path, beside the file it will replace."""
    where = data_dir / "database" if database.path is None else database.path
    return where.with_name(f"{where.name}.restoring")


@contextmanager
def _replacing(file: Path) -> Iterator[Path]:
    """Yield a new file (mode 0600) to write to, which replaces `file` at the end; deleted on any error."""
    with _new(file.with_name(f"{file.name}.new")) as new:
        yield new
        _put(new, file)


@contextmanager
def _new(file: Path) -> Iterator[Path]:
    """Yield an empty file (mode 0600), deleted at the end if it still exists."""
    _delete(file)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        yield file
    finally:
        _delete(file)


def _put(new: Path, file: Path) -> None:
    _flush(new)
    new.replace(file)
    _flush(file.parent)


def _delete(file: Path) -> None:
    file.unlink(missing_ok=True)
    _delete_beside(file)


def _delete_beside(file: Path) -> None:
    for ending in ("-wal", "-shm", "-journal"):
        file.with_name(file.name + ending).unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


LEAP = 1_000_000
"""The leap of numbers if nobody knows how far they had come: more events than are written between backup and restore.
"""
_AT_ONCE = 500
_OUTCOME = ("state", "reason", "full_id", "attempts", "times", "changed_at")

_log = structlog.get_logger("store")


@dataclass(frozen=True, slots=True)
class Present:
    """The contents of the replaced database that count: the newest position and sequences, and the messages that have
    ended.
    """

    position: int
    sequences: Mapping[int, int]
    ended: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore: messages by the source of their state, and the numbers of events left out."""

    looked_up: int
    ended: int
    left_out: int
    present_known: bool


def succeed(copy: Connection, database: Database, at: Seconds) -> Restored:
    """Let the copy of a backup continue from the contents of `database`; writes to the copy only.

    Raises StoreUnavailable if the database may be readable another time, so that its contents are not given up.
    """
    open_ids = list(copy.execute(select(outbox.c.id).where(_is_open()).order_by(outbox.c.position)).scalars())
    present = _look_at(database, open_ids)
    left_out = _go_on_counting(copy, present)
    ended = present.ended if present is not None else {}
    for id, outcome in ended.items():
        copy.execute(outbox.update().where(outbox.c.id == id), dict(outcome))
    for ids in _batches([id for id in open_ids if id not in ended]):
        MarkSending(ids, at).run(copy)
    return Restored(len(open_ids) - len(ended), len(ended), left_out, present is not None)


def _look_at(database: Database, open_ids: list[str]) -> Present | None:
    if database.path is not None and not database.path.exists():
        return None
    try:
        with database.reading().begin() as connection:
            sequences = {row.client_id: row.sequence for row in connection.execute(select(event_counts))}
            return Present(counts(connection)["events"], sequences, dict(_ended(connection, open_ids)))
    except database_errors() as error:
        unavailable = as_unavailable(error)
        if unavailable is not None and not is_damage(error):
            raise unavailable from error
        _log.warning("store.not_readable", why=str(error).splitlines()[0])
        return None


def _ended(connection: Connection, ids: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    columns = [outbox.c[name] for name in ("id", *_OUTCOME)]
    for some in _batches(ids):
        found = connection.execute(select(*columns).where(outbox.c.id.in_(some), ~_is_open()))
        yield from ((row["id"], {name: row[name] for name in _OUTCOME}) for row in found.mappings())


def _go_on_counting(copy: Connection, present: Present | None) -> int:
    """Skip every number that the present database has given; return how many positions are left out."""
    last = counts(copy)["events"]
    sequences: dict[int, int] = {row.client_id: row.sequence for row in copy.execute(select(event_counts))}
    if present is None or present.position < last:  # It has counted less, so it did not grow from the backup.
        present = _leapt(last, sequences)
    for client_id in {*sequences, *present.sequences}:
        told = {"client_id": client_id, "sequence": _further(client_id, sequences, present.sequences)}
        upsert = insert(copy, event_counts).values(told)
        copy.execute(upsert.on_conflict_do_update(index_elements=["client_id"], set_=told))
        sequences[client_id] = told["sequence"]
    # While no event is kept, positions are known only by the number of events counted.
    position = max(last, present.position, sum(sequences.values()))
    count_on(copy, {"events": position})
    if position > last:
        copy.execute(event_gaps.insert(), {"after": last, "resumed": position})
    return position - last


def _leapt(position: int, sequences: Mapping[int, int]) -> Present:
    return Present(position + LEAP, {client_id: sequence + LEAP for client_id, sequence in sequences.items()})


def _further(client_id: int, *known: Mapping[int, int]) -> int:
    return max(sequences.get(client_id, 0) for sequences in known)


def _is_open() -> ColumnElement[bool]:
    # Literals, so that the partial indexes apply.
    return or_(*(outbox.c.state == literal_column(f"'{state.value}'") for state in sorted(OPEN)))


def _batches(ids: list[str]) -> Iterator[tuple[str, ...]]:
    yield from (tuple(ids[start : start + _AT_ONCE]) for start in range(0, len(ids), _AT_ONCE))


Counts = dict[str, int]
"""The last number of each table with a counter; 0 if there was none."""


def counting() -> list[Table]:
    """Return the tables whose primary key is a counter."""
    return [table for table in metadata.sorted_tables if table.dialect_options["sqlite"]["autoincrement"]]


def counts(connection: Connection) -> Counts:
    """Return the counters. Raises the database's error if such tables are missing."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
        known: Counts = {row.name: row.seq for row in found}
        return {table.name: known.get(table.name, 0) for table in counting()}
    return {table.name: _last(connection, _sequence(connection, table)) for table in counting()}


def count_on(connection: Connection, told: Counts) -> None:
    """Let each table continue from these numbers."""
    for table in counting():
        if table.name in told:
            _set(connection, table, told[table.name])


def _set(connection: Connection, table: Table, last: int) -> None:
    if connection.dialect.name == "sqlite":
        # Not a table with a unique name: SQLite maintains it itself, with a row from the first insert on.
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        row = {"name": table.name, "last": last}
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), row)
    else:
        connection.execute(select(func.setval(_sequence(connection, table), max(last, 1), last > 0)))


def _sequence(connection: Connection, table: Table) -> str:
    (column,) = table.primary_key
    name: str = connection.execute(select(func.pg_get_serial_sequence(table.name, column.name))).scalar_one()
    return name


def _last(connection: Connection, sequence: str) -> int:
    # The database has quoted the name itself.
    last, is_called = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()
    return int(last) if is_called else 0
