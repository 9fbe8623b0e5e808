"""The calls about messages that are there already, and about reading, typing and being online."""

from __future__ import annotations

from actors.clients.operations.changes import DeleteMessage, EditMessage, PinMessage, ReactToMessage, StarMessage
from actors.clients.operations.presence import (
    GetPresence,
    MarkRead,
    MarkUnread,
    ShowPresence,
    ShowTyping,
    SubscribePresence,
)
from gateway.calls import Call, delete, get, patch, post, put
from gateway.tables.needs import MARK, READ

_MESSAGE = "/chats/{chat}/messages/{message}"

MESSAGES: tuple[Call, ...] = (
    put(f"{_MESSAGE}/reaction", ReactToMessage, MARK),
    patch(_MESSAGE, EditMessage, MARK),
    delete(_MESSAGE, DeleteMessage, MARK),
    put(f"{_MESSAGE}/star", StarMessage, MARK),
    put(f"{_MESSAGE}/pin", PinMessage, MARK),
)
PRESENCE: tuple[Call, ...] = (
    post("/chats/{chat}/read", MarkRead, MARK),
    post("/chats/{chat}/unread", MarkUnread, MARK),
    put("/chats/{chat}/typing", ShowTyping, MARK),
    put("/presence", ShowPresence, MARK),
    get("/contacts/{id}/presence", GetPresence, READ),
    post("/contacts/{id}/presence", SubscribePresence, MARK),
)
