"""One for one: children under keys, budgets and backoff on a clock that moves when told, and an end in good order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from pykka import ActorRef

from actors.runtime import (
    Actor,
    Backoff,
    Budget,
    ChildExists,
    ChildFactory,
    ChildNotStarted,
    Clock,
    Supervising,
    Terminated,
    wait_ended,
)
from actors.runtime.testing import ManualClock, Probe
from tests.runtime.cast import Crash, Player, Say, Wait

BUG = ValueError("bug")


@dataclass(frozen=True)
class Do:
    """Runs in the supervisor's thread, where only its own methods may be called."""

    what: Callable[[Keeper], object]


class Keeper(Supervising):
    """Tells everything that happens to its children to `audience`."""

    child_budget = Budget(limit=2, window=60.0)
    child_backoff = Backoff(first=1.0, cap=10.0, jitter=0.0)

    def __init__(self, audience: ActorRef[Any], **options: Any) -> None:
        super().__init__(**options)
        self.audience = audience
        self.wanted = True

    def receive(self, message: object) -> object:
        if isinstance(message, Do):
            return message.what(self)
        return super().receive(message)

    def closed(self, cause: BaseException | None) -> None:
        self.audience.tell(("closed", cause))

    def child_terminated(self, key: Hashable, ref: ActorRef[Any], cause: BaseException | None) -> None:
        self.audience.tell(("terminated", key, cause))

    def wants_restart(self, key: Hashable, cause: BaseException) -> bool:
        return self.wanted

    def child_restarted(self, key: Hashable, ref: ActorRef[Any]) -> None:
        self.audience.tell(("restarted", key, self.now()))

    def child_given_up(self, key: Hashable, cause: BaseException) -> None:
        self.audience.tell(("given up", key, cause))

    def child_stuck(self, key: Hashable, ref: ActorRef[Any]) -> None:
        self.audience.tell(("stuck", key))


@pytest.fixture
def keeper(audience: Probe, clock: ManualClock) -> Iterator[ActorRef[Keeper]]:
    ref = Keeper.start(audience.ref, clock=clock)
    yield ref
    ref.stop(timeout=10)


def do(keeper: ActorRef[Any], what: Callable[[Keeper], object]) -> Any:
    return keeper.ask(Do(what), timeout=5)


def start(keeper: ActorRef[Any], key: Hashable, factory: ChildFactory = Player.start) -> ActorRef[Player]:
    ref: ActorRef[Player] = do(keeper, lambda keeper: keeper.start_child(key, factory))
    return ref


def child(keeper: ActorRef[Keeper], key: Hashable) -> ActorRef[Player]:
    ref: ActorRef[Player] = do(keeper, lambda keeper: keeper.children[key])
    return ref


def keys(keeper: ActorRef[Keeper]) -> list[object]:
    """Of the children that run."""
    found: list[object] = do(keeper, lambda keeper: list(keeper.children))
    return found


def has(keeper: ActorRef[Keeper], key: Hashable) -> bool:
    return bool(do(keeper, lambda keeper: keeper.has_child(key)))


# --- starting --------------------------------------------------------------------------------------------------------


def test_a_child_runs_on_its_supervisors_clock_and_is_watched(keeper: ActorRef[Keeper], clock: ManualClock) -> None:
    ref = start(keeper, "a", partial(Player.start, name="the child"))
    actor = ref._actor_weakref()
    assert actor is not None
    assert (actor.clock, actor.watcher, actor.name) == (clock, keeper, "the child")
    assert ref.ask(Say("hello"), timeout=5) == "hello"


def test_a_key_has_one_child(keeper: ActorRef[Keeper]) -> None:
    ref = start(keeper, "a")
    with pytest.raises(ChildExists, match="has a child 'a' already"):
        start(keeper, "a")
    assert child(keeper, "a") == ref


def test_a_child_waiting_for_its_restart_exists(keeper: ActorRef[Keeper], clock: ManualClock) -> None:
    start(keeper, "a").tell(Crash(BUG))
    clock.settle()
    assert (keys(keeper), has(keeper, "a")) == ([], True)
    with pytest.raises(ChildExists):
        start(keeper, "a")


def test_a_child_that_is_stopping_exists(keeper: ActorRef[Keeper], clock: ManualClock) -> None:
    busy = Wait()
    start(keeper, "a").tell(busy)
    assert busy.entered.wait(5)
    do(keeper, lambda keeper: keeper.stop_child("a"))
    with pytest.raises(ChildExists):
        start(keeper, "a")
    busy.leave.set()
    clock.settle()
    assert start(keeper, "a").is_alive()


def test_a_factory_that_raises_is_told_to_who_wanted_the_child(keeper: ActorRef[Keeper]) -> None:
    def refuse(**_: Any) -> ActorRef[Any]:
        raise BUG

    with pytest.raises(ChildNotStarted, match="could not start child 'a': bug") as raised:
        start(keeper, "a", refuse)
    assert raised.value.__cause__ is BUG
    assert not has(keeper, "a")
    assert start(keeper, "a").is_alive()


