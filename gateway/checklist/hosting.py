"""The process manager of the service, and its commands. Data, and one function that runs a command.

Sources: https://pm2.keymetrics.io/docs/usage/process-management/, systemctl(1).
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

NAME = "session-manager"
SECONDS = 90.0
UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}


class Keeper(StrEnum):
    """The values of --restart."""

    NONE = "none"
    PM2 = "pm2"
    SYSTEMD = "systemd"


@dataclass(frozen=True, slots=True)
class Hosting:
    """The commands of one process manager; `facts` extracts exit code and stop time (seconds) from the output of
    `show`.
    """

    restart: tuple[str, ...]
    stop: tuple[str, ...]
    start: tuple[str, ...]
    show: tuple[str, ...]
    facts: Callable[[str], tuple[int | None, float | None]]
    rollback: str


def facts_of_pm2(printed: str) -> tuple[int | None, float | None]:
    """Parse `pm2 jlist`, which may print other lines before its JSON."""
    for process in json.loads(printed[printed.find("[{") :] if "[{" in printed else "[]"):
        if process["name"] == NAME:
            env = process["pm2_env"]
            return env.get("exit_code"), env.get("kill_timeout", 1600) / 1000
    return None, None


def facts_of_systemd(printed: str) -> tuple[int | None, float | None]:
    """Parse `systemctl show`, which writes times as `1min 30s`."""
    facts = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    code, stop = facts.get("ExecMainStatus", ""), facts.get("TimeoutStopUSec", "")
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|min|h)\b", stop)
    seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    return int(code) if code.isdecimal() else None, seconds if parts else None


HOSTINGS = {
    Keeper.PM2: Hosting(
        restart=("pm2", "restart", NAME, "--update-env"),
        stop=("pm2", "stop", NAME),
        start=("pm2", "start", NAME),
        show=("pm2", "jlist"),
        facts=facts_of_pm2,
        rollback=f"git checkout PREVIOUS && make setup && pm2 restart {NAME} --update-env",
    ),
    Keeper.SYSTEMD: Hosting(
        restart=("systemctl", "restart", NAME),
        stop=("systemctl", "stop", NAME),
        start=("systemctl", "start", NAME),
        show=("systemctl", "show", "--property=ExecMainStatus,TimeoutStopUSec", NAME),
        facts=facts_of_systemd,
        rollback=f"git checkout PREVIOUS && make setup && systemctl restart {NAME}",
    ),
}
ROLLBACK = "git checkout PREVIOUS && make setup"
"""Used if no process manager is known: the operator starts the service again afterwards."""


def ordered(command: tuple[str, ...]) -> str:
    """Run a command and return its output. Raises OSError: it is missing, or failed."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{' '.join(command)}: not within {SECONDS:g} s") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise OSError(f"{' '.join(command)}: exit code {done.returncode}: {said[-1] if said else ''}")
    return done.stdout
