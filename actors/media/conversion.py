"""Files converted to what phones play: by ffmpeg, a process of its own for each.

The `imageio-ffmpeg` wheel brings the program (the extra `media`). Files come from strangers: only containers of sound,
video and pictures are opened (a playlist would name other files), with no protocol but the file itself, by a process
that is killed when its time is over. Everything blocks.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from actors.clients.types import Seconds
from actors.media.folder import MediaFull
from actors.runtime import Refusal

PATIENCE: Seconds = 300.0
"""The time limit of one conversion."""
AT_ONCE = threading.BoundedSemaphore(2)
"""Conversions at a time: each takes a whole core, or more."""


class Form(StrEnum):
    """The purpose that a file is converted for."""

    VOICE = "voice"
    VIDEO = "video"
    STICKER = "sticker"


class ConversionUnavailable(Refusal):
    """There is no ffmpeg."""

    def __init__(self) -> None:
        super().__init__("Conversions need ffmpeg, which is not installed: pip install 'session-manager[media]'")


class ConversionFailed(Refusal):
    """ffmpeg cannot make this of the file."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The way a form is made, and its result."""

    options: tuple[str, ...]
    mimetype: str
    suffix: str


RECIPES: dict[Form, Recipe] = {
    Form.VOICE: Recipe(
        (
            "-map",
            "0:a:0",
            "-ac",
            "1",
            "-ar",
            "48000",
            "-c:a",
            "libopus",
            "-b:a",
            "32k",
            "-application",
            "voip",
            "-f",
            "ogg",
        ),
        "audio/ogg; codecs=opus",
        ".ogg",
    ),
    Form.VIDEO: Recipe(
        (
            *(
                "-map",
                "0:v:0",
                "-map",
                "0:a:0?",
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-crf",
                "26",
                "-pix_fmt",
                "yuv420p",
            ),
            *("-vf", "scale=trunc(iw/2)*2:trunc(ih/2)*2", "-c:a", "aac", "-b:a", "96k", "-ac", "2"),
            *("-movflags", "+faststart", "-f", "mp4"),
        ),
        "video/mp4",
        ".mp4",
    ),
    Form.STICKER: Recipe(
        (
            *("-map", "0:v:0", "-vf"),
            "scale=512:512:force_original_aspect_ratio=decrease,format=rgba,pad=512:512:(ow-iw)/2:(oh-ih)/2:color=#00000000",
            *("-c:v", "libwebp", "-q:v", "70", "-loop", "0", "-t", "8", "-f", "webp"),
        ),
        "image/webp",
        ".webp",
    ),
}
"""Phones play Opus in Ogg, H.264 and AAC in MP4; stickers are WebP of 512 pixels each way, on nothing."""
DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    *("ogg", "mp3", "wav", "aac", "flac", "amr", "avi", "flv", "mpegts", "mpeg", "asf", "gif", "webp", "apng"),
    *("image2", "jpeg_pipe", "png_pipe", "webp_pipe", "bmp_pipe", "gif_pipe", "tiff_pipe"),
)
"""The formats that ffmpeg may open, by its own names."""


def ffmpeg() -> str:
    """Return the program. Raises ConversionUnavailable."""
    try:
        import imageio_ffmpeg  # an extra
    except ImportError as error:
        raise ConversionUnavailable from error
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise ConversionUnavailable from error


def convert(source: Path, target: Path, form: Form, patience: Seconds = PATIENCE) -> None:
    """Make the file `target` of `source`. Raises ConversionUnavailable, ConversionFailed, MediaFull, OSError."""
    command = [
        ffmpeg(),
        *("-nostdin", "-hide_banner", "-loglevel", "error", "-y"),
        *("-protocol_whitelist", "file", "-format_whitelist", ",".join(DEMUXERS)),
        *("-i", f"file:{source}", "-map_metadata", "-1"),
        *RECIPES[form].options,
        f"file:{target}",
    ]
    with AT_ONCE:
        _run(command, form, patience)
    if not target.exists() or not target.stat().st_size:
        raise ConversionFailed(f"The file cannot be made a {form}: there is nothing in it")


def _run(command: Sequence[str], form: Form, patience: Seconds) -> None:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        _, said = process.communicate(timeout=patience)
    except BaseException as error:  # on any exception, ffmpeg must not go on
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise ConversionFailed(f"The file could not be made a {form} within {patience:g} s") from error
        raise
    if b"No space left on device" in said:
        raise MediaFull("The disk is full: the file was not converted. Free some space")
    if process.returncode:
        raise ConversionFailed(f"The file cannot be made a {form}: {_last_line(said)}")


def _last_line(said: bytes) -> str:
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    # ffmpeg names the files, which are ours.
    return (lines[-1].rpartition(": ")[2] if lines else "no reason given")[:200]
