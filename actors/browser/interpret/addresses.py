"""Whether a page is still where it was opened. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from actors.clients.protocol import PageFailed
from actors.clients.types import Reason


def home_of(url: str) -> str:
    """Origin and path: what a page's address must keep to be still the page we opened."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}"


def left(url: str, unreachable: bool, home: str) -> PageFailed | None:
    """The failure in the main frame's new address, if it is one."""
    if unreachable or url.startswith("chrome-error:"):
        return PageFailed(Reason.PAGE_UNREACHABLE, "WhatsApp Web could not be loaded again")
    if home_of(url) != home:
        return PageFailed(Reason.PAGE_LEFT, f"The page has gone to {home_of(url)[:200]}")
    return None
