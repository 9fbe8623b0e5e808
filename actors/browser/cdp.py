"""The debugging connection to one page (Chrome DevTools Protocol), and calls to our script over it. On the loop only.

The connection is pyppeteer's, made safe against deafness. In pyppeteer 2.0.0 any exception while a message is received
(in a listener; in a future that was cancelled; in an event of a crashed page that nobody listens to) ends the receiving
task, and every later call hangs for ever. So here:

1. Receiving cannot raise: `_on_message` is guarded on both levels, and listeners only pass their arguments on.
2. No future of pyppeteer's is ever cancelled: `Wire.call` waits beside it, with a deadline.
3. There is no receiving task: the pipe (`pipe`) calls us. When it ends, `Wire.deaf` is done, and every call fails.
4. No future is settled twice. The original settles the call that it could not send, keeps it, and fails on it when it
   settles the rest, which then wait for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import structlog
from pyee import EventEmitter

from actors.browser import wa_js
from actors.browser.chromium.pipe import Pipe, PipeError
from actors.texts.readable import from_page


@contextlib.contextmanager
def _without_websocket() -> Iterator[None]:
    """Let pyppeteer be imported without its WebSocket client, which no connection of ours has.

    pyppeteer 2.0.0 imports `connect` from websockets.legacy, which is deprecated, and will not be there for ever.
    """
    name = "websockets.legacy.client"
    found, absent = sys.modules.get(name), ModuleType(name, "No WebSocket client: Chromium is on a pipe.")
    absent.__dict__["connect"] = None
    sys.modules[name] = absent
    try:
        yield
    finally:
        if found is not None:
            sys.modules[name] = found
        else:
            del sys.modules[name]


with _without_websocket():
    from pyppeteer.connection import CDPSession, Connection
    from pyppeteer.errors import NetworkError as NetworkError
    from pyppeteer.errors import PyppeteerError as PyppeteerError

Params = Mapping[str, Any]
Listener = Callable[[Params], None]
"""Takes the parameters of an event. It must not block."""

_log = structlog.get_logger("browser")


class WireError(Exception):
    """Chromium refused a call, or the connection is gone."""


class WireSilent(WireError):
    """Chromium did not answer a call in time."""


class _Session(CDPSession):  # type: ignore[misc]  # pyppeteer is untyped
    """A session in which one bad message is one lost message."""

    def _on_message(self, message: str) -> None:
        try:
            super()._on_message(message)
        except Exception as error:  # noqa: BLE001  # what it is does not matter here: it must not end the pipe
            _log.warning("browser.bad_message", error=repr(error))

    def _on_closed(self) -> None:
        _fail_all(self._callbacks)
        self._connection = None


class PipeConnection(Connection):  # type: ignore[misc]  # pyppeteer is untyped
    """A connection over a pipe, in which one bad message is one lost message. The original speaks WebSocket."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        EventEmitter.__init__(self)
        self._loop, self._lastId = loop, 0
        self._callbacks: dict[int, Any] = {}
        self._sessions: dict[str, _Session] = {}
        self.pipe = Pipe(self._receive)
        self.pipe.ended.add_done_callback(self._end)

    def send(self, method: str, params: Params | None = None) -> asyncio.Future[Any]:
        """Send a call as the original does, but now, in the order of the calls. Raises PipeError."""
        self._lastId += 1
        self.pipe.send(json.dumps({"id": self._lastId, "method": method, "params": params or {}}).encode())
        callback: Any = self._loop.create_future()
        callback.error, callback.method = NetworkError(), method
        self._callbacks[self._lastId] = callback
        return callback  # type: ignore[no-any-return]  # pyppeteer hangs attributes on it, which no type knows

    def _receive(self, message: bytes) -> None:
        """Handle one message, without the turn of the loop that the original takes first."""
        try:
            said = json.loads(message)
            if said.get("id") in self._callbacks:
                self._on_response(said)
            else:
                self._on_query(said)
        except Exception as error:  # noqa: BLE001  # what it is does not matter here: it must not end the pipe
            _log.warning("browser.bad_message", error=repr(error))

    def _end(self, _: asyncio.Future[None]) -> None:
        _fail_all(self._callbacks)
        for session in self._sessions.values():
            session._on_closed()
        self._sessions.clear()

    async def createSession(self, targetInfo: dict[str, Any]) -> _Session:
        """Create a session as the original does, but of our kind."""
        answer = await self.send("Target.attachToTarget", {"targetId": targetInfo["targetId"]})
        session = _Session(self, targetInfo["type"], answer["sessionId"], self._loop)
        self._sessions[answer["sessionId"]] = session
        return session


