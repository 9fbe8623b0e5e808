"""Which Chromium runs: found on this host, and asked for its version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from actors.browser.options import BrowserUnavailable

NAMES = ("chromium-headless-shell", "chromium")
"""What is looked for, the leanest first."""
_LIBRARY = Path("/usr/lib/chromium")
"""Debian's wrappers in /usr/bin call the binary in here. One of them does not exec: its pid would not be Chromium's."""


@dataclass(frozen=True, slots=True)
class Build:
    """One Chromium on this host. `version` is like `156.0.8078.79`."""

    path: Path
    version: str

    @property
    def headless_shell(self) -> bool:
        """Whether it is the lean build that has no window at all."""
        return "headless" in self.path.name


def find(wanted: Path | None) -> Build:
    """The Chromium to run. Blocks for a moment: it is asked for its version. Raises BrowserUnavailable."""
    path = _named(wanted) if wanted is not None else _first()
    return Build(path, _version(path))


def _named(wanted: Path) -> Path:
    found = shutil.which(wanted)
    if found is None:
        raise BrowserUnavailable(f"There is no program {wanted}: set SM_CHROMIUM to the path of a Chromium.")
    return _behind_wrapper(Path(found))


def _first() -> Path:
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return _behind_wrapper(Path(found))
    raise BrowserUnavailable(
        "No Chromium was found: install chromium-headless-shell or chromium (on Debian: apt-get install "
        "chromium-headless-shell), or set SM_CHROMIUM to the path of one."
    )


def _behind_wrapper(path: Path) -> Path:
    """The binary that Debian's script of the same name calls; of other scripts it is asked that they exec."""
    binary = _LIBRARY / path.name
    # The size first: a binary has hundreds of megabytes.
    is_debians = (
        path.stat().st_size < 2**16 and path.resolve().parent == Path("/usr/bin") and path.read_bytes()[:2] == b"#!"
    )
    return binary if is_debians and os.access(binary, os.X_OK) else path


def _version(path: Path) -> str:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20.0, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrowserUnavailable(
            f"{path} does not run ({error}): set SM_CHROMIUM to the path of a Chromium."
        ) from error
    match = re.search(r"\d+(\.\d+){3}", said)
    if match is None:
        raise BrowserUnavailable(f"{path} does not say its version: set SM_CHROMIUM to the path of a Chromium.")
    return match.group()
