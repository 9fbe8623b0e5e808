"""The pipe to Chromium: whole messages of any size within a bound, whatever the pieces they come in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from actors.browser.chromium import pipe as module
from actors.browser.chromium.pipe import LARGEST, Pipe, PipeError

PATIENCE = 20.0


class Heard:
    """The messages that came, and the arrival of the next."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()

    async def next(self) -> bytes:
        return await asyncio.wait_for(self.messages.get(), PATIENCE)


def on_pipe(test: Callable[[Pipe, Heard, socket.socket], Awaitable[None]]) -> None:
    """Run it on an open pipe, with the other end as a socket."""

    async def run() -> None:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        heard = Heard()
        pipe = Pipe(heard.messages.put_nowait)
        await pipe.open(ours)
        with theirs:
            await test(pipe, heard, theirs)
        pipe.close()
        await asyncio.wait_for(asyncio.wait({pipe.ended}), PATIENCE)

    asyncio.run(run())


async def say(theirs: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(theirs, data)


async def read(theirs: socket.socket, size: int) -> bytearray:
    """The next `size` bytes."""
    data = bytearray()
    while len(data) < size:
        data += await asyncio.get_running_loop().sock_recv(theirs, 2**20)
    return data


def test_messages_are_told_whole_however_they_are_cut() -> None:
    async def test(_: Pipe, heard: Heard, theirs: socket.socket) -> None:
        for part in (b"on", b"e\0two\0", b"thr", b"e", b"e", b"\0"):
            await say(theirs, part)
            await asyncio.sleep(0)
        assert [await heard.next() for _ in range(3)] == [b"one", b"two", b"three"]

    on_pipe(test)


def test_a_message_of_the_largest_size_passes_both_ways() -> None:
    async def test(pipe: Pipe, heard: Heard, theirs: socket.socket) -> None:
        largest = bytes(range(1, 256)) * (LARGEST // 255) + b"x" * (LARGEST % 255)
        telling = asyncio.create_task(say(theirs, largest + b"\0"))
        assert await heard.next() == largest
        await telling
        pipe.send(largest)
        assert await asyncio.wait_for(read(theirs, LARGEST + 1), PATIENCE) == largest + b"\0"

    on_pipe(test)


def test_a_message_that_is_too_large_is_one_lost_message_and_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)

    async def test(pipe: Pipe, heard: Heard, theirs: socket.socket) -> None:
        telling = asyncio.create_task(say(theirs, b"x" * 2**20 + b"\0after\0"))
        assert await heard.next() == b"after"
        await telling
        assert not pipe._parts

    on_pipe(test)


def test_what_waits_for_a_chromium_that_does_not_read_is_bounded() -> None:
    async def test(pipe: Pipe, _: Heard, theirs: socket.socket) -> None:
        half = b"x" * (LARGEST // 2)
        pipe.send(half)
        pipe.send(half)  # fits, because the kernel's own buffers hold a little of the first
        with pytest.raises(PipeError, match="does not read"):
            pipe.send(half)
        await read(theirs, 2 * (len(half) + 1))
        pipe.send(b"it reads again")
        assert await read(theirs, 15) == b"it reads again\0"

    on_pipe(test)


def test_its_end_is_told_at_once_whoever_ends_it() -> None:
    async def theirs_ends(pipe: Pipe, heard: Heard, theirs: socket.socket) -> None:
        await say(theirs, b"last words\0half a wo")
        theirs.close()
        await asyncio.wait_for(asyncio.wait({pipe.ended}), PATIENCE)
        assert heard.messages.get_nowait() == b"last words"
        assert heard.messages.empty()
        with pytest.raises(PipeError, match="closed"):
            pipe.send(b"too late")

    async def dies_with_messages_unread(pipe: Pipe, _: Heard, theirs: socket.socket) -> None:
        pipe.send(b"unread")
        theirs.close()  # the kernel resets the connection
        await asyncio.wait_for(asyncio.wait({pipe.ended}), PATIENCE)

    async def ours_ends(pipe: Pipe, _: Heard, theirs: socket.socket) -> None:
        pipe.close()
        assert await asyncio.get_running_loop().sock_recv(theirs, 10) == b""

    for test in (theirs_ends, dies_with_messages_unread, ours_ends):
        on_pipe(test)


def test_one_that_is_closed_while_it_is_opened_is_closed() -> None:
    async def run() -> None:
        ours, theirs = socket.socketpair()
        pipe = Pipe(lambda _: None)
        opening = asyncio.create_task(pipe.open(ours))
        await asyncio.sleep(0)
        pipe.close()
        await opening
        with theirs:
            theirs.settimeout(PATIENCE)
            assert await asyncio.to_thread(theirs.recv, 10) == b""

    asyncio.run(run())
