"""The server: streams of clients, pairing, logins, the answers to questions, and the post between people.

It knows no sockets: a stream takes bytes, and writes through a function that it is given.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.protocol.app_state import NAME_COLLECTION, name_patch
from sandbox.protocol.dictionary import Dictionary
from sandbox.protocol.nodes import DOMAINS, Node, NodeCodec
from sandbox.protocol.noise import Authority, Frames, Handshake, StreamBroken, Transport, framed
from sandbox.protocol.people import DEVICE, SYNC_KEY_ID, LinkedDevice, Person, ReadMessage, text_of
from sandbox.protocol.schemas import CLIENT_PAYLOAD, PAIRING_PROPERTIES
from sandbox.protocol.signal import Undecryptable
from sandbox.world import SandboxError

SERVER = "s.whatsapp.net"
REFS = 6
FIRST_REF, NEXT_REF, LATE = 60.0, 20.0, 5.0
"""Seconds for which WhatsApp's page shows the first reference and each further one, and which a scan may be late."""
RESTART, REMOVED = "515", "401"
"""Stream errors: come again with your new login; this device was removed."""
TEMPORARY_BAN, BAN = "402", {"code": "101", "expire": "600"}
"""The reason of a refusal that ends by itself, what it was for, and the seconds until then."""
CURVE = b"\5"
LOGIN_SECRETS = {"companion_enc_static": base64.b64encode(bytes(32)).decode(), "abprops": "1", "props": "27"}
"""What WhatsApp's own page reads from an accepted login besides, and Baileys does not."""
WAITING_BESIDES = ("receipt", "notification", "appdata")
"""What can wait for a client besides messages; here it never does."""
NO_TIMER = {"duration": "0", "t": "0"}
"""Messages that do not disappear."""
PRIVACY = ("last", "online", "profile", "status", "groupadd", "readreceipts", "calladd")
REGISTRATION = {"registration_id", "identity", "signed_key_id", "signed_key", "signed_key_signature"}


@dataclass(frozen=True)
class Scanned:
    """What a camera reads from a QR."""

    ref: str
    noise_key: bytes
    identity: bytes
    adv_secret: bytes

    @classmethod
    def of(cls, code: str) -> Scanned:
        """Read the form with an address before it, and the older one. Raises SandboxError."""
        try:
            ref, *keys = code.rpartition("#")[2].split(",")
            noise_key, identity, adv_secret = (base64.b64decode(key, validate=True) for key in keys[:3])
        except ValueError:
            raise SandboxError(400, "BAD_CODE", "the code is not a reference and three keys, by commas") from None
        return cls(ref, noise_key, identity, adv_secret)


class ClientStream:
    """One client's connection, from its first byte on."""

    def __init__(self, server: ProtocolServer, write: Callable[[bytes | None], None]) -> None:
        self._server = server
        self._write = write
        self._frames = Frames()
        self._handshake: Handshake | None = None
        self._transport: Transport | None = None
        self.noise_key = b""
        self.registration: dict[str, bytes] = {}
        self.refs: list[str] = []
        self.refs_since = 0.0
        self.person: Person | None = None
        self.logged_in = False
        self.takes_post = False
        """Whether the client has said that it is ready for messages."""
        self._count = 0

    def receive(self, data: bytes) -> None:
        """Raises StreamBroken, MalformedNode or MalformedMessage for what no client may send."""
        for frame in self._frames.feed(data):
            if self._transport:
                self._server.take(self, self._server.codec.decode(self._transport.decrypt(frame)))
            elif self._handshake:
                self.noise_key, payload, self._transport = self._handshake.finish(frame)
                self._server.welcome(self, CLIENT_PAYLOAD.decode(payload))
            else:
                self._handshake = Handshake(self._frames.prologue, self._server.authority)
                self._write(framed(self._handshake.hello(frame)))

    def send(self, node: Node) -> None:
        assert self._transport
        self._write(framed(self._transport.encrypt(self._server.codec.encode(node))))

    def end(self, node: Node) -> None:
        """Send the last node, and close."""
        self.logged_in = False
        self.send(node)
        self._write(None)

    def cut(self) -> None:
        """Close without a word, as a network that goes away."""
        self.logged_in = False
        self._write(None)

    def asks(self, namespace: str, *content: Node) -> None:
        """Send a question of the server's."""
        self._count += 1
        attributes = {"from": SERVER, "id": f"server-{self._count}", "type": "set", "xmlns": namespace}
        self.send(Node("iq", attributes, content))

    def answers(self, question: Node, *content: Node) -> None:
        asked = question.get("to").removeprefix("@")
        attributes = {"from": asked or SERVER, "id": question.get("id"), "type": "result"}
        self.send(Node("iq", attributes, content or None))


