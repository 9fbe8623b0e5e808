"""The command about the outbox: what became of messages."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, ClientNumber, Key, Remote, Url

Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")]
OneMessage = Annotated[
    str | None, typer.Argument(help="Id of a message, as `send` prints it: show what became of it.", metavar="[ID]")
]
Cancelled = Annotated[bool, typer.Option("--cancel", help="Cancel that message, if it has not left.")]


def messages(
    client: ClientNumber,
    id: OneMessage = None,
    cancel: Cancelled = False,
    limit: Limit = 20,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """List the messages that a client was given to send, newest first, or show or cancel one."""
    if cancel and id is None:
        raise typer.BadParameter("--cancel needs the ID of a message")
    with Remote(url, key) as service:
        if id is None:
            found = service.get("/messages", client, limit=limit)
        else:
            path = f"/messages/{quote(id, safe='')}"
            found = service.delete(path, client) if cancel else service.get(path, client)
    if json:
        output.as_json(found)
    elif id is None:
        columns = ("AT", "TO", "STATE", "MESSAGE", "WHY", "ID")
        empty = f"Client {client} was given no message."
        output.rows(columns, [_row(one) for one in found["messages"]], empty=empty)
    else:
        output.facts({name: value for name, value in found.items() if not isinstance(value, dict)})
        output.facts(found.get("times", {}))


def _row(message: dict[str, Any]) -> tuple[object, ...]:
    at = max(message["times"].values(), default=None)
    return at, message["to"], message["state"], _said(message), message["reason"], message["id"]


def _said(message: dict[str, Any]) -> str:
    """Return the text of a message, or else the name of its content."""
    names = (name for name in _CONTENTS if message.get(name) is not None)
    name = next(names, None)
    content = message.get(name) if name else None
    if isinstance(content, dict):
        content = content.get("caption") or content.get("name")
    return content if isinstance(content, str) else f"({name or 'unknown'})"


_CONTENTS = (
    *("message", "location", "contacts", "poll", "forward"),
    *("image", "document", "video", "voice", "video_note", "sticker"),
)
