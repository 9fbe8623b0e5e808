"""The serial numbers that the database itself gives: the last one of each table, read and set.

A number once given is never given again, also where retention has deleted its row: so a copy of the rows is not enough.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, func, select, text

from actors.store.schema import metadata

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
