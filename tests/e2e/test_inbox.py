"""Real Chromium on the sandbox under the whole service: a message with a file, from phone to event."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from tests.browser.pages import options
from tests.gateway.running import Running
from tests.rig import Consumer, Sandbox

pytestmark = pytest.mark.e2e

ANA = "5491122334455"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def consumer(tmp_path: Path, sandbox: Sandbox) -> Iterator[Consumer]:
    """A client of a service that is paired."""
    chromium: Any = ChromiumBrowser(options(tmp_path / "data", sandbox.url))
    with Running(tmp_path / "data", chromium) as service, closing(Consumer(service, sandbox, 1)) as consumer:
        consumer.pair()
        yield consumer


def send(consumer: Consumer, data: bytes, id: str, sandbox: Sandbox) -> None:
    """A phone sends a picture."""
    (account,) = sandbox.get("/state")["accounts"]
    file = {"name": "a.png", "mimetype": "image/png", "base64": base64.b64encode(data).decode()}
    sandbox.post(f"/phones/{ANA}/send", to=account["number"], id=id, text=id, file=file)


def messages(consumer: Consumer, count: int) -> list[dict[str, Any]]:
    """The payloads of the first messages."""
    found: list[dict[str, Any]] = []
    with consumer.http.stream("GET", "/events", params={"types": "message", "after": 0}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: "))["payload"])
                if len(found) == count:
                    break
    return found


def test_a_picture_is_told_once_it_can_be_read(consumer: Consumer, sandbox: Sandbox) -> None:
    headers = {"X-Cliente-Id": "1"}
    send(consumer, PNG, "3A00000000000000E001", sandbox)
    (payload,) = messages(consumer, 1)
    media = payload["media"]
    assert (media["digest"], media["error"], payload["caption"]) == (sha256(PNG).hexdigest(), None, payload["bare_id"])
    assert consumer.http.get(media["url"], headers=headers).content == PNG

    sandbox.post("/settings", media_gone=410, media_reupload=False, media_fails=0)
    send(consumer, PNG + b"2", "3A00000000000000E002", sandbox)
    sandbox.post(f"/phones/{ANA}/send", to=sandbox.get("/state")["accounts"][0]["number"], text="after it")
    _, lost, text = messages(consumer, 3)
    assert (lost["media"]["url"], text["body"]) == (None, "after it")
    assert "410" in lost["media"]["error"]
    path = f"/chats/{lost['chat']}/messages/{lost['id']}/media"
    assert consumer.http.post(path, headers=headers).status_code == 409
    sandbox.post("/settings", media_reupload=True)
    again = consumer.http.post(path, headers=headers).json()
    assert consumer.http.get(again["url"], headers=headers).content == PNG + b"2"


def test_a_hundred_pictures_at_once_are_all_kept_and_told(consumer: Consumer, sandbox: Sandbox) -> None:
    files = {f"3A{number:018X}": PNG + str(number).encode() * 1000 for number in range(100)}
    for id, data in files.items():
        send(consumer, data, id, sandbox)
    told = messages(consumer, len(files))
    assert [payload["bare_id"] for payload in told] == list(files)
    assert {payload["bare_id"]: payload["media"]["digest"] for payload in told} == {
        id: sha256(data).hexdigest() for id, data in files.items()
    }
