"""Calls about people."""

from __future__ import annotations

from actors.clients.operations.contacts import (
    BlockContact,
    CheckContact,
    FindAddresses,
    GetAbout,
    GetContact,
    GetPicture,
    ListContacts,
    NameContact,
)
from gateway.calls import Call, delete, get, put
from gateway.tables.needs import CONTROL, READ

CONTACTS: tuple[Call, ...] = (
    get("/contacts", ListContacts, READ),
    get("/contacts/{number}", CheckContact, READ),
    get("/contacts/{contact}/details", GetContact, READ),
    get("/contacts/{chat}/picture", GetPicture, READ),
    get("/contacts/{contact}/about", GetAbout, READ),
    put("/contacts/{contact}/block", BlockContact, CONTROL, const={"blocked": True}),
    delete("/contacts/{contact}/block", BlockContact, CONTROL, const={"blocked": False}),
    put("/contacts/{contact}/name", NameContact, CONTROL),
    get("/lids/{address}", FindAddresses, READ),
)
