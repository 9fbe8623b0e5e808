"""The encrypted stream: frames, the server's side of the Noise handshake, and its certificates.

The handshake is Noise_XX_25519_AESGCM_SHA256 (https://noiseprotocol.org/noise.html) with the client's first bytes as
its prologue; its messages are protobuf. A client that tries IK with a key it remembers is led to XXfallback.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sandbox.protocol.curve import KeyPair
from sandbox.protocol.schemas import CERTIFICATE_DETAILS, CERTIFICATES, HANDSHAKE

XX = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0"
FALLBACK = b"Noise_XXfallback_25519_AESGCM_SHA256"
PROLOGUE = b"WA"
PROLOGUE_LENGTH = 4  # "WA", 6, and the version of the dictionary
ROUTING = b"ED"
ROUTING_HEAD = 7  # "ED", 0, 1 and three bytes of length; then routing information, which is of no use here
YEAR_2100 = 4102444800


class StreamBroken(Exception):
    """The client's bytes are not what the protocol allows; the text says what."""


@dataclass(frozen=True)
class Authority:
    """The keys by which a client knows the server; a client must be given `root.public` in place of WhatsApp's."""

    root: KeyPair = field(default_factory=KeyPair.new)
    intermediate: KeyPair = field(default_factory=KeyPair.new)
    server: KeyPair = field(default_factory=KeyPair.new)

    def certificates(self) -> bytes:
        """Return the chain: the root signs the intermediate's key, that signs the server's."""
        chain = {
            name: {"details": details, "signature": signer.sign(details)}
            for name, serial, key, signer in (
                ("intermediate", 1, self.intermediate, self.root),
                ("leaf", 2, self.server, self.intermediate),
            )
            for details in [
                CERTIFICATE_DETAILS.encode(
                    {"serial": serial, "issuer_serial": serial - 1, "key": key.public, "not_after": YEAR_2100}
                )
            ]
        }
        return CERTIFICATES.encode(chain)


class Handshake:
    """The symmetric state of Noise, as the server drives it."""

    def __init__(self, prologue: bytes, authority: Authority) -> None:
        self._prologue = prologue
        self._authority = authority
        self._ephemeral = KeyPair.new()

    def hello(self, frame: bytes) -> bytes:
        """Return the answer to the client's first message."""
        hello = HANDSHAKE.decode(frame).get("client_hello", {})
        if len(hello.get("ephemeral", b"")) != 32:
            raise StreamBroken("the client's hello has no ephemeral key")
        client: bytes = hello["ephemeral"]
        name = FALLBACK if hello.get("static") else XX
        self._hash = name if len(name) == 32 else hashlib.sha256(name).digest()
        self._chain = self._key = self._hash
        self._count = 0
        for data in (self._prologue, client, self._ephemeral.public):
            self._mix_hash(data)
        try:
            self._mix_key(self._ephemeral.agree(client))
        except ValueError:
            raise StreamBroken("the client's ephemeral key is good for nothing") from None
        static = self._encrypt(self._authority.server.public)
        self._mix_key(self._authority.server.agree(client))
        payload = self._encrypt(self._authority.certificates())
        answer = {"ephemeral": self._ephemeral.public, "static": static, "payload": payload}
        return HANDSHAKE.encode({"server_hello": answer})

    def finish(self, frame: bytes) -> tuple[bytes, bytes, Transport]:
        """Return the client's static key, its payload, and the ciphers for everything after."""
        finish = HANDSHAKE.decode(frame).get("client_finish", {})
        try:
            static = self._decrypt(finish.get("static", b""))
            self._mix_key(self._ephemeral.agree(static))
            payload = self._decrypt(finish.get("payload", b""))
        except (InvalidTag, ValueError):
            raise StreamBroken("the client's last message of the handshake cannot be decrypted") from None
        reading, writing = self._derive(b"")
        return static, payload, Transport(reading, writing)

    def _mix_hash(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def _mix_key(self, secret: bytes) -> None:
        self._chain, self._key = self._derive(secret)
        self._count = 0

    def _derive(self, secret: bytes) -> tuple[bytes, bytes]:
        derived = HKDF(SHA256(), 64, salt=self._chain, info=b"").derive(secret)
        return derived[:32], derived[32:]

    def _encrypt(self, plain: bytes) -> bytes:
        sealed = AESGCM(self._key).encrypt(_nonce(self._count), plain, self._hash)
        self._count += 1
        self._mix_hash(sealed)
        return sealed

    def _decrypt(self, sealed: bytes) -> bytes:
        plain = AESGCM(self._key).decrypt(_nonce(self._count), sealed, self._hash)
        self._count += 1
        self._mix_hash(sealed)
        return plain


class Transport:
    """The two ciphers of an open stream; each message counts."""

    def __init__(self, reading: bytes, writing: bytes) -> None:
        self._reading, self._writing = AESGCM(reading), AESGCM(writing)
        self._read = self._written = 0

    def encrypt(self, plain: bytes) -> bytes:
        self._written += 1
        return self._writing.encrypt(_nonce(self._written - 1), plain, None)

    def decrypt(self, sealed: bytes) -> bytes:
        self._read += 1
        try:
            return self._reading.decrypt(_nonce(self._read - 1), sealed, None)
        except InvalidTag:
            raise StreamBroken("a frame cannot be decrypted") from None


class Frames:
    """Cuts what a client sends into its prologue and frames, wherever the network has cut it."""

    def __init__(self) -> None:
        self._buffer = b""
        self.prologue = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield every frame that is complete."""
        self._buffer += data
        if not self.prologue and not self._read_prologue():
            return
        while len(self._buffer) >= 3:
            end = 3 + int.from_bytes(self._buffer[:3])
            if len(self._buffer) < end:
                return
            frame, self._buffer = self._buffer[3:end], self._buffer[end:]
            yield frame

    def _read_prologue(self) -> bool:
        if self._buffer.startswith(ROUTING):
            end = ROUTING_HEAD + int.from_bytes(self._buffer[4:ROUTING_HEAD])
            if len(self._buffer) < max(end, ROUTING_HEAD):
                return False
            self._buffer = self._buffer[end:]
        if len(self._buffer) < PROLOGUE_LENGTH:
            return False
        self.prologue, self._buffer = self._buffer[:PROLOGUE_LENGTH], self._buffer[PROLOGUE_LENGTH:]
        if not self.prologue.startswith(PROLOGUE):
            raise StreamBroken(f"a stream begins with WA, not with {self.prologue!r}")
        return True


def framed(data: bytes) -> bytes:
    """Return `data` with its length before it."""
    return len(data).to_bytes(3) + data


def _nonce(count: int) -> bytes:
    return count.to_bytes(12)
