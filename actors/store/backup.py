"""A backup is one SQLite file with every table, whatever database the store is on: it can be restored to either.

Rules of this file: a file or database is replaced whole or not at all; a backup is checked, and a copy of it made
ready, before anything is touched. A kill at any moment leaves what was there, or what was restored, and at most a copy
that nobody asks for (`forget_copies`). What is in no backup are the browser profiles, with the logins. Any thread;
everything blocks for as long as the copying takes.

A restored database takes over from the one in whose place it comes, so that nothing happens twice:

* A message that the backup calls open may have left since. What the present database knows of its end counts; else it
  is `sending`: the page is asked for its id before it may be sent, and what cannot be told is `unknown`.
* A number that readers may have seen is not given to another event, also where retention has deleted its row. Sequences
  and positions go on after the present ones; what is left out between is noted in `event_gaps`.
* Where the present database cannot be read (it is damaged), or is not what became of the backup's (another host),
  numbers leap.

All of it happens in the copy of the backup, before that takes its place.
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
from actors.store.errors import BadBackup, StoreUnavailable, as_unavailable, is_damage
from actors.store.message_states import OPEN
from actors.store.migrate import migrate, newest_revision, revision_of
from actors.store.outbox import MarkSending
from actors.store.outbox_writes import mark_sending
from actors.store.ownership import claim_all
from actors.store.schema import event_counts, event_gaps, metadata, outbox
from actors.store.writer import DATABASE_ERRORS, faults

_ROWS = 500
"""Copied at a time."""


def backup(database: Database, file: Path) -> None:
    """Write all that the store holds at one moment to `file` (mode 0600), while the service runs.

    Replaces the file once all is written and checked. Raises BadBackup where there is nothing to back up,
    StoreUnavailable, OSError.
    """
    with _replacing(file) as new:
        if database.path is None:
            _dump(database, new)
        else:
            _copy_file(database.path, new)
        _check(new)


def restore(file: Path, database: Database, data_dir: Path) -> Restored:
    """Put a backup in the place of all that the store holds, upgraded to the schema of this version.

    Raises BadBackup, StoreTooNew, DataDirInUse while a service runs on the directory or on that of the database,
    StoreUnavailable, OSError: then nothing was changed.
    """
    with claim_all(data_dir, database), prepared(file, database, data_dir) as copy:
        return put_in_place(copy, database)


@contextmanager
def prepared(file: Path, database: Database, data_dir: Path) -> Iterator[Path]:
    """A copy of a backup, checked and upgraded, ready for `put_in_place`; gone at the end, if it is still there.

    The service may run. Raises BadBackup, StoreTooNew, StoreUnavailable, OSError.
    """
    _check(file)
    prepare_file(database)
    with _new(_place_of_copy(database, data_dir)) as copy:
        yield _upgraded(file, copy)


def put_in_place(copy: Path, database: Database) -> Restored:
    """Have a prepared copy take over what it must know of the present, then take its place, all at once.

    No other service may write meanwhile: on a server that is seen to here, of a file the caller owns the directory.
    Raises StoreUnavailable, OSError: then nothing was changed.
    """
    if database.path is None:
        return _load(copy, database)
    restored = _gone_on(copy, database)
    with _settled(database.path):
        _put(copy, database.path)
    return restored


def forget_copies(database: Database, data_dir: Path) -> None:
    """Delete what a killed restore may have left. For the owner of the directory. Raises OSError."""
    _delete(_place_of_copy(database, data_dir))


def as_database(copy: Path) -> Database:
    """A prepared copy as a database to look into."""
    return _single_file(copy)


# --- one SQLite file to another ---------------------------------------------------------------------------------------


def _copy_file(source: Path, target: Path) -> None:
    if not source.exists():
        raise BadBackup(f"There is no database at {source} to back up")
    with faults(), closing(_open(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)  # all pages in one step: one moment, and in WAL mode no writer waits
        new.execute("PRAGMA journal_mode = DELETE")


def _gone_on(copy: Path, database: Database) -> Restored:
    """Have the copy take over from the present."""
    with faults(), _single_file(copy).writing().begin() as connection:
        return succeed(connection, database, time.time())


@contextmanager
def _settled(path: Path) -> Iterator[None]:
    """Nothing is beside the old database, and nobody gets at it: SQLite would take its log for the new one's.

    Whoever waits for it meanwhile, a command, cannot write to it either once it is replaced: SQLite sees that. Raises
    StoreUnavailable while another process has it open.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        try:
            with faults():
                _lock_out(old)
        except (sqlite3.Error, StoreUnavailable) as error:
            # One that is damaged cannot be settled, and has nothing that could be lost.
            if not is_damage(error.__cause__ or error):
                raise
        _delete_beside(path)
        yield


def _lock_out(old: sqlite3.Connection) -> None:
    old.execute("PRAGMA journal_mode = DELETE")
    old.execute("BEGIN EXCLUSIVE")
    (mode,) = old.execute("PRAGMA journal_mode").fetchone()
    if mode != "delete":  # set between the two by somebody who has it open now
        raise StoreUnavailable("Another process has begun to use the database")


