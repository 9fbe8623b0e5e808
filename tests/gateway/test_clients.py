"""GET /clients, POST /logout, DELETE /session/{clienteId}, and what no route answers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from actors.browser.fake import FakeBrowser, Habits
from actors.clients.types import RECOVERABLE, ClientId, State
from actors.store.requests import Write
from actors.store.sessions import ForgetSession, GetSessions, ReleaseSession
from tests.gateway.running import Running, until


def test_clients_are_listed_by_number(service: Running) -> None:
    assert service.get("/clients").json() == []
    service.ready(30)
    service.bring(2, State.QR_REQUIRED)
    assert service.get("/clients").json() == [{"id": 2, "state": "QR_REQUIRED"}, {"id": 30, "state": "READY"}]


def test_logging_out_ends_in_disconnected_logout(service: Running) -> None:
    service.ready(1)
    answer = service.post("/logout", 1)
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert answer.json()["cliente_id"] == 1
    assert answer.json()["status"]["state"] == "DISCONNECTED_LOGOUT"
    body = service.status(1)
    assert (body["state"], body["reason"]) == ("DISCONNECTED_LOGOUT", "LOGGED_OUT_BY_API")
    assert not service.browser.has_login(ClientId(1))


def test_only_a_ready_client_logs_out(service: Running) -> None:
    for client, state in enumerate(set(State) - {State.READY}, 1):
        service.bring(client, state)
        answer = service.post("/logout", client)
        assert answer.status_code == 409
        assert answer.json()["code"] == "SESSION_NOT_READY"
        assert answer.json()["message"].endswith(f"Current state: {state}")


LOGGED_OUT = {"logged_out": True, "logged_out_reason": None}


def test_deleting_logs_out_stops_and_forgets(service: Running) -> None:
    service.ready(1)
    answer = service.call("DELETE", "/session/1")
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message": "Session deleted", "cliente_id": 1} | LOGGED_OUT
    assert service.status(1)["state"] == "NOT_INITIALIZED"
    assert service.get("/clients").json() == []
    assert not service.browser.has_login(ClientId(1))
    assert service.browser.running() == []
    assert service.call("DELETE", "/session/1").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "slow", "left"),
    [("DELETE", "/session/1", ForgetSession, []), ("POST", "/stop", ReleaseSession, [False])],
)
def test_the_end_of_a_client_is_on_disk_before_it_is_told(
    service: Running, monkeypatch: pytest.MonkeyPatch, method: str, path: str, slow: type[Write[None]], left: list[bool]
) -> None:
    """Else a crash would bring it back; and whoever deletes it again would be told that it was there."""
    service.ready(1)
    real = slow.run

    def on_a_slow_disk(*arguments: Any) -> Any:
        threading.Event().wait(0.3)
        return real(*arguments)

    monkeypatch.setattr(slow, "run", on_a_slow_disk)
    assert service.call(method, path, 1).status_code == 200
    remembered = service.system.store.ask(GetSessions()).get(timeout=5)
    assert [session.wanted for session in remembered] == left


def test_a_stopped_client_is_logged_out_unless_the_caller_does_not_want_that(service: Running) -> None:
    unwanted = {"logged_out": False, "logged_out_reason": "NOT_REQUESTED"}
    for query, told in (("", LOGGED_OUT), ("?logout=false", unwanted)):
        service.ready(1)
        service.post("/stop", 1)
        answer = service.call("DELETE", f"/session/1{query}")
        assert answer.status_code == 200
        assert told.items() <= answer.json().items()
        assert service.get("/clients?known=1").json() == []
    assert service.call("DELETE", "/session/1?logout=perhaps").status_code == 400


def test_what_could_not_be_deleted_is_not_told_as_deleted(service: Running) -> None:
    service.ready(1)
    service.browser.undeletable[ClientId(1)] = "/data/profiles/1: Read-only file system"
    for logged_out in (True, False):
        answer = service.call("DELETE", "/session/1")
        assert (answer.status_code, answer.json()["code"]) == (500, "DELETE_FAILED")
        assert answer.json()["logged_out"] is logged_out
        assert "Read-only file system. Mend that" in answer.json()["message"]
        assert service.status(1)["state"] == "NOT_INITIALIZED"
    del service.browser.undeletable[ClientId(1)]
    assert service.call("DELETE", "/session/1").status_code == 200
    assert service.call("DELETE", "/session/1").status_code == 404


def test_a_client_that_was_stopped_before_its_first_login_leaves_no_profile(service: Running) -> None:
    service.bring(1, State.QR_REQUIRED)
    service.post("/stop", 1)
    assert service.browser.has_profile(ClientId(1))
    assert service.call("DELETE", "/session/1").status_code == 200
    assert not service.browser.has_profile(ClientId(1))


def test_every_state_can_be_deleted(service: Running) -> None:
    for client, state in enumerate(set(State) - {State.NOT_INITIALIZED}, 1):
        service.bring(client, state)
        # A page that never comes back would be waited for, to log out.
        query = "?logout=false" if state in RECOVERABLE else ""
        assert service.call("DELETE", f"/session/{client}{query}").status_code == 200, state
        assert service.status(client)["state"] == "NOT_INITIALIZED"
    assert service.browser.running() == []


def test_a_stored_login_without_a_client_can_be_deleted(service: Running) -> None:
    service.browser.keep_login(ClientId(5))
    answer = service.call("DELETE", "/session/5")
    assert answer.status_code == 200
    # The mark alone is there: the page shows codes.
    assert (answer.json()["logged_out"], answer.json()["logged_out_reason"]) == (False, "NOT_LINKED")
    assert not service.browser.has_login(ClientId(5))


def test_what_is_not_there_is_not_deleted(service: Running) -> None:
    for text in ("1", "abc", "0", "-1", "1.5", "2147483648", "%D9%A1", "1%00"):
        answer = service.call("DELETE", f"/session/{text}")
        assert answer.status_code == 404, text
        assert answer.json()["error"] is True
        assert answer.json()["code"] == "CLIENT_NOT_FOUND"


def test_a_header_that_contradicts_the_path_is_refused(service: Running) -> None:
    service.ready(1)
    assert service.call("DELETE", "/session/1", 2).status_code == 400
    assert service.call("DELETE", "/session/1", "x").json()["code"] == "INVALID_HEADER"
    assert service.status(1)["state"] == "READY"
    assert service.call("DELETE", "/session/1", 1).status_code == 200


def test_a_client_at_its_end_is_destroyed_after_a_while(tmp_path: Path) -> None:
    with Running(tmp_path / "data", cleanup_delay=0.1) as service:
        service.ready(1)
        service.browser.remove(ClientId(1))
        until(lambda: service.status(1)["state"], lambda state: state == "NOT_INITIALIZED", "the cleanup")
        assert service.get("/clients").json() == []


def test_a_page_that_never_confirms_a_logout_is_told(tmp_path: Path) -> None:
    browser = FakeBrowser()
    with Running(tmp_path / "data", browser) as service:
        service.ready(1)
        browser.habits = Habits(answers=False)
        # The client's own patience is 15 s: what is seen here is a page that goes away meanwhile.
        browser.page(ClientId(1)).end()
        assert service.post("/logout", 1).status_code == 409


def test_unknown_paths_and_wrong_methods_are_told_in_the_contracts_shape(service: Running) -> None:
    for path in ("/nothing", "/openapi.json/", "/init/x", "/session/", "/session/1/2", "/%2e%2e/status", "/x//status"):
        answer = service.get(path, 1)
        assert answer.status_code == 404, path
        assert answer.json() == {"error": True, "code": "NOT_FOUND", "message": "Not Found"}
    wrong = {"/status": ("POST", "GET, HEAD"), "/init": ("GET", "POST"), "/session/1": ("GET", "DELETE")}
    wrong |= {"/send": ("PUT", "POST"), "/health": ("POST", "GET, HEAD"), "/qr-code": ("POST", "GET, HEAD")}
    for path, (method, allowed) in wrong.items():
        answer = service.call(method, path, 1)
        assert answer.status_code == 405, path
        assert answer.json() == {"error": True, "code": "METHOD_NOT_ALLOWED", "message": "Method Not Allowed"}
        assert answer.headers["allow"] == allowed


def test_a_stopped_client_is_gone_and_comes_back_from_its_login(service: Running) -> None:
    service.ready(1)
    answer = service.post("/stop", 1)
    assert (answer.status_code, answer.json()) == (
        200,
        {"success": True, "message": "Client stopped", "cliente_id": 1},
    )
    assert service.get("/clients").json() == []
    assert service.browser.running() == []
    assert service.browser.has_login(ClientId(1))
    assert service.post("/stop", 1).json()["code"] == "CLIENT_NOT_FOUND"
    assert service.post("/init", 1).json()["status"]["state"] == "READY"


def test_clients_are_told_of_in_detail_where_that_is_asked_for(service: Running) -> None:
    service.ready(1)
    service.bring(2, State.ERROR)
    service.bring(3, State.QR_REQUIRED)
    told = {client["id"]: client for client in service.get("/clients?detail=1").json()}
    assert told[1]["healthy"] is True
    assert (told[2]["state"], told[2]["reason"]) == ("ERROR", "CHROMIUM_FAILED")
    assert told[3]["since"].endswith("Z")
    assert {"phone", "memory", "reason_text", "reconnection_attempts"} <= set(told[3])
    assert service.get("/clients?detail=perhaps").json()["code"] == "INVALID_REQUEST"
