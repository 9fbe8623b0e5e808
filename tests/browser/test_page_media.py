"""Files that leave by real pages: every kind, both generations, with LIDs, and what can go wrong on the way."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.operations.fields import File
from actors.clients.operations.media import (
    SendDocument,
    SendImage,
    SendSticker,
    SendVideo,
    SendVideoNote,
    SendVoice,
)
from actors.clients.operations.messages import LookedUp, LookUp, Send, SendText, draw_message_id
from actors.clients.protocol import Answered, OutcomeUnknown, PageReloaded, Ready, Refused
from actors.media.folder import media_dir
from tests.browser.pages import ADDRESSING, CHAT, FRIEND, NUMBER, PICTURE, Open, evaluate, keep
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e
ID = "3EB00000000000000000AA"
MIB = 1024 * 1024
KINDS: dict[str, Callable[[str, File], Send]] = {
    "image": SendImage,
    "document": SendDocument,
    "video": SendVideo,
    "ptv": SendVideoNote,
    "ptt": SendVoice,
    "sticker": SendSticker,
}
"""What the receiver's phone calls it -> what sends it."""
TYPES = {"video": "video/mp4", "ptv": "video/mp4", "ptt": "audio/ogg; codecs=opus", "sticker": "image/webp"}


@pytest.fixture(scope="module", autouse=True)
def before_any_test(browsers: object) -> None:
    """What all tests share must be there before one of them looks at what is there."""


def data_dir(browser: ChromiumBrowser) -> Path:
    return browser._options.data_dir


def some(browser: ChromiumBrowser, size: int, mimetype: str = "application/pdf", name: str = "invoice.pdf") -> File:
    """A file of this size, different each time."""
    return keep(data_dir(browser), random.randbytes(size), mimetype, name)


