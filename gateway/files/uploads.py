"""Bodies with files in them, read as they arrive: the files go to disk, the rest is as small as any body.

JSON        strings longer than LONG are files in base64: they are decoded to disk, and a token takes their place
multipart   a part with a file name goes to disk; the others are fields
anything    else is the file itself

Nothing is held in memory but a few chunks, whatever the size. Files that are not kept in the end are deleted.
"""

from __future__ import annotations

import asyncio
import binascii
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import BaseModel
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException

from actors.clients.operations.base import SLOWEST_UPLOAD
from actors.media.folder import Incoming, MediaFull, MediaTooLarge
from actors.media.threads import MediaSilent
from gateway.http import (
    DISCARDED,
    MAX_BODY,
    InvalidRequest,
    object_in,
    refuse_names,
    text_of,
    validated,
    validated_json,
)

if TYPE_CHECKING:
    from starlette.requests import Request

    from actors.media.media import MediaStore

Shape = TypeVar("Shape", bound=BaseModel)

LONG = 256 * 1024
"""Bytes of a JSON string from which it is a file."""
CHUNK = 256 * 1024
"""Bytes of a file that are written at a time; the next ones arrive meanwhile."""
MOST_PARTS = 100
_STRING_ENDS = re.compile(rb'["\\]')
_DATA_URL = re.compile(rb"data:([\w.+/-]*)(?:;[\w=.+-]+)*;base64,|data:;base64,|data:base64,")
_ESCAPES = {ord("/"): b"/", ord("n"): b"", ord("r"): b"", ord("t"): b""}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request, with the type and the name its sender gave it."""

    incoming: Incoming
    mimetype: str | None = None
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of one file of a body."""

    token: str
    data: bytes


class Base64:
    """Decodes base64 as it arrives; a `data:` prefix is left out, and its type kept."""

    def __init__(self) -> None:
        self._left, self._begun, self._ended = b"", False, False
        self.mimetype: str | None = None
        self.broken = False
        """True once it is not base64."""

    def feed(self, data: bytes) -> bytes:
        """Return the bytes that can be decoded so far. The first part has the whole prefix, if there is one."""
        if not self._begun:
            self._begun = True
            if (prefix := _DATA_URL.match(data)) is not None:
                self.mimetype = (prefix[1] or b"").decode("ascii") or None
                data = data[prefix.end() :]
        whole = self._left + data
        usable = len(whole) // 4 * 4
        self._left = whole[usable:]
        return self._decoded(whole[:usable])

    def end(self) -> bytes:
        """Return the rest; missing padding is no fault."""
        left, self._left = self._left, b""
        return self._decoded(left + b"=" * (-len(left) % 4)) if left else b""

    def _decoded(self, data: bytes) -> bytes:
        if self.broken or not data:
            return b""
        try:
            if self._ended:
                raise binascii.Error("data after its end")
            self._ended = data.endswith(b"=")
            return binascii.a2b_base64(data, strict_mode=True)
        except binascii.Error:
            self.broken = True
            return b""


class JsonBody:
    """A JSON text as it arrives, without its long strings."""

    def __init__(self) -> None:
        self.json = bytearray()
        """The text, with tokens for long strings."""
        self.files: dict[str, Base64] = {}
        """The long strings, by their token."""
        self._begins: int | None = None
        """Where the present string begins in `json`."""
        self._escape: bytearray | None = None
        self._token: str | None = None

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """Take a chunk; yield the parts that belong to files."""
        at = 0
        while at < len(chunk):
            if self._token is not None:
                at, data, ended = self._long(chunk, at)
                if data:
                    yield Piece(self._token, data)
                if ended:
                    yield from self._close()
            elif self._begins is not None:
                at = self._short(chunk, at)
                if self._begins is not None and len(self.json) - self._begins > LONG and self._escape is None:
                    yield from self._spool()
            else:
                quote = chunk.find(b'"', at)
                end = len(chunk) if quote < 0 else quote + 1
                self.json += chunk[at:end]
                self._begins, at = (None if quote < 0 else len(self.json)), end

    def _short(self, chunk: bytes, at: int) -> int:
        """Take a part of a string that is not long yet; return where to go on."""
        if self._escape is not None:
            self.json += chunk[at : at + 1]
            self._escape = None
            return at + 1
        assert self._begins is not None
        most = at + LONG + 1 - (len(self.json) - self._begins)  # where it has become long
        found = _STRING_ENDS.search(chunk, at, most)
        end = min(most, len(chunk)) if found is None else found.end()
        self.json += chunk[at:end]
        if found is not None and found[0] == b'"':
            self._begins = None
        elif found is not None:
            self._escape = bytearray()
        return end

    def _spool(self) -> Iterator[Piece]:
        """The present string has become long: it is a file."""
        assert self._begins is not None
        begun = bytes(self.json[self._begins :])
        del self.json[self._begins :]
        self._token = f"\x7f{secrets.token_hex(16)}"
        self.files[self._token] = Base64()
        at = 0
        while at < len(begun):
            at, data, _ = self._long(begun, at)
            if data:
                yield Piece(self._token, data)

    def _long(self, chunk: bytes, at: int) -> tuple[int, bytes, bool]:
        """Take a part of a long string; return where to go on, what is decoded, and whether the string has ended."""
        assert self._token is not None
        file = self.files[self._token]
        if self._escape is not None:
            self._escape += chunk[at : at + 1]
            if self._escape[:1] == b"u" and len(self._escape) < 5:
                return at + 1, b"", False
            meant = _meant(bytes(self._escape))
            self._escape = None
            if meant is None:
                file.broken = True
            return at + 1, b"" if not meant else file.feed(meant), False
        found = _STRING_ENDS.search(chunk, at)
        end = len(chunk) if found is None else found.start()
        data = file.feed(chunk[at:end]) if end > at else b""
        if found is None:
            return end, data, False
        if found[0] == b"\\":
            self._escape = bytearray()
        return found.end(), data, found[0] == b'"'

    def _close(self) -> Iterator[Piece]:
        assert self._token is not None
        rest = self.files[self._token].end()
        if rest:
            yield Piece(self._token, rest)
        self.json += self._token.encode("ascii") + b'"'
        self._token = self._begins = None


