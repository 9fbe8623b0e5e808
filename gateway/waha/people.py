"""Calls about people: whether a number is on WhatsApp."""

from __future__ import annotations

from typing import Any

from actors.clients.operations.contacts import CheckContact
from gateway.waha.calls import WahaRequest
from gateway.waha.given import digits


async def check_exists(request: WahaRequest) -> Any:
    """Tell whether a phone number is on WhatsApp, and the chat to write to: WhatsApp may know it by other digits."""
    found = await request.operate(CheckContact(digits(request.given.text("phone"))))
    if not found.on_whatsapp:
        return {"numberExists": False}
    chat = f"{found.phone}@c.us" if found.phone else found.id
    return {"numberExists": True, "chatId": chat, "pn": chat if found.phone else None, "lid": found.lid}
