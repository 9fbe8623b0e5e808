"""Commands about API keys: over HTTP with an admin's key, or directly in the database on the service's host."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from actors.settings import StartRefused, load
from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, Key, Remote, Url

app = typer.Typer(help="List, create and revoke API keys.", no_args_is_help=True)

Offline = Annotated[
    bool, typer.Option("--offline", help="Use the database in this host's settings directly, without the service.")
]


class Allowed(StrEnum):
    """The scopes of a key, as the command takes them."""

    READ = "read"
    SEND = "send"
    CONTROL = "control"
    ADMIN = "admin"


MEANING = {
    Allowed.READ: "look at clients, chats, messages and events",
    Allowed.SEND: "send messages",
    Allowed.CONTROL: "start, pair, stop and delete clients, change chats and groups",
    Allowed.ADMIN: "everything, keys and webhooks included",
}
NO_SCOPE = "Say what the key may do, with --scope (may be repeated): " + "; ".join(
    f"{scope}: {meaning}" for scope, meaning in MEANING.items()
)
NO_KEY = (
    "There is no key: everybody on this machine may do everything. Create the first: session-manager keys create NAME"
)

Name = Annotated[str, typer.Argument(help="Name of the key in lists.")]
Scopes = Annotated[
    list[Allowed] | None,
    typer.Option("--scope", help="What the key may do; may be repeated. The first key needs none: it is an admin's."),
]
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
    shown = [[_text(entry.get(name)) for name in columns] for entry in found]
    output.rows([name.upper() for name in columns], shown, empty=NO_KEY)


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
    """Create a key. It is printed once, alone on standard output: only its digest is stored.

    The first key is an admin's, for all clients; from then on every call needs a key. Further keys need --scope.
    """
    first = not _known(url, key, offline=offline)
    if not scope and not first:
        raise typer.BadParameter(NO_SCOPE, param_hint="--scope")
    wanted = {"name": name, "scopes": [*map(str, scope or [Allowed.ADMIN])], "clients": client}
    found = (
        _create_offline(wanted)
        if offline
        else _over_http(url, key, lambda service: service.post("/keys", None, wanted))
    )
    output.answer(found, found["key"], json=json, markup=False)
    if not json:
        for line in _explained(found, first=first):
            output.beside.print(line, markup=False, soft_wrap=True)


def _known(url: str, key: str | None, *, offline: bool) -> list[dict[str, Any]]:
    """Return the valid keys, that of the setting included."""
    if not offline:
        found: list[dict[str, Any]] = _over_http(url, key, lambda service: service.get("/keys"))
        return found
    return [*_listed_offline(), *([{}] if load().api_key else [])]


def _explained(made: dict[str, Any], *, first: bool) -> list[str]:
    """Return the permissions of the key, in sentences."""
    clients = "all clients" if made["clients"] is None else "client " + ", ".join(map(str, made["clients"]))
    may = "; ".join(f"{scope} ({MEANING[Allowed(scope)]})" for scope in made["scopes"])
    told = [f"{made['name']} may, for {clients}: {may}.", "The key is shown only now: keep it."]
    if first:
        told.append(
            "It is the first key: from now on every call needs a key, these commands too. "
            "They take it from SESSION_MANAGER_KEY or --key, HTTP takes it in the header X-Api-Key."
        )
    return told


@app.command()
def revoke(id: Id, url: Url = DEFAULT_URL, key: Key = None, offline: Offline = False) -> None:
    """Revoke a key, and print what goes on without it."""
    left = _revoke_offline(id) if offline else _over_http(url, key, lambda service: service.delete(f"/keys/{id}"))
    output.console.print(f"key {id} is revoked")
    for webhook in left["webhooks"]:
        output.console.print(f"webhook {webhook}, which it made or changed last, goes on: webhooks delete {webhook}")
    if waiting := left["queued_messages"]:
        output.console.print(
            f"{waiting} messages of clients that it could send for are not sent yet ({left['scheduled_messages']} are "
            "to leave later); which of them it handed in is not recorded. messages CLIENT lists them, and "
            "messages CLIENT ID --cancel ends one"
        )


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


def _revoke_offline(id: str) -> dict[str, Any]:
    from actors.store.rows.keys import NoSuchKey
    from gateway.schemas.keys import KeyRevoked
    from gateway.security.keys import revoke_offline

    try:
        return KeyRevoked.of(id, revoke_offline(load(), id)).model_dump()
    except NoSuchKey as error:
        raise StartRefused(f"{error}.") from error


def _text(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else value
