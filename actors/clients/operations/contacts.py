"""Operations about people."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.operations.base import Effect, Operation
from actors.clients.operations.fields import Chat, Count, FurtherName, Number, Person, PersonName, Position


@dataclass(frozen=True, slots=True)
class Contact:
    """WhatsApp's data on a phone number.

    All but the answer itself is null if the number is not on WhatsApp.
    """

    on_whatsapp: bool
    """True if the number is on WhatsApp."""
    id: str | None = None
    """The chat to write to; null if it is not."""
    lid: str | None = None
    phone: str | None = None
    """The number in WhatsApp's own form, which differs from the question for some of Brazil."""


_QUERY = "WPP.whatsapp.functions.queryWidExists"


@dataclass(frozen=True, slots=True)
class CheckContact(Operation[Contact]):
    """Check whether a phone number is on WhatsApp.

    Where WhatsApp's server does not answer, the answer is that nobody knows (503), not that nobody is there.
    """

    number: Number

    effect = Effect.READ
    example = Contact(True, "5491122334455@c.us", "99999999999@lid", "5491122334455")
    needs = (_QUERY,)


@dataclass(frozen=True, slots=True)
class PageContact:
    """A person as the page knows him."""

    id: str
    """The person as WhatsApp names him; it may be a hidden number (`…@lid`)."""
    lid: str | None = None
    phone: str | None = None
    name: str | None = None
    """His name in the account's address book."""
    short_name: str | None = None
    """The short form of it."""
    push_name: str | None = None
    """The name that he gives himself."""
    verified_name: str | None = None
    """The name of a business that WhatsApp has verified."""
    mine: bool = False
    """True if he is in the account's address book."""
    me: bool = False
    """True if he is the account itself."""
    business: bool = False
    """True for an account of WhatsApp Business."""
    blocked: bool = False
    """True if the account has blocked him."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """Some of the people that the page knows, by name."""

    contacts: tuple[PageContact, ...]
    """The people of this page."""
    total: int
    """How many people there are of the wanted kind."""


@dataclass(frozen=True, slots=True)
class PictureAddress:
    """The address of a picture at WhatsApp; None where there is none, or it is not shown to this account."""

    url: str | None
    """Where WhatsApp has the picture; null where there is none, or it is not shown to this account."""


@dataclass(frozen=True, slots=True)
class About:
    """The about text of a person; None where there is none, or it is not shown to this account."""

    about: str | None
    """The text; null where nothing is said, or it is not shown to this account."""


@dataclass(frozen=True, slots=True)
class PersonAddresses:
    """Both addresses of a person, as far as they are known."""

    lid: str | None
    phone: str | None


_EXAMPLE = PageContact(
    id="5491122334455@c.us",
    lid="750235343914045@lid",
    phone="5491122334455",
    name="Ana Díaz",
    short_name="Ana",
    push_name="Ani",
    mine=True,
)


@dataclass(frozen=True, slots=True)
class ListContacts(Operation[Contacts]):
    """List the people that the page knows, each once, by name."""

    limit: Count = 100
    offset: Position = 0
    mine: bool | None = None
    """People in the account's address book only, or the others only."""

    effect = Effect.READ
    example = Contacts((_EXAMPLE,), 1)
    needs = ("WPP.whatsapp.ContactStore.getModelsArray",)


@dataclass(frozen=True, slots=True)
class GetContact(Operation[PageContact]):
    """Return what the page knows of a person, also of a stranger."""

    contact: Person

    effect = Effect.READ
    example = _EXAMPLE
    needs = ("WPP.whatsapp.ContactStore.get", "WPP.whatsapp.WidFactory.createWid")


@dataclass(frozen=True, slots=True)
class GetPicture(Operation[PictureAddress]):
    """Return the address of the picture of a person or a group.

    An answer is kept for a day, because WhatsApp's server limits such questions; `refresh` asks again.
    """

    chat: Chat
    refresh: bool = False
    """Ask WhatsApp again, instead of the answer of the last day."""

    effect = Effect.READ
    example = PictureAddress("https://pps.whatsapp.net/v/t61/picture.jpg")
    needs = ("WPP.contact.getProfilePictureUrl",)


@dataclass(frozen=True, slots=True)
class GetAbout(Operation[About]):
    """Return what a person says about himself.

    An answer is kept for a day, because WhatsApp's server limits such questions; `refresh` asks again.
    """

    contact: Person
    refresh: bool = False
    """Ask WhatsApp again, instead of the answer of the last day."""

    effect = Effect.READ
    example = About("Busy")
    needs = ("WPP.whatsapp.StatusStore.find", _QUERY)


@dataclass(frozen=True, slots=True)
class BlockContact(Operation[None]):
    """Block a person, or unblock him: what a blocked person sends does not come."""

    contact: Person
    blocked: bool

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.blocklist.blockContact", "WPP.blocklist.unblockContact")


@dataclass(frozen=True, slots=True)
class NameContact(Operation[None]):
    """Write a person's name into the account's address book, and that of its phone."""

    contact: Person
    first_name: PersonName
    """The first name, or the whole one."""
    last_name: FurtherName = ""
    """The rest of the name; empty where there is none."""

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.contact.save",)


@dataclass(frozen=True, slots=True)
class FindAddresses(Operation[PersonAddresses]):
    """Return both addresses of a person: the phone number and the LID.

    For a number that the page has never met WhatsApp's server is asked; a LID that it has never met stays unknown.
    """

    address: Person
    """A phone number, or a hidden one (`…@lid`)."""

    effect = Effect.READ
    example = PersonAddresses("750235343914045@lid", "5491122334455")
    needs = ("WPP.whatsapp.lidPnCache.getPhoneNumber", _QUERY)
