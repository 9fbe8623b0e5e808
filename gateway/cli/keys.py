"""Commands about API keys: over HTTP with an admin's key, or directly in the database on the service's host."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from actors.settings import StartRefused, load
from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, Key, Remote, Url

app = typer.Typer(help="List, create and revoke API keys.", no_args_is_help=True)

Offline = Annotated[
    bool, typer.Option("--offline", help="Use the database in this host's settings directly, without the service.")
]
Name = Annotated[str, typer.Argument(help="Name of the key in lists.")]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help="read, send, control or admin; may be repeated.")]
Clients = Annotated[list[int] | None, typer.Option("--client", help="Only for this client; may be repeated.")]
Id = Annotated[str, typer.Argument(help="Id of the key, as in the list.")]


@app.command("list")
def listed(url: Url = DEFAULT_URL, key: Key = None, offline: Offline = False, json: AsJson = False) -> None:
    """List the valid keys; never their secrets."""
    found = _listed_offline() if offline else _over_http(url, key, lambda service: service.get("/keys"))
    if json:
        output.as_json(found)
        return
    columns = ("id", "name", "scopes", "clients", "created_at", "last_used_at")
    output.rows([name.upper() for name in columns], [[_text(entry.get(name)) for name in columns] for entry in found])


@app.command()
def create(
    name: Name,
    scope: Scopes = None,
    client: Clients = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    offline: Offline = False,
    json: AsJson = False,
) -> None:
    """Create a key. It is printed once: only its digest is stored."""
    wanted = {"name": name, "scopes": scope or ["admin"], "clients": client}
    found = (
        _create_offline(wanted)
        if offline
        else _over_http(url, key, lambda service: service.post("/keys", None, wanted))
    )
    output.answer(found, found["key"], json=json, markup=False)


@app.command()
def revoke(id: Id, url: Url = DEFAULT_URL, key: Key = None, offline: Offline = False) -> None:
    """Revoke a key."""
    if offline:
        _revoke_offline(id)
    else:
        _over_http(url, key, lambda service: service.delete(f"/keys/{id}"))
    output.console.print(f"key {id} is revoked")


def _over_http(url: str, key: str | None, call: Any) -> Any:
    with Remote(url, key) as service:
        return call(service)


def _listed_offline() -> list[dict[str, Any]]:
    from gateway.schemas.keys import KeyEntry  # imported late: it brings the database
    from gateway.security.keys import list_offline

    return [KeyEntry.of(entry).model_dump() for entry in list_offline(load())]


def _create_offline(wanted: dict[str, Any]) -> dict[str, Any]:
    from gateway.schemas.keys import KeyCreated
    from gateway.security.auth import Scope
    from gateway.security.keys import KeyRefused, create_offline

    try:
        scopes = [Scope(scope) for scope in wanted["scopes"]]
        made, text = create_offline(load(), wanted["name"], scopes, wanted["clients"])
    except (ValueError, KeyRefused) as error:
        raise StartRefused(f"{error}.") from error
    return KeyCreated.of(made, key=text).model_dump()


def _revoke_offline(id: str) -> None:
    from actors.store.keys import NoSuchKey
    from gateway.security.keys import revoke_offline

    try:
        revoke_offline(load(), id)
    except NoSuchKey as error:
        raise StartRefused(f"{error}.") from error


def _text(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else value
