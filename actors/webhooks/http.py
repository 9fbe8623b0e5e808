"""The HTTP client that sends deliveries: one event loop in one thread for every target.

1. A name is resolved once, its address is checked, and that very address is used: no name ever reaches a function
   that would resolve it again, so a name with a different second answer (DNS rebinding) gains nothing. TLS still
   verifies the name: httpcore passes it to `start_tls` itself.
2. An attempt ends within its deadline, whatever the target does, always in an `Outcome`; no target can raise anything
   into the loop. The status decides; at most 64 KiB of a body are read, within a second, so that the connection can be
   reused.

Built on httpcore, the layer under httpx: it follows no redirects, reads no proxy from the environment, and keeps no
cookies.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import Any, Protocol

import httpcore2 as httpcore
import httpx2
import structlog

from actors.webhooks.addresses import Address, Network, why_refused
from actors.webhooks.schedule import HttpAnswer, Outcome, Unanswered
from actors.webhooks.targets import refused_literal, target_of

Resolver = Callable[[str, int], Awaitable[list[Address]]]
"""Returns the addresses of a name. Raises OSError if there are none."""


class TargetRefused(Exception):
    """The target's address may not be reached: nothing was sent. The text names the kind of the address."""


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the first address of a host that is allowed and answers. Runs in the loop that calls it."""

    def __init__(self, allowed: Iterable[Network] = (), resolver: Resolver | None = None) -> None:
        self._allowed = tuple(allowed)
        self._resolver = resolver or resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect.

        Raises TargetRefused, httpcore.ConnectError, httpcore.ConnectTimeout after `timeout` seconds in all.
        """
        try:
            async with asyncio.timeout(timeout):
                addresses = self._reachable(await self._addresses(host, port))
                return await self._connect(addresses, port, timeout, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("no connection in time") from error
        except OSError as error:
            raise httpcore.ConnectError("the name cannot be resolved") from error

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Refuse: a webhook is on the network."""
        raise TargetRefused("a unix socket cannot be a target")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[Address]:
        with suppress(ValueError):
            return [ip_address(host)]
        return await self._resolver(host, port)

    def _reachable(self, addresses: list[Address]) -> list[Address]:
        refusals = {address: why_refused(address, self._allowed) for address in addresses}
        if not refusals:
            raise httpcore.ConnectError("the name has no address")
        reachable = [address for address, why in refusals.items() if why is None]
        if not reachable:
            raise TargetRefused(f"The target's address is {next(iter(refusals.values()))}: it may not be reached")
        return reachable

    async def _connect(
        self, addresses: list[Address], port: int, timeout: float | None, *options: Any
    ) -> httpcore.AsyncNetworkStream:
        # An address that does not answer must leave time for the next one.
        share = None if timeout is None else timeout / len(addresses)
        *others, last = addresses
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._connect_to(address, port, share, *options)
        return await self._connect_to(last, port, share, *options)

    async def _connect_to(self, address: Address, port: int, *options: Any) -> httpcore.AsyncNetworkStream:
        stream = await self._network.connect_tcp(str(address), port, *options)
        peer = stream.get_extra_info("server_addr")
        why = "not known" if peer is None else why_refused(peer[0], self._allowed)
        if why is not None:
            await stream.aclose()
            raise TargetRefused(f"The target's address is {why}: it may not be reached")
        return stream


async def resolve(host: str, port: int) -> list[Address]:
    """Ask the system's resolver, in a thread of its own: a hanging thread delays no other, nor the process's exit."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Address]] = loop.create_future()

    def look_up() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(ip_address(row[4][0]) for row in rows))
        except (OSError, ValueError) as error:  # UnicodeError is a ValueError: the text cannot be a name.
            _post(loop, found.set_exception, error if isinstance(error, OSError) else OSError(str(error)), found)
        else:
            _post(loop, found.set_result, addresses, found)

    threading.Thread(target=look_up, name="webhook-dns", daemon=True).start()
    return await found


def _post(
    loop: asyncio.AbstractEventLoop, settle: Callable[[Any], None], value: object, future: asyncio.Future[Any]
) -> None:
    with suppress(RuntimeError):  # The loop has been closed: nobody waits any more.
        loop.call_soon_threadsafe(lambda: None if future.done() else settle(value))


BODY_LIMIT = 64 * 1024
"""Bytes of an answer that are read before its connection is given up."""
BODY_PATIENCE = 1.0
CUT_OFF = 0.4
"""Seconds for cancelled attempts to end, and again for their connections to close: in all less than a second."""
IDLE_CONNECTIONS = 200
IDLE_SECONDS = 4.0
"""Less than servers keep an idle connection (uvicorn: 5 s), so that the server is not the first to close it."""

Then = Callable[[Outcome], None]
"""Takes the outcome of one attempt. Called once, in the poster's thread, so it only sends messages."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Post:
    """One attempt. The body is sent as it is. URL and body are not in the repr: they are the owner's data."""

    url: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)


class Poster(Protocol):
    """The port for sending. Any thread may call."""

    def start(self) -> None:
        """Start sending."""

    def post(self, post: Post, then: Then) -> None:
        """Send, and pass the outcome to `then`, exactly once, unless stopped before. Never blocks or raises."""

    def stop(self, seconds: float) -> None:
        """Let attempts in progress end within `seconds`, cancel the rest, and end the thread."""


