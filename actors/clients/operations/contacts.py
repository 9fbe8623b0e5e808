"""Operations about people."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.operations.base import Effect, Operation
from actors.clients.operations.fields import Number


@dataclass(frozen=True, slots=True)
class Contact:
    """WhatsApp's data on a phone number.

    `id` is the chat to write to; `lid` and `phone` are its two addresses, as far as they are known. All are None if the
    number is not on WhatsApp.
    """

    on_whatsapp: bool
    id: str | None = None
    lid: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class CheckContact(Operation[Contact]):
    """Tell whether a phone number is on WhatsApp.

    wa-js says the same of a number without WhatsApp and of a question that failed (wa-js 4.6.0, `queryWidExists`).
    """

    number: Number

    effect = Effect.READ
    example = Contact(True, "5491122334455@c.us", "99999999999@lid", "5491122334455")
    needs = ("WPP.contact.queryExists",)
