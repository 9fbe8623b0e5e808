"""The locks: what runs, what is for development, and what pyppeteer would hold back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", re.MULTILINE)
HELD_BACK = ("websockets", "urllib3", "pyee")
WITHOUT_A_DRIVER = """
import sys
sys.modules["psycopg"] = None
from actors.store.database import Database
from actors.store.errors import BadAddress
Database("sqlite:///nothing.db").reading()
try:
    Database("postgresql://nobody@127.0.0.1/none").reading()
except BadAddress as error:
    print(error)
"""

NO_WEBSOCKET = """
import sys
from actors.browser import cdp
print(sorted(name for name in sys.modules if name.startswith("websockets.")))
"""


def pinned(lock: str) -> set[tuple[str, str]]:
    """Every name and version of a lock."""
    return set(PINNED.findall((ROOT / "config" / lock).read_text()))


def test_what_runs_is_developed_with() -> None:
    assert pinned("runtime.lock") < pinned("development.lock")


@pytest.mark.parametrize("name", ["pytest", "mypy", "ruff", "hypothesis", "uv", "wsproto"])
def test_tools_are_no_part_of_what_runs(name: str) -> None:
    assert name not in {name for name, _ in pinned("runtime.lock")}


@pytest.mark.parametrize("name", HELD_BACK)
def test_what_pyppeteer_holds_back_is_newer_than_it_allows(name: str) -> None:
    """Once pyppeteer allows them, config/overrides.txt has no reason left."""
    wanted = {Requirement(line).name: Requirement(line) for line in requires("pyppeteer") or ()}
    assert Version(version(name)) not in wanted[name].specifier


def test_without_the_postgresql_extra_sqlite_works_and_postgresql_says_what_to_install() -> None:
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_DRIVER], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip().endswith("pip install 'session-manager[postgresql]'")


def test_the_connection_to_chromium_brings_no_websocket_and_no_warning() -> None:
    """pyppeteer 2.0.0 imports `websockets.legacy`, which is deprecated; our connection is a pipe."""
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", NO_WEBSOCKET], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert told.stderr == ""
    assert not [name for name in json.loads(told.stdout.replace("'", '"')) if "client" in name or "legacy" in name]
