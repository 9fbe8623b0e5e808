"""A store belongs to one WhatsApp: what is queued in a sandbox never leaves to people, on either kind of database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from actors.browser.fake import FakeBrowser
from actors.options import fetchable, reachable
from actors.refusals import database_of
from actors.settings import SANDBOX_DIR, SettingsRefused, load, with_sandbox
from actors.store.backup import backup, restore
from actors.store.database import Database
from actors.store.errors import OtherOrigin
from actors.store.origin import is_same_world, origin_of, read_origin
from actors.store.schema import migrate
from actors.store.store import open_store
from actors.system import System
from actors.texts.hosts import is_on_loopback
from tests.store.asking import PATIENCE

REAL, SANDBOX = "https://web.whatsapp.com", "http://127.0.0.1:3900"


def used_with(database: Database, origin: str | None) -> None:
    open_store(database, origin=origin).close(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://web.whatsapp.com/", REAL),
        ("https://WEB.whatsapp.com:443/?compat=classic", REAL),
        ("http://127.0.0.1:3900/", SANDBOX),
        ("http://[::1]:3900/", "http://[::1]:3900"),
    ],
)
def test_an_origin_is_that_of_the_page(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_all_sandboxes_of_this_machine_are_one_world_and_no_other_two_are() -> None:
    assert is_same_world(SANDBOX, "http://localhost:40123")
    assert not is_same_world(REAL, SANDBOX)
    assert not is_same_world(REAL, "https://web.whatsapp.com.example")
    assert is_on_loopback("http://[::1]:3900/")
    assert not is_on_loopback("http://127.0.0.1.example/")


@pytest.mark.parametrize(("first", "then"), [(REAL, SANDBOX), (SANDBOX, REAL)])
def test_a_store_is_not_opened_for_another_whatsapp(database: Database, first: str, then: str) -> None:
    used_with(database, None)  # a command before the first start
    assert read_origin(database) is None
    used_with(database, first)
    with pytest.raises(OtherOrigin, match=f"belongs to {first}"):
        open_store(database, origin=then)
    used_with(database, first)
    assert read_origin(database) == first


def test_a_database_from_before_takes_the_origin_it_is_started_with(database: Database, tmp_path: Path) -> None:
    if database.path is not None:
        database.path.parent.mkdir(parents=True)
    with database.writing().begin() as connection:
        migrate(connection, "0016")
    assert read_origin(database) is None
    used_with(database, REAL)
    assert read_origin(database) == REAL


@pytest.mark.parametrize("known", [True, False], ids=["used before", "new"])
def test_a_backup_of_one_world_is_not_restored_into_the_other(database: Database, tmp_path: Path, known: bool) -> None:
    play, file = Database(f"sqlite:///{tmp_path}/play/session-manager.db"), tmp_path / "play.backup"
    used_with(play, SANDBOX)
    backup(play, file)
    if known:
        used_with(database, REAL)
    with pytest.raises(OtherOrigin, match=f"The backup belongs to {SANDBOX} and is not used with {REAL}"):
        restore(file, database, tmp_path, REAL)
    assert read_origin(database) == (REAL if known else None)
    restore(file, play, tmp_path, REAL)  # the store knows better than the settings of the command
    assert read_origin(play) == SANDBOX


def test_a_backup_that_does_not_say_is_of_the_store_it_is_restored_to(database: Database, tmp_path: Path) -> None:
    old, file = Database(f"sqlite:///{tmp_path}/old/session-manager.db"), tmp_path / "old.backup"
    used_with(old, None)
    backup(old, file)
    used_with(database, SANDBOX)
    restore(file, database, tmp_path, REAL)
    assert read_origin(database) == SANDBOX
    with database.reading().connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM store_properties")).scalar_one() == 1


def test_a_service_says_in_one_sentence_that_its_store_is_of_another_world(tmp_path: Path) -> None:
    settings = load(options={"data_dir": tmp_path})
    with System(settings, FakeBrowser()):
        pass
    play = System(with_sandbox(settings, f"{SANDBOX}/"), FakeBrowser())
    for act in (play.check, play.start):
        with pytest.raises(SettingsRefused) as refused:
            act()
        assert refused.value.exit_code == 2
        assert str(refused.value).count("\n") == 0
        assert "SM_DATA_DIR" in str(refused.value)
        assert REAL in str(refused.value)
    assert read_origin(database_of(settings)) == REAL


def test_the_sandbox_has_a_data_directory_of_its_own_unless_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_sandbox(load(), SANDBOX).data_dir == SANDBOX_DIR
    assert with_sandbox(load(options={"data_dir": "./mine"}), SANDBOX).data_dir == Path("mine")
    monkeypatch.setenv("SM_DATA_DIR", "./ours")
    assert with_sandbox(load(), SANDBOX).data_dir == Path("ours")
    assert with_sandbox(load(), SANDBOX).whatsapp_url == SANDBOX


def test_a_service_that_plays_may_deliver_to_this_machine_unless_that_is_refused() -> None:
    for of, name in ((reachable, "webhook_allow_private"), (fetchable, "media_allow_private")):
        plays = {"whatsapp_url": SANDBOX}
        assert of(load()) == ()
        assert {str(network) for network in of(load(options=plays))} == {"127.0.0.0/8", "::1/128"}
        assert of(load(options=plays | {name: False})) == ()
        assert {str(network) for network in of(load(options={name: True}))} == {"0.0.0.0/0", "::/0"}
