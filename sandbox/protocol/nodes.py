"""The nodes of the stream, much like XML, and their binary form."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import hexdigits

from sandbox.protocol.dictionary import Dictionary

LIST_EMPTY, DICTIONARY_0, DICTIONARY_3 = 0, 236, 239
INTEROP_JID, FB_JID, AD_JID = 245, 246, 247
LIST_8, LIST_16, JID_PAIR, HEX_8, BINARY_8, BINARY_20, BINARY_32, NIBBLE_8 = range(248, 256)
PACKED_MAX = 127
NIBBLES, HEX = "0123456789-.", "0123456789ABCDEF"
COMPRESSED = 2
DOMAINS = {"s.whatsapp.net": 0, "lid": 1, "hosted": 128, "hosted.lid": 129}
"""The domains that have devices, by their number on the wire."""
DOMAIN_NAMES = {number: name for name, number in DOMAINS.items()}


class MalformedNode(Exception):
    """Bytes that are no node."""


@dataclass(frozen=True, slots=True)
class Node:
    """A tag, its attributes, and what is in it: nodes, bytes, or nothing."""

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    content: Sequence[Node] | bytes | str | None = None

    @property
    def children(self) -> Sequence[Node]:
        return () if self.content is None or isinstance(self.content, bytes | str) else self.content

    @property
    def data(self) -> bytes:
        """The content as bytes; a word of the dictionary stands for its letters."""
        if isinstance(self.content, str):
            return self.content.encode()
        return self.content if isinstance(self.content, bytes) else b""

    def child(self, tag: str) -> Node | None:
        """Return the first child with that tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def find(self, tag: str) -> Iterator[Node]:
        """Yield every node with that tag below this one."""
        for child in self.children:
            if child.tag == tag:
                yield child
            yield from child.find(tag)

    def get(self, name: str) -> str:
        """Return an attribute, or "" where it is missing."""
        return self.attributes.get(name, "")


