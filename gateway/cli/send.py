"""The command that sends."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, ClientNumber, Key, Remote, Url

To = Annotated[str, typer.Argument(help="A number, or a chat id …@c.us, …@g.us, …@lid.")]
Text = Annotated[str, typer.Argument(help="What to say.")]
Queue = Annotated[bool, typer.Option("--queue", help="Return once it is on disk, not once WhatsApp has it.")]
Once = Annotated[str | None, typer.Option("--idempotency-key", help="Sent once, however often this is repeated.")]


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
    if json:
        output.as_json(found)
    else:
        output.console.print(f"{found['state']}  {found['message_id']}  [dim]{found['id']}[/dim]")
