"""An actor as a plain object: without a thread, so only the test makes it run.

    actor = unstarted(Doorman, clock=ManualClock())
    actor.receive(Knock())
    assert timers(actor) == {"patience": 5.0}
    assert asked(actor, HowMany()).get(timeout=0) == 1
    fire(actor, "patience")

Pass it probes to see the messages it sends.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeVar

from pykka._envelope import Envelope

from actors.runtime.actor import Actor
from actors.runtime.reply import Reply
from actors.runtime.testing.clock import ManualClock

__all__ = ["asked", "fire", "own_tells", "timers", "unstarted"]

A = TypeVar("A", bound=Actor)


def unstarted(actor_class: type[A], *args: Any, **kwargs: Any) -> A:
    """Return the actor that `actor_class.start(…)` would start, on a ManualClock of its own unless `clock` is given.

    `started()` has not run.
    """
    kwargs.setdefault("clock", ManualClock())
    return actor_class.unstarted(*args, **kwargs)


def asked(actor: Actor, message: object) -> Reply[Any]:
    """Let the actor handle the message as under `ask`, immediately; returns the asker's side, perhaps unanswered.

    A crash is raised here, not answered.
    """
    reply: Reply[Any] = Reply()
    actor._handle(Envelope(message, reply_to=reply))
    return reply


def timers(actor: Actor) -> dict[Hashable, float]:
    """Return the actor's timers: key to seconds from now."""
    return {timer.key: timer.due - actor.now() for timer in actor.mailbox.timers}


def own_tells(actor: Actor) -> list[object]:
    """Return the messages that wait in the actor's mailbox."""
    return actor.mailbox.messages()


def fire(actor: Actor, key: Hashable) -> None:
    """Deliver the timer of that key as if it were due. KeyError if it does not exist. A crash is raised here."""
    timer = {timer.key: timer for timer in actor.mailbox.timers}[key]
    actor.cancel_timer(key)
    actor._handle(Envelope(timer.message))
