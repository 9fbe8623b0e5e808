"""Who is on this WhatsApp: people with phones, and the devices that they have linked."""

from __future__ import annotations

import hmac
import os
import time
import zlib
from dataclasses import dataclass, field

from sandbox.protocol.app_state import NAME_COLLECTION
from sandbox.protocol.nodes import Node
from sandbox.protocol.schemas import (
    APP_STATE_SYNC_KEY_SHARE,
    CHAT_MESSAGE,
    DEVICE_IDENTITY,
    DEVICE_IDENTITY_HMAC,
    HISTORY,
    HISTORY_SYNC_NOTIFICATION,
    KEY_INDEXES,
    SIGNED_DEVICE_IDENTITY,
    SIGNED_KEY_INDEXES,
)
from sandbox.protocol.signal import Correspondence, PreKeyBundle

RAW_ID = 12345
DEVICE = 1
"""The linked device's number: an account has one here, and the phone is device 0."""
SIGNS_DEVICE, SIGNS_INDEXES = b"\6\0", b"\6\2"
"""What the account puts before what it signs."""
SYNC_KEY_ID = bytes([0, 0, 0, 0, 1, 1])
MAX_PADDING = 15


@dataclass
class LinkedDevice:
    """A device as it has introduced itself, and the keys it has published."""

    noise_key: bytes
    registration_id: int
    identity: bytes
    signed_key_id: int
    signed_key: bytes
    signature: bytes
    pre_keys: list[tuple[int, bytes]] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=lambda: {NAME_COLLECTION: 1})
    """Of the collections of the app state."""
    told: bool = False
    """Whether the phone has sent it keys and history."""

    def bundle(self) -> PreKeyBundle:
        """Return its keys, and use up one of its prekeys."""
        key_id, key = self.pre_keys.pop(0) if self.pre_keys else (None, None)
        return PreKeyBundle(
            self.registration_id, self.identity, self.signed_key_id, self.signed_key, self.signature, key_id, key
        )


@dataclass(frozen=True)
class ReadMessage:
    """A message that a phone has read."""

    id: str
    sender: str
    text: str


@dataclass
class Person:
    """A number, its phone, and what the phone has read."""

    number: str
    keys: Correspondence = field(default_factory=Correspondence)
    name: str = ""
    device: LinkedDevice | None = None
    received: list[ReadMessage] = field(default_factory=list)
    undelivered: dict[str, Node] = field(default_factory=dict)
    """Messages for the linked device that it has not confirmed, in order."""
    sync_key: bytes = field(default_factory=lambda: os.urandom(32))

    @property
    def lid(self) -> str:
        """The number that stands for the person instead of the phone number."""
        return f"9{int(self.number) % 10**11:011}"

    @property
    def jid(self) -> str:
        return f"{self.number}@s.whatsapp.net"

    @property
    def lid_jid(self) -> str:
        return f"{self.lid}@lid"

    def signs(self, identity: bytes, adv_secret: bytes) -> bytes:
        """Return the account's signature under a device, with the proof that its QR was seen."""
        details = DEVICE_IDENTITY.encode({"raw_id": RAW_ID, "timestamp": int(time.time()), "key_index": DEVICE})
        signed = SIGNED_DEVICE_IDENTITY.encode(
            {
                "details": details,
                "account_key": self.keys.identity.public,
                "account_signature": self.keys.identity.sign(SIGNS_DEVICE + details + identity),
            }
        )
        return DEVICE_IDENTITY_HMAC.encode({"details": signed, "hmac": hmac.digest(adv_secret, signed, "sha256")})

    def key_indexes(self) -> bytes:
        """Return the signed list of the account's devices."""
        valid = [0, DEVICE] if self.device else [0]
        details = KEY_INDEXES.encode(
            {"raw_id": RAW_ID, "timestamp": int(time.time()), "current_index": valid[-1], "valid_indexes": valid}
        )
        signature = self.keys.identity.sign(SIGNS_INDEXES + details)
        return SIGNED_KEY_INDEXES.encode({"details": details, "account_signature": signature})

    def writes(self, to: Person, message: dict[str, object]) -> Node:
        """Return a message for the device of `to`, encrypted. Raises AssertionError where there is no device."""
        assert to.device
        plain = CHAT_MESSAGE.encode(message)
        padding = 1 + os.urandom(1)[0] % MAX_PADDING
        plain += bytes([padding]) * padding
        kind, body = self.keys.encrypt(to.number, plain, to.device.bundle)
        return Node("enc", {"v": "2", "type": kind}, body)

    def reads(self, sender: Person, enc: Node) -> dict[str, object]:
        """Return the message that the device of `sender` has encrypted for this phone. Raises Undecryptable."""
        plain = self.keys.decrypt(sender.number, enc.get("type"), enc.data)
        return CHAT_MESSAGE.decode(plain[: -plain[-1]] if plain else b"")

    def first_words(self) -> list[dict[str, object]]:
        """Return what a phone tells a new device of its own: the key of the app state, and a history without chats."""
        key = {
            "key_id": {"key_id": SYNC_KEY_ID},
            "key_data": {
                "key": self.sync_key,
                "fingerprint": {"raw_id": RAW_ID, "current_index": DEVICE, "device_indexes": [0, DEVICE]},
                "timestamp": int(time.time() * 1000),
            },
        }
        history = HISTORY.encode(
            {
                "sync_type": 0,
                "chunk_order": 1,
                "progress": 100,
                "push_names": [{"id": self.jid, "name": self.name}],
                "lids": [{"number": self.jid, "lid": self.lid_jid}],
            }
        )
        told = {"sync_type": 0, "chunk_order": 1, "progress": 100, "inline": zlib.compress(history)}
        return [
            {"protocol_message": {"type": APP_STATE_SYNC_KEY_SHARE, "sync_keys": {"keys": [key]}}},
            {"protocol_message": {"type": HISTORY_SYNC_NOTIFICATION, "history": told}},
        ]


def text_of(message: dict[str, object]) -> str:
    """Return the text of a message, "" where it has none."""
    extended = message.get("extended")
    text = extended.get("text") if isinstance(extended, dict) else message.get("conversation")
    return str(text or "")
