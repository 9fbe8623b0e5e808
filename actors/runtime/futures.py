"""Futures of work in threads of our own: how a thread fulfils one, and how an event loop waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def fulfil(future: Future[T], work: Callable[[], T]) -> None:
    """Run `work`, and give the future its result or its exception; do nothing if the future was cancelled."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whatever it is, whoever waits is told
        future.set_exception(error)
    else:
        future.set_result(result)


async def until_done(future: Future[T], seconds: float) -> bool:
    """Wait for a future, and never cancel it; return True if it is done within `seconds`."""
    loop = asyncio.get_running_loop()
    woken = loop.create_future()

    def wake() -> None:
        if not woken.done():
            woken.set_result(None)

    def tell(_: Future[T]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(wake)

    future.add_done_callback(tell)
    late = loop.call_later(seconds, wake)
    try:
        await woken
    finally:
        late.cancel()
    return future.done()
