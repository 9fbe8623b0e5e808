"""An actor that keeps other actors alive: one for one, each child with its own budget.

* A child never affects another child or the supervisor: a factory that raises counts as a crash of that child.
* A child that was stopped, or ended by itself, is not restarted. A crashed child is restarted after its backoff until
  its budget is exhausted; then the supervisor is notified and the child forgotten.
* When the supervisor ends, for any reason, its children are stopped in parallel before `closed` runs.

After Elixir's `DynamicSupervisor`, without its other strategies.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pykka import ActorRef

from actors.runtime.actor import Actor, Terminated, actor_behind, wait_ended
from actors.runtime.clock import Clock
from actors.runtime.mailbox import Refusal
from actors.runtime.restarts import Backoff, Budget, BudgetExhausted

__all__ = ["ChildExists", "ChildFactory", "ChildNotStarted", "Supervising"]


class ChildFactory(Protocol):
    """Starts a child and returns its ref, for example `functools.partial(MyActor.start, 99)`.

    It must pass `watcher` and `clock` to the actor's `start`. It runs in the supervisor's thread.
    """

    def __call__(self, *, watcher: ActorRef[Any], clock: Clock) -> ActorRef[Any]: ...


class ChildExists(Refusal):
    """A child with this key exists: running, stopping, or waiting for its restart."""


class ChildNotStarted(Refusal):
    """The child's factory raised; see `__cause__`."""


@dataclass(slots=True)
class _Child:
    factory: ChildFactory
    budget: Budget
    ref: ActorRef[Any] | None = None
    """None while it waits for its restart."""
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class _Restart:
    key: Hashable


