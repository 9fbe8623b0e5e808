"""POST /init: the only call that starts a client."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from actors.clients.types import ClientId, Reason, State
from tests.gateway.running import Running, until


def summary(client: int, state: State) -> dict[str, object]:
    return {
        "cliente_id": client,
        "connected": state is State.READY,
        "state": state,
        "reconnection_attempts": 0,
        "max_reconnection_attempts": 3,
    }


def test_a_first_init_starts_the_client_and_waits_for_its_first_state(service: Running) -> None:
    answer = service.post("/init", 99)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "WhatsApp client initialization started",
        "cliente_id": 99,
        "status": summary(99, State.QR_REQUIRED),
        "action": "INITIALIZING",
        "next_steps": "Monitor /status endpoint for QR code or READY state",
    }


def test_a_client_that_runs_is_left_alone(service: Running) -> None:
    for client, state in enumerate((State.QR_REQUIRED, State.READY, State.DISCONNECTED_RECOVERABLE), 1):
        service.bring(client, state)
        opened = len(service.browser.opened)
        answer = service.post("/init", client)
        assert answer.status_code == 200
        assert answer.json() == {
            "success": True,
            "message": "Client already initialized",
            "cliente_id": client,
            "status": summary(client, state),
            "action": "NO_ACTION_NEEDED",
        }
        assert len(service.browser.opened) == opened


def test_a_second_caller_during_a_start_is_told_to_come_back(service: Running) -> None:
    for client, state in enumerate((State.INITIALIZING, State.RECONNECTING), 1):
        service.bring(client, state)
        answer = service.post("/init", client)
        assert answer.status_code == 409
        assert answer.headers["retry-after"] == "5"
        assert answer.json() == {
            "error": True,
            "code": "INITIALIZATION_IN_PROGRESS",
            "message": "Client initialization already in progress",
            "cliente_id": client,
            "retry_after_seconds": 5,
        }


def test_a_terminal_client_starts_afresh(service: Running) -> None:
    terminal = (State.AUTH_FAILURE, State.DISCONNECTED_LOGOUT, State.DISCONNECTED_BANNED, State.ERROR)
    for client, state in enumerate(terminal, 1):
        service.bring(client, state)
        service.browser.whatsapp.banned.clear()
        answer = service.post("/init", client)
        assert answer.status_code == 200, answer.text
        assert answer.json()["action"] == "INITIALIZING"
        assert answer.json()["status"]["state"] == "QR_REQUIRED"


def test_a_start_that_fails_says_why_and_the_next_one_starts_afresh(service: Running) -> None:
    service.browser.fail_next(ClientId(7), Reason.PAGE_UNREACHABLE, "WhatsApp Web is unreachable")
    answer = service.post("/init", 7)
    assert answer.status_code == 500
    assert answer.json() == {
        "error": True,
        "code": "INITIALIZATION_FAILED",
        "message": "WhatsApp Web is unreachable",
        "cliente_id": 7,
        "retry": True,
    }
    assert service.status(7)["state"] == "ERROR"
    assert service.post("/init", 7).json()["status"]["state"] == "QR_REQUIRED"


def test_a_stored_login_is_ready_at_once(service: Running) -> None:
    service.ready(5)
    service.browser.crash(ClientId(5))
    service.reaches(5, State.READY)
    assert service.status(5)["reconnection_attempts"] == 0


def test_a_start_that_takes_longer_than_the_wait_answers_with_what_is_known(tmp_path: Path) -> None:
    with Running(tmp_path / "data", init_wait=0.1) as service:
        service.bring(1, State.INITIALIZING)  # holds the first page back
        service.browser.page(ClientId(1)).end(Reason.PAGE_UNREACHABLE, "gone")
        service.reaches(1, State.ERROR)
        service.browser.habits = type(service.browser.habits)(opens=False)
        answer = service.post("/init", 1)
        assert answer.status_code == 200
        assert answer.json()["action"] == "INITIALIZING"
        assert answer.json()["status"] == summary(1, State.INITIALIZING)


@pytest.mark.parametrize("ended", ["/stop", "/session/7"])
def test_a_start_that_a_stop_or_a_deletion_overtakes_is_a_conflict(service: Running, ended: str) -> None:
    service.browser.habits = replace(service.browser.habits, opens=False)
    with ThreadPoolExecutor(1) as callers:
        started = callers.submit(service.post, "/init", 7)
        until(lambda: service.status(7)["state"], lambda state: state == "INITIALIZING", "it starts")
        method = "POST" if ended == "/stop" else "DELETE"
        headers = {"X-Cliente-Id": "7"}
        assert service.http.request(method, ended, headers=headers).status_code == 200
        answer = started.result()
    assert answer.status_code == 409
    assert answer.json() == {
        "error": True,
        "code": "INITIALIZATION_OVERTAKEN",
        "message": "The client was stopped or deleted while it started: POST /init starts it again",
        "cliente_id": 7,
    }


def test_twenty_at_once_open_one_page(service: Running) -> None:
    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(lambda _: service.post("/init", 42), range(20)))
    assert service.browser.opened == [42]
    kinds = {(answer.status_code, answer.json().get("action", answer.json().get("code"))) for answer in answers}
    assert kinds <= {(200, "INITIALIZING"), (200, "NO_ACTION_NEEDED"), (409, "INITIALIZATION_IN_PROGRESS")}
    assert sum(answer.json().get("action") == "INITIALIZING" for answer in answers) == 1
    assert service.status(42)["state"] == "QR_REQUIRED"


def test_more_clients_than_the_operator_allows_are_refused(tmp_path: Path) -> None:
    with Running(tmp_path / "data", max_clients=1) as service:
        service.post("/init", 1)
        answer = service.post("/init", 2)
    assert answer.status_code == 503
    assert answer.json()["code"] == "CAPACITY_EXCEEDED"
    assert "SM_MAX_CLIENTS is 1" in answer.json()["message"]


def test_no_new_work_is_taken_while_the_service_ends(service: Running) -> None:
    service.ready(1)
    service.browser.page(ClientId(1)).hung = True  # the end waits for it
    service.server.end(service.ending)
    try:
        service.draining()
        assert service.get("/health").status_code == 200
        assert service.get("/status", 1).status_code == 200
        for answer in (
            service.post("/init", 2),
            service.post("/send", 1, {"to": "5491122334455", "message": "too late"}),
            service.post("/logout", 1),
            service.call("DELETE", "/session/1"),
        ):
            assert answer.status_code == 503
            assert answer.json()["code"] == "SHUTTING_DOWN"
            assert answer.headers["retry-after"] == "5"
    finally:
        service.browser.page(ClientId(1)).end()
