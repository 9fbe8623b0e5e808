"""Commands about an account: its chats, the messages of a chat, the files of messages, and its contacts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, ClientNumber, Key, Remote, Url

Limit = Annotated[int, typer.Option(min=1, max=5000, help="At most so many.")]
OneChat = Annotated[str | None, typer.Argument(help="A number or a chat id: show its messages.", metavar="[CHAT]")]
FromChat = Annotated[str, typer.Argument(help="A number or a chat id.", metavar="CHAT")]
WithFile = Annotated[str, typer.Argument(help="Id of the message, as `chats CLIENT CHAT` lists it.", metavar="MESSAGE")]
Target = Annotated[
    Path | None, typer.Option(metavar="PATH", help="File or directory to save it in; by default here, by its own name.")
]
Mine = Annotated[bool, typer.Option("--mine", help="Only those in the account's address book.")]


def chats(
    client: ClientNumber,
    chat: OneChat = None,
    limit: Limit = 20,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """List a client's chats, newest first, or the messages of one."""
    path = "/chats" if chat is None else f"/chats/{quote(chat, safe='')}/messages"
    with Remote(url, key) as service:
        found = service.get(path, client, limit=limit)
    if json:
        output.as_json(found)
    elif chat is None:
        columns = ("CHAT", "NAME", "PHONE", "AT", "UNREAD", "", "LAST MESSAGE")
        output.rows(columns, [_chat(one) for one in found["chats"]], empty=f"Client {client} has no chats.")
    else:
        messages = [_message(one) for one in found["messages"]]
        output.rows(("AT", "FROM", "MESSAGE", "ID"), messages, empty="The chat has no messages.")


def fetch(
    client: ClientNumber,
    chat: FromChat,
    message: WithFile,
    to: Target = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Fetch the file of a message that came in, and save it; print where it is."""
    path = f"/chats/{quote(chat, safe='')}/messages/{quote(message, safe='')}/media"
    with Remote(url, key) as service:
        found = service.post(path, client)
        target = to if to is not None and not to.is_dir() else (to or Path()) / Path(found["filename"] or "file").name
        if target.exists() and target != to:
            raise typer.BadParameter(f"{target} exists: name another with --to")
        service.save(found["url"], client, target)
    output.answer({**found, "saved": str(target)}, str(target), json=json, markup=False)


def contacts(
    client: ClientNumber,
    mine: Mine = False,
    limit: Limit = 100,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """List the people that a client knows, by name."""
    with Remote(url, key) as service:
        found = service.get("/contacts", client, limit=limit, mine="true" if mine else None)
    if json:
        output.as_json(found)
    else:
        columns, empty = ("NAME", "PHONE", "LID", "IN BOOK", "BLOCKED"), f"Client {client} knows nobody."
        output.rows(columns, [_contact(one) for one in found["contacts"]], empty=empty)


def _chat(chat: dict[str, Any]) -> tuple[object, ...]:
    marks = [name for name in ("pinned", "archived") if chat[name]] + (["muted"] if chat["muted_until"] else [])
    last = chat["last_message"]
    unread = "•" if chat["marked_unread"] else chat["unread"] or None
    return chat["id"], chat["name"], chat["phone"], _at(chat["t"]), unread, " ".join(marks), last and _text(last)


def _message(message: dict[str, Any]) -> tuple[object, ...]:
    sender = "me" if message["from_me"] else message["author"] or message["phone"] or message["chat"]
    return _at(message["t"]), sender, _text(message), message["id"]


def _text(message: dict[str, Any]) -> str:
    return message["body"] or message["caption"] or f"({message['type']})"


def _at(t: float | None) -> str | None:
    return None if t is None else datetime.fromtimestamp(t).astimezone().isoformat(" ", "minutes")


def _contact(contact: dict[str, Any]) -> tuple[object, ...]:
    name = contact["name"] or contact["push_name"] or contact["verified_name"]
    marks = ("yes" if contact[one] else None for one in ("mine", "blocked"))
    return name, contact["phone"], contact["lid"], *marks
