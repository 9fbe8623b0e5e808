"""Actors for the runtime's tests, each named after what it does."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from pykka import ActorRef

from actors.runtime import Actor, Refusal, ReplyTo, Work


@dataclass(frozen=True, slots=True)
class Say:
    """Answered with its own text."""

    text: str


@dataclass(frozen=True, slots=True)
class Order(Work):
    """Work, answered with its own text."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Refused with this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Crash:
    """Raises this in `receive`."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Starts a timer that says `text`."""

    key: Hashable
    seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class CancelTimer:
    key: Hashable


@dataclass(frozen=True, slots=True)
class Wait:
    """Keeps the actor busy: `entered` tells that it is, `leave` lets it go on."""

    entered: threading.Event = field(default_factory=threading.Event)
    leave: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Defer:
    """Answered later, through the ReplyTo in `taken`."""

    taken: list[ReplyTo] = field(default_factory=list)
    crash: BaseException | None = None


class Player(Actor):
    """Does what it is told, and tells `audience` everything it says, with the moment it said it."""

    def __init__(
        self,
        audience: ActorRef[Any] | None = None,
        *,
        crash_in_started: BaseException | None = None,
        crash_in_closed: BaseException | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.audience = audience
        self.crash_in_started = crash_in_started
        self.crash_in_closed = crash_in_closed

    def started(self) -> None:
        self.tell_audience("started")
        if self.crash_in_started:
            raise self.crash_in_started

    def receive(self, message: object) -> object:
        match message:
            case Say(text) | Order(text):
                self.tell_audience((text, self.now()))
                return text
            case Refuse(text):
                raise Refusal(text)
            case Crash(error):
                raise error
            case SetTimer(key, seconds, text):
                self.start_timer(key, seconds, Say(text))
            case CancelTimer(key):
                self.cancel_timer(key)
            case Wait(entered, leave):
                entered.set()
                assert leave.wait(10), "nobody let the player go on"
            case Defer(taken, crash):
                taken.append(self.defer())
                if crash:
                    raise crash
            case _:
                return super().receive(message)
        return None

    def closed(self, cause: BaseException | None) -> None:
        self.tell_audience(("closed", cause))
        if self.crash_in_closed:
            raise self.crash_in_closed

    def tell_audience(self, what: object) -> None:
        """Nobody has to listen."""
        if self.audience is not None:
            self.audience.tell(what)