@dataclass(frozen=True, slots=True)
class PostingOptions:
    """The options of posting, in seconds: `connect` bounds name, connection and TLS together, `deadline` the whole
    attempt.

    `allowed` are networks that may be reached although they are not the public internet.
    """

    connect: float = 5.0
    deadline: float = 15.0
    allowed: tuple[Network, ...] = ()


@cache
def authorities() -> ssl.SSLContext:
    """Return the context that trusts the usual authorities: one a process, for loading them takes 20 ms."""
    return httpx2.create_ssl_context()


class HttpPoster:
    """The Poster that uses the network."""

    def __init__(
        self,
        options: PostingOptions = PostingOptions(),
        *,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._options, self._resolver, self._tls = options, resolver, tls
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._attempts: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start the loop's thread."""
        self._loop = asyncio.new_event_loop()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=self._tls or authorities(),
            network_backend=CheckedBackend(self._options.allowed, self._resolver),
            max_connections=None,
            max_keepalive_connections=IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
        )
        self._thread = threading.Thread(target=self._run, args=(self._loop,), name="webhooks-loop", daemon=True)
        self._thread.start()

    def post(self, post: Post, then: Then) -> None:
        """Begin an attempt in the loop's thread. After `stop` nothing happens."""
        if self._loop is not None:
            with suppress(RuntimeError):  # Closed: stopped.
                self._loop.call_soon_threadsafe(self._begin, post, then)

    def stop(self, seconds: float) -> None:
        """End the thread, at the latest a second after `seconds`; an attempt that delays it even then is logged."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(lambda: setattr(self, "_ending", loop.create_task(self._end(loop, seconds))))
        thread.join(seconds + 1.0)
        if thread.is_alive():
            _log.error("webhooks.loop_not_ended", where=_where(thread))
        self._loop = self._thread = None

    # In the loop's thread.

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_forever()
        finally:
            loop.close()

    def _begin(self, post: Post, then: Then) -> None:
        attempt = asyncio.get_running_loop().create_task(self._attempt(post, then))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)

    async def _attempt(self, post: Post, then: Then) -> None:
        then(await self._outcome(post))

    async def _outcome(self, post: Post) -> Outcome:
        heard: list[HttpAnswer] = []
        try:
            await self._send(post, heard)
        except Exception as error:  # noqa: BLE001 - whatever a target does, it ends this attempt only
            if not heard:
                return _fault(error)
        return heard[0]

    async def _send(self, post: Post, heard: list[HttpAnswer]) -> None:
        """Send, and store the answer in `heard` as soon as it exists: later errors do not matter."""
        try:  # what an earlier version stored was judged less strictly
            url = target_of(post.url)
        except ValueError as error:
            raise TargetRefused(f"The target's URL should {error}") from None
        if (why := refused_literal(url, self._options.allowed)) is not None:
            raise TargetRefused(f"The target's address is {why}: it may not be reached")
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        timeout = {"connect": self._options.connect}
        async with (
            asyncio.timeout(self._options.deadline) as limit,
            self._pool.stream(
                "POST", target, headers=post.headers, content=post.body, extensions={"timeout": timeout}
            ) as response,
        ):
            heard.append(HttpAnswer(response.status, _header(response, b"retry-after")))
            limit.reschedule(asyncio.get_running_loop().time() + BODY_PATIENCE)
            await _discard(response)

    async def _end(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """End the loop. Every wait is bounded: an attempt that ignores its cancellation is left behind."""
        try:
            await _ended(self._attempts, seconds)
            for attempt in self._attempts:
                attempt.cancel()
            await _ended(self._attempts, CUT_OFF)
            await _ended({loop.create_task(self._pool.aclose())}, CUT_OFF)
        finally:
            loop.stop()


async def _ended(tasks: Collection[asyncio.Task[None]], seconds: float) -> None:
    """Wait until all tasks have ended, for `seconds` at most."""
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


def _where(thread: threading.Thread) -> str:
    """Return the innermost frames of a thread."""
    frame = sys._current_frames().get(thread.ident or 0)
    stack = [] if frame is None else traceback.extract_stack(frame)[-4:]
    return " < ".join(f"{at.name}:{at.lineno}" for at in reversed(stack))


def _header(response: httpcore.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), None)


async def _discard(response: httpcore.Response) -> None:
    """Read a small rest of the body; if more is left, leaving the stream closes the connection."""
    size = 0
    async for part in response.aiter_stream():
        size += len(part)
        if size > BODY_LIMIT:
            return


_FAULTS: dict[type[Exception], Callable[[Exception], Unanswered]] = {
    TargetRefused: lambda error: Unanswered(str(error), final=True),
    TimeoutError: lambda _: Unanswered("The target did not answer in time", slow=True),
    httpcore.TimeoutException: lambda _: Unanswered("Connecting to the target took too long", slow=True),
    httpcore.ConnectError: lambda error: Unanswered(f"The target cannot be connected to: {error}"[:300]),
    httpcore.NetworkError: lambda _: Unanswered("The connection to the target broke"),
    httpcore.ProtocolError: lambda _: Unanswered("The target does not answer in valid HTTP"),
}
"""The first match counts. Only `connect` has a timeout of httpcore's own; a target's own words are never repeated."""


def _fault(error: Exception) -> Unanswered:
    for kind, outcome in _FAULTS.items():
        if isinstance(error, kind):
            return outcome(error)
    _log.error("webhook.attempt_failed", exc_info=error)
    return Unanswered(f"The attempt failed ({type(error).__name__})")
