"""The real PM2, in directories of its own: nothing global is installed, nobody's daemon is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

VERSION = "7.0.4"
ROOT = Path(__file__).parents[2]
ECOSYSTEM = "config/deploy/ecosystem.config.cjs"
SPACED = "a checkout"
"""Operators have directories such as this one."""
INSTALL_SECONDS, COMMAND_SECONDS = 100.0, 45.0


def installed(prefix: Path) -> Path:
    """PM2's program. Skips the test where npm cannot install it."""
    command = [
        "npm",
        "install",
        "--prefix",
        str(prefix),
        f"pm2@{VERSION}",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm cannot install pm2@{VERSION}: {error}")
    if done.returncode != 0:
        pytest.skip(f"npm cannot install pm2@{VERSION}: {done.stderr.strip()[-300:]}")
    return prefix / "node_modules" / ".bin" / "pm2"


def laid(place: Path) -> Path:
    """An ecosystem file in a checkout whose path has a space, and that has our `.venv`."""
    file = place / SPACED / ECOSYSTEM
    file.parent.mkdir(parents=True)
    shutil.copy(ROOT / ECOSYSTEM, file)
    (place / SPACED / ".venv").symlink_to(ROOT / ".venv")
    return file


class Pm2:
    """One PM2 daemon. `variables` are the SM_ variables of the shell in which an operator would type."""

    def __init__(self, program: Path, home: Path, variables: Mapping[str, object]) -> None:
        self._program, self._home, self.variables = program, home, dict(variables)

    def environment(self) -> dict[str, str]:
        """Of the operator's shell."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
        given = {name: str(value) for name, value in self.variables.items()}
        path = f"{self._program.parent}{os.pathsep}{ours.get('PATH', '')}"
        return {**ours, **given, "PATH": path, "PM2_HOME": str(self._home), "NO_COLOR": "1"}

    def run(self, *arguments: str) -> str:
        """What the command prints. Raises AssertionError where it fails."""
        done = subprocess.run(
            [self._program, *arguments],
            cwd=ROOT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, f"pm2 {' '.join(arguments)}: {done.stdout} {done.stderr}"
        return done.stdout

    def instances(self) -> list[dict[str, Any]]:
        """What PM2 knows of each process it keeps: `pid`, `pm2_env` with status, exit_code, restart_time."""
        printed = self.run("jlist")
        found: list[dict[str, Any]] = json.loads(printed[printed.index("[") :])
        return found

    def instance(self) -> dict[str, Any]:
        """The same, of the only one. Raises AssertionError unless there is exactly one."""
        (only,) = self.instances()
        assert only["name"] == "session-manager"
        return only

    def status(self) -> str:
        return str(self.instance()["pm2_env"]["status"])

    def said(self) -> str:
        """PM2's own log: starts, exits with their codes and signals."""
        return (self._home / "pm2.log").read_text("utf-8")
