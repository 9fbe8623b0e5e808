"""GET /clients?known=1: clients that do not run are known as long as something of them is remembered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors.browser.fake import FakeBrowser, Habits
from actors.clients.protocol import LoggedOut
from actors.clients.types import ClientId, Reason, State
from tests.gateway.running import Running, until

FIRST = "the-first-key-of-a-test"


def known(service: Running, **how: Any) -> dict[int, str]:
    return {client["id"]: client["state"] for client in service.call("GET", "/clients?known=1", **how).json()}


def comes_to_know(service: Running, clients: dict[int, str], **how: Any) -> None:
    """What is remembered of a client is written behind its back: it may take a moment to be read."""
    until(lambda: known(service, **how), lambda there: there == clients, f"{clients} are known")


def detail(service: Running) -> dict[int, Any]:
    return {client["id"]: client for client in service.get("/clients?known=1&detail=1").json()}


def test_a_client_that_was_stopped_is_known_and_listed_only_where_that_is_asked(service: Running) -> None:
    for client in (7, 5, 9):
        service.ready(client)
    service.post("/stop", 7)
    assert service.get("/clients").json() == [{"id": 5, "state": "READY"}, {"id": 9, "state": "READY"}]
    assert service.get("/clients?known=0").json() == service.get("/clients").json()
    comes_to_know(service, {5: "READY", 7: "NOT_INITIALIZED", 9: "READY"})
    assert list(known(service)) == [5, 7, 9]
    assert service.get("/health").json()["clients"] == {"READY": 2}


def test_it_is_known_after_a_restart(tmp_path: Path) -> None:
    browser = FakeBrowser()
    with Running(tmp_path, browser) as service:
        service.ready(1)
        service.post("/stop", 1)
    with Running(tmp_path, browser) as service:
        assert known(service) == {1: "NOT_INITIALIZED"}


NUMBER = "5491100000001"


def test_the_number_of_a_stopped_client_is_told_after_a_restart_until_it_is_unlinked(tmp_path: Path) -> None:
    browser = FakeBrowser()
    with Running(tmp_path, browser) as service:
        for client in (1, 2):
            service.post("/init", client)
            browser.scan(ClientId(client), NUMBER)
            service.reaches(client, State.READY)
        service.post("/stop", 1)
        assert detail(service)[1]["phone"] == NUMBER
    browser.habits = Habits(opens=False)
    with Running(tmp_path, browser) as service:
        service.reaches(2, State.RECONNECTING)
        assert {client: told["phone"] for client, told in detail(service).items()} == {1: NUMBER, 2: NUMBER}
        browser.drop_login(ClientId(1))  # of which the store knows nothing
        assert detail(service)[1]["phone"] is None
        browser.page(ClientId(2)).tell(LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "Removed from the phone"))
        service.reaches(2, State.DISCONNECTED_LOGOUT)
        assert detail(service)[2]["phone"] is None
    browser.keep_login(ClientId(2))
    with Running(tmp_path, browser) as service:
        assert {client: told["phone"] for client, told in detail(service).items()} == {1: None, 2: None}


def test_it_is_told_whether_a_start_would_need_a_qr(service: Running) -> None:
    service.ready(1)
    service.bring(2, State.QR_REQUIRED)
    for client in (1, 2):
        service.post("/stop", client)
    service.ready(3)
    comes_to_know(service, {1: "NOT_INITIALIZED", 2: "NOT_INITIALIZED", 3: "READY"})
    told = detail(service)
    assert {client: (told[client]["state"], told[client]["has_login"]) for client in told} == {
        1: ("NOT_INITIALIZED", True),
        2: ("NOT_INITIALIZED", False),
        3: ("READY", True),
    }
    assert told[1]["max_reconnection_attempts"] == 3


def test_a_profile_nothing_else_is_remembered_of_is_known(service: Running) -> None:
    service.browser.keep_login(ClientId(4))
    assert detail(service)[4]["has_login"] is True
    service.ready(4)
    assert known(service) == {4: "READY"}


@pytest.mark.parametrize("state", [State.READY, State.QR_REQUIRED, State.DISCONNECTED_LOGOUT])
def test_what_is_deleted_is_not_known_any_more(service: Running, state: State) -> None:
    service.bring(1, state)
    assert service.call("DELETE", "/session/1").status_code == 200
    comes_to_know(service, {})


def test_a_client_without_a_login_that_does_not_run_can_be_forgotten_once(service: Running) -> None:
    service.bring(1, State.QR_REQUIRED)
    service.post("/stop", 1)
    comes_to_know(service, {1: "NOT_INITIALIZED"})
    answer = service.call("DELETE", "/session/1")
    assert (answer.status_code, answer.json()["logged_out"]) == (200, False)
    comes_to_know(service, {})
    assert service.call("DELETE", "/session/1").status_code == 404


def test_a_key_sees_the_clients_that_it_is_for(tmp_path: Path) -> None:
    with Running(tmp_path, api_key=FIRST) as service:
        key = service.post("/keys", json={"name": "one", "scopes": ["read"], "clients": [1]}).json()["key"]
        for client in (1, 2):
            service.bring(client, State.QR_REQUIRED)
            service.post("/stop", client)
        comes_to_know(service, {1: "NOT_INITIALIZED", 2: "NOT_INITIALIZED"})
        assert known(service, headers={"X-Api-Key": key}) == {1: "NOT_INITIALIZED"}
