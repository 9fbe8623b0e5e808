"""Commands about messages: `send`, and `tail`, which follows events and resumes after a broken connection."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Annotated, Any

import httpx2 as httpx
import typer

from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, ClientNumber, Key, Remote, Unreachable, Url, refusal_of

To = Annotated[str, typer.Argument(help="A number, or a chat id …@c.us, …@g.us, …@lid.")]
Text = Annotated[str, typer.Argument(help="Message text.")]
Queue = Annotated[
    bool, typer.Option("--queue", help="Return as soon as the message is on disk, without waiting for WhatsApp.")
]
Once = Annotated[
    str | None, typer.Option("--idempotency-key", help="Send the message once, however often the command is repeated.")
]


def send(
    client: ClientNumber,
    to: To,
    text: Text,
    queue: Queue = False,
    idempotency_key: Once = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Send a text, and wait until WhatsApp has accepted it."""
    headers = {} if idempotency_key is None else {"Idempotency_Key": idempotency_key}
    with Remote(url, key) as service:
        found = service.post("/messages" if queue else "/send", client, {"to": to, "message": text}, **headers)
    output.answer(found, f"{found['state']}  {found['message_id']}  [dim]{found['id']}[/dim]", json=json)


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
    """Follow events until Ctrl-C; with --json one event per line."""
    asked = {"client": client, "types": types, "after": after}
    with Remote(url, key) as service:
        service.get("/health")  # a wrong address is reported at once; only a service that has answered is waited for
        for number, event in enumerate(_events(service, {k: v for k, v in asked.items() if v is not None}), 1):
            _show(event, json_lines)
            if number == count:
                return


def _events(service: Remote, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield events for ever, over broken connections. Raises Unreachable when nobody has answered for a while."""
    last, failures = None, 0
    while True:
        try:
            for position, event in _read(service, asked, last):
                last, failures = position or last, 0
                if event is not None:
                    yield event
        except httpx.TransportError as error:
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
            yield event.id or None, json.loads(event.data) if event.data else None


def _show(event: dict[str, Any], json_lines: bool) -> None:
    if json_lines:
        print(json.dumps(event, ensure_ascii=False), flush=True)
        return
    payload = output.visible(json.dumps(event.get("payload", event), ensure_ascii=False))
    told = (event.get("at", ""), event.get("cliente_id", ""), event.get("type", ""), payload)
    output.console.print(*told, markup=False, soft_wrap=True)