class Wire:
    """One page of one Chromium. On the loop only."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = PipeConnection(self._loop)
        self._session: _Session | None = None
        self.deaf: asyncio.Future[None] = self._connection.pipe.ended
        """Done when nothing can be received any more."""
        self.files_input: str | None = None
        """The present document's input for files, once it was needed."""

    async def open(self, ours: socket.socket, seconds: float) -> None:
        """Attach to the page that Chromium opens by itself. From now on the socket is ours. Raises WireError."""
        try:
            await self._connection.pipe.open(ours)
        except OSError as error:
            raise WireError(str(error)) from error
        deadline = self._loop.time() + seconds
        while True:
            answer = await _settled(self._send("Target.getTargets"), deadline - self._loop.time())
            pages = [target for target in answer["targetInfos"] if target["type"] == "page"]
            if pages:
                break
            if self._loop.time() > deadline:
                raise WireSilent("Chromium opened no page")
            await asyncio.sleep(0.01)  # Chromium answers a moment before its first page is there
        attaching = self._loop.create_task(self._connection.createSession(pages[0]), name="browser-attach")
        self._session = await _settled(attaching, seconds)

    def _send(self, method: str) -> asyncio.Future[Any]:
        try:
            return self._connection.send(method)
        except PipeError as error:
            raise WireError(str(error)) from error

    def on(self, event: str, listener: Listener) -> None:
        """Call `listener` with the parameters of each such event. It must not block."""
        assert self._session is not None, "open first"
        self._session.on(event, listener)

    def post(self, method: str, params: Params | None = None) -> asyncio.Future[dict[str, Any]]:
        """Send a call now; its answer may be awaited with `answered`, or ignored."""
        if self._session is None:
            raise WireError("The connection is not open")
        try:
            future: asyncio.Future[dict[str, Any]] = self._session.send(method, dict(params or {}))
        except (PyppeteerError, ConnectionError) as error:
            raise WireError(str(error)) from error
        future.add_done_callback(_look)
        return future

    async def call(self, method: str, params: Params | None = None, *, seconds: float = 10.0) -> dict[str, Any]:
        """Send a call and wait for its answer. Raises WireError; WireSilent after `seconds`."""
        answer: dict[str, Any] = await answered(self.post(method, params), seconds)
        return answer

    async def close(self) -> None:
        """Close the connection; pending calls get a WireError."""
        self._connection.pipe.close()
        await asyncio.wait({self.deaf}, timeout=1.0)


async def answered(future: asyncio.Future[Any], seconds: float) -> Any:
    """Return the answer of a posted call. Raises WireError; WireSilent after `seconds`, leaving the call alone."""
    return await _settled(future, seconds)


async def _settled(future: asyncio.Future[Any], seconds: float) -> Any:
    future.add_done_callback(_look)
    await asyncio.wait({future}, timeout=seconds)
    if not future.done():
        raise WireSilent(f"Chromium did not answer within {seconds:.1f} s")
    try:
        return future.result()
    except (PyppeteerError, OSError, asyncio.CancelledError) as error:
        raise WireError(str(error) or repr(error)) from error


def _fail_all(callbacks: dict[int, Any]) -> None:
    """Fail all calls: no answer will come."""
    for callback in callbacks.values():
        if not callback.done():
            callback.set_exception(NetworkError(f"Protocol error {callback.method}: the connection has ended"))
            _look(callback)
    callbacks.clear()


def _look(future: asyncio.Future[Any]) -> None:
    """Read an answer that nobody awaits any more, or asyncio reports it as forgotten."""
    if not future.cancelled():
        future.exception()


HANDED_OVER = 10.0
"""The seconds that Chromium may take to put files into an input."""


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """A file to hand to a page, and the name and type it is to have there."""

    path: Path
    filename: str
    mimetype: str


