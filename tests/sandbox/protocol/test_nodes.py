"""Nodes to bytes and back, with and without words of a dictionary, which is read from Baileys' source."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.protocol.dictionary import FILE, Dictionary, NoDictionary
from sandbox.protocol.nodes import MalformedNode, Node, NodeCodec

DICTIONARY = Dictionary(["", "iq", "id", "s.whatsapp.net"], [["message", "type"], ["text"]])
CODEC = NodeCodec(DICTIONARY)
SOURCE = """export const TAGS = { LIST_EMPTY: 0 };
export const DOUBLE_BYTE_TOKENS = [
    [
        'message',
        "don't"
    ],
    [
        'a\\'b'
    ]
];
export const SINGLE_BYTE_TOKENS = [
    '',
    'iq'
];
"""

USERS = st.from_regex(r"[0-9]{1,15}", fullmatch=True)
ADDRESSES = st.one_of(
    st.builds("{}@{}".format, USERS, st.sampled_from(["s.whatsapp.net", "lid", "g.us"])),
    st.builds("{}:{}@{}".format, USERS, st.integers(0, 255), st.sampled_from(["s.whatsapp.net", "lid"])),
)
TEXTS = st.one_of(
    st.sampled_from(["iq", "id", "message", "type", "text", "s.whatsapp.net", "", "3EB0", "12.5-", "A" * 200]),
    st.text().filter(lambda text: "@" not in text),
    ADDRESSES,
)
TAGS = st.sampled_from(["iq", "message", "enc", "stream:error"])
NODES = st.recursive(
    st.builds(Node, TAGS, st.dictionaries(TEXTS, TEXTS, max_size=4), st.none() | st.binary(max_size=300)),
    lambda nodes: st.builds(Node, TAGS, st.just({}), st.lists(nodes, max_size=4).map(tuple)),
    max_leaves=10,
)


@given(NODES)
def test_what_is_written_is_read(node: Node) -> None:
    assert CODEC.decode(CODEC.encode(node)) == node


@pytest.mark.parametrize(
    ("node", "written"),
    [
        (Node("iq"), "00f80101"),
        (Node("iq", {"id": "iq"}), "00f8030102" + "01"),
        (Node("message", {}, b"\1\2"), "00f802ec00fc020102"),
        (Node("iq", {"id": "12.5"}), "00f803010" + "2ff0212b5"),
        (Node("iq", {"id": "ABC"}), "00f8030102fb82abcf"),
        (Node("iq", {"id": "549@s.whatsapp.net"}), "00f8030102faff82549f03"),
        (Node("iq", {"id": "549:7@lid"}), "00f8030102f70107ff82549f"),
        (Node("iq", {}, ()), "00f8020100"),
        (Node("iq", {}, (Node("iq"),)), "00f80201f801f80101"),
    ],
)
def test_the_bytes_are_those_of_the_protocol(node: Node, written: str) -> None:
    """As Baileys' encoder writes them with the same words."""
    assert CODEC.encode(node).hex() == written
    assert CODEC.decode(bytes.fromhex(written)) == node


def test_a_compressed_node_and_a_long_one_are_read() -> None:
    node = Node("iq", {}, tuple(Node("enc", {}, bytes(70_000)) for _ in range(300)))
    written = CODEC.encode(node)
    assert CODEC.decode(b"\2" + zlib.compress(written[1:])) == node


@given(st.binary(max_size=60))
def test_any_bytes_are_a_node_or_are_refused(data: bytes) -> None:
    try:
        CODEC.decode(data)
    except MalformedNode:
        return


def test_a_node_is_asked_for_its_parts() -> None:
    node = Node("iq", {"id": "1"}, (Node("a", {}, (Node("b", {}, b"x"), Node("b", {}, "text"))),))
    assert [one.data for one in node.find("b")] == [b"x", b"text"]
    assert (node.get("id"), node.get("to"), node.child("c"), node.data) == ("1", "", None, b"")


def test_the_words_are_read_from_the_source_of_baileys(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    path.write_text(SOURCE)
    words = Dictionary.of_baileys(tmp_path)
    assert words.single == ("", "iq")
    assert words.double == (("message", "don't"), ("a'b",))
    assert words.codes == {"iq": (1, None), "message": (0, 0), "don't": (0, 1), "a'b": (1, 0)}

    path.write_text("export const TAGS = {};")
    with pytest.raises(NoDictionary, match="SINGLE_BYTE_TOKENS"):
        Dictionary.of_baileys(tmp_path)
    with pytest.raises(NoDictionary, match="is Baileys installed there"):
        Dictionary.of_baileys(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    "script",
    [
        '__d("A",[],(function(){var x=["a","b"]}),1);__d("WAWapDict",[],(function(){var e=3,l=["xmlstreamstart","iq"],'
        's=["say \\"x\\""],u=["b"],c=["c"],d=["d"],m=[s,u,c,d]}),66);__d("B",[],(function(){var x=["no"]}),1);',
        'var e = 3, l = [\n\t"xmlstreamstart",\n\t"iq"\n], s = [\n\t"say \\"x\\""\n], u = ["b"], c = ["c"], d = ["d"];',
    ],
)
def test_the_words_are_read_from_a_script_of_the_page(script: str) -> None:
    words = Dictionary.of_script(script)
    assert words.single == ("", "xmlstreamstart", "iq")
    assert words.double == (('say "x"',), ("b",), ("c",), ("d",))


@pytest.mark.parametrize("script", ["", 'x = "xmlstreamstart"', '["iq", "xmlstreamstart"]'])
def test_another_script_has_no_words(script: str) -> None:
    with pytest.raises(NoDictionary, match="xmlstreamstart"):
        Dictionary.of_script(script)
