"""The programs, as their registries have them, in a directory that is kept between runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NODE_PACKAGES = ("whatsapp-web.js@1.34.7", "@wppconnect-team/wppconnect@2.3.3")
BAILEYS = "@whiskeysockets/baileys@7.0.0-rc14"
PYTHON_PACKAGE = "WPP-Whatsapp==2.4.0"
WAHA_SDKS = {"waha-py": "waha-py==2026.9.2", "waha-python": "waha-python==1.0.0", "waha": "waha==1.0.5"}
NO_BROWSER = {"PUPPETEER_SKIP_DOWNLOAD": "1", "PUPPETEER_SKIP_CHROMIUM_DOWNLOAD": "1"}
SECONDS = 600


class OutOfReachError(Exception):
    """A program cannot be had here; the text says why."""


def directory() -> Path:
    """Where the programs are: SM_PEERS, or a directory of this user's among the temporary ones."""
    named = os.environ.get("SM_PEERS")
    return Path(named) if named else Path(tempfile.gettempdir()) / f"session-manager-peers-{os.getuid()}"


def node_modules() -> Path:
    """The programs of npm. Raises OutOfReachError."""
    return _npm(directory() / "node", *NODE_PACKAGES) / "node_modules"


def baileys() -> Path:
    """The package of Baileys, which needs no browser. Raises OutOfReachError."""
    # What it can do with pictures and sound is of no use here, and one of those packages comes from no registry.
    home = _npm(directory() / "baileys", "--legacy-peer-deps", BAILEYS)
    return home / "node_modules/@whiskeysockets/baileys"


def waha_sdk(name: str) -> Path:
    """An interpreter that has that SDK of WAHA. Raises OutOfReachError."""
    return _venv(directory() / name, WAHA_SDKS[name])


def python() -> Path:
    """An interpreter that has the program of PyPI. Raises OutOfReachError."""
    return _venv(directory() / "python", PYTHON_PACKAGE)


def _venv(home: Path, package: str) -> Path:
    interpreter = home / "venv/bin/python"
    making = [sys.executable, "-m", "venv", str(home / "venv")]
    installing = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
    _install(home, package, [making, installing])
    return interpreter


def _npm(home: Path, *what: str) -> Path:
    if not (npm := shutil.which("npm")):
        raise OutOfReachError("there is no npm")
    # Install scripts fetch browsers; Debian's is used.
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(home), *what]
    _install(home, " ".join(what), [command])
    return home


def _install(home: Path, what: str, commands: list[list[str]]) -> None:
    stamp = home / "installed"
    if stamp.exists() and stamp.read_text() == what:
        return
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for command in commands:
        try:
            done = subprocess.run(
                command, env=os.environ | NO_BROWSER, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise OutOfReachError(f"{what} was not installed in {SECONDS} s") from None
        if done.returncode:
            why = next((line for line in done.stderr.splitlines() if "error" in line.lower()), "no reason given")
            raise OutOfReachError(f"{what} cannot be installed: {why}")
    stamp.write_text(what)
