"""The unit under a real systemd, with a client in real Chromium: the steps of docs/deploy.md, and what may go wrong."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import httpx2
import psutil
import pytest

from gateway.checklist.processes import listener
from tests.deploy.machine import PLACE, Machine, missing
from tests.rig import Consumer, Sandbox, descendants
from tests.rig.processes import free_port, until

WHY_NOT = missing()
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(WHY_NOT is not None, reason=f"no real systemd: {WHY_NOT}"),
]

UNIT = "session-manager"
REPORT = "/var/lib/session-manager/report"
SECONDS = 60.0
ON_DISK = 8.0
"""Seconds after which a login has been written: a kill may cost one that is younger than about five."""
CODE = "PYTHONPYCACHEPREFIX=/var/lib/session-manager/code\n"
"""The checkout is read-only here; compiled once, the program starts in a second."""


class Deployed:
    """The service under systemd: `url` is what a Consumer asks for."""

    def __init__(self, machine: Machine, sandbox: Sandbox, port: int) -> None:
        self.machine, self.sandbox, self._port = machine, sandbox, port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def settings(self, **more: object) -> None:
        """Write /etc/session-manager.env."""
        given = {
            "SM_PORT": self._port,
            "SM_WHATSAPP_URL": self.sandbox.url,
            "SM_INIT_RATE": 0,
            "SM_INIT_ADDRESS_RATE": 0,
            **more,
        }
        lines = "".join(f"{name}={value}\n" for name, value in given.items())
        self.machine.write("/etc/session-manager.env", f"{lines}PYTHONPATH={PLACE}\n{CODE}")

    def deploy(self) -> None:
        """As docs/deploy.md says."""
        run = self.machine.run
        run("useradd", "--system", "--home-dir", "/var/lib/session-manager", "--shell", "/usr/sbin/nologin", UNIT)
        run("install", "-m", "0600", "/dev/null", "/etc/session-manager.env")
        self.settings()
        run("cp", f"{PLACE}/config/deploy/{UNIT}.service", "/etc/systemd/system/")
        run("systemctl", "daemon-reload")
        run("systemctl", "enable", "--now", UNIT)

    def told(self, *names: str) -> list[str]:
        """Properties of the unit, in the order asked for."""
        said = self.machine.run("systemctl", "show", f"--property={','.join(names)}", UNIT)
        facts = dict(line.split("=", 1) for line in said.splitlines())
        return [facts[name] for name in names]

    def pid(self) -> int:
        """The service's process, by its number on this host; 0 where there is none."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if (process := listener(self._port)) is not None:
                return process.pid
        return 0

    def answers(self) -> bool:
        """Whether it takes work."""
        try:
            return httpx2.get(f"{self.url}/ready", timeout=5.0, verify=False).status_code == 200
        except httpx2.TransportError:
            return False

    def replaced(self, before: int) -> None:
        """Another process takes work."""
        until(self.pid, lambda pid: pid not in (0, before), "systemd starts another", SECONDS, every=0.2)
        until(self.answers, bool, "it takes work", SECONDS, every=0.2)

    def reaches(self, state: str) -> None:
        """The client does, without anyone's doing."""
        with closing(Consumer(self, self.sandbox, 1)) as consumer:
            consumer.reaches(state)

    def age(self) -> float:
        """Seconds since the client came into its state."""
        with closing(Consumer(self, self.sandbox, 1)) as consumer:
            since = datetime.fromisoformat(consumer.status()["since"])
        return (datetime.now(UTC) - since).total_seconds()

    def journal(self) -> str:
        """What systemd and the service have said."""
        return self.machine.run("journalctl", "--unit", UNIT, "--no-pager", "--output", "cat")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """`systemctl enable --now`, and a client that is READY."""
    with Sandbox() as sandbox, Machine(tmp_path_factory.mktemp("machine")) as machine:
        service = Deployed(machine, sandbox, free_port())
        service.deploy()
        with closing(Consumer(service, sandbox, 1)) as consumer:
            consumer.pair()
        yield service