class ProtocolServer:
    """Everybody who is on this WhatsApp, in memory: any number is, and has a phone that reads at once."""

    def __init__(
        self,
        dictionary: Dictionary,
        authority: Authority | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.codec = NodeCodec(dictionary)
        self.authority = authority or Authority()
        self._clock = clock
        self.people: dict[str, Person] = {}
        self.streams: list[ClientStream] = []
        self.refusal: str | None = None
        """The reason by which every login is refused: 402, 403, 405, 503 and their like."""
        self.refused = 0
        """Logins refused for the present reason."""
        self.changed = asyncio.Condition()

    # What phones do.

    def person(self, number: str) -> Person:
        """Return the person with that number or LID; a number that is new gets a phone."""
        for person in self.people.values():
            if person.lid == number:
                return person
        return self.people.setdefault(number, Person(number))

    def _owner(self, jid: str) -> Person | None:
        """Return whose address that is; None where it is no person's."""
        user, _, domain = jid.partition("@")
        number = user.partition(":")[0]
        return self.person(number) if domain in DOMAINS and number.isdecimal() else None

    def scan(self, code: str, number: str, name: str) -> None:
        """Link the page that shows `code` to the account of `number`. Raises SandboxError."""
        scanned = Scanned.of(code)
        stream = next((one for one in self.streams if scanned.ref in one.refs), None)
        if stream is None:
            raise SandboxError(404, "UNKNOWN_CODE", "no open page shows this code")
        life = FIRST_REF + NEXT_REF * stream.refs.index(scanned.ref) + LATE
        if self._clock() - stream.refs_since > life:
            raise SandboxError(410, "CODE_EXPIRED", "this code is over: the page shows another one, or none")
        said = stream.registration
        person = self.person(number)
        self._forget(person)
        person.name = name
        person.device = LinkedDevice(
            stream.noise_key,
            int.from_bytes(said["registration_id"]),
            said["identity"],
            int.from_bytes(said["signed_key_id"]),
            said["signed_key"],
            said["signed_key_signature"],
        )
        stream.person = person
        properties = PAIRING_PROPERTIES.encode({"lid_migrated": 1, "pure_lid": 1})
        stream.asks(
            "md",
            Node(
                "pair-success",
                content=(
                    Node("device-identity", content=person.signs(scanned.identity, scanned.adv_secret)),
                    Node("platform", {"name": "android"}),
                    Node("device", {"jid": _with_device(person.jid), "lid": _with_device(person.lid_jid)}),
                    Node("client-props", content=properties),
                ),
            ),
        )

    def write(self, sender: Person, to: Person, text: str) -> str:
        """Send a text from a phone to a linked device, now or when it comes back. Raises SandboxError."""
        if not to.device:
            raise SandboxError(409, "NOT_LINKED", f"{to.number} has no linked device")
        attributes = {"from": sender.lid_jid, "sender_pn": sender.jid, "addressing_mode": "lid", "type": "text"}
        attributes |= {"notify": sender.name} if sender.name else {}
        return self._post(to, attributes, sender.writes(to, {"conversation": text}))

    def remove_device(self, person: Person) -> None:
        """Log the device out from the phone. Raises SandboxError unless it is connected."""
        stream = self._stream_of(person)
        if not stream:
            raise SandboxError(409, "NOT_CONNECTED", f"the device of {person.number} is not connected")
        self._forget(person)
        stream.end(Node("stream:error", {"code": REMOVED}, (Node("conflict", {"type": "device_removed"}),)))

    def refuse(self, reason: str | None) -> None:
        """Refuse every login from now on; None: refuse none."""
        self.refusal, self.refused = reason, 0

    def cut(self) -> None:
        """Close every connection without a word."""
        for stream in self.streams:
            stream.cut()

    # What streams do.

    def welcome(self, stream: ClientStream, payload: dict[str, object]) -> None:
        """Answer a client that is known by its keys now: with QR references, a login, or a refusal."""
        registration = payload.get("registration")
        if isinstance(registration, dict):
            if missing := REGISTRATION - registration.keys():
                raise StreamBroken(f"the registration lacks {', '.join(sorted(missing))}")
            stream.registration = registration
            stream.refs = [f"2@{base64.b64encode(os.urandom(48)).decode()}" for _ in range(REFS)]
            stream.refs_since = self._clock()
            refs = tuple(Node("ref", content=ref.encode()) for ref in stream.refs)
            stream.asks("md", Node("pair-device", content=refs))
            return
        person = self.people.get(str(payload.get("username")))
        device = person.device if person else None
        if not person or not device or device.noise_key != stream.noise_key or payload.get("device") != DEVICE:
            stream.end(Node("failure", {"reason": REMOVED, "location": "mock"}))
        elif self.refusal:
            self.refused += 1
            more = BAN if self.refusal == TEMPORARY_BAN else {}
            stream.end(Node("failure", {"reason": self.refusal, "location": "mock", **more}))
        else:
            if before := self._stream_of(person):
                before.end(Node("stream:error", {}, (Node("conflict", {"type": "replaced"}),)))
            stream.person, stream.logged_in = person, True
            attributes = {
                "t": _now(),
                "lid": _with_device(person.lid_jid),
                "display_name": person.name or person.number,
            }
            stream.send(Node("success", {**attributes, **LOGIN_SECRETS, "location": "mock"}))
            if payload.get("passive") == 0:  # as WhatsApp's page says when it comes again: it asks for nothing
                self._open_post(stream)

    def take(self, stream: ClientStream, node: Node) -> None:
        """Do what a node of a client asks for."""
        if node.tag == "iq" and node.get("type") in ("get", "set"):
            for namespace, content, answer in QUESTIONS:
                if node.get("xmlns") == namespace and (content is None or node.child(content)):
                    answer(self, stream, node)
                    return
            stream.answers(node)  # what clients ask besides can be empty
        elif node.tag == "iq" and node.child("pair-device-sign"):
            stream.end(Node("stream:error", {"code": RESTART}))
        elif node.tag == "message" and stream.person:
            self._deliver(stream, stream.person, node)
        elif node.tag in ("receipt", "ack") and stream.person:
            stream.person.undelivered.pop(node.get("id"), None)
            if node.tag == "receipt":
                attributes = {"class": "receipt", "id": node.get("id"), "from": node.get("to")}
                stream.send(Node("ack", attributes))

    def _deliver(self, stream: ClientStream, sender: Person, node: Node) -> None:
        """Give a message to the phones it is for, and report what became of it."""
        to, message_id = node.get("to"), node.get("id")
        stream.send(Node("ack", {"class": "message", "id": message_id, "from": to, "t": _now()}))
        sealed = [(one.get("jid"), enc) for one in node.find("to") for enc in one.find("enc")]
        sealed += [(to, enc) for enc in node.children if enc.tag == "enc"]
        delivered = False
        for jid, enc in sealed:
            reader = self._owner(jid)
            if not reader:
                continue  # a group, a broadcast, a channel: none is played here
            try:
                message = reader.reads(sender, enc)
            except Undecryptable:
                continue  # no receipt: the sender sees a message that was not delivered
            if reader is not sender:
                reader.received.append(ReadMessage(message_id, sender.number, text_of(message)))
                delivered = True
        if delivered:
            for kind in ({}, {"type": "read"}):
                stream.send(Node("receipt", {"from": to, "id": message_id, "t": _now(), **kind}))

    def _post(self, to: Person, attributes: dict[str, str], sealed: Node) -> str:
        message_id = f"3EB0{os.urandom(9).hex().upper()}"
        node = Node("message", {"id": message_id, "t": _now(), **attributes}, (sealed,))
        to.undelivered[message_id] = node
        if (stream := self._stream_of(to)) and stream.takes_post:
            stream.send(node)
        return message_id

    def _stream_of(self, person: Person) -> ClientStream | None:
        return next((one for one in self.streams if one.person is person and one.logged_in), None)

    def _forget(self, person: Person) -> None:
        person.device = None
        person.undelivered.clear()
        person.keys.conversations.clear()
        for other in self.people.values():
            other.keys.conversations.pop(person.number, None)

    # What clients ask.

    def _count_pre_keys(self, stream: ClientStream, question: Node) -> None:
        device = stream.person.device if stream.person else None
        stream.answers(question, Node("count", {"value": str(len(device.pre_keys) if device else 0)}))

    def _take_pre_keys(self, stream: ClientStream, question: Node) -> None:
        if stream.person and stream.person.device:
            keys = [_key(one) for one in question.find("key")]
            stream.person.device.pre_keys += keys
        stream.answers(question)
        self._introduce(stream)

    def _give_pre_keys(self, stream: ClientStream, question: Node) -> None:
        users = []
        for user in question.find("user"):
            if not (owner := self._owner(user.get("jid"))):
                continue
            bundle = owner.keys.bundle()
            assert bundle.pre_key
            signed = (
                Node("id", content=bundle.signed_key_id.to_bytes(3)),
                Node("value", content=bundle.signed_key),
                Node("signature", content=bundle.signature),
            )
            once = (Node("id", content=(bundle.pre_key_id or 0).to_bytes(3)), Node("value", content=bundle.pre_key))
            keys = (
                Node("registration", content=bundle.registration_id.to_bytes(4)),
                Node("type", content=CURVE),
                Node("identity", content=bundle.identity),
                Node("skey", content=signed),
                Node("key", content=once),
            )
            users.append(Node("user", {"jid": user.get("jid")}, keys))
        stream.answers(question, Node("list", content=users))

    def _digest(self, stream: ClientStream, question: Node) -> None:
        stream.answers(question, Node("digest"))

    def _activate(self, stream: ClientStream, question: Node) -> None:
        stream.answers(question, Node("active"))
        self._open_post(stream)

    def _open_post(self, stream: ClientStream) -> None:
        """Send a client that is ready for its post what has waited, between the counts of it, then what is new.

        WhatsApp's own page holds the second of a chat's waiting messages back for 20 s if the first is the key of its
        app state: it is told its keys and history when all that waited is over.
        """
        person = stream.person
        if not person or not person.device or stream.takes_post:
            return
        count = str(len(person.undelivered))
        preview = {"count": count, "message": count, **dict.fromkeys(WAITING_BESIDES, "0")}
        stream.send(Node("ib", {"from": SERVER}, (Node("offline_preview", preview),)))
        for node in person.undelivered.values():
            stream.send(Node(node.tag, {**node.attributes, "offline": "0"}, node.content))
        stream.send(Node("ib", {"from": SERVER}, (Node("offline", {"count": count}),)))
        stream.takes_post = True
        self._introduce(stream)

    def _introduce(self, stream: ClientStream) -> None:
        """Have the phone tell a new device its keys and history, once the device can be written to."""
        person = stream.person
        if stream.takes_post and person and (device := person.device) and device.pre_keys and not device.told:
            device.told = True
            peer = {"from": person.lid_jid, "type": "text", "category": "peer", "push_priority": "high"}
            for words in person.first_words():
                self._post(person, peer, person.writes(person, words))

    def _give_identities(self, stream: ClientStream, question: Node) -> None:
        users = []
        for user in question.find("user"):
            if owner := self._owner(user.get("jid")):
                of_device = owner.device and user.get("jid").partition("@")[0].endswith(f":{DEVICE}")
                identity = owner.device.identity if owner.device and of_device else owner.keys.identity.public
                keys = (Node("type", content=CURVE), Node("identity", content=identity))
                users.append(Node("user", {"jid": user.get("jid")}, keys))
        stream.answers(question, Node("list", content=users))

    def _give_media_hosts(self, stream: ClientStream, question: Node) -> None:
        """Name hosts for files; there is nothing behind them."""
        names = {"hostname": "mmg.whatsapp.net", "fallback_hostname": "mmg-fallback.whatsapp.net"}
        host = Node("host", {**names, "class": "primary", "type": "primary"})
        life = {"auth": "mock", "ttl": "300", "auth_ttl": "21600", "max_buckets": "12"}
        stream.answers(question, Node("media_conn", life, (host,)))

    def _give_properties(self, stream: ClientStream, question: Node) -> None:
        """Leave every experiment of the page at its default."""
        attributes = {"protocol": "1", "hash": "mock", "refresh": "86400", "refresh_id": "1", "ab_key": "mock"}
        stream.answers(question, Node("props", attributes, ()))

    def _give_privacy(self, stream: ClientStream, question: Node) -> None:
        categories = [Node("category", {"name": name, "value": "all"}) for name in PRIVACY]
        stream.answers(question, Node("privacy", content=categories))

    def _give_blocklist(self, stream: ClientStream, question: Node) -> None:
        stream.answers(question, Node("list", {"dhash": "none"}))

    def _describe_users(self, stream: ClientStream, question: Node) -> None:
        """Answer usync: which of these are on WhatsApp, their LIDs, their devices."""
        asked = next(question.find("query"), Node("query")).children
        users = []
        for user in next(question.find("list"), Node("list")).children:
            contact = user.child("contact")
            # "+549…"; wa-js has the page ask for "+549…@c.us"
            number = contact.data.decode(errors="replace").lstrip("+").partition("@")[0] if contact else ""
            if not (person := self._owner(f"{number}@{SERVER}" if number else user.get("jid"))):
                continue
            told = {
                "contact": Node("contact", {"type": "in"}),
                "lid": Node("lid", {"val": person.lid_jid}),
                "devices": _devices(person),
                "disappearing_mode": Node("disappearing_mode", NO_TIMER),
            }
            content = [told.get(one.tag, Node(one.tag)) for one in asked]
            users.append(Node("user", {"jid": user.get("jid") or person.jid}, content))
        usync = question.child("usync")
        attributes = usync.attributes if usync else {}
        found = (Node("result", content=[Node(one.tag) for one in asked]), Node("list", content=users))
        stream.answers(question, Node("usync", attributes, found))

    def _give_groups(self, stream: ClientStream, question: Node) -> None:
        """Nobody is in a group."""
        stream.answers(question, Node("groups"))

    def _give_disappearing_mode(self, stream: ClientStream, question: Node) -> None:
        stream.answers(question, Node("disappearing_mode", NO_TIMER))

    def _sync_state(self, stream: ClientStream, question: Node) -> None:
        """Answer for each collection of the app state: the account's name is the first patch of one of them.

        What a client uploads counts as a version, and is not kept.
        """
        person, collections = stream.person, []
        for asked in question.find("collection"):
            name, patches = asked.get("name"), None
            if person and person.device:
                versions = person.device.versions
                if asked.child("patch"):
                    versions[name] = versions.get(name, 0) + 1
                elif name == NAME_COLLECTION and asked.get("version") in ("", "0"):
                    patch = name_patch(person.sync_key, SYNC_KEY_ID, person.name or person.number)
                    patches = (Node("patches", content=(Node("patch", content=patch),)),)
                version = str(versions.get(name, 0))
                collections.append(Node("collection", {"name": name, "version": version}, patches))
        stream.answers(question, Node("sync", content=collections))

    def _log_out(self, stream: ClientStream, question: Node) -> None:
        stream.answers(question)
        if stream.person:
            self._forget(stream.person)
            stream.end(Node("stream:error", {"code": REMOVED}, (Node("conflict", {"type": "device_removed"}),)))


QUESTIONS: tuple[tuple[str, str | None, Callable[[ProtocolServer, ClientStream, Node], None]], ...] = (
    ("encrypt", "count", ProtocolServer._count_pre_keys),
    ("encrypt", "list", ProtocolServer._take_pre_keys),
    ("encrypt", "key", ProtocolServer._give_pre_keys),
    ("encrypt", "identity", ProtocolServer._give_identities),
    ("encrypt", "digest", ProtocolServer._digest),
    ("passive", "active", ProtocolServer._activate),
    ("usync", None, ProtocolServer._describe_users),
    ("w:m", None, ProtocolServer._give_media_hosts),
    ("abt", None, ProtocolServer._give_properties),
    ("privacy", "privacy", ProtocolServer._give_privacy),
    ("w:g2", "participating", ProtocolServer._give_groups),
    ("disappearing_mode", None, ProtocolServer._give_disappearing_mode),
    ("blocklist", None, ProtocolServer._give_blocklist),
    ("w:sync:app:state", "sync", ProtocolServer._sync_state),
    ("md", "remove-companion-device", ProtocolServer._log_out),
)
"""What clients ask: namespace, what the question holds, and who answers."""


def _devices(person: Person) -> Node:
    devices = [Node("device", {"id": "0"})]
    if person.device:
        devices.append(Node("device", {"id": str(DEVICE), "key-index": str(DEVICE)}))
    indexes = Node("key-index-list", {"ts": _now()}, person.key_indexes())
    return Node("devices", content=(Node("device-list", content=devices), indexes))


def _key(node: Node) -> tuple[int, bytes]:
    number, value = node.child("id"), node.child("value")
    return int.from_bytes(number.data if number else b""), value.data if value else b""


def _with_device(jid: str) -> str:
    user, _, server = jid.partition("@")
    return f"{user}:{DEVICE}@{server}"


def _now() -> str:
    return str(int(time.time()))
