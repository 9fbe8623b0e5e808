"""Stop, restore, start: clients resume, and nothing is sent twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors.backups import back_up, put_back
from actors.browser.fake import FakeBrowser
from actors.clients.types import ClientId, State
from actors.store.backup import LEAP, Restored
from actors.store.events import AppendEvent
from tests.gateway.running import Running, chosen, until
from tests.store.asking import ask

ANA = "5491100000009"
ONE = 1


@pytest.fixture
def browser() -> FakeBrowser:
    """The browser, and WhatsApp behind it, that outlive the service."""
    return FakeBrowser()


def keep(service: Running) -> Path:
    """Back up what the service holds now, with everything the store has been sent."""
    ask(service.system.store, AppendEvent(ClientId(ONE), "call", {}, 100.0))
    file = service.settings.data_dir.parent / "a.backup"
    back_up(service.settings, file)
    return file


def restore(data_dir: Path, file: Path) -> Restored:
    restored = put_back(chosen(data_dir), file)
    assert restored is not None
    return restored


def accept(service: Running, text: str = "hello") -> str:
    answer = service.post("/messages", ONE, json={"to": ANA, "message": text})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def reaches(service: Running, id: str, state: str) -> dict[str, Any]:
    return until(
        lambda: service.get(f"/messages/{id}", ONE).json(), lambda found: found.get("state") == state, f"{id}: {state}"
    )


def arrivals(browser: FakeBrowser) -> list[str]:
    return [delivery.text for delivery in browser.whatsapp.deliveries]


def test_clients_resume_and_what_came_after_the_backup_is_gone(tmp_path: Path, browser: FakeBrowser) -> None:
    with Running(tmp_path / "data", browser) as service:
        service.ready(ONE)
        file = keep(service)
        service.ready(2)
    restore(tmp_path / "data", file)
    with Running(tmp_path / "data", browser) as service:
        service.reaches(ONE, State.READY)
        assert [client["id"] for client in service.get("/clients").json()] == [ONE]
        reaches(service, accept(service), "sent")
    assert not list((tmp_path / "data").rglob("*.restoring*")), "nothing is left of the restore"


def test_what_has_left_since_the_backup_does_not_leave_again(tmp_path: Path, browser: FakeBrowser) -> None:
    with Running(tmp_path / "data", browser) as service:
        service.bring(ONE, State.DISCONNECTED_RECOVERABLE)
        id = accept(service)
        file = keep(service)
        browser.mend(ClientId(ONE))
        reaches(service, id, "sent")
    assert restore(tmp_path / "data", file).ended == 1
    with Running(tmp_path / "data", browser) as service:
        service.reaches(ONE, State.READY)
        reaches(service, accept(service, "later"), "sent")
        assert arrivals(browser) == ["hello", "later"]
        reaches(service, id, "sent")


def test_what_has_left_is_found_in_the_page_where_nothing_else_is_known_of_it(
    tmp_path: Path, browser: FakeBrowser
) -> None:
    with Running(tmp_path / "data", browser) as service:
        service.bring(ONE, State.DISCONNECTED_RECOVERABLE)
        id = accept(service, "left")
        file = keep(service)
        browser.mend(ClientId(ONE))
        reaches(service, id, "sent")
    with Running(tmp_path / "new", browser):
        pass
    assert restore(tmp_path / "new", file) == Restored(looked_up=1, ended=0, left_out=LEAP, present_known=True)
    with Running(tmp_path / "new", browser) as service:
        service.reaches(ONE, State.READY)
        reaches(service, id, "sent")
        assert arrivals(browser) == ["left"]


def test_what_has_not_left_leaves_once(tmp_path: Path, browser: FakeBrowser) -> None:
    texts = [f"text {number}" for number in range(120)]
    with Running(tmp_path / "data", browser) as service:
        service.bring(ONE, State.DISCONNECTED_RECOVERABLE)
        ids = [accept(service, text) for text in texts]
        file = keep(service)
    assert restore(tmp_path / "data", file).looked_up == len(ids)
    with Running(tmp_path / "data", browser) as service:
        for id in ids:
            reaches(service, id, "sent")
        assert arrivals(browser) == texts


def test_readers_of_events_see_the_gap(tmp_path: Path, browser: FakeBrowser) -> None:
    with Running(tmp_path / "data", browser) as service:
        service.ready(ONE)
        file = keep(service)
        newest = service.get("/events/next?consumer=a&after=0&limit=1000").json()["events"][-1]
        service.post("/stop", ONE)
        lost = service.get("/events/next?consumer=b&after=0&limit=1000").json()["events"][-1]
    restore(tmp_path / "data", file)
    with Running(tmp_path / "data", browser) as service:
        service.reaches(ONE, State.READY)
        answer = service.get(f"/events/next?consumer=c&after={newest['position']}").json()
        assert (answer["gap"]["after"], answer["gap"]["position"]) == (newest["position"], lost["position"])
        assert answer["events"][0]["sequence"] == lost["sequence"] + 1


def test_what_a_killed_restore_has_left_is_forgotten_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    left = [data / "session-manager.db.restoring", data / "session-manager.db.restoring-wal"]
    for file in left:
        file.write_bytes(b"half")
    with Running(data) as service:
        service.ready(ONE)
        assert not [file for file in left if file.exists()]
