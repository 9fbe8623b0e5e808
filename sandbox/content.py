"""The content of a page's message besides text and file: place, quotation, mentions, preview, poll, contact cards."""

from __future__ import annotations

from typing import Any

from sandbox.world import World


def content_of(world: World, said: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a message that a page sends. Addresses become numbers."""
    return {
        "location": said.get("location"),
        "quoted": said.get("quoted"),
        "mentions": [number for one in said.get("mentions", []) if (number := world.exists(str(one)))],
        "preview": said.get("preview"),
        "poll": said.get("poll"),
        "contacts": said.get("contacts"),
        "forwarded": bool(said.get("forwarded", False)),
    }
