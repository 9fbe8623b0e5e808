"""The types of an operation's fields, and their limits.

The validator (pydantic, in the gateway) reads the limits; the domain trusts its arguments. Each marker is in pydantic's
own terms, plain dictionaries, so that nothing here needs pydantic.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from actors.texts.phone_numbers import WANTED, digits_of

Schema = dict[str, Any]
"""A schema of pydantic's core."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits by their names in pydantic's core: `pattern`, `min_length`, `ge`, `le` …"""

    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    ge: float | None = None
    le: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Schema]) -> Schema:
        """Return the schema of the type with these limits."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return {**handler(source), **{name: value for name, value in given.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class Check:
    """A function that returns the value to use, or raises ValueError with the requirement."""

    function: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Schema]) -> Schema:
        """Return the schema of the type, with the function after it."""
        function = {"type": "no-info", "function": self.function}
        return {"type": "function-after", "function": function, "schema": handler(source)}


ACCEPTED = {"accepted": True}
"""The context in which a message is read that was accepted before: a limit that came later does not end it."""


@dataclass(frozen=True, slots=True)
class Longest:
    """WhatsApp's limit of a text, in characters as JavaScript counts them: an emoji is two or more."""

    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Schema]) -> Schema:
        """Return the schema of the type, with the limit after it."""
        return {
            "type": "function-after",
            "function": {"type": "with-info", "function": self._short},
            "schema": handler(source),
            "metadata": {"pydantic_js_updates": {"maxLength": self.most}},
        }

    def _short(self, text: str, info: Any) -> str:
        if info.context != ACCEPTED:
            _limited(text, self.most)
        return text


def _limited(text: str, most: int) -> None:
    """Raise ValueError if the text has more characters, as JavaScript counts them."""
    if len(text) > most // 2 and (length := len(text.encode("utf-16-le", "surrogatepass")) // 2) > most:
        raise ValueError(f"should have at most {most} characters, and has {length}, as WhatsApp counts them")


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that may also be one text, with commas between its values: so it stands in a query."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Schema]) -> Schema:
        """Return the schema of the type, with the function before it."""
        return {
            "type": "function-before",
            "function": {"type": "no-info", "function": _split},
            "schema": handler(source),
        }


def _split(value: Any) -> Any:
    return tuple(value.split(",")) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class File:
    """A file of the media store (`actors.media`), named by its content.

    `digest` is the SHA-256 in hexadecimal digits; `filename` is what the receiver sees, without directories. A caller
    hands in an address, the data itself or a digest; the gateway makes this of it.
    """

    digest: str
    size: int
    mimetype: str
    filename: str


LONGEST_TEXT = 65_536
"""Characters of the longest message, as JavaScript counts them: an emoji is two or more.

Source: public reports of WhatsApp's limit; it was never tried on the live WhatsApp Web.
"""


def _says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("should not be blank")
    _limited(text, LONGEST_TEXT)
    if "\0" in text:
        raise ValueError("should not contain NUL characters")
    return text


_IDS = re.compile(r"[0-9]{1,15}@c\.us|[0-9]{1,20}(-[0-9]{1,20})?@g\.us|[0-9]{1,20}@lid")
_PEOPLES = re.compile(r"[0-9]{1,15}@c\.us|[0-9]{1,20}@lid")
_OTHER_DOMAIN = "@s.whatsapp.net"
"""WhatsApp's own name for `@c.us` on its wire; other programs tell ids with it."""
_WHATSAPP = "0@c.us"
"""The chat in which WhatsApp announces what is new."""


def chat_of(address: str) -> str:
    """Return the id of a chat: a number, however it is written, is a person's. Raises ValueError."""
    return _id_of(address, _IDS, "a chat's id or ")


def group_of(address: str) -> str:
    """Return the id of the group."""
    return address if "@" in address else f"{address}@g.us"


def person_of(address: str) -> str:
    """Return the id of a person: `…@c.us`, or `…@lid`. Raises ValueError."""
    return _id_of(address, _PEOPLES, "a person's id or ")


def _id_of(address: str, ids: re.Pattern[str], other: str) -> str:
    if "@" not in address:
        try:
            return f"{digits_of(address)}@c.us"
        except ValueError:
            raise ValueError(f"should be {other}{WANTED}") from None
    address = address.replace(_OTHER_DOMAIN, "@c.us")
    if ids.fullmatch(address) is None or not _possible(address):
        raise ValueError(f"should be {other}{WANTED}")
    return address


def _possible(address: str) -> bool:
    """Return False for the id of a number that nobody can have. `0@c.us` is WhatsApp itself."""
    digits, _, domain = address.partition("@")
    if domain != "c.us" or address == _WHATSAPP:
        return True
    try:
        return digits_of(digits) == digits
    except ValueError:
        return False


_NUMBER_OR_ID = Limits(min_length=1, max_length=64)

