"""The actor type: a Pykka actor whose death is reported exactly once, after its cleanup.

* Two kinds of error. A `Refusal` raised in `receive` is an answer, and the actor lives on. Any other exception is a
  crash, under `ask` as under `tell`: the asker gets the exception and the actor dies. A crash, even SystemExit, never
  leaves its actor.
* On every death, also in `started()`: the mailbox closes, waiting askers get an error, `closed(cause)` runs exactly
  once, then the watcher gets `Terminated(ref, cause)`.
* A constructor runs in the thread that starts the actor, so it only stores values. `started()` opens resources.
* Inside an actor, use only `tell`, with a `reply_to` in the message: two actors that ask each other wait for ever.
  `ask` is for threads and event loops outside.

Built on the three methods that Pykka reserves "for implementors of new actor types"; refs, the registry and `stop` stay
Pykka's.
"""

from __future__ import annotations

import atexit
import threading
import traceback
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar, Protocol, Self, cast

import pykka
import structlog
from pykka import ActorDeadError, ActorRef, ActorRegistry
from pykka._envelope import Envelope
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr, _ActorStop
from structlog.typing import FilteringBoundLogger

from actors.runtime.clock import SYSTEM_CLOCK, Clock
from actors.runtime.mailbox import Mailbox, MailboxFull, Refusal, Work, dead_letters, turn_away
from actors.runtime.reply import Reply, ReplyTo

__all__ = [
    "Actor",
    "MailboxFull",
    "Refusal",
    "Terminated",
    "Watcher",
    "Work",
    "actor_behind",
    "mailbox_of",
    "wait_ended",
]

_counter = count(1)
_PROXY_MESSAGES = frozenset({ProxyCall, ProxyGetAttr, ProxySetAttr})
_NEVER_CALLED = ("on_start", "on_receive", "on_stop", "on_failure")


@dataclass(frozen=True, slots=True)
class Terminated:
    """The death of an actor, sent after `closed()` has run.

    `cause` is None after a stop, else the exception of the crash.
    """

    ref: ActorRef[Any]
    actor_urn: str
    cause: BaseException | None


class Watcher(Protocol):
    """The receiver of an actor's death: an actor's ref, or any object whose `tell` may run in the dying thread."""

    def tell(self, message: Any) -> None:
        """Take a `Terminated`. A watcher that is not an actor must neither block nor raise."""


