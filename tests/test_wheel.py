"""What the wheel carries: everything the service needs at run time that is not Python, and none of the tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("actors", "gateway", "sandbox", "session_manager")
FROM_NPM = (
    "actors/browser/node_modules/@wppconnect/wa-js/dist/wppconnect-wa.js",
    "actors/browser/node_modules/@wppconnect/wa-js/package.json",
    "actors/browser/node_modules/@wppconnect/wa-js/LICENSE",
    "gateway/docs/node_modules/swagger-ui-dist/swagger-ui-bundle.js",
    "gateway/docs/node_modules/swagger-ui-dist/swagger-ui.css",
    "gateway/docs/node_modules/swagger-ui-dist/LICENSE",
)
SECONDS = 100.0


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The names in a wheel that is built here."""
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(place), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


def test_it_carries_every_file_of_the_packages(carried: frozenset[str]) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not {"__pycache__", "node_modules"} & set(path.parts)
    }
    assert any(name.endswith(".py") for name in files)
    assert files - carried == set()


def test_it_carries_what_comes_from_npm_with_its_licences(carried: frozenset[str]) -> None:
    assert set(FROM_NPM) - carried == set()


def test_it_carries_nothing_else(carried: frozenset[str]) -> None:
    assert {PurePosixPath(name).parts[0] for name in carried if ".dist-info/" not in name} == set(PACKAGES)
    assert [name for name in carried if "node_modules" in name and name.endswith(".map")] == []


def test_a_clone_without_the_files_from_npm_builds_none_and_says_what_to_do(tmp_path: Path) -> None:
    """It used to build one that could neither start a client nor show its documents."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns("node_modules", ".venv", ".git", "tests", "data"))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(clone)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode != 0
    assert "run `make setup` first" in done.stdout + done.stderr
    assert list(tmp_path.glob("*.whl")) == []
