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
from gateway.received import with_files
from gateway.tables.needs import CONTROL, READ

CHATS: tuple[Call, ...] = (
    get("/chats", ListChats, READ, completed=with_files),
    get("/chats/{chat}", GetChat, READ, completed=with_files),
    delete("/chats/{chat}", DeleteChat, CONTROL),
    get("/chats/{chat}/messages", GetChatMessages, READ, completed=with_files),
    delete("/chats/{chat}/messages", ClearChat, CONTROL),
    get("/chats/{chat}/messages/{message}", GetChatMessage, READ, completed=with_files),
    put("/chats/{chat}/archive", ArchiveChat, CONTROL),
    put("/chats/{chat}/mute", MuteChat, CONTROL),
    put("/chats/{chat}/pin", PinChat, CONTROL),
)
