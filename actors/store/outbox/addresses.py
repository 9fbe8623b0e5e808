"""The addresses of one chat: a number and a LID, or Brazil's two forms of a number.

The order within a chat is that of acceptance, under all of its addresses. Which are of one chat is learned from the ids
that WhatsApp gives to messages. Until it has named the chat of the first message to an address, nothing is known of
that address.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from actors.clients.types import ClientId
from actors.store.schema import outbox_chats

_ONE, _OTHER = outbox_chats.alias(), outbox_chats.alias()
_SAME = (
    select(_OTHER.c.chat)
    .join(_ONE, (_OTHER.c.client_id == _ONE.c.client_id) & (_OTHER.c.named == _ONE.c.named))
    .where(_ONE.c.client_id == bindparam("client"), _ONE.c.chat.in_(bindparam("chats", expanding=True)))
)
_NAMED = select(outbox_chats.c.named).where(
    outbox_chats.c.client_id == bindparam("client"), outbox_chats.c.chat == bindparam("asked")
)


def of_same_chats(connection: Connection, client_id: ClientId, chats: set[str]) -> set[str]:
    """Return the addresses, and every other that is known to be of the same chats."""
    if not chats:
        return chats
    return chats | set(connection.execute(_SAME, {"client": client_id, "chats": sorted(chats)}).scalars())


def learn_chat(connection: Connection, client_id: ClientId, asked: str, full_id: str) -> None:
    """Record the chat in which WhatsApp has filed a message, if it was written to another address."""
    named = chat_in(full_id)
    if named is None or named == asked:
        return
    for chat in (asked, named):
        before = connection.execute(_NAMED, {"client": client_id, "asked": chat}).scalar()
        row = {"client_id": client_id, "chat": chat, "named": named}
        if before is None:
            connection.execute(outbox_chats.insert(), row)
        elif before != named:
            of_chat = (outbox_chats.c.client_id == client_id, outbox_chats.c.chat == chat)
            connection.execute(outbox_chats.update().where(*of_chat), row)


def chat_in(full_id: str | None) -> str | None:
    """Return the chat in WhatsApp's id of a message (`true_CHAT_BARE`); None where there is no id."""
    direction, _, rest = (full_id or "").partition("_")
    return rest.partition("_")[0] if direction == "true" and "@" in rest else None
