"""Calls about the service: ping, versions, status."""

from __future__ import annotations

import time
from typing import Any

from actors.options import environment
from gateway.waha.calls import WahaRequest

_BEGAN = time.time()
"""When this process loaded the gateway, in epoch seconds."""


async def ping(request: WahaRequest) -> Any:
    """Answer that the service is there."""
    return {"message": "pong"}


async def version(request: WahaRequest) -> Any:
    """Return the version of WAHA whose calls these are, and the engine that is named."""
    return environment(request.gateway.settings).told


async def status(request: WahaRequest) -> Any:
    """Return since when the service runs."""
    began = int(_BEGAN * 1000)
    return {
        "startTimestamp": began,
        "uptime": int(time.time() * 1000) - began,
        "worker": {"id": environment(request.gateway.settings).worker},
    }
