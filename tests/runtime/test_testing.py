"""The tools that are shipped to test actors with: ManualClock, Probe, unstarted actors, Leaks."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

import pytest
from pykka import ActorDeadError, ActorRef, Timeout

from actors.runtime import Actor, Refusal, SystemClock
from actors.runtime.testing import (
    Leak,
    Leaks,
    ManualClock,
    NothingReceived,
    NotSettled,
    Probe,
    asked,
    fire,
    own_tells,
    timers,
    unstarted,
)
from tests.runtime.cast import Crash, Defer, Player, Refuse, Say, SetTimer, Wait

# --- ManualClock -----------------------------------------------------------------------------------------------------


def test_time_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(epoch=1000.0)
    assert (clock.monotonic(), clock.time()) == (0.0, 1000.0)
    clock.advance(2.5)
    assert (clock.monotonic(), clock.time()) == (2.5, 1002.5)


@pytest.mark.parametrize("seconds", [-0.1, float("nan")])
def test_time_does_not_go_back(seconds: float) -> None:
    with pytest.raises(ValueError, match="time does not go back"):
        ManualClock().advance(seconds)


def test_the_machines_clock_goes_forward() -> None:
    clock = SystemClock()
    earlier, epoch = clock.monotonic(), clock.time()
    assert clock.monotonic() >= earlier
    assert epoch > 1_700_000_000


@dataclass(frozen=True)
class Tick:
    """Passed on to the next actor, one second later."""

    left: int


class Relay(Actor):
    """Hands a tick to `to`, a second after it got it."""

    def __init__(self, to: ActorRef[Any] | None, audience: ActorRef[Any]) -> None:
        super().__init__()
        self.to, self.audience = to, audience

    def receive(self, message: object) -> object:
        match message:
            case Tick(left):
                self.audience.tell((self.name, self.now()))
                if left:
                    self.start_timer("pass on", 1.0, left - 1)
            case int():
                (self.to or self.actor_ref).tell(Tick(message))
        return None


def test_what_timers_lead_to_in_other_actors_happens_before_time_moves_on() -> None:
    clock, audience = ManualClock(), Probe()
    second = Relay.start(None, audience.ref, clock=clock, name="second")
    first = Relay.start(second, audience.ref, clock=clock, name="first")
    first.tell(Tick(3600))
    clock.advance(3600.5)
    assert audience.messages == [("first", 0.0), *(("second", float(second)) for second in range(1, 3601))]
    for ref in (first, second):
        ref.stop(timeout=5)


def test_timers_that_start_timers_fire_within_one_advance_at_their_own_moments() -> None:
    clock, audience = ManualClock(), Probe()
    ref = Relay.start(None, audience.ref, clock=clock)
    ref.tell(Tick(10))
    clock.advance(5.0)
    assert [moment for _, moment in audience.messages] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    ref.stop(timeout=5)


def test_an_actor_that_stays_busy_is_not_waited_for_for_ever() -> None:
    clock, busy = ManualClock(), Wait()
    ref = Player.start(clock=clock)
    ref.tell(busy)
    with pytest.raises(NotSettled, match="still busy"):
        clock.settle(timeout=0.01)
    with pytest.raises(NotSettled):
        clock.advance(1.0, timeout=0.01)
    busy.leave.set()
    clock.settle()
    ref.stop(timeout=5)


def test_a_clock_settles_though_actors_die_on_it() -> None:
    clock = ManualClock()
    refs = [Player.start(clock=clock) for _ in range(5)]
    for ref in refs:
        ref.tell(SetTimer("end", 1.0, "x"))
        ref.tell(Crash(ValueError("bug")))
    clock.advance(10.0)
    assert not any(ref.is_alive() for ref in refs)


# --- Probe -----------------------------------------------------------------------------------------------------------


def test_a_probe_waits_for_what_it_expects_and_keeps_the_rest() -> None:
    probe = Probe()
    probe.ref.tell("early")
    threading.Thread(target=probe.ref.tell, args=(7,)).start()
    assert probe.expect(int) == 7
    assert probe.expect() == "early"
    assert probe.messages in (["early", 7], [7, "early"])
    probe.expect_nothing_else()


def test_a_probe_may_be_told_which_message_it_is_to_wait_for() -> None:
    probe = Probe()
    for number in range(5):
        probe.ref.tell(number)
    assert probe.expect(int, lambda number: number > 2) == 3
    assert probe.expect(int, lambda number: number > 2) == 4
    with pytest.raises(NothingReceived, match=r"int did not come within 0 s; came: \[0, 1, 2\]"):
        probe.expect(int, lambda number: number > 2, timeout=0)


def test_a_probe_complains_of_what_nobody_expected() -> None:
    probe = Probe()
    probe.expect_nothing_else()
    probe.ref.tell("surprise")
    with pytest.raises(AssertionError, match=r"unexpected: \['surprise'\]"):
        probe.expect_nothing_else()


def test_who_asks_a_probe_is_answered_by_the_test() -> None:
    probe = Probe()
    answer = probe.ref.ask("question", block=False)
    received = probe.expect_received(str)
    assert received.message == "question"
    with pytest.raises(Timeout):
        answer.get(timeout=0)
    assert received.reply is not None
    received.reply.set("answer")
    assert answer.get(timeout=0) == "answer"
    probe.ref.tell("told")
    assert probe.expect_received().reply is None


def test_a_closed_probe_is_dead() -> None:
    probe = Probe()
    probe.close()
    assert not probe.ref.is_alive()
    with pytest.raises(ActorDeadError):
        probe.ref.tell("x")
    with pytest.raises(ActorDeadError):
        probe.ref.ask("x", timeout=1)


def test_a_probe_has_no_thread() -> None:
    leaks = Leaks()
    Probe().ref.tell("x")
    assert (leaks.threads(), leaks.actors()) == ([], [])


# --- unstarted -------------------------------------------------------------------------------------------------------


def test_an_unstarted_actor_does_nothing_by_itself() -> None:
    leaks = Leaks()
    player = unstarted(Player)
    player.actor_ref.tell(Say("waiting"))
    assert own_tells(player) == [Say("waiting")]
    assert isinstance(player.clock, ManualClock)
    assert (leaks.threads(), leaks.actors()) == ([], [])


def test_an_unstarted_actor_can_be_asked() -> None:
    player = unstarted(Player)
    assert asked(player, Say("hello")).get(timeout=0) == "hello"
    with pytest.raises(Refusal, match="no"):
        asked(player, Refuse("no")).get(timeout=0)
    with pytest.raises(ValueError, match="bug"):
        asked(player, Crash(ValueError("bug")))


def test_an_unstarted_actor_may_answer_later() -> None:
    player, later = unstarted(Player), Defer()
    reply = asked(player, later)
    assert not reply.is_answered()
    later.taken[0].answer("later")
    assert reply.get(timeout=0) == "later"


def test_the_timers_of_an_unstarted_actor_are_seen_and_fired_by_hand() -> None:
    probe = Probe()
    player = unstarted(Player, probe.ref)
    player.receive(SetTimer("bell", 5.0, "ding"))
    assert timers(player) == {"bell": 5.0}
    fire(player, "bell")
    assert timers(player) == {}
    assert probe.expect() == ("ding", 0.0)
    with pytest.raises(KeyError):
        fire(player, "bell")


# --- Leaks -----------------------------------------------------------------------------------------------------------


def test_threads_and_actors_that_were_there_before_are_no_leak() -> None:
    ref = Player.start()
    Leaks().check(timeout=0)
    ref.stop(timeout=5)


def test_a_leaked_actor_is_named_and_can_be_stopped() -> None:
    older = Player.start()
    leaks = Leaks()
    ref = Player.start(name="leaked")
    with pytest.raises(Leak, match=re.escape(f"threads ['leaked'], actors ['{ref}']")):
        leaks.check(timeout=0.01)
    leaks.stop_actors()
    leaks.check()
    assert older.stop(timeout=5) is True


def test_what_is_started_by_what_is_ending_is_waited_for_too() -> None:
    leaks, end = Leaks(), threading.Event()
    last = threading.Thread(target=end.wait)

    def pass_on() -> None:
        last.start()
        threading.Timer(0.05, end.set).start()

    first = threading.Timer(0.05, pass_on)
    first.start()
    leaks.check()
    assert end.is_set()


def test_what_is_ending_is_waited_for() -> None:
    leaks = Leaks()
    busy = Wait()
    ref = Player.start()
    ref.tell(busy)
    stopped = ref.stop(block=False)
    threading.Timer(0.05, busy.leave.set).start()
    leaks.check()
    assert stopped.get(timeout=5) is True
