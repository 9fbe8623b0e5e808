"""Commands about a client's groups: their list, one with its members, and a new one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, ClientNumber, Key, Remote, Url

app = typer.Typer(help="List, show and create groups.", no_args_is_help=True)

Group = Annotated[str, typer.Argument(help="Id of the group, as in the list.")]
Subject = Annotated[str, typer.Argument(help="Subject of the group.")]
People = Annotated[list[str], typer.Argument(help="Numbers of its members, besides the client's own.")]
PAGE = 100


@app.command("list")
def listed(client: ClientNumber, url: Url = DEFAULT_URL, key: Key = None, json: AsJson = False) -> None:
    """List the groups that a client is in."""
    with Remote(url, key) as service:
        found = _all(service, client)
    if json:
        output.as_json(found)
    else:
        people = [(one["id"], one["size"], one["subject"]) for one in found]
        output.rows(("GROUP", "MEMBERS", "SUBJECT"), people, empty=f"Client {client} is in no group.")


@app.command()
def show(client: ClientNumber, group: Group, url: Url = DEFAULT_URL, key: Key = None, json: AsJson = False) -> None:
    """Show a group with its members."""
    with Remote(url, key) as service:
        found = service.get(f"/groups/{group}", client)
    if json:
        output.as_json(found)
        return
    output.facts({name: value for name, value in found.items() if name != "participants"})
    people = [(one["phone"], one["role"], one["id"]) for one in found["participants"]]
    output.rows(("PHONE", "ROLE", "ID"), people)


@app.command()
def create(
    client: ClientNumber,
    subject: Subject,
    people: People,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Create a group, and print its id; then who could not be added, with the code to invite them by."""
    with Remote(url, key) as service:
        found = service.post("/groups", client, {"subject": subject, "participants": people})
    if json:
        output.as_json(found)
        return
    output.console.print(found["group"]["id"], markup=False)
    others = [one for one in found["participants"] if one["code"] != 200]
    if others:
        columns = ("phone", "code", "invite_code")
        output.rows([name.upper() for name in columns], [[one[name] for name in columns] for one in others])


def _all(service: Remote, client: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        part = service.get("/groups", client, limit=PAGE, offset=len(found))
        found += part["groups"]
        if not part["groups"] or len(found) >= part["total"]:
            return found
