"""The shapes of a client's configuration."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints

from actors.clients.registry.config import NAME, ClientConfig, Ignored, Proxy
from actors.clients.types import ClientId
from gateway.schemas.shape import Answer, Request

MASK = "…"
"""The text in an answer that stands for a password."""
Text = Annotated[str, StringConstraints(max_length=1000)]


class ProxyRequest(Request):
    """The proxy of a client."""

    server: Annotated[str, StringConstraints(max_length=300)]
    """Its address, such as `proxy.example:3128` or `socks5://proxy.example:1080`."""
    username: Text | None = None
    """The user name, where it wants one."""
    password: Text | None = None
    """The password. Left out, the stored one stays, if server and user name do."""

    def applied(self, before: Proxy | None) -> Proxy:
        """Return the proxy as it is to be stored."""
        same = before is not None and (before.server, before.username) == (self.server, self.username)
        stored = before.password if same and before is not None else None
        return Proxy(self.server, self.username, stored if self.password in (None, MASK) else self.password)


class IgnoreRequest(Request):
    """The kinds of chats whose events are left out."""

    status: bool = False
    """Statuses of contacts."""
    groups: bool = False
    """Groups."""
    channels: bool = False
    """Channels."""
    broadcast: bool = False
    """Broadcast lists."""


class ConfigRequest(Request):
    """Body of PATCH /clients/{id}/config: the given fields are changed; null clears one."""

    name: Annotated[str, StringConstraints(pattern=NAME)] | None = None
    """A name for people and for WAHA's calls. No two clients have the same; null removes it."""
    metadata: Annotated[dict[Text, Text], Field(max_length=100)] | None = None
    """The caller's own texts, part of every event of the client; null removes them."""
    proxy: ProxyRequest | None = None
    """The proxy through which its browser goes; null is none. It counts from the client's next start on."""
    ignore: IgnoreRequest | None = None
    """The kinds of chats whose events are left out; null is none."""

    def changes(self, before: ClientConfig) -> dict[str, Any]:
        """Return the fields to change."""
        given: dict[str, Any] = {}
        if "name" in self.model_fields_set:
            given["name"] = self.name
        if "metadata" in self.model_fields_set:
            given["metadata"] = self.metadata or {}
        if "proxy" in self.model_fields_set:
            given["proxy"] = None if self.proxy is None else self.proxy.applied(before.proxy)
        if "ignore" in self.model_fields_set:
            given["ignored"] = Ignored() if self.ignore is None else Ignored(**self.ignore.model_dump())
        return given


class ProxyAnswer(Answer):
    """The proxy of a client, as it is shown."""

    server: str
    """Its address."""
    username: str | None
    """The user name."""
    password: str | None
    """`…` where there is one: it is never shown."""


class IgnoreAnswer(Answer):
    """The kinds of chats whose events are left out."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    status: bool
    """Statuses of contacts."""
    groups: bool
    """Groups."""
    channels: bool
    """Channels."""
    broadcast: bool
    """Broadcast lists."""


class ConfigAnswer(Answer):
    """GET and PATCH /clients/{id}/config."""

    cliente_id: int
    name: str | None
    """Its name; null where it has none."""
    metadata: dict[str, str]
    """The caller's own texts, part of every event of the client."""
    proxy: ProxyAnswer | None
    """The proxy through which its browser goes; null where there is none."""
    ignore: IgnoreAnswer
    """The kinds of chats whose events are left out."""

    @classmethod
    def of(cls, client_id: ClientId, config: ClientConfig) -> Self:
        """Fill from what is stored."""
        proxy, shown = config.proxy, None
        if proxy is not None:
            password = None if proxy.password is None else MASK
            shown = ProxyAnswer(server=proxy.server, username=proxy.username, password=password)
        return cls(
            cliente_id=client_id,
            name=config.name,
            metadata=dict(config.metadata),
            proxy=shown,
            ignore=IgnoreAnswer.model_validate(config.ignored),
        )
