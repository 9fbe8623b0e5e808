"""A disk that can be filled: a small file system, mounted for as long as it is needed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 128
"""What it holds. The data directory of six clients was seen to take less than 20."""


@contextmanager
def small_disk(directory: Path) -> Iterator[bool]:
    """Whether this directory is a file system of its own now: only root may mount one."""
    directory.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MIB}m,mode=0700", "none", str(directory)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, timeout=10).returncode != 0:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", str(directory)], check=True, timeout=10)


def fill(directory: Path) -> Path:
    """Write until this file system takes no more. Answers the file that is in the way."""
    ballast = directory / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:  # that it is full is what was wanted
                pass
    return ballast
