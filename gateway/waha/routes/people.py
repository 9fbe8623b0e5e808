"""Calls about people: numbers, contacts, pictures, both addresses of a person."""

from __future__ import annotations

from typing import Any

from actors.clients.operations.contacts import (
    BlockContact,
    CheckContact,
    FindAddresses,
    GetAbout,
    GetContact,
    GetPicture,
    ListContacts,
    NameContact,
    PageContact,
)
from actors.waha.messages import Json, account, person
from gateway.waha.answers import NOTHING
from gateway.waha.calls import WahaRequest, checked
from gateway.waha.given import address, digits

MOST = 5000


async def check_exists(request: WahaRequest) -> Any:
    """Return whether a phone number is on WhatsApp, and its chat: WhatsApp may know it by other digits."""
    found = await request.operate(CheckContact(digits(request.given.text("phone"))))
    if not found.on_whatsapp:
        return {"numberExists": False}
    chat = account(found.phone) or found.id
    return {"numberExists": True, "chatId": chat, "pn": account(found.phone), "lid": found.lid}


async def contacts(request: WahaRequest) -> Any:
    """List the people that the page knows."""
    given = request.given
    found = await request.operate(
        ListContacts(limit=given.whole("limit", MOST, 1, MOST), offset=given.whole("offset", 0))
    )
    return [contact_told(one) for one in found.contacts]


async def contact(request: WahaRequest) -> Any:
    """Return a contact, or the known facts on a stranger."""
    return contact_told(await request.operate(GetContact(_who(request))))


async def about(request: WahaRequest) -> Any:
    """Return the about text of a person."""
    return {"about": (await request.operate(GetAbout(_who(request)))).about}


async def picture(request: WahaRequest) -> Any:
    """Return the address of a person's picture."""
    found = await request.operate(GetPicture(_who(request), request.given.flag("refresh")))
    return {"profilePictureURL": found.url}


async def block(request: WahaRequest) -> Any:
    """Block a person."""
    await request.operate(BlockContact(_who(request), blocked=True))
    return NOTHING


async def unblock(request: WahaRequest) -> Any:
    """Unblock a person."""
    await request.operate(BlockContact(_who(request), blocked=False))
    return NOTHING


async def name(request: WahaRequest) -> Any:
    """Write a person's name into the account's address book."""
    given = request.given
    named = {"first_name": given.text("firstName"), "last_name": given.optional_text("lastName", "") or ""}
    await request.operate(checked(NameContact, contact=_who(request), **named))
    return {"success": True}


async def lids(request: WahaRequest) -> Any:
    """List the people of whom both addresses are known."""
    given = request.given
    known = await _with_both(request)
    begin = given.whole("offset", 0)
    return known[begin : begin + given.whole("limit", 100, 1)]


async def lids_count(request: WahaRequest) -> Any:
    """Count the people of whom both addresses are known."""
    return {"count": len(await _with_both(request))}


async def by_lid(request: WahaRequest) -> Any:
    """Return both addresses of the person with a LID."""
    lid = request.given.text("lid")
    return await _both(request, lid if "@" in lid else f"{lid}@lid")


async def by_number(request: WahaRequest) -> Any:
    """Return both addresses of the person with a number."""
    return await _both(request, f"{digits(request.given.text('phoneNumber'), 'phoneNumber')}@c.us")


def contact_told(found: PageContact) -> Json:
    """Return a contact in WAHA's form."""
    return {
        "id": person(found.id, found.phone),
        "number": found.phone,
        "name": found.name,
        "pushname": found.push_name,
        "shortName": found.short_name,
        "isMe": found.me,
        "isGroup": False,
        "isWAContact": True,
        "isMyContact": found.mine,
        "isBlocked": found.blocked,
        "isBusiness": found.business,
        "lid": found.lid,
    }


async def _with_both(request: WahaRequest) -> list[Json]:
    found = await request.operate(ListContacts(limit=MOST))
    return [{"lid": one.lid, "pn": account(one.phone)} for one in found.contacts if one.lid and one.phone]


async def _both(request: WahaRequest, asked: str) -> Json:
    found = await request.operate(checked(FindAddresses, address=address(asked)))
    return {"lid": found.lid, "pn": account(found.phone)}


def _who(request: WahaRequest) -> str:
    """Return whom the call is about, by any of the names that consumers give it. Raises BadRequest."""
    given = request.given
    names = [name for name in ("contactId", "id", "chatId", "phone") if name in given]
    return given.chat(names[0] if names else "contactId")
