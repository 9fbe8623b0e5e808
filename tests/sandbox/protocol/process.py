"""The protocol sandbox as a process, with its control API."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx2

ROOT = Path(__file__).parents[3]
PATIENCE = 30.0


class ProtocolSandbox:
    """`python -m sandbox.protocol` on a free port; ends with the block."""

    def __init__(self, baileys: Path) -> None:
        command = [sys.executable, "-m", "sandbox.protocol", "--port", "0", "--baileys", str(baileys)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.url, self.root = self._process.stdout.readline().removeprefix("protocol ready ").split(" root ")
        self.root = self.root.strip()
        self.api = self.url.replace("ws://", "http://").removesuffix("/ws/chat")
        self._http = httpx2.Client(base_url=self.api, timeout=2 * PATIENCE, verify=False)

    def get(self, path: str) -> Any:
        return self._answered(self._http.get(path))

    def post(self, path: str, **said: Any) -> Any:
        return self._answered(self._http.post(path, json=said))

    def _answered(self, answer: httpx2.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.terminate()
        code = self._process.wait(PATIENCE)
        assert self._process.stdout
        self._process.stdout.close()
        assert code == 0
