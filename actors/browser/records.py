"""Which Chromium is on a profile, on disk: so that it can be proved ours after a crash (`reaping`).

`process.json` in the profile's directory: {"boot", "leader": [pid, after], "children": [[pid, after], …]}, where a
process is told from any later one as `processes` says.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from actors.browser.processes import Started, boot, members

_FILE = "process.json"


class Recorded(NamedTuple):
    """One Chromium as `record` found it."""

    leader: Started
    children: list[Started]


def record(directory: Path, pid: int) -> None:
    """Remember this Chromium, with the children it has now. Blocks. Raises psutil.NoSuchProcess, OSError."""
    leader = Started.of(psutil.Process(pid))
    entry = {"boot": boot(), "leader": leader, "children": list(_children(pid))}
    written = directory / f"{_FILE}.new"
    written.write_text(json.dumps(entry), "utf-8")
    written.rename(directory / _FILE)


def recorded(directory: Path) -> Recorded | None:
    """The Chromium that was last on the profile, if it was not seen to end; of this boot only."""
    try:
        entry = json.loads((directory / _FILE).read_text("utf-8"))
        found = Recorded(_started(entry["leader"]), [_started(child) for child in entry["children"]])
        return found if entry["boot"] == boot() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(directory: Path) -> None:
    """It is gone."""
    (directory / _FILE).unlink(missing_ok=True)


def _children(leader: int) -> Iterator[Started]:
    for process in members(leader):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.pid != leader:
                yield Started.of(process)


def _started(pair: Sequence[float]) -> Started:
    pid, after = pair
    return Started(int(pid), float(after))
