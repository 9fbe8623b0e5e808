"""The answers in place of WhatsApp Web: of a proxy, a network's own page, an error. Pure tables and functions.

Sources: Chromium's net_error_list.h for the names, RFC 9110 and RFC 6585 for the status codes; all of them were seen on
Chromium 156 with servers that answer so. The page for unsupported browsers was never seen: its words are those that
users of whatsapp-web.js report ("WhatsApp works with Google Chrome 60+").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from actors.clients.types import Reason


@dataclass(frozen=True, slots=True)
class Obstruction:
    """Why there is no page. `passes`: it may pass within the time of a start, so it is worthwhile to try again."""

    reason: Reason
    text: str
    passes: bool = False


@dataclass(frozen=True, slots=True)
class DocumentAnswer:
    """The answer to the request of a document."""

    url: str
    status: int
    headers: Mapping[str, str]


PROXY_LOGIN_WANTED = "The proxy wants a name and a password (407): set them in the client's configuration"
PROXY_LOGIN_WRONG = (
    "The client's proxy refused the name or the password (407): correct them in the client's configuration"
)
_LOGIN = Obstruction(Reason.PROXY_LOGIN_REFUSED, PROXY_LOGIN_WANTED)
_PROXY = "the proxy cannot be reached, or does not lead to WhatsApp: look at it, and at its address"
_CERTIFICATE = "look at the host's clock, and for a proxy that reads HTTPS"
_NET_ERRORS: tuple[tuple[str, Reason, str, bool], ...] = (
    ("PROXY_AUTH|UNEXPECTED_PROXY_AUTH|MISSING_AUTH|INVALID_AUTH", Reason.PROXY_LOGIN_REFUSED, _LOGIN.text, False),
    ("PROXY|TUNNEL|SOCKS", Reason.PROXY_UNREACHABLE, _PROXY, True),
    ("CERT", Reason.CERTIFICATE_INVALID, _CERTIFICATE, False),
    ("NAME_NOT_RESOLVED|DNS", Reason.PAGE_UNREACHABLE, "the host's name is not resolved: look at the DNS", True),
    ("INTERNET_DISCONNECTED|NETWORK_CHANGED", Reason.PAGE_UNREACHABLE, "this host has no network", True),
    ("BLOCKED_BY_ADMINISTRATOR", Reason.PAGE_UNREACHABLE, "a policy of this host's Chromium forbids it", False),
)
"""Part of a net error's name -> reason, what to do, whether it may pass. The first that matches counts."""

_UNSUPPORTED = re.compile(
    r"WhatsApp works with Google Chrome|update (Google )?Chrome|unsupported browser", re.IGNORECASE
)

LOOK_AT_DOCUMENT = """({
  ready: document.readyState === 'complete',
  title: document.title.slice(0, 100),
  text: (document.body ? document.body.innerText : '').slice(0, 1000),
})"""
"""The expression that reads a document."""


def of_net_error(error: str) -> Obstruction:
    """Return the obstruction of a navigation that failed, by Chromium's name for it: `net::ERR_…`."""
    for names, reason, text, passes in _NET_ERRORS:
        if re.search(rf"ERR_(\w+_)?({names})", error):
            return Obstruction(reason, f"WhatsApp Web could not be opened: {error}: {text}", passes)
    return Obstruction(Reason.PAGE_UNREACHABLE, f"WhatsApp Web could not be opened: {error}", passes=True)


def of_address(url: str) -> Obstruction:
    """Return the obstruction of a request that was led to an address which is not WhatsApp's."""
    host = (urlsplit(url).hostname or url)[:100]
    return Obstruction(
        Reason.PAGE_FOREIGN,
        f"WhatsApp Web leads to {host}: look for a network that wants a sign-in first, or a proxy's own page",
    )


def of_answer(answer: DocumentAnswer, wanted: str) -> Obstruction | None:
    """Return the obstruction in an answer; None if it may be WhatsApp Web."""
    parts = urlsplit(answer.url)
    if parts.hostname != urlsplit(wanted).hostname:
        return of_address(answer.url)
    if answer.status == 407:
        return _LOGIN
    if answer.status == 511:
        return Obstruction(Reason.PAGE_FOREIGN, "The network wants a sign-in first (511)")
    if answer.status >= 400:
        text = f"{parts.hostname} answered {answer.status} in place of WhatsApp Web"
        wait = {name.lower(): value for name, value in answer.headers.items()}.get("retry-after")
        if wait is not None:
            text += f", and wants to be left alone for a while (Retry-After: {wait[:40]})"
        return Obstruction(Reason.PAGE_REFUSED, text, passes=answer.status >= 500)
    return None


def of_document(told: Mapping[str, Any]) -> Obstruction | None:
    """Return the obstruction in a document without WhatsApp Web's modules, as `LOOK_AT_DOCUMENT` reads it."""
    title, text = str(told.get("title") or ""), str(told.get("text") or "")
    if _UNSUPPORTED.search(f"{title} {text}"):
        said = " ".join(text.split())[:200]
        return Obstruction(
            Reason.BROWSER_UNSUPPORTED,
            f"WhatsApp Web does not work in this Chromium, it says: {said}: upgrade Chromium, or set SM_USER_AGENT",
        )
    if told.get("ready") is True and "whatsapp" not in f"{title} {text}".lower():
        said = " ".join((title or text).split())[:100] or "nothing"
        return Obstruction(
            Reason.PAGE_FOREIGN,
            f"Something else answers in place of WhatsApp Web, and says: {said}: look for a network that wants a "
            "sign-in first, or a proxy's own page",
        )
    return None
