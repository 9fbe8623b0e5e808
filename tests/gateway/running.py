"""The real gateway on a real uvicorn and a free port, over the fake browser: what callers see, without Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from actors.browser.fake import FakeBrowser
from actors.clients.errors import Starting
from actors.clients.lifecycle import PatienceOver
from actors.clients.protocol import AwaitState, Banned, Init, PageLaunched, PageSettled, Status
from actors.clients.types import STARTING, ClientId, Reason, State
from actors.settings import Settings
from actors.system import System
from gateway.server import Server, ServiceEnd, address, event_loop, listen
from gateway.streaming.stream import Streams

T = TypeVar("T")
PATIENCE = 10.0
THREADS = 6
EVERY_STATE = frozenset(State)


class ChosenSettings(Settings):
    """What a test says, and nothing else: to look for 80 variables in the environment takes 10 ms of each test."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def chosen(data_dir: Path, **settings: Any) -> Settings:
    """Settings for a directory, the rest as it is by default."""
    return ChosenSettings(**{"data_dir": data_dir, **settings})


class Running:
    """A service in a thread of this process. A context manager; afterwards `code` is its exit code."""

    def __init__(self, data_dir: Path, browser: FakeBrowser | None = None, **settings: Any) -> None:
        self.browser = browser or FakeBrowser()
        unlimited = {"init_rate": "0", "init_address_rate": "0"}
        options = {**unlimited, "init_wait": 5.0, "qr_wait": 5.0}
        self.settings = chosen(data_dir, **{**options, **settings})
        self.server = Server(self.settings, self.browser)
        self.system = self.server.system
        self.code: int | None = None

    @contextlib.contextmanager
    def unready(self) -> Iterator[None]:
        """The same as entering it, for a test that looks at the start itself."""
        self._begin()
        try:
            yield
        finally:
            self.__exit__()

    def __enter__(self) -> Self:
        self._begin()
        until(self._started, bool, "the system has started")
        return self

    def _begin(self) -> None:
        listener = listen("127.0.0.1", 0)
        self.url, self.where = address(listener), listener.getsockname()
        self._thread = threading.Thread(target=self._run, args=[listener], name="service")
        self._thread.start()
        self.http = self.client()

    def client(self) -> httpx2.Client:
        """A client of the service, with connections of its own."""
        key = self.settings.api_key
        headers = {"X-Api-Key": key.get_secret_value()} if key else {}
        # Loopback without TLS: an SSL context with all authorities would take 20 ms of each test.
        # A service that tests share outlives their pauses: a connection given up as idle would be opened anew in a
        # later test, and be called a leak of it.
        kept = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=None)
        return httpx2.Client(base_url=self.url, headers=headers, timeout=PATIENCE, verify=False, limits=kept)

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.end()

    def _run(self, listener: Any) -> None:
        with asyncio.Runner(loop_factory=event_loop) as runner:
            self.code = runner.run(self._serve(listener))

    async def _serve(self, listener: Any) -> int:
        asyncio.get_running_loop().set_default_executor(_begun())
        return await self.server.run(listener)

    def _started(self) -> bool:
        try:
            return bool(self.system.supervisor) and self.http.get("/clients").status_code == 200
        except Starting:
            return False

    ending = ServiceEnd("SIGTERM")

    def draining(self) -> None:
        """Wait until no new work is taken."""
        until(lambda: self.post("/logout", 999).json()["code"], lambda code: code == "SHUTTING_DOWN", "draining")

    def end(self) -> int | None:
        """Have it end as a signal would, and answer the exit code."""
        self.server.end(self.ending)
        return self.joined()

    def joined(self) -> int | None:
        """Wait until it has ended by itself, and answer the exit code."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the service did not end"
        return self.code

    @property
    def streams(self) -> Streams:
        """Its readers; how many there are may be asked from here."""
        assert self.server.streams is not None
        return self.server.streams

    def get(self, path: str, client: object = None) -> httpx2.Response:
        """GET for one client."""
        return self.call("GET", path, client)

    def post(self, path: str, client: object = None, json: Any = None) -> httpx2.Response:
        """POST for one client."""
        return self.call("POST", path, client, json=json)

    def call(self, method: str, path: str, client: object = None, **how: Any) -> httpx2.Response:
        """Any call; `client` is the header's value."""
        headers = how.pop("headers", {}) if client is None else {"X-Cliente-Id": str(client), **how.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **how)

    def raw(self, request: bytes, *, seconds: float = PATIENCE) -> bytes:
        """Everything that comes back for these bytes until the connection is closed, or `seconds` are over."""
        with socket.create_connection(self.where, timeout=seconds) as connection:
            connection.sendall(request)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while chunk := connection.recv(65536):
                    answer += chunk
            return answer

    def status(self, client: int) -> dict[str, Any]:
        """GET /status."""
        answer: dict[str, Any] = self.get("/status", client).json()
        return answer

    def ready(self, client: int) -> None:
        """Init and scan."""
        assert self.post("/init", client).json()["status"]["state"] == "QR_REQUIRED"
        self.browser.scan(ClientId(client))
        self.reaches(client, State.READY)

    def bring(self, client: int, state: State) -> None:
        """Have the client be in that state."""
        _BRING[state](self, ClientId(client))
        if state is not State.NOT_INITIALIZED:
            self.reaches(client, state)

    def without_wait(self, client: int) -> None:
        """Start a client without waiting for its first state."""
        self.system.supervisor.ask(Init(ClientId(client)), timeout=PATIENCE)

    def reaches(self, client: int, state: State, seconds: float = PATIENCE) -> None:
        """Wait in the client's own actor until it is in that state."""
        ref: Any = self.system.find(ClientId(client))
        status: Status = ref.ask(AwaitState(EVERY_STATE - {state}, seconds), timeout=seconds + 1)
        assert status.state is state, status


