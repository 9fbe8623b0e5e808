"""The service is killed at every step of a restore: the next one finds what there was or what was restored, whole.

One data directory lives through all of it: each service looks at what the one before it has left, then dies itself.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from actors.backups import back_up, handed_over
from tests.campaign.fake import FakeService
from tests.campaign.fake_whatsapp import arrivals
from tests.gateway.doomed_restore import STEPS
from tests.gateway.running import chosen
from tests.rig.processes import until
from tests.store.conftest import LIGHT
from tests.store.postgresql import NoPostgreSQL, PostgreSQL, running
from tests.store.restore_steps import KILLED, POSTGRESQL, Step

ANA = "5491100000009"
SENDS, SINCE, AWAY = 1, 2, 3
"""Clients: one sends after the backup, one is wanted only since, one has no network until the service is killed."""
PATIENCE = 20.0


class Lives:
    """The services on one directory, one after the other. `more` are settings."""

    def __init__(self, directory: Path, **more: Any) -> None:
        self.settings, self.file = chosen(directory / "data", **more), directory / "a.backup"
        self.data_dir = self.settings.data_dir
        self.service = FakeService(self.data_dir, "http://127.0.0.1:1/", **more)
        self.http = httpx.Client(base_url=self.service.url, timeout=PATIENCE)

    def start(self, step: str) -> None:
        self.service.program = ("tests.gateway.doomed_restore", "fake", step)
        self.service.start()

    def call(self, method: str, path: str, client: int, **how: Any) -> httpx.Response:
        return self.http.request(method, path, headers={"X-Cliente-Id": str(client)}, **how)

    def reaches(self, client: int, state: str) -> None:
        until(
            lambda: self.call("GET", "/status", client).json()["state"],
            lambda now: now == state,
            f"{client} is {state}",
            PATIENCE,
        )

    def runs(self, client: int) -> None:
        """POST /init, and scan where a code is shown."""
        if self.call("POST", "/init", client).json()["status"]["state"] == "QR_REQUIRED":
            self.service.order("scan", client)
        self.reaches(client, "READY")

    def cut(self, client: int) -> None:
        self.service.order("cut", client)
        self.reaches(client, "DISCONNECTED_RECOVERABLE")

    def accept(self, client: int, text: str) -> str:
        answer = self.call("POST", "/messages", client, json={"to": ANA, "message": text})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def is_sent(self, client: int, id: str) -> None:
        until(
            lambda: self.call("GET", f"/messages/{id}", client).json(),
            lambda told: told.get("state") == "sent",
            f"{id} is sent",
            PATIENCE,
        )

    def running(self) -> set[int]:
        return {client["id"] for client in self.http.get("/clients").json()}

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """All of them, of the client that sends."""
        found: list[dict[str, Any]] = []
        while True:
            query = {"consumer": uuid4().hex, "after": after, "limit": 1000, "wait": 0}
            told = self.call("GET", "/events/next", SENDS, params=query).json()
            if not told["events"]:
                return found
            found += told["events"]
            after = found[-1]["position"]

    def restore(self) -> None:
        """Order it, and be killed."""
        handed_over(self.settings).mkdir()
        shutil.copy(self.file, self.data_dir / "restore" / "a.backup")
        with pytest.raises(httpx.TransportError):
            self.http.post("/restore", json={"file": "a.backup"})
        assert self.service.wait() == KILLED
        self.service.ended()

    def arrived(self) -> Counter[str]:
        """How often each text has reached its recipient."""
        return Counter({told.text: told.times for told in arrivals(self.data_dir / "whatsapp")})


@contextmanager
def lived(directory: Path, **settings: Any) -> Iterator[Lives]:
    lives = Lives(directory, **settings)
    try:
        with lives.http:
            yield lives
    finally:
        lives.service.kill_if_running()
        lives.service.ended()


def test_a_kill_at_any_step_leaves_the_one_or_the_other_and_nothing_leaves_twice(tmp_path: Path) -> None:
    with lived(tmp_path) as lives:
        play(lives, STEPS, lambda: None)


def test_the_same_holds_where_rows_are_replaced_on_a_server(tmp_path: Path) -> None:
    try:
        with running(*LIGHT) as server, lived(tmp_path, database_url=server.new_database()) as lives:
            steps = ("rows are copied", "it is committed")
            play(lives, {step: POSTGRESQL[step] for step in steps}, partial(everyone_has_gone, server))
    except NoPostgreSQL as why:
        pytest.skip(str(why))


def everyone_has_gone(server: PostgreSQL) -> None:
    """The server has noticed that the service was killed: its locks are free."""
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'session-manager'"
    with psycopg.connect(server.address("postgres"), autocommit=True) as connection:
        until(lambda: connection.execute(ours).fetchone(), lambda found: found == (0,), "nobody is left", PATIENCE)


def play(lives: Lives, steps: Mapping[str, Step], gone: Callable[[], None]) -> None:
    lives.start(next(iter(steps)))
    for step, following in zip(steps, [*steps][1:] + [*steps][:1], strict=True):
        for client in (SENDS, AWAY):
            lives.runs(client)
            lives.cut(client)
        lives.call("POST", "/stop", SINCE)
        left, open_yet = lives.accept(SENDS, f"left before {step}"), lives.accept(AWAY, f"open before {step}")
        back_up(lives.settings, lives.file)
        lives.service.order("mend", SENDS)
        lives.is_sent(SENDS, left)
        lives.runs(SINCE)
        since = lives.accept(SINCE, f"since the backup of {step}")
        lives.is_sent(SINCE, since)
        told = lives.events()

        lives.restore()
        gone()
        lives.start(following)

        wanted = {SENDS, AWAY} if steps[step].restored else {SENDS, AWAY, SINCE}
        for client in wanted:
            lives.reaches(client, "READY")
        assert lives.running() == wanted, step
        lives.is_sent(SENDS, left)
        lives.is_sent(AWAY, open_yet)
        found = lives.call("GET", f"/messages/{since}", SINCE)
        assert found.status_code == (404 if steps[step].restored else 200), step
        assert not list(lives.data_dir.rglob("*.restoring*")), step
        assert not (lives.data_dir / "restore").exists(), step
        lives.is_sent(SENDS, lives.accept(SENDS, f"after {step}"))
        new = lives.events(told[-1]["position"])
        assert new[0]["sequence"] > told[-1]["sequence"], step
        assert set(lives.arrived().values()) == {1}, step
    assert len(lives.arrived()) == 4 * len(steps)
    assert lives.service.stop() == 0
