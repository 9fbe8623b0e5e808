"""Keys: drawn, recognised, kept level with the store, revoked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pykka import ActorDeadError, Timeout

from actors.clients.types import ClientId
from actors.runtime import Reply
from actors.store.database import Database
from actors.store.errors import StoreUnavailable
from actors.store.rows.keys import AddKey, ApiKey, KeyLeft, NoSuchKey, RevokeKey
from actors.store.store import Store, open_store
from gateway.security.auth import ANYONE, Caller, Scope
from gateway.security.keys import FIRST_ID, KeyRefused, Keyring, digest_of, draw, presented

ANSWER = 5.0
FIRST = "a-key-of-the-operators-choice"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(Database(f"sqlite:///{tmp_path / 'store.db'}"))
    yield opened
    opened.close(timeout=ANSWER)


def nowhere() -> Store:
    raise AssertionError("recognising a key asks the store")


def by_key(key: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-api-key", key.encode())]


def test_a_key_has_256_random_bits_and_only_its_digest_is_kept() -> None:
    key, text = draw("ops", [Scope.READ], None)
    assert text.startswith(f"sm_{key.id}_")
    assert len(text) == len("sm__") + 10 + 43
    assert key.digest == digest_of(text.encode())
    assert text not in repr(key)
    assert draw("ops", [Scope.READ], None)[1] != text


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ([], None),
        ([(b"x-api-key", b"k")], b"k"),
        ([(b"authorization", b"Bearer k")], b"k"),
        ([(b"authorization", b"bEARER  k")], b"k"),
        ([(b"authorization", b"Basic k")], None),
        ([(b"authorization", b"Basic k"), (b"x-api-key", b"k")], b"k"),
        ([(b"authorization", b"Bearer k"), (b"x-api-key", b"k")], b"k"),
        ([(b"authorization", b"Bearer k"), (b"x-api-key", b"other")], b""),
        ([(b"x-api-key", b"k"), (b"x-api-key", b"other")], b""),
        ([(b"x-api-key", b"k"), (b"x-api-key", b"other"), (b"x-api-key", b"other")], b""),
    ],
)
def test_a_key_is_taken_from_either_header_and_two_that_differ_are_none(
    headers: list[tuple[bytes, bytes]], key: bytes | None
) -> None:
    assert presented(headers) == key


def test_a_service_without_keys_lets_anyone_in() -> None:
    keyring = Keyring(nowhere)
    assert keyring.identify([]) is ANYONE
    assert keyring.identify(by_key("whatever")) is ANYONE


def test_the_key_of_the_setting_may_do_everything_and_nothing_else_is_let_in() -> None:
    keyring = Keyring(nowhere, first=FIRST)
    caller = keyring.identify(by_key(FIRST))
    assert caller is not None
    assert caller.may(Scope.ADMIN)
    for wrong in ("", "x", FIRST + "x", FIRST[:-1], f"sm_{FIRST_ID}_x", "\x00"):
        assert keyring.identify(by_key(wrong)) is None
    assert keyring.identify([]) is None


def test_a_key_is_recognised_without_asking_the_store_and_its_holder_is_what_was_stored() -> None:
    key, text = draw("sender", [Scope.SEND], [ClientId(7)])
    keyring = Keyring(nowhere, clock=lambda: 9.0)
    keyring.hold([key])
    caller = keyring.recognise(text.encode())
    assert caller is not None
    assert caller == Caller(key.id, frozenset({Scope.SEND}), frozenset({ClientId(7)}))
    assert keyring.valid()[0].last_used_at == 9.0
    assert keyring.recognise(f"sm_{key.id}_guess".encode()) is None


def test_without_a_key_of_the_setting_its_place_recognises_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = Keyring(nowhere)
    keyring.hold([draw("ops", [Scope.ADMIN], None)[0]])
    monkeypatch.setattr("gateway.security.keys.compare_digest", lambda *_: True)
    assert keyring.recognise(b"sm_unknown000_x") is None


def test_a_revoked_key_and_an_unknown_scope_are_good_for_nothing() -> None:
    key, text = draw("ops", [Scope.ADMIN], None)
    keyring = Keyring(nowhere, first=FIRST)
    keyring.hold([replace(key, revoked_at=1.0)])
    assert keyring.recognise(text.encode()) is None
    keyring.hold([replace(key, scopes=frozenset({"everything", "read"}))])
    caller = keyring.recognise(text.encode())
    assert caller is not None
    assert caller.scopes == {Scope.READ}


async def created(keyring: Keyring, *scopes: Scope) -> tuple[str, str]:
    key, text = await keyring.create("some key", scopes, None)
    return key.id, text


def run(scenario: Callable[[], Any]) -> None:
    asyncio.run(scenario())


def test_a_key_counts_as_soon_as_it_is_on_disk_and_stops_the_moment_it_is_revoked(store: Store) -> None:
    async def scenario() -> None:
        keyring = Keyring(lambda: store)
        admin, _ = await created(keyring, Scope.ADMIN)
        reader, text = await created(keyring, Scope.READ)
        caller = keyring.recognise(text.encode())
        assert caller is not None
        assert keyring.is_valid(caller)
        await keyring.revoke(reader)
        assert keyring.recognise(text.encode()) is None
        assert not keyring.is_valid(caller)
        with pytest.raises(NoSuchKey):
            await keyring.revoke(reader)
        again = Keyring(lambda: store)
        await again.load()
        assert [key.id for key in again.valid()] == [admin]

    run(scenario)


def test_the_first_key_is_an_admins_and_the_last_admins_key_stays(store: Store) -> None:
    async def scenario() -> None:
        keyring = Keyring(lambda: store)
        with pytest.raises(KeyRefused, match="first key"):
            await created(keyring, Scope.READ)
        admin, _ = await created(keyring, Scope.ADMIN)
        await created(keyring, Scope.READ)
        with pytest.raises(KeyRefused, match="last key"):
            await keyring.revoke(admin)
        second, _ = await created(keyring, Scope.ADMIN)
        await keyring.revoke(admin)
        with pytest.raises(KeyRefused, match="last key"):
            await keyring.revoke(second)

    run(scenario)


def test_two_admins_cannot_revoke_each_other_at_once(store: Store) -> None:
    async def scenario() -> None:
        keyring = Keyring(lambda: store)
        ids = [(await created(keyring, Scope.ADMIN))[0] for _ in range(2)]
        outcomes = await asyncio.gather(*map(keyring.revoke, ids), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["KeyLeft", "KeyRefused"]
        assert len(keyring.valid()) == 1

    run(scenario)


def test_the_key_of_the_setting_is_not_revoked_and_lets_the_last_other_one_go(store: Store) -> None:
    async def scenario() -> None:
        keyring = Keyring(lambda: store, first=FIRST)
        reader, _ = await created(keyring, Scope.READ)
        await keyring.revoke(reader)
        with pytest.raises(KeyRefused, match="SM_API_KEY"):
            await keyring.revoke(FIRST_ID)

    run(scenario)


def test_once_there_was_a_key_nobody_is_let_in_without_one(store: Store) -> None:
    async def scenario() -> None:
        keyring = Keyring(lambda: store)
        admin, _ = await created(keyring, Scope.ADMIN)
        await store.ask(RevokeKey(admin, 1.0)).wait(ANSWER)  # by another process
        await keyring.load()
        assert keyring.valid() == []
        assert keyring.identify([]) is None

    run(scenario)


def test_what_another_process_has_written_counts_after_loading_and_use_is_written(store: Store) -> None:
    async def scenario() -> None:
        keyring = Keyring(lambda: store, clock=lambda: 50.0)
        key, text = draw("by the command line", [Scope.ADMIN], None, 1.0)
        await store.ask(AddKey(key)).wait(ANSWER)
        await keyring.load()
        assert keyring.recognise(text.encode()) is not None
        await keyring.flush()
        again = Keyring(lambda: store)
        await again.load()
        assert again.valid()[0].last_used_at == 50.0

    run(scenario)


class Failing:
    """A store that cannot be read at first, and then has one key."""

    def __init__(self, key: ApiKey) -> None:
        self.failures: list[Exception] = [StoreUnavailable("full"), ActorDeadError("closed"), Timeout("slow")]
        self.key = key

    def ask(self, message: Any) -> Reply[Any]:
        reply: Reply[Any] = Reply()
        if self.failures:
            reply.fail(self.failures.pop())
        else:
            reply.set((self.key,))
        return reply


def test_a_store_that_fails_is_asked_again_and_takes_no_key_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("gateway.security.keys.REFRESH", 0.0)
        first, text = draw("first", [Scope.ADMIN], None)
        second, later = draw("second", [Scope.ADMIN], None)
        failing = Failing(second)
        keyring = Keyring(lambda: failing)
        keyring.hold([first])
        keeping = asyncio.ensure_future(keyring.keep())
        async with asyncio.timeout(ANSWER):
            while failing.failures:
                assert keyring.recognise(text.encode()) is not None
                await asyncio.sleep(0)
            while keyring.recognise(later.encode()) is None:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
        assert not keeping.done()
        keeping.cancel()
        await asyncio.wait([keeping])

    run(scenario)


class Slow:
    """A store whose reading is answered when told."""

    def __init__(self) -> None:
        self.reading: Reply[Any] = Reply()

    def ask(self, message: Any) -> Reply[Any]:
        if type(message).__name__ == "GetKeys":
            return self.reading
        done: Reply[Any] = Reply()
        done.set(KeyLeft((), 0, 0))
        return done


def test_a_key_revoked_while_the_store_was_read_does_not_come_back() -> None:
    async def scenario() -> None:
        slow = Slow()
        keyring = Keyring(lambda: slow, first=FIRST)
        key, text = draw("ops", [Scope.ADMIN], None)
        keyring.hold([key])
        loading = asyncio.ensure_future(keyring.load())
        await asyncio.sleep(0)
        await keyring.revoke(key.id)
        slow.reading.set((key,))
        await loading
        assert keyring.recognise(text.encode()) is None

    run(scenario)
