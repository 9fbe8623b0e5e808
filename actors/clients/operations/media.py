"""Operations that send a file. Each is a kind of message; the file itself is in the media store (`actors.media`).

WhatsApp Web uploads the file when it sends, so these take longer than a text: see `Operation.upload`.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.operations.fields import File, MessageText
from actors.clients.operations.messages import SENDING, Send, Sent

_EXAMPLE = Sent("true_5491122334455@c.us_3EB01F9C55A0E2B7D4C611", "5491122334455@c.us")
_NEEDS = (*SENDING, "WPP.chat.sendFileMessage")


@dataclass(frozen=True, slots=True)
class SendImage(Send):
    """Send a picture. `view_once`: the receiver can open it once."""

    file: File
    caption: MessageText | None = None
    view_once: bool = False

    example = _EXAMPLE
    needs = _NEEDS


@dataclass(frozen=True, slots=True)
class SendDocument(Send):
    """Send a file of any type as a document, under its name."""

    file: File
    caption: MessageText | None = None

    example = _EXAMPLE
    needs = _NEEDS


@dataclass(frozen=True, slots=True)
class SendVideo(Send):
    """Send a video (H.264 in MP4). `gif`: it plays by itself, over and over, without sound."""

    file: File
    caption: MessageText | None = None
    view_once: bool = False
    gif: bool = False

    example = _EXAMPLE
    needs = _NEEDS


@dataclass(frozen=True, slots=True)
class SendVoice(Send):
    """Send a voice message. Phones play Opus in Ogg.

    wa-js draws the waveform from the sound, where the browser can decode it; else the message goes without.
    """

    file: File
    view_once: bool = False

    example = _EXAMPLE
    needs = _NEEDS


@dataclass(frozen=True, slots=True)
class SendVideoNote(Send):
    """Send a video as a round note."""

    file: File

    example = _EXAMPLE
    needs = _NEEDS


@dataclass(frozen=True, slots=True)
class SendSticker(Send):
    """Send a sticker (WebP)."""

    file: File

    example = _EXAMPLE
    needs = _NEEDS
