"""The operators' commands, on the real PM2, with clients in real Chromium."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx2
import pytest

from tests.deploy.pm2 import ROOT, Pm2, installed, laid
from tests.rig import Consumer, Sandbox, descendants, naming
from tests.rig.processes import free_port, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CLIENTS = (1, 2)
SECONDS = 30.0


class Deployed:
    """The service under PM2: `url` and `data_dir` are what a Consumer asks for."""

    def __init__(self, pm2: Pm2, sandbox: Sandbox, data_dir: Path, port: int, ecosystem: Path) -> None:
        self.pm2, self.sandbox, self.data_dir, self.ecosystem = pm2, sandbox, data_dir, ecosystem
        self._port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def pid(self) -> int:
        return int(self.pm2.instance()["pid"])

    def answers(self) -> bool:
        """Whether it takes work."""
        try:
            return httpx2.get(f"{self.url}/ready", timeout=5.0, verify=False).status_code == 200
        except httpx2.TransportError:
            return False

    def start(self) -> None:
        """`pm2 start`, until it takes work."""
        self.pm2.run("start", str(self.ecosystem))
        self.up()

    def up(self) -> None:
        until(self.answers, bool, "the service takes work", SECONDS)

    def reach(self, state: str) -> None:
        """Every client does, without anyone's doing."""
        for number in CLIENTS:
            with closing(Consumer(self, self.sandbox, number)) as consumer:
                consumer.reaches(state)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """`pm2 start`, and two clients that are READY."""
    if not (ROOT / ".venv" / "bin" / "session-manager").exists():
        pytest.skip("the ecosystem file starts what `make setup` installs, and that is not there")
    place = tmp_path_factory.mktemp("pm2")
    program, port = installed(place / "npm"), free_port()
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        variables = {
            "SM_PORT": port,
            "SM_DATA_DIR": place / "data",
            "SM_WHATSAPP_URL": sandbox.url,
            "SM_INIT_RATE": 0,
            "SM_INIT_ADDRESS_RATE": 0,
        }
        pm2 = Pm2(program, place / "home", variables)
        stack.callback(pm2.run, "kill")
        service = Deployed(pm2, sandbox, place / "data", port, laid(place))
        service.start()
        for number in CLIENTS:
            with closing(Consumer(service, sandbox, number)) as consumer:
                consumer.pair()
        yield service
    assert naming(place / "data") == set()


def test_a_restart_takes_new_variables_and_needs_no_new_qr(deployed: Deployed) -> None:
    before, pm2 = deployed.pid(), deployed.pm2
    browsers = descendants(before)
    assert browsers
    pm2.variables["SM_LOG_LEVEL"] = "debug"
    pm2.run("restart", "session-manager", "--update-env")
    deployed.up()
    after = pm2.instance()
    assert after["pid"] != before
    assert after["pm2_env"]["exit_code"] == 0
    assert browsers.isdisjoint(naming(deployed.data_dir))
    deployed.reach("READY")
    logs = pm2.run("logs", "session-manager", "--nostream", "--lines", "400")
    assert '"code": 0, "why": "SIGINT", "event": "service.ended"' in logs
    assert '"level": "debug"' in logs


def test_one_that_is_killed_is_started_again_and_leaves_no_chromium(deployed: Deployed) -> None:
    before = deployed.pid()
    browsers = descendants(before)
    os.kill(before, signal.SIGKILL)
    until(deployed.pid, lambda pid: pid not in (0, before), "PM2 starts it again", SECONDS, every=0.3)
    deployed.up()
    deployed.reach("READY")
    assert browsers.isdisjoint(naming(deployed.data_dir))
    # A Chromium's processes come and go: one that is seen to belong to nobody has perhaps just ended.
    now = deployed.pid()
    until(lambda: naming(deployed.data_dir) - descendants(now), lambda lost: not lost, "nobody's Chromium", SECONDS)


def test_a_stop_is_graceful_and_leaves_nothing(deployed: Deployed) -> None:
    pm2, pid = deployed.pm2, deployed.pid()
    told = len(pm2.said())
    pm2.run("stop", "session-manager")
    assert pm2.status() == "stopped"
    assert "exited with code [0] via signal [SIGINT]" in pm2.said()[told:]
    assert "SIGKILL" not in pm2.said()[told:]
    assert naming(deployed.data_dir) == set()
    assert not Path(f"/proc/{pid}").exists()
    deployed.start()
    assert len(pm2.instances()) == 1
    deployed.reach("READY")


def test_impossible_settings_are_told_and_not_tried_again(deployed: Deployed) -> None:
    pm2 = deployed.pm2
    pm2.variables["SM_INIT_WAIT"] = "soon"
    try:
        pm2.run("restart", "session-manager", "--update-env")
        # PM2 goes on calling it "waiting restart", but only one that it has given up has no process.
        last = until(pm2.instance, lambda instance: instance["pid"] == 0, "PM2 gives it up", SECONDS, every=0.3)
        assert last["pm2_env"]["exit_code"] == 2
        assert "SM_INIT_WAIT is 'soon' but" in pm2.run("logs", "session-manager", "--nostream", "--err")
    finally:
        pm2.variables["SM_INIT_WAIT"] = "15"
    pm2.run("restart", "session-manager", "--update-env")
    deployed.up()


def test_the_checklist_restarts_and_stops_it_through_pm2(deployed: Deployed, tmp_path: Path) -> None:
    options = ["--url", deployed.url, "--restart", "pm2", "--destructive", "--sandbox", deployed.sandbox.url]
    accepted = [word for step in ("user", "chromium-sandbox", "limits", "logs", "speed") for word in ("--accept", step)]
    command = [sys.executable, "-m", "gateway.cli", "checklist", *options, *accepted, "--report", str(tmp_path)]
    done = subprocess.run(command, env=deployed.pm2.environment(), capture_output=True, text=True, timeout=100)
    told = json.loads((tmp_path / "checklist.json").read_text("utf-8"))
    seen = {step["id"]: step["verdict"] for step in told["steps"]}
    assert done.returncode == 0, done.stdout + done.stderr
    assert {seen[id] for id in ("restart", "resumed", "stop-time", "graceful-stop", "clients", "orphans")} == {"passed"}
    deployed.reach("READY")
