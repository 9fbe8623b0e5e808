"""An actor's ordinary life: messages, answers, refusals, options, timers."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pykka
import pytest
from pykka import ActorRef
from structlog.testing import capture_logs

from actors.runtime import Actor, MailboxFull, Refusal, mailbox_of, wait_ended
from actors.runtime.testing import ManualClock, Probe
from tests.runtime.cast import CancelTimer, Order, Player, Refuse, Say, SetTimer, Wait


@pytest.fixture
def player(audience: Probe, clock: ManualClock) -> Iterator[ActorRef[Player]]:
    ref = Player.start(audience.ref, clock=clock)
    audience.expect(str)
    yield ref
    ref.stop(timeout=5)


def test_what_receive_returns_answers_an_ask(player: ActorRef[Player]) -> None:
    assert player.ask(Say("hello"), timeout=5) == "hello"


def test_messages_are_handled_in_the_order_in_which_they_came(player: ActorRef[Player], audience: Probe) -> None:
    for number in range(100):
        player.tell(Say(str(number)))
    player.ask(Say("last"), timeout=5)
    assert [text for text, _ in audience.messages[1:]] == [*map(str, range(100)), "last"]


def test_started_runs_first_and_in_the_actors_own_thread() -> None:
    threads = []

    class Notes(Actor):
        def __init__(self) -> None:
            super().__init__()
            threads.append(threading.current_thread())

        def started(self) -> None:
            threads.append(threading.current_thread())

        def receive(self, message: object) -> object:
            threads.append(threading.current_thread())
            return None

        def closed(self, cause: BaseException | None) -> None:
            threads.append(threading.current_thread())

    ref = Notes.start(name="notes")
    ref.ask("x", timeout=5)
    ref.stop(timeout=5)
    assert [thread.name for thread in threads[1:]] == ["notes"] * 3
    assert threads[0] is threading.current_thread()


def test_a_refusal_answers_the_asker_and_the_actor_lives_on(player: ActorRef[Player]) -> None:
    with pytest.raises(Refusal, match=r"^not today$"):
        player.ask(Refuse("not today"), timeout=5)
    assert player.ask(Say("still here"), timeout=5) == "still here"


def test_a_refusal_under_tell_is_logged_without_the_message(player: ActorRef[Player]) -> None:
    with capture_logs() as logs:
        player.tell(Refuse("not today"))
        player.ask(Say("still here"), timeout=5)
    refused = [entry for entry in logs if entry["event"] == "actor.refused"]
    assert [(entry["message"], entry["reason"], entry["log_level"]) for entry in refused] == [
        ("Refuse", "not today", "warning")
    ]


def test_what_an_actor_does_not_know_is_refused(player: ActorRef[Player]) -> None:
    with pytest.raises(Refusal, match="does not know bytes"):
        player.ask(b"?", timeout=5)


def test_proxies_are_refused(player: ActorRef[Player]) -> None:
    with pytest.raises(Refusal, match="not proxy calls"):
        player.ask(pykka.messages.ProxyGetAttr(attr_path=("name",)), timeout=5)


@pytest.mark.parametrize("hook", ["on_start", "on_receive", "on_stop", "on_failure"])
def test_a_pykka_hook_that_would_never_be_called_is_a_mistake(hook: str) -> None:
    with pytest.raises(TypeError, match=f"Mistaken defines .*{hook}.*: this actor type calls started"):
        type("Mistaken", (Actor,), {hook: lambda self: None})


def test_a_constructor_that_raises_is_told_to_the_starter_and_leaves_nothing() -> None:
    class Unborn(Actor):
        def __init__(self) -> None:
            super().__init__()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Unborn.start()
    assert pykka.ActorRegistry.get_by_class(Unborn) == []


def test_where_there_can_be_no_more_threads_the_starter_hears_of_it(
    monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        Player.start(clock=clock)
    assert pykka.ActorRegistry.get_by_class(Player) == []
    clock.settle(timeout=0)  # nothing of it sleeps on the clock


# --- options ---------------------------------------------------------------------------------------------------------


def test_options_given_to_start_are_not_passed_to_the_constructor(clock: ManualClock) -> None:
    watcher = Probe()

    class Bare(Actor):
        def __init__(self) -> None:
            super().__init__()

    actor = Bare.unstarted(clock=clock, watcher=watcher.ref, name="bare", work_limit=3)
    assert (actor.clock, actor.watcher, actor.name, actor.mailbox.work_limit) == (clock, watcher.ref, "bare", 3)


def test_options_may_be_class_attributes_and_arguments_of_the_constructor() -> None:
    class Narrow(Actor):
        work_limit = 7

        def __init__(self) -> None:
            super().__init__(name="from the constructor")

    assert (Narrow.unstarted().mailbox.work_limit, Narrow.unstarted().name) == (7, "from the constructor")
    assert Narrow.unstarted(name="from start").name == "from start"


def test_an_actor_without_a_name_is_called_after_its_class_and_a_number() -> None:
    first, second = Player.unstarted().name, Player.unstarted().name
    assert first.startswith("Player-")
    assert first != second


# --- how much work may wait ------------------------------------------------------------------------------------------


def test_more_work_than_the_limit_is_refused_at_once_and_facts_are_not() -> None:
    ref = Player.start(work_limit=2)
    busy = Wait()
    ref.tell(busy)
    assert busy.entered.wait(5)
    ref.tell(Order("1"))
    ref.tell(Order("2"))
    with pytest.raises(MailboxFull, match="2 requests waiting; try again later"):
        ref.tell(Order("3"))
    with pytest.raises(MailboxFull) as refused:
        ref.ask(Order("3"), timeout=5)
    assert refused.value.retry_after_seconds == 1.0
    ref.tell(Say("a fact always gets in"))
    assert mailbox_of(ref).depth() == 3
    busy.leave.set()
    assert ref.ask(Say("and is handled"), timeout=5) == "and is handled"
    assert ref.ask(Order("3"), timeout=5) == "3"
    ref.stop(timeout=5)


def test_stop_gets_into_a_full_mailbox() -> None:
    ref = Player.start(work_limit=0)
    with pytest.raises(MailboxFull):
        ref.tell(Order())
    assert ref.stop(timeout=5)


# --- timers ----------------------------------------------------------------------------------------------------------


def test_a_timer_is_received_when_its_time_has_come(
    player: ActorRef[Player], audience: Probe, clock: ManualClock
) -> None:
    player.ask(SetTimer("bell", 5.0, "ding"), timeout=5)
    clock.advance(4.9)
    audience.expect_nothing_else()
    clock.advance(0.1)
    assert audience.expect(timeout=0) == ("ding", 5.0)


def test_a_timer_of_the_same_key_replaces_the_one_before(
    player: ActorRef[Player], audience: Probe, clock: ManualClock
) -> None:
    player.ask(SetTimer("bell", 5.0, "ding"), timeout=5)
    player.ask(SetTimer("bell", 7.0, "dong"), timeout=5)
    clock.advance(10.0)
    assert audience.expect(timeout=0) == ("dong", 7.0)
    audience.expect_nothing_else()


def test_timers_fire_in_the_order_of_their_times_not_of_their_starts(
    player: ActorRef[Player], audience: Probe, clock: ManualClock
) -> None:
    for key, seconds in [("c", 3.0), ("a", 1.0), ("b", 2.0), ("b'", 2.0)]:
        player.ask(SetTimer(key, seconds, key), timeout=5)
    clock.advance(60.0)
    assert audience.messages[1:] == [("a", 1.0), ("b", 2.0), ("b'", 2.0), ("c", 3.0)]


def test_a_cancelled_timer_is_never_received_even_if_it_was_due_when_it_was_cancelled(
    player: ActorRef[Player], audience: Probe, clock: ManualClock
) -> None:
    player.ask(SetTimer("bell", 5.0, "ding"), timeout=5)
    busy = Wait()
    player.tell(busy)
    assert busy.entered.wait(5)
    player.tell(CancelTimer("bell"))
    clock._now = 6.0  # overdue, and nobody has looked: the cancel, which came before, is handled before
    busy.leave.set()
    clock.settle()
    audience.expect_nothing_else()


def test_a_message_that_came_before_a_timer_was_due_is_received_before_it_however_late_that_is(
    player: ActorRef[Player], audience: Probe, clock: ManualClock
) -> None:
    player.ask(SetTimer("deadline", 5.0, "too late"), timeout=5)
    busy = Wait()
    player.tell(busy)
    assert busy.entered.wait(5)
    clock._now = 4.0
    player.tell(Say("in time"))
    clock._now = 9.0
    player.tell(Say("after it"))
    busy.leave.set()
    clock.settle()
    assert [text for text, _ in audience.messages[1:]] == ["in time", "too late", "after it"]


def test_a_timer_of_no_seconds_comes_after_what_waits_already(
    player: ActorRef[Player], audience: Probe, clock: ManualClock
) -> None:
    busy = Wait()
    player.tell(busy)
    assert busy.entered.wait(5)
    player.tell(SetTimer("now", 0, "from the timer"))
    player.tell(Say("waiting"))
    busy.leave.set()
    clock.settle()
    assert [text for text, _ in audience.messages[1:]] == ["waiting", "from the timer"]


def test_timers_run_by_the_machines_clock_too(audience: Probe) -> None:
    ref = Player.start(audience.ref)
    ref.tell(SetTimer("soon", 0.01, "real time"))
    assert audience.expect(tuple)[0] == "real time"
    ref.stop(timeout=5)


def test_a_timer_set_for_a_very_long_time_disturbs_nothing() -> None:
    ref = Player.start()
    ref.ask(SetTimer("never", 1e300, "never"), timeout=5)
    assert ref.ask(Say("here"), timeout=5) == "here"
    ref.stop(timeout=5)


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan")])
def test_a_timer_needs_a_finite_time_to_come(seconds: float) -> None:
    with pytest.raises(ValueError, match="finite number of seconds"):
        Player.unstarted().start_timer("bell", seconds, "ding")


@pytest.mark.parametrize("method", ["start_timer", "cancel_timer"])
def test_timers_are_the_actors_own_business(method: str) -> None:
    ref = Player.start()
    actor = ref._actor_weakref()
    arguments: tuple[Any, ...] = ("key", 1.0, "x") if method == "start_timer" else ("key",)
    with pytest.raises(RuntimeError, match="called from another thread: tell it a message instead"):
        getattr(actor, method)(*arguments)
    ref.stop(timeout=5)


def test_no_timer_is_received_after_the_end(audience: Probe, clock: ManualClock) -> None:
    ref = Player.start(audience.ref, clock=clock)
    ref.ask(SetTimer("bell", 5.0, "ding"), timeout=5)
    ref.stop(timeout=5)
    assert wait_ended(ref, timeout=5)
    clock.advance(10)
    assert audience.messages == ["started", ("closed", None)]


# --- the end of the interpreter --------------------------------------------------------------------------------------


def test_a_forgotten_actor_does_not_keep_the_interpreter_and_is_named() -> None:
    program = "from actors.runtime import Actor; Actor.start(name='left-behind')"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert ended.returncode == 0
    assert "actor_forgotten" in ended.stdout
    assert "left-behind" in ended.stdout
