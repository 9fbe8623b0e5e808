"""SIGTERM and SIGINT, whatever a client does: exit code 0, nothing left, nobody logged out, every caller answered."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2
import psutil
import pytest

from tests.e2e.conftest import Consumers, Serve, nothing_runs
from tests.rig import Consumer, Sandbox, Service, naming
from tests.rig.processes import mains, until

SHUTDOWN = 8.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)
FRIEND = "5491122334455"
ANSWERED = 10.0
"""Seconds that a caller's thread may take to read what it was answered before the service ended."""
SETTINGS = {
    "init_wait": 1.0,
    "backoff_first": 60.0,
    "backoff_cap": 60.0,
    "cleanup_delay": 60.0,
    "close_grace": 2.0,
    "shutdown_timeout": SHUTDOWN,
}


@dataclass
class Stage:
    """One service with one client that is doing something; `callers` are still waiting for answers."""

    service: Service
    client: Consumer
    sandbox: Sandbox
    pool: ThreadPoolExecutor
    callers: list[Future[httpx2.Response]] = field(default_factory=list)

    def call(self, order: Callable[[], httpx2.Response]) -> None:
        """Call, and do not wait for the answer."""
        self.callers.append(self.pool.submit(order))

    def chromium(self) -> psutil.Process:
        """The client's Chromium."""
        (pid,) = mains(self.service.data_dir)
        return psutil.Process(pid)


def initializing(stage: Stage) -> None:
    stage.sandbox.post("/settings", loader=False)
    stage.client.init()
    stage.client.reaches("INITIALIZING")


def showing_codes(stage: Stage) -> None:
    stage.client.init()
    stage.client.reaches("QR_REQUIRED")


def ready(stage: Stage) -> None:
    stage.client.pair()


def backing_off(stage: Stage) -> None:
    ready(stage)
    stage.chromium().terminate()
    assert stage.client.reaches("DISCONNECTED_RECOVERABLE")["reason"] == "BROWSER_CRASHED"


def reconnecting(stage: Stage) -> None:
    ready(stage)
    stage.service.stop()
    stage.sandbox.post("/settings", resume_delay=60.0)
    stage.service.start()
    stage.client.reaches("RECONNECTING")


def sending(stage: Stage) -> None:
    ready(stage)
    stage.client.phone("sending", mode="never")
    stage.call(lambda: stage.client.send(FRIEND, "on its way"))
    messages = lambda: stage.sandbox.get(f"/accounts/{stage.client.number}/messages")  # noqa: E731 - asked repeatedly
    until(messages, bool, "the message has left", 10.0)


def waiting_for_cleanup(stage: Stage) -> None:
    ready(stage)
    stage.client.phone("logout")
    stage.client.reaches("DISCONNECTED_LOGOUT")


def being_deleted(stage: Stage) -> None:
    """Its page does not answer, so that the deletion takes long."""
    ready(stage)
    stage.client.phone("page", do="hang", seconds=60)
    stage.call(lambda: stage.client.http.delete(f"/session/{stage.client.client_id}"))
    until(lambda: stage.service.events("client.logging_out"), bool, "the logout is under way", 10.0)


def being_started(stage: Stage) -> None:
    stage.sandbox.post("/settings", page_delay=60.0)
    stage.call(stage.client.init)
    until(lambda: naming(stage.service.data_dir), bool, "Chromium is being started", 10.0)


def stopped(stage: Stage) -> None:
    """Its Chromium is frozen: it will not close by itself, and has to be killed."""
    ready(stage)
    stage.chromium().suspend()


@pytest.fixture
def stages(serve: Serve, consumer: Consumers, sandbox: Sandbox) -> Iterator[list[Stage]]:
    """Two of them side by side, one for each signal."""
    with ThreadPoolExecutor(4) as pool:
        services = [serve(number.name, **SETTINGS).launch() for number in SIGNALS]
        made = [Stage(service.started(), consumer(service, i), sandbox, pool) for i, service in enumerate(services, 1)]
        yield made
        for stage in made:
            stage.service.kill_if_running()


@contextmanager
def in_order(stage: Stage, code: int = 0) -> Iterator[None]:
    """Inside, the service is told to end; it does, in time, with this code, and leaves nothing."""
    began, processes = time.monotonic(), naming(stage.service.data_dir)
    yield
    assert stage.service.wait(20.0) == code, stage.service.log_end()
    assert time.monotonic() - began < SHUTDOWN + 1.0
    nothing_runs(stage.service)
    assert not [pid for pid in processes if psutil.pid_exists(pid) and _lives(pid)]
    assert (stage.service.data_dir / "owner.pid").read_text() == ""
    assert stage.service.events("service.ended")[-1]["code"] == code
    for caller in stage.callers:
        assert caller.result(ANSWERED).status_code in (200, 409, 500, 503)


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    "doing",
    [initializing, showing_codes, ready, backing_off, reconnecting, sending, waiting_for_cleanup, being_started],
    ids=lambda doing: doing.__name__,
)
def test_a_signal_ends_the_service_in_order_while_a_client_is(
    stages: list[Stage], sandbox: Sandbox, doing: Callable[[Stage], None]
) -> None:
    for stage in stages:
        doing(stage)
        sandbox.post("/settings", loader=True, page_delay=0.0, resume_delay=0.0)
    linked = {account["number"] for account in sandbox.get("/state")["accounts"] if account["devices"]}
    for stage, number in zip(stages, SIGNALS, strict=True):
        with in_order(stage):
            stage.service.signal(number)
    assert {account["number"] for account in sandbox.get("/state")["accounts"] if account["devices"]} == linked


def test_a_signal_that_comes_twice_changes_nothing(stages: list[Stage]) -> None:
    for stage in stages:
        ready(stage)
        with in_order(stage):
            for number in (*SIGNALS, *SIGNALS):
                stage.service.signal(number)


def test_what_does_not_close_is_killed_and_logged(stages: list[Stage]) -> None:
    for stage, doing in zip(stages, (being_deleted, stopped), strict=True):
        doing(stage)
    for stage in stages:
        with in_order(stage):
            stage.service.signal(signal.SIGTERM)
    deleted, frozen = stages
    assert [caller.result(ANSWERED).json()["logged_out"] for caller in deleted.callers] == [False]
    assert [ended["orderly"] for ended in frozen.service.events("chromium.ended")] == [False]


def test_a_signal_while_the_service_itself_starts_ends_it_in_order(serve: Serve, consumer: Consumers) -> None:
    service = serve().start()
    consumer(service).pair()
    assert service.stop() == 0
    service.launch()
    until(lambda: service.events("service.listening"), bool, "it listens", 20.0)
    service.signal(signal.SIGTERM)
    assert service.wait(20.0) == 0
    nothing_runs(service)
    service.launch()
    until(lambda: service.events("chromium.started"), bool, "its client resumes", 20.0)
    service.signal(signal.SIGINT)
    assert service.wait(20.0) == 0
    nothing_runs(service)
