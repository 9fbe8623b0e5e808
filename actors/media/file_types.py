"""The type of a file: by its content, or else by what its sender says of it. Pure."""

from __future__ import annotations

import mimetypes
import re
from pathlib import PurePosixPath

import filetype

UNKNOWN = "application/octet-stream"
_VAGUE = frozenset({UNKNOWN, "binary/octet-stream", "application/x-www-form-urlencoded", ""})
"""Types that say nothing: servers and clients give them for want of a better one."""
_MIMETYPE = re.compile(r"[\w.+-]{1,63}/[\w.+-]{1,63}(\s*;.{0,127})?", re.ASCII)
_MARKUP: dict[bytes, str] = {
    b"<!doctype html": "text/html",
    b"<html": "text/html",
    b"<head": "text/html",
    b"<body": "text/html",
    b"<svg": "text/xml",
    b"<?xml": "text/xml",
    b"#extm3u": "application/vnd.apple.mpegurl",
}
"""Beginnings of texts that a browser, or ffmpeg, would not take for what they may be called."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_NAME = 255
_USUAL = {"image/jpeg": ".jpg", "audio/ogg": ".ogg", "video/mp4": ".mp4", "image/webp": ".webp", UNKNOWN: ""}


def recognised(head: bytes) -> str | None:
    """Return the type of a file that begins like this, or None where its content does not say."""
    text = b" ".join(head[:64].removeprefix(b"\xef\xbb\xbf").lower().split())
    for beginning, mimetype in _MARKUP.items():
        if text.startswith(beginning):
            return mimetype
    found = filetype.guess(head)
    return None if found is None else str(found.mime)


def mimetype_of(head: bytes, told: str | None, filename: str | None) -> str:
    """Return the type of a file: as told, else as it is recognised, else as its name says."""
    if told is not None and told.split(";")[0].strip().lower() not in _VAGUE and _MIMETYPE.fullmatch(told):
        return told
    named = mimetypes.guess_type(filename)[0] if filename else None
    return recognised(head) or named or UNKNOWN


def filename_of(told: str | None, mimetype: str) -> str:
    """Return a name that can be shown: the last part of the path that was told, else one made of the type."""
    name = PurePosixPath(_CONTROL.sub("", told or "").replace("\\", "/")).name.strip()
    if name in ("", ".", ".."):
        plain = mimetype.split(";")[0].strip().lower()
        suffix = _USUAL.get(plain, mimetypes.guess_extension(plain) or "")
        family = plain.split("/")[0]
        name = (family if family in ("image", "audio", "video") else "file") + suffix
    return name[-_LONGEST_NAME:] if len(name) > _LONGEST_NAME else name