def _upgraded(file: Path, copy: Path) -> Path:
    """A copy of a backup, with the schema of this version."""
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
    with faults(), database.writing(alone=True).begin() as target:  # no service writes from here on
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
    """Without making a file where there is none."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)


def _single_file(file: Path) -> Database:
    return Database(f"sqlite:///{file}", journal_mode="DELETE")


def _place_of_copy(database: Database, data_dir: Path) -> Path:
    """Beside the file whose place it is to take."""
    where = data_dir / "database" if database.path is None else database.path
    return where.with_name(f"{where.name}.restoring")


@contextmanager
def _replacing(file: Path) -> Iterator[Path]:
    """A new file (mode 0600) to write to, which takes the place of `file` at the end; gone if anything goes wrong."""
    with _new(file.with_name(f"{file.name}.new")) as new:
        yield new
        _put(new, file)


@contextmanager
def _new(file: Path) -> Iterator[Path]:
    """An empty file (mode 0600), gone at the end if it is still there."""
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
"""By how much numbers leap where nobody knows how far they had come: more than are told between backup and restore."""
_AT_ONCE = 500
_OUTCOME = ("state", "reason", "full_id", "attempts", "times", "changed_at")

_log = structlog.get_logger("store")


@dataclass(frozen=True, slots=True)
class Present:
    """What the database that is replaced knows: the newest position and sequences, and messages that have ended."""

    position: int
    sequences: Mapping[int, int]
    ended: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it, for whoever ordered it: messages by whose word they stand, and numbers of events left out."""

    looked_up: int
    ended: int
    left_out: int
    present_known: bool


def succeed(copy: Connection, database: Database, at: Seconds) -> Restored:
    """Have the copy of a backup go on from what `database` holds now; writes to the copy only.

    Raises StoreUnavailable where the database may be readable another time: what it knows is not given up for that.
    """
    open_ids = list(copy.execute(select(outbox.c.id).where(_is_open()).order_by(outbox.c.position)).scalars())
    present = _look_at(database, open_ids)
    left_out = _go_on_counting(copy, present)
    ended = present.ended if present is not None else {}
    for id, outcome in ended.items():
        copy.execute(outbox.update().where(outbox.c.id == id), dict(outcome))
    for ids in _batches([id for id in open_ids if id not in ended]):
        mark_sending(copy, MarkSending(ids, at))
    return Restored(len(open_ids) - len(ended), len(ended), left_out, present is not None)


def _look_at(database: Database, open_ids: list[str]) -> Present | None:
    if database.path is not None and not database.path.exists():
        return None
    try:
        with database.reading().begin() as connection:
            sequences = {row.client_id: row.sequence for row in connection.execute(select(event_counts))}
            return Present(counts(connection)["events"], sequences, dict(_ended(connection, open_ids)))
    except DATABASE_ERRORS as error:
        unavailable = as_unavailable(error)
        if unavailable is not None and not is_damage(error):
            raise unavailable from error
        _log.warning("store.present_unreadable", why=str(error).splitlines()[0])
        return None


def _ended(connection: Connection, ids: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    columns = [outbox.c[name] for name in ("id", *_OUTCOME)]
    for some in _batches(ids):
        found = connection.execute(select(*columns).where(outbox.c.id.in_(some), ~_is_open()))
        yield from ((row["id"], {name: row[name] for name in _OUTCOME}) for row in found.mappings())


def _go_on_counting(copy: Connection, present: Present | None) -> int:
    """Keep clear of every number the present database has given; how many positions are left out for that."""
    last = counts(copy)["events"]
    sequences: dict[int, int] = {row.client_id: row.sequence for row in copy.execute(select(event_counts))}
    if present is None or present.position < last:  # it has counted less: it is not what became of the backup's
        present = _leapt(last, sequences)
    for client_id in {*sequences, *present.sequences}:
        told = {"client_id": client_id, "sequence": _further(client_id, sequences, present.sequences)}
        upsert = insert(copy, event_counts).values(told)
        copy.execute(upsert.on_conflict_do_update(index_elements=["client_id"], set_=told))
        sequences[client_id] = told["sequence"]
    # As long as no event is kept, all that is known of positions is how many there must have been.
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
"""The last number of each table that counts; 0 where there was none."""


def counting() -> list[Table]:
    """The tables whose primary key is counted."""
    return [table for table in metadata.sorted_tables if table.dialect_options["sqlite"]["autoincrement"]]


def counts(connection: Connection) -> Counts:
    """What has been counted. Raises what the database raises where it has no such tables."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
        known: Counts = {row.name: row.seq for row in found}
        return {table.name: known.get(table.name, 0) for table in counting()}
    return {table.name: _last(connection, _sequence(connection, table)) for table in counting()}


def count_on(connection: Connection, told: Counts) -> None:
    """Have each table count on from these numbers."""
    for table in counting():
        if table.name in told:
            _set(connection, table, told[table.name])


def _set(connection: Connection, table: Table, last: int) -> None:
    if connection.dialect.name == "sqlite":
        # Not a table with a unique name: SQLite keeps it by itself, a row from the first insert on.
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