class Actor(pykka.ThreadingActor):
    """An actor with three methods to write: `started`, `receive` and `closed`; all run in the actor's own thread.

    `clock`, `watcher`, `name` and `work_limit` may be class attributes, arguments of `start` (which does not pass them
    to the constructor) or arguments of this constructor.

    The thread is a daemon, so a forgotten actor cannot keep the interpreter from exiting. Its `closed()` does not run
    then, and a warning at exit names it.
    """

    use_daemon_thread: ClassVar[bool] = True

    work_limit: int = 1000
    """The number of `Work` messages that may wait; more are answered with MailboxFull."""
    clock: Clock = SYSTEM_CLOCK
    """The clock of the actor's timers and of `now()`."""
    watcher: Watcher | None = None
    """The receiver of `Terminated`."""
    name: str = ""
    """The name of the thread and in the log, such as `client-99`; by default the class and a number."""
    log: FilteringBoundLogger
    """The actor's log, its name bound. Bind more in `started()`: `self.log = self.log.bind(…)`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if mistaken := [name for name in _NEVER_CALLED if name in cls.__dict__]:
            raise TypeError(
                f"{cls.__name__} defines {mistaken}: this actor type calls started, receive and closed instead"
            )

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        watcher: Watcher | None = None,
        name: str | None = None,
        work_limit: int | None = None,
    ) -> None:
        super().__init__()
        self._set_options(clock=clock, watcher=watcher, name=name, work_limit=work_limit)
        self._outstanding: set[ReplyTo] = set()
        self._asker: Reply[Any] | None = None
        self._deferred = False
        self._stop_askers: list[Envelope[Any]] = []
        self._thread: threading.Thread | None = None

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> ActorRef[Self]:
        """Start an actor and return its ref.

        Keywords `clock`, `watcher`, `name`, `work_limit` are the actor's own; the rest goes to the constructor, which
        runs here, in the caller's thread.

        Raises the constructor's exceptions, and RuntimeError if no thread can be started.
        """
        actor = cls.unstarted(*args, **kwargs)
        ActorRegistry.register(actor.actor_ref)
        actor._start_actor_loop()
        return actor.actor_ref

    @classmethod
    def unstarted(cls, *args: Any, **kwargs: Any) -> Self:
        """Return the actor as a plain object without a thread (for tests: `actors.runtime.testing`)."""
        options = {key: kwargs.pop(key) for key in ("clock", "watcher", "name", "work_limit") if key in kwargs}
        actor = cls(*args, **kwargs)
        actor._set_options(**options)
        actor._furnish()
        return actor

    # Methods for subclasses to write.

    def started(self) -> None:
        """Open the actor's resources. Runs first in the actor's thread; an exception here is a crash."""

    def receive(self, message: object) -> object:
        """Handle one message or timer; the return value answers an `ask`.

        Raise a Refusal to say no. This default refuses: end with `return super().receive(message)` for unknown
        messages.
        """
        raise Refusal(f"{self.name} does not know {type(message).__name__}")

    def closed(self, cause: BaseException | None) -> None:
        """Release everything that `started` and `receive` took. Runs exactly once, with the mailbox closed.

        `cause` is None after a stop. An exception here is logged, and becomes the cause if there was none.
        """

    # Methods for subclasses to use, in the actor's thread.

    def start_timer(self, key: Hashable, seconds: float, message: object) -> None:
        """Deliver `message` to `receive` in `seconds`; replaces the timer of that key.

        Raises ValueError for negative or infinite seconds.
        """
        self._in_own_thread("start_timer")
        self.mailbox.timers.start(key, seconds, self.now(), message)

    def cancel_timer(self, key: Hashable) -> None:
        """Cancel the timer of that key: its message is never received, even if already due.

        A missing timer is no error.
        """
        self._in_own_thread("cancel_timer")
        self.mailbox.timers.cancel(key)

    def now(self) -> float:
        """Return the monotonic seconds of the actor's clock."""
        return self.clock.monotonic()

    def pipe_to_self(self, reply: Reply[Any], answered: Callable[[Any], object]) -> None:
        """Receive `answered(answer)` once the reply is there, or of the exception that came instead. Waits for nothing.

        `answered` runs in the answering thread, and must not raise. After the actor's end it goes nowhere.
        """
        reply.add_callback(lambda: self.tell_self(answered(_outcome_of(reply))))

    def tell_self(self, message: object) -> None:
        """Receive this message after all that already waits. Any thread; after the actor's end it goes nowhere."""
        with suppress(ActorDeadError):
            self.actor_ref.tell(message)

    def defer(self) -> ReplyTo:
        """Take the current asker's address, to answer later; the return value of `receive` is then not used.

        Under `tell` there is no asker, and the answer goes nowhere. Raises RuntimeError the second time per message.
        """
        if self._deferred:
            raise RuntimeError("the reply address of this message has been taken already")
        self._deferred = True
        return ReplyTo(self._asker or Reply(), self._outstanding)

    @property
    def mailbox(self) -> Mailbox:
        return cast(Mailbox, self.actor_inbox)

    # Pykka's three hooks.

    @staticmethod
    def _create_actor_inbox() -> Mailbox:
        return Mailbox()

    @staticmethod
    def _create_future() -> Reply[Any]:
        return Reply()

    def _start_actor_loop(self) -> None:
        self._thread = threading.Thread(target=self._actor_loop, name=self.name, daemon=self.use_daemon_thread)
        self.clock.join(self.mailbox)
        try:
            self._thread.start()
        except RuntimeError:
            # No thread can be started. Nothing was opened, so nothing is closed; the caller gets the exception.
            self._shut_door()
            self.clock.leave(self.mailbox)
            raise

    # From birth to death.

    def _actor_loop(self) -> None:
        cause: BaseException | None = None
        try:
            self.started()
            self._receive_until_stopped()
        except BaseException as crash:  # noqa: BLE001 - whatever it is, it ends this actor and no other
            cause = crash
        self._die(cause)

    def _receive_until_stopped(self) -> None:
        while True:
            envelope = self.mailbox.get()
            if isinstance(envelope.message, _ActorStop):
                self._stop_askers.append(envelope)
                return
            self._handle(envelope)

    def _handle(self, envelope: Envelope[Any]) -> None:
        self._asker = asker = cast("Reply[Any] | None", envelope.reply_to)
        self._deferred = False
        try:
            answer = self._dispatch(envelope.message)
        except Refusal as refusal:
            if asker is None:
                self.log.warning("actor.refused", message=type(envelope.message).__name__, reason=str(refusal))
            else:
                asker.fail(refusal)
        else:
            if asker is not None and not self._deferred:
                asker.offer(answer)
        self._asker = None

    def _dispatch(self, message: object) -> object:
        """Pass a message to `receive`: a hook for actor types built on this class."""
        if type(message) in _PROXY_MESSAGES:
            raise Refusal("this actor takes messages, not proxy calls")
        return self.receive(message)

    def _die(self, cause: BaseException | None) -> None:
        if cause is not None:
            self._report("error", "crashed", exc_info=cause)
        self._shut_door()
        self._answer_crash(cause)
        cause = self._close(cause)
        for reply_to in list(self._outstanding):
            reply_to.expire(ActorDeadError(f"{self.name} died before it answered"))
        self._tell_watcher(cause)
        self.clock.leave(self.mailbox)
        for envelope in self._stop_askers:
            if envelope.reply_to is not None:
                cast("Reply[None]", envelope.reply_to).offer(None)
        self._report("debug", "terminated")

    def _shut_door(self) -> None:
        ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()
        left = self.mailbox.close()
        if letters := dead_letters(left):
            self._report("warning", "dead_letters", letters=letters)
        for envelope in left:
            if isinstance(envelope.message, _ActorStop):
                self._stop_askers.append(envelope)
            elif envelope.reply_to is not None:
                turn_away(envelope, ActorDeadError(f"{self.name} stopped before handling the message"))

    def _answer_crash(self, cause: BaseException | None) -> None:
        asker, self._asker = self._asker, None
        if asker is None or cause is None:
            return
        if not isinstance(cause, Exception):
            # A SystemExit ends the thread it was raised in; passed on, it would end the asker's thread.
            dead = ActorDeadError(f"{self.name} died of {cause!r}")
            dead.__cause__ = cause
            cause = dead
        asker.fail(cause)

    def _close(self, cause: BaseException | None) -> BaseException | None:
        """Run `closed` and return the resulting cause: a hook for actor types built on this class."""
        try:
            self.closed(cause)
        except BaseException as crash:  # noqa: BLE001 - it must not keep the watcher from hearing
            self._report("error", "crashed_in_closed", exc_info=crash)
            return crash if cause is None else cause
        return cause

    def _tell_watcher(self, cause: BaseException | None) -> None:
        if self.watcher is None:
            return
        try:
            self.watcher.tell(Terminated(self.actor_ref, self.actor_urn, cause))
        except ActorDeadError:
            self._report("debug", "watcher_dead")

    def _report(self, level: str, event: str, **facts: Any) -> None:
        """Log during death: a log that cannot be written must not stop it."""
        try:
            getattr(self.log, level)(event, **facts)
        except Exception:  # noqa: BLE001 - told to stderr instead
            traceback.print_exc()

    def _set_options(self, **options: Any) -> None:
        for key, value in options.items():
            if value is not None:
                setattr(self, key, value)

    def _furnish(self) -> None:
        self.name = self.name or f"{type(self).__name__}-{next(_counter)}"
        self.log = structlog.get_logger(type(self).__module__).bind(actor=self.name)
        self.mailbox.clock = self.clock
        self.mailbox.work_limit = self.work_limit
        self.mailbox.owner = self.name

    def _in_own_thread(self, method: str) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            raise RuntimeError(f"{method} of {self.name} called from another thread: tell it a message instead")


