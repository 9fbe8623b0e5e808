"""Asking our script in the page, and what can go wrong with that. On the loop only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from actors.browser import injection
from actors.browser.connection import Wire, WireError


class ScriptFailed(Exception):
    """The page has no script of ours now, or it threw: what was ordered was not done. `code` is WhatsApp's or wa-js's
    own name for why, where it has one.
    """

    def __init__(self, why: str, code: str | None = None) -> None:
        super().__init__(why)
        self.code = code


async def ask(wire: Wire, name: str, arguments: object = None, *, seconds: float = 10.0) -> Any:
    """The answer to one order, from JSON.

    Raises ScriptFailed where it was not done; WireError, WireSilent where that is not known.
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
        told = json.loads(answer["result"]["value"])
        if "error" in told:
            raise ScriptFailed(str(told["error"].get("message"))[:300], told["error"].get("code"))
        return told["value"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WireError(f"The page answered {str(answer)[:200]}") from error


async def ask_object(wire: Wire, name: str, arguments: object = None, *, seconds: float = 10.0) -> Mapping[str, Any]:
    """As `ask`, where the answer is to be an object. Raises the same."""
    answer = await ask(wire, name, arguments, seconds=seconds)
    if not isinstance(answer, dict):
        raise WireError(f"The page answered {str(answer)[:200]}")
    return answer
