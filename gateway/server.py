"""The server of one process: one uvicorn, its signals, and the order of start and stop.

    socket ► check ► HTTP (health answers from here on) ► system … signal ► no new work ► system ► HTTP

The check finds the obstacles to a start, as far as they can be known, and reports them before anything is logged. The
start waits for a database server that does not answer: a booting host may start its database after the service, and a
server that was killed accepts no connections before it has recovered. Process managers give up on a service that ends
too often in too short a time; the wait makes that impossible.

systemd learns that the service is ready, stops, or is alive, by a datagram to the socket in $NOTIFY_SOCKET:
https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html.

Exit codes: 0 stopped in order, in time, with nothing left; 1 could not start (StartRefused); 2 invalid settings;
3 stopped, but not all of it ended in time; 70 an indispensable part died.
"""

from __future__ import annotations

import asyncio
import errno
import faulthandler
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
import uvloop

from actors.capacity import raise_open_files
from actors.settings import StartRefused
from actors.store.errors import ServerAway
from actors.system import System
from actors.watch import DIED
from gateway.app import application, gateway_of
from gateway.security.connections import Answering, Connections, bounds_of, is_unprovoked
from gateway.security.exposure import check_certificate, refuse_exposure

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from actors.settings import Settings
    from actors.store.rows.keys import ApiKey
    from actors.system import RunningBrowser
    from gateway.app import Gateway
    from gateway.streaming.stream import Streams


_BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises StartRefused."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return _listening(found[0][0], found[0][4])
    except OSError as error:
        raise StartRefused(_cannot_listen(error, host, port)) from error


def _listening(family: int, where: tuple[Any, ...]) -> socket.socket:
    # The protocol is given because asyncio sets TCP_NODELAY only then: else each answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def address(listener: socket.socket, scheme: str = "http") -> str:
    """Return the URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _cannot_listen(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is taken: stop what listens there, or set SM_PORT to another."
        case errno.EACCES:
            return f"Port {port} needs more rights than this user has: set SM_PORT to one above 1023."
        case _:
            return f"Cannot listen on {host} ({error.strerror or error}): set SM_HOST to an address of this machine."


READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"

_log = structlog.get_logger("service")


def notify(state: str) -> None:
    """Send systemd one state. Any thread; never waits."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name:
        return
    where = "\0" + name[1:] if name.startswith("@") else name
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as ours:
        try:
            ours.sendto(state.encode(), where)
        except OSError as error:
            _log.warning("service.not_notified", state=state, cause=repr(error))


async def keep_alive() -> None:
    """Report that the loop runs, twice in each watchdog interval, for ever; do nothing without WatchdogSec."""
    while (seconds := watchdog_seconds()) is not None:
        notify(ALIVE)
        await asyncio.sleep(seconds / 2)


def watchdog_seconds() -> float | None:
    """Return the interval (seconds) of the unit's WatchdogSec, if it is meant for this process."""
    interval, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not interval.isdecimal() or int(interval) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(interval) / 1_000_000


DATABASE_SECONDS = 30.0
"""The time limit of a start. systemd's unit lets it take 60 s, and be repeated 10 times in 300 s."""
_BETWEEN = 0.5
"""The seconds between two attempts; each may take as long as a connection does."""


async def _when_there(read: Callable[[], Any], told: asyncio.Future[Any]) -> Any:
    """Return the result of `read`, in a thread, once the database server answers; None if the service is to end first.

    Raises StartRefused: after `DATABASE_SECONDS`, or at once if waiting is no use.
    """
    deadline, said = time.monotonic() + DATABASE_SECONDS, False
    while True:
        try:
            return await asyncio.to_thread(read)
        except StartRefused as refused:
            if not isinstance(refused.__cause__, ServerAway) or time.monotonic() > deadline:
                raise
            if not said:
                _log.warning("service.waiting_for_database", seconds=DATABASE_SECONDS, reason=str(refused))
            said = True
        await asyncio.wait([told], timeout=_BETWEEN)
        if told.done():
            return None


