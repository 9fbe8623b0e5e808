"""A file that came in: told with its address in the event, and served at it to who has the key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from actors.clients.operations.fields import File
from actors.clients.operations.received import FetchMedia
from tests.gateway.running import Running
from tests.waha.consumer import KEY, Consumer
from tests.waha.test_hooks import named
from tests.webhooks.receiver import Receiver

DATA = b"\x89PNG\r\n\x1a\n0123456789"


@pytest.fixture
def waha(tmp_path: Path) -> Iterator[Consumer]:
    url = "https://wa.example/"
    with Running(tmp_path / "data", api_key=KEY, webhook_allow_private=True, public_url=url) as running:
        yield Consumer(running)
    assert running.code == 0


def test_a_file_is_told_and_served(waha: Consumer) -> None:
    with Receiver() as receiver:
        hook = {"url": receiver.url, "events": ["message"]}
        client_id = waha.works("shop", config={"webhooks": [hook]})
        service = waha.service

        def file(*_: object) -> File:
            folder = service.system.media._folder
            incoming = folder.begin()
            incoming.write(DATA)
            return File(folder.keep(incoming), len(DATA), "image/png", "a.png")

        service.browser.answers[FetchMedia] = file
        facts = {"mimetype": "image/png", "size": len(DATA), "filename": None}
        id = service.browser.receive(
            client_id, "5491122334455", "", type="image", body=None, caption="Look", media=facts
        )
        (told,) = named(receiver, "message")
    message = told.event["payload"]
    assert (message["id"], message["body"], message["hasMedia"]) == (id, "Look", True)
    assert message["media"]["url"] == f"https://wa.example/api/files/shop/{id}.png"
    assert message["mediaUrl"] == message["media"]["url"]
    path = urlsplit(message["media"]["url"]).path
    for address in (path, quote(path)):
        answer = waha.raw("GET", address)
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, DATA, "image/png")
    assert waha.raw("GET", path, headers={"Range": "bytes=0-3"}).status_code == 206
    del service.http.headers["X-Api-Key"]
    assert waha.call("GET", path, 401)
    assert waha.raw("GET", f"{path}?x-api-key={KEY}").content == DATA
