"""Commands about messages: `send`, `messages`, `held`, and `tail`, which follows events and resumes after a broken
connection.
"""

from __future__ import annotations

import json
import mimetypes
import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx2
import typer

from gateway.cli import output
from gateway.cli.address import Unreachable
from gateway.cli.event_lines import line_of
from gateway.cli.remote import (
    DEFAULT_URL,
    SECONDS,
    AsJson,
    ClientNumber,
    Key,
    Remote,
    ServiceRefused,
    Url,
    refusal_of,
)


class Shown(StrEnum):
    """The kinds of messages that are files."""

    IMAGE = "image"
    DOCUMENT = "document"
    VIDEO = "video"
    VOICE = "voice"
    VIDEO_NOTE = "video_note"
    STICKER = "sticker"


To = Annotated[str, typer.Argument(help="A number, or a chat id …@c.us, …@g.us, …@lid.")]
Words = Annotated[str | None, typer.Argument(help="Message text; with --poll the question.")]
Queue = Annotated[
    bool, typer.Option("--queue", help="Return as soon as the message is on disk, without waiting for WhatsApp.")
]
Once = Annotated[
    str | None, typer.Option("--idempotency-key", help="Send the message once, however often the command is repeated.")
]
Place = Annotated[
    str | None, typer.Option("--location", metavar="LAT,LON", help="Send a place on the map; TEXT is its name.")
]
Cards = Annotated[
    list[str] | None, typer.Option("--contact", metavar="NAME=PHONE", help="Send a contact card; may be repeated.")
]
Choices = Annotated[
    list[str] | None, typer.Option("--poll", metavar="OPTION", help="Send a poll; repeat it for each option.")
]
Several = Annotated[bool, typer.Option("--multiple", help="Let people choose several options of the poll.")]
Forward = Annotated[str | None, typer.Option(metavar="ID", help="Forward the message with this id.")]
Answered = Annotated[str | None, typer.Option("--reply-to", metavar="ID", help="Reply to the message with this id.")]
Mentioned = Annotated[
    list[str] | None, typer.Option("--mention", metavar="NUMBER", help="Mention a person, or `all`; may be repeated.")
]
Attached = Annotated[
    Path | None,
    typer.Option("--file", metavar="PATH", exists=True, dir_okay=False, help="Send a file; TEXT is its caption."),
]
ShownAs = Annotated[
    Shown | None, typer.Option("--as", help="Kind of message for the file; by default image, video or document.")
]
Converted = Annotated[bool, typer.Option("--convert", help="Have the service convert the file to what phones play.")]
Preview = Annotated[bool, typer.Option("--link-preview", help="Show a preview of the link in the text.")]


