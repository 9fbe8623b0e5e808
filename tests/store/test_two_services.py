"""Two services, each on a directory of its own, and one database between them: the second does not start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors.backups import back_up, put_back
from actors.browser.fake import FakeBrowser
from actors.system import System
from config.refusal import StartRefused
from config.settings import Settings
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
