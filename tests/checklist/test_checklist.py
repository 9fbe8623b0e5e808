"""The checklist against real services: first without clients, then in real Chromium what it does."""

from __future__ import annotations

import json
import os
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from gateway.checklist.hosting import facts_of_pm2, facts_of_systemd
from gateway.checklist.plan import STEPS
from gateway.checklist.preconditions import configuration
from gateway.checklist.report import Language, texts
from gateway.checklist.site import ChecklistOptions, Site
from gateway.checklist.steps import ChecklistPhase, Requirement
from tests.gateway.test_process import SERVE, program
from tests.rig import Consumer, Sandbox, Service, naming
from tests.rig.forked import Interpreter

ACCEPTED = ("user", "chromium-sandbox", "whatsapp", "limits", "speed")
"""What is not as in production where tests run: root, no WhatsApp, perhaps few descriptors, and others at work."""
KEY = "an-admins-key-of-32-characters-xx"


def command(interpreter: Interpreter, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command on a wide terminal."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    return interpreter.run(["gateway.cli", "checklist", *words], {**ours, "COLUMNS": "250"}, seconds=110.0)


class Played:
    """One run of the command: its exit code, what it printed, what it reported."""

    def __init__(self, interpreter: Interpreter, directory: Path, *options: object) -> None:
        accepted = [word for step in ACCEPTED for word in ("--accept", step)]
        done = command(interpreter, *map(str, options), *accepted, "--report", str(directory))
        self.code, self.printed = done.returncode, done.stdout.decode()
        self.told: dict[str, Any] = json.loads((directory / "checklist.json").read_text("utf-8"))
        self.markdown = (directory / "checklist.md").read_text("utf-8")
        self.steps = {step["id"]: step for step in self.told["steps"]}

    def ids(self, verdict: str) -> set[str]:
        return {id for id, step in self.steps.items() if step["verdict"] == verdict}


# --- the table of sentences -------------------------------------------------------------------------------------------


def test_each_step_has_a_title_and_each_need_a_reason() -> None:
    assert {f"step.{step.id}" for step in STEPS} == {name for name in texts(Language.EN) if name.startswith("step.")}
    assert {need.value for need in Requirement} == {name for name in texts(Language.EN) if name.startswith("need.")}
    assert [step.phase for step in STEPS] == sorted((step.phase for step in STEPS), key=list(ChecklistPhase).index)


def test_both_languages_have_the_same_texts_with_the_same_fields() -> None:
    english, spanish = texts(Language.EN), texts(Language.ES)
    assert list(english) == list(spanish)
    for name, text in english.items():
        assert fields(text) == fields(spanish[name]), name


def fields(text: str) -> list[str]:
    return sorted(field for _, field, _, _ in string.Formatter().parse(text) if field)


def test_each_sentence_that_is_used_is_there() -> None:
    package = Path(sys.modules["gateway.checklist"].__file__ or "").parent
    used = {name for file in package.glob("*.py") for name in re.findall(r'"(seen\.\w+)"', file.read_text("utf-8"))}
    assert used == {name for name in texts(Language.EN) if name.startswith("seen.")}


# --- what its keepers tell --------------------------------------------------------------------------------------------


def test_what_pm2_tells_is_read() -> None:
    told = json.dumps(
        [{"name": "other"}, {"name": "session-manager", "pm2_env": {"exit_code": 0, "kill_timeout": 25000}}]
    )
    assert facts_of_pm2(f">>>> In-memory PM2 is out-of-date\n{told}") == (0, 25.0)
    assert facts_of_pm2("[]") == (None, None)


def test_what_systemd_tells_is_read() -> None:
    assert facts_of_systemd("ExecMainStatus=0\nTimeoutStopUSec=25s\n") == (0, 25.0)
    assert facts_of_systemd("ExecMainStatus=3\nTimeoutStopUSec=1min 30s\n") == (3, 90.0)
    assert facts_of_systemd("") == (None, None)


def test_a_service_whose_directory_is_not_to_be_seen_from_here_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in a container, say."""
    (there := tmp_path / "there").mkdir()
    with Site(ChecklistOptions("http://127.0.0.1:1")) as site:
        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=there)
        there.rmdir()
        monkeypatch.setattr(site, "process", lambda: psutil.Process(process.pid))
        try:
            site.look_around()
        finally:
            process.communicate(b"\n")
    assert (site.settings, site.problem) == (None, "")
    assert "No such file or directory" in site.unseen
    seen = configuration(site)
    assert (seen.verdict, seen.text) == ("skipped", "seen.settings_unseen")


# --- against a service without clients --------------------------------------------------------------------------


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Where the service answers that needs a key, and has no clients."""
    with program(tmp_path / "data", SERVE, api_key=KEY) as service:
        address = service.until("service.listening")["url"]
        service.until("service.started")
        yield str(address)
        service.process.terminate()
        assert service.ended() == 0


def test_by_default_it_looks_and_changes_nothing(url: str, tmp_path: Path, interpreter: Interpreter) -> None:
    played = Played(interpreter, tmp_path / "report", "--url", url, "--key", KEY)
    assert (played.ids("failed"), played.code) == (set(), 0), played.printed
    assert {"restart", "double-init", "chromium-killed", "graceful-stop", "cleanup"} <= played.ids("skipped")
    assert played.told["rollback"] is None
    assert played.told["counts"]["passed"] == len(played.ids("passed"))


def test_a_stranger_on_the_port_is_told_and_its_settings_are_not_taken_for_ours(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    with program(tmp_path / "data") as service:
        address = service.until("service.listening")["url"]
        service.until("service.started")
        played = Played(interpreter, tmp_path / "report", "--url", address)
        service.process.terminate()
        assert service.ended() == 0
    assert (played.ids("failed"), played.code) == ({"port"}, 1)
    assert {"settings", "exposure", "data-dir", "orphans"} <= played.ids("skipped")
    assert played.told["rollback"] in played.printed


def test_without_a_key_what_needs_one_is_skipped(url: str, tmp_path: Path, interpreter: Interpreter) -> None:
    played = Played(interpreter, tmp_path / "report", "--url", url)
    assert played.steps["clients"]["verdict"] == "skipped"
    assert played.steps["clients"]["result"] == "needs a valid key (--key)"
    assert played.steps["exposure"]["verdict"] == "passed"
    assert KEY not in played.markdown + played.printed + json.dumps(played.told)


def test_a_service_that_is_down_fails_with_a_rollback_hint_in_spanish(tmp_path: Path, interpreter: Interpreter) -> None:
    played = Played(interpreter, tmp_path / "report", "--url", "http://127.0.0.1:1", "--lang", "es")
    assert played.code == 1
    assert {"health-before", "health-after", "health"} == played.ids("failed")
    assert "1. Condiciones previas" in played.printed
    assert "Algo falló. Para volver a la versión anterior: git checkout" in played.printed
    assert "| ✗ fallido |" in played.markdown
    assert {played.steps[id]["result"] for id in ("clients", "health", "health-after")} == {"el servicio no responde"}
    assert (played.steps["restart"]["command"], played.steps["graceful-stop"]["command"]) == ("RESTART", "STOP; START")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--destructive"], "needs a test client"),
        (["--accept", "nonsense"], "there is no step nonsense"),
        (["--restart", "cron"], "cron"),
        (["--client", "0"], "--client"),
    ],
)
def test_wrong_options_are_exit_code_2(interpreter: Interpreter, options: list[str], sentence: str) -> None:
    done = command(interpreter, *options)
    assert done.returncode == 2
    assert sentence in done.stderr.decode()


