"""Files converted by real ffmpeg, and files that are not to be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from actors.media.conversion import RECIPES, ConversionFailed, ConversionUnavailable, Form, convert, ffmpeg
from actors.media.file_types import recognised

SOURCES = {
    Form.VOICE: ("-f", "lavfi", "-i", "sine=frequency=440:duration=1", "-f", "wav"),
    Form.VIDEO: ("-f", "lavfi", "-i", "testsrc=size=65x49:rate=10:duration=1", "-c:v", "mpeg4", "-f", "avi"),
    Form.STICKER: ("-f", "lavfi", "-i", "testsrc=size=300x100", "-frames:v", "1", "-f", "image2", "-c:v", "png"),
}
"""What is made of what ffmpeg itself makes."""


def made(path: Path, *options: str) -> Path:
    subprocess.run([ffmpeg(), "-nostdin", "-loglevel", "error", "-y", *options, str(path)], check=True, timeout=60)
    return path


@pytest.mark.parametrize("form", Form)
def test_a_form_is_what_phones_play(form: Form, tmp_path: Path) -> None:
    source, target = made(tmp_path / "source", *SOURCES[form]), tmp_path / "target"
    convert(source, target, form)
    head = target.read_bytes()[:8192]
    assert recognised(head) == RECIPES[form].mimetype.split(";")[0]
    marks = {Form.VOICE: b"OpusHead", Form.VIDEO: b"avc1", Form.STICKER: b"WEBPVP8"}
    assert marks[form] in target.read_bytes()


def test_what_has_no_sound_cannot_be_a_voice_message(tmp_path: Path) -> None:
    with pytest.raises(ConversionFailed, match="cannot be made a voice"):
        convert(made(tmp_path / "source", *SOURCES[Form.STICKER]), tmp_path / "target", Form.VOICE)


def test_nonsense_is_refused_in_a_sentence_that_names_no_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"nonsense" * 100)
    with pytest.raises(ConversionFailed) as refused:
        convert(source, tmp_path / "target", Form.VIDEO)
    assert str(tmp_path) not in str(refused.value)


def test_a_playlist_cannot_have_other_files_read(tmp_path: Path) -> None:
    """ffmpeg would follow the names in it, to any file of this host."""
    secret = made(tmp_path / "secret.wav", *SOURCES[Form.VOICE])
    source = tmp_path / "source"
    for playlist in (f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n", f"ffconcat version 1.0\nfile {secret}\n"):
        source.write_text(playlist)
        with pytest.raises(ConversionFailed):
            convert(source, tmp_path / "target", Form.VOICE)


def test_what_takes_too_long_is_killed(tmp_path: Path) -> None:
    source = made(tmp_path / "source", *SOURCES[Form.VIDEO])
    with pytest.raises(ConversionFailed, match=r"within 0\.001 s"):
        convert(source, tmp_path / "target", Form.VIDEO, patience=0.001)


def test_without_ffmpeg_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ConversionUnavailable, match=r"pip install 'session-manager\[media\]'"):
        ffmpeg()