def _outcome_of(reply: Reply[Any]) -> Any:
    """Return the answer, or the exception that came instead: a refusal, an actor's death, or its crash."""
    try:
        return reply.get(timeout=0)
    except Exception as error:  # noqa: BLE001 - whoever asked is to hear of it, whatever it is
        return error


def mailbox_of(ref: ActorRef[Any]) -> Mailbox:
    """Return the mailbox behind a ref, for its `depth()` and `oldest_age()`. Any thread."""
    return cast(Mailbox, ref.actor_inbox)


def actor_behind(ref: ActorRef[Any]) -> Actor | None:
    """Return the actor behind a ref, None once its memory is free.

    Only its plain attributes may be read from outside.
    """
    return cast("Actor | None", ref._actor_weakref())


def wait_ended(ref: ActorRef[Any], *, timeout: float) -> bool:
    """Block until the actor has closed and its thread has ended; False if that takes more than `timeout` seconds.

    `ref.stop()` differs: it returns False at once for an actor that is still busy closing.
    """
    actor = actor_behind(ref)
    if actor is None or actor._thread is None:
        return True
    actor._thread.join(timeout)
    return not actor._thread.is_alive()


@atexit.register
def _name_the_forgotten() -> None:
    for ref in ActorRegistry.get_by_class(Actor):
        structlog.get_logger(__name__).warning("actor_forgotten", actor=mailbox_of(ref).owner)
