"""A small client of the protocol, in the process of the test: the other side of the handshake, and a device's keys."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sandbox.protocol.curve import KeyPair, verify
from sandbox.protocol.nodes import Node
from sandbox.protocol.noise import XX, Transport, framed
from sandbox.protocol.schemas import (
    CERTIFICATE_DETAILS,
    CERTIFICATES,
    CHAT_MESSAGE,
    CLIENT_PAYLOAD,
    DEVICE_IDENTITY_HMAC,
    HANDSHAKE,
    SIGNED_DEVICE_IDENTITY,
)
from sandbox.protocol.server import ClientStream, ProtocolServer
from sandbox.protocol.signal import Correspondence, PreKeyBundle

PROLOGUE = b"WA\6\3"


class CompanionDevice:
    """A device that links itself and logs in; `connection` is its newest."""

    def __init__(self, server: ProtocolServer) -> None:
        self._server = server
        self.noise = KeyPair.new()
        self.keys = Correspondence(registration_id=4321)
        self.adv_secret = os.urandom(32)
        self.connection: CompanionConnection

    def register(self) -> str:
        """Connect as a new device, and return the text of the QR."""
        bundle = self.keys.bundle()
        registration = {
            "registration_id": bundle.registration_id.to_bytes(4),
            "identity": bundle.identity,
            "signed_key_id": bundle.signed_key_id.to_bytes(3),
            "signed_key": bundle.signed_key,
            "signed_key_signature": bundle.signature,
        }
        self.connection = CompanionConnection(self._server, self.noise, {"registration": registration})
        ref = next(self.connection.receive("iq").find("ref")).data.decode()
        keys = (self.noise.public, bundle.identity, self.adv_secret)
        fields = [ref, *(base64.b64encode(key).decode() for key in keys), "1"]
        return "https://wa.me/settings/linked_devices#" + ",".join(fields)

    def accept(self) -> Node:
        """Check the account's signature under this device, answer, and return the pair-success."""
        success = self.connection.receive("iq")
        sealed = DEVICE_IDENTITY_HMAC.decode(next(success.find("device-identity")).data)
        signed = SIGNED_DEVICE_IDENTITY.decode(sealed["details"])
        identity = self.keys.identity.public
        verify(signed["account_key"], b"\6\0" + signed["details"] + identity, signed["account_signature"])
        answer = (Node("pair-device-sign"),)
        self.connection.send(Node("iq", {"id": success.get("id"), "type": "result"}, answer))
        return success

    def log_in(self, number: str, **more: int) -> Node:
        """Connect with the login, and return the first node of the server's."""
        payload = {"username": int(number), "device": 1, **more}
        self.connection = CompanionConnection(self._server, self.noise, payload)
        return self.connection.receive()

    def ask(self, namespace: str, *content: Node) -> Node:
        self.connection.send(Node("iq", {"id": "q", "type": "get", "xmlns": namespace}, content))
        return self.connection.receive("iq")

    def publish(self) -> None:
        """Upload one prekey, and say that messages may come."""
        self.upload_key()
        self.ask("passive", Node("active"))

    def upload_key(self) -> None:
        key = (Node("id", content=(1).to_bytes(3)), Node("value", content=self.keys.pre_key.public))
        self.ask("encrypt", Node("list", content=(Node("key", content=key),)))

    def read(self, node: Node, sender: str) -> dict[str, Any]:
        """Decrypt a message, and confirm it."""
        enc = next(node.find("enc"))
        plain = self.keys.decrypt(sender, enc.get("type"), enc.data)
        self.connection.send(Node("receipt", {"id": node.get("id"), "to": node.get("from")}))
        return CHAT_MESSAGE.decode(plain[: -plain[-1]])

    def write(self, number: str, text: str, message_id: str) -> None:
        jid = f"{number}@s.whatsapp.net"
        kind, body = self.keys.encrypt(
            number, CHAT_MESSAGE.encode({"conversation": text}) + b"\1", lambda: self.of(jid)
        )
        sealed = Node("to", {"jid": jid}, (Node("enc", {"v": "2", "type": kind}, body),))
        participants = (Node("participants", content=(sealed,)),)
        self.connection.send(Node("message", {"id": message_id, "to": jid, "type": "text"}, participants))

    def of(self, jid: str) -> PreKeyBundle:
        """Ask for the keys of a phone."""
        user = next(self.ask("encrypt", Node("key", content=(Node("user", {"jid": jid}),))).find("user"))
        values = {node.tag: node.data for node in user.children}
        signed, once = ({one.tag: one.data for one in next(user.find(tag)).children} for tag in ("skey", "key"))
        registration_id, signed_id = int.from_bytes(values["registration"]), int.from_bytes(signed["id"])
        return PreKeyBundle(
            registration_id, values["identity"], signed_id, signed["value"], signed["signature"], 1, once["value"]
        )


