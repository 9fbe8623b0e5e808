"""Calls that change a message, and those about reading, typing and being online."""

from __future__ import annotations

from typing import Any

from actors.clients.errors import OperationRefused
from actors.clients.operations.changes import DeleteMessage, EditMessage, PinMessage, ReactToMessage, StarMessage
from actors.clients.operations.presence import (
    GetPresence,
    MarkRead,
    MarkUnread,
    Presence,
    ShowPresence,
    ShowTyping,
    SubscribePresence,
    Typing,
)
from actors.waha.messages import PRESENCES, Json, bare_of, message, raw_key
from gateway.waha.answers import NOTHING
from gateway.waha.calls import WahaRequest, checked
from gateway.waha.errors import BadRequest, Unprocessable
from gateway.waha.given import address

DAY, WEEK, MONTH = 86_400, 604_800, 2_592_000
_ONLINE = {"online": True, "available": True, "offline": False, "unavailable": False}
_TYPING = {"typing": Typing.TYPING, "recording": Typing.RECORDING, "paused": Typing.PAUSED}


async def react(request: WahaRequest) -> Any:
    """React to a message; an empty reaction takes it back."""
    given = request.given
    sign = given.optional_text("reaction", "") or ""
    await request.operate(checked(ReactToMessage, **its_message(given.text("messageId")), reaction=sign))
    return {"success": True}


async def star(request: WahaRequest) -> Any:
    """Star a message, or take the star away."""
    given = request.given
    named = its_message(given.text("messageId"), given.optional_text("chatId"))
    await request.operate(checked(StarMessage, **named, starred=given.flag("star", True)))
    return NOTHING


async def edit(request: WahaRequest) -> Any:
    """Change the text of an own message, or the caption of its file."""
    given, text = request.given, request.given.text("text")
    named = its_message(given.text("messageId"), given.text("chatId"))
    await request.operate(checked(EditMessage, **named, text=text))
    return message(
        given.text("messageId"),
        named["chat"],
        me=request.me,
        from_me=True,
        timestamp=request.now,
        body=text,
        source="api",
    )


async def delete(request: WahaRequest) -> Any:
    """Delete a message for everyone where WhatsApp allows it, else in this account alone."""
    given = request.given
    named = its_message(given.text("messageId"), given.text("chatId"))
    try:
        await request.operate(checked(DeleteMessage, **named, everyone=True))
    except OperationRefused:
        await request.operate(checked(DeleteMessage, **named, everyone=False))
    return True


async def pin(request: WahaRequest) -> Any:
    """Pin a message in its chat for a day, a week or 30 days."""
    given = request.given
    duration = given.whole("duration", DAY)
    if duration not in (DAY, WEEK, MONTH):
        raise BadRequest(f"duration must be one of the following values: {DAY}, {WEEK}, {MONTH}")
    named = its_message(given.text("messageId"), given.text("chatId"))
    await request.operate(checked(PinMessage, **named, pinned=True, duration=duration))
    return {"success": True}


async def unpin(request: WahaRequest) -> Any:
    """Take a message down that is pinned in its chat."""
    named = its_message(request.given.text("messageId"), request.given.text("chatId"))
    await request.operate(checked(PinMessage, **named, pinned=False))
    return {"success": True}


async def seen(request: WahaRequest) -> Any:
    """Mark a chat as read."""
    given = request.given
    await request.operate(MarkRead(given.chat()))
    ids = [str(one) for one in given.items("messageIds") or given.items("messages") or given.items("messageId")]
    return {"ids": ids or None}


async def unread(request: WahaRequest) -> Any:
    """Mark a chat as unread."""
    await request.operate(MarkUnread(request.given.chat()))
    return {"success": True}


async def start_typing(request: WahaRequest) -> Any:
    """Show in a chat that the account types."""
    await request.operate(ShowTyping(request.given.chat(), Typing.TYPING))
    return {"result": True}


async def stop_typing(request: WahaRequest) -> Any:
    """Show in a chat that the account types no more."""
    await request.operate(ShowTyping(request.given.chat(), Typing.PAUSED))
    return {"result": True}


async def show_presence(request: WahaRequest) -> Any:
    """Show the account as online or offline, or as typing in a chat."""
    given = request.given
    presence = given.choice("presence", "", {**_ONLINE, **_TYPING})
    if isinstance(presence, bool):
        await request.operate(ShowPresence(presence))
    else:
        await request.operate(ShowTyping(given.chat(), presence))
    return NOTHING


async def presence(request: WahaRequest) -> Any:
    """Return the presence of a person or a group, as far as the page knows it."""
    return presence_told(await request.operate(SubscribePresence(request.given.chat())))


async def presences(request: WahaRequest) -> Any:
    """Return the presence of one chat, where the query names one; else none, for no list of them is kept."""
    if "chatId" not in request.given:
        return []
    return [presence_told(await request.operate(GetPresence(request.given.chat())))]


async def subscribe(request: WahaRequest) -> Any:
    """Subscribe to the presence of a person or group: online, typing, recording."""
    await request.operate(SubscribePresence(request.given.chat()))
    return NOTHING


def presence_told(known: Presence) -> Json:
    """Return a presence in WAHA's form."""
    people = known.participants or (known,)
    return {
        "id": known.id,
        "presences": [
            {
                "participant": one.id,
                "lastKnownPresence": PRESENCES.get(one.state, one.state),
                "lastSeen": getattr(one, "last_seen", None),
            }
            for one in people
        ],
    }


def its_message(id: str, chat: str | None = None) -> Json:
    """Return chat and message of an operation. A full id names its chat; it is looked up by its bare id in there.

    Raises BadRequest, Unprocessable.
    """
    if "_" in id:
        key = raw_key(id)
        return {"chat": address(chat or key["remote"]), "message": id}
    if chat is None:
        raise Unprocessable(
            "messageId must be a full id such as false_5491122334455@c.us_3EB0 where no chatId is given"
        )
    return {"chat": address(chat), "message": bare_of(id)}
