"""A private PostgreSQL from the distribution's packages: in a directory of its own, on a unix socket, on no port.

Needs `initdb` and `postgres` under /usr/lib/postgresql, and for root the user `postgres` that the packages make: the
server refuses to run as root.
"""

from __future__ import annotations

import contextlib
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
from typing import Any

import psutil
import psycopg
from psycopg.sql import SQL, Identifier

PATIENCE = 30.0
"""Seconds that making, starting and ending the server may take each."""


class NoPostgreSQL(Exception):
    """There is no server to start; says what is missing."""


@dataclass(slots=True)
class PostgreSQL:
    """A server of one's own, which may be stopped, killed, frozen and started again. One thread does that."""

    directory: Path
    programs: Path
    options: tuple[str, ...] = ()
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    # --- for whoever uses it -----------------------------------------------------------------------------------------

    def new_schema(self) -> str:
        """The URL of an empty schema, which is as good as a database of its own and made in no time."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
        return f"{self.url('postgres')}&options=-csearch_path%3D{name}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return self.url(name)

    def url(self, name: str) -> str:
        """A database's address as a setting has it."""
        return f"postgresql://postgres@/{name}?host={self.directory}"

    def address(self, name: str) -> str:
        """A database's address as libpq has it."""
        return f"host={self.directory} user=postgres dbname={name} connect_timeout=5"

    def end_connections(self) -> None:
        """What a restart of the server does to whoever is connected. They are gone when this returns, not just told."""
        ended = SQL("SELECT pg_terminate_backend(pid, {}) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        others = ended.format(round(PATIENCE * 1000)) + SQL(" AND pid <> pg_backend_pid()")
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(others)

    # --- its life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and wait until it lets people in, crash recovery and all. Raises RuntimeError with its log."""
        command: list[str | Path] = [self.programs / "postgres", "-D", self.directory / "data", "-k", self.directory]
        settings = [word for option in ("listen_addresses=", *self.options) for word in ("-c", option)]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *settings],
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **_as_its_user(),
            )
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until it lets people in. Raises RuntimeError with its log where it has ended, or takes too long."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.address("postgres")).close()
            except psycopg.OperationalError:
                if self._running.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.directory / "log").read_text()) from None
                time.sleep(0.02)  # the server tells nobody but whoever tries
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Have it end: SIGINT sends everybody away and writes all down, SIGQUIT leaves that to crash recovery."""
        self._running.send_signal(how)
        try:
            self._running.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to the first process. The others end by themselves when they notice; who does not is killed too."""
        others = self._others()
        self._running.kill()
        self._running.wait(PATIENCE)
        _, left = psutil.wait_procs(others, timeout=PATIENCE / 3)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=PATIENCE / 3)

    def kill_one(self) -> None:
        """SIGKILL to one that serves a connection, if there is one: the first process then ends all and recovers."""
        with contextlib.suppress(StopIteration, psutil.NoSuchProcess):
            next(filter(_serves, self._others())).kill()

    def freeze(self, seconds: float) -> None:
        """SIGSTOP to all of it, and SIGCONT after so long."""
        everything = [psutil.Process(self._running.pid), *self._others()]
        try:
            for process in everything:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.suspend()
            time.sleep(seconds)
        finally:
            for process in everything:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    @property
    def runs(self) -> bool:
        """Whether its first process does."""
        return self._process is not None and self._process.poll() is None

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server was not started"
        return self._process

    def _others(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self._running.pid).children(recursive=True)
        return []


def _serves(process: psutil.Process) -> bool:
    """Whether somebody is connected to it: its title is then `postgres: USER DATABASE …`."""
    return " ".join(process.cmdline()).startswith("postgres: postgres ")


@contextmanager
def running(*options: str) -> Iterator[PostgreSQL]:
    """A server with the given settings (`name=value`), its data gone at the end. Raises NoPostgreSQL."""
    programs = _programs()
    directory = Path(tempfile.mkdtemp(prefix="sm-postgresql-"))
    try:
        _own(directory)
        _make(programs, directory)
        server = PostgreSQL(directory, programs, options)
        try:
            server.start()
            yield server
        finally:
            if server.runs:
                server.stop(signal.SIGQUIT)
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


def _as_its_user() -> dict[str, Any]:
    account = _account() if os.geteuid() == 0 else None
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


def _own(directory: Path) -> None:
    if os.geteuid() == 0 and (account := _account()) is not None:
        os.chown(directory, account.pw_uid, account.pw_gid)


def _make(programs: Path, directory: Path) -> None:
    command: list[str | Path] = [
        programs / "initdb",
        "--pgdata",
        directory / "data",
        "--auth=trust",
        "--username=postgres",
    ]
    plain = ["--no-sync", "--no-locale", "--encoding=UTF8"]
    subprocess.run(
        [*command, *plain],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
        cwd="/",
        **_as_its_user(),
    )