class NodeCodec:
    """Nodes to bytes and back, with the words of a dictionary."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary

    def encode(self, node: Node) -> bytes:
        return b"\0" + self._node(node)

    def decode(self, data: bytes) -> Node:
        """Raises MalformedNode."""
        if not data:
            raise MalformedNode("a frame without a node")
        try:
            body = zlib.decompress(data[1:]) if data[0] & COMPRESSED else data[1:]
            return _NodeReader(body, self._dictionary).node()
        except (zlib.error, IndexError, UnicodeDecodeError) as error:
            raise MalformedNode(f"a node cannot be read: {error}") from None

    def _node(self, node: Node) -> bytes:
        size = 1 + 2 * len(node.attributes) + (node.content is not None)
        written = _list_start(size) + self._text(node.tag)
        for name, value in node.attributes.items():
            written += self._text(name) + self._text(value)
        if isinstance(node.content, bytes):
            written += _bytes(node.content)
        elif isinstance(node.content, str):
            written += self._text(node.content)
        elif node.content is not None:
            written += _list_start(len(node.content)) + b"".join(self._node(child) for child in node.content)
        return written

    def _text(self, text: str) -> bytes:
        if code := self._dictionary.codes.get(text):
            page, index = code
            return bytes([page]) if index is None else bytes([DICTIONARY_0 + page, index])
        if text and len(text) <= PACKED_MAX:
            if not text.strip(NIBBLES):
                return _packed(NIBBLE_8, NIBBLES, text)
            if not text.strip(HEX):
                return _packed(HEX_8, HEX, text)
        user, at, server = text.rpartition("@")
        if not at:
            return _bytes(text.encode())
        user, colon, device = user.partition(":")
        if colon:
            return bytes([AD_JID, DOMAINS[server], int(device)]) + self._text(user)
        return bytes([JID_PAIR]) + (self._text(user) if user else bytes([LIST_EMPTY])) + self._text(server)


def _list_start(size: int) -> bytes:
    if not size:
        return bytes([LIST_EMPTY])
    return bytes([LIST_8, size]) if size < 256 else bytes([LIST_16]) + size.to_bytes(2)


def _bytes(data: bytes) -> bytes:
    if len(data) < 256:
        return bytes([BINARY_8, len(data)]) + data
    if len(data) < 1 << 20:
        return bytes([BINARY_20]) + len(data).to_bytes(3) + data
    return bytes([BINARY_32]) + len(data).to_bytes(4) + data


def _packed(tag: int, alphabet: str, text: str) -> bytes:
    digits = [alphabet.index(letter) for letter in text]
    odd = len(digits) % 2
    if odd:
        digits.append(15)
    pairs = bytes(high << 4 | low for high, low in zip(digits[::2], digits[1::2], strict=True))
    return bytes([tag, len(pairs) | odd << 7]) + pairs


class _NodeReader:
    def __init__(self, data: bytes, dictionary: Dictionary) -> None:
        self._data, self._at, self._dictionary = data, 0, dictionary

    def node(self) -> Node:
        size = self._list_size(self._byte())
        if not size:
            raise MalformedNode("a node without a tag")
        tag = self._text(self._byte())
        attributes = {self._text(self._byte()): self._text(self._byte()) for _ in range((size - 1) // 2)}
        return Node(tag, attributes, None if size % 2 else self._content(self._byte()))

    def _content(self, tag: int) -> Sequence[Node] | bytes | str:
        if tag in (LIST_EMPTY, LIST_8, LIST_16):
            return tuple(self.node() for _ in range(self._list_size(tag)))
        if tag in (BINARY_8, BINARY_20, BINARY_32):
            return self._bytes(self._length(tag))
        return self._text(tag)

    def _text(self, tag: int) -> str:
        if tag == LIST_EMPTY:
            return ""
        if tag < len(self._dictionary.single):
            return self._dictionary.single[tag]
        if DICTIONARY_0 <= tag <= DICTIONARY_3:
            return self._dictionary.double[tag - DICTIONARY_0][self._byte()]
        if tag in (BINARY_8, BINARY_20, BINARY_32):
            return self._bytes(self._length(tag)).decode()
        if tag in (NIBBLE_8, HEX_8):
            return self._unpacked(NIBBLES if tag == NIBBLE_8 else HEX)
        if tag == JID_PAIR:
            user = self._text(self._byte())
            return f"{user}@{self._text(self._byte())}"
        if tag == AD_JID:
            domain, device = self._byte(), self._byte()
            user = self._text(self._byte())
            return f"{user}:{device}@{DOMAIN_NAMES.get(domain, 's.whatsapp.net')}"
        if tag == FB_JID:
            user, device = self._text(self._byte()), int.from_bytes(self._bytes(2))
            return f"{user}:{device}@{self._text(self._byte())}"
        raise MalformedNode(f"{tag} is no beginning of a text")

    def _unpacked(self, alphabet: str) -> str:
        start = self._byte()
        digits = self._bytes(start & 127).hex()
        if start & 128:
            digits = digits[:-1]
        return "".join(alphabet[hexdigits.index(digit)] for digit in digits)

    def _list_size(self, tag: int) -> int:
        if tag == LIST_EMPTY:
            return 0
        if tag not in (LIST_8, LIST_16):
            raise MalformedNode(f"{tag} is no beginning of a list")
        return int.from_bytes(self._bytes(1 if tag == LIST_8 else 2))

    def _length(self, tag: int) -> int:
        width = {BINARY_8: 1, BINARY_20: 3, BINARY_32: 4}[tag]
        length = int.from_bytes(self._bytes(width))
        return length & 0xFFFFF if tag == BINARY_20 else length

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        if self._at + count > len(self._data):
            raise MalformedNode("a node is cut off")
        self._at += count
        return self._data[self._at - count : self._at]
