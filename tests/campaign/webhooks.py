"""A receiver of webhooks that fails every third time or so, and what it has taken."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from operator import gt
from typing import Any, Self

import httpx2

from actors.clients.events import MessageStateChanged
from tests.campaign.plan import Plan
from tests.rig.processes import until
from tests.webhooks.receiver import Receiver, Request, answer, choose

FAILS = 0.3
EVENTS = ("message", MessageStateChanged.type)
SETTINGS: Mapping[str, Any] = {
    "webhook_allow_private": "true",
    "webhook_retry_growth": "constant",
    "webhook_retry_delay": 0.05,
    "webhook_retry_cap": 1.0,
    "webhook_attempts": 1000,
}


class Hook:
    """One webhook for all clients. A context manager."""

    def __init__(self, plan: Plan) -> None:
        self._chance: random.Random = plan.chance("webhooks")
        self._receiver = Receiver(choose(self._take))
        self._stack = ExitStack()
        self._posted: list[str] = []
        self.failed = 0

    def __enter__(self) -> Self:
        self._stack.enter_context(self._receiver)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def create(self, url: str, events: tuple[str, ...]) -> None:
        """Have the service tell this receiver from now on."""
        body = {"url": self._receiver.url, "events": list(events)}
        httpx2.post(f"{url}/webhooks", json=body, timeout=30.0, verify=False).raise_for_status()

    def _take(self, request: Request) -> bytes:
        if self._chance.random() < FAILS:
            self.failed += 1
            return answer(self._chance.choice([500, 503, 429]))
        self._posted.append(request.event["id"])
        return answer()

    @property
    def posted(self) -> list[str]:
        """The ids of the events it has taken, each time it took them."""
        return list(self._posted)

    def has(self, ids: set[str], seconds: float) -> None:
        """Wait until it has taken all of these. Raises AssertionError once none has come for `seconds`."""
        while missing := self._missing(ids):
            until(
                partial(self._missing, ids),
                partial(gt, missing),
                "webhooks arrive",
                seconds,
                every=0.2,
            )

    def _missing(self, ids: set[str]) -> int:
        return len(ids - set(self._posted))
