"""Two services, each on a directory of its own, and one database between them: the second does not start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors.backups import back_up, opened_store, put_back
from actors.browser.fake import FakeBrowser
from actors.settings import Settings, StartRefused
from actors.store import backup
from actors.system import System
from tests.store.postgresql import PostgreSQL


def chosen(data_dir: Path, url: str) -> Settings:
    given: dict[str, Any] = {"data_dir": data_dir, "database_url": url}
    return Settings(**given)


def system(data_dir: Path, url: str) -> System:
    return System(chosen(data_dir, url), FakeBrowser())


def assert_second_is_refused(directory: Path, url: str, why: str) -> None:
    first, second = (system(directory / name, url) for name in ("one", "two"))
    first.start()
    try:
        with pytest.raises(StartRefused, match=why):
            second.start()
    finally:
        assert first.stop()
    second.start()
    assert second.stop()


def test_on_a_file_elsewhere(tmp_path: Path) -> None:
    assert_second_is_refused(tmp_path, f"sqlite:///{tmp_path}/shared/store.db", "in use by process")


def test_on_a_server(tmp_path: Path, postgresql: PostgreSQL) -> None:
    assert_second_is_refused(tmp_path, postgresql.new_schema(), "Another service uses this database")


def test_nothing_is_restored_under_a_service_of_another_directory(tmp_path: Path, postgresql: PostgreSQL) -> None:
    url = postgresql.new_schema()
    first = system(tmp_path / "one", url)
    first.start()
    try:
        settings = chosen(tmp_path / "two", url)
        back_up(settings, tmp_path / "a.backup")
        with pytest.raises(StartRefused, match="Another service uses this database"):
            put_back(settings, tmp_path / "a.backup")
    finally:
        assert first.stop()


def test_no_file_is_replaced_under_a_service_of_another_directory(tmp_path: Path) -> None:
    """SQLite itself would let it happen: without WAL an idle connection holds no lock."""
    database: dict[str, Any] = {
        "database_url": f"sqlite:///{tmp_path}/shared/store.db",
        "sqlite_journal_mode": "DELETE",
    }
    settings = Settings(data_dir=tmp_path / "two", **database)
    first = System(Settings(data_dir=tmp_path / "one", **database), FakeBrowser())
    first.start()
    try:
        back_up(settings, tmp_path / "a.backup")
        assert put_back(settings, tmp_path / "a.backup") is None
    finally:
        assert first.stop()


def test_no_service_starts_between_a_restores_look_at_the_present_and_its_change(
    tmp_path: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.new_schema()
    settings, second = chosen(tmp_path / "one", url), system(tmp_path / "two", url)
    with opened_store(settings):
        back_up(settings, tmp_path / "a.backup")
    real = backup.succeed

    def have_another_start(*arguments: Any) -> Any:
        restored = real(*arguments)
        with pytest.raises(StartRefused, match="Another service uses this database"):
            second.start()
        return restored

    monkeypatch.setattr("actors.store.backup.succeed", have_another_start)
    assert put_back(settings, tmp_path / "a.backup")
