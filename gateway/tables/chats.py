"""Calls about chats and the messages in them."""

from __future__ import annotations

from actors.clients.operations.chats import (
    ArchiveChat,
    ClearChat,
    DeleteChat,
    GetChat,
    GetChatMessage,
    GetChatMessages,
    ListChats,
    MuteChat,
    PinChat,
)
from gateway.calls import Call, delete, get, put
from gateway.tables.needs import CONTROL, READ

CHATS: tuple[Call, ...] = (
    get("/chats", ListChats, READ),
    get("/chats/{chat}", GetChat, READ),
    delete("/chats/{chat}", DeleteChat, CONTROL),
    get("/chats/{chat}/messages", GetChatMessages, READ),
    delete("/chats/{chat}/messages", ClearChat, CONTROL),
    get("/chats/{chat}/messages/{message}", GetChatMessage, READ),
    put("/chats/{chat}/archive", ArchiveChat, CONTROL),
    put("/chats/{chat}/mute", MuteChat, CONTROL),
    put("/chats/{chat}/pin", PinChat, CONTROL),
)
