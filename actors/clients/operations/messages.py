"""Operations on messages: sending them, and looking up their fate."""

from __future__ import annotations

import secrets
from dataclasses import KW_ONLY, asdict, dataclass, fields
from typing import Annotated, Any, ClassVar

from actors.clients.errors import ClientRefusal, SendFailed, SendUnknown
from actors.clients.operations.base import Effect, Failure, Operation
from actors.clients.operations.fields import (
    Chat,
    Check,
    Label,
    Latitude,
    Limits,
    Line,
    Longitude,
    Mentions,
    MessageId,
    MessageRef,
    MessageText,
    Number,
    PollOption,
    PollQuestion,
    Thumbnail,
    Url,
    VCard,
    all_different,
)

ID_PREFIX = "3EB0"
"""The beginning of ids made by WhatsApp Web."""
_ID_BYTES = 9


def draw_message_id() -> str:
    """Return a new bare id, such as `3EB01F9C55A0E2B7D4C611`. Any thread.

    It is made here so that the message can be found again even if the page is lost. The form is that of WhatsApp Web's
    own ids: `3EB0`, then nine random bytes as upper-case hexadecimal digits. Source: whatsmeow, send.go,
    GenerateMessageID ("emulates WhatsApp Web").
    """
    return ID_PREFIX + secrets.token_hex(_ID_BYTES).upper()


@dataclass(frozen=True, slots=True)
class Sent:
    """WhatsApp's server has the message (ack >= 1).

    `message_id` is the full id (`true_5491122334455@c.us_3EB0…`), `chat` the chat as WhatsApp names it (maybe a lid).
    """

    message_id: str
    chat: str


@dataclass(frozen=True, slots=True)
class Send(Operation[Sent]):
    """The base of all operations that send. `chat` is a chat's id (`5491122334455@c.us`, `…@g.us`, `…@lid`).

    The page gets it with the bare id that the message will have at WhatsApp as its order.

    Keyword-only fields are options, of every kind or of one; each has a default, and stands in `arguments` only where
    it differs from that. So a message without options is stored, and told apart, as before there were any.
    """

    chat: Chat
    _: KW_ONLY
    reply_to: MessageRef | None = None
    """The message of the chat that this one answers."""
    mentions: Mentions | None = None
    """The people that it mentions: numbers or ids, or `all` for everybody in the group. The text should name them as
    `@number`.
    """

    effect = Effect.SEND
    refused_options: ClassVar[frozenset[str]] = frozenset()
    """The options that this kind does not have after all."""

    @classmethod
    def option_names(cls) -> tuple[str, ...]:
        """Return the names of this kind's options."""
        return tuple(one.name for one in fields(cls) if one.kw_only and one.name not in cls.refused_options)

    @property
    def arguments(self) -> dict[str, Any]:
        """See `Operation`."""
        unused = {one.name for one in fields(self) if one.kw_only and getattr(self, one.name) == one.default}
        return {name: value for name, value in asdict(self).items() if name not in unused}

    def failed(self, failure: Failure) -> ClientRefusal:
        """See `Operation`."""
        return SendFailed(failure.why, failure.code) if failure.declined else SendUnknown(failure.why, failure.order)


SENDING = (
    "WPP.chat.find",
    "WPP.chat.generateMessageID",
    "WPP.whatsapp.MsgKey",
    "WPP.whatsapp.MsgStore",
)
"""The functions that every message needs."""


@dataclass(frozen=True, slots=True)
class LinkPreview:
    """The preview of a link, in the caller's words."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
    url: Url
    """The link, which stands in the text."""
    title: Label
    """The title of the preview."""
    description: Label | None = None
    """The text below it."""
    thumbnail: Thumbnail | None = None
    """A small picture: a JPEG in base64."""


@dataclass(frozen=True, slots=True)
class SendText(Send):
    """Send a text."""

    text: MessageText
    _: KW_ONLY
    link_preview: bool | LinkPreview = False
    """What is shown of the first link in the text: true is what WhatsApp Web makes of it."""

    example = Sent("true_5491122334455@c.us_3EB01F9C55A0E2B7D4C611", "5491122334455@c.us")
    needs = (*SENDING, "WPP.chat.sendTextMessage")


@dataclass(frozen=True, slots=True)
class SendLocation(Send):
    """Send a place on the map."""

    latitude: Latitude
    longitude: Longitude
    name: Label | None = None
    """The name of the place."""
    address: Label | None = None

    example = Sent("true_5491122334455@c.us_3EB01F9C55A0E2B7D4C611", "5491122334455@c.us")
    needs = (*SENDING, "WPP.chat.sendLocationMessage")


@dataclass(frozen=True, slots=True)
class ContactCard:
    """A contact to pass on: a name and a phone number, or a whole vCard, which is sent unchanged."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
    name: Line
    """The name on the card."""
    phone: Number | None = None
    """The phone number on it."""
    organization: Line | None = None
    """The organization on it."""
    vcard: VCard | None = None
    """A whole vCard, which is sent unchanged; `phone` and `organization` are left out then."""


Cards = Annotated[tuple[ContactCard, ...], Limits(min_length=1, max_length=100)]
"""The contacts of one message."""
PollOptions = Annotated[tuple[PollOption, ...], Limits(min_length=2, max_length=12), Check(all_different)]
"""The choices of a poll. WhatsApp takes 2 to 12."""


@dataclass(frozen=True, slots=True)
class SendContacts(Send):
    """Send one contact card, or several in one message."""

    contacts: Cards

    example = Sent("true_5491122334455@c.us_3EB01F9C55A0E2B7D4C611", "5491122334455@c.us")
    needs = (*SENDING, "WPP.chat.sendRawMessage")


@dataclass(frozen=True, slots=True)
class SendPoll(Send):
    """Send a poll. Each of its options differs from the others."""

    name: PollQuestion
    """The question."""
    options: PollOptions
    """The choices: 2 to 12, each different."""
    multiple_answers: bool = False
    """True: each person may choose several options."""

    example = Sent("true_5491122334455@c.us_3EB01F9C55A0E2B7D4C611", "5491122334455@c.us")
    needs = (*SENDING, "WPP.chat.sendCreatePollMessage")


@dataclass(frozen=True, slots=True)
class ForwardMessage(Send):
    """Forward a message of any chat.

    A bare id is looked for in `from_chat`, or in what the page has in its memory.
    """

    message: MessageRef
    """The id of the message to forward."""
    from_chat: Chat | None = None
    """The chat that a bare id is looked for in."""

    example = Sent("true_5491122334455@c.us_3EB01F9C55A0E2B7D4C611", "5491122334455@c.us")
    needs = (*SENDING, "WPP.chat.forwardMessages")
    refused_options = frozenset({"reply_to", "mentions"})


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The page's knowledge of a message id: its ack (0 pending, 1 server, 2 device, 3 read, negative refused), or None
    if it has never seen it. `complete` is true if the page has caught up, so that None means absent.
    """

    ack: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class LookUp(Operation[LookedUp]):
    """Look up the fate of a sent message in the page, by its bare id."""

    chat: Chat
    message_id: MessageId

    effect = Effect.READ
    example = LookedUp(1, complete=True)
    needs = ("WPP.chat.getMessageById", "WPP.whatsapp.MsgStore", "WPP.whatsapp.WidFactory")
