"""The gateway over the fake browser as a process of its own: `python -m tests.gateway.alone DATA_DIR NAME=VALUE …`.

For tests that look at what the service holds: memory, descriptors, threads. Prints its URL, and ends on SIGTERM.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx2
import psutil

from actors.browser.fake import FakeBrowser
from actors.settings import Settings
from gateway import logs
from gateway.server import Server, address, listen, serve

PATIENCE = 20.0


def main(data_dir: str, settings: str) -> int:
    """Serve until SIGTERM. `settings` is a JSON object."""
    given: dict[str, Any] = {"data_dir": Path(data_dir), **json.loads(settings)}
    checked = Settings(**given)
    logs.configure(checked, descriptor=2)
    with listen("127.0.0.1", 0) as listener:
        print(address(listener), flush=True)
        return serve(Server(checked, FakeBrowser()), listener)


class Alone:
    """That process, started. A context manager; `log` has what it wrote."""

    def __init__(self, data_dir: Path, *, api_key: str, **settings: object) -> None:
        self._key = api_key
        self.log = data_dir.parent / "alone.log"
        self._arguments = [str(data_dir), json.dumps({"log_level": "error", "api_key": api_key, **settings})]

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.gateway.alone", *self._arguments]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().decode().strip()
        self.process = psutil.Process(self._process.pid)
        self._await_start()
        return self

    def _await_start(self) -> None:
        deadline = time.monotonic() + PATIENCE
        headers = {"X-Api-Key": self._key}
        while httpx2.get(f"{self.url}/clients", headers=headers, timeout=PATIENCE, verify=False).status_code != 200:
            assert time.monotonic() < deadline, "the system has not started"
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self.code = self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
