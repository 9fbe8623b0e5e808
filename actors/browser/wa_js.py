"""wa-js, as npm installed it beside this file. Its code is read from there, never copied into the repository."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from actors.browser.options import BrowserUnavailable

PACKAGE = Path(__file__).parent / "node_modules" / "@wppconnect" / "wa-js"


@dataclass(frozen=True, slots=True)
class WaJs:
    """The bundle's text and its version."""

    text: str
    version: str


def load(package: Path = PACKAGE) -> WaJs:
    """Read it: an npm package, or a bundle alone, which says its version only in a page. Raises BrowserUnavailable."""
    try:
        if package.is_file():
            return WaJs(package.read_text("utf-8"), package.name)
        version = json.loads((package / "package.json").read_text("utf-8"))["version"]
        return WaJs((package / "dist" / "wppconnect-wa.js").read_text("utf-8"), str(version))
    except (OSError, ValueError, KeyError) as error:
        raise BrowserUnavailable(
            f"wa-js is missing or broken in {package}: run `make setup`, which installs it."
        ) from error
