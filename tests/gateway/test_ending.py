"""How the service begins and ends: in order, in time, and with an exit code that tells."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from actors.browser.fake import FakeBrowser, Habits
from actors.browser.options import BrowserUnavailable
from actors.clients.protocol import Status, StatusChanged
from actors.clients.types import ClientId, State
from actors.settings import Settings, StartRefused
from actors.store.writer import Commit
from actors.watch import DIED
from gateway.server import STUCK, Server, ServiceEnd, listen
from tests.gateway.running import Running, chosen, until


def test_clients_in_every_state_are_closed_side_by_side_and_never_logged_out(tmp_path: Path) -> None:
    with Running(tmp_path / "data") as service:
        for client, state in enumerate(State, 1):
            service.bring(client, state)
        pages = service.browser.running()
        assert len(pages) >= 5
    assert service.code == 0
    assert service.browser.running() == []
    assert [page.client_id for page in pages if page.ordered("LogOut")] == []
    assert service.browser.has_login(ClientId(1 + list(State).index(State.READY)))


def test_a_ready_client_resumes_at_the_next_start(tmp_path: Path) -> None:
    browser = FakeBrowser()
    with Running(tmp_path / "data", browser) as service:
        service.ready(1)
        service.post("/init", 2)
    with Running(tmp_path / "data", browser) as service:
        until(lambda: service.get("/clients").json(), lambda listed: len(listed) == 2, "both are back")
        service.reaches(1, State.READY)
        service.reaches(2, State.QR_REQUIRED)


def test_callers_that_wait_are_answered_when_the_service_ends(tmp_path: Path) -> None:
    with Running(tmp_path / "data", browser=FakeBrowser(Habits(opens=False))) as service:
        answers: list[int] = []
        caller = threading.Thread(target=lambda: answers.append(service.post("/init", 1).status_code))
        caller.start()
        until(lambda: service.system.find(ClientId(1)), bool, "the start is under way")
        began = time.monotonic()
        assert service.end() == 0
        caller.join()
    assert time.monotonic() - began < 4.0
    assert answers[0] in {500, 503}


def test_a_caller_that_is_still_sending_is_told_when_the_service_ends(tmp_path: Path) -> None:
    head = b"POST /send HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r\nContent-Length: 100\r\n\r\n{"
    with Running(tmp_path / "data") as service, socket.create_connection(service.where) as sending:
        with socket.create_connection(service.where):  # says nothing
            sending.sendall(head)
            assert service.get("/health").status_code == 200  # came after it, and is answered
            assert service.end() == 0
        answer = sending.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"SHUTTING_DOWN" in answer


def test_what_does_not_close_is_killed_in_time(tmp_path: Path) -> None:
    with Running(tmp_path / "data", shutdown_timeout=4.0) as service:
        service.ready(1)
        page = service.browser.page(ClientId(1))
        page.hung = True
        began = time.monotonic()
        assert service.end() == 0
    assert time.monotonic() - began < 6.0
    assert [order.name for order in page.orders] == ["close", "kill"]


def test_what_cannot_be_killed_by_its_client_goes_with_the_browser(tmp_path: Path) -> None:
    browser = FakeBrowser(Habits(closes=False))
    with Running(tmp_path / "data", browser, shutdown_timeout=4.0) as service:
        service.ready(1)
        assert service.end() == 0
    assert browser.running() == []


def test_a_deletion_in_flight_whose_page_hangs_is_cut_and_its_caller_answered(tmp_path: Path) -> None:
    with Running(tmp_path / "data", shutdown_timeout=4.0) as service, ThreadPoolExecutor(1) as pool:
        service.ready(1)
        page = service.browser.page(ClientId(1))
        page.hung = True
        deleted = pool.submit(service.call, "DELETE", "/session/1")
        until(lambda: page.ordered("LogOut"), bool, "the logout is under way")
        began = time.monotonic()
        assert service.end() == 0
        answer = deleted.result()
    assert time.monotonic() - began < 6.0
    assert (answer.status_code, answer.json()["logged_out"]) == (200, False)
    assert not service.browser.has_login(ClientId(1))


class Immortal(FakeBrowser):
    """Its last page cannot be ended."""

    def stop(self, seconds: float) -> bool:
        super().stop(seconds)
        return False


def test_the_exit_code_says_where_something_has_not_ended(tmp_path: Path) -> None:
    with Running(tmp_path / "data", Immortal()) as service:
        assert service.end() == STUCK


def test_only_the_first_reason_to_end_counts(tmp_path: Path) -> None:
    with Running(tmp_path / "data") as service:
        service.ready(1)
        service.browser.page(ClientId(1)).hung = True
        service.server.end(service.ending)
        service.draining()
        service.server.end(ServiceEnd("SIGINT"))
        service.server.end(ServiceEnd("late", DIED))
        service.browser.page(ClientId(1)).end()
        assert service.end() == 0


@pytest.mark.parametrize("victim", ["supervisor", "store"])
def test_the_death_of_a_part_ends_the_process_with_a_code_of_its_own(tmp_path: Path, victim: str) -> None:
    with Running(tmp_path / "data") as service:
        service.ready(1)
        if victim == "supervisor":
            service.system.supervisor.tell(StatusChanged(cast(Status, None)))
        else:
            service.system.store.writer.tell(Commit(cast(int, _Bomb())))
        service.joined()
    assert service.code == DIED
    assert service.browser.running() == []


class _Bomb:
    """What no actor expects in a message: a bug of ours."""

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    __hash__ = None  # type: ignore[assignment]  # what the language has for unhashable


class Slow(FakeBrowser):
    """A browser that takes its time to start."""

    def __init__(self) -> None:
        super().__init__()
        self.starting, self.go_on = threading.Event(), threading.Event()

    def start(self) -> None:
        self.starting.set()
        assert self.go_on.wait(10)


def test_health_answers_from_the_first_moment_and_work_is_told_to_come_back(tmp_path: Path) -> None:
    browser = Slow()
    service = Running(tmp_path / "data", browser)
    with service.unready():
        assert browser.starting.wait(10)
        assert service.get("/health").json()["whatsapp_state"] == "NOT_INITIALIZED"
        assert service.status(1)["state"] == "NOT_INITIALIZED"
        answer = service.post("/init", 1)
        assert answer.status_code == 503
        assert answer.json()["code"] == "STARTING"
        assert answer.headers["retry-after"] == "1"
        browser.go_on.set()
        until(lambda: service.post("/init", 1).status_code, lambda status: status == 200, "the start is through")
    assert service.code == 0


def test_a_signal_during_the_start_ends_it_in_order(tmp_path: Path) -> None:
    browser = Slow()
    service = Running(tmp_path / "data", browser)
    with service.unready():
        assert browser.starting.wait(10)
        service.server.end(service.ending)
        assert service.get("/health").status_code == 200
        browser.go_on.set()
        service.joined()
    assert service.code == 0


class Broken(FakeBrowser):
    """A browser that cannot start here."""

    def start(self) -> None:
        raise BrowserUnavailable("No Chromium was found: install chromium-headless-shell, or set SM_CHROMIUM")


def refused(settings: Settings, browser: FakeBrowser) -> str:
    """Why the service refuses to start."""
    listener = listen("127.0.0.1", 0)
    with pytest.raises(StartRefused) as refusal:
        asyncio.run(Server(settings, browser).run(listener))
    assert listener.fileno() == -1, "it still listens"
    return str(refusal.value)


def test_a_start_is_refused_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sentences: list[tuple[Callable[[], str], str]] = [
        (lambda: refused(chosen(tmp_path / "a"), Broken()), "No Chromium was found: install"),
        (lambda: refused(chosen(tmp_path / "file"), FakeBrowser()), "cannot be used"),
        (lambda: refused(chosen(tmp_path / "file" / "x"), FakeBrowser()), "set SM_DATA_DIR"),
        (lambda: refused(chosen(tmp_path / "a", database_url="nonsense"), FakeBrowser()), "SM_DATABASE_URL"),
    ]
    for start, words in sentences:
        why = start()
        assert words in why
        assert "\n" not in why


def test_a_second_service_on_the_same_directory_is_refused_naming_the_owner(service: Running) -> None:
    why = refused(chosen(service.settings.data_dir), FakeBrowser())
    assert "is in use by process" in why
    assert service.get("/health").status_code == 200


def test_a_port_that_is_taken_is_refused() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(StartRefused, match=f"Port {port} on 127.0.0.1 is taken"):
            listen("127.0.0.1", port)
    with pytest.raises(StartRefused, match="SM_HOST"):
        listen("no.such.host.invalid", 3001)
