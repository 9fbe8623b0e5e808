"""The rates of POST /init. Belongs to the gateway's event loop.

Rules of this file:

* What starts nothing is not counted, and is not refused either where that can be known: a caller that asks for a
  running client's start is told that it runs.
* A rate is kept exactly, however many calls arrive together: while those that may start something could use up what is
  left, the next ones wait for what becomes of them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from actors.clients.errors import StartFailed
from actors.clients.protocol import AlreadyRunning, Started
from actors.clients.types import ABSENT, ClientId, Seconds
from gateway.admission.rate import Rate, RateLimited

if TYPE_CHECKING:
    from gateway.bridge import Bridge

_UNDECIDED_SECONDS: Seconds = 60.0
"""How long a start may wait for what becomes of the ones before it."""


class StartRates:
    """The rates of POST /init: starts of one client, starts from one address."""

    def __init__(self, per_client: Rate, per_address: Rate) -> None:
        self._rates = (per_client, per_address)
        self._undecided: Counter[tuple[Rate, str]] = Counter()
        self._decided = asyncio.Event()

    async def init(self, bridge: Bridge, client_id: ClientId, address: str) -> Started | AlreadyRunning:
        """`bridge.init` within the rates. Raises RateLimited, and what that raises."""
        counted = [(rate, who) for rate, who in zip(self._rates, (str(client_id), address), strict=True) if rate]
        try:
            async with asyncio.timeout(_UNDECIDED_SECONDS):
                await self._turn(counted)
        except (RateLimited, TimeoutError):
            if (await bridge.status(client_id)).state in ABSENT:
                raise
        with self._deciding(counted):
            return await self._start(bridge, client_id, counted)

    async def _turn(self, counted: list[tuple[Rate, str]]) -> None:
        """Wait until this start fits, whatever becomes of the ones before it. Raises RateLimited."""
        while not all(rate.left(who) > self._undecided[rate, who] for rate, who in counted):
            for rate, who in counted:
                if rate.left(who) <= 0:
                    raise rate.refusal(who)
            await self._decided.wait()

    @contextmanager
    def _deciding(self, counted: list[tuple[Rate, str]]) -> Iterator[None]:
        self._undecided.update(counted)
        try:
            yield
        finally:
            self._undecided.subtract(counted)
            self._undecided += Counter()  # drops what has come to nothing
            self._decided.set()
            self._decided = asyncio.Event()

    async def _start(
        self, bridge: Bridge, client_id: ClientId, counted: list[tuple[Rate, str]]
    ) -> Started | AlreadyRunning:
        try:
            answer = await bridge.init(client_id)
        except StartFailed:
            self._count(counted)
            raise
        if isinstance(answer, Started):
            self._count(counted)
        return answer

    @staticmethod
    def _count(counted: list[tuple[Rate, str]]) -> None:
        for rate, who in counted:
            rate.count(who)
