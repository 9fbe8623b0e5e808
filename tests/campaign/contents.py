"""What consumers send: texts for the most part, and files of every kind, each with bytes of its own."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Any

KIB, MIB = 1024, 1024 * 1024
KINDS = {"message": 60, "image": 14, "document": 12, "voice": 5, "video": 4, "video_note": 1, "sticker": 4}
"""Field of POST /messages -> how many of a hundred messages are such."""
CAPTIONED = frozenset({"image", "document", "video"})
BEGINNINGS = {
    "image": bytes.fromhex("89504e470d0a1a0a0000000d49484452"),
    "document": b"%PDF-1.7\n",
    "voice": b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead",
    "video": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
    "video_note": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
    "sticker": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
}
"""By which the service knows what a file is."""
LARGE = 0.03
"""Share of the documents that are as large as can be."""


@dataclass(frozen=True, slots=True)
class Content:
    """A text, or a file: then `text` is its caption, or its name where the kind has no caption."""

    kind: str
    text: str
    data: bytes = b""

    @property
    def digest(self) -> str | None:
        """The SHA-256 of the file."""
        return hashlib.sha256(self.data).hexdigest() if self.data else None

    @property
    def fields(self) -> dict[str, Any]:
        """Its own fields, as they are called in the request."""
        return {"caption": self.text} if self.kind in CAPTIONED else {}

    @property
    def filename(self) -> str:
        """The file's name."""
        return "a file" if self.kind in CAPTIONED else self.text


def draw(chance: random.Random, text: str, largest: int) -> Content:
    """Return the next content of a consumer; `largest`: bytes of a file at most."""
    (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
    if kind == "message":
        return Content(kind, text)
    size = largest if kind == "document" and chance.random() < LARGE else chance.randrange(KIB, min(largest, 512 * KIB))
    return Content(kind, text, BEGINNINGS[kind] + chance.randbytes(size - len(BEGINNINGS[kind])))