def send(
    client: ClientNumber,
    to: To,
    text: Words = None,
    location: Place = None,
    contact: Cards = None,
    poll: Choices = None,
    multiple: Several = False,
    forward: Forward = None,
    file: Attached = None,
    shown_as: ShownAs = None,
    convert: Converted = False,
    reply_to: Answered = None,
    mention: Mentioned = None,
    link_preview: Preview = False,
    queue: Queue = False,
    idempotency_key: Once = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Send a text, a file, a place, contact cards, a poll or an earlier message; wait until WhatsApp accepts it."""
    content = {
        "message": text if not (location or poll or file) else None,
        "location": location and _place(location, text),
        "contacts": [_card(one) for one in contact or []] or None,
        "poll": poll and {"name": text or "", "options": poll, "multiple_answers": multiple},
        "forward": forward and {"message": forward},
    }
    options = {
        "reply_to": reply_to,
        "mentions": "all" if mention == ["all"] else mention or None,
        "link_preview": link_preview or None,
    }
    body = {"to": to} | {name: value for name, value in (content | options).items() if value}
    headers = {} if idempotency_key is None else {"Idempotency_Key": idempotency_key}
    with Remote(url, key) as service:
        if file is not None:
            body |= _file(service, client, file, shown_as, text, convert=convert)
        if queue or "message" not in body:
            found = service.post("/messages", client, body, **headers)
            found = found if queue else _settled(service, client, found)
        else:
            found = service.post("/send", client, body, **headers)
    output.answer(found, f"{found['state']}  {found['message_id']}  [dim]{found['id']}[/dim]", json=json)


Released = Annotated[bool, typer.Option("--release", help="Send all of them from the account that is linked now.")]
Dropped = Annotated[bool, typer.Option("--cancel", help="Cancel all of them.")]


def held(
    client: ClientNumber,
    release: Released = False,
    cancel: Dropped = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Show messages that wait because the client is linked to another account, send them from it, or cancel them."""
    if release and cancel:
        raise typer.BadParameter("--release and --cancel exclude each other")
    with Remote(url, key) as service:
        if release or cancel:
            method, path = ("POST", "/messages/held/release") if release else ("DELETE", "/messages/held")
            done = service.call(method, path, client)
            output.answer(done, f"{done['count']} {'released' if release else 'cancelled'}", json=json)
            return
        found = service.get("/messages/held", client)
    if json:
        output.as_json(found)
    elif not found["accounts"]:
        output.console.print("No message waits for another account.")
    else:
        output.rows(("ACCOUNT", "MESSAGES"), ((_name_of(one["account"]), one["messages"]) for one in found["accounts"]))


def _name_of(account: dict[str, Any] | None) -> str:
    return (account["phone"] or account["lid"]) if account else "forgotten"


Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")]
OneMessage = Annotated[
    str | None, typer.Argument(help="Id of a message, as `send` prints it: show its state.", metavar="[ID]")
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
    """List the outgoing messages of a client, newest first, or show or cancel one."""
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


def _file(
    service: Remote, client: int, path: Path, shown_as: Shown | None, caption: str | None, *, convert: bool
) -> dict[str, Any]:
    """Upload a file; return the content that names it."""
    mimetype = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    family = mimetype.split("/")[0]
    kind = shown_as or (Shown(family) if family in (Shown.IMAGE, Shown.VIDEO) else Shown.DOCUMENT)
    with path.open("rb") as data:
        how = {"content": data, "params": {"filename": path.name}, "headers": {"Content-Type": mimetype}}
        kept = service.call("POST", "/media", client, **how)
    content = {"digest": kept["digest"], "caption": caption, "convert": convert or None}
    return {kind.value: {name: value for name, value in content.items() if value}}


def _place(said: str, name: str | None) -> dict[str, Any]:
    """Return a place on the map. Raises BadParameter."""
    latitude, _, longitude = said.partition(",")
    try:
        place: dict[str, Any] = {"latitude": float(latitude), "longitude": float(longitude)}
    except ValueError:
        raise typer.BadParameter(f"{said} is no LAT,LON, such as -34.6037,-58.3816") from None
    return place | ({"name": name} if name else {})


def _card(said: str) -> dict[str, str]:
    """Return a contact card. Raises BadParameter."""
    from actors.texts.phone_numbers import digits_of  # its tables take longer to load than the command itself

    name, _, phone = said.rpartition("=")
    try:
        if not name:
            raise ValueError("should have a name")
        return {"name": name, "phone": digits_of(phone)}
    except ValueError as error:
        raise typer.BadParameter(f"{said} is no NAME=PHONE, such as Ana=5491122334455: it {error}") from None


UNSETTLED = ("queued", "sending")
LOOK_SECONDS = 0.25


def _settled(service: Remote, client: int, message: dict[str, Any]) -> dict[str, Any]:
    """Return the message once it is settled, or as it is after `SECONDS`."""
    deadline = time.monotonic() + SECONDS
    while message["state"] in UNSETTLED and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        message = service.get(f"/messages/{message['id']}", client)
    if message["state"] in ("failed", "expired", "cancelled"):
        raise ServiceRefused("SEND_FAILED", f"The message was not sent: {message['reason']}")
    return message


RETRIES = 30
RETRY_SECONDS = 1.0
SILENCE_SECONDS = 60.0
"""Longer than the time between two heartbeats."""

Client = Annotated[int | None, typer.Option(min=1, max=2**31 - 1, help="Only of this client.")]
Types = Annotated[str | None, typer.Option(help="Only of these types, comma separated; message.* for all below.")]
After = Annotated[int | None, typer.Option(min=0, help="Begin after this position; by default with the next event.")]
Count = Annotated[int | None, typer.Option(min=1, help="End after this number of events.")]


def tail(
    client: Client = None,
    types: Types = None,
    after: After = None,
    count: Count = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json_lines: AsJson = False,
) -> None:
    """Follow events until Ctrl-C: one line each on a terminal; JSON, one event per line, with --json or into a pipe."""
    json_lines = json_lines or not sys.stdout.isatty()
    if not json_lines:
        output.beside.print("Waiting for events; Ctrl-C ends it.", style="dim")
    asked = {"client": client, "types": types, "after": after}
    with Remote(url, key) as service:
        service.get("/health")  # a wrong address is reported at once; only a service that has answered is waited for
        for number, event in enumerate(_events(service, {k: v for k, v in asked.items() if v is not None}), 1):
            _show(event, json_lines)
            if number == count:
                return


def _events(service: Remote, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield events for ever, over broken connections. Raises Unreachable if the service is away too long."""
    last, failures = None, 0
    while True:
        try:
            for position, event in _read(service, asked, last):
                last, failures = position or last, 0
                if event is not None:
                    yield event
        except httpx2.TransportError as error:
            failures += 1
            if failures == 1:
                typer.echo(f"{service.url} has gone ({error}): trying again for a while", err=True)
            if failures > RETRIES:
                raise Unreachable(f"No service answers at {service.url} ({error}).") from error
        time.sleep(RETRY_SECONDS)  # an answer is the only sign of the server's return


def _read(
    service: Remote, asked: dict[str, Any], last: str | None
) -> Iterator[tuple[str | None, dict[str, Any] | None]]:
    """Yield positions with their events. A heartbeat is a position without an event: httpx2 yields it too."""
    headers = {} if last is None else {"Last-Event-ID": last}
    with service.http.sse("/events", params=asked, headers=headers, timeout=SILENCE_SECONDS) as source:
        if not source.response.is_success:
            source.response.read()
            raise refusal_of(source.response)
        for event in source:
            yield event.id or None, _event_of(event.data) if event.data else None


def _event_of(data: str) -> dict[str, Any]:
    """Return an event; report one that cannot be read, and go on with the next."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        event = None
    return event if isinstance(event, dict) else {"type": "unreadable", "payload": {"data": data}}


def _show(event: dict[str, Any], json_lines: bool) -> None:
    if json_lines:
        print(output.line(event), flush=True)
    else:
        output.console.print(line_of(event), markup=False, soft_wrap=True)