Chat = Annotated[str, _NUMBER_OR_ID, Check(chat_of)]
"""A number, or the id of a person's, a group's or a hidden number's chat."""
Person = Annotated[str, _NUMBER_OR_ID, Check(person_of)]
"""A number, or the id of a person."""
Number = Annotated[str, _NUMBER_OR_ID, Check(digits_of)]
"""A phone number with its country's code, as people write it."""
GroupId = Annotated[str, Limits(pattern=r"^[0-9]{1,20}(-[0-9]{1,20})?(@g\.us)?$"), Check(group_of)]
"""The id of a group, such as `120363025246125486@g.us`."""


def once_each(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values, each once: however often somebody is named, it is one person."""
    return tuple(dict.fromkeys(values))


People = Annotated[tuple[Person, ...], Limits(min_length=1, max_length=1024), Listed(), Check(once_each)]
"""Several people; in a query, with commas between them."""
InviteCode = Annotated[str, Limits(pattern=r"^[0-9A-Za-z_-]{8,64}$")]
"""The end of an invite link: what follows `https://chat.whatsapp.com/`."""
MessageId = Annotated[str, Limits(pattern=r"^[0-9A-Za-z]{1,64}$")]
"""The bare id of a message, such as `3EB01F9C55A0E2B7D4C611`."""
MessageRef = Annotated[
    str, Limits(pattern=r"^((true|false)_[0-9A-Za-z.@-]{1,64}_)?[0-9A-Za-z]{1,64}(_[0-9A-Za-z.@:-]{1,64})?$")
]
"""The id of an earlier message: bare, or the full one (`false_5491122334455@c.us_3EB0…`)."""
MessageText = Annotated[str, Check(_says_something)]
"""The text of a message."""
Mentions = Annotated[tuple[Person, ...], Limits(max_length=1024)] | Literal["all"]
"""The people that a message mentions; `all` is everybody in the group."""
Latitude = Annotated[float, Limits(ge=-90.0, le=90.0)]
"""Degrees north of the equator."""
Longitude = Annotated[float, Limits(ge=-180.0, le=180.0)]
"""Degrees east of Greenwich."""
Title = Annotated[str, Limits(min_length=1, max_length=100), Check(_says_something)]
"""A group's subject, or a label's name."""
LongText = Annotated[str, Limits(max_length=2048)]
"""A description; empty where there is to be none."""
Label = Annotated[str, Limits(min_length=1, max_length=512)]
"""A short text that is shown beside another element."""
Url = Annotated[str, Limits(pattern=r"^https?://[^\s]{1,2000}$")]
"""An address on the web."""
Thumbnail = Annotated[str, Limits(pattern=r"^[0-9A-Za-z+/]+=*$", max_length=65536)]
"""A small picture in base64."""
Line = Annotated[str, Limits(pattern=r"^[^\r\n\x00]*[^\s\x00][^\r\n\x00]*$", max_length=256)]
"""One line of text, not blank."""
PollQuestion = Annotated[str, Limits(min_length=1, max_length=512), Longest(255)]
"""The question of a poll. Source of 255: GREEN-API's SendPoll; it was never tried on the live WhatsApp Web."""
PollOption = Annotated[Line, Longest(100)]
"""A choice of a poll. Source of 100: GREEN-API's SendPoll; it was never tried on the live WhatsApp Web."""
VCard = Annotated[str, Limits(pattern=r"^BEGIN:VCARD\r?\n", max_length=65536)]
"""A contact as RFC 6350, or 2426, writes it."""


def all_different(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values. Raises ValueError if one stands there twice."""
    if len(set(values)) < len(values):
        raise ValueError("should have each value once")
    return values


def _one_sign(text: str) -> str:
    if text and (text.isascii() or any(letter.isspace() for letter in text)):
        raise ValueError("should be one emoji, or empty")
    return text


Reaction = Annotated[str, Limits(max_length=32), Check(_one_sign)]
"""An emoji, which may take several code points; empty for none."""
Count = Annotated[int, Limits(ge=1, le=5000)]
"""How many of a list are wanted."""
Position = Annotated[int, Limits(ge=0, le=1_000_000)]
"""How many of a list come before those that are wanted."""
Instant = Annotated[int, Limits(ge=0, le=2**40)]
"""Epoch seconds."""
PersonName = Annotated[str, Limits(min_length=1, max_length=100)]
"""A name in the account's address book."""
FurtherName = Annotated[str, Limits(max_length=100)]
"""The rest of such a name; empty where there is none."""


FOR_EVER = -1
"""The instant that never comes."""


def _to_come(instant: int) -> int:
    if instant != FOR_EVER and instant <= time.time():
        raise ValueError("should be an instant to come, in epoch seconds")
    return instant


Future = Annotated[int, Limits(ge=FOR_EVER, le=2**40), Check(_to_come)]
"""Epoch seconds after now; -1 is for ever."""
