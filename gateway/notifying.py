"""What systemd is told of the service: it is ready, it stops, it is alive.

Source: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html. A datagram to the socket that
$NOTIFY_SOCKET names; where there is no such variable, nobody wants to know. Never raises: a service that cannot tell
that it is well is well all the same.
"""

from __future__ import annotations

import asyncio
import os
import socket

import structlog

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"

_log = structlog.get_logger("service")


def notify(state: str) -> None:
    """Tell it once. Any thread; never waits."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name:
        return
    where = "\0" + name[1:] if name.startswith("@") else name
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as ours:
        try:
            ours.sendto(state.encode(), where)
        except OSError as error:
            _log.warning("service.not_notified", state=state, cause=repr(error))


async def keep_alive() -> None:
    """Tell that the loop turns, twice in each watchdog interval; for ever, or not at all without WatchdogSec."""
    while (seconds := watchdog_seconds()) is not None:
        notify(ALIVE)
        await asyncio.sleep(seconds / 2)


def watchdog_seconds() -> float | None:
    """The interval (seconds) of the unit's WatchdogSec, if it is meant for this process."""
    interval, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not interval.isdecimal() or int(interval) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(interval) / 1_000_000
