"""What every thread and every task of the gateway's loop is at, in the log: for a service that seems to be stuck."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from contextlib import suppress

import structlog

_FRAMES = 40
"""Innermost calls told of each."""

_log = structlog.get_logger("stacks")


def write_stacks(loop: asyncio.AbstractEventLoop | None) -> None:
    """One line for each thread, now, and one for each task as soon as the loop turns. Any thread, a signal's too."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        stack = "".join(traceback.format_stack(frame, limit=-_FRAMES))
        _log.warning("stack.thread", thread=names.get(ident, "?"), stack=stack)
    if loop is not None:
        with suppress(RuntimeError):  # closed: the service has ended
            loop.call_soon_threadsafe(_write_tasks, loop)


def _write_tasks(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        frames = task.get_stack(limit=_FRAMES)
        stack = "".join(line for frame in frames for line in traceback.format_stack(frame, limit=1))
        _log.warning("stack.task", task=task.get_name(), stack=stack)
