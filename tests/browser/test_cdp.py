"""The debugging connection: a Chromium that goes away in the middle of calls leaves nobody waiting."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.cdp import Wire, WireError, WireSilent, answered
from actors.clients.protocol import QrShown
from tests.browser.pages import Open, on_wire
from tests.rig import Sandbox

PATIENCE = 5.0
"""More than anything here takes; a call that nobody fails would wait as long."""


class OtherEnd:
    """Chromium's end of a pipe, with one page. Calls to the page named `Never.…` get no answer."""

    def __init__(self, theirs: socket.socket) -> None:
        self._theirs = theirs

    async def speak(self) -> None:
        reader, self.writer = await asyncio.open_connection(sock=self._theirs, limit=2**27)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                call = json.loads((await reader.readuntil(b"\0"))[:-1])
                for answer in self.answers(call):
                    await self.say(json.dumps(answer))

    async def say(self, message: str) -> None:
        self.writer.write(message.encode() + b"\0")
        await self.writer.drain()

    def answers(self, call: dict[str, Any]) -> list[dict[str, Any]]:
        match call["method"]:
            case "Target.getTargets":
                page = {"targetId": "T", "type": "page"}
                return [{"id": call["id"], "result": {"targetInfos": [page]}}]
            case "Target.attachToTarget":
                return [{"id": call["id"], "result": {"sessionId": "S"}}]
        inner = json.loads(call["params"]["message"])
        if inner["method"].startswith("Never."):
            return []
        said = json.dumps({"id": inner["id"], "result": {"said": inner["method"]}})
        return [
            {"id": call["id"], "result": {}},
            {"method": "Target.receivedMessageFromTarget", "params": {"sessionId": "S", "message": said}},
        ]


def connected(test: Callable[[Wire, OtherEnd], Awaitable[None]]) -> list[dict[str, Any]]:
    """Run it on an open connection; what the loop had to report of forgotten errors."""
    reported: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
        ours, theirs = socket.socketpair()
        other = OtherEnd(theirs)
        speaking = asyncio.create_task(other.speak())
        wire = Wire()
        await wire.open(ours, PATIENCE)
        await test(wire, other)
        await wire.close()
        await speaking
        other.writer.close()

    asyncio.run(run())
    return reported


def test_calls_are_answered() -> None:
    async def test(wire: Wire, _: OtherEnd) -> None:
        assert await wire.call("Page.enable") == {"said": "Page.enable"}
        with pytest.raises(WireSilent):
            await wire.call("Never.answered", seconds=0.05)

    assert connected(test) == []


def cut(wire: Wire) -> None:
    """The connection breaks now: nobody has noticed yet."""
    wire._connection.pipe.close()


def test_a_connection_that_breaks_while_calls_are_sent_fails_every_call_at_once_and_no_future_twice() -> None:
    async def test(wire: Wire, _: OtherEnd) -> None:
        waiting = wire.post("Never.answered")
        await wire.call("Page.enable")
        cut(wire)
        sent_into_nothing = [wire.post("Page.enable") for _ in range(3)]
        for call in (waiting, *sent_into_nothing):
            with pytest.raises(WireError) as failed:
                await answered(call, PATIENCE)
            assert not isinstance(failed.value, WireSilent)
        assert wire.deaf.done()
        with pytest.raises(WireError, match="closed"):
            await wire.call("Page.enable")

    assert connected(test) == []


def test_a_call_that_was_given_up_before_the_connection_broke_disturbs_nobody() -> None:
    async def test(wire: Wire, _: OtherEnd) -> None:
        given_up, waiting = wire.post("Never.one"), wire.post("Never.two")
        given_up.cancel()
        cut(wire)
        with pytest.raises(WireError, match="ended"):
            await answered(waiting, PATIENCE)

    assert connected(test) == []


def test_closing_fails_what_still_waits() -> None:
    async def test(wire: Wire, _: OtherEnd) -> None:
        waiting = wire.post("Never.answered")
        await wire.close()
        with pytest.raises(WireError, match="ended"):
            await answered(waiting, PATIENCE)

    assert connected(test) == []


def test_a_message_that_is_none_is_one_lost_message() -> None:
    async def test(wire: Wire, other: OtherEnd) -> None:
        heard: list[Any] = []
        wire.on("Page.said", heard.append)
        for message in ("nonsense", "[]", '{"id": 99, "error": 1}', '{"id": null}'):
            inner = {"sessionId": "S", "message": message}
            await other.say(json.dumps({"method": "Target.receivedMessageFromTarget", "params": inner}))
            await other.say(message)
        said = json.dumps({"method": "Page.said", "params": {"text": "hello"}})
        inner = {"sessionId": "S", "message": said}
        await other.say(json.dumps({"method": "Target.receivedMessageFromTarget", "params": inner}))
        assert await wire.call("Page.enable") == {"said": "Page.enable"}
        assert heard == [{"text": "hello"}]

    assert connected(test) == []


def test_an_other_end_that_is_closed_is_an_error_and_not_a_wait() -> None:
    async def test() -> None:
        ours, theirs = socket.socketpair()
        theirs.close()
        wire = Wire()
        with pytest.raises(WireError):
            await wire.open(ours, PATIENCE)
        await wire.close()

    asyncio.run(test())


def test_the_end_of_the_other_end_fails_every_call_at_once() -> None:
    async def test(wire: Wire, other: OtherEnd) -> None:
        waiting = wire.post("Never.answered")
        await wire.call("Page.enable")
        other.writer.close()
        with pytest.raises(WireError, match="ended"):
            await answered(waiting, PATIENCE)
        assert wire.deaf.done()

    assert connected(test) == []


@pytest.mark.e2e
def test_nothing_that_deafens_pyppeteer_deafens_the_connection(
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox
) -> None:
    opened(shell).told.until(QrShown)

    async def story(wire: Wire) -> None:
        def raising(_: object) -> None:
            raise RuntimeError("a listener's bug")

        wire.on("Runtime.consoleAPICalled", raising)
        await wire.call("Runtime.evaluate", {"expression": "console.log(1)"})
        with pytest.raises(WireError):
            await wire.call("No.suchMethod")
        with pytest.raises(WireSilent):
            await wire.call(
                "Runtime.evaluate", {"expression": "new Promise(() => {})", "awaitPromise": True}, seconds=0.05
            )
        late = wire.post("No.suchMethod")
        late.cancel()
        busy = "for (const end = performance.now() + 200; performance.now() < end;);"
        with pytest.raises(WireSilent):
            await wire.call("Runtime.evaluate", {"expression": busy}, seconds=0.05)
        answer = await wire.call("Runtime.evaluate", {"expression": "6 * 7"})
        assert answer["result"]["value"] == 42
        assert not wire.deaf.done()

    on_wire(shell, story)
