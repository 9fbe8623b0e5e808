"""The command that shows a client's configuration, and changes it: name, metadata, proxy, ignored chats."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, ClientNumber, Key, Remote, Url


class IgnoredChats(StrEnum):
    """The kinds of chats whose events may be left out."""

    STATUS = "status"
    GROUPS = "groups"
    CHANNELS = "channels"
    BROADCAST = "broadcast"
    NONE = "none"


ClientName = Annotated[
    str | None, typer.Option("--name", help="Name of the client, and of its WAHA session; '' removes it.")
]
Metadata = Annotated[
    list[str] | None,
    typer.Option("--metadata", metavar="KEY=VALUE", help="Part of every event; replaces all; may be repeated."),
]
ProxyServer = Annotated[
    str | None, typer.Option("--proxy", metavar="HOST:PORT", help="Proxy from the next start on; '' removes it.")
]
ProxyUser = Annotated[str | None, typer.Option(help="User name at the proxy.")]
ProxyPassword = Annotated[
    str | None, typer.Option(envvar="SESSION_MANAGER_PROXY_PASSWORD", help="Password at the proxy; never shown again.")
]
Ignore = Annotated[
    list[IgnoredChats] | None, typer.Option("--ignore", help="Leave out events of these chats; may be repeated.")
]


def config(
    client: ClientNumber,
    name: ClientName = None,
    metadata: Metadata = None,
    proxy: ProxyServer = None,
    proxy_user: ProxyUser = None,
    proxy_password: ProxyPassword = None,
    ignore: Ignore = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Show the configuration of a client; options change it first."""
    if proxy is None and proxy_user is not None:
        raise typer.BadParameter("needs the proxy itself (--proxy)", param_hint="--proxy-user")
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = name or None
    if metadata is not None:
        changes["metadata"] = dict(map(_pair, metadata))
    if proxy is not None:
        account = {"username": proxy_user, "password": proxy_password}
        given = {part: value for part, value in account.items() if value is not None}
        changes["proxy"] = {"server": proxy, **given} if proxy else None
    if ignore is not None:
        changes["ignore"] = {str(kind): True for kind in ignore if kind is not IgnoredChats.NONE}
    path = f"/clients/{client}/config"
    with Remote(url, key) as service:
        found = service.call("PATCH", path, json=changes) if changes else service.get(path)
    if json:
        output.as_json(found)
    else:
        output.facts(_told(found))


def _pair(said: str) -> tuple[str, str]:
    """Return a key and its value. Raises BadParameter."""
    key, equals, value = said.partition("=")
    if not (key and equals):
        raise typer.BadParameter(f"{said} is no KEY=VALUE, such as branch=4", param_hint="--metadata")
    return key, value


def _told(found: dict[str, Any]) -> dict[str, object]:
    proxy = found["proxy"]
    return {
        "client": found["cliente_id"],
        "name": found["name"] or "none",
        "metadata": ", ".join(f"{key}={value}" for key, value in found["metadata"].items()) or "none",
        "proxy": "none" if proxy is None else " ".join(filter(None, (proxy["server"], proxy["username"]))),
        "ignored": ", ".join(kind for kind, ignored in found["ignore"].items() if ignored) or "none",
    }
