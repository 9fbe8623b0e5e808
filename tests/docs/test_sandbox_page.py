"""docs/sandbox.md names every call and every setting of the sandbox."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from starlette.routing import Route

from sandbox.app import build
from sandbox.settings import SandboxSettings

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")


def test_every_call_of_the_control_api_is_described() -> None:
    paths = {route.path for route in build().routes if isinstance(route, Route) and route.path.startswith("/api/")}
    assert paths
    assert [path for path in sorted(paths) if not _named(path)] == []


def test_every_setting_is_described() -> None:
    assert [field.name for field in fields(SandboxSettings) if f"`{field.name}`" not in PAGE] == []


def _named(path: str) -> bool:
    """By its path, or, one of several of its kind, by its last word."""
    last = path.rpartition("/")[2]
    return path.replace("{group}", "{id}@g.us") in PAGE or f"`{last}`" in PAGE or f"`/{last}`" in PAGE
