"""The configuration of a client: its name, its metadata, its proxy, and the chats whose events are not told.

Plain data, kept by the store and read by every part from the registry (`actors.clients.registry.registry`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.clients.types import ClientId
from actors.texts.hosts import host_fault

NAME = r"^[a-zA-Z0-9_-]{1,54}$"
"""The form of a client's name."""
_PROXY = re.compile(r"(?:(https?|socks4|socks5)://)?(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+):([0-9]{1,5})")
_SOCKS = ("socks4://", "socks5://")


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy of a client's browser. `server` is `host:port`, perhaps after `http://`, `https://` or `socks5://`.

    The password is in no answer, no log line and no repr.
    """

    server: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def fault(self) -> str | None:
        """The end of the sentence "proxy should …"; None if nothing is wrong with it."""
        match = _PROXY.fullmatch(self.server)
        if match is None or not 0 < int(match[3]) < 65536:
            return "have a server such as 10.0.0.1:3128 or socks5://proxy.example:1080"
        if (fault := host_fault(match[2].strip("[]"))) is not None:
            return f"have a server such as 10.0.0.1:3128: it should {fault}"
        if self.username is not None and self.server.startswith(_SOCKS):
            return "have no user name with SOCKS: Chromium cannot log in there; use an HTTP proxy"
        return None


@dataclass(frozen=True, slots=True)
class Ignored:
    """The kinds of chats whose events are not told; receipts of own messages are told all the same."""

    status: bool = False
    groups: bool = False
    channels: bool = False
    broadcast: bool = False

    def hides(self, chat: object) -> bool:
        """Return True if events of this chat are not told."""
        if chat == "status@broadcast":
            return self.status
        _, _, server = str(chat).rpartition("@")
        return {"g.us": self.groups, "newsletter": self.channels, "broadcast": self.broadcast}.get(server, False)


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """The configuration of one client, with what its owner stores with it.

    `more` is kept for other faces of the service as they gave it; `stopped`: somebody has stopped the client since it
    last ran.
    """

    client_id: ClientId
    name: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    proxy: Proxy | None = None
    ignored: Ignored = Ignored()
    more: Mapping[str, Any] = field(default_factory=dict, repr=False)
    stopped: bool = False

    @property
    def told(self) -> dict[str, Any]:
        """The fields about the client in every event; empty if it has neither name nor metadata."""
        told: dict[str, Any] = {"name": self.name, "metadata": dict(self.metadata)}
        return {name: value for name, value in told.items() if value}
