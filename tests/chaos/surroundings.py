"""What all clients stand on fails for a while: the disk, and WhatsApp. They come back by themselves, with their logins.

Rule of this file: a row is a context. Entered, the thing is out of order and what must hold meanwhile has been seen;
left, it is in order again.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import httpx2

from tests.chaos.arena import SEND_TIMEOUT, Actor, Arena, Outcome
from tests.chaos.disk import fill
from tests.chaos.services import END_SECONDS, every_one_sends
from tests.rig import naming
from tests.rig.processes import until

Failing = Callable[[Arena], AbstractContextManager[None]]

TOLD_WITHIN = 5.0
"""Seconds within which each client says that the disk is full: it is looked at each second, and Chromium is closed."""
ANSWERED_WITHIN = 1.0
"""Seconds within which the service answers about itself, whatever is out of order around it."""


def play_on_surroundings(arena: Arena, name: str, failing: Failing) -> Outcome:
    """Every client READY, something out of order and in order again: each is READY by itself, without a QR."""
    began, problem, codes_before = time.monotonic(), None, 0
    try:
        for actor in arena.actors:
            arena.pair(actor)
            actor.until_durable()
        codes_before = _codes_shown(arena)
        with failing(arena):
            _service_answers(arena)
        began = time.monotonic()
        for actor in arena.actors:
            actor.consumer.reaches("READY", seconds=END_SECONDS)
        every_one_sends(arena)
        assert _codes_shown(arena) == codes_before, "a login was lost"
    except (AssertionError, OSError, httpx2.HTTPError) as error:
        problem = f"{type(error).__name__}: {error}"
    lost = sum(arena.lost(actor) for actor in arena.actors)
    state = "?" if problem else "READY"
    return Outcome(name, None, None, time.monotonic() - began, state, None, 0, lost, problem)


def _codes_shown(arena: Arena) -> int:
    return sum(change["after"] == "QR_REQUIRED" for change in arena.service.events("client.state"))


def _service_answers(arena: Arena) -> None:
    began = time.monotonic()
    httpx2.get(f"{arena.service.url}/health", timeout=5.0).raise_for_status()
    for actor in arena.actors:
        actor.consumer.status()
    took = time.monotonic() - began
    assert took < ANSWERED_WITHIN, f"/health and every /status took {took:.1f} s"


# --- the disk --------------------------------------------------------------------------------------------------------


@contextmanager
def _disk_full(arena: Arena) -> Iterator[None]:
    """Pages that were open are closed before they lose what they have stored, and say why; nothing is accepted."""
    ballast = fill(arena.data_dir)
    try:
        for actor in arena.actors:
            _says(actor, "DISK_FULL")
            answer = actor.say()
            assert answer is not None
            assert answer.status_code != 200, "a message was accepted that cannot be kept"
        yield
    finally:
        ballast.unlink()


@contextmanager
def _killed_on_a_full_disk(arena: Arena) -> Iterator[None]:
    """Chromium has to be started again, and is not before there is room."""
    browsers = [arena.browser(actor) for actor in arena.actors]
    ballast = fill(arena.data_dir)
    try:
        for browser in browsers:
            browser.kill()
        for actor in arena.actors:
            actor.consumer.reaches("RECONNECTING")
        assert not naming(arena.data_dir), "Chromium was started on a full disk"
        yield
    finally:
        ballast.unlink()


def _says(actor: Actor, reason: str) -> None:
    said = lambda: actor.consumer.status()["reason"]  # noqa: E731 - asked again and again
    until(said, lambda told: told == reason, f"client {actor.consumer.client_id} says {reason}", TOLD_WITHIN)


# --- WhatsApp --------------------------------------------------------------------------------------------------------


@contextmanager
def silent(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Its sockets stay open, the kernel accepts what comes, and nothing is answered."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@contextmanager
def _whatsapp_silent(arena: Arena) -> Iterator[None]:
    """Whoever sends hears within the deadline; what was on its way arrives once, later, or never."""
    with silent(arena.sandbox.process):
        with ThreadPoolExecutor(len(arena.actors)) as pool:
            answers = list(pool.map(Actor.say, arena.actors))
        for answer in answers:
            assert answer is not None
            assert answer.status_code in (500, 503), answer.text
            assert answer.elapsed.total_seconds() < SEND_TIMEOUT + 1.0
        yield


@contextmanager
def _killed_while_whatsapp_is_silent(arena: Arena) -> Iterator[None]:
    """Pages have to be opened on a WhatsApp that accepts and says nothing."""
    with silent(arena.sandbox.process):
        for actor in arena.actors:
            arena.browser(actor).kill()
        for actor in arena.actors:
            actor.consumer.reaches("RECONNECTING")
        yield


ON_DISK: tuple[tuple[str, Failing], ...] = (
    ("disk full, then room again", _disk_full),
    ("Chromium killed on a full disk, then room again", _killed_on_a_full_disk),
)
SURROUNDINGS: tuple[tuple[str, Failing], ...] = (
    *ON_DISK,
    ("WhatsApp silent (connections hang), then back", _whatsapp_silent),
    ("Chromium killed while WhatsApp is silent", _killed_while_whatsapp_is_silent),
)
