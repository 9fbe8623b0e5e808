"""The mailbox and its timers as plain objects, against models written the simplest way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pykka import ActorDeadError
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from actors.runtime import Mailbox, MailboxFull, Reply, Work
from actors.runtime.mailbox import Timers
from actors.runtime.testing import ManualClock


class Task(Work):
    pass


def test_it_gives_what_it_took_in_that_order() -> None:
    mailbox = Mailbox()
    for number in range(5):
        mailbox.put(Envelope(number))
    assert (mailbox.depth(), mailbox.empty(), mailbox.messages()) == (5, False, [0, 1, 2, 3, 4])
    assert [mailbox.get().message for _ in range(5)] == [0, 1, 2, 3, 4]
    assert (mailbox.depth(), mailbox.empty(), mailbox.accepted()) == (0, True, 5)


def test_the_age_of_the_oldest_message_is_told() -> None:
    clock = ManualClock()
    mailbox = Mailbox(clock=clock)
    assert mailbox.oldest_age() == 0.0
    mailbox.put(Envelope("first"))
    clock.advance(3.0)
    mailbox.put(Envelope("second"))
    assert mailbox.oldest_age() == 3.0
    mailbox.get()
    assert mailbox.oldest_age() == 0.0


def test_work_has_a_limit_and_taking_one_out_makes_room_for_one() -> None:
    mailbox = Mailbox(work_limit=2, owner="clerk")
    mailbox.put(Envelope(Task()))
    mailbox.put(Envelope("a fact"))
    mailbox.put(Envelope(Task()))
    with pytest.raises(MailboxFull, match="clerk has 2 requests waiting"):
        mailbox.put(Envelope(Task()))
    mailbox.put(Envelope(_ActorStop()))
    mailbox.get()
    mailbox.put(Envelope(Task()))
    with pytest.raises(MailboxFull):
        mailbox.put(Envelope(Task()))


def test_who_asks_at_a_full_mailbox_is_answered() -> None:
    mailbox = Mailbox(work_limit=0)
    reply: Reply[Any] = Reply()
    mailbox.put(Envelope(Task(), reply_to=reply))
    with pytest.raises(MailboxFull):
        reply.get(timeout=0)


def test_a_closed_door_stays_closed_and_what_was_left_is_handed_over() -> None:
    mailbox = Mailbox(owner="clerk")
    mailbox.put(Envelope("left"))
    mailbox.timers.start("bell", 1.0, 0.0, "ding")
    assert [envelope.message for envelope in mailbox.close()] == ["left"]
    assert (len(mailbox.timers), mailbox.next_due(), mailbox.depth()) == (0, None, 0)
    with pytest.raises(ActorDeadError, match="clerk is dead"):
        mailbox.put(Envelope("late"))
    reply: Reply[Any] = Reply()
    mailbox.put(Envelope("late", reply_to=reply))
    with pytest.raises(ActorDeadError):
        reply.get(timeout=0)
    assert mailbox.close() == []


def test_a_closed_door_is_the_obstacle_even_where_there_is_no_room_either() -> None:
    mailbox = Mailbox(work_limit=0)
    mailbox.close()
    with pytest.raises(ActorDeadError):
        mailbox.put(Envelope(Task()))


# Moments are whole seconds, so that several things often happen at one of them.
MOMENTS = st.integers(0, 6)


@given(messages=st.lists(MOMENTS), dues=st.lists(MOMENTS, unique=True), looked_at=st.integers(6, 9))
def test_messages_and_timers_come_in_the_order_of_their_times_however_late_the_look(
    messages: list[int], dues: list[int], looked_at: int
) -> None:
    clock = ManualClock()
    mailbox = Mailbox(clock=clock)
    for due in dues:
        mailbox.timers.start(due, due, 0.0, (due, "timer"))
    for moment in sorted(messages):
        clock.advance(moment - clock.monotonic())
        mailbox.put(Envelope((moment, "message")))
    clock.advance(looked_at - clock.monotonic())
    got = [mailbox.get().message for _ in range(len(messages) + len(dues))]
    # "message" < "timer": of one moment, the message goes first.
    assert got == sorted([*((moment, "message") for moment in messages), *((due, "timer") for due in dues)])


KEYS = st.sampled_from("abcd")
STARTS = st.tuples(KEYS, st.integers(0, 5))


@given(st.lists(st.one_of(STARTS, KEYS)))
def test_the_earliest_timer_is_what_a_look_through_all_of_them_finds(steps: list[tuple[str, int] | str]) -> None:
    timers, model = Timers(), dict[str, tuple[int, int]]()
    for number, step in enumerate(steps):
        if isinstance(step, tuple):
            key, seconds = step
            timers.start(key, seconds, float(number), number)
            model[key] = (number + seconds, number)
        else:
            timers.cancel(step)
            model.pop(step, None)
        earliest = timers.earliest
        assert (earliest and (earliest.due, earliest.message)) == min(model.values(), default=None)
        assert {timer.key for timer in timers} == set(model)
        assert len(timers) == len(model)