def test_a_factory_that_does_not_hand_the_watcher_on_is_a_mistake_told_at_once(keeper: ActorRef[Keeper]) -> None:
    started: list[ActorRef[Any]] = []

    def forgetful(*, watcher: ActorRef[Any], clock: Clock) -> ActorRef[Any]:
        started.append(Player.start(clock=clock))
        return started[0]

    with pytest.raises(ChildNotStarted, match="did not hand `watcher`"):
        start(keeper, "a", forgetful)
    assert wait_ended(started[0], timeout=5)


# --- ending ----------------------------------------------------------------------------------------------------------


def test_a_child_that_was_stopped_is_forgotten(keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock) -> None:
    start(keeper, "a")
    do(keeper, lambda keeper: keeper.stop_child("a"))
    clock.advance(3600)
    assert audience.messages == [("terminated", "a", None)]
    assert not has(keeper, "a")


def test_a_child_that_ends_by_itself_is_forgotten(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    start(keeper, "a").stop(timeout=5)
    clock.advance(3600)
    assert audience.messages == [("terminated", "a", None)]
    assert not has(keeper, "a")


def test_a_child_that_crashes_while_it_was_to_stop_is_not_restarted(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    busy = Wait()
    ref = start(keeper, "a")
    ref.tell(busy)
    assert busy.entered.wait(5)
    ref.tell(Crash(BUG))
    do(keeper, lambda keeper: keeper.stop_child("a"))
    busy.leave.set()
    clock.advance(3600)
    assert audience.messages == [("terminated", "a", BUG)]
    assert not has(keeper, "a")


def test_a_child_stopped_while_it_waits_for_its_restart_is_forgotten_at_once(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    start(keeper, "a").tell(Crash(BUG))
    clock.settle()
    do(keeper, lambda keeper: keeper.stop_child("a"))
    assert not has(keeper, "a")
    clock.advance(3600)
    assert audience.messages == [("terminated", "a", BUG)]


def test_stopping_a_child_that_is_not_there_is_no_error(keeper: ActorRef[Keeper]) -> None:
    do(keeper, lambda keeper: keeper.stop_child("nobody"))
    assert not has(keeper, "nobody")


# --- restarting ------------------------------------------------------------------------------------------------------


def test_a_child_that_crashed_is_restarted_after_its_backoff(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    start(keeper, "a").tell(Crash(BUG))
    clock.advance(0.9)
    assert audience.messages == [("terminated", "a", BUG)]
    clock.advance(0.1)
    assert audience.messages == [("terminated", "a", BUG), ("restarted", "a", 1.0)]
    assert child(keeper, "a").ask(Say("back"), timeout=5) == "back"


def test_delays_grow_until_the_budget_is_spent_and_then_the_child_is_given_up(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    start(keeper, "a", partial(Player.start, crash_in_started=BUG))
    clock.advance(3600)
    assert audience.messages == [
        ("terminated", "a", BUG),
        ("restarted", "a", 1.0),
        ("terminated", "a", BUG),
        ("restarted", "a", 3.0),
        ("terminated", "a", BUG),
        ("given up", "a", BUG),
    ]
    assert not has(keeper, "a")


def test_crashes_further_apart_than_the_window_never_exhaust_the_budget(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    start(keeper, "a")
    for _ in range(10):
        child(keeper, "a").tell(Crash(BUG))
        clock.advance(61.0)
    assert [what for what, *_ in audience.messages] == ["terminated", "restarted"] * 10


def test_a_factory_that_raises_at_a_restart_spends_the_budget_too(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    calls = []
    broken = OSError("no more")

    def once(**options: Any) -> ActorRef[Any]:
        calls.append(clock.monotonic())
        if len(calls) > 1:
            raise broken
        return Player.start(**options)

    start(keeper, "a", once).tell(Crash(BUG))
    clock.advance(3600)
    assert calls == [0.0, 1.0, 3.0]
    assert audience.messages == [("terminated", "a", BUG), ("given up", "a", broken)]


def test_a_child_that_is_not_wanted_back_is_given_up(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    do(keeper, lambda keeper: setattr(keeper, "wanted", False))
    start(keeper, "a").tell(Crash(BUG))
    clock.advance(3600)
    assert audience.messages == [("terminated", "a", BUG), ("given up", "a", BUG)]


def test_what_one_child_does_does_not_touch_another(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    bystander = start(keeper, "b")
    start(keeper, "a", partial(Player.start, crash_in_started=SystemExit(1)))
    clock.advance(3600)
    assert not has(keeper, "a")
    assert child(keeper, "b") == bystander
    assert bystander.ask(Say("unharmed"), timeout=5) == "unharmed"


def test_two_children_that_end_in_one_tick_are_both_restarted(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    both = [start(keeper, key) for key in "ab"]
    for ref in both:
        ref.tell(Crash(BUG))
    clock.advance(1.0)
    assert sorted(audience.messages[2:]) == [("restarted", "a", 1.0), ("restarted", "b", 1.0)]


def test_the_same_key_may_be_started_again_from_child_terminated(clock: ManualClock) -> None:
    class Phoenix(Supervising):
        def receive(self, message: object) -> object:
            return self.start_child("a", Player.start)

        def child_terminated(self, key: Hashable, ref: ActorRef[Any], cause: BaseException | None) -> None:
            if cause is None and not self.has_child("a"):
                successors.append(self.start_child("a", Player.start))

    successors: list[ActorRef[Any]] = []
    keeper = Phoenix.start(clock=clock)
    first: ActorRef[Any] = keeper.ask("go", block=True, timeout=5)
    first.stop(timeout=5)
    clock.settle()
    assert [ref.is_alive() for ref in successors] == [True]
    keeper.stop(timeout=5)


def test_a_supervisor_may_stop_a_crashed_child_as_it_hears_of_it(clock: ManualClock) -> None:
    class Resigned(Supervising):
        def receive(self, message: object) -> object:
            return self.start_child("a", Player.start)

        def child_terminated(self, key: Hashable, ref: ActorRef[Any], cause: BaseException | None) -> None:
            self.stop_child(key)

        def child_restarted(self, key: Hashable, ref: ActorRef[Any]) -> None:
            raise AssertionError("nobody wanted it back")

    keeper = Resigned.start(clock=clock)
    keeper.ask("go", block=True, timeout=5).tell(Crash(BUG))
    clock.advance(3600)
    assert keeper.ask("again", block=True, timeout=5).is_alive()
    keeper.stop(timeout=5)


def test_terminated_of_a_stranger_is_the_subclasss_business(audience: Probe, clock: ManualClock) -> None:
    class Curious(Keeper):
        def receive(self, message: object) -> object:
            self.audience.tell(message)
            return None

    keeper = Curious.start(audience.ref, clock=clock)
    Player.start(watcher=keeper).stop(timeout=5)
    audience.expect(Terminated)
    keeper.stop(timeout=5)


# --- the supervisor's own end ----------------------------------------------------------------------------------------


def test_children_are_stopped_before_the_supervisor_closes(keeper: ActorRef[Keeper], audience: Probe) -> None:
    children = [start(keeper, key, partial(Player.start, audience.ref)) for key in "abc"]
    keeper.stop(timeout=5)
    assert audience.messages == [*["started"] * 3, *[("closed", None)] * 4]
    assert [wait_ended(ref, timeout=0) for ref in children] == [True] * 3


def test_a_supervisor_that_crashes_stops_its_children_too(keeper: ActorRef[Keeper], audience: Probe) -> None:
    ref = start(keeper, "a")

    def crash(_: Keeper) -> None:
        raise BUG

    with pytest.raises(ValueError, match="bug"):
        do(keeper, crash)
    assert wait_ended(keeper, timeout=5)
    assert audience.messages == [("closed", BUG)]
    assert wait_ended(ref, timeout=0)


def test_children_are_stopped_side_by_side(audience: Probe) -> None:
    everybody = threading.Barrier(3)

    class Together(Actor):
        def closed(self, cause: BaseException | None) -> None:
            everybody.wait(5)

    keeper = Keeper.start(audience.ref)
    for key in "abc":
        start(keeper, key, Together.start)
    assert keeper.stop(timeout=10)
    assert audience.messages == [("closed", None)]
    assert not everybody.broken


def test_a_child_that_does_not_close_in_time_is_named_stuck_and_the_others_are_not(audience: Probe) -> None:
    class Hasty(Keeper):
        shutdown_deadline = 1.0  # the quick one, too, has to be given time

    keeper = Hasty.start(audience.ref)
    busy = Wait()
    stuck = start(keeper, "stuck")
    stuck.tell(busy)
    assert busy.entered.wait(5)
    start(keeper, "quick")
    assert keeper.stop(timeout=5)
    assert audience.messages == [("stuck", "stuck"), ("closed", None)]
    busy.leave.set()
    assert wait_ended(stuck, timeout=5)


def test_every_stuck_child_is_named_though_naming_one_fails(audience: Probe) -> None:
    class Clumsy(Keeper):
        shutdown_deadline = 0.05

        def child_stuck(self, key: Hashable, ref: ActorRef[Any]) -> None:
            super().child_stuck(key, ref)
            raise BUG

    keeper = Clumsy.start(audience.ref)
    waits = [Wait(), Wait()]
    stuck = [start(keeper, key) for key in "ab"]
    for ref, busy in zip(stuck, waits, strict=True):
        ref.tell(busy)
        assert busy.entered.wait(5)
    assert keeper.stop(timeout=5)
    assert audience.messages == [("stuck", "a"), ("stuck", "b"), ("closed", None)]
    for busy in waits:
        busy.leave.set()
    assert [wait_ended(ref, timeout=5) for ref in stuck] == [True, True]


def test_no_child_is_restarted_after_its_supervisors_end(
    keeper: ActorRef[Keeper], audience: Probe, clock: ManualClock
) -> None:
    start(keeper, "a").tell(Crash(BUG))
    clock.settle()
    keeper.stop(timeout=5)
    clock.advance(3600)
    assert audience.messages == [("terminated", "a", BUG), ("closed", None)]