class CompanionConnection:
    """One stream, after its handshake."""

    def __init__(self, server: ProtocolServer, static: KeyPair, payload: dict[str, Any]) -> None:
        self._server, self._out = server, list[bytes | None]()
        self.stream = ClientStream(server, self._out.append)
        server.streams.append(self.stream)
        ephemeral = KeyPair.new()
        self.stream.receive(PROLOGUE + framed(HANDSHAKE.encode({"client_hello": {"ephemeral": ephemeral.public}})))
        hello = HANDSHAKE.decode(self._frame())["server_hello"]
        self._hash = self._chain = self._key = XX
        self._mix_hash(PROLOGUE, ephemeral.public, hello["ephemeral"])
        self._mix_key(ephemeral.agree(hello["ephemeral"]))
        server_key = self._decrypt(hello["static"])
        self._mix_key(ephemeral.agree(server_key))
        self._check(CERTIFICATES.decode(self._decrypt(hello["payload"])), server_key)
        sealed_static = self._encrypt(static.public, 1)
        self._mix_key(static.agree(hello["ephemeral"]))
        finish = {"static": sealed_static, "payload": self._encrypt(CLIENT_PAYLOAD.encode(payload), 0)}
        writing, reading = self._derive(b"")
        self._transport = Transport(reading, writing)
        self.stream.receive(framed(HANDSHAKE.encode({"client_finish": finish})))

    @property
    def ended(self) -> bool:
        return None in self._out

    def send(self, node: Node) -> None:
        self.stream.receive(framed(self._transport.encrypt(self._server.codec.encode(node))))

    def receive(self, tag: str = "") -> Node:
        """Return the next node, or the next with that tag: others before it are passed over."""
        node = self._server.codec.decode(self._transport.decrypt(self._frame()))
        return node if not tag or node.tag == tag else self.receive(tag)

    def rest(self) -> list[Node]:
        """Return all that has come."""
        return [self.receive() for _ in range(sum(one is not None for one in self._out))]

    def _frame(self) -> bytes:
        frame = self._out.pop(0)
        assert frame is not None, "the server has closed"
        return frame[3:]

    def _check(self, chain: dict[str, Any], server_key: bytes) -> None:
        intermediate = CERTIFICATE_DETAILS.decode(chain["intermediate"]["details"])
        root = self._server.authority.root.public
        verify(root, chain["intermediate"]["details"], chain["intermediate"]["signature"])
        verify(intermediate["key"], chain["leaf"]["details"], chain["leaf"]["signature"])
        assert CERTIFICATE_DETAILS.decode(chain["leaf"]["details"])["key"] == server_key

    def _mix_hash(self, *parts: bytes) -> None:
        for part in parts:
            self._hash = hashlib.sha256(self._hash + part).digest()

    def _derive(self, secret: bytes) -> tuple[bytes, bytes]:
        derived = HKDF(SHA256(), 64, salt=self._chain, info=b"").derive(secret)
        return derived[:32], derived[32:]

    def _mix_key(self, secret: bytes) -> None:
        self._chain, self._key = self._derive(secret)

    def _decrypt(self, sealed: bytes) -> bytes:
        plain = AESGCM(self._key).decrypt(bytes(12), sealed, self._hash)
        self._mix_hash(sealed)
        return plain

    def _encrypt(self, plain: bytes, count: int) -> bytes:
        sealed = AESGCM(self._key).encrypt(count.to_bytes(12), plain, self._hash)
        self._mix_hash(sealed)
        return sealed
