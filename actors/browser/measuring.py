"""How much memory the processes of one page take."""

from __future__ import annotations

import contextlib

import psutil


def pss(pid: int) -> int | None:
    """PSS in bytes of a process and all below it; None where it cannot be read. Blocks for some milliseconds."""
    try:
        root = psutil.Process(pid)
        total: int = root.memory_full_info().pss
        for child in root.children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                total += child.memory_full_info().pss
    except (psutil.Error, OSError, AttributeError):
        return None
    return total