@ADDRESSING
def test_every_kind_arrives_whole_and_as_what_it_is(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    page = linked(shell, lids=lids)
    for number, (kind, operation) in enumerate(KINDS.items()):
        file = some(shell, 20_000, TYPES.get(kind, "image/png"), f"{kind} ñ.bin")
        page.page.call(f"3EB0{number:018}", operation(CHAT, file))
        answered = page.told.until(Answered)
        assert answered.value.message_id.endswith(f"3EB0{number:018}")
        (message,) = sandbox.get(f"/phones/{FRIEND}", last=1)["received"]
        assert (message["type"], message["arrivals"]) == (kind, 1)
        told = message["media"]
        assert (told["sha256"], told["size"], told["mimetype"]) == (file.digest, file.size, file.mimetype)
        assert told["filename"] == file.filename


def test_files_that_leave_at_once_are_not_taken_for_one_another(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    files = {f"54911000000{number:02}": some(shell, 1000 + number) for number in range(6)}
    for again in (False, True):
        for number, file in files.items():
            page.page.call(draw_message_id(), SendDocument(f"{number}@c.us", file))
        for _ in files:
            page.told.until(Answered)
        for number, file in files.items():
            received = sandbox.get(f"/phones/{number}")["received"]
            assert {message["media"]["sha256"] for message in received} == {file.digest}
        if not again:  # the next document has an input of its own
            evaluate(page, "location.reload()")
            page.told.until(PageReloaded)
            page.told.until(Ready)


def test_a_caption_and_how_a_file_is_shown_arrive(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    page.page.call("3EB01", SendImage(CHAT, PICTURE, caption="your receipt", view_once=True))
    page.told.until(Answered)
    page.page.call("3EB02", SendVideo(CHAT, some(shell, 100, "video/mp4", "a.mp4"), gif=True))
    page.told.until(Answered)
    page.page.call("3EB03", SendDocument(CHAT, some(shell, 100)))
    page.told.until(Answered)
    image, video, document = [message["media"] for message in sandbox.get(f"/phones/{FRIEND}")["received"]]
    assert (image["caption"], image["view_once"], image["gif"]) == ("your receipt", True, False)
    assert (video["caption"], video["view_once"], video["gif"]) == (None, False, True)
    assert (document["caption"], document["filename"]) == (None, "invoice.pdf")


def test_a_file_of_64_mib_arrives(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    file = some(shell, 64 * MIB)
    page.page.call(ID, SendDocument(CHAT, file))
    page.told.until(Answered, seconds=60.0)
    (message,) = sandbox.get(f"/phones/{FRIEND}")["received"]
    assert (message["media"]["sha256"], message["media"]["size"]) == (file.digest, file.size)


def test_a_sound_that_the_page_can_decode_has_its_waveform_and_duration(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    samples = b"".join((1000 * (i // 50 % 20)).to_bytes(2, "little", signed=True) for i in range(16_000))
    size = len(samples)
    header = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += b"".join(n.to_bytes(w, "little") for n, w in ((1, 2), (1, 2), (8000, 4), (16000, 4), (2, 2), (16, 2)))
    wave = header + b"data" + size.to_bytes(4, "little") + samples
    page = linked(shell)
    page.page.call(ID, SendVoice(CHAT, keep(data_dir(shell), wave, "audio/wav", "voice.wav")))
    page.told.until(Answered)
    (message,) = sandbox.get(f"/phones/{FRIEND}")["received"]
    assert (message["media"]["duration"], len(message["media"]["waveform"])) == (2, 64)


def test_a_file_that_has_vanished_or_was_cut_short_is_refused_and_said_so(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    gone, cut = some(shell, 100), some(shell, 200)
    (media_dir(data_dir(shell)) / gone.digest).unlink()
    (media_dir(data_dir(shell)) / cut.digest).write_bytes(b"half")
    page.page.call("gone", SendDocument(CHAT, gone))
    refused = page.told.until(Refused)
    assert (refused.order, refused.code) == ("gone", "FILE_GONE")
    assert "gone from the media store" in refused.why
    page.page.call("cut", SendDocument(CHAT, cut))
    assert "has 4 bytes, not 200" in page.told.until(Refused).why
    page.page.call("fine", SendDocument(CHAT, some(shell, 100)))
    assert page.told.until(Answered).order == "fine"
    assert len(sandbox.get(f"/phones/{FRIEND}")["received"]) == 1


def test_an_upload_that_whatsapp_refuses_is_a_refusal_in_its_words(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post("/settings", uploads="refuse")
    page.page.call(ID, SendImage(CHAT, PICTURE))
    refused = page.told.until(Refused)
    assert (refused.order, refused.code, "ERROR_UPLOAD" in refused.why) == (ID, "ERROR_UPLOAD", True)
    page.page.call("later", LookUp(CHAT, ID))
    assert page.told.until(Answered).value.ack < 0
    sandbox.post("/settings", uploads="ok")
    page.page.call("3EB0FF", SendImage(CHAT, PICTURE))
    page.told.until(Answered)
    (message,) = sandbox.get(f"/phones/{FRIEND}")["received"]
    assert message["id"] == "3EB0FF"


def test_a_file_that_is_too_large_for_whatsapp_is_refused_before_it_is_uploaded(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    sandbox.post("/settings", upload_limit=1)
    page = linked(shell)
    page.page.call("video", SendVideo(CHAT, some(shell, 2 * MIB, "video/mp4", "long.mp4")))
    refused = page.told.until(Refused)
    assert (refused.order, refused.code) == ("video", "file_too_large")
    assert sandbox.get("/state")["uploads"] == 0
    page.page.call("document", SendDocument(CHAT, some(shell, 2 * MIB)))
    assert page.told.until(Answered).order == "document"


def test_an_upload_that_is_never_answered_ends_as_unknown_and_is_not_called_absent(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post("/settings", uploads="hang")
    page.page.call(ID, SendImage(CHAT, PICTURE))
    assert page.told.until(OutcomeUnknown).order == ID
    page.page.call("found", LookUp(CHAT, ID))
    found = page.told.until(Answered).value
    assert (found.ack, found.complete) == (0, False)
    page.page.call("text", SendText(CHAT, "others go on"))
    assert page.told.until(Answered).order == "text"


def test_an_upload_holds_up_its_own_chat_only(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    sandbox.post("/settings", uploads="hang")
    page.page.call(ID, SendDocument(CHAT, some(shell, MIB)))
    uploads(sandbox, 1)
    page.page.call("behind", SendText(CHAT, "behind it"))
    page.page.call("other", SendText("5491100000009@c.us", "to another chat"))
    page.told.until(Answered, lambda fact: fact.order == "behind")
    ends = [fact.order for fact in page.told.facts if isinstance(fact, Answered | OutcomeUnknown)]
    assert ends == ["other", ID, "behind"]


def test_a_page_that_dies_in_the_middle_of_an_upload_leaves_it_unknown_and_the_next_one_knows_it_never_left(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post("/settings", uploads="hang")
    page.page.call(ID, SendDocument(CHAT, some(shell, MIB)))
    uploads(sandbox, 1)
    evaluate(page, "location.reload()")
    assert page.told.until(OutcomeUnknown).order == ID
    page.told.until(PageReloaded)
    page.told.until(Ready)
    sandbox.post("/settings", uploads="ok")
    page.page.call("found", LookUp(CHAT, ID))
    assert page.told.until(Answered).value == LookedUp(None, complete=True)
    page.page.call(ID, SendDocument(CHAT, some(shell, MIB)))
    page.told.until(Answered)
    (message,) = sandbox.get(f"/phones/{FRIEND}")["received"]
    assert (message["id"], message["arrivals"]) == (ID, 1)


def test_a_message_whose_page_died_after_it_left_is_found_again(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/sending", mode="never", left=1)
    page.page.call(ID, SendImage(CHAT, PICTURE))
    sandbox.get(f"/phones/{FRIEND}", wait=10, count=1)
    evaluate(page, "location.reload()")
    page.told.until(OutcomeUnknown)
    page.told.until(PageReloaded)
    page.told.until(Ready)
    page.page.call("found", LookUp(CHAT, ID))
    assert page.told.until(Answered).value.ack is not None
    (message,) = sandbox.get(f"/phones/{FRIEND}")["received"]
    assert message["arrivals"] == 1


def uploads(sandbox: Sandbox, count: int) -> None:
    """Wait until so many files have arrived at the sandbox, accepted or not."""
    with sandbox.api.stream("GET", "/api/changes") as changes:
        for _ in changes.iter_lines():
            if sandbox.get("/state")["uploads"] >= count:
                return
