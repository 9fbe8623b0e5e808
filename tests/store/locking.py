"""A SQLite database that another process holds locked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 20.0


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Hold it, inside."""
    command = [sys.executable, str(Path(__file__).with_name("holding.py")), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            other.stdin.close()
            other.wait(PATIENCE)
