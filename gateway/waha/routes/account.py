"""Calls about the account itself: its profile, its labels, its statuses, calls to it."""

from __future__ import annotations

from typing import Any

from actors.clients.operations.labels import (
    ChangeLabel,
    ChatLabel,
    CreateLabel,
    DeleteLabel,
    ListChatsOfLabel,
    ListLabels,
    ListLabelsOfChat,
    SetLabelsOfChat,
)
from actors.clients.operations.messages import draw_message_id
from actors.clients.operations.profile import (
    ChangeProfile,
    DeleteProfilePicture,
    GetProfile,
    RejectCall,
    SetProfilePicture,
)
from actors.clients.operations.status import DeleteStatus, PostTextStatus
from actors.waha.messages import Json, bare_of, person
from gateway.waha.answers import NOTHING
from gateway.waha.calls import WahaRequest, checked
from gateway.waha.errors import BadRequest
from gateway.waha.routes.files import its_picture, refuse_contacts
from gateway.waha.routes.messages import send

_DONE = {"success": True}


async def profile(request: WahaRequest) -> Any:
    """Return the account's name and picture."""
    found = await request.operate(GetProfile())
    return {"id": person(found.id, found.phone), "picture": found.picture, "name": found.name, "about": found.about}


async def set_name(request: WahaRequest) -> Any:
    """Change the account's name."""
    await request.operate(checked(ChangeProfile, name=request.given.text("name")))
    return _DONE


async def set_about(request: WahaRequest) -> Any:
    """Change the account's about text."""
    await request.operate(checked(ChangeProfile, about=request.given.text("status")))
    return _DONE


async def set_picture(request: WahaRequest) -> Any:
    """Set the account's picture."""
    await request.operate(SetProfilePicture(await its_picture(request)))
    return _DONE


async def delete_picture(request: WahaRequest) -> Any:
    """Take the account's picture away."""
    await request.operate(DeleteProfilePicture())
    return _DONE


async def labels(request: WahaRequest) -> Any:
    """List the labels of the account."""
    return [_label(one) for one in (await request.operate(ListLabels())).labels]


async def create_label(request: WahaRequest) -> Any:
    """Create a label."""
    return _label(await request.operate(checked(CreateLabel, **_wanted(request))))


async def change_label(request: WahaRequest) -> Any:
    """Change a label."""
    wanted = {"label": request.given.text("labelId"), **_wanted(request)}
    return _label(await request.operate(checked(ChangeLabel, **wanted)))


async def delete_label(request: WahaRequest) -> Any:
    """Delete a label."""
    await request.operate(checked(DeleteLabel, label=request.given.text("labelId")))
    return {"result": True}


async def labels_of_chat(request: WahaRequest) -> Any:
    """List the labels of a chat."""
    return [_label(one) for one in (await request.operate(ListLabelsOfChat(request.given.chat()))).labels]


async def set_labels_of_chat(request: WahaRequest) -> Any:
    """Give a chat these labels, and take all others off it."""
    given = request.given
    ids = [str(one.get("id")) if isinstance(one, dict) else str(one) for one in given.items("labels")]
    await request.operate(checked(SetLabelsOfChat, chat=given.chat(), labels=ids))
    return {"result": True}


async def chats_of_label(request: WahaRequest) -> Any:
    """List the chats that have a label."""
    found = await request.operate(checked(ListChatsOfLabel, label=request.given.text("labelId")))
    return [{"id": person(one.id, one.phone), "name": one.name} for one in found.chats]


async def post_text(request: WahaRequest) -> Any:
    """Show a text as the account's status."""
    given, chat = request.given, refuse_contacts(request)
    text = given.text("text")
    wanted = {"text": text, "background": given.optional_text("backgroundColor"), "font": given.whole("font", 0)}
    return await send(request, PostTextStatus, wanted, chat=chat, body=text)


async def delete_status(request: WahaRequest) -> Any:
    """Delete one of the account's statuses."""
    await request.operate(checked(DeleteStatus, message=bare_of(request.given.text("id"))))
    return _DONE


async def new_message_id(request: WahaRequest) -> Any:
    """Return a new bare id, as a message might have."""
    return {"id": draw_message_id()}


async def reject_call(request: WahaRequest) -> Any:
    """Reject a call that rings."""
    await request.operate(checked(RejectCall, call=request.given.text("id")))
    return NOTHING


def _wanted(request: WahaRequest) -> Json:
    given = request.given
    if "colorHex" in given and "color" not in given:
        raise BadRequest("color must be a number from 0 to 19: a colour by its hexadecimal digits is not supported")
    color = {"color": given.whole("color", 0, 0, 19)} if "color" in given else {}
    return {"name": given.text("name"), **color}


def _label(one: ChatLabel) -> Json:
    return {"id": one.id, "name": one.name, "color": one.color, "colorHex": one.hex}
