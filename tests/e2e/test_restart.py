"""A service that stops, in order or not, and the next one on its data directory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx2
import psutil
import pytest

from tests.e2e.conftest import Consumers, Serve, nothing_runs
from tests.rig import Consumer, Sandbox, Service, alive, chromiums, naming
from tests.rig.processes import mains, until

CLIENTS = (1, 2, 3)
BUILDS = ("chromium-headless-shell", "chromium")
FRIEND = "5491122334455"
DURABLE_AFTER = 2.0
"""Seconds. It was seen to take one at most."""


def test_wanted_clients_come_back_without_a_code_after_a_stop_and_after_a_kill(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    service = serve().start()
    clients = [consumer(service, client_id) for client_id in CLIENTS]
    with ThreadPoolExecutor(len(clients)) as side_by_side:
        list(side_by_side.map(Consumer.pair, clients))
    left_alone = consumer(service, 9)
    left_alone.pair()
    left_alone.http.post("/logout").raise_for_status()

    assert service.stop() == 0  # closing writes the logins to disk, however young they are
    nothing_runs(service)
    assert devices(sandbox, clients) == [1, 1, 1], "closing must not log out"
    service.start()
    they_come_back(service, clients)
    assert left_alone.state() == "NOT_INITIALIZED"

    old = naming(service.data_dir)
    service.kill()
    until(lambda: old & naming(service.data_dir), lambda left: not left, "Chromium dies with the service", 10.0)
    service.start()
    they_come_back(service, clients)
    assert [client.send(FRIEND, f"from {client.client_id}").status_code for client in clients] == [200, 200, 200]


def they_come_back(service: Service, clients: list[Consumer]) -> None:
    """All are READY; none showed a code."""
    for client in clients:
        assert client.reaches("READY", seconds=40.0)["qr_code_base64"] is None
    for change in service.events("client.state"):
        assert change["after"] in ("RECONNECTING", "READY"), change


def test_ready_clients_resume_before_those_that_waited_for_a_scan_and_health_answers_meanwhile(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    service = serve().start()
    waiting, ready = [consumer(service, n) for n in (1, 2)], [consumer(service, n) for n in (3, 4, 5)]
    with ThreadPoolExecutor(2) as side_by_side:
        list(side_by_side.map(Consumer.init, waiting))
        list(side_by_side.map(Consumer.pair, ready))
    for client in waiting:
        client.reaches("QR_REQUIRED")
    sandbox.post("/settings", page_delay=2.0)  # every start takes at least as long

    assert service.stop() == 0
    they_resume_in_turn(service.launch(), waiting, ready)
    old = naming(service.data_dir)
    service.kill()
    until(lambda: old & naming(service.data_dir), lambda left: not left, "Chromium dies with the service", 10.0)
    they_resume_in_turn(service.launch(), waiting, ready)


def they_resume_in_turn(service: Service, waiting: list[Consumer], ready: list[Consumer]) -> None:
    """Those that were READY first, then the others, each by number; all are there from the first moment on."""
    until(lambda: health(service), bool, "health answers", 30.0)
    answers = [until(lambda: health(service), lambda told: "RECONNECTING" in told, "clients resume", 30.0)]
    everyone = {"READY": len(ready), "QR_REQUIRED": len(waiting)}
    while answers[-1] != everyone:
        answers.append(until(lambda: health(service), lambda told: told != answers[-1], "they go on", 30.0))
        assert answers[-1], "health answers from then on"
        assert sum(answers[-1].values()) == len(ready) + len(waiting)

    numbers = [client.client_id for client in (*ready, *waiting)]
    assert [resumed["client"] for resumed in service.events("client.turn")] == numbers
    assert not [change for change in service.events("client.state") if change["after"] == "DISCONNECTED_LOGOUT"]


def health(service: Service) -> dict[str, int]:
    """Clients by state; nothing, where it does not answer."""
    try:
        answer = httpx2.get(f"{service.url}/health", timeout=5.0, verify=False)
    except httpx2.TransportError:
        return {}
    told: dict[str, int] = answer.raise_for_status().json()["clients"]
    return told or {"NOT_INITIALIZED": 0}


def devices(sandbox: Sandbox, clients: list[Consumer]) -> list[int]:
    """How many pages are linked to each client's account."""
    return [len(sandbox.get(f"/accounts/{client.number}")["devices"]) for client in clients]


