"""One page of real Chromium on the sandbox: the files of messages are fetched into the media directory."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.events import MessageArrived
from actors.clients.operations.fields import File
from actors.clients.operations.received import FetchMedia
from actors.clients.protocol import Answered, OutcomeUnknown, QrShown, Ready, Refused
from actors.media.folder import MediaFolder, media_dir
from tests.browser.pages import ADDRESSING, FRIEND, NUMBER, Open, Opened, options, running
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

PNG = b"\x89PNG\r\n\x1a\n a picture"
ID = "3A00000000000000F001"


def send(sandbox: Sandbox, data: bytes = PNG, id: str = ID, phone: str = FRIEND, to: str = NUMBER, **file: Any) -> None:
    """A phone sends a file."""
    given = {"name": "a.png", "mimetype": "image/png", "base64": base64.b64encode(data).decode(), **file}
    sandbox.post(f"/phones/{phone}/send", to=to, id=id, file=given)


def order_for(page: Opened, id: str = ID) -> FetchMedia:
    """The order to fetch the file of the message with this bare id, as its event gives it."""
    payload = page.told.until(MessageArrived, lambda fact: fact.payload["bare_id"] == id).payload
    return FetchMedia(payload["chat"], payload["id"], int(payload["media"]["size"]))


def fetched(page: Opened, order: FetchMedia) -> File:
    """The file, which the page gives."""
    page.page.call("fetch", order)
    file: File = page.told.until(Answered).value
    return file


def refused(page: Opened, order: FetchMedia) -> Refused:
    page.page.call("fetch", order)
    return page.told.until(Refused)


def kept(browser: ChromiumBrowser) -> list[Path]:
    """What lies in the media directory of the browser."""
    assert browser._context is not None
    return sorted(media_dir(browser._context.options.data_dir).iterdir())


@ADDRESSING
def test_a_file_comes_out_of_the_page_byte_for_byte(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    page, data = linked(shell, lids=lids), bytes(range(256)) * 10_000
    send(sandbox, data, mimetype="application/pdf", name="bill.pdf", kind="document")
    order = order_for(page)
    file = fetched(page, order)
    assert file == File(sha256(data).hexdigest(), len(data), "application/pdf", "bill.pdf")
    (path,) = [path for path in kept(shell) if path.name == file.digest]
    assert path.read_bytes() == data
    assert fetched(page, FetchMedia(order.chat, ID)) == file  # a bare id will do


def test_both_builds_of_chromium_save_more_files_than_they_begin_in_a_second(
    browser: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page, files = linked(browser), {f"3A{number:018X}": PNG + str(number).encode() for number in range(24)}
    for id, data in files.items():
        send(sandbox, data, id)
    for id in files:
        page.page.call(id, order_for(page, id))
    got = {(fact := page.told.until(Answered)).order: fact.value.digest for _ in files}
    assert got == {id: sha256(data).hexdigest() for id, data in files.items()}
    assert {path.name for path in kept(browser)} >= set(got.values())
    assert not [path for path in kept(browser) if len(path.name) != 64]


def test_a_file_in_a_group_and_one_the_owner_sent_from_the_own_phone(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    group = "120363000000000004@g.us"
    sandbox.api.put(f"/api/groups/{group}", json={"subject": "Us", "participants": [NUMBER, FRIEND]})
    page = linked(shell)
    send(sandbox, to=group)
    assert fetched(page, order_for(page)).digest == sha256(PNG).hexdigest()
    send(sandbox, PNG + b"2", id="3A00000000000000F002", phone=NUMBER, to=FRIEND)
    assert fetched(page, order_for(page, "3A00000000000000F002")).digest == sha256(PNG + b"2").hexdigest()


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_gone_is_asked_of_the_phone_that_sent_it(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, status: int
) -> None:
    page = linked(shell)
    send(sandbox)
    sandbox.post("/settings", media_gone=status, media_reupload=False)
    order = order_for(page)
    assert str(status) in refused(page, order).why
    sandbox.post("/settings", media_reupload=True)
    assert fetched(page, order).digest == sha256(PNG).hexdigest()


def test_a_download_that_fails_once_succeeds_the_next_time(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    send(sandbox)
    sandbox.post("/settings", media_fails=1)
    order = order_for(page)
    assert "500" in refused(page, order).why
    assert fetched(page, order).digest == sha256(PNG).hexdigest()


def test_a_download_without_bytes_is_no_file_but_an_empty_file_is_one(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    send(sandbox)
    sandbox.post("/settings", media_empty=True)
    assert "hash" in refused(page, order_for(page)).why
    send(sandbox, b"", id="3A00000000000000F003", mimetype="text/plain", name="empty.txt", kind="document")
    file = fetched(page, order_for(page, "3A00000000000000F003"))
    assert (file.size, file.digest) == (0, sha256(b"").hexdigest())


def test_what_has_no_file_or_is_unknown_is_refused(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="hello", id=ID)
    payload = page.told.until(MessageArrived).payload
    assert refused(page, FetchMedia(payload["chat"], payload["id"])).code == "NO_MEDIA"
    unknown = refused(page, FetchMedia(payload["chat"], "3A0000000000000000FF"))
    assert (unknown.code, unknown.why) == ("NO_MESSAGE", "WhatsApp Web does not know this message")


def test_a_file_that_is_too_large_leaves_nothing_behind(tmp_path: Path, sandbox: Sandbox) -> None:
    with running(ChromiumBrowser(options(tmp_path, sandbox.url, largest_received=1000))) as browser:
        page = Opened(browser)
        sandbox.post("/scan", code=page.told.until(QrShown).code, number=NUMBER)
        page.told.until(Ready)
        send(sandbox, PNG * 100)
        told = refused(page, order_for(page))
        assert told.code == "TOO_LARGE"
        assert "SM_MEDIA_IN_MAX" in told.why
        assert not media_dir(tmp_path).exists() or kept(browser) == []
        page.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], None]]:
    """Has the media directory on a disk of its own, of so many MiB; called again, it grows or shrinks."""
    if os.geteuid():
        pytest.skip("only root mounts a disk")
    where = media_dir(tmp_path)
    where.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o"]
    if subprocess.run([*mount, "size=1m", "tmpfs", where], check=False, capture_output=True).returncode:
        pytest.skip("this host lets nobody mount a disk")
    try:
        yield lambda mib: void(subprocess.run(["mount", "-o", f"remount,size={mib}m", where], check=True))
    finally:
        subprocess.run(["umount", "--lazy", where], check=True)


def void(_: object) -> None:
    """Nothing."""


def test_a_full_disk_is_said_so_leaves_nothing_half_and_the_file_can_be_had_later(
    tmp_path: Path, sandbox: Sandbox, small_disk: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytes(3 * 1024 * 1024)
    with running(ChromiumBrowser(options(tmp_path, sandbox.url))) as browser:
        page = Opened(browser)
        sandbox.post("/scan", code=page.told.until(QrShown).code, number=NUMBER)
        page.told.until(Ready)
        send(sandbox, data, mimetype="application/pdf", name="bill.pdf", kind="document")
        order = order_for(page)
        told = refused(page, order)
        assert (told.code, kept(browser)) == ("MEDIA_FULL", [])
        assert "no room for files for 3.0 MiB" in told.why
        monkeypatch.setattr(MediaFolder, "require_room", lambda _folder, _size: None)
        page.page.call("fetch", order)  # now Chromium itself meets the end of the disk
        assert "did not save" in page.told.until(OutcomeUnknown).why
        assert kept(browser) == []
        monkeypatch.undo()
        small_disk(64)
        assert fetched(page, order).size == len(data)
        page.close()