def linked(system: System, browser: FakeBrowser, client_id: ClientId) -> None:
    """Start a client of a system without HTTP, and scan: it is READY."""
    system.supervisor.ask(Init(client_id), timeout=PATIENCE)
    client: Any = system.find(client_id)
    client.ask(AwaitState(STARTING, PATIENCE), timeout=PATIENCE)
    browser.scan(client_id)
    status = client.ask(AwaitState(STARTING | {State.QR_REQUIRED}, PATIENCE), timeout=PATIENCE)
    assert status.state is State.READY, status


def _begun() -> ThreadPoolExecutor:
    """Threads for what a service does beside its loop, all begun: one begun within a test would be its leak."""
    pool, met = ThreadPoolExecutor(THREADS), threading.Barrier(THREADS)
    for one in [pool.submit(met.wait, PATIENCE) for _ in range(THREADS)]:
        one.result()
    return pool


def _starting(service: Running, client: ClientId) -> None:
    """Whatever is opened has loaded, and shows nothing yet."""
    service.browser.habits = replace(service.browser.habits, opens=False)
    try:
        service.without_wait(client)
        for fact in (PageLaunched(), PageSettled()):
            service.browser.page(client).tell(fact)
    finally:
        service.browser.habits = replace(service.browser.habits, opens=True)


def _resuming(service: Running, client: ClientId) -> None:
    service.browser.keep_login(client)
    _starting(service, client)


def _unscanned(service: Running, client: ClientId) -> None:
    """As if SM_QR_LIFETIME were over."""
    service.without_wait(client)
    ref = service.system.find(client)
    assert ref is not None
    ref.tell(PatienceOver(Reason.QR_NOT_SCANNED, "QR not scanned in time"))


def _failed(service: Running, client: ClientId) -> None:
    service.browser.fail_next(client, Reason.CHROMIUM_FAILED, "Chromium did not start")
    service.without_wait(client)


def _cut(service: Running, client: ClientId) -> None:
    service.ready(client)
    service.browser.cut(client)


def _removed(service: Running, client: ClientId) -> None:
    service.ready(client)
    service.browser.remove(client)


def _banned(service: Running, client: ClientId) -> None:
    service.ready(client)
    service.browser.page(client).tell(Banned(Reason.BANNED, "Banned"))


_BRING: dict[State, Callable[[Running, ClientId], object]] = {
    State.NOT_INITIALIZED: lambda service, client: None,
    State.INITIALIZING: _starting,
    State.RECONNECTING: _resuming,
    State.QR_REQUIRED: Running.without_wait,
    State.READY: Running.ready,
    State.AUTH_FAILURE: _unscanned,
    State.DISCONNECTED_RECOVERABLE: _cut,
    State.DISCONNECTED_LOGOUT: _removed,
    State.DISCONNECTED_BANNED: _banned,
    State.ERROR: _failed,
}


def until(ask: Callable[[], T], holds: Callable[[T], bool], what: str, seconds: float = PATIENCE) -> T:
    """Ask from outside until the answer holds, where nothing can be waited for."""
    deadline = time.monotonic() + seconds
    while not holds(answer := ask()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s; last seen: {answer}"
        time.sleep(0.01)
    return answer
