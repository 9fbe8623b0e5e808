"""Calls about chats and the messages in them.

Messages have their files: those that this service keeps, and with `downloadMedia` (WAHA's default) those that
WhatsApp gives within `FILES_SECONDS` altogether.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from pykka import Timeout

from actors.clients.errors import ClientRefusal, NotInAccount
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
from actors.clients.operations.fields import File
from actors.clients.types import Seconds
from actors.inbox.inbox import described
from actors.options import inbox_rules
from actors.runtime import Refusal
from actors.waha.messages import ACKS, Json, media_of, of_payload, person
from gateway.waha.calls import WahaRequest, checked
from gateway.waha.errors import BadRequest, NotFound
from gateway.waha.given import address

Key = TypeVar("Key")
Found = TypeVar("Found")

MOST = 5000
MOST_CHATS = 200
"""The chats, the latest, in which messages of all chats are looked for."""
MOST_PICTURES = 50
"""The pictures that one overview asks WhatsApp for: the page asks for each once a day."""
FILES_SECONDS: Seconds = 30.0
PICTURES_SECONDS: Seconds = 5.0
AT_ONCE = 4
"""The questions about files or pictures that one call asks at the same time."""
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
    told = listed[offset : offset + limit] if ids else listed
    pictures = await _each(told[:MOST_PICTURES], _id, lambda chat: _picture(request, chat), PICTURES_SECONDS)
    return [_overview(request, chat, pictures.get(chat.id)) for chat in told]


async def picture(request: WahaRequest) -> Any:
    """Return the address of a chat's picture."""
    found = await request.operate(GetPicture(request.given.chat(), request.given.flag("refresh")))
    return {"url": found.url}


async def messages(request: WahaRequest) -> Any:
    """Return messages of a chat, or of all (`all`), the newest first."""
    given = request.given
    ack = given.optional_text("filter.ack")
    if ack is not None and ack not in _ACKS:
        raise BadRequest(f"filter.ack must be one of the following values: {', '.join(_ACKS)}")
    wanted: Json = {
        "limit": given.whole("limit", 10, 1, MOST),
        "offset": given.whole("offset", 0),
        "from_me": given.flag("filter.fromMe") if "filter.fromMe" in given else None,
        "since": given.whole("filter.timestamp.gte") if "filter.timestamp.gte" in given else None,
        "until": given.whole("filter.timestamp.lte") if "filter.timestamp.lte" in given else None,
        "ack": None if ack is None else _ACKS[ack],
    }
    if given.text("chatId") == "all":
        found = await _of_all_chats(request, wanted)
    else:
        found = (await request.operate(checked(GetChatMessages, chat=given.chat(), **wanted))).messages
    told = await _with_files(request, found)
    return told if given.choice("sortOrder", "desc", _ORDERS) else told[::-1]


async def message(request: WahaRequest) -> Any:
    """Return one message of a chat."""
    given = request.given
    try:
        found = await request.operate(checked(GetChatMessage, chat=given.chat(), message=given.text("messageId")))
    except NotInAccount as refused:
        raise NotFound("Message not found") from refused
    (told,) = await _with_files(request, (found,))
    return told


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


async def _of_all_chats(request: WahaRequest, wanted: Mapping[str, Any]) -> Sequence[PageMessage]:
    """Return messages of all chats together, the newest first.

    No message of a chat is newer than its last activity, so the latest chats are read, until the next one is older than
    everything that is wanted.
    """
    needed, since = wanted["offset"] + wanted["limit"], wanted["since"] or 0
    found: list[PageMessage] = []
    for chat in (await request.operate(ListChats(limit=MOST_CHATS))).chats:
        oldest = (found[needed - 1].t or 0) if len(found) >= needed else 0
        if (chat.t or 0) < max(oldest, since):
            break
        asked = checked(GetChatMessages, chat=chat.id, **{**wanted, "limit": needed, "offset": 0})
        found += (await request.operate(asked)).messages
        found = sorted(found, key=lambda one: one.t or 0, reverse=True)[:needed]
    return found[wanted["offset"] :]


async def _with_files(request: WahaRequest, found: Sequence[PageMessage]) -> list[Json]:
    """Return messages that were read as WAMessages, each with its file, if known."""
    wanted = request.given.flag("downloadMedia", True)
    with_file = [one for one in found if one.media is not None]
    kept = await request.gateway.received.known(request.client_id, [one.bare_id for one in with_file])
    files = await _each(
        with_file, _id, lambda one: _file(request, one, kept.get(one.bare_id), fetched=wanted), FILES_SECONDS
    )
    late = {"error": f"The file was not there within {FILES_SECONDS:g} s: ask again"} if wanted else None
    return [message_told(request, one, files.get(one.id, late)) for one in found]


async def _file(request: WahaRequest, one: PageMessage, kept: File | None, *, fetched: bool) -> Json | None:
    """Return the file of a message: the one that is kept, or with `fetched` WhatsApp's."""
    received, media = request.gateway.received, one.media or {}
    if kept is not None:
        return described(one.bare_id, kept)
    rules = inbox_rules(request.gateway.settings)
    if not fetched or not rules.wants(str(media.get("mimetype"))):
        return None
    if (too_large := rules.too_large(media.get("size"))) is not None:
        return {"error": too_large}
    try:
        return described(*await received.fetch(request.client_id, one.chat, one.id))
    except (Refusal, Timeout) as refused:
        return {"error": str(refused) or "The file was not there in time: ask again"}


async def _picture(request: WahaRequest, chat: PageChat) -> str | None:
    try:
        url: str | None = (await request.operate(GetPicture(chat.id))).url
    except (ClientRefusal, Timeout):  # WAHA says the same of one that is not shown, and of one that was not told
        return None
    return url


async def _each(
    keys: Iterable[Key], name: Callable[[Key], str], ask: Callable[[Key], Awaitable[Found]], seconds: Seconds
) -> dict[str, Found]:
    """Return the answers that are there in time, by name; a few are asked for at once."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(key: Key) -> Found:
        async with room:
            return await ask(key)

    tasks = {name(key): asyncio.create_task(one(key)) for key in keys}
    if not tasks:
        return {}
    try:
        await asyncio.wait(tasks.values(), timeout=seconds)
    finally:
        late = [task for task in tasks.values() if task.cancel()]
        await asyncio.gather(*late, return_exceptions=True)
    return {name: task.result() for name, task in tasks.items() if not task.cancelled()}


def _id(one: PageChat | PageMessage) -> str:
    return one.id


def message_told(request: WahaRequest, found: PageMessage, file: Mapping[str, Any] | None = None) -> Json:
    """Return a message that was read as a WAMessage; `file` is its file, if known."""
    payload = asdict(found)
    if payload["media"] is not None and file is not None:
        payload["media"] = {**payload["media"], **file}
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


def _overview(request: WahaRequest, chat: PageChat, picture: str | None) -> Json:
    told = _chat(request, chat)
    last = told.pop("lastMessage")
    return {"id": told["id"], "name": chat.name, "picture": picture, "lastMessage": last, "_chat": told}


def _last(request: WahaRequest, chat: PageChat) -> Json | None:
    if chat.last_message is None:
        return None
    return {**message_told(request, chat.last_message), "media": None, "mediaUrl": None}
