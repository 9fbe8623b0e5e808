"""The faults as a table: what is done to a client, and what must become of it.

Rule of this file: a fault that cannot be produced from outside is not in the table; `docs/supervision.md` lists those.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos import shortage
from tests.chaos.arena import PROBE_INTERVAL, PROBE_TIMEOUT, Actor, Arena

HANG = PROBE_INTERVAL * 2 + PROBE_TIMEOUT
AT_ONCE = 1.0
STARVED = "renderer killed by the kernel for want of memory"
KILLED, HUNG = "Chromium killed (SIGKILL)", ("page hung (busy loop)", "Chromium stopped (SIGSTOP)")

_PIDFD_GETFD = 438
"""The number of the system call, on every architecture (since Linux 5.6); Python has no name for it."""
PIPE = 3
"""Chromium's descriptor of its debugging pipe."""

Act = Callable[[Arena, Actor], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`noticed`: seconds within which /status must tell. `ends`: the states it may end in. `mend`: done before waiting
    for the end. `renews`: the browser's processes must be others afterwards."""

    name: str
    act: Act
    noticed: float | None
    ends: tuple[str, ...] = ("READY",)
    reasons: tuple[str, ...] = ()
    """The reasons that may be given when it is noticed; empty: any."""
    ended_by: tuple[str, ...] = ()
    """The reasons that may be given at its end; empty: any."""
    mend: Act | None = None
    renews: bool = False
    only: str | None = None
    """The generation of page it exists on; None for both."""
    possible: Callable[[], bool] = lambda: True
    """Whether it can be produced on this machine."""


def phone(action: str, **body: object) -> Act:
    """Something that happens to the account, by the sandbox's control API."""

    def act(_: Arena, actor: Actor) -> None:
        actor.consumer.phone(action, **body)

    return act


def browser(number: signal.Signals) -> Act:
    """A signal to the main process of the client's Chromium."""

    def act(arena: Arena, actor: Actor) -> None:
        arena.browser(actor).send_signal(number)

    return act


def stop_all(arena: Arena, actor: Actor) -> None:
    """SIGSTOP to every process of the client's Chromium."""
    main = arena.browser(actor)
    for process in [main, *main.children(recursive=True)]:
        process.suspend()


def kill_renderer(arena: Arena, actor: Actor) -> None:
    arena.renderer(actor).kill()


def deafen(arena: Arena, actor: Actor) -> None:
    """Shut Chromium's end of its debugging pipe; Chromium, which could live on, exits."""
    pid = os.pidfd_open(arena.browser(actor).pid)
    try:
        descriptor = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, pid, PIPE, 0)
        assert descriptor >= 0, os.strerror(ctypes.get_errno())
        with socket.socket(fileno=descriptor) as pipe:
            pipe.shutdown(socket.SHUT_RDWR)
    finally:
        os.close(pid)


def starve(arena: Arena, actor: Actor) -> None:
    """Have the page take more memory than the kernel lets it have."""
    _shortage(actor).begin(arena.renderer(actor).pid)
    actor.consumer.phone("page", do="hog", mib=900)


def killed_by_the_kernel(_: Arena, actor: Actor) -> None:
    assert _shortage(actor).end() == 1, "it was not the kernel that killed"


def _shortage(actor: Actor) -> shortage.Shortage:
    return shortage.Shortage(str(actor.consumer.client_id))


def log_out(_: Arena, actor: Actor) -> None:
    actor.consumer.http.post("/logout").raise_for_status()


LOGOUT, BANNED = (
    ("DISCONNECTED_LOGOUT", "NOT_INITIALIZED"),
    ("DISCONNECTED_BANNED", "DISCONNECTED_LOGOUT", "NOT_INITIALIZED"),
)
ERROR = ("ERROR", "NOT_INITIALIZED")


def blocked(name: str, state: str, reason: str) -> Fault:
    """Return a block of the page that only a person can lift."""
    return Fault(name, phone("block", state=state), 5.0, ERROR, (reason,), mend=phone("block", state=""))


