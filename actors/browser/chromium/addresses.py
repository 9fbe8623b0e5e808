"""The addresses that a Chromium may open: WhatsApp's, and those of the WhatsApp Web that it is given.

A name that is not among them is not resolved (`--host-resolver-rules`). That costs nothing, and holds for all that this
Chromium does: documents, WebSockets, workers, further windows, and services of its own. It does not hold behind a
proxy, which resolves the names; only the proxy's own name is resolved here. So each document's address is judged as
well, and that of every file (`request_gate`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

WHATSAPP = ("whatsapp.com", "*.whatsapp.com", "whatsapp.net", "*.whatsapp.net")
"""WhatsApp's own hosts: page, WebSockets, scripts, files. Source: the page's Content-Security-Policy."""
ANY = "*"
_WITHIN = ("about", "blob", "data")
"""Schemes of documents that a page makes of what it has."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The hosts as patterns: `*.whatsapp.net` is every host below whatsapp.net."""

    hosts: tuple[str, ...]

    @classmethod
    def of(cls, whatsapp_url: str, further: Iterable[str] = ()) -> Addresses:
        """Return the hosts of WhatsApp, of this WhatsApp Web, and these."""
        return cls((*WHATSAPP, _host(whatsapp_url), *(host.lower() for host in further)))

    def allow(self, url: str) -> bool:
        """Return True if a document of this address may be opened."""
        scheme = url.partition(":")[0].lower()
        if scheme in _WITHIN:
            return True
        try:
            host = _host(url)
        except ValueError:
            return False
        return scheme in ("http", "https") and any(fnmatchcase(host, pattern) for pattern in self.hosts)

    def flags(self, proxies: Iterable[str]) -> list[str]:
        """Return the flags that leave no other name resolved but those of these proxies."""
        if ANY in self.hosts:
            return []
        allowed = dict.fromkeys([*self.hosts, *filter(None, map(_host_of_proxy, proxies))])
        return [f"--host-resolver-rules={','.join(['MAP * ~NOTFOUND', *(f'EXCLUDE {host}' for host in allowed)])}"]


def proxies_of(environment: Mapping[str, str], flags: Iterable[str]) -> list[str]:
    """Return the proxies that Chromium finds in its environment and its flags."""
    named = [value for name, value in environment.items() if name.lower().endswith("_proxy")]
    for flag in flags:
        name, _, value = flag.partition("=")
        if name in ("--proxy-server", "--proxy-pac-url"):
            named += [part.rpartition("=")[2] for part in value.replace(",", ";").split(";")]
    return named


def _host(url: str) -> str:
    """Return the host as Chromium's rules have it: IPv6 in brackets. Raises ValueError."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def _host_of_proxy(proxy: str) -> str:
    try:
        return _host(proxy if "://" in proxy else f"//{proxy}")
    except ValueError:
        return ""
