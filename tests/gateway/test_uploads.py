"""Bodies with files in them, however they are cut on their way."""

from __future__ import annotations

import base64
import json
import random

import pytest

from gateway.files.uploads import LONG, Base64, JsonBody, MultipartBody

CHANCE = random.Random(7)
DATA = CHANCE.randbytes(LONG)
SHORT, TEXT = 'short \\ " ñ \u2028 / \n', "x" * LONG
BODIES = {
    "a file first": {"image": {"data": base64.b64encode(DATA).decode(), "caption": SHORT}, "to": "1"},
    "two files": {"a": base64.b64encode(DATA).decode(), SHORT: {"b": [base64.b64encode(DATA).decode(), 1.5, None]}},
    "no file": {"to": SHORT, "text": TEXT, "nothing": ""},
}


def pieces(text: bytes, sizes: list[int]) -> tuple[JsonBody, dict[str, bytes]]:
    """What a body is made of that comes in parts of these sizes, over and over."""
    body, files, at, number = JsonBody(), dict[str, bytes](), 0, 0
    while at < len(text):
        size = sizes[number % len(sizes)]
        for piece in body.feed(text[at : at + size]):
            files[piece.token] = files.get(piece.token, b"") + piece.data
        at, number = at + size, number + 1
    return body, files


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("sizes", [[10**9], [65536], [1000, 7, 65536], [CHANCE.randrange(1, 5000) for _ in range(50)]])
def test_a_json_body_is_the_same_however_it_is_cut(name: str, ascii_only: bool, sizes: list[int]) -> None:
    given = BODIES[name]
    text = json.dumps(given, ensure_ascii=ascii_only).replace("/", "\\/").replace("==", "\\u003d\\u003d")
    body, files = pieces(text.encode(), sizes)
    there = json.loads(body.json)
    assert len(body.json) < LONG + 10_000
    assert all(data == DATA for data in files.values())
    assert not any(file.broken for file in body.files.values())
    restored = json.dumps(there, ensure_ascii=False)
    for token in files:
        restored = restored.replace(token, base64.b64encode(DATA).decode())
    assert json.loads(restored) == given


def test_one_byte_after_the_other_is_a_body_too() -> None:
    text = json.dumps({"data": base64.b64encode(DATA).decode(), "to": SHORT}).encode()
    _, files = pieces(text, [1])
    assert list(files.values()) == [DATA]


@pytest.mark.parametrize(
    ("text", "broken"), [("AAAA", False), ("AA", False), ("AA==AAAA", True), ("A", True), ("?", True)]
)
def test_base64_is_decoded_strictly_but_for_its_padding(text: str, broken: bool) -> None:
    decoder = Base64()
    for one in text:
        decoder.feed(one.encode())
    decoder.end()
    assert decoder.broken is broken


@pytest.mark.parametrize("size", [1, 3, 17, 4096, 10**6])
def test_a_multipart_body_is_the_same_however_it_is_cut(size: int) -> None:
    data = b"\r\n--almost\r\n" + CHANCE.randbytes(20_000) + b"\r\n-"
    text = (
        b'--b\r\nContent-Disposition: form-data; name="to"\r\n\r\n123\r\n'
        b'--b\r\nContent-Disposition: form-data; name="image"; filename="\xc3\xb1.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + data + b"\r\n"
        b'--b\r\nContent-Disposition: form-data; name="caption"\r\n\r\nhi\r\n--b--\r\n'
    )
    body, files = MultipartBody("multipart/form-data; boundary=b"), dict[str, bytes]()
    for at in range(0, len(text), size):
        for piece in body.feed(text[at : at + size]):
            files[piece.token] = files.get(piece.token, b"") + piece.data
    body.end()
    ((token, found),) = files.items()
    assert found == data
    assert body.fields == {"to": "123", "caption": "hi"}
    assert body.files[token] == ("image", "ñ.png", "image/png")
