"""Messages between two devices: an agreement by prekeys, then the double ratchet.

After https://signal.org/docs/specifications/x3dh/ and …/doubleratchet/, with the labels and the wire format of
WhatsApp, version 3 of the text protocol. Skipped messages are kept for later, up to `FURTHEST` of them.
"""

from __future__ import annotations

import copy
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from sandbox.protocol.curve import KeyPair, verify
from sandbox.protocol.protobuf import MalformedMessage
from sandbox.protocol.schemas import PRE_KEY_WHISPER, WHISPER

VERSION = b"\x33"
MAC_LENGTH = 8
BLOCK_BITS = 128
FURTHEST = 2000
NO_SALT = bytes(32)


class Undecryptable(Exception):
    """A message that this device cannot read; the text says why."""


@dataclass(frozen=True, slots=True)
class PreKeyBundle:
    """What a device has published, so that others can write to it while it is away."""

    registration_id: int
    identity: bytes
    signed_key_id: int
    signed_key: bytes
    signature: bytes
    pre_key_id: int | None = None
    pre_key: bytes | None = None


@dataclass(slots=True)
class _Chain:
    """The keys of one direction until the next turn of the ratchet."""

    key: bytes
    counter: int = 0

    def next(self) -> bytes:
        """Return the seed of the next message's keys."""
        seed = _hmac(self.key, b"\1")
        self.key = _hmac(self.key, b"\2")
        self.counter += 1
        return seed


class Ratchet:
    """What two devices share, as one of them holds it."""

    def __init__(self, ours: bytes, theirs: bytes, root: bytes, pair: KeyPair) -> None:
        self._ours, self._theirs = ours, theirs  # identity keys, with their type
        self._root = root
        self._pair = pair
        self._sending: _Chain | None = None
        self._previous = 0
        self._receiving: dict[bytes, _Chain] = {}
        self._skipped: dict[tuple[bytes, int], bytes] = {}

    def start(self, their_key: bytes) -> None:
        """Take the first turn towards `their_key`."""
        self._pair = KeyPair.new()
        self._sending = self._turn(their_key)

    def encrypt(self, plain: bytes) -> bytes:
        assert self._sending, "this side has not received anything yet"
        counter = self._sending.counter
        cipher_key, mac_key, iv = _message_keys(self._sending.next())
        padder = PKCS7(BLOCK_BITS).padder()
        encryptor = Cipher(AES256(cipher_key), CBC(iv)).encryptor()
        ciphertext = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
        message = VERSION + WHISPER.encode(
            {
                "ratchet_key": self._pair.typed,
                "counter": counter,
                "previous_counter": self._previous,
                "ciphertext": ciphertext,
            }
        )
        return message + _hmac(mac_key, self._ours + self._theirs + message)[:MAC_LENGTH]

    def decrypt(self, data: bytes) -> bytes:
        """Raises Undecryptable; then this object has changed, so it is done with a copy."""
        body, mac = data[:-MAC_LENGTH], data[-MAC_LENGTH:]
        try:
            message = WHISPER.decode(body[1:])
            their_key, ciphertext = message["ratchet_key"][1:], message["ciphertext"]
        except (MalformedMessage, KeyError) as error:
            raise Undecryptable(f"it is no message of Signal's: {error}") from None
        seed = self._seed(their_key, message.get("counter", 0), message.get("previous_counter", 0))
        cipher_key, mac_key, iv = _message_keys(seed)
        if not hmac.compare_digest(mac, _hmac(mac_key, self._theirs + self._ours + body)[:MAC_LENGTH]):
            raise Undecryptable("its authentication code is wrong")
        decryptor = Cipher(AES256(cipher_key), CBC(iv)).decryptor()
        unpadder = PKCS7(BLOCK_BITS).unpadder()
        return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()

    def _seed(self, their_key: bytes, counter: int, previous: int) -> bytes:
        if (seed := self._skipped.pop((their_key, counter), None)) is not None:
            return seed
        if their_key not in self._receiving:
            for key, chain in self._receiving.items():
                self._skip(key, chain, previous)
            self._receiving = {their_key: self._turn(their_key)}
            self._previous = self._sending.counter if self._sending else 0
            self.start(their_key)
        chain = self._receiving[their_key]
        if counter < chain.counter:
            raise Undecryptable(f"message {counter} of its chain was read before")
        self._skip(their_key, chain, counter)
        return chain.next()

    def _skip(self, key: bytes, chain: _Chain, until: int) -> None:
        if until - chain.counter > FURTHEST:
            raise Undecryptable(f"it is more than {FURTHEST} messages ahead")
        while chain.counter < until:
            counter = chain.counter
            self._skipped[key, counter] = chain.next()

    def _turn(self, their_key: bytes) -> _Chain:
        derived = _derive(self._pair.agree(their_key), self._root, b"WhisperRatchet", 64)
        self._root = derived[:32]
        return _Chain(derived[32:])


