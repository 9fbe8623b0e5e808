"""The shapes of a client's configuration."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints

from actors.clients.registry.config import NAME, ClientConfig, Ignored, Proxy
from actors.clients.types import ClientId
from gateway.schemas.shape import Answer, Request

MASK = "…"
"""What stands in an answer for a password."""
Text = Annotated[str, StringConstraints(max_length=1000)]


class ProxyRequest(Request):
    """The proxy of a client. Without `password` the stored one stays, if server and user name do."""

    server: Annotated[str, StringConstraints(max_length=300)]
    username: Text | None = None
    password: Text | None = None

    def applied(self, before: Proxy | None) -> Proxy:
        """Return the proxy as it is to be stored."""
        same = before is not None and (before.server, before.username) == (self.server, self.username)
        stored = before.password if same and before is not None else None
        return Proxy(self.server, self.username, stored if self.password in (None, MASK) else self.password)


class IgnoreRequest(Request):
    """The kinds of chats whose events are not told."""

    status: bool = False
    groups: bool = False
    channels: bool = False
    broadcast: bool = False


class ConfigRequest(Request):
    """Body of PATCH /clients/{id}/config: what is given is changed; null clears it."""

    name: Annotated[str, StringConstraints(pattern=NAME)] | None = None
    metadata: Annotated[dict[Text, Text], Field(max_length=100)] | None = None
    proxy: ProxyRequest | None = None
    ignore: IgnoreRequest | None = None

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
    """The proxy of a client. The password is never told: only that there is one."""

    server: str
    username: str | None
    password: str | None


class IgnoreAnswer(Answer):
    """The kinds of chats whose events are not told."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    status: bool
    groups: bool
    channels: bool
    broadcast: bool


class ConfigAnswer(Answer):
    """GET and PATCH /clients/{id}/config."""

    cliente_id: int
    name: str | None
    metadata: dict[str, str]
    proxy: ProxyAnswer | None
    ignore: IgnoreAnswer

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
