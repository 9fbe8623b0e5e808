"""Calls about chats and the messages in them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from actors.clients.errors import NotInAccount
from actors.clients.operations.chats import (
    ArchiveChat,
    ClearChat,
    DeleteChat,
    GetChatMessage,
    GetChatMessages,
    ListChats,
    PageChat,
    PageMessage,
)
from actors.clients.operations.contacts import GetPicture
from actors.waha.messages import ACKS, Json, media_of, of_payload, person
from gateway.waha.calls import WahaRequest, checked
from gateway.waha.errors import BadRequest, NotFound
from gateway.waha.given import address

MOST = 5000
_SORTS = {"messageTimestamp": "t", "conversationTimestamp": "t", "id": "id", "name": "name"}
_ORDERS = {"asc": False, "desc": True}
_ACKS = {name: ack for ack, name in ACKS.items()}


async def chats(request: WahaRequest) -> Any:
    """List the chats, the newest first."""
    given = request.given
    found = await request.operate(
        ListChats(
            limit=given.whole("limit", MOST, 1, MOST),
            offset=given.whole("offset", 0),
            sort=given.choice("sortBy", "messageTimestamp", _SORTS),
            descending=given.choice("sortOrder", "desc", _ORDERS),
        )
    )
    return [_chat(request, chat) for chat in found.chats]


async def overview(request: WahaRequest) -> Any:
    """List the chats with name and last message, the newest first; some of them, where `ids` names them."""
    given = request.given
    pagination, wanted = given.object("pagination"), given.object("filter").get("ids") or given.items("ids")
    limit = int(pagination.get("limit") or given.whole("limit", 20, 1, MOST))
    offset = int(pagination.get("offset") or given.whole("offset", 0))
    found = await request.operate(checked(ListChats, limit=MOST if wanted else limit, offset=0 if wanted else offset))
    ids = {address(str(one), "ids") for one in wanted}
    listed = [chat for chat in found.chats if not ids or ids & {chat.id, chat.lid, _address(chat)}]
    return [_overview(request, chat) for chat in (listed[offset : offset + limit] if ids else listed)]


async def picture(request: WahaRequest) -> Any:
    """Return the address of a chat's picture."""
    found = await request.operate(GetPicture(request.given.chat(), request.given.flag("refresh")))
    return {"url": found.url}


async def messages(request: WahaRequest) -> Any:
    """Return messages of a chat, the newest first."""
    given = request.given
    if given.text("chatId") == "all":
        raise BadRequest("chatId must be one chat: messages of all chats at once are not read here")
    ack = given.optional_text("filter.ack")
    if ack is not None and ack not in _ACKS:
        raise BadRequest(f"filter.ack must be one of the following values: {', '.join(_ACKS)}")
    found = await request.operate(
        GetChatMessages(
            given.chat(),
            limit=given.whole("limit", 10, 1, MOST),
            offset=given.whole("offset", 0),
            from_me=given.flag("filter.fromMe") if "filter.fromMe" in given else None,
            since=given.whole("filter.timestamp.gte") if "filter.timestamp.gte" in given else None,
            until=given.whole("filter.timestamp.lte") if "filter.timestamp.lte" in given else None,
            ack=None if ack is None else _ACKS[ack],
        )
    )
    told = [message_told(request, one) for one in found.messages]
    return told if given.choice("sortOrder", "desc", _ORDERS) else told[::-1]


async def message(request: WahaRequest) -> Any:
    """Return one message of a chat."""
    given = request.given
    try:
        found = await request.operate(checked(GetChatMessage, chat=given.chat(), message=given.text("messageId")))
    except NotInAccount as refused:
        raise NotFound("Message not found") from refused
    return message_told(request, found)


async def archive(request: WahaRequest) -> Any:
    """Archive a chat."""
    await request.operate(ArchiveChat(request.given.chat(), archived=True))
    return {"success": True}


async def unarchive(request: WahaRequest) -> Any:
    """Take a chat out of the archive."""
    await request.operate(ArchiveChat(request.given.chat(), archived=False))
    return {"success": True}


async def delete(request: WahaRequest) -> Any:
    """Delete a chat with its messages, for this account."""
    await request.operate(DeleteChat(request.given.chat()))
    return True


async def clear(request: WahaRequest) -> Any:
    """Delete all messages of a chat, for this account."""
    await request.operate(ClearChat(request.given.chat(), keep_starred=False))
    return True


def message_told(request: WahaRequest, found: PageMessage) -> Json:
    """Return a message that was read as a WAMessage."""
    payload = asdict(found)
    media = media_of(payload, request.session)
    more: Json = {"source": payload.get("source") or "app"}
    if media is not None:
        more["media"] = {**media, "url": media["url"] and f"{request.base_url}{media['url']}"}
    return of_payload(payload, request.me, found.t or 0, **more)


def _address(chat: PageChat) -> str:
    return str(person(chat.id, chat.phone))


def _chat(request: WahaRequest, chat: PageChat) -> Json:
    instant = None if chat.t is None else int(chat.t)
    return {
        "id": _address(chat),
        "name": chat.name,
        "isGroup": chat.group,
        "timestamp": instant,
        "conversationTimestamp": instant,
        "unreadCount": chat.unread,
        "archived": chat.archived,
        "pinned": chat.pinned,
        "isMuted": chat.muted_until is not None,
        "isReadOnly": chat.read_only,
        "lastMessage": _last(request, chat),
    }


def _overview(request: WahaRequest, chat: PageChat) -> Json:
    told = _chat(request, chat)
    last = told.pop("lastMessage")
    return {"id": told["id"], "name": chat.name, "picture": None, "lastMessage": last, "_chat": told}


def _last(request: WahaRequest, chat: PageChat) -> Json | None:
    if chat.last_message is None:
        return None
    return {**message_told(request, chat.last_message), "media": None, "mediaUrl": None}