class Supervising(Actor):
    """A supervisor: starts children under keys, restarts crashed ones, stops all of them before it closes.

    Override `child_terminated`, `wants_restart`, `child_restarted`, `child_given_up` and `child_stuck`; they run in
    this actor's thread. `receive` never sees `Terminated` of a child.
    """

    child_budget: Budget = Budget(limit=3, window=60.0)
    child_backoff: Backoff = Backoff(first=0.1, cap=10.0)
    chance: Callable[[], float] = staticmethod(random.random)
    """The source of the backoff's jitter."""
    shutdown_deadline: float = 10.0
    """The seconds, by the machine's clock, that all children together have for closing when the supervisor ends."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._children: dict[Hashable, _Child] = {}

    # Methods for subclasses to use, in the actor's thread.

    @property
    def children(self) -> Mapping[Hashable, ActorRef[Any]]:
        """A copy of the running (or stopping) children, in the order in which their keys were first started."""
        return {key: child.ref for key, child in self._children.items() if child.ref is not None}

    def has_child(self, key: Hashable) -> bool:
        """Return True if a child with this key exists: running, stopping, or waiting for its restart."""
        return key in self._children

    def start_child(self, key: Hashable, factory: ChildFactory) -> ActorRef[Any]:
        """Start a child. Raises ChildExists, or ChildNotStarted if the factory raises (both are Refusals)."""
        if key in self._children:
            raise ChildExists(f"{self.name} has a child {key!r} already")
        child = _Child(factory, self.child_budget)
        try:
            child.ref = self._make(factory)
        except Exception as error:
            raise ChildNotStarted(f"{self.name} could not start child {key!r}: {error}") from error
        self._children[key] = child
        return child.ref

    def stop_child(self, key: Hashable) -> None:
        """Stop a child without waiting: `child_terminated` reports its end.

        A child that waits for its restart is forgotten at once. A missing child is no error.
        """
        child = self._children.get(key)
        if child is None:
            return
        if child.ref is None:
            self._forget(key)
        else:
            child.stopping = True
            child.ref.stop(block=False)

    # Methods for subclasses to override.

    def child_terminated(self, key: Hashable, ref: ActorRef[Any], cause: BaseException | None) -> None:
        """Handle the death of a child, before any restart. `cause` is None if it stopped."""

    def wants_restart(self, key: Hashable, cause: BaseException) -> bool:
        """Return True if a crashed child is to be restarted, its budget permitting. The default is True."""
        return True

    def child_restarted(self, key: Hashable, ref: ActorRef[Any]) -> None:
        """Handle the restart of a crashed child, which now runs as `ref`."""

    def child_given_up(self, key: Hashable, cause: BaseException) -> None:
        """Handle a child that is forgotten: it crashed more often than its budget allows, or was not wanted back."""

    def child_stuck(self, key: Hashable, ref: ActorRef[Any]) -> None:
        """Handle a child that did not close within `shutdown_deadline`: take away everything it held."""

    # Implementation.

    def _dispatch(self, message: object) -> object:
        if isinstance(message, Terminated) and (key := self._key_of(message.ref)) is not _NO_KEY:
            self._terminated(key, message.ref, message.cause)
        elif isinstance(message, _Restart):
            self._restart(message.key)
        else:
            return super()._dispatch(message)
        return None

    def _key_of(self, ref: ActorRef[Any]) -> Hashable:
        return next(
            (key for key, child in self._children.items() if child.ref and child.ref.actor_urn == ref.actor_urn),
            _NO_KEY,
        )

    def _terminated(self, key: Hashable, ref: ActorRef[Any], cause: BaseException | None) -> None:
        child = self._children[key]
        child.ref = None
        crashed = cause is not None and not child.stopping
        if not crashed:
            self._forget(key)
        self.child_terminated(key, ref, cause)
        if crashed and cause is not None and self._children.get(key) is child:
            self._recover(key, child, cause)

    def _recover(self, key: Hashable, child: _Child, cause: BaseException) -> None:
        try:
            if not self.wants_restart(key, cause):
                return self._give_up(key, cause)
            child.budget = child.budget.spend(self.now())
        except BudgetExhausted:
            return self._give_up(key, cause)
        attempt = child.budget.spent(self.now())
        delay = self.child_backoff.delay(attempt, self.chance)
        self.log.warning("actor.child_restarts", child=key, attempt=attempt, delay=round(delay, 3), cause=repr(cause))
        self.start_timer(_Restart(key), delay, _Restart(key))

    def _restart(self, key: Hashable) -> None:
        child = self._children[key]
        try:
            child.ref = self._make(child.factory)
        except Exception as error:
            self.log.error("actor.child_not_started", child=key, exc_info=error)
            return self._recover(key, child, error)
        self.child_restarted(key, child.ref)

    def _give_up(self, key: Hashable, cause: BaseException) -> None:
        self.log.error("actor.child_given_up", child=key, cause=repr(cause))
        self._forget(key)
        self.child_given_up(key, cause)

    def _forget(self, key: Hashable) -> None:
        self.cancel_timer(_Restart(key))
        del self._children[key]

    def _make(self, factory: ChildFactory) -> ActorRef[Any]:
        ref = factory(watcher=self.actor_ref, clock=self.clock)
        child = actor_behind(ref)
        if child is not None and child.watcher is not self.actor_ref:
            ref.stop(block=False)
            raise TypeError("the factory did not hand `watcher` to the actor's start: nobody would hear of its death")
        return ref

    def _close(self, cause: BaseException | None) -> BaseException | None:
        try:
            self._stop_children()
        except Exception as error:  # noqa: BLE001 - our own end goes on
            self._report("error", "crashed_stopping_children", exc_info=error)
        return super()._close(cause)

    def _stop_children(self) -> None:
        deadline = time.monotonic() + self.shutdown_deadline
        for ref in self.children.values():
            ref.stop(block=False)
        for key, ref in self.children.items():
            if not wait_ended(ref, timeout=max(0.0, deadline - time.monotonic())):
                self._stuck(key, ref)
        self._children.clear()

    def _stuck(self, key: Hashable, ref: ActorRef[Any]) -> None:
        self._report("error", "child_stuck", child=key, deadline=self.shutdown_deadline)
        try:
            self.child_stuck(key, ref)
        except Exception as error:  # noqa: BLE001 - the other children are still to be seen to
            self._report("error", "crashed_in_child_stuck", child=key, exc_info=error)


_NO_KEY = object()
