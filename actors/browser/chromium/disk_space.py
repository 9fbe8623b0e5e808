"""The free disk space that Chromium needs.

A Chromium whose writes fail drops its stored data: seen with version 156, 25 writes of 3 KiB to localStorage on a full
disk made it discard the whole of localStorage, and with it a login that had been on the disk for long. So no Chromium
is started without space, and a running one is closed while some is left.
"""

from __future__ import annotations

import asyncio
import errno
import os
from concurrent.futures import Executor
from pathlib import Path

from actors.clients.types import Seconds

LEAST = 16
"""The MiB that must be free."""
LEAST_FILES = 100
"""The files that must be free, on a file system that counts them."""
EVERY: Seconds = 1.0
"""The interval of checks while a page is open. The page and Chromium write little in that time."""


def lacking(directory: Path) -> str | None:
    """Return a sentence with the remedy if there is no room; None also if nothing can be known."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return None
    free = found.f_bavail * found.f_frsize / 2**20
    if found.f_blocks and free < LEAST:
        return f"The disk of {directory} is full ({free:.1f} MiB left, {LEAST} are needed): free some space"
    if found.f_files and found.f_favail < LEAST_FILES:
        return f"The disk of {directory} takes no more files ({found.f_favail} left): delete some"
    return None


async def until_lacking(directory: Path, files: Executor) -> str:
    """Wait until there is no room, and return the sentence. On the loop only; `files` runs the check."""
    loop = asyncio.get_running_loop()
    while (told := await loop.run_in_executor(files, lacking, directory)) is None:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(EVERY)
    return told


def ran_out(error: BaseException) -> bool:
    """Return True if the error comes from a full disk, or from a quota."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
