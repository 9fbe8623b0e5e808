"""Commands about a client's groups: their list, one with its members, a new one, and the end of one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, ClientNumber, Key, Remote, Url

app = typer.Typer(help="List, show, create, leave and delete groups.", no_args_is_help=True)

Group = Annotated[str, typer.Argument(help="Id of the group, as in the list.")]
Subject = Annotated[str, typer.Argument(help="Subject of the group.")]
People = Annotated[list[str], typer.Argument(help="Numbers of its members, besides the client's own.")]
Left = Annotated[bool, typer.Option("--leave", help="Leave the group first.")]
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
        found = service.get(_path(group), client)
    if json:
        output.as_json(found)
        return
    created = found["created"] and datetime.fromtimestamp(found["created"]).astimezone().isoformat(" ", "minutes")
    output.facts({name: value for name, value in found.items() if name != "participants"} | {"created": created})
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


@app.command()
def leave(client: ClientNumber, group: Group, url: Url = DEFAULT_URL, key: Key = None, json: AsJson = False) -> None:
    """Leave a group; its chat stays."""
    with Remote(url, key) as service:
        found = service.post(f"{_path(group)}/leave", client)
    output.answer(found, f"Client {client} has left {group}.", json=json, markup=False)


@app.command()
def delete(
    client: ClientNumber,
    group: Group,
    leave: Left = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Delete the chat of a group that the client has left."""
    with Remote(url, key) as service:
        found = service.call("DELETE", _path(group), client, params={"leave": "true"} if leave else {})
    output.answer(found, f"The chat of {group} is deleted.", json=json, markup=False)


def _path(group: str) -> str:
    return f"/groups/{quote(group, safe='')}"


def _all(service: Remote, client: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        part = service.get("/groups", client, limit=PAGE, offset=len(found))
        found += part["groups"]
        if not part["groups"] or len(found) >= part["total"]:
            return found
