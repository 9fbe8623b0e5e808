"""Backups on the command line: beside a running service, and back."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import httpx2

from tests.gateway.running import Running
from tests.rig.forked import Interpreter


def run(interpreter: Interpreter, *arguments: object) -> subprocess.CompletedProcess[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    done = interpreter.run(["gateway.cli", *map(str, arguments)], ours)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def wanted(file: Path) -> list[int]:
    """The clients that are to run, as a database has them."""
    with closing(sqlite3.connect(file)) as database:
        return [client for (client,) in database.execute("SELECT client_id FROM sessions WHERE wanted")]


def start(service: Running, client: int) -> None:
    answer = service.http.post("/init", headers={"X-Cliente-Id": str(client)})
    assert answer.status_code == httpx2.codes.OK


def test_a_backup_is_taken_from_a_running_service_and_put_back_into_another_directory(
    interpreter: Interpreter, tmp_path: Path
) -> None:
    data, file, new = tmp_path / "data", tmp_path / "store.backup", tmp_path / "new"
    with Running(data) as service:
        start(service, 7)
        done = run(interpreter, "backup", file, "--data-dir", data)
        assert (done.returncode, done.stderr) == (0, "")
        assert str(file) in done.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    assert wanted(file) == [7]
    assert run(interpreter, "restore", file, "--data-dir", new).returncode == 0
    assert wanted(new / "session-manager.db") == [7]


def test_nothing_is_restored_under_a_running_service(interpreter: Interpreter, tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "store.backup"
    with Running(data) as service:
        start(service, 7)
        assert run(interpreter, "backup", file, "--data-dir", data).returncode == 0
        done = run(interpreter, "restore", file, "--data-dir", data)
        assert done.returncode == 1
        assert "stop it, restore the backup" in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert service.get("/clients").json()[0]["id"] == 7
        assert len(service.browser.opened) == 1


def test_what_cannot_be_done_is_one_sentence_and_exit_code_1(interpreter: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database")
    for arguments in (
        ("backup", tmp_path / "file", "--data-dir", tmp_path / "nothing"),
        ("backup", tmp_path / "none" / "file", "--data-dir", tmp_path),
        ("restore", tmp_path / "text", "--data-dir", tmp_path / "data"),
        ("restore", tmp_path / "nowhere", "--data-dir", tmp_path / "data"),
    ):
        done = run(interpreter, *arguments)
        assert done.returncode == 1, arguments
        assert done.stderr.startswith("session-manager: "), arguments
        assert done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "file").exists()
