"""What a task waits on while an actor thinks: to asyncio, in C and in Python, it must look like any future."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

import pytest

from actors.runtime import Reply
from actors.runtime.suspension import Suspension

TASKS = [asyncio.tasks._CTask, asyncio.tasks._PyTask]  # type: ignore[attr-defined]  # private names
name: ContextVar[str] = ContextVar("name", default="nobody's")


@pytest.fixture(params=TASKS, ids=["C", "Python"])
def task_type(request: pytest.FixtureRequest) -> Any:
    return request.param


def run(task_type: Any, coroutine: Coroutine[Any, Any, Any], *, debug: bool = False) -> Any:
    """Like asyncio.run, with tasks of this type."""
    with asyncio.Runner(debug=debug) as runner:
        runner.get_loop().set_task_factory(
            lambda loop, coroutine, **options: task_type(coroutine, loop=loop, **options)
        )
        return runner.run(coroutine)


def test_it_ends_when_another_thread_says_so(task_type: Any) -> None:
    async def main() -> str:
        suspension = Suspension(asyncio.get_running_loop())
        threading.Thread(target=suspension.end).start()
        await suspension
        return "awake"

    assert run(task_type, main()) == "awake"
    assert run(task_type, main(), debug=True) == "awake"


def test_it_may_have_ended_before_it_is_awaited(task_type: Any) -> None:
    async def main() -> None:
        suspension = Suspension(asyncio.get_running_loop())
        suspension.end()
        suspension.end()
        async with asyncio.timeout(5):
            await suspension

    run(task_type, main())


def test_a_second_end_does_not_wake_the_task_from_what_it_waits_for_next(task_type: Any) -> None:
    async def main() -> bool:
        suspension, event = Suspension(asyncio.get_running_loop()), asyncio.Event()
        suspension.end()
        suspension.end()
        await suspension
        suspension.end()
        asyncio.get_running_loop().call_later(0.01, event.set)
        await event.wait()
        return event.is_set()

    assert run(task_type, main())


def test_the_task_keeps_its_own_context(task_type: Any) -> None:
    async def mine(whose: str) -> str:
        name.set(whose)
        reply: Reply[None] = Reply()
        threading.Thread(target=reply.set).start()
        await reply.wait(5)
        found = name.get()
        name.set("changed")
        await asyncio.sleep(0)
        assert name.get() == "changed"
        return found

    async def main() -> tuple[str, str]:
        return await asyncio.gather(mine("one's"), mine("the other's"))

    assert run(task_type, main()) == ["one's", "the other's"]
    assert name.get() == "nobody's"


def test_cancelling_the_task_ends_it_with_the_message_given(task_type: Any) -> None:
    async def main() -> None:
        suspension = Suspension(asyncio.get_running_loop())
        waiting = asyncio.ensure_future(_await(suspension))
        await asyncio.sleep(0)
        waiting.cancel("enough")
        suspension.end()
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await waiting
        assert suspension.cancel() is False

    run(task_type, main())


def test_a_task_cancelled_in_the_turn_in_which_it_is_woken_is_cancelled(task_type: Any) -> None:
    async def main() -> bool:
        suspension = Suspension(asyncio.get_running_loop())
        waiting = asyncio.ensure_future(_await(suspension))
        await asyncio.sleep(0)
        suspension.end()
        waiting.cancel()
        await asyncio.wait([waiting])
        return waiting.cancelled()

    assert run(task_type, main())


def test_asyncios_own_deadlines_work_around_an_answer(task_type: Any) -> None:
    async def main() -> None:
        reply: Reply[str] = Reply()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await reply.wait(None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reply.wait(None), 0.01)
        shielded = asyncio.shield(reply.wait(5))
        shielded.cancel()
        reply.set("still good")
        assert await reply.wait(5) == "still good"

    run(task_type, main())


async def _await(suspension: Suspension) -> None:
    await suspension
