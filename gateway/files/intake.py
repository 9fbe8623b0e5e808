"""Files as requests name them, made files of the media store: fetched, decoded or found, looked at, and kept.

A file is on disk, with its row in the database, before anything is promised about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from actors.clients.operations.fields import File
from actors.clients.operations.groups import SetGroupPicture
from actors.clients.operations.media import SendImage, SendSticker, SendVideo, SendVideoNote, SendVoice
from actors.clients.operations.profile import SetProfilePicture
from actors.clients.operations.status import PostImageStatus, PostVideoStatus
from actors.clients.types import ClientId
from actors.media.conversion import RECIPES, Form, convert
from actors.media.fetching import Fetcher, FetchOptions, MediaRefused
from actors.media.file_types import recognised
from actors.media.folder import HEAD, Incoming
from actors.media.threads import MediaSilent, MediaThreads
from actors.options import MIB, fetchable
from actors.store.rows.media import ErasedMeanwhile, NoSuchMedia
from gateway.files.uploads import CHUNK, Base64, Upload, Uploads
from gateway.http import InvalidRequest
from gateway.service.bridge import STORE_SECONDS, shutting_down

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from actors.clients.operations import Operation
    from actors.media.media import MediaStore
    from actors.settings import Settings
    from actors.system import System
    from gateway.schemas.files import FileSource


@dataclass(frozen=True, slots=True)
class Fit:
    """The files that a kind of message takes: the beginnings of their types, and their name in sentences."""

    types: tuple[str, ...]
    called: str
    proven: bool = False
    """The content must say so; else the sender's type counts where the content says nothing."""


PICTURE = Fit(("image/",), "a picture", proven=True)
VIDEO = Fit(("video/",), "a video")
SOUND = Fit(("audio/", "application/ogg"), "a sound")
STICKER = Fit(("image/webp",), "a WebP picture", proven=True)
ANYTHING = Fit(("",), "a file")
FITS: dict[type[Operation[Any]], Fit] = {
    SendImage: PICTURE,
    SendVideo: VIDEO,
    SendVideoNote: VIDEO,
    SendVoice: SOUND,
    SendSticker: STICKER,
    SetGroupPicture: PICTURE,
    SetProfilePicture: PICTURE,
    PostImageStatus: PICTURE,
    PostVideoStatus: VIDEO,
}
"""The files that an operation takes, if not any."""


