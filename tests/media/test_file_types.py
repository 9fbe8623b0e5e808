"""The type of a file, and the name that is shown."""

from __future__ import annotations

import pytest

from actors.media.file_types import filename_of, mimetype_of, recognised

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")


@pytest.mark.parametrize(
    ("head", "mimetype"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
        (b"OggS\x00\x02", "audio/ogg"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41", "video/mp4"),
        (b"<!DOCTYPE  html><html>", "text/html"),
        (b"\xef\xbb\xbf\n <HTML>", "text/html"),
        (b'<?xml version="1.0"?><svg/>', "text/xml"),
        (b"<svg onload=alert(1)>", "text/xml"),
        (b"#EXTM3U\n#EXT-X", "application/vnd.apple.mpegurl"),
        (b"plain text", None),
        (b"", None),
    ],
)
def test_the_content_says_what_it_is(head: bytes, mimetype: str | None) -> None:
    assert recognised(head) == mimetype


def test_what_is_told_counts_unless_it_says_nothing() -> None:
    assert mimetype_of(PNG, "image/x-own; a=b", None) == "image/x-own; a=b"
    assert mimetype_of(PNG, "application/octet-stream", "a.pdf") == "image/png"
    assert mimetype_of(b"?", None, "a.csv") == "text/csv"
    assert mimetype_of(b"?", "no type\r\nX: y", None) == "application/octet-stream"


@pytest.mark.parametrize(
    ("told", "mimetype", "name"),
    [
        ("invoice.pdf", "application/pdf", "invoice.pdf"),
        ("/srv/files/ñ.pdf", "application/pdf", "ñ.pdf"),
        ("C:\\Users\\me\\a.pdf", "application/pdf", "a.pdf"),
        ("..", "image/jpeg", "image.jpg"),
        (None, "audio/ogg; codecs=opus", "audio.ogg"),
        ("", "application/pdf", "file.pdf"),
        ("a\r\nb\x00.txt", "text/plain", "ab.txt"),
        (None, "application/octet-stream", "file"),
    ],
)
def test_a_name_is_the_last_part_of_what_is_told(told: str | None, mimetype: str, name: str) -> None:
    assert filename_of(told, mimetype) == name


def test_a_name_is_not_longer_than_file_systems_take() -> None:
    assert filename_of("x" * 1000 + ".pdf", "application/pdf").endswith("x.pdf")
    assert len(filename_of("x" * 1000 + ".pdf", "application/pdf")) == 255
