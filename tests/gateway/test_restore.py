"""A restore in the running service: clients close and resume, HTTP goes on, nothing leaves twice."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from actors.backups import back_up, handed_over, opened_store
from actors.browser.fake import FakeBrowser
from actors.clients.types import ClientId, State
from actors.store import backup
from actors.store.errors import DataDirInUse
from actors.store.events import AppendEvent
from actors.store.ownership import Claim, claim
from actors.store.sessions import GetWantedSessions
from actors.store.succession import LEAP
from actors.system import System
from config.refusal import StartRefused
from tests.gateway.running import Running, until
from tests.store.asking import ask

ANA = "5491100000009"
CHAT = f"{ANA}@c.us"
ONE = 1


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path / "data") as service:
        yield service
        assert service.end() == 0


def keep(service: Running) -> Path:
    """A backup of what the service holds now, all that has been told to the store included."""
    ask(service.system.store, AppendEvent(ClientId(ONE), "call", {}, 100.0))
    file = service.settings.data_dir.parent / "a.backup"
    back_up(service.settings, file)
    return file


def restore(service: Running, file: Path, name: str = "a.backup") -> httpx.Response:
    place = handed_over(service.settings)
    place.mkdir(exist_ok=True)
    shutil.copy(file, place / name)
    return service.post("/restore", json={"file": name})


def accept(service: Running, text: str = "hello", **more: object) -> dict[str, Any]:
    answer = service.post("/messages", ONE, json={"to": ANA, "message": text, **more})
    assert answer.status_code == 202, answer.text
    accepted: dict[str, Any] = answer.json()
    return accepted


def reaches(service: Running, id: str, state: str) -> dict[str, Any]:
    return until(
        lambda: service.get(f"/messages/{id}", ONE).json(), lambda told: told.get("state") == state, f"{id} is {state}"
    )


def resumes(service: Running, client: int = ONE) -> None:
    until(lambda: service.status(client)["state"], lambda state: state == "READY", f"{client} is READY again")


def held_before_the_last_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have restores wait when all that is left to do is the change itself; what is returned lets them go on."""
    go, real = threading.Event(), backup.put_in_place

    def slow(*arguments: Any) -> object:
        assert go.wait(20)
        return real(*arguments)

    monkeypatch.setattr("actors.backups.put_in_place", slow)
    return go.set


def arrivals(service: Running, text: str) -> int:
    return [delivery.text for delivery in service.browser.whatsapp.deliveries].count(text)


def test_clients_are_closed_and_resume_and_what_came_after_the_backup_is_gone(service: Running) -> None:
    service.ready(ONE)
    file = keep(service)
    service.ready(2)
    answer = restore(service, file)
    assert answer.status_code == 200, answer.text
    resumes(service)
    assert service.browser.has_login(ClientId(ONE)), "nobody was logged out"
    assert [client["id"] for client in service.get("/clients").json()] == [1]
    assert service.get("/ready").json() == {"ready": True, "why": []}
    accept(service)
    assert not list(service.settings.data_dir.rglob("*.restoring*")), "nothing is left of the restore"
    assert not handed_over(service.settings).exists()


def test_what_has_left_since_the_backup_does_not_leave_again(service: Running) -> None:
    service.bring(ONE, State.DISCONNECTED_RECOVERABLE)
    id = accept(service)["id"]
    file = keep(service)
    service.browser.mend(ClientId(ONE))
    reaches(service, id, "sent")
    assert restore(service, file).json()["ended"] == 1
    resumes(service)
    later = accept(service, "later")["id"]
    reaches(service, later, "sent")
    assert arrivals(service, "hello") == 1
    assert reaches(service, id, "sent")


def test_what_has_left_is_found_in_the_page_where_nothing_else_is_known_of_it(tmp_path: Path) -> None:
    with Running(tmp_path / "data") as service:
        service.bring(ONE, State.DISCONNECTED_RECOVERABLE)
        left = accept(service, "left")["id"]
        file = keep(service)
        service.browser.mend(ClientId(ONE))
        reaches(service, left, "sent")
        service.browser.cut(ClientId(ONE))
    with Running(tmp_path / "new", service.browser) as again:
        assert restore(again, file).json() == {
            "success": True,
            "looked_up": 1,
            "ended": 0,
            "left_out": LEAP,
            "present_known": True,
        }
        resumes(again)
        reaches(again, left, "sent")
        assert arrivals(again, "left") == 1


def test_what_has_not_left_leaves_once(service: Running) -> None:
    service.bring(ONE, State.DISCONNECTED_RECOVERABLE)
    ids = [accept(service, f"text {number}")["id"] for number in range(120)]
    file = keep(service)
    assert restore(service, file).json()["looked_up"] == len(ids)
    resumes(service)
    for id in ids:
        reaches(service, id, "sent")
    assert [delivery.text for delivery in service.browser.whatsapp.deliveries] == [f"text {n}" for n in range(120)]


def test_readers_of_events_are_told_of_the_gap(service: Running) -> None:
    service.ready(ONE)
    file = keep(service)
    newest = service.get("/events/next?consumer=a&after=0&limit=1000").json()["events"][-1]
    service.post("/stop", ONE)
    lost = service.get("/events/next?consumer=b&after=0&limit=1000").json()["events"][-1]
    assert restore(service, file).status_code == 200
    resumes(service)
    answer = service.get(f"/events/next?consumer=c&after={newest['position']}").json()
    assert (answer["gap"]["after"], answer["gap"]["position"]) == (newest["position"], lost["position"])
    assert answer["events"][0]["sequence"] == lost["sequence"] + 1


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/b", ".hidden", "", "a\0b", "x" * 200])
def test_only_names_are_taken_and_no_paths(service: Running, name: str) -> None:
    answer = service.post("/restore", json={"file": name})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