class MediaIntake:
    """The files of requests. Belongs to one event loop. Raises the refusals of the store, Starting, ShuttingDown.

    `of` says whose they are; without that, a digest names no file.
    """

    _client_id: ClientId | None = None
    _clients: frozenset[ClientId] | None = frozenset()

    def __init__(self, system: System, settings: Settings, refuse_while_draining: Callable[[], None]) -> None:
        largest = settings.media_max * MIB or None
        self._system, self._refuse_while_draining = system, refuse_while_draining
        self._fetcher = Fetcher(FetchOptions(settings.media_fetch_timeout, largest, fetchable(settings)))

    def of(self, client_id: ClientId, clients: frozenset[ClientId] | None) -> MediaIntake:
        """Return the same for one request: files are kept for this client, and found if they belong to `clients`.

        None: all clients.
        """
        intake = copy(self)
        intake._client_id, intake._clients = client_id or None, clients
        return intake

    def uploads(self) -> Uploads:
        """Return the reader of a body with files."""
        return Uploads(self._store)

    async def take(
        self, source: FileSource, uploads: Uploads | None = None, fit: Fit = ANYTHING, *, follows: bool = False
    ) -> File:
        """Return the file that a request names, kept; `follows` as in `keep`.

        Raises InvalidRequest, MediaRefused, MediaUnreachable, MediaTooLarge, MediaFull, MediaSilent, NoSuchMedia.
        """
        self._refuse_while_draining()
        if source.digest is not None:
            return await self._found(source.digest, source, fit)
        if source.url is not None:
            return await self._fetched(source.url, source, fit, follows)
        assert source.data is not None
        upload = uploads.take(source.data) if uploads is not None else None
        if upload is None:
            upload = await self._decoded(source.data)
        told = Upload(upload.incoming, source.mimetype or upload.mimetype, source.filename or upload.filename)
        return await self.keep(told, fit, follows=follows)

    async def keep(self, upload: Upload, fit: Fit = ANYTHING, *, follows: bool = False) -> File:
        """Keep a file that has come with a request, or discard it. Raises like `take`.

        `follows`: a write that names the file follows at once, and is refused if the file's own row is not there: that
        row is not waited for.
        """
        async with _discarding(self._store.threads, upload.incoming):
            mimetype = _fitting(upload.incoming.head, upload.incoming.size, upload.mimetype, fit)
            file, reply = await self._store.threads.run(
                self._store.put, upload.incoming, mimetype, upload.filename, self._client_id
            )
            if not follows:
                with shutting_down():
                    kept = await reply.wait(STORE_SECONDS)
                if kept is None and self._client_id is not None:
                    raise ErasedMeanwhile(file.digest, self._client_id)
            return file

    async def converted(self, file: File, form: Form, *, follows: bool = False) -> File:
        """Convert a kept file, and keep the result; `follows` as in `keep`.

        Raises ConversionUnavailable, ConversionFailed, MediaTooLarge, MediaFull.
        """
        self._refuse_while_draining()
        incoming = await self._store.arrive()
        async with _discarding(self._store.threads, incoming):
            await self._store.converters.run(_convert, self._store.path(file.digest), incoming, form)
        recipe = RECIPES[form]
        name = f"{PurePosixPath(file.filename).stem or form}{recipe.suffix}"
        return await self.keep(Upload(incoming, recipe.mimetype, name), follows=follows)

    async def content(self, file: File) -> bytes:
        """Return all bytes of a kept file, which should be small. Raises NoSuchMedia."""
        try:
            return await self._store.threads.run(self._store.path(file.digest).read_bytes)
        except FileNotFoundError as error:
            raise NoSuchMedia(file.digest) from error

    @property
    def _store(self) -> MediaStore:
        return self._system.media

    async def _found(self, digest: str, source: FileSource, fit: Fit) -> File:
        with shutting_down():
            file: File | None = await self._store.find(digest, self._clients).wait(STORE_SECONDS)
        if file is None:
            raise NoSuchMedia(digest)
        try:
            head = await self._store.threads.run(_head, self._store.path(digest))
        except FileNotFoundError as error:
            raise NoSuchMedia(digest) from error
        mimetype = _fitting(head, file.size, source.mimetype or file.mimetype, fit) or file.mimetype
        return replace(file, mimetype=mimetype, filename=source.filename or file.filename)

    async def _fetched(self, url: str, source: FileSource, fit: Fit, follows: bool) -> File:
        incoming = await self._store.arrive()

        async def take(data: bytes) -> None:
            await self._store.threads.run(incoming.write, data)

        async with _discarding(self._store.threads, incoming):
            told = await self._fetcher.fetch(url, take)
        upload = Upload(incoming, source.mimetype or told.mimetype, source.filename or told.filename)
        return await self.keep(upload, fit, follows=follows)

    async def _decoded(self, data: str) -> Upload:
        """Decode a file that is small enough for memory. Raises InvalidRequest."""
        decoder = Base64()
        try:
            content = decoder.feed(data.encode("ascii")) + decoder.end()
        except UnicodeEncodeError:
            decoder.broken, content = True, b""
        if decoder.broken:
            raise InvalidRequest("data is not base64")
        incoming = await self._store.arrive()
        async with _discarding(self._store.threads, incoming):
            await self._store.threads.run(incoming.write, content)
        return Upload(incoming, decoder.mimetype)


@asynccontextmanager
async def _discarding(threads: MediaThreads, incoming: Incoming) -> AsyncIterator[None]:
    """Discard a file if it is not kept: on any error, and when its caller goes away."""
    try:
        yield
    except BaseException:
        with suppress(MediaSilent):
            await asyncio.shield(threads.run(incoming.discard))
        raise


def _fitting(head: bytes, size: int, told: str | None, fit: Fit) -> str | None:
    """Return the type that counts: the content's, where the sender's is of another family. Raises MediaRefused."""
    if not size:
        raise MediaRefused("The file is empty")
    found, named = recognised(head), (told or "").split(";")[0].strip().lower()
    actual = found or ("" if fit.proven else named)
    if not actual.startswith(fit.types):
        raise MediaRefused(f"The file is not {fit.called}: it is {actual or 'of no type that is known'}")
    return found if fit is not ANYTHING and named.split("/")[0] != actual.split("/")[0] else told


def _convert(source: Path, incoming: Incoming, form: Form) -> None:
    """Convert into a file beside the one that arrives, and have it arrive from there."""
    made = incoming.path.with_suffix(f".made{incoming.path.suffix}")
    try:
        with source.open("rb") as given:
            found = recognised(given.read(HEAD)) or ""
        if not found.startswith(("audio/", "video/", "image/")):
            raise MediaRefused(f"The file is no sound, video or picture: it is {found or 'of no type that is known'}")
        convert(source, made, form)
        with made.open("rb") as data:
            while chunk := data.read(CHUNK):
                incoming.write(chunk)
    finally:
        made.unlink(missing_ok=True)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
