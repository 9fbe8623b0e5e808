"""Whoever may no longer be told is told no more, at once: with the session, or the key, its open streams end.

Rule of this file: heartbeats are far apart, so that what ends a stream is the end of the session or key and no look at
it that was due anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.security import sessions
from gateway.security.sessions import COOKIE
from tests.gateway.happening import happen
from tests.gateway.listening import Sse, Ws
from tests.gateway.running import Running, until

FIRST = "the-first-key-of-a-test"
HOURS = 3600.0
Stream = type[Sse] | type[Ws]
both = pytest.mark.parametrize("kind", [Sse, Ws])


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Running]:
    """A service that needs a key."""
    with Running(tmp_path / "data", api_key=FIRST, stream_heartbeat=HOURS) as service:
        yield service
    assert service.code == 0


class Tab:
    """A browser that is signed in."""

    def __init__(self, service: Running, key: str = FIRST) -> None:
        answer = httpx2.post(f"{service.url}/dashboard/session", data={"key": key}, verify=False)
        self._service, self._token = service, answer.json()["csrf"]
        self.cookie = f"{COOKIE}={answer.cookies[COOKIE]}"

    def open(self, kind: Stream) -> Sse | Ws:
        """A stream by its cookie alone."""
        return kind(self._service, Cookie=self.cookie)

    def sign_out(self) -> None:
        headers = {"Cookie": self.cookie, "X-CSRF-Token": self._token}
        assert httpx2.delete(f"{self._service.url}/dashboard/session", headers=headers, verify=False).status_code == 200


def made(service: Running) -> Any:
    return service.post("/keys", json={"name": "test", "scopes": ["read"]}).json()


def listens(service: Running, count: int = 1) -> None:
    until(lambda: len(service.streams), lambda there: there == count, f"{count} streams are open")


def told(stream: Sse | Ws) -> Any:
    """The next event."""
    return stream.events(1)[0]


def is_cut(stream: Sse | Ws) -> None:
    """What comes next is the end, which says why, and nothing after it."""
    if isinstance(stream, Sse):
        end = stream.until(lambda frame: frame.data is not None).data
        assert stream.frame() is None
    else:
        end = stream.message()
        assert stream.message() is None
        assert stream.closed is not None
        assert stream.closed.code == 1008
    assert (end["type"], end["code"], end["retry_after_seconds"]) == ("end", "UNAUTHORIZED", None)


@both
def test_signing_out_ends_the_streams_of_that_session_and_of_no_other(locked: Running, kind: Stream) -> None:
    leaves, stays = Tab(locked), Tab(locked)
    by_key: Sse | Ws = kind(locked, X_Api_Key=FIRST)
    with leaves.open(kind) as one, leaves.open(kind) as two, stays.open(kind) as other, by_key:
        listens(locked, 4)
        leaves.sign_out()
        is_cut(one)
        is_cut(two)
        listens(locked, 2)
        happen(locked, 1)
        assert told(other)["type"] == told(by_key)["type"] == "message"


@both
def test_a_session_that_is_over_is_told_nothing_more(
    locked: Running, kind: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Tab(locked).open(kind) as stream:
        listens(locked)
        monkeypatch.setattr(sessions, "IDLE", 0.0)
        happen(locked, 1)
        is_cut(stream)


@both
def test_a_silent_stream_ends_with_its_session_by_the_next_heartbeat(
    tmp_path: Path, kind: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Running(tmp_path, api_key=FIRST, stream_heartbeat=0.1) as service, Tab(service).open(kind) as stream:
        listens(service)
        monkeypatch.setattr(sessions, "LIFE", 0.0)
        listens(service, 0)
        stream.__exit__()


@both
def test_the_session_that_makes_room_for_another_one_loses_its_streams(
    locked: Running, kind: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LIMIT", 1)
    with Tab(locked).open(kind) as stream:
        listens(locked)
        Tab(locked)
        is_cut(stream)


@both
def test_a_revoked_key_takes_its_streams_with_it_and_those_of_its_sessions(locked: Running, kind: Stream) -> None:
    key = made(locked)
    with kind(locked, X_Api_Key=key["key"]) as by_key, Tab(locked, key["key"]).open(kind) as by_cookie:
        listens(locked, 2)
        assert locked.call("DELETE", f"/keys/{key['id']}").status_code == 200
        is_cut(by_key)
        is_cut(by_cookie)


@both
def test_with_the_first_key_whoever_listens_without_one_is_cut_off(tmp_path: Path, kind: Stream) -> None:
    with Running(tmp_path, stream_heartbeat=HOURS) as service, kind(service) as stream:
        listens(service)
        assert service.post("/keys", json={"name": "first", "scopes": ["admin"]}).status_code == 201
        is_cut(stream)


def test_a_poll_that_waits_ends_with_its_key(locked: Running) -> None:
    key = made(locked)
    with ThreadPoolExecutor(1) as pool:
        headers = {"X-Api-Key": key["key"]}
        waiting = pool.submit(httpx2.get, f"{locked.url}/events/next?consumer=c&wait=60", headers=headers, timeout=30.0)
        listens(locked)
        assert locked.call("DELETE", f"/keys/{key['id']}").status_code == 200
        answer = waiting.result()
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
