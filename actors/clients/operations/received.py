"""Operations on what came in: the file of a message."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.operations.base import Effect, Operation
from actors.clients.operations.fields import Chat, File, MessageRef
from actors.clients.types import Seconds

SLOWEST_DOWNLOAD = 128 * 1024
"""The bytes in a second that a download is allowed to be slow as, besides the time limit of any operation."""


def bare_id_of(message: str) -> str:
    """Return the bare id in the id of a message, which may be the full one."""
    parts = message.split("_")
    return parts[2] if len(parts) >= 3 else parts[0]


@dataclass(frozen=True, slots=True)
class FetchMedia(Operation[File]):
    """Fetch the file of a message from WhatsApp.

    Where WhatsApp's server has it no more, the page asks the sender's phone to upload it again. `size` is what the
    message says of it: a large file may take longer.
    """

    chat: Chat
    message: MessageRef
    size: int = 0

    effect = Effect.READ
    example = File("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0, "image/png", "image.png")
    needs = ("WPP.chat.downloadMedia", "WPP.chat.getMessageById", "WPP.whatsapp.MsgStore")

    @property
    def upload(self) -> Seconds:
        """See `Operation`; here it is the time of the download."""
        return self.size / SLOWEST_DOWNLOAD