def test_a_name_that_leads_elsewhere_is_not_there(service: Running, tmp_path: Path) -> None:
    service.ready(ONE)
    file = keep(service)
    handed_over(service.settings).mkdir()
    (handed_over(service.settings) / "a.backup").symlink_to(file)
    assert service.post("/restore", json={"file": "a.backup"}).json()["code"] == "BACKUP_NOT_FOUND"
    assert service.post("/restore", json={"file": "nothing"}).status_code == 404


def test_what_is_no_backup_is_refused_before_any_client_is_closed(service: Running, tmp_path: Path) -> None:
    service.ready(ONE)
    (tmp_path / "text").write_text("milk " * 1000)
    answer = restore(service, tmp_path / "text")
    assert (answer.status_code, answer.json()["code"]) == (409, "RESTORE_REFUSED")
    assert "Nothing was changed" in answer.json()["message"]
    assert service.status(ONE)["state"] == "READY"
    assert len(service.browser.opened) == 1


def test_what_fails_in_the_last_step_leaves_all_as_it_was(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    service.ready(ONE)
    file = keep(service)
    id = accept(service)["id"]
    reaches(service, id, "sent")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("actors.backups.put_in_place", fail)
        answer = restore(service, file)
    assert (answer.status_code, answer.json()["code"]) == (409, "RESTORE_REFUSED")
    resumes(service)
    assert reaches(service, id, "sent")


def test_http_is_served_meanwhile_and_a_second_restore_is_refused(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.ready(ONE)
    file = keep(service)
    go_on = held_before_the_last_step(monkeypatch)
    with ThreadPoolExecutor(1) as thread:
        ordered = thread.submit(restore, service, file)
        until(lambda: service.get("/ready").json()["why"], lambda why: why == ["draining"], "draining")
        assert service.get("/health").status_code == 200
        refused = until(
            lambda: service.post("/messages", ONE, json={"to": ANA, "message": "x"}),
            lambda answer: answer.status_code == 503,
            "refused",
        )
        assert refused.headers["retry-after"]
        assert refused.json()["error"] is True
        # What is only looked up is answered until the clients are closed.
        until(lambda: service.get("/clients").status_code, lambda code: code == 503, "nobody is there to answer")
        assert service.post("/restore", json={"file": "a.backup"}).json()["code"] == "RESTORE_UNDER_WAY"
        go_on()
        assert ordered.result(20).status_code == 200
    resumes(service)


def test_no_other_service_can_start_on_the_directory_between_the_steps(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.ready(ONE)
    file = keep(service)
    let_go: list[Path] = []
    release = Claim.release

    def release_and_tell(self: Claim) -> None:
        release(self)
        let_go.append(self.data_dir)

    monkeypatch.setattr(Claim, "release", release_and_tell)
    go_on = held_before_the_last_step(monkeypatch)
    with ThreadPoolExecutor(1) as thread:
        ordered = thread.submit(restore, service, file)
        until(lambda: service.browser.running(), lambda pages: not pages, "the clients are closed")
        with pytest.raises(DataDirInUse):
            claim(service.settings.data_dir)
        go_on()
        assert ordered.result(20).status_code == 200
    assert let_go == []


class Refused(Running):
    """Ends with the refusal to start, which is kept."""

    refusal: StartRefused | None = None

    def _run(self, listener: Any) -> None:
        try:
            super()._run(listener)
        except StartRefused as refusal:
            self.refusal = refusal


def test_a_restored_service_that_cannot_start_again_lets_the_directory_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keys(_: object) -> NoReturn:
        raise StartRefused("no keys today")

    with Refused(tmp_path / "data") as service:
        service.ready(ONE)
        file = keep(service)
        monkeypatch.setattr(System, "keys", keys)
        assert restore(service, file).json()["code"] == "RESTORE_REFUSED"
        assert service.joined() is None
        assert str(service.refusal) == "no keys today"
        claim(service.settings.data_dir).release()


def test_nothing_is_changed_while_something_of_the_service_still_runs(tmp_path: Path) -> None:
    class Immortal(FakeBrowser):
        def stop(self, seconds: float) -> bool:
            super().stop(seconds)
            return False

    with Running(tmp_path / "data", Immortal()) as service:
        service.ready(ONE)
        file = keep(service)
        id = accept(service)["id"]
        reaches(service, id, "sent")
        answer = restore(service, file)
        assert (answer.status_code, answer.json()["code"]) == (409, "RESTORE_REFUSED")
        assert "did not end in time" in answer.json()["message"]
        resumes(service)
        assert reaches(service, id, "sent")


def test_what_a_killed_restore_has_left_is_forgotten_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "restore").mkdir(parents=True)
    left = [
        data / "restore" / "a.backup",
        data / "session-manager.db.restoring",
        data / "session-manager.db.restoring-wal",
    ]
    for file in left:
        file.write_bytes(b"half")
    with Running(data) as service:
        service.ready(ONE)
        assert not [file for file in left if file.exists()]


def test_a_service_told_to_end_during_a_restore_ends_with_the_restored(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.ready(ONE)
    file = keep(service)
    service.ready(2)
    go_on = held_before_the_last_step(monkeypatch)
    with ThreadPoolExecutor(1) as thread:
        ordered = thread.submit(restore, service, file)
        until(lambda: service.get("/ready").json()["why"], lambda why: why == ["draining"], "draining")
        service.server.end(service.ending)
        go_on()
        assert ordered.result(20).status_code == 200
    assert service.joined() == 0
    with opened_store(service.settings) as store:
        assert [session.client_id for session in ask(store, GetWantedSessions())] == [ONE]
