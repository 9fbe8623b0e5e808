"""How careful SQLite is, from the setting to the connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.refusals import database_of
from actors.settings import Settings
from actors.store.database import Database, prepare_file


def pragmas(database: Database) -> tuple[str, int]:
    prepare_file(database)
    with database.writing().begin() as connection:
        asked = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous")]
    return asked[0], asked[1]


def test_what_was_acknowledged_survives_a_power_cut_unless_told_otherwise(tmp_path: Path) -> None:
    assert pragmas(database_of(Settings.model_validate({"data_dir": tmp_path}))) == ("wal", 2)


@pytest.mark.parametrize(("level", "number"), [("OFF", 0), ("NORMAL", 1), ("FULL", 2), ("EXTRA", 3)])
def test_how_often_sqlite_flushes_is_set(tmp_path: Path, level: str, number: int) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, "sqlite_synchronous": level})
    assert pragmas(database_of(settings))[1] == number


@pytest.mark.parametrize("mode", ["WAL", "DELETE", "TRUNCATE", "PERSIST"])
def test_how_sqlite_keeps_its_journal_is_set(tmp_path: Path, mode: str) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, "sqlite_journal_mode": mode})
    assert pragmas(database_of(settings))[0] == mode.lower()
