"""The same stage without Chromium: the service over the fake browser, and a WhatsApp whose record is on disk."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx2

from tests.campaign import fake_whatsapp
from tests.campaign.contents import KIB
from tests.campaign.plan import Plan
from tests.campaign.stage import SETTINGS, ServiceSteps, database_url
from tests.campaign.verdict import Arrival
from tests.rig import Service
from tests.rig.processes import until
from tests.store.postgresql import PostgreSQL


class FakeService(Service):
    """The program of `fake_service`, and its standard input."""

    program: tuple[str, ...] = ("tests.campaign.fake_service",)
    stdin = subprocess.PIPE

    def _takes_work(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"exit code {self.process.returncode}: {self.log_end()}"
        try:
            return httpx2.get(f"{self.url}/clients", timeout=5.0, verify=False).status_code == 200
        except httpx2.TransportError:
            return False

    def order(self, word: str, client_id: int) -> None:
        """Have its browser do something; nothing happens where it does not run."""
        assert self.process is not None
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError):
            self.process.stdin.write(json.dumps([word, client_id]).encode() + b"\n")
            self.process.stdin.flush()

    def ended(self) -> None:
        """Give its pipe back."""
        assert self.process is not None
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()


class FakeStage(ServiceSteps):
    """A context manager."""

    service: FakeService

    tempo = 0.03
    pause = 0.05
    largest = 32 * KIB
    restarts = 0.1
    hook_events: tuple[str, ...] = ("message",)

    def __init__(self, directory: Path, plan: Plan, server: PostgreSQL | None = None, **settings: Any) -> None:
        self.data_dir, self._plan, self.server = directory / "data", plan, server
        self.database_url = database_url(self.data_dir, server)
        settings = {"database_url": self.database_url, **settings}
        self._record = self.data_dir / "whatsapp"
        self._stack, self._lock = ExitStack(), threading.Lock()
        options = {**SETTINGS, "backoff_first": 0.02, "backoff_cap": 0.2, "log_level": "warning", **settings}
        self.service = FakeService(self.data_dir, "http://127.0.0.1:1/", **options)

    def __enter__(self) -> Self:
        self._record.mkdir(parents=True)
        self._stack.enter_context(self.service)
        self._http = self._stack.enter_context(httpx2.Client(base_url=self.url, timeout=30.0, verify=False))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self.service.ended()

    @property
    def url(self) -> str:
        return self.service.url

    def _state(self, client_id: int) -> str:
        return str(self._http.get("/status", headers={"X-Cliente-Id": str(client_id)}).json()["state"])

    def pair(self) -> None:
        for client_id in range(1, self._plan.clients + 1):
            self._http.post("/init", headers={"X-Cliente-Id": str(client_id)}).raise_for_status()
            self._order("scan", client_id)
        self.all_ready(self._plan.patience)

    def all_ready(self, seconds: float) -> None:
        for client_id in range(1, self._plan.clients + 1):
            state = until(
                partial(self._state, client_id),
                lambda state: state in ("READY", "ERROR"),
                f"client {client_id} is READY",
                seconds,
            )
            assert state == "READY", state

    def kill_service(self) -> None:
        self.service.kill()
        self.service.ended()

    def stop_service(self) -> None:
        code = self.service.stop()
        self.service.ended()
        assert code == 0, f"exit code {code}: {self.service.log_end()}"

    def kill_browser(self, client_id: int) -> None:
        self._order("crash", client_id)

    stop_browser = kill_browser

    def freeze_browser(self, client_id: int, seconds: float) -> None:
        """A fake page cannot be frozen and go on where it was; it has no network for so long."""
        self.cut(client_id)
        time.sleep(seconds)
        self.mend(client_id)

    def cut(self, client_id: int) -> None:
        self._order("cut", client_id)

    def mend(self, client_id: int) -> None:
        self._order("mend", client_id)

    def _order(self, word: str, client_id: int) -> None:
        with self._lock:
            self.service.order(word, client_id)

    def write(self, client_id: int, phone: str, text: str, id: str) -> None:
        with self._lock:
            fake_whatsapp.written(self._record, client_id, phone, text, id)
            self.service.order("in", client_id)

    def arrivals(self) -> list[Arrival]:
        return fake_whatsapp.arrivals(self._record)

    def delivered(self) -> int:
        return fake_whatsapp.count(self._record)