@dataclass(eq=False)
class _Conversation:
    ratchet: Ratchet
    base_key: bytes
    introduction: dict[str, object] | None = None
    """What goes before each message until the other side has answered: then it knows us."""


@dataclass
class Correspondence:
    """A device's own keys, and its conversations by the address of the other device."""

    identity: KeyPair = field(default_factory=KeyPair.new)
    signed_key: KeyPair = field(default_factory=KeyPair.new)
    pre_key: KeyPair = field(default_factory=KeyPair.new)
    """One for all: a mock is written to by few."""
    registration_id: int = 777
    conversations: dict[str, list[_Conversation]] = field(default_factory=dict)
    """The newest last; older ones are good for messages that were on their way."""

    def bundle(self) -> PreKeyBundle:
        signature = self.identity.sign(self.signed_key.typed)
        return PreKeyBundle(
            self.registration_id, self.identity.public, 1, self.signed_key.public, signature, 1, self.pre_key.public
        )

    def encrypt(self, address: str, plain: bytes, published: Callable[[], PreKeyBundle]) -> tuple[str, bytes]:
        """Return the type and the body of a message; `published` gives the other side's keys if it is the first."""
        if not self.conversations.get(address):
            self.conversations[address] = [self._open(published())]
        conversation = self.conversations[address][-1]
        message = conversation.ratchet.encrypt(plain)
        if conversation.introduction is None:
            return "msg", message
        return "pkmsg", VERSION + PRE_KEY_WHISPER.encode(conversation.introduction | {"message": message})

    def decrypt(self, address: str, kind: str, body: bytes) -> bytes:
        """Raises Undecryptable."""
        if kind == "pkmsg":
            try:
                message = PRE_KEY_WHISPER.decode(body[1:])
                conversation = self._met(address, message["base_key"], message["identity"], "pre_key_id" in message)
                plain = self._read(conversation, message["message"])
            except (MalformedMessage, KeyError, ValueError) as error:
                raise Undecryptable(f"it is no first message of Signal's: {error}") from None
            if conversation not in self.conversations.setdefault(address, []):
                self.conversations[address].append(conversation)
            return plain
        reason = Undecryptable(f"there is no conversation with {address}")
        for conversation in reversed(self.conversations.get(address, [])):
            try:
                return self._read(conversation, body)
            except Undecryptable as error:
                reason = error
        raise reason

    def _read(self, conversation: _Conversation, message: bytes) -> bytes:
        ratchet = copy.deepcopy(conversation.ratchet)
        plain = ratchet.decrypt(message)
        conversation.ratchet, conversation.introduction = ratchet, None
        return plain

    def _open(self, bundle: PreKeyBundle) -> _Conversation:
        verify(bundle.identity, b"\5" + bundle.signed_key, bundle.signature)
        base = KeyPair.new()
        agreed = [
            self.identity.agree(bundle.signed_key),
            base.agree(bundle.identity),
            base.agree(bundle.signed_key),
        ]
        introduction: dict[str, object] = {
            "registration_id": self.registration_id,
            "base_key": base.typed,
            "identity": self.identity.typed,
            "signed_key_id": bundle.signed_key_id,
        }
        if bundle.pre_key is not None:
            agreed.append(base.agree(bundle.pre_key))
            introduction["pre_key_id"] = bundle.pre_key_id
        ratchet = Ratchet(self.identity.typed, b"\5" + bundle.identity, _root(agreed), base)
        ratchet.start(bundle.signed_key)
        return _Conversation(ratchet, base.public, introduction)

    def _met(self, address: str, base: bytes, identity: bytes, with_pre_key: bool) -> _Conversation:
        """Return the conversation that a first message belongs to, a new one where it is really the first."""
        for conversation in self.conversations.get(address, []):
            if conversation.base_key == base[1:]:
                return conversation
        agreed = [
            self.signed_key.agree(identity[1:]),
            self.identity.agree(base[1:]),
            self.signed_key.agree(base[1:]),
        ]
        if with_pre_key:
            agreed.append(self.pre_key.agree(base[1:]))
        return _Conversation(Ratchet(self.identity.typed, identity, _root(agreed), self.signed_key), base[1:])


def _root(agreed: list[bytes]) -> bytes:
    return _derive(b"\xff" * 32 + b"".join(agreed), NO_SALT, b"WhisperText", 64)[:32]


def _message_keys(seed: bytes) -> tuple[bytes, bytes, bytes]:
    derived = _derive(seed, NO_SALT, b"WhisperMessageKeys", 80)
    return derived[:32], derived[32:64], derived[64:]


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=salt, info=info).derive(secret)


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")
