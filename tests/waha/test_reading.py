"""Reading chats and messages: the files and pictures that go with them, and the messages of all chats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actors.clients.errors import OperationRefused
from actors.clients.operations.chats import ChatMessages, Chats, GetChatMessages, ListChats, PageChat, PageMessage
from actors.clients.operations.contacts import GetPicture, PictureAddress
from actors.clients.operations.fields import File
from actors.clients.operations.received import FetchMedia
from gateway.waha.routes import chats
from tests.gateway.running import Running
from tests.waha.consumer import KEY, Consumer

ANA, LEO = "5491122334455@c.us", "5491166778899@c.us"
DATA = b"\x89PNG\r\n\x1a\n0123456789"
PICTURE: dict[str, Any] = {"mimetype": "image/png", "size": len(DATA), "filename": None, "duration": None}


def written(chat: str, bare_id: str, t: float, **more: Any) -> PageMessage:
    id = f"false_{chat}_{bare_id}"
    return PageMessage(id=id, chat=chat, bare_id=bare_id, from_me=False, t=t, **{"type": "chat", "body": "Hi", **more})


MESSAGES = {
    ANA: [written(ANA, "3A04", 400.0), written(ANA, "3A01", 100.0)],
    LEO: [written(LEO, "3A03", 300.0), written(LEO, "3A02", 200.0, type="image", media=PICTURE)],
}


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Consumer]:
    with Running(tmp_path / "data", api_key=KEY, media_in_types=["image/*"], media_in_max=1) as service:
        answers = service.browser.answers
        answers[GetChatMessages] = lambda _, asked: ChatMessages(
            tuple(one for one in MESSAGES.get(asked.chat, []) if asked.until is None or (one.t or 0) <= asked.until)[
                asked.offset : asked.offset + asked.limit
            ]
        )
        listed = [
            PageChat(id=chat, group=False, t=found[0].t, last_message=found[0]) for chat, found in MESSAGES.items()
        ]
        answers[ListChats] = lambda _, asked: Chats((*listed, PageChat(id="120363000000000001@g.us", group=True)), 3)
        consumer = Consumer(service)
        consumer.works()
        yield consumer
    assert service.code == 0


def fetched(service: Running) -> Any:
    """Have the page save a file."""

    def file(*_: object) -> File:
        folder = service.system.media._folder
        incoming = folder.begin()
        incoming.write(DATA)
        return File(folder.keep(incoming), len(DATA), "image/png", "a.png")

    service.browser.answers[FetchMedia] = file


def orders(works: Consumer, name: str) -> list[Any]:
    return works.service.browser.page(works.client("default")).ordered(name)


def test_messages_of_all_chats_are_read_together_and_no_chat_that_is_too_old(works: Consumer) -> None:
    told = works.call("GET", "/api/default/chats/all/messages?limit=2&offset=1&downloadMedia=false")
    assert [one["id"].rpartition("_")[2] for one in told] == ["3A03", "3A02"]
    assert [order["chat"] for order in orders(works, "GetChatMessages")] == [ANA, LEO]
    works.call("GET", "/api/messages?chatId=all&limit=1&sortOrder=asc")
    assert [order["chat"] for order in orders(works, "GetChatMessages")][2:] == [ANA]
    assert [one["timestamp"] for one in works.call("GET", "/api/messages?chatId=all&sortOrder=asc")] == [
        100, 200, 300, 400
    ]  # fmt: skip
    assert works.call("GET", "/api/messages?chatId=all&filter.timestamp.gte=1000") == []


def test_a_file_that_is_not_kept_is_fetched_when_its_message_is_read(works: Consumer) -> None:
    fetched(works.service)
    path = f"/api/default/chats/{LEO}/messages"
    _, image = works.call("GET", f"{path}?downloadMedia=false")
    assert (image["hasMedia"], image["media"]) == (True, None)
    for _ in range(2):
        text, image = works.call("GET", path)
        assert text["media"] is None
        assert works.raw("GET", f"/api/files/default/{image['id']}.png").content == DATA
        assert image["mediaUrl"] == image["media"]["url"] == f"{works.service.url}/api/files/default/{image['id']}.png"
    assert len(orders(works, "FetchMedia")) == 1
    _, image = works.call("GET", f"{path}?downloadMedia=false")
    assert image["media"]["mimetype"] == "image/png"


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({}, "WhatsApp has it no more"),
        ({"size": 2**21}, "the limit is 1048576 (SM_MEDIA_IN_MAX)"),
        ({"mimetype": "video/mp4"}, None),
    ],
)
def test_a_file_that_cannot_be_had_is_told_as_such(
    works: Consumer, monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any], error: str | None
) -> None:
    works.service.browser.answers[FetchMedia] = lambda *_: OperationRefused("WhatsApp has it no more", "404")
    image = MESSAGES[LEO][1]
    monkeypatch.setitem(MESSAGES, LEO, [replace(image, media={**PICTURE, **facts})])
    (told,) = works.call("GET", f"/api/default/chats/{LEO}/messages")
    assert told["hasMedia"]
    if error is None:
        assert told["media"] is None
    else:
        assert (told["media"]["url"], error in told["media"]["error"]["message"]) == (None, True)


def test_an_overview_shows_pictures_and_waits_for_none_for_long(
    works: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {ANA: PictureAddress("https://pps.whatsapp.net/ana.jpg"), LEO: PictureAddress(None)}
    refused = OperationRefused("No", "404")
    works.service.browser.answers[GetPicture] = lambda _, asked: known.get(asked.chat, refused)
    told = works.call("GET", "/api/default/chats/overview")
    assert [one["picture"] for one in told] == ["https://pps.whatsapp.net/ana.jpg", None, None]
    monkeypatch.setattr(chats, "PICTURES_SECONDS", 0.0)
    assert [one["name"] for one in works.call("GET", "/api/default/chats/overview")] == [None, None, None]