def _meant(escape: bytes) -> bytes | None:
    """Return the base64 character of a JSON escape; None if it is none."""
    if escape[:1] == b"u":
        with suppress(ValueError):
            code = int(escape[1:], 16)
            return bytes([code]) if code < 128 else None
        return None
    return _ESCAPES.get(escape[0])


class MultipartBody:
    """A multipart body as it arrives."""

    def __init__(self, content_type: str) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise InvalidRequest("The body is multipart without a boundary")
        self.fields: dict[str, str] = {}
        self.files: dict[str, tuple[str, str | None, str | None]] = {}
        """Token -> field, name of the file, type."""
        self._pieces: list[Piece] = []
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._field, self._data, self._token = "", bytearray(), ""
        self._size = self._parts = 0
        begin, data, end = self._begin_part, self._part_data, self._end_part
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": begin,
                "on_part_data": data,
                "on_part_end": end,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
            },
        )

    def feed(self, chunk: bytes) -> list[Piece]:
        """Take a chunk; return the parts that belong to files. Raises InvalidRequest, HTTPException 413."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise InvalidRequest("The body is not multipart") from error
        pieces, self._pieces = self._pieces, []
        return pieces

    def end(self) -> None:
        """Take note of the body's end. Raises InvalidRequest if it is not whole."""
        try:
            self._parser.finalize()
        except FormParserError as error:
            raise InvalidRequest("The body is not multipart") from error
        if self._token or self._headers:
            raise InvalidRequest("The body is not whole: its last part has no end")

    def _begin_part(self) -> None:
        self._headers, self._data, self._token = {}, bytearray(), ""
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise InvalidRequest(f"The body has more than {MOST_PARTS} parts")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_finished(self) -> None:
        options = parse_options_header(self._headers.get(b"content-disposition"))[1]
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if not self._field:
            raise InvalidRequest("A part of the body has no name")
        if b"filename" in options:
            self._token = f"\x7f{secrets.token_hex(16)}"
            kind = self._headers.get(b"content-type")
            name = options[b"filename"].decode("utf-8", "replace")
            self.files[self._token] = (self._field, name or None, kind.decode("latin-1") if kind else None)
            self._pieces.append(Piece(self._token, b""))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._token:
            self._pieces.append(Piece(self._token, data[start:end]))
            return
        self._size += end - start
        if self._size > MAX_BODY:
            raise HTTPException(413, f"The fields are larger than {MAX_BODY} bytes", {"Connection": "close"})
        self._data += data[start:end]

    def _end_part(self) -> None:
        if not self._token:
            if self._field in self.fields:
                raise InvalidRequest(f"The body has {self._field} twice")
            self.fields[self._field] = self._data.decode("utf-8", "replace")
        self._headers, self._token = {}, ""


