"""From POST /init to a QR in the caller's hands, against the floor: the same Chromium, and a bare script.

The floor starts the same binary with the same flags straight on the page, and reads the code as soon as the page shows
it. What is measured ends with the PNG of GET /status; that it decodes to what the page shows is checked afterwards,
outside the time. Every start has a profile that was never used.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from statistics import median

import httpx2

from tests.benchmarks.bare import Bare
from tests.benchmarks.figures import Figure, Say, rounds
from tests.rig import Sandbox, Service
from tests.rig.clients import decoded

ROUNDS, ROUNDS_AT_ONCE = 9, 5
AT_ONCE = 4
TARGET = 1.3
NO_LIMITS = {"init_rate": "0", "init_address_rate": "0", "log_level": "warning"}


def run(say: Say) -> Sequence[Figure]:
    """Milliseconds, for one client and for the last of several at once."""
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox() as sandbox,
        Service(Path(name) / "data", sandbox.url, **NO_LIMITS) as service,
    ):
        starts = Starts(service, sandbox, Path(name))
        floor, one = rounds(ROUNDS, say, lambda: starts.bare(1), lambda: starts.ours(1), of=median, unit="ms")
        say(f"{AT_ONCE} at once")
        floors, several = rounds(
            ROUNDS_AT_ONCE, say, lambda: starts.bare(AT_ONCE), lambda: starts.ours(AT_ONCE), of=median, unit="ms"
        )
    return [
        Figure("POST /init to QR", one, "ms", floor, TARGET),
        Figure(f"POST /init to QR, the last of {AT_ONCE} at once", several, "ms", floors),
    ]


class Starts:
    """Starts and ends clients, each with a number that was never used."""

    def __init__(self, service: Service, sandbox: Sandbox, directory: Path) -> None:
        self._service, self._sandbox, self._directory = service, sandbox, directory
        self._numbers = count(1)

    def ours(self, clients: int) -> float:
        """Milliseconds until the last of so many has its QR."""
        return asyncio.run(self._ours([next(self._numbers) for _ in range(clients)]))

    def bare(self, clients: int) -> float:
        """The same, without us."""
        profiles = [self._directory / f"bare{next(self._numbers)}" for _ in range(clients)]
        return asyncio.run(self._bare([Bare(profile, self._sandbox.url) for profile in profiles]))

    async def _ours(self, numbers: list[int]) -> float:
        async with httpx2.AsyncClient(base_url=self._service.url, timeout=60.0) as http:
            await http.get("/health")  # opens the connection
            start = time.perf_counter()
            images = await asyncio.gather(*(self._image(http, number) for number in numbers))
            spent = time.perf_counter() - start
            shown = {page["code"] for page in self._sandbox.get("/pages")}
            assert {decoded(image) for image in images} <= shown, "a QR is not what a page shows"
            for number in numbers:
                (await http.delete(f"/session/{number}")).raise_for_status()
        return spent * 1000

    async def _image(self, http: httpx2.AsyncClient, number: int) -> str:
        headers = {"X-Cliente-Id": str(number)}
        (await http.post("/init", headers=headers)).raise_for_status()
        return str((await http.get("/status", headers=headers)).json()["qr_code_base64"])

    async def _bare(self, chromiums: list[Bare]) -> float:
        start = time.perf_counter()
        try:
            await asyncio.gather(*(chromium.code() for chromium in chromiums))
            return (time.perf_counter() - start) * 1000
        finally:
            await asyncio.gather(*(chromium.end() for chromium in chromiums))