STUCK = 3
SIGNALS = (signal.SIGTERM, signal.SIGINT)
STACKS = signal.SIGUSR1
"""The signal that writes the stack of every thread to standard error."""
_WS_MESSAGE = 64 * 1024
"""The bytes of the largest WebSocket message: callers hardly send any."""
_YEAR = 365 * 24 * 3600
_LAST_ANSWERS_SECONDS = 1
"""The time for answers in progress once every client is closed."""
_LOOK_AGAIN = 0.005
"""The seconds between two looks at them."""
_DATE_SECONDS = 1.0
"""The seconds that the Date header of answers may be behind."""
LATER = 5.0
"""The extra time of a stop before the process is ended without it."""


@dataclass(frozen=True, slots=True)
class ServiceEnd:
    """The reason why the service ends, and the exit code if the rest of the stop succeeds."""

    why: str
    code: int = 0


class Server:
    """The service of one process. `end` may be called from any thread, and from a signal handler."""

    def __init__(
        self,
        settings: Settings,
        browser: RunningBrowser | None = None,
        *,
        started: Callable[[str], None] | None = None,
    ) -> None:
        self._settings, self._started = settings, started
        self.system = System(settings, browser, fatal=self._broken)
        self.streams: Streams | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Future[ServiceEnd] | None = None
        self._early: ServiceEnd | None = None
        self._last_resort: threading.Timer | None = None

    async def run(self, listener: socket.socket) -> int:
        """Serve on this socket, which is closed at the end, until ordered to end. Return the exit code.

        Raises StartRefused.
        """
        self._loop = asyncio.get_running_loop()
        self._ending = self._loop.create_future()
        if self._early is not None:
            self._end(self._early)
        try:
            code = await self._serve(listener, self._ending)
        finally:
            listener.close()  # uvicorn does, unless the end came before it had begun
            if self._last_resort is not None:
                self._last_resort.cancel()
        return code

    async def _serve(self, listener: socket.socket, told: asyncio.Future[ServiceEnd]) -> int:
        keys = await _when_there(self.system.keys, told)
        if keys is None:
            return told.result().code
        gateway = await self._gateway(keys)
        self.streams = gateway.streams
        async with _http(application(gateway), listener, self._settings):
            url = address(listener, "https" if self._settings.tls_cert else "http")
            _log.info("service.listening", url=url)
            # Not interrupted by a signal: a half-started system could not be stopped in order.
            await asyncio.to_thread(self.system.start)
            data = str(self._settings.data_dir.resolve())
            _log.info("service.started", dashboard=f"{url}/dashboard", docs=f"{url}/docs", data_dir=data)
            if self._started is not None:
                self._started(url)
            notify(READY)
            async with _beside(gateway.keyring.keep()), _beside(keep_alive()):
                ending = await told
            gateway.bridge.draining = True
            gateway.streams.end()
            notify(STOPPING)
            orderly = await asyncio.to_thread(self.system.stop)
        code = ending.code or (0 if orderly else STUCK)
        _log.log(20 if code == 0 else 40, "service.ended", code=code, why=ending.why)
        return code

    async def _gateway(self, keys: tuple[ApiKey, ...]) -> Gateway:
        """Return the context of handlers, with every key loaded before the first call. Raises StartRefused."""
        refuse_exposure(self._settings, keys)
        check_certificate(self._settings)
        await asyncio.to_thread(self.system.check)
        gateway = gateway_of(self.system, self._settings)
        gateway.keyring.hold(keys)
        if not gateway.keyring.needed:
            _log.warning("service.open", why="there is no API key: whoever reaches loopback may do anything")
        return gateway

    def end(self, ending: ServiceEnd) -> None:
        """Begin to end; only the first reason counts. Any thread."""
        if self._loop is None:
            self._early = self._early or ending
        else:
            with suppress(RuntimeError):  # the loop is closed: it has ended
                self._loop.call_soon_threadsafe(self._end, ending)

    def _broken(self, why: str) -> None:
        """End because a part has died: in order if the event loop still runs, and otherwise too. Any thread."""
        self._last_resort = self._last_resort or self._end_at_last(DIED)
        self.end(ServiceEnd(why, DIED))

    def _end_at_last(self, code: int) -> threading.Timer:
        return end_at_last(self._settings.shutdown_timeout + LATER, code)

    def _end(self, ending: ServiceEnd) -> None:
        assert self._ending is not None
        if self._ending.done():
            _log.info("service.already_ending", why=ending.why)
        else:
            _log.log(20 if ending.code == 0 else 50, "service.ending", why=ending.why)
            self._ending.set_result(ending)
            self._last_resort = self._last_resort or self._end_at_last(ending.code or STUCK)


