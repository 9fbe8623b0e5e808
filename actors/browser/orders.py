"""Operations as orders to a page: the files among their arguments, and a file as the answer. On the loop only.

Files go in through an input of files (`cdp`). They come out as downloads: the page fetches a file from WhatsApp into a
Blob, and Chromium saves that into the media directory, so no byte of either passes through the debugging connection.
(64 MiB came out in 0.3 s; in parts of 256 KiB through `IO.read` in 3.9 s, and through base64 in answers in 2.9 s;
Chromium 150, on a busy machine.)
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from actors.browser import wa_js
from actors.browser.cdp import (
    FileOnDisk,
    ScriptFailed,
    Wire,
    WireError,
    WireSilent,
    ask,
    ask_object,
    ask_with_files,
)
from actors.browser.whatsapp_web import number, text
from actors.clients.operations import Operation
from actors.clients.operations.fields import File
from actors.clients.operations.received import FetchMedia
from actors.clients.types import Seconds
from actors.media.file_types import filename_of, mimetype_of
from actors.media.folder import MediaFolder, MediaFull
from actors.runtime import Refusal

SAVED: Seconds = 30.0
"""The time limit for Chromium to save a file that is in the page's memory."""
BURST, BURST_TIME = 9, 1.2
"""The downloads that a page may begin within so many seconds. Chromium 150 silently drops what is more than 10 within a
second (seen in both builds, with and without a user's gesture).
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageOrders:
    """The orders to the pages of one browser. `media` is the directory of files, `threads` are for looking at them."""

    media: Path
    threads: Executor

    async def give(self, wire: Wire, operation: Operation[Any], *, seconds: Seconds, **more: Any) -> Any:
        """Order an operation, with `more` among its arguments; return the page's answer. Files take longer.

        Raises ScriptFailed if it was not carried out; WireError, WireSilent if that is unknown.
        """
        name, arguments = operation.operation_name, {**operation.arguments, **more}
        if not operation.files:
            return await ask(wire, name, arguments, seconds=seconds)
        files = {field: await self._on_disk(file) for field, file in operation.files.items()}
        return await ask_with_files(wire, name, arguments, files, seconds=seconds + operation.upload)

    async def _on_disk(self, file: File) -> FileOnDisk:
        """Return where the file is. Raises ScriptFailed where it is gone, or has been cut short."""
        path = self.media / file.digest
        try:
            size = (await asyncio.get_running_loop().run_in_executor(self.threads, path.stat)).st_size
        except OSError as error:
            raise ScriptFailed(f"its file is gone from the media store: {error.strerror}", "FILE_GONE") from error
        if size != file.size:
            raise ScriptFailed(f"its file in the media store has {size} bytes, not {file.size}", "FILE_GONE")
        return FileOnDisk(path, file.filename, file.mimetype)


class MessageFiles:
    """Takes files out of one page. `largest` is the limit in bytes, 0 for none."""

    def __init__(self, folder: MediaFolder, largest: int, threads: Executor) -> None:
        self._folder, self._largest, self._threads = folder, largest, threads
        self._ready: asyncio.Task[None] | None = None
        self._awaited: dict[str, asyncio.Future[Path]] = {}
        """The downloads that were ordered, by the name that the page gives them."""
        self._named: dict[str, str] = {}
        """Chromium's id of a download -> that name."""
        self._turn = asyncio.Lock()
        self._clicks: deque[Seconds] = deque(maxlen=BURST)

    async def fetch(self, wire: Wire, operation: FetchMedia, *, seconds: Seconds) -> File:
        """Fetch a message's file, and keep it in the directory; nothing is recorded of it yet.

        Raises ScriptFailed where there is none; WireError, WireSilent.
        """
        told = await ask_object(wire, "openMedia", operation.arguments, seconds=seconds + operation.upload)
        handle, size, filename = told.get("handle"), number(told.get("size")), text(told.get("filename"))
        try:
            if size is None:
                raise WireError(f"The page answered {str(dict(told))[:200]}")
            if self._largest and size > self._largest:
                why = f"The file has {size:.0f} bytes: the limit is {self._largest} (SM_MEDIA_IN_MAX)"
                raise ScriptFailed(why, "TOO_LARGE")
            await self._prepare(wire)
            await self._in_thread(partial(self._folder.require_room, int(size)))
            saved = await self._save(wire, handle)
            taken = await self._in_thread(partial(self._folder.take, saved))
        except MediaFull as error:
            raise ScriptFailed(str(error), "MEDIA_FULL") from error
        except (Refusal, OSError) as error:
            raise ScriptFailed(f"The file could not be kept: {error}", "NOT_KEPT") from error
        finally:
            with suppress(WireError):
                wire.post("Runtime.evaluate", {"expression": wa_js.order("closeMedia", {"handle": handle})})
        if taken.size != size:
            raise WireError(f"Chromium saved {taken.size} of {size:.0f} bytes")
        mimetype = mimetype_of(taken.head, text(told.get("mimetype")), filename)
        return File(taken.digest, taken.size, mimetype, filename_of(filename, mimetype))

    async def _save(self, wire: Wire, handle: object) -> Path:
        """Have Chromium save a Blob of the page; return the file."""
        name = secrets.token_hex(16)
        saved = self._awaited[name] = asyncio.get_running_loop().create_future()
        order = wa_js.order("saveMedia", {"handle": handle, "name": name})
        try:
            await self._pace()
            await wire.call("Runtime.evaluate", {"expression": order, "userGesture": True})
            await asyncio.wait({saved}, timeout=SAVED)
            if not saved.done():
                raise WireSilent(f"Chromium did not save the file within {SAVED:g} s")
            path: Path = saved.result()
            return path
        except WireError:
            await self._in_thread(partial(self._discard, name))
            raise
        finally:
            del self._awaited[name]
            saved.cancel()

    async def _pace(self) -> None:
        """Wait until Chromium takes one more download of this page."""
        async with self._turn:
            now = asyncio.get_running_loop().time
            if len(self._clicks) == BURST:
                await asyncio.sleep(max(0.0, self._clicks[0] + BURST_TIME - now()))
            self._clicks.append(now())

    async def _prepare(self, wire: Wire) -> None:
        """Have Chromium save downloads into the directory, each under an id of its own, and tell of them. Once."""
        if self._ready is None or (self._ready.done() and (self._ready.cancelled() or self._ready.exception())):
            self._ready = asyncio.get_running_loop().create_task(self._begin(wire), name="browser-downloads")
        await asyncio.shield(self._ready)

    async def _begin(self, wire: Wire) -> None:
        await self._in_thread(self._folder.create)
        wire.on("Browser.downloadWillBegin", partial(self._begun, wire))
        wire.on("Browser.downloadProgress", self._progressed)
        where = {"downloadPath": str(self._folder.directory)}
        await wire.call("Browser.setDownloadBehavior", {"behavior": "allowAndName", "eventsEnabled": True, **where})

    def _begun(self, wire: Wire, params: Mapping[str, Any]) -> None:
        guid, name = str(params.get("guid")), str(params.get("suggestedFilename")).split(".")[0]
        # Chromium may add an ending to the name.
        if name not in self._awaited:  # the page's own idea
            with suppress(WireError):
                wire.post("Browser.cancelDownload", {"guid": guid})
        self._named[guid] = name

    def _progressed(self, params: Mapping[str, Any]) -> None:
        guid, state = str(params.get("guid")), params.get("state")
        if guid not in self._named or state == "inProgress":
            return
        name = self._named[guid]
        saved = self._awaited.get(name)
        if saved is None or saved.done():  # nobody waits for it any more
            self._threads.submit(self._discard, name)
        elif state == "completed":
            del self._named[guid]
            saved.set_result(self._folder.path(guid))
        else:
            saved.set_exception(WireError(f"Chromium did not save the file ({state})"))

    def _discard(self, name: str) -> None:
        """Delete what Chromium has saved of a download, in a thread.

        On a full disk, and when it is killed, Chromium 156 leaves a part of it, in a file that ends in `.crdownload`.
        """
        for guid in [guid for guid, known in tuple(self._named.items()) if known == name]:
            self._named.pop(guid, None)
            for suffix in ("", ".crdownload"):
                with suppress(OSError):  # the next start deletes it
                    self._folder.path(f"{guid}{suffix}").unlink(missing_ok=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
