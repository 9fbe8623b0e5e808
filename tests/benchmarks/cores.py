"""Which core the server under test has to itself, and which the rest."""

from __future__ import annotations

import os

_CORES = sorted(os.sched_getaffinity(0))
SERVER = _CORES[0]
LOAD = _CORES[-1]
ENOUGH = len(_CORES) > 1
"""With one core only, the load generator takes from the server what it measures."""


def pin(core: int) -> None:
    """Keep the calling thread, and every thread it will start, on one core."""
    os.sched_setaffinity(0, {core})
