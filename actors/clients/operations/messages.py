"""Operations on messages: sending them, and looking up their fate."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from actors.clients.errors import ClientRefusal, SendFailed, SendUnknown
from actors.clients.operations.base import Effect, Failure, Operation
from actors.clients.operations.fields import Chat, Label, Latitude, Longitude, MessageId, MessageText

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
    """

    chat: Chat

    effect = Effect.SEND

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
class SendText(Send):
    """Send a text."""

    text: MessageText

    example = Sent("true_5491122334455@c.us_3EB01F9C55A0E2B7D4C611", "5491122334455@c.us")
    needs = (*SENDING, "WPP.chat.sendTextMessage")


@dataclass(frozen=True, slots=True)
class SendLocation(Send):
    """Send a place on the map."""

    latitude: Latitude
    longitude: Longitude
    name: Label | None = None
    address: Label | None = None

    example = Sent("true_5491122334455@c.us_3EB01F9C55A0E2B7D4C611", "5491122334455@c.us")
    needs = (*SENDING, "WPP.chat.sendLocationMessage")


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
