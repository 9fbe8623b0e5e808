"""Asking our script in the page, and what can go wrong with that. On the loop only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from actors.browser import injection
from actors.browser.connection import Wire, WireError


class ScriptFailed(Exception):
    """The page has no script of ours now, or it threw: what was ordered was not begun."""


async def ask(wire: Wire, name: str, arguments: object = None, *, seconds: float = 10.0) -> Any:
    """The answer to one order, from JSON.

    Raises ScriptFailed where nothing was done; WireError, WireSilent where that is not known.
    """
    answer = await wire.call(
        "Runtime.evaluate",
        {"expression": injection.order(name, arguments), "awaitPromise": True, "returnByValue": True},
        seconds=seconds,
    )
    if "exceptionDetails" in answer:
        thrown = answer["exceptionDetails"]
        raise ScriptFailed(str(thrown.get("exception", {}).get("description") or thrown.get("text"))[:300])
    try:
        return json.loads(answer["result"]["value"])
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"The page answered {str(answer)[:200]}") from error


async def ask_object(wire: Wire, name: str, arguments: object = None, *, seconds: float = 10.0) -> Mapping[str, Any]:
    """As `ask`, where the answer is to be an object. Raises the same."""
    answer = await ask(wire, name, arguments, seconds=seconds)
    if not isinstance(answer, dict):
        raise WireError(f"The page answered {str(answer)[:200]}")
    return answer