class ScriptFailed(Exception):
    """The page has no script of ours now, or the script threw: the order was not carried out.

    `code` is WhatsApp's or wa-js's own name for the reason, if any.
    """

    def __init__(self, why: str, code: str | None = None) -> None:
        super().__init__(why)
        self.code = code


async def ask(wire: Wire, name: str, arguments: object = None, *, seconds: float = 10.0) -> Any:
    """Return the answer to one order, from JSON.

    Raises ScriptFailed if it was not carried out; WireError, WireSilent if that is unknown.
    """
    answer = await wire.call(
        "Runtime.evaluate",
        {"expression": wa_js.order(name, arguments), "awaitPromise": True, "returnByValue": True},
        seconds=seconds,
    )
    return _told(answer)


async def ask_with_files(
    wire: Wire, name: str, arguments: Mapping[str, Any], files: Mapping[str, FileOnDisk], *, seconds: float = 10.0
) -> Any:
    """Return the answer to an order that has these files among its arguments, by their fields.

    Chromium reads the files from disk when the page does: 64 MiB are handed over in milliseconds. `seconds` is for the
    order; handing over has a limit of its own. Raises like `ask`.
    """
    if wire.files_input is not None:
        with contextlib.suppress(_InputGone):
            return await _ask_through(wire, wire.files_input, name, arguments, files, seconds)
    made = await wire.call("Runtime.evaluate", {"expression": wa_js.FILES_INPUT}, seconds=HANDED_OVER)
    try:
        there: str = made["result"]["objectId"]
    except KeyError as error:
        raise WireError(f"The page takes no file: {str(made)[:200]}") from error
    wire.files_input = there
    return await _ask_through(wire, there, name, arguments, files, seconds)


class _InputGone(WireError):
    """Chromium put no files into the input, which is of an earlier document: nothing was ordered."""


async def _ask_through(
    wire: Wire, there: str, name: str, arguments: Mapping[str, Any], files: Mapping[str, FileOnDisk], seconds: float
) -> Any:
    """Order it through this input. Raises _InputGone, and like `ask`.

    Both calls are sent at once. Chromium carries them out in their order, and the function takes the files out of the
    input, or refuses if they are not there: so orders may follow one another through one input.
    """
    given = {field: {"filename": file.filename, "mimetype": file.mimetype} for field, file in files.items()}
    order = {
        "objectId": there,
        "functionDeclaration": wa_js.order_with_files(name),
        "arguments": [{"value": dict(arguments)}, {"value": given}],
        "awaitPromise": True,
        "returnByValue": True,
    }
    put_in = {"objectId": there, "files": [str(file.path) for file in files.values()]}
    putting, ordering = wire.post("DOM.setFileInputFiles", put_in), wire.post("Runtime.callFunctionOn", order)
    try:
        await answered(putting, HANDED_OVER)
    except WireSilent:
        raise
    except WireError as error:
        if wire.files_input == there:
            wire.files_input = None
        raise _InputGone(str(error)) from error
    return _told(await answered(ordering, seconds))


def _told(answer: Mapping[str, Any]) -> Any:
    """Return what the script has told. Raises ScriptFailed, WireError."""
    if "exceptionDetails" in answer:
        thrown = answer["exceptionDetails"]
        raise ScriptFailed(str(thrown.get("exception", {}).get("description") or thrown.get("text"))[:300])
    try:
        told = from_page(answer["result"]["value"])
        if "error" in told:
            raise ScriptFailed(str(told["error"].get("message"))[:300], told["error"].get("code"))
        return told["value"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WireError(f"The page answered {str(answer)[:200]}") from error


async def ask_object(wire: Wire, name: str, arguments: object = None, *, seconds: float = 10.0) -> Mapping[str, Any]:
    """Return an answer that must be an object. Raises like `ask`."""
    return object_of(await ask(wire, name, arguments, seconds=seconds))


def object_of(answer: Any) -> Mapping[str, Any]:
    """Return an answer that must be an object. Raises WireError."""
    if not isinstance(answer, dict):
        raise WireError(f"The page answered {str(answer)[:200]}")
    return answer
