"""A file of the media store as an HTTP answer: with ranges and validators, and never as a page of ours.

What a stranger has sent is not to run here. Only types that cannot hold a script are shown inline; all others, HTML and
SVG among them, are downloads, and browsers are told not to guess the type.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from actors.clients.operations.fields import File
from actors.media.threads import MediaSilent, MediaThreads

CHUNK = 256 * 1024
INLINE = frozenset(
    {
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif"),
        *("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/wav", "audio/webm", "audio/opus"),
        *("video/mp4", "video/webm", "video/3gpp", "video/ogg", "video/quicktime"),
    }
)
_TYPE = re.compile(r"[\w.+-]{1,63}/[\w.+-]{1,63}(; ?[\w-]{1,32}=[\w.+,\"-]{1,64}){0,4}", re.ASCII)
_UNKNOWN = "application/octet-stream"
_log = structlog.get_logger("media")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Unsatisfiable(ValueError):
    """A range lies beyond the file's end."""


async def file_answer(file: File, path: Path, threads: MediaThreads, *, asked: dict[str, str]) -> Response:
    """Return the answer. `asked` are the request's headers, in lower case. Raises FileNotFoundError, MediaSilent.

    One range is given; of several, the whole file.
    """
    tag = f'"{file.digest}"'
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": disposition(file),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if _names(asked.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    size = (await threads.run(path.stat)).st_size
    wanted = asked.get("range") if asked.get("if-range", tag) == tag else None
    try:
        part = part_of(wanted, size)
    except Unsatisfiable:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    first, length = (0, size) if part is None else part
    headers["Content-Length"] = str(length)
    if part is not None:
        headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{size}"
    status = 200 if part is None else 206
    # Opened before the answer begins: a disk that does not answer is still an error then.
    opened = await threads.run_or_drop(partial(_open, path), BufferedReader.close)
    return _FileBody(
        threads, opened, _read(threads, opened, first, length), status, headers, media_type=content_type(file)
    )


class _Stopped(Exception):
    """The rest of a file could not be read."""


class _FileBody(StreamingResponse):
    """An answer that is read from a file, which it closes whatever becomes of it.

    Where the rest cannot be read, the answer is left incomplete: the server closes the connection then.
    """

    def __init__(self, threads: MediaThreads, opened: BufferedReader, *told: Any, **options: Any) -> None:
        super().__init__(*told, **options)
        self._threads, self._opened = threads, opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except _Stopped as stopped:
            _log.warning("media.answer_incomplete", file=Path(self._opened.name).name, why=str(stopped))
        finally:
            self._threads.submit(self._opened.close)  # a read that is under way holds it


def content_type(file: File) -> str:
    """Return the type as it may stand in a header."""
    return file.mimetype if _TYPE.fullmatch(file.mimetype) else _UNKNOWN


def disposition(file: File) -> str:
    """Return the Content-Disposition: a download, unless the type cannot hold a script."""
    how = "inline" if content_type(file).split(";")[0].lower() in INLINE else "attachment"
    plain = re.sub(r'[^\x20-\x7e]|["\\]', "_", file.filename)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.filename.encode('utf-8', 'replace'), safe='')}"


def part_of(range_: str | None, size: int) -> tuple[int, int] | None:
    """Return first byte and length of the one range that is asked for; None for the whole. Raises Unsatisfiable."""
    found = _RANGE.fullmatch(range_.strip()) if range_ is not None else None
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        if not length:
            raise Unsatisfiable
        return size - length, length
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    if first >= size:
        raise Unsatisfiable
    return None if found[2] and int(found[2]) < first else (first, last - first + 1)


def _names(condition: str | None, tag: str) -> bool:
    """Return whether an If-None-Match names this version."""
    if condition is None:
        return False
    return condition.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in condition.split(",")}


async def _read(threads: MediaThreads, file: BufferedReader, first: int, length: int) -> AsyncIterator[bytes]:
    """Read a part of a file. Raises _Stopped: of an answer that has begun nothing else can be said."""
    try:
        await threads.run(file.seek, first)
        while length > 0 and (chunk := await threads.run(file.read, min(CHUNK, length))):
            length -= len(chunk)
            yield chunk
    except (OSError, MediaSilent) as error:
        raise _Stopped(f"The last {length} bytes could not be read: {error}") from error
    if length > 0:
        raise _Stopped(f"The file is shorter than it was: {length} bytes are missing")


def _open(path: Path) -> BufferedReader:
    return path.open("rb")