def test_a_login_that_is_young_survives_a_kill_however_long_codes_were_shown_before(
    serve: Serve, consumer: Consumers
) -> None:
    services = [serve(build, chromium=build, backoff_first=0.1).launch() for build in BUILDS]
    clients = [consumer(service.started(), client_id) for client_id, service in enumerate(services, 1)]
    for client in clients:
        client.init().raise_for_status()
    time.sleep(6.0)  # by now Chromium has written once, and would take a minute until the next time
    for client in clients:
        client.scan()
    for client in clients:
        client.reaches("READY")
    time.sleep(DURABLE_AFTER)
    for service in services:
        chromium(service).kill()
    for service, client in zip(services, clients, strict=True):
        client.reaches("DISCONNECTED_RECOVERABLE", "RECONNECTING")
        client.reaches("READY")
        assert states(service)[-3:] == ["DISCONNECTED_RECOVERABLE", "RECONNECTING", "READY"]


def states(service: Service) -> list[str]:
    """What its clients have become since it was started, in order."""
    return [str(change["after"]) for change in service.events("client.state")]


def chromium(service: Service) -> psutil.Process:
    """The main process of its only client's Chromium."""
    (pid,) = mains(service.data_dir)
    return psutil.Process(pid)


def is_stored(service: Service, client: Consumer) -> bool:
    """Whether Chromium has written the client's login. It tells nobody: one has to look."""
    (device,) = client.sandbox.get(f"/accounts/{client.number}")["devices"]
    texts = [str(device).encode(code) for code in ("ascii", "utf-16-le")]
    logs = (service.data_dir / "profiles").rglob("Local Storage/leveldb/*.log")
    return any(text in log.read_bytes() for log in logs for text in texts)


def stands_still(processes: set[psutil.Process]) -> bool:
    """Whether all that live are stopped."""
    with suppress(psutil.NoSuchProcess):  # one has ended meanwhile
        return all(process.status() == psutil.STATUS_STOPPED for process in alive(processes))
    return False


def test_chromiums_that_outlive_a_killed_service_are_reaped_by_the_next(serve: Serve, consumer: Consumers) -> None:
    """Without `setpriv` the kernel is not asked to end them, and what is frozen does not see its pipe end."""
    service = serve(chromium="/usr/bin/chromium-headless-shell")
    with_setpriv = service.environment["PATH"]
    service.environment["PATH"] = "/nowhere"
    client = consumer(service.start())
    client.pair()
    until(lambda: is_stored(service, client), bool, "the login is on disk", 20.0)
    old, leader = naming(service.data_dir), chromium(service)
    leader.suspend()
    service.kill()
    assert alive({leader})

    service.environment["PATH"] = with_setpriv
    service.start()
    assert not old & naming(service.data_dir)
    assert len(service.events("browser.orphan_ended")) == 1
    client.reaches("READY")
    assert "QR_REQUIRED" not in states(service)


@pytest.mark.parametrize("build", BUILDS)
def test_a_frozen_page_that_outlives_a_killed_service_is_reaped_by_the_next(
    serve: Serve, consumer: Consumers, build: str
) -> None:
    service = serve(chromium=f"/usr/bin/{build}")
    client = consumer(service.start())
    client.pair()
    until(lambda: is_stored(service, client), bool, "the login is on disk", 20.0)
    leader, old = chromium(service), chromiums(service.data_dir)
    for process in old:
        with suppress(psutil.NoSuchProcess):  # Chromium ends some by itself
            process.suspend()
    until(lambda: stands_still(old), bool, "all of it stands still", 10.0)
    service.kill()
    until(lambda: alive({leader}), lambda left: not left, "Chromium dies with the service", 10.0)
    assert alive(old), "what is frozen does not see its Chromium die"

    service.start()
    assert not alive(old)
    assert [line["pid"] for line in service.events("browser.orphan_ended")] == [leader.pid]
    client.reaches("READY")
    assert "QR_REQUIRED" not in states(service)


def test_a_second_service_on_the_same_data_directory_names_the_owner_and_breaks_nothing(
    serve: Serve, consumer: Consumers
) -> None:
    service = serve().start()
    client = consumer(service)
    client.pair()
    second = {**service.environment, "SM_PORT": "0"}
    told = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "serve"], env=second, capture_output=True, text=True, timeout=30.0
    )
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert f"process {service.pid}" in told.stderr
    assert client.send(FRIEND, "still here").status_code == 200
    os.kill(service.pid, 0)