def run(
    settings: Settings, browser: RunningBrowser | None = None, *, started: Callable[[str], None] | None = None
) -> int:
    """Serve until a signal, or the death of a part, and return the exit code. Main thread. Raises StartRefused.

    `started` is called with the service's URL once it has started.
    """
    raise_open_files()
    with listen(settings.host, settings.port) as listener:
        return serve(Server(settings, browser, started=started), listener)


def event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop of the kind that the service runs on."""
    return uvloop.new_event_loop()


def serve(server: Server, listener: socket.socket) -> int:
    """Do the same for an existing server and socket."""
    for number in SIGNALS:
        signal.signal(number, lambda number, _: server.end(ServiceEnd(signal.Signals(number).name)))
    signal.signal(STACKS, signal.SIG_IGN)  # its disposition once the interpreter removes its own handlers
    faulthandler.register(STACKS)
    with asyncio.Runner(loop_factory=event_loop) as runner:
        code = runner.run(_to_the_end(server, listener))
    for number in SIGNALS:
        # The interpreter removes handlers before its end: then the signal would end it with another exit code.
        signal.signal(number, signal.SIG_IGN)
    return code


async def _to_the_end(server: Server, listener: socket.socket) -> int:
    code = await server.run(listener)
    # The interpreter waits for threads of pools: a hanging one must not keep a stopped process alive.
    end_at_last(LATER, code)
    return code


class _Uvicorn(uvicorn.Server):
    """uvicorn without signal handlers of its own, and without its pauses: it looks ten times a second whether it is to
    end, and then waits 100 ms more.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the Server."""
        yield

    def end(self) -> None:
        """Have `serve` end."""
        self.should_exit = True
        self._told.set()

    async def main_loop(self) -> None:
        """Write the date of answers anew each second, until the end."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), _DATE_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, close idle connections, and give the answers in progress their time."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        deadline = time.monotonic() + _LAST_ANSWERS_SECONDS
        while (state.connections or state.tasks) and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing reports it
            await asyncio.sleep(_LOOK_AGAIN)
        for task in state.tasks:
            task.cancel(msg="The service ends")


@asynccontextmanager
async def _http(app: ASGIApp, listener: socket.socket, settings: Settings) -> AsyncIterator[None]:
    """Serve HTTP during the block; at its end, finish the answers in progress."""
    connections = Connections(bounds_of(settings))
    logging.getLogger("uvicorn.error").addFilter(is_unprovoked)
    server = _Uvicorn(uvicorn.Config(Answering(app), **_options(settings, connections)))
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    async with _beside(connections.watch()):
        try:
            yield
        finally:
            server.end()
            await serving
            connections.cut_off()
            await asyncio.sleep(0)  # they are closed in the next turn of the loop


def _options(settings: Settings, connections: Connections) -> dict[str, Any]:
    """Return the options of uvicorn.Config."""
    headers = [("X-Content-Type-Options", "nosniff")]
    if settings.tls_cert is not None:
        headers.append(("Strict-Transport-Security", f"max-age={_YEAR}"))
    return {
        "interface": "asgi3",
        "http": connections.protocol,
        "ws": "websockets-sansio",
        "lifespan": "off",
        "access_log": False,
        "log_config": None,
        "timeout_keep_alive": settings.keep_alive,
        "headers": headers,
        "proxy_headers": False,  # `origins` does it, for listed proxies only
        "server_header": False,
        "ws_max_size": _WS_MESSAGE,
        "ws_ping_interval": settings.stream_heartbeat,
        "ws_per_message_deflate": False,
        "ssl_certfile": settings.tls_cert,
        "ssl_keyfile": settings.tls_key,
    }


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a coroutine during the block."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def end_at_last(seconds: float, code: int) -> threading.Timer:
    """Return a timer that ends the process after `seconds`, whatever hangs; Chromium ends with the process."""
    timer = threading.Timer(seconds, _end_now, [seconds, code])
    timer.daemon = True
    timer.start()
    return timer


def _end_now(seconds: float, code: int) -> None:
    _log.critical("service.ended_by_force", after=seconds, code=code)
    os._exit(code)
