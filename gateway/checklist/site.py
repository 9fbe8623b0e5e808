"""The service under the checklist: over HTTP, in the process table of its host, and through its process manager.

Everything here blocks and belongs to one thread. Facts that only its host knows are None elsewhere.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
import psutil

from actors.settings import Settings, StartRefused
from gateway.checklist.hosting import HOSTINGS, Hosting, Keeper
from gateway.checklist.processes import is_service, listener, settings_of, with_argument
from gateway.checklist.steps import CheckFailed, Requirement
from gateway.cli.address import ServiceAddress, Unreachable
from gateway.cli.remote import Remote, ServiceRefused

T = TypeVar("T")
PATIENCE = 60.0
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class ChecklistOptions:
    """The operator's options."""

    url: str
    key: str | None = None
    keeper: Keeper = Keeper.NONE
    destructive: bool = False
    clients: tuple[int, ...] = ()
    sandbox: str | None = None


@dataclass
class Notes:
    """Notes of one step for another."""

    ready_before: frozenset[int] = frozenset()
    pid_before: int | None = None
    restarted: bool = False
    absent_before: frozenset[int] = frozenset()
    phones: dict[int, str] = field(default_factory=dict)


class Site:
    """The service. A context manager: closes its connections at the end."""

    def __init__(self, wanted: ChecklistOptions) -> None:
        self.wanted = wanted
        self.service = Remote(wanted.url, wanted.key)
        self.stranger = Remote(wanted.url, None)
        self.sandbox = None if wanted.sandbox is None else ServiceAddress.of(wanted.sandbox).client(PATIENCE)
        self.hosting: Hosting | None = HOSTINGS.get(wanted.keeper)
        self.memory = Notes()
        self.settings: Settings | None = None
        self.problem = self.unseen = ""
        self._process: psutil.Process | None = None

    def __enter__(self) -> Site:
        self.look_around()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.http.close()
        self.stranger.http.close()
        if self.sandbox is not None:
            self.sandbox.close()

    def look_around(self) -> None:
        """Find the settings of the running service.

        Else `problem` names their fault, or `unseen` why they cannot be read from here.
        """
        process = self.process()
        self.settings, self.problem, self.unseen = None, "", ""
        if process is not None:
            try:
                self.settings = settings_of(process)
            except StartRefused as refusal:
                self.problem = str(refusal).replace("\n", " ")
            except psutil.AccessDenied:
                self.unseen = f"/proc/{process.pid}/environ: Permission denied"
            except OSError as error:  # its directory does not exist for us: it runs in a container, or was moved away
                self.unseen = f"{error.filename}: {error.strerror}"

    def lacks(self, need: Requirement) -> bool:
        """Return whether a step with this need cannot be played."""
        match need:
            case Requirement.SERVICE:
                return not self.answers()
            case Requirement.KEY:
                return not self.known()
            case Requirement.LOCAL:
                return self.process() is None
            case Requirement.SETTINGS:
                return self.settings is None
            case Requirement.HOSTING:
                return self.hosting is None
            case Requirement.CLIENT:
                return not self.wanted.clients
            case Requirement.DESTRUCTIVE:
                return not self.wanted.destructive
            case Requirement.SANDBOX:
                return self.sandbox is None or not self.plays_in_sandbox()

    def answers(self) -> bool:
        """Return whether GET /health does."""
        try:
            return bool(self.stranger.get("/health").get("service") == "session-manager")
        except (ServiceRefused, Unreachable, AttributeError):
            return False

    def known(self) -> bool:
        """Return whether we are no stranger: it has no keys, or ours is valid."""
        try:
            return "versions" in self.service.get("/health")
        except (ServiceRefused, Unreachable):
            return False

    def takes_work(self) -> bool:
        """Return whether its browser has started."""
        try:
            self.service.get("/clients")
        except (ServiceRefused, Unreachable):
            return False
        return True

    def plays_in_sandbox(self) -> bool:
        """Return whether the sandbox is this service's WhatsApp: nothing else may be touched through it."""
        ours = self.wanted.sandbox or ""
        return self.settings is not None and self.settings.whatsapp_url.startswith(ours.rstrip("/") + "/")

    def process(self) -> psutil.Process | None:
        """Return the service's process, if it listens on this host and we may see it."""
        with contextlib.suppress(psutil.Error):
            if self._process is not None and is_service(self._process):
                return self._process
        found, self._process = self.listener(), None
        with contextlib.suppress(psutil.Error):
            if found is not None and is_service(found):
                self._process = found
        return self._process

    def listener(self) -> psutil.Process | None:
        """Return who listens at the service's address on this host: the service, or a proxy, or a stranger."""
        url = httpx2.URL(self.wanted.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        if url.host not in ("127.0.0.1", "localhost", "::1"):
            return None
        with contextlib.suppress(psutil.Error):
            return listener(port)
        return None

    def chromiums(self, client: int | None = None) -> set[int]:
        """Return the main processes of Chromium on the service's profiles, or on one client's. Needs SETTINGS."""
        assert self.settings is not None
        below = self.settings.data_dir / "profiles" / ("" if client is None else str(client))
        return {process.pid for process in with_argument(f"--user-data-dir={below}/")}

    def state(self, client: int) -> str:
        """Return the state of a client, from GET /status."""
        return str(self.service.get("/status", client)["state"])

    def reaches(self, client: int, *states: str, seconds: float = PATIENCE) -> str:
        """Return the state, once it is one of these. Raises CheckFailed."""
        return self.until(lambda: self.state(client), lambda state: state in states, " / ".join(states), seconds)

    def until(self, ask: Callable[[], T], holds: Callable[[T], bool], what: str, seconds: float = PATIENCE) -> T:
        """Ask again until the answer holds. Raises CheckFailed."""
        deadline = time.monotonic() + seconds
        while not holds(answer := ask()):
            if time.monotonic() > deadline:
                raise CheckFailed("seen.not_in_time", what=what, seconds=f"{seconds:g}", last=answer)
            time.sleep(LOOK_SECONDS)  # another process is observed, which sends no notices
        return answer

    def play(self, path: str, **body: Any) -> Any:
        """POST to the sandbox. Raises httpx2.HTTPError. Needs SANDBOX."""
        assert self.sandbox is not None
        return self.sandbox.post(f"/api{path}", json=body).raise_for_status().json()
