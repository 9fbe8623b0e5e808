"""How many clients the host leaves room for, and what is said where that is too few."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from actors import capacity
from actors.capacity import Limit, host_limits, limits, tightest
from actors.clients.policy import Rules
from actors.options import within
from tests.gateway.running import Running

FEW = Limit(2, "The number of clients that the host leaves room for")


@pytest.mark.parametrize(
    ("files", "connections", "tasks", "clients"),
    [
        (None, 500, None, []),
        (65_536, 500, None, [10_828]),
        (1024, 500, 4915, [76, 101]),
        (64, 500, 1, [1, 1]),  # one is always tried
    ],
)
def test_room_is_what_the_service_and_its_callers_leave(
    files: int | None, connections: int, tasks: int | None, clients: list[int]
) -> None:
    assert [limit.clients for limit in limits(files, connections, tasks)] == clients


def test_the_tightest_limit_counts() -> None:
    assert tightest(0, ()) is None
    assert tightest(7, ()) == Limit(7, "SM_MAX_CLIENTS")
    assert tightest(7, (FEW,)) is FEW
    assert tightest(1, (FEW,)) == Limit(1, "SM_MAX_CLIENTS")
    assert tightest(0, (Limit(9, "other"), FEW)) is FEW


@pytest.mark.parametrize(("chosen", "wanted", "level"), [(0, 2, "info"), (0, 3, "warning"), (3, 0, "warning")])
def test_a_start_says_how_many_clients_there_is_room_for(chosen: int, wanted: int, level: str) -> None:
    with capture_logs() as lines:
        made = within(replace(Rules(), max_clients=chosen), (FEW,), wanted)
    assert (made.max_clients, made.limited_by) == (FEW.clients, FEW.name)
    assert [(line["event"], line["log_level"]) for line in lines] == [("system.room", level)]


def test_the_least_of_the_groups_around_us_is_the_tasks_limit(tmp_path: Path) -> None:
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text("0::/system.slice/session-manager.service\n")
    service = tmp_path / "groups" / "system.slice" / "session-manager.service"
    service.mkdir(parents=True)
    (service / "pids.max").write_text("max\n")
    (service.parent / "pids.max").write_text("4915\n")
    assert capacity._tasks_allowed(tmp_path / "proc", tmp_path / "groups") == 4915
    assert capacity._tasks_allowed(tmp_path / "none", tmp_path / "groups") is None


def test_more_clients_than_the_host_has_room_for_are_refused_by_the_limits_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.system.host_limits", lambda _: (FEW,))
    with Running(tmp_path / "data") as service:
        started = [service.post("/init", client).status_code for client in (1, 2)]
        refused = service.post("/init", 3)
    assert started == [200, 200]
    assert refused.status_code == 503
    assert refused.json()["code"] == "CAPACITY_EXCEEDED"
    assert FEW.name in refused.json()["message"]


def test_the_service_takes_all_the_open_files_it_may_have() -> None:
    script = (
        "import resource as r; from actors.capacity import raise_open_files; "
        "r.setrlimit(r.RLIMIT_NOFILE, (128, 512)); raise_open_files(); print(r.getrlimit(r.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "(512, 512)\n"


def test_this_host_has_room_for_a_client() -> None:
    assert all(limit.clients >= 1 for limit in host_limits(500))
