"""Operations on statuses: what the account shows to its contacts for a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from actors.clients.errors import ClientRefusal, OperationRefused
from actors.clients.operations.base import Effect, Failure, Operation
from actors.clients.operations.fields import File, Limits, MessageId, MessageText
from actors.clients.operations.messages import SENDING, Send, Sent

STATUS = "status@broadcast"
"""The chat that statuses are messages of."""
StatusChat = Annotated[str, Limits(pattern=r"^status@broadcast$")]
"""The chat of statuses."""
HexColor = Annotated[str, Limits(pattern=r"^#[0-9A-Fa-f]{6}$")]
"""A colour, such as `#38b42f`."""

_EXAMPLE = Sent("true_status@broadcast_3EB01F9C55A0E2B7D4C611_5491100000007@c.us", STATUS)


@dataclass(frozen=True, slots=True)
class PostTextStatus(Send):
    """Show a text as the account's status.

    Whether WhatsApp delivers statuses of linked devices was never seen on the live service.
    """

    chat: StatusChat
    text: MessageText
    """The text."""
    background: HexColor | None = None
    """The colour behind it, such as `#38b42f`."""
    font: Annotated[int, Limits(ge=0, le=5)] = 0
    """One of WhatsApp's fonts, by its number from 0 to 5."""

    example = _EXAMPLE
    needs = (*SENDING, "WPP.status.sendTextStatus")


@dataclass(frozen=True, slots=True)
class PostImageStatus(Send):
    """Show a picture as the account's status."""

    chat: StatusChat
    file: File
    caption: MessageText | None = None

    example = _EXAMPLE
    needs = (*SENDING, "WPP.chat.sendFileMessage", "WPP.whatsapp.StatusV3Store")


@dataclass(frozen=True, slots=True)
class PostVideoStatus(Send):
    """Show a video (H.264 in MP4) as the account's status."""

    chat: StatusChat
    file: File
    caption: MessageText | None = None

    example = _EXAMPLE
    needs = (*SENDING, "WPP.chat.sendFileMessage", "WPP.whatsapp.StatusV3Store")


@dataclass(frozen=True, slots=True)
class DeleteStatus(Operation[None]):
    """Delete one of the account's statuses, by the bare id of its message."""

    message: MessageId

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.whatsapp.StatusV3Store", "WPP.whatsapp.MsgStore")

    def failed(self, failure: Failure) -> ClientRefusal:
        """See `Operation`."""
        if failure.declined and failure.code in ("status_not_found", "404"):
            return OperationRefused("There is no such status: it was deleted, or its day is over", failure.code)
        return Operation.failed(self, failure)