class Uploads:
    """The files of one request, an asynchronous context: at its end, files that were not taken are deleted."""

    def __init__(self, media: MediaStore) -> None:
        self._media = media
        self._files: dict[str, Upload] = {}
        self._waiting: dict[str, bytearray] = {}
        self._writing: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writing is not None:
            await asyncio.wait({self._writing})
            self._writing.exception()  # its reader is gone, or has another to tell of
        left, self._files = list(self._files.values()), {}
        if left:
            with suppress(MediaSilent):
                await self._media.threads.run(_discard, left)

    def take(self, token: str) -> Upload | None:
        """Return a file by its token; the caller keeps or discards it."""
        return self._files.pop(token, None)

    def refuse_unused(self) -> None:
        """Raise InvalidRequest where a long string was no file, or a part has no place."""
        if self._files:
            raise InvalidRequest(f"A text is longer than {LONG} bytes, or a file has no place in the body")

    async def body(self, request: Request, shape: type[Shape], seconds: float) -> Shape:
        """Return the body as this shape: JSON, or multipart, where a file's field is the field of the shape.

        Raises InvalidRequest, HTTPException 408 and 413, MediaTooLarge, MediaFull, ClientDisconnect.
        """
        if _is_multipart(request):
            return validated(shape, _nested(await self._multipart(request, seconds), set(shape.model_fields)))
        return validated_json(shape, await self._json(request, seconds))

    async def values(self, request: Request, seconds: float) -> tuple[dict[str, Any], bool]:
        """Return the fields of the body, and whether they are texts, yet to be converted. Raises like `body`."""
        if _is_multipart(request):
            return await self._multipart(request, seconds), True
        return object_in(await self._json(request, seconds)), False

    async def file(self, request: Request, seconds: float) -> Upload:
        """Return the body itself, or the one file of a multipart body. Raises like `body`."""
        if not _is_multipart(request):
            token = "body"
            await self._read(request, seconds, lambda chunk: [Piece(token, chunk)])
            if token not in self._files:
                raise InvalidRequest("The body is empty")
            upload = self._files.pop(token)
            return Upload(upload.incoming, request.headers.get("content-type"), request.query_params.get("filename"))
        values = await self._multipart(request, seconds)
        if len(self._files) != 1:
            raise InvalidRequest("The body should have one file")
        refuse_names((name for name, value in values.items() if isinstance(value, str)), ())
        return self._files.popitem()[1]

    async def _json(self, request: Request, seconds: float) -> bytes:
        body = JsonBody()

        def feed(chunk: bytes) -> list[Piece]:
            pieces = list(body.feed(chunk))
            if len(body.json) > MAX_BODY:
                raise HTTPException(413, f"The body is larger than {MAX_BODY} bytes", {"Connection": "close"})
            return pieces

        await self._read(request, seconds, feed)
        for token, file in body.files.items():
            if file.broken:
                raise InvalidRequest("data is not base64")
            self._files[token] = Upload(self._files[token].incoming, file.mimetype)
        return text_of(bytes(body.json), request)

    async def _multipart(self, request: Request, seconds: float) -> dict[str, Any]:
        """Return the fields; the value of a file is one for `FileSource`."""
        body = MultipartBody(request.headers["content-type"])
        await self._read(request, seconds, body.feed)
        body.end()
        values: dict[str, Any] = dict(body.fields)
        for token, (field, filename, mimetype) in body.files.items():
            if field in values:
                raise InvalidRequest(f"The body has {field} twice")
            self._files[token] = Upload(self._files[token].incoming, mimetype, filename)
            values[field] = {"data": token}
        return values

    async def _read(self, request: Request, seconds: float, feed: Any) -> None:
        """Read the body, and write the files in it. A slow body has the time of a slow upload."""
        loop, size = asyncio.get_running_loop(), 0
        try:
            async with asyncio.timeout(seconds) as limit:
                began = loop.time()
                stream = request.stream()
                try:
                    async for chunk in stream:
                        size += len(chunk)
                        limit.reschedule(began + seconds + size / SLOWEST_UPLOAD)
                        if chunk:
                            for piece in feed(chunk):
                                await self._write(piece)
                    for token in list(self._waiting):
                        await self._flush(token)
                    await self._written()
                except (HTTPException, InvalidRequest, MediaFull, MediaSilent, MediaTooLarge):
                    await _drain(stream)
                    raise
        except TimeoutError:
            close = {"Connection": "close"}
            raise HTTPException(408, f"The body did not arrive within {seconds:g} s", close) from None

    async def _write(self, piece: Piece) -> None:
        if piece.token not in self._files:
            self._files[piece.token] = Upload(await self._media.arrive())
        waiting = self._waiting.setdefault(piece.token, bytearray())
        waiting += piece.data
        if len(waiting) >= CHUNK:
            await self._flush(piece.token)

    async def _flush(self, token: str) -> None:
        """Write the waiting parts, once the write under way is on disk."""
        waiting = self._waiting.pop(token)
        await self._written()
        if waiting:
            incoming = self._files[token].incoming
            self._writing = asyncio.ensure_future(self._media.threads.run(incoming.write, waiting))

    async def _written(self) -> None:
        """Wait for the write under way. Raises its errors."""
        writing, self._writing = self._writing, None
        if writing is not None:
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                self._writing = writing  # it goes on, and its file must not be deleted under it
                raise


def _discard(uploads: list[Upload]) -> None:
    for upload in uploads:
        upload.incoming.discard()


async def _drain(stream: Any) -> None:
    """Read on for a while: a caller that is busy sending does not see an answer."""
    size = 0
    async for chunk in stream:
        size += len(chunk)
        if size > DISCARDED:
            return


def _is_multipart(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


def _nested(values: dict[str, Any], fields: set[str]) -> dict[str, Any]:
    """Put fields that the shape itself has not into the one content that is a file: `caption` is the picture's."""
    files = [name for name, value in values.items() if isinstance(value, dict)]
    if len(files) != 1:
        return values
    (file,) = files
    inside = {name: value for name, value in values.items() if name not in fields}
    return {**{name: value for name, value in values.items() if name in fields}, file: {**values[file], **inside}}
