"""Keys from the command line, with and without a service beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors.clients.types import ClientId
from actors.settings import Settings, StartRefused
from actors.store.rows.keys import KeyLeft, NoSuchKey
from gateway.security import keys
from gateway.security.auth import Scope
from gateway.security.keys import KeyRefused
from tests.gateway.running import Running, until


def settings_in(directory: Path, **given: Any) -> Settings:
    return Settings(data_dir=directory, **given)


def test_a_key_made_before_the_first_start_is_valid_in_it(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "data")
    with pytest.raises(KeyRefused, match="first key"):
        keys.create_offline(settings, "reader", [Scope.READ])
    admin, text = keys.create_offline(settings, "ops", [Scope.ADMIN])
    reader, _ = keys.create_offline(settings, "reader", [Scope.READ], [ClientId(7)])
    assert [key.id for key in keys.list_offline(settings)] == [admin.id, reader.id]
    with Running(tmp_path / "data", api_key=text) as service:  # the same key twice over does no harm
        assert [entry["id"] for entry in service.get("/keys").json()] == ["SM_API_KEY", admin.id, reader.id]
    assert keys.revoke_offline(settings, reader.id) == KeyLeft((), 0, 0)
    with pytest.raises(NoSuchKey):
        keys.revoke_offline(settings, reader.id)
    assert [key.id for key in keys.list_offline(settings)] == [admin.id]


def test_a_service_takes_notice_of_what_the_command_line_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "REFRESH", 0.05)
    with Running(tmp_path / "data") as service:
        key, text = keys.create_offline(service.settings, "ops", [Scope.ADMIN])
        until(lambda: service.get("/clients").status_code, lambda status: status == 401, "it asks for a key")
        service.http.headers["X-Api-Key"] = text
        assert service.get("/clients").status_code == 200
        until(lambda: keys.list_offline(service.settings)[0].last_used_at, bool, "its use is written")
        keys.revoke_offline(service.settings, key.id)
        until(lambda: service.get("/clients").status_code, lambda status: status == 401, "the key has ended")


def test_a_database_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StartRefused, match="cannot be used"):
        keys.list_offline(settings_in(tmp_path / "data"))
