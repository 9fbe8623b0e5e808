"""Commands about webhooks and their dead letters."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, Key, Remote, Url

app = typer.Typer(help="List, create and delete webhooks; list and replay dead letters.", no_args_is_help=True)

NO_WEBHOOK = "There is no webhook. Subscribe a URL to events: session-manager webhooks create https://…"

Target = Annotated[str, typer.Argument(help="The URL that receives events: https://…")]
Id = Annotated[str, typer.Argument(help="The webhook's id, as in the list.")]
Types = Annotated[
    list[str] | None, typer.Option("--event", help="A type, or message.*; may be repeated. By default all.")
]
Clients = Annotated[list[int] | None, typer.Option("--client", help="Only of this client; may be repeated.")]
Secret = Annotated[
    str | None,
    typer.Option(
        envvar="SESSION_MANAGER_WEBHOOK_SECRET",
        help="The secret that signs bodies; by default the service creates one.",
    ),
]
Letter = Annotated[int | None, typer.Option("--letter", help="Only this dead letter; by default all of them.")]


@app.command("list")
def listed(url: Url = DEFAULT_URL, key: Key = None, json: AsJson = False) -> None:
    """List the webhooks; secrets are not shown."""
    with Remote(url, key) as service:
        found = service.get("/webhooks")
    if json:
        output.as_json(found)
    else:
        columns = ("ID", "URL", "EVENTS", "CLIENTS", "ACTIVE")
        output.rows(columns, [_row(webhook) for webhook in found], empty=NO_WEBHOOK)


@app.command()
def create(
    target: Target,
    event: Types = None,
    client: Clients = None,
    secret: Secret = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Subscribe a URL to events from now on. A secret that the service creates is printed once."""
    wanted = {"url": target, "events": event, "clients": client, "secret": secret}
    with Remote(url, key) as service:
        made = service.post("/webhooks", None, {name: value for name, value in wanted.items() if value is not None})
    if json:
        output.as_json(made)
    else:
        output.facts({"id": made["id"], "secret": made["secret"] if secret is None else None})


@app.command()
def delete(id: Id, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """Delete a webhook, and the events that it has not received."""
    with Remote(url, key) as service:
        service.delete(f"/webhooks/{id}")
    output.console.print(f"webhook {id} is deleted")


@app.command("dead-letters")
def dead_letters(id: Id, url: Url = DEFAULT_URL, key: Key = None, json: AsJson = False) -> None:
    """List the dead letters of a webhook."""
    with Remote(url, key) as service:
        found = service.get(f"/webhooks/{id}/dead-letters")
    if json:
        output.as_json(found)
        return
    letters = found["dead_letters"]
    columns = ("LETTER", "CLIENT", "EVENT", "ATTEMPTS", "WHY")
    output.rows(columns, [_letter_row(letter) for letter in letters], empty="The webhook has no dead letters.")


@app.command()
def replay(id: Id, letter: Letter = None, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """Send dead letters of a webhook again: one letter, or all."""
    one = "" if letter is None else f"/{letter}"
    with Remote(url, key) as service:
        found = service.post(f"/webhooks/{id}/dead-letters{one}/replay")
    output.console.print(f"dead letters that are sent again: {found['count']}")


def _row(webhook: dict[str, Any]) -> tuple[object, ...]:
    whose = ", ".join(map(str, webhook["clients"])) or "all"
    return webhook["id"], webhook["url"], ", ".join(webhook["events"]), whose, "yes" if webhook["active"] else "no"


def _letter_row(letter: dict[str, Any]) -> tuple[object, ...]:
    return letter["id"], letter["cliente_id"], letter["event_type"], letter["attempts"], letter["why"]
