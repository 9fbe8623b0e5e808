"""Whether READY is true, on real Chromium: a page that loads itself anew, logins that are refused, updates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import Consumers, Serve
from tests.rig import Consumer, Sandbox, chromiums
from tests.rig.processes import until

FOREVER = 600.0
PATIENCE = 5.0
"""How long a start may take here, on a busy machine too."""
REFUSALS = 10


def transitions(client: Consumer) -> list[dict[str, Any]]:
    """The client's changes of state, oldest first."""
    told = client.http.get(f"/clients/{client.client_id}/history").raise_for_status().json()
    return list(told["transitions"])


def states(client: Consumer) -> list[str]:
    return [change["state"] for change in transitions(client)]


def test_a_page_that_loads_itself_anew_and_is_not_back_is_not_ready_and_is_opened_again(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    client = consumer(serve(start_patience=PATIENCE).start())
    client.pair()
    sandbox.post("/settings", return_delay=FOREVER)
    client.phone("page", do="reload")
    status = client.reaches("RECONNECTING", "DISCONNECTED_RECOVERABLE", seconds=PATIENCE)
    assert not status["healthy"]
    assert "READY" not in client.http.get("/health").json()["clients"]
    client.reaches("READY")
    assert "DISCONNECTED_RECOVERABLE" in states(client), "a lost page, opened again within the budget"


def test_a_page_that_loads_itself_anew_and_comes_back_costs_no_attempt(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    client = consumer(serve().start())
    client.pair()
    client.phone("page", do="reload")
    until(lambda: states(client)[-2:], lambda last: last == ["RECONNECTING", "READY"], "it is READY again", 20.0)
    assert "DISCONNECTED_RECOVERABLE" not in states(client)


@pytest.mark.parametrize(
    ("call", "reason"), [("temp-ban", "TEMPORARILY_BANNED"), ("unavailable", "SERVICE_UNAVAILABLE")]
)
def test_a_client_whose_logins_are_refused_is_never_ready(
    serve: Serve, sandbox: Sandbox, consumer: Consumers, call: str, reason: str
) -> None:
    sandbox.post("/settings", reconnect_delay=0.1, reconnect_cap=0.1)
    client = consumer(serve().start())
    client.pair()
    client.phone(call, seconds=FOREVER)
    until(lambda: transitions(client)[-1]["reason"], lambda last: last == reason, "the refusal is on disk", 20.0)
    told = len(transitions(client))

    def refused() -> int:
        assert client.state() == "DISCONNECTED_RECOVERABLE"
        return int(sandbox.get(f"/accounts/{client.number}")["refused"])

    until(refused, lambda refusals: refusals >= REFUSALS, f"{REFUSALS} logins are refused", 20.0)
    assert (client.status()["reason"], len(transitions(client))) == (reason, told)
    client.phone(call, seconds=0)
    client.reaches("READY")


def test_a_soft_update_costs_a_client_nothing(serve: Serve, sandbox: Sandbox, consumer: Consumers) -> None:
    service = serve().start()
    client = consumer(service)
    client.pair()
    before = chromiums(service.data_dir)
    client.phone("spin", refresh="SOFT_REFRESH")
    assert client.send("5491122334455", "still here").status_code == 200
    assert client.status()["healthy"]
    assert chromiums(service.data_dir) == before
    assert [change["reason"] for change in transitions(client) if change["reason"]] == []


def test_a_soft_update_is_loaded_at_a_quiet_moment_and_counts_as_planned(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    service = serve(update_within=2.0, update_quiet=0.5).start()
    client = consumer(service)
    client.pair()
    client.phone("spin", refresh="SOFT_REFRESH")
    until(lambda: states(client)[-2:], lambda last: last == ["RECONNECTING", "READY"], "it is loaded anew", 20.0)
    assert transitions(client)[-2]["reason"] == "PLANNED_UPDATE"
    assert client.status()["reconnection_attempts"] == 0
    assert 'session_manager_transitions_total{reason="PLANNED_UPDATE",state="RECONNECTING"} 1.0' in metrics(client)
    assert "session_manager_planned_updates_total 1.0" in metrics(client)


def test_a_hard_update_is_planned_too(serve: Serve, sandbox: Sandbox, consumer: Consumers) -> None:
    client = consumer(serve().start())
    client.pair()
    client.phone("spin", refresh="HARD_REFRESH")
    until(lambda: states(client)[-2:], lambda last: last == ["RECONNECTING", "READY"], "it is loaded anew", 20.0)
    assert transitions(client)[-2]["reason"] == "PLANNED_UPDATE"
    assert "DISCONNECTED_RECOVERABLE" not in states(client)


def test_a_server_that_is_silent_to_a_question_makes_a_client_unhealthy(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    client = consumer(serve(server_check_interval=1.0, server_check_timeout=0.5).start())
    client.pair()
    sandbox.post("/settings", keepalive=False)
    until(client.status, lambda status: not status["healthy"], "it is not healthy", 10.0)
    assert client.status()["state"] == "READY"
    assert client.status()["server_silent_since"] is not None
    sandbox.post("/settings", keepalive=True)
    until(client.status, lambda status: bool(status["healthy"]), "it is healthy again", 10.0)
    assert client.status()["server_silent_since"] is None


def metrics(client: Consumer) -> str:
    return str(client.http.get("/metrics").raise_for_status().text)
