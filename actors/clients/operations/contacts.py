"""Operations about people."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.operations.base import Effect, Operation
from actors.clients.operations.fields import Chat, Count, FurtherName, Number, Person, PersonName, Position


@dataclass(frozen=True, slots=True)
class Contact:
    """WhatsApp's data on a phone number.

    `id` is the chat to write to; `lid` and `phone` are its two addresses, as far as they are known: `phone` is
    WhatsApp's own form, which differs from the question for some of Brazil. All are None if the number is not on
    WhatsApp.
    """

    on_whatsapp: bool
    id: str | None = None
    lid: str | None = None
    phone: str | None = None


_QUERY = "WPP.whatsapp.functions.queryWidExists"


@dataclass(frozen=True, slots=True)
class CheckContact(Operation[Contact]):
    """Tell whether a phone number is on WhatsApp.

    Where WhatsApp's server does not answer, the answer is that nobody knows (503), not that nobody is there.
    """

    number: Number

    effect = Effect.READ
    example = Contact(True, "5491122334455@c.us", "99999999999@lid", "5491122334455")
    needs = (_QUERY,)


@dataclass(frozen=True, slots=True)
class PageContact:
    """A person as the page knows him.

    `name` and `short_name` are of the account's address book (`mine`), `push_name` is the person's own, `verified_name`
    a business's.
    """

    id: str
    lid: str | None = None
    phone: str | None = None
    name: str | None = None
    short_name: str | None = None
    push_name: str | None = None
    verified_name: str | None = None
    mine: bool = False
    me: bool = False
    business: bool = False
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Contacts:
    """Some of the people that the page knows, by name; `total` is how many there are."""

    contacts: tuple[PageContact, ...]
    total: int


@dataclass(frozen=True, slots=True)
class PictureAddress:
    """The address of a picture at WhatsApp; None where there is none, or it is not shown to this account."""

    url: str | None


@dataclass(frozen=True, slots=True)
class About:
    """What a person says about himself; None where nothing is said, or it is not shown to this account."""

    about: str | None


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
    """List the people that the page knows, each once, by name.

    `mine` selects those in the account's address book, or the others.
    """

    limit: Count = 100
    offset: Position = 0
    mine: bool | None = None

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
    last_name: FurtherName = ""

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.contact.save",)


@dataclass(frozen=True, slots=True)
class FindAddresses(Operation[PersonAddresses]):
    """Return both addresses of a person: the phone number and the LID.

    For a number that the page has never met WhatsApp's server is asked; a LID that it has never met stays unknown.
    """

    address: Person

    effect = Effect.READ
    example = PersonAddresses("750235343914045@lid", "5491122334455")
    needs = ("WPP.whatsapp.lidPnCache.getPhoneNumber", _QUERY)
