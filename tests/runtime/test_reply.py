"""Answers: in threads and in event loops, in time and too late, now and later."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pykka import ActorDeadError, ActorRef, Timeout

from actors.runtime import AlreadyAnswered, Refusal, Reply, ReplyTo, ask, stop
from tests.runtime.cast import Crash, Defer, Player, Refuse, Say, Wait


@pytest.fixture
def player() -> Iterator[ActorRef[Player]]:
    ref = Player.start()
    yield ref
    ref.stop(timeout=5)


@pytest.fixture
def busy(player: ActorRef[Player]) -> Iterator[Wait]:
    """The player does not get to anything until this is let go."""
    wait = Wait()
    player.tell(wait)
    assert wait.entered.wait(5)
    yield wait
    wait.leave.set()


# --- in threads ------------------------------------------------------------------------------------------------------


def test_an_ask_gives_up_after_its_timeout_and_the_answer_goes_nowhere(player: ActorRef[Player], busy: Wait) -> None:
    with pytest.raises(Timeout):
        player.ask(Say("slow"), timeout=0.01)
    busy.leave.set()
    assert player.ask(Say("next"), timeout=5) == "next"


def test_an_answer_is_given_once() -> None:
    reply: Reply[int] = Reply()
    assert not reply.is_answered()
    reply.set(1)
    assert reply.is_answered()
    with pytest.raises(queue.Full):
        reply.set(2)
    with pytest.raises(queue.Full):
        reply.set_exception((ValueError, ValueError(), None))
    assert (reply.offer(3), reply.fail(ValueError())) == (False, False)
    assert (reply.get(timeout=0), reply.get(timeout=0)) == (1, 1)


def test_an_answer_of_none_is_an_answer() -> None:
    reply: Reply[None] = Reply()
    assert reply.offer(None)
    assert reply.is_answered()
    assert reply.get(timeout=0) is None


def test_only_an_exception_is_a_failure() -> None:
    replies: list[Reply[None]] = [Reply(), Reply(), Reply()]
    replies[1].offer(None)
    replies[2].fail(ValueError())
    assert [reply.has_failed() for reply in replies] == [False, False, True]


def test_an_exception_may_be_the_answer() -> None:
    reply: Reply[None] = Reply()
    assert reply.fail(ValueError("no"))
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            reply.get(timeout=0)


def test_set_exception_takes_the_one_being_handled() -> None:
    reply: Reply[None] = Reply()
    try:
        raise ValueError("being handled")
    except ValueError:
        reply.set_exception()
    with pytest.raises(ValueError, match="being handled"):
        reply.get(timeout=0)


def test_callbacks_are_called_once_answered_or_at_once_if_that_has_happened() -> None:
    reply: Reply[int] = Reply()
    called: list[str] = []
    reply.add_callback(lambda: called.append("early"))
    assert called == []
    reply.set(1)
    assert called == ["early"]
    reply.add_callback(lambda: called.append("late"))
    assert called == ["early", "late"]


def test_a_callback_that_was_discarded_is_not_called() -> None:
    reply: Reply[int] = Reply()
    called: list[str] = []

    def callback() -> None:
        called.append("called")

    reply.add_callback(callback)
    reply.discard_callback(callback)
    reply.discard_callback(callback)
    reply.set(1)
    assert called == []


def test_of_many_threads_that_answer_one_counts() -> None:
    for _ in range(200):
        reply: Reply[int] = Reply()
        go = threading.Barrier(4)
        counted: list[int] = []

        def answer(
            number: int, reply: Reply[int] = reply, go: threading.Barrier = go, counted: list[int] = counted
        ) -> None:
            go.wait(5)
            if reply.offer(number):
                counted.append(number)

        threads = [threading.Thread(target=answer, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert counted == [reply.get(timeout=0)]


# --- in event loops --------------------------------------------------------------------------------------------------


def test_an_answer_can_be_awaited(player: ActorRef[Player]) -> None:
    assert asyncio.run(ask(player, Say("hello"), timeout=5)) == "hello"


def test_a_refusal_and_a_crash_are_raised_where_they_are_awaited(player: ActorRef[Player]) -> None:
    with pytest.raises(Refusal, match="not today"):
        asyncio.run(ask(player, Refuse("not today"), timeout=5))
    with pytest.raises(ValueError, match="bug"):
        asyncio.run(ask(player, Crash(ValueError("bug")), timeout=5))
    with pytest.raises(ActorDeadError):
        asyncio.run(ask(player, Say("anybody there"), timeout=5))


def test_a_system_exit_of_an_actor_does_not_end_the_event_loop(player: ActorRef[Player]) -> None:
    with pytest.raises(ActorDeadError):
        asyncio.run(ask(player, Crash(SystemExit(3)), timeout=5))


def test_awaiting_gives_up_after_its_timeout(player: ActorRef[Player], busy: Wait) -> None:
    with pytest.raises(Timeout, match=r"0\.01 seconds"):
        asyncio.run(ask(player, Say("slow"), timeout=0.01))


def test_the_event_loop_goes_on_while_an_answer_is_awaited(player: ActorRef[Player], busy: Wait) -> None:
    async def turns() -> Any:
        answer = asyncio.create_task(ask(player, Say("at last"), timeout=5))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not answer.done()
        busy.leave.set()
        return await answer

    assert asyncio.run(turns()) == "at last"


def test_a_thousand_answers_are_awaited_at_once(player: ActorRef[Player]) -> None:
    async def everybody() -> list[Any]:
        return await asyncio.gather(*(ask(player, Say(str(number)), timeout=10) for number in range(1000)))

    assert asyncio.run(everybody()) == [str(number) for number in range(1000)]


def test_an_await_that_is_cancelled_leaves_the_reply_and_the_actor_as_they_were(
    player: ActorRef[Player], busy: Wait
) -> None:
    async def impatient() -> object:
        reply = player.ask(Say("once"), block=False)
        assert isinstance(reply, Reply)
        waiting = asyncio.create_task(reply.wait(5))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert reply._callbacks == []
        busy.leave.set()
        return await reply

    assert asyncio.run(impatient()) == "once"
    assert player.ask(Say("again"), timeout=5) == "again"


def test_several_tasks_may_await_one_reply() -> None:
    async def all_of_them() -> list[int]:
        reply: Reply[int] = Reply()
        waiting = [asyncio.create_task(reply.wait(5)) for _ in range(3)]
        await asyncio.sleep(0)
        threading.Thread(target=reply.set, args=(7,)).start()
        return await asyncio.gather(*waiting)

    assert asyncio.run(all_of_them()) == [7, 7, 7]


def test_a_loop_that_was_closed_meanwhile_disturbs_nobody_who_answers() -> None:
    reply: Reply[int] = Reply()
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(reply.wait(None))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    reply.set(1)
    assert reply.get(timeout=0) == 1
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]  # its loop is gone: that is what we wanted


def test_an_answer_given_while_the_await_begins_is_not_missed() -> None:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    async def many() -> None:
        for number in range(300):
            reply: Reply[int] = Reply()
            answerer = threading.Thread(target=reply.set, args=(number,))
            answerer.start()
            assert await reply.wait(5) == number
            answerer.join()

    try:
        asyncio.run(many())
    finally:
        sys.setswitchinterval(usual)


def test_a_future_that_pykka_has_built_upon_only_has_get() -> None:
    reply: Reply[int] = Reply()
    reply.set(1)
    doubled = reply.map(lambda value: 2 * value)
    assert isinstance(doubled, Reply)
    with pytest.raises(TypeError, match=r"only has get\(\)"):
        asyncio.run(doubled.wait(1))
    assert doubled.get(timeout=1) == 2


def test_stop_can_be_awaited(player: ActorRef[Player]) -> None:
    assert asyncio.run(stop(player, timeout=5)) is True
    assert asyncio.run(stop(player, timeout=5)) is False


def test_awaiting_a_stop_gives_up_after_its_timeout(player: ActorRef[Player], busy: Wait) -> None:
    with pytest.raises(Timeout):
        asyncio.run(stop(player, timeout=0.01))
    busy.leave.set()
    player.actor_stopped.wait(5)
    assert not player.is_alive()


# --- answering later -------------------------------------------------------------------------------------------------


@pytest.fixture
def address(player: ActorRef[Player]) -> tuple[Reply[Any], ReplyTo]:
    """The asker's side and the actor's."""
    waiting = Defer()
    reply = player.ask(waiting, block=False)
    player.ask(Say("taken"), timeout=5)
    assert isinstance(reply, Reply)
    return reply, waiting.taken[0]


def test_an_answer_may_be_given_later_from_any_thread(address: tuple[Reply[Any], ReplyTo]) -> None:
    reply, reply_to = address
    with pytest.raises(Timeout):
        reply.get(timeout=0)
    threading.Thread(target=reply_to.answer, args=("later",)).start()
    assert reply.get(timeout=5) == "later"


def test_a_refusal_may_be_given_later(address: tuple[Reply[Any], ReplyTo]) -> None:
    reply, reply_to = address
    reply_to.refuse(Refusal("no"))
    with pytest.raises(Refusal, match="no"):
        reply.get(timeout=5)


def test_a_second_answer_is_a_mistake_and_the_first_one_counts(address: tuple[Reply[Any], ReplyTo]) -> None:
    reply, reply_to = address
    reply_to.answer("first")
    with pytest.raises(AlreadyAnswered):
        reply_to.answer("second")
    with pytest.raises(AlreadyAnswered):
        reply_to.refuse(Refusal("second"))
    assert reply.get(timeout=5) == "first"


def test_after_the_actors_death_answers_go_nowhere(
    player: ActorRef[Player], address: tuple[Reply[Any], ReplyTo]
) -> None:
    reply, reply_to = address
    player.stop(timeout=5)
    reply_to.answer("too late")
    reply_to.refuse(Refusal("too late"))
    with pytest.raises(ActorDeadError, match="died before it answered"):
        reply.get(timeout=5)


def test_under_tell_what_is_answered_goes_nowhere(player: ActorRef[Player]) -> None:
    waiting = Defer()
    player.tell(waiting)
    player.ask(Say("taken"), timeout=5)
    waiting.taken[0].answer("to nobody")


def test_the_address_of_a_message_is_taken_once() -> None:
    player = Player.unstarted()
    player.defer()
    with pytest.raises(RuntimeError, match="taken already"):
        player.defer()


def test_an_asker_who_has_given_up_disturbs_nobody_who_answers_later(address: tuple[Reply[Any], ReplyTo]) -> None:
    reply, reply_to = address

    async def impatient() -> None:
        with pytest.raises(Timeout):
            await reply.wait(0.01)

    asyncio.run(impatient())
    reply_to.answer("later")
    assert reply.get(timeout=5) == "later"
