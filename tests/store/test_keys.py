"""API keys in the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from actors.clients.operations.messages import SendText
from actors.clients.types import ClientId
from actors.store.database import Database
from actors.store.outbox import AcceptMessage
from actors.store.rows.keys import AddKey, ApiKey, GetKeys, KeyLeft, NoSuchKey, RecordUse, RevokeKey, read_keys
from actors.store.store import Store, open_store
from actors.store.webhooks import CreateWebhook, Webhook

ANSWER = 5.0
ALL = ApiKey("all0000000", "ops \x00 \ud83d", b"\x00" * 32, frozenset({"admin"}), None, 1.0)
SOME = ApiKey("some000000", "sender", b"\x01" * 32, frozenset({"read", "send"}), frozenset({ClientId(7)}), 2.0)


def keys_of(store: Store) -> tuple[ApiKey, ...]:
    keys: tuple[ApiKey, ...] = store.ask(GetKeys()).get(timeout=ANSWER)
    return keys


def test_a_key_is_read_as_it_was_added_but_for_what_no_database_holds(store: Store) -> None:
    store.ask(AddKey(SOME)).get(timeout=ANSWER)
    store.ask(AddKey(ALL)).get(timeout=ANSWER)
    first, second = keys_of(store)
    assert second == SOME
    assert (first.id, first.name, first.clients) == (ALL.id, "ops � �", None)


def test_a_key_for_no_client_is_not_a_key_for_all(store: Store) -> None:
    none = ApiKey("none000000", "", b"", frozenset(), frozenset(), 1.0)
    store.ask(AddKey(none)).get(timeout=ANSWER)
    assert keys_of(store)[0].clients == frozenset()


def test_a_revoked_key_stays_with_the_time_of_its_end_and_cannot_end_twice(store: Store) -> None:
    store.ask(AddKey(SOME)).get(timeout=ANSWER)
    store.ask(RevokeKey(SOME.id, 9.0)).get(timeout=ANSWER)
    assert keys_of(store)[0].revoked_at == 9.0
    with pytest.raises(NoSuchKey, match=SOME.id):
        store.ask(RevokeKey(SOME.id, 10.0)).get(timeout=ANSWER)


def test_a_revoked_key_tells_what_is_left_of_it(store: Store) -> None:
    for key in (ALL, SOME, replace(SOME, id="read000000", scopes=frozenset({"read"}))):
        store.ask(AddKey(key)).get(timeout=ANSWER)
    for id, key in (("mine", SOME), ("other", ALL)):
        webhook = Webhook(id, f"https://example.com/{id}", 1.0, 1.0, key_id=key.id)
        store.ask(CreateWebhook(webhook)).get(timeout=ANSWER)
    for number, (client, send_at) in enumerate([(7, None), (7, 5.0), (7, 50.0), (8, 60.0)]):
        text = SendText("5491122334455@c.us", "a")
        store.ask(AcceptMessage(ClientId(client), text, f"3EB0{number}", 1.0, send_at=send_at)).get(timeout=ANSWER)
    left = [store.ask(RevokeKey(id, 9.0)).get(timeout=ANSWER) for id in ("read000000", SOME.id, ALL.id)]
    assert left == [KeyLeft((), 0, 0), KeyLeft(("mine",), 3, 1), KeyLeft(("other",), 4, 2)]


def test_only_a_later_use_is_recorded_and_unknown_keys_are_passed_over(store: Store) -> None:
    store.ask(AddKey(SOME)).get(timeout=ANSWER)
    store.ask(RecordUse(((SOME.id, 5.0), ("unknown", 6.0)))).get(timeout=ANSWER)
    store.ask(RecordUse(((SOME.id, 4.0),))).get(timeout=ANSWER)
    assert keys_of(store)[0].last_used_at == 5.0


def test_keys_can_be_read_before_the_store_is_opened(database: Database) -> None:
    assert read_keys(database) == ()
    store = open_store(database)
    store.ask(AddKey(SOME)).get(timeout=ANSWER)
    assert read_keys(database) == (SOME,)
    store.close(timeout=ANSWER)
    assert read_keys(database) == (SOME,)


def test_reading_keys_makes_no_database_and_a_database_without_the_table_has_none(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    assert read_keys(Database(f"sqlite:///{path}")) == ()
    assert not path.exists()
    path.touch()
    assert read_keys(Database(f"sqlite:///{path}")) == ()
