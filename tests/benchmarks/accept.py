"""Messages accepted onto disk, against bare SQLite commits."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import store
from tests.benchmarks.figures import Figure, Say


def run(say: Say) -> Sequence[Figure]:
    """Messages a second, by how many callers there are."""
    say("SQLite with synchronous=FULL")
    with tempfile.TemporaryDirectory() as directory:
        found = store.measure(Path(directory))
    floor = found.pop("bare SQLite commits")
    return [Figure(f"messages {name}", value, "/s", floor, more_is_better=True) for name, value in found.items()]
