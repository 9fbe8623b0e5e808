"""How the service itself is ended, whatever its clients are doing; and that all of them come back by themselves."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from tests.chaos.arena import Actor, Arena, Outcome
from tests.chaos.faults import stop_all
from tests.rig import alive, chromiums, naming
from tests.rig.processes import until

END_SECONDS = 60.0
End = Callable[[Arena], None]


def play_on_service(arena: Arena, name: str, end: End) -> Outcome:
    """End the service in some way, start it again: every client is READY by itself, without a QR.

    The one that was at its end when the service stopped is paired anew.
    """
    began, problem, old = time.monotonic(), None, set[psutil.Process]()
    try:
        for actor in arena.actors:
            arena.pair(actor)
            actor.until_durable()
        old = chromiums(arena.data_dir)
        began = time.monotonic()
        end(arena)
        assert not _running(arena), "Chromium outlived the service"
        arena.service.start()
        for actor in arena.actors:
            if actor.logged_out:
                actor.logged_out = False
                arena.pair(actor)
            actor.consumer.reaches("READY", seconds=END_SECONDS)
        every_one_sends(arena)
    except (AssertionError, OSError) as error:
        problem = f"{type(error).__name__}: {error}"
    left = len(alive(old))
    lost = sum(arena.lost(actor) for actor in arena.actors)
    problem = problem or (f"{left} old processes live" if left else None)
    state = "?" if problem else "READY"
    return Outcome(name, None, None, time.monotonic() - began, state, None, left, lost, problem)


def every_one_sends(arena: Arena) -> None:
    """A message of each client, seen to arrive. Raises AssertionError."""
    for actor in arena.actors:
        answer = actor.say()
        assert answer is not None, "no answer to a message afterwards"
        assert answer.status_code == 200, f"cannot send afterwards: {answer.text}"
        arena.arrived(actor)


def _ended_by(*numbers: signal.Signals) -> End:
    def end(arena: Arena) -> None:
        for number in numbers:
            arena.service.signal(number)
        code = arena.service.wait()
        assert code == 0, f"exit code {code}"

    return end


def _running(arena: Arena) -> set[int]:
    """What names the data directory. A killed service leaves what is frozen; the next start reaps it."""
    found = set()
    for pid in naming(arena.data_dir):
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_STOPPED:
                found.add(pid)
    return found


def _killed(arena: Arena) -> None:
    arena.service.kill()
    until(lambda: _running(arena), lambda pids: not pids, "Chromium dies with the service", 3.0)


_in_order = _ended_by(signal.SIGTERM)


def _during_a_start(end: End) -> End:
    def act(arena: Arena) -> None:
        arena.service.stop()
        arena.service.start()
        end(arena)

    return act


def _during_backoff(end: End) -> End:
    def act(arena: Arena) -> None:
        for actor in arena.actors:
            arena.browser(actor).kill()
        arena.actors[0].consumer.reaches("DISCONNECTED_RECOVERABLE", "RECONNECTING")
        end(arena)

    return act


def _during_cleanup(end: End) -> End:
    def act(arena: Arena) -> None:
        arena.actors[0].logged_out = True
        arena.actors[0].consumer.phone("logout")
        arena.actors[0].consumer.reaches("DISCONNECTED_LOGOUT", "NOT_INITIALIZED")
        end(arena)

    return act


def _during_sends(end: End) -> End:
    def act(arena: Arena) -> None:
        with _all_sending(arena):
            end(arena)

    return act


def _while_hung(end: End) -> End:
    """One client's page turns in a loop, those of the others do not run at all: none can be asked to close."""

    def act(arena: Arena) -> None:
        looping, *stopped = arena.actors
        looping.consumer.phone("page", do="hang", seconds=60)
        for actor in stopped:
            stop_all(arena, actor)
        end(arena)

    return act


@contextmanager
def _all_sending(arena: Arena) -> Iterator[None]:
    """Every client sends one message after the other until the service is gone, or nobody waits any more."""
    over = threading.Event()

    def send(actor: Actor) -> None:
        while not over.is_set() and actor.say() is not None:
            pass

    senders = [threading.Thread(target=send, args=[actor]) for actor in arena.actors]
    before = len(arena.received())
    for sender in senders:
        sender.start()
    try:
        until(lambda: len(arena.received()), lambda now: now >= before + len(senders), "messages are sent", 10.0)
        yield
    finally:
        over.set()
        for sender in senders:
            sender.join()


SERVICE_FAULTS: tuple[tuple[str, End], ...] = (
    ("SIGTERM, then a start", _in_order),
    ("SIGINT, then a start", _ended_by(signal.SIGINT)),
    ("SIGTERM twice, then a start", _ended_by(signal.SIGTERM, signal.SIGTERM)),
    ("SIGTERM while clients resume", _during_a_start(_in_order)),
    ("SIGTERM while clients back off", _during_backoff(_in_order)),
    ("SIGTERM during a cleanup", _during_cleanup(_in_order)),
    ("SIGTERM while all clients send", _during_sends(_in_order)),
    ("SIGTERM while pages hang", _while_hung(_in_order)),
    ("service killed (SIGKILL)", _killed),
    ("service killed while clients resume", _during_a_start(_killed)),
    ("service killed while clients back off", _during_backoff(_killed)),
    ("service killed while all clients send", _during_sends(_killed)),
    ("service killed while pages hang", _while_hung(_killed)),
)