# --- in real Chromium -------------------------------------------------------------------------------------------------


@pytest.mark.e2e
def test_a_test_client_lives_its_whole_life_and_no_other_is_touched(tmp_path: Path, interpreter: Interpreter) -> None:
    settings = {"cleanup_delay": 2, "init_rate": "50/minute"}
    with Sandbox() as sandbox, Service(tmp_path / "data", sandbox.url, **settings) as service:
        with closing(Consumer(service, sandbox, 5)) as consumer:
            since = consumer.pair()["since"]
            options = ["--destructive", "--client", 31, "--sandbox", sandbox.url, "--lang", "es"]
            played = Played(interpreter, tmp_path / "report", "--url", service.url, *options)
            assert consumer.status()["since"] == since
        assert (played.ids("failed"), played.code) == (set(), 0), played.printed
        assert {"double-init", "pairing", "send", "chromium-killed", "cleanup", "clients"} <= played.ids("passed")
        assert {"restart", "graceful-stop", "put-back", "resumed", "stop-time"} <= played.ids("skipped")
        assert "aprobados, 0 fallidos" in played.printed
        assert played.steps["chromium-killed"]["result"].startswith("cliente 31: se mató Chromium")
    assert naming(tmp_path / "data") == set()


@pytest.mark.e2e
def test_an_orphan_and_open_logins_are_told(tmp_path: Path, interpreter: Interpreter) -> None:
    """A failing one: the data directory is open to others, and a stranger's Chromium works on a profile in it."""
    with Sandbox() as sandbox, Service(tmp_path / "data", sandbox.url) as service:
        profile = tmp_path / "data" / "profiles" / "77" / "chromium"
        stranger = subprocess.Popen(
            [sys.executable, "-c", "input()", f"--user-data-dir={profile}"], stdin=subprocess.PIPE
        )
        (tmp_path / "data").chmod(0o755)
        try:
            played = Played(interpreter, tmp_path / "report", "--url", service.url)
        finally:
            stranger.communicate(b"\n")
        assert played.code == 1
        assert {"orphans", "data-dir"} <= played.ids("failed")
        assert played.steps["orphans"]["result"] == "1 of 1 Chromiums are orphans"
        assert "roll back" in played.printed