def test_it_is_started_when_it_takes_work_and_chromium_keeps_its_own_sandbox(deployed: Deployed) -> None:
    assert deployed.told("ActiveState", "Type", "NRestarts") == ["active", "notify", "0"]
    assert deployed.answers()
    service = psutil.Process(deployed.pid())
    below = service.children(recursive=True)
    assert {process.uids().effective for process in (service, *below)} == {service.uids().real} != {0}
    commands = [" ".join(process.cmdline()) for process in below]
    assert any("--type=zygote" in command for command in commands)
    assert not any("--no-sandbox" in command for command in commands)


def test_one_that_is_killed_is_started_again_and_needs_no_new_qr(deployed: Deployed) -> None:
    before, (restarts,) = deployed.pid(), deployed.told("NRestarts")
    browsers = descendants(before)
    assert browsers
    until(deployed.age, lambda age: age > ON_DISK, "the login is on disk", SECONDS, every=0.2)
    os.kill(before, signal.SIGKILL)
    deployed.replaced(before)
    assert int(*deployed.told("NRestarts")) == int(restarts) + 1
    assert not any(psutil.pid_exists(pid) for pid in browsers)
    deployed.reaches("READY")


def test_one_whose_loop_stands_still_is_killed_by_the_watchdog(deployed: Deployed) -> None:
    deployed.machine.write(f"/run/systemd/system/{UNIT}.service.d/watchdog.conf", "[Service]\nWatchdogSec=3\n")
    deployed.machine.run("systemctl", "daemon-reload")
    deployed.machine.run("systemctl", "restart", UNIT)
    try:
        before = deployed.pid()
        assert before
        os.kill(before, signal.SIGSTOP)
        deployed.replaced(before)
        assert "Watchdog timeout" in deployed.journal()
        deployed.reaches("READY")
    finally:
        deployed.machine.run("rm", f"/run/systemd/system/{UNIT}.service.d/watchdog.conf")
        deployed.machine.run("systemctl", "daemon-reload")
        deployed.machine.run("systemctl", "restart", UNIT)
    deployed.reaches("READY")


def test_a_stop_is_graceful_and_leaves_nothing(deployed: Deployed) -> None:
    pid = deployed.pid()
    browsers = descendants(pid)
    deployed.machine.run("systemctl", "stop", UNIT)
    assert deployed.told("ActiveState", "Result", "ExecMainStatus") == ["inactive", "success", "0"]
    assert not any(psutil.pid_exists(each) for each in (pid, *browsers))
    assert '"code": 0, "why": "SIGTERM", "event": "service.ended"' in deployed.journal()
    deployed.machine.run("systemctl", "start", UNIT)
    assert deployed.answers(), "start returns when it takes work"
    deployed.reaches("READY")


def test_impossible_settings_are_told_and_not_tried_again(deployed: Deployed) -> None:
    deployed.settings(SM_INIT_WAIT="soon")
    try:
        assert deployed.machine.tried("systemctl", "restart", UNIT).returncode != 0
        told = deployed.told("ActiveState", "ExecMainStatus", "NRestarts")
        assert told == ["failed", "2", "0"]
        assert "SM_INIT_WAIT is 'soon' but" in deployed.journal()
    finally:
        deployed.settings()
    deployed.machine.run("systemctl", "restart", UNIT)
    deployed.reaches("READY")


def test_the_checklist_restarts_and_stops_it_through_systemd(deployed: Deployed) -> None:
    options = ["--url", deployed.url, "--restart", "systemd", "--destructive", "--sandbox", deployed.sandbox.url]
    # SM_INIT_RATE is 0 here, and others are at work on the machine.
    options += ["--accept", "limits", "--accept", "speed", "--report", REPORT]
    command = [f"{PLACE}/.venv/bin/session-manager", "checklist", *options]
    done = deployed.machine.tried("env", "LANG=C.UTF-8", f"PYTHONPATH={PLACE}", *command)
    seen = json.loads(deployed.machine.run("cat", f"{REPORT}/checklist.json"))
    verdicts = {step["id"]: step["verdict"] for step in seen["steps"]}
    assert done.returncode == 0, done.stdout + done.stderr
    passed = {"restart", "resumed", "one-instance", "stop-time", "user", "chromium-sandbox", "graceful-stop", "orphans"}
    assert {verdicts[id] for id in passed} == {"passed"}
    deployed.reaches("READY")
