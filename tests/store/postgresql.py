"""A private PostgreSQL from the distribution's packages: in a directory of its own, on a unix socket, on no port.

Needs `initdb` and `postgres` under /usr/lib/postgresql, and for root the user `postgres` that the packages make: the
server refuses to run as root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

PATIENCE = 30.0
"""Seconds that making, starting and ending the server may take each."""


class NoPostgreSQL(Exception):
    """There is no server to start; says what is missing."""


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """A running server."""

    directory: Path
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new_schema(self) -> str:
        """The URL of an empty schema, which is as good as a database of its own and made in no time."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")  # type: ignore[arg-type, unused-ignore]
        return f"{self.url('postgres')}&options=-csearch_path%3D{name}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type, unused-ignore]
        return self.url(name)

    def url(self, name: str) -> str:
        """A database's address as a setting has it."""
        return f"postgresql://postgres@/{name}?host={self.directory}"

    def address(self, name: str) -> str:
        """A database's address as libpq has it."""
        return f"host={self.directory} user=postgres dbname={name} connect_timeout=5"

    def end_connections(self) -> None:
        """What a restart of the server does to whoever is connected."""
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"{others} AND pid <> pg_backend_pid()")


@contextmanager
def running(*options: str) -> Iterator[PostgreSQL]:
    """A server with the given settings (`name=value`), its data gone at the end. Raises NoPostgreSQL."""
    programs = _programs()
    directory = Path(tempfile.mkdtemp(prefix="sm-postgresql-"))
    try:
        _own(directory)
        _make(programs, directory)
        with _started(programs, directory, options) as server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise NoPostgreSQL("PostgreSQL is not installed: nothing is tested on it (as root: apt-get install postgresql)")
    if os.geteuid() == 0 and _account() is None:
        raise NoPostgreSQL("PostgreSQL does not run as root and there is no user postgres: nothing is tested on it")
    return found[-1].parent


def _account() -> pwd.struct_passwd | None:
    return next((entry for entry in pwd.getpwall() if entry.pw_name == "postgres"), None)


def _as_its_user() -> dict[str, int | tuple[int, ...]]:
    account = _account() if os.geteuid() == 0 else None
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


def _own(directory: Path) -> None:
    if os.geteuid() == 0 and (account := _account()) is not None:
        os.chown(directory, account.pw_uid, account.pw_gid)


def _make(programs: Path, directory: Path) -> None:
    command = [programs / "initdb", "--pgdata", directory / "data", "--auth=trust", "--username=postgres"]
    plain = ["--no-sync", "--no-locale", "--encoding=UTF8"]
    subprocess.run(
        [*command, *plain],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
        cwd="/",
        **_as_its_user(),  # type: ignore[call-overload]
    )


@contextmanager
def _started(programs: Path, directory: Path, options: tuple[str, ...]) -> Iterator[PostgreSQL]:
    command = [programs / "postgres", "-D", directory / "data", "-k", directory, "-c", "listen_addresses="]
    settings = [word for option in options for word in ("-c", option)]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *settings],
            stdout=log,
            stderr=log,
            cwd="/",
            **_as_its_user(),  # type: ignore[call-overload]
        )
    server = PostgreSQL(directory, process)
    try:
        _wait(server)
        yield server
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(PATIENCE)


def _wait(server: PostgreSQL) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(server.address("postgres")).close()
        except psycopg.OperationalError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((server.directory / "log").read_text()) from None
            time.sleep(0.02)  # the server tells nobody but whoever tries
        else:
            return