FAULTS: tuple[Fault, ...] = (
    # Death and hanging.
    Fault(KILLED, browser(signal.SIGKILL), AT_ONCE, reasons=("BROWSER_CRASHED",), renews=True),
    Fault("Chromium ended (SIGTERM)", browser(signal.SIGTERM), AT_ONCE, reasons=("BROWSER_CRASHED",), renews=True),
    Fault("renderer killed", kill_renderer, AT_ONCE, reasons=("PAGE_CRASHED", "BROWSER_CRASHED"), renews=True),
    Fault(HUNG[0], phone("page", do="hang", seconds=60), HANG + 1, reasons=("BROWSER_HUNG",), renews=True),
    Fault(HUNG[1], stop_all, HANG + 1, reasons=("BROWSER_HUNG",), renews=True),
    Fault("debugging pipe shut", deafen, 5.0, reasons=("BROWSER_CRASHED",), renews=True),
    Fault("page navigated away", phone("page", do="leave"), HANG + 1, reasons=("PAGE_LEFT",), renews=True),
    Fault(
        "memory over 1.5 × the limit",
        phone("page", do="hog", mib=900),
        20.0,
        reasons=("MEMORY_LIMIT", "PAGE_CRASHED", "BROWSER_HUNG"),
        renews=True,
    ),
    Fault(
        STARVED,
        starve,
        AT_ONCE,
        reasons=("PAGE_CRASHED", "BROWSER_CRASHED"),
        mend=killed_by_the_kernel,
        renews=True,
        possible=shortage.can_be_made,
    ),
    # The link.
    Fault(
        "network lost, then back",
        phone("network", online=False),
        5.0,
        reasons=("NETWORK_LOST",),
        mend=phone("network", online=True),
    ),
    Fault(
        "WhatsApp unreachable, then back",
        phone("reachable", reachable=False),
        5.0,
        reasons=("NETWORK_LOST",),
        mend=phone("reachable", reachable=True),
    ),
    Fault(
        "service unavailable (503)",
        phone("unavailable", seconds=1.5),
        5.0,
        reasons=("SERVICE_UNAVAILABLE", "NETWORK_LOST"),
    ),
    Fault("temporary ban (402)", phone("temp-ban", seconds=2), 5.0, reasons=("TEMPORARILY_BANNED",)),
    Fault(
        "version outdated, cured by a reload",
        phone("outdated", mode="until_reload"),
        5.0,
        # Old builds stop instead of reloading, and so does a second update within ten minutes.
        reasons=("NETWORK_LOST", "PLANNED_UPDATE", "PAGE_RELOADED", "VERSION_OUTDATED"),
    ),
    # The account.
    Fault("removed on the phone", phone("logout"), 5.0, LOGOUT, ("LOGGED_OUT_BY_PHONE",)),
    Fault("POST /logout", log_out, 5.0, LOGOUT, ("LOGGED_OUT_BY_API",)),
    Fault("permanent ban (406)", phone("ban"), 5.0, BANNED, ("LOGGED_OUT_BY_PHONE", "BANNED"), mend=phone("unban")),
    Fault("account locked (403)", phone("lock"), 5.0, (*BANNED, "ERROR"), ("ACCOUNT_LOCKED",), mend=phone("unban")),
    Fault("storage failure", phone("storage-failure", reason="syncd_failure"), 5.0, LOGOUT, ("STORAGE_FAILED",)),
    Fault("opened elsewhere (old builds)", phone("conflict"), 5.0, LOGOUT, ("CONFLICT",), only="classic"),
    Fault(
        "opened elsewhere (current builds)",
        phone("replace"),
        5.0,
        LOGOUT,
        ("NETWORK_LOST",),  # the page says no more; only that it lasts tells a conflict from a lost network
        ended_by=("CONFLICT",),
    ),
    blocked("terms of service", "TOS_BLOCK", "TERMS_OF_SERVICE"),
    blocked("proxy blocked", "PROXYBLOCK", "PROXY_BLOCKED"),
    blocked("screen locked", "SCREEN_LOCKED", "SCREEN_LOCKED"),
)

RANDOM = tuple(fault for fault in FAULTS if "current builds" not in fault.name and "memory" not in fault.name)
"""Those that are quick enough to be played hundreds of times."""
