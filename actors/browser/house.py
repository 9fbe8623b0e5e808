"""What all pages of one browser share."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

from actors.browser.builds import Build
from actors.browser.loop import BrowserLoop
from actors.browser.options import BrowserOptions
from actors.browser.profiles import Profiles


@dataclass(frozen=True, slots=True)
class House:
    """Plain references; `files` are threads for what blocks: locks, deletions, measurements."""

    options: BrowserOptions
    build: Build
    script: str
    profiles: Profiles
    loop: BrowserLoop
    files: Executor
