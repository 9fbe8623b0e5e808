"""Calls that send, convert and serve files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from actors.clients.operations.media import (
    SendDocument,
    SendImage,
    SendSticker,
    SendVideo,
    SendVideoNote,
    SendVoice,
)
from actors.clients.operations.status import STATUS, PostImageStatus, PostVideoStatus
from actors.media.conversion import Form
from actors.waha.messages import bare_of
from gateway.files.answer import file_answer
from gateway.files.intake import ANYTHING, FITS, PICTURE
from gateway.files.received import NoSuchFile
from gateway.http import validated
from gateway.schemas.files import SOURCES, FileSource
from gateway.waha.answers import Picture
from gateway.waha.calls import WahaRequest
from gateway.waha.errors import BadRequest, FileGone, Unprocessable
from gateway.waha.routes.messages import send

if TYPE_CHECKING:
    from actors.clients.operations.fields import File
    from actors.clients.operations.messages import Send
    from gateway.waha.calls import Handler


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message that is a file: its operation, WhatsApp's word for it, and the form to convert it to."""

    operation: type[Send]
    word: str
    form: Form | None = None


IMAGE = Kind(SendImage, "image")
DOCUMENT = Kind(SendDocument, "document")
VOICE = Kind(SendVoice, "ptt", Form.VOICE)
VIDEO = Kind(SendVideo, "video", Form.VIDEO)
VIDEO_NOTE = Kind(SendVideoNote, "ptv", Form.VIDEO)
STICKER = Kind(SendSticker, "sticker", Form.STICKER)
IMAGE_STATUS = Kind(PostImageStatus, "image")
VIDEO_STATUS = Kind(PostVideoStatus, "video", Form.VIDEO)


def sending(kind: Kind, text: str) -> Handler:
    """Return the handler that sends files of a kind; `text` is its docstring."""

    async def handler(request: WahaRequest) -> Any:
        return await _send(request, kind)

    handler.__doc__ = text
    return handler


image = sending(IMAGE, "Send a picture.")
document = sending(DOCUMENT, "Send a file as a document, whatever it is.")
voice = sending(VOICE, "Send a voice message; with `convert`, of any sound.")
sticker = sending(STICKER, "Send a sticker.")


async def video(request: WahaRequest) -> Any:
    """Send a video, as a round note with `asNote`; with `convert`, of any video."""
    return await _send(request, VIDEO_NOTE if request.given.flag("asNote") else VIDEO)


async def image_status(request: WahaRequest) -> Any:
    """Show a picture as the account's status."""
    return await _send(request, IMAGE_STATUS, refuse_contacts(request))


async def video_status(request: WahaRequest) -> Any:
    """Show a video as the account's status; with `convert`, any video."""
    return await _send(request, VIDEO_STATUS, refuse_contacts(request))


def refuse_contacts(request: WahaRequest) -> str:
    """Return the chat of statuses. Raises Unprocessable if only some contacts are to see one."""
    if request.given.items("contacts"):
        raise Unprocessable("A status for some contacts only is not supported: leave contacts out")
    return STATUS


async def its_picture(request: WahaRequest) -> File:
    """Keep the picture of a body, and return it. Raises as `its_file`."""
    return await request.media.take(_source(request), request.uploads, PICTURE)


async def convert_voice(request: WahaRequest) -> Any:
    """Convert a sound to a voice message for phones: Opus in Ogg."""
    return await _converted(request, Form.VOICE, "audio/ogg; codecs=opus")


async def convert_video(request: WahaRequest) -> Any:
    """Convert a video to a form that phones play: H.264 in MP4."""
    return await _converted(request, Form.VIDEO, "video/mp4")


async def serve(request: WahaRequest) -> Any:
    """Return the file of a message that came in, by the name in its event."""
    name = request.given.text("file")
    try:
        file, path = await request.gateway.received.find(request.client_id, bare_of(name).partition(".")[0])
        return await file_answer(file, path, request.gateway.received.threads, asked=dict(request.http.headers))
    except (NoSuchFile, FileNotFoundError):
        raise FileGone(name) from None


async def _send(request: WahaRequest, kind: Kind, to: str | None = None) -> Any:
    given = request.given
    chat, caption = to or given.chat(), given.optional_text("caption") or None
    file = await its_file(request, kind)
    told = {"hasMedia": True, "kind": kind.word, "body": caption, "_data": _raw(file, caption)}
    return await send(request, kind.operation, {"file": file, "caption": caption}, chat=chat, **told)


async def its_file(request: WahaRequest, kind: Kind | None = None) -> File:
    """Return the file of a body, kept. Raises BadRequest, MediaUnreachable, MediaRefused, MediaTooLarge, MediaFull."""
    media, convert = request.media, kind is not None and request.given.flag("convert")
    fit = ANYTHING if kind is None or convert else FITS.get(kind.operation, ANYTHING)
    file = await media.take(_source(request), request.uploads, fit)
    if convert and kind is not None and kind.form is not None:
        return await media.converted(file, kind.form)
    return file


def _source(request: WahaRequest) -> FileSource:
    """Return where the file of a body is from: its `file`, or the body itself. Raises BadRequest, InvalidRequest."""
    told = request.given.object("file") or request.given.values
    values = {name: told[name] for name in (*SOURCES, "mimetype", "filename") if told.get(name) is not None}
    if not any(name in values for name in SOURCES):
        raise BadRequest("file should have a url or data")
    if "filename" in values:  # an SDK gives a whole path
        values["filename"] = PureWindowsPath(PurePath(str(values["filename"])).name).name
    return validated(FileSource, values)


async def _converted(request: WahaRequest, form: Form, mimetype: str) -> Any:
    media = request.media
    made = await media.converted(await its_file(request), form)
    return Picture(await media.content(made), mimetype)


def _raw(file: File, caption: str | None) -> dict[str, Any]:
    told = {"mimetype": file.mimetype, "filename": file.filename, "size": file.size}
    return {**told, "caption": caption}
