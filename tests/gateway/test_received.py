"""GET /media/{name} and POST …/media: files that came in, served with care."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from actors.clients.errors import OperationRefused
from actors.clients.operations.chats import (
    ChatMessages,
    Chats,
    GetChat,
    GetChatMessage,
    GetChatMessages,
    ListChats,
    PageChat,
    PageMessage,
)
from actors.clients.operations.fields import File
from actors.clients.operations.received import FetchMedia
from actors.clients.types import ClientId
from actors.media.threads import MediaSilent, MediaThreads
from gateway.files.answer import CHUNK, Unsatisfiable, disposition, part_of
from tests.gateway.raw import Closed, Raw, request
from tests.gateway.running import Running, until

CLIENT = {"X-Cliente-Id": "1"}
ANA = "5491122334455"
ONE = ClientId(1)
DATA = b"\x89PNG\r\n\x1a\n0123456789"


@pytest.fixture
def ready(service: Running) -> Running:
    """A service with a READY client, whose page gives the file of each message."""
    return made_ready(service)


def made_ready(service: Running) -> Running:
    """The service, with a READY client."""
    service.http.post("/init", headers=CLIENT)
    service.browser.scan(ONE)
    until(lambda: service.http.get("/status", headers=CLIENT).json(), lambda told: told["state"] == "READY", "READY")
    return service


def receive(service: Running, mimetype: str = "image/png", filename: str = "a.png", data: bytes = DATA) -> Any:
    """A message with a file comes in; what its event says of the file."""

    def file(*_: object) -> File:
        folder = service.system.media._folder
        incoming = folder.begin()
        incoming.write(data)
        return File(folder.keep(incoming), len(data), mimetype, filename)

    service.browser.answers[FetchMedia] = file
    told = {"mimetype": mimetype, "size": len(data), "filename": filename}
    id = service.browser.receive(ONE, ANA, "", type="image", body=None, media=told)
    bare = id.split("_")[2]
    query = {"consumer": bare, "types": "message", "after": "0", "wait": "0.2"}

    def mine() -> Any:
        page = service.http.get("/events/next", params=query).json()["events"]
        return [event["payload"] for event in page if event["payload"]["bare_id"] == bare]

    (payload,) = until(mine, bool, "the message is told")
    return payload


def test_a_file_is_served_with_its_type_name_and_validators(ready: Running) -> None:
    media = receive(ready)["media"]
    answer = ready.http.get(media["url"], headers=CLIENT)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["content-disposition"] == "inline; filename=\"a.png\"; filename*=UTF-8''a.png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["etag"] == f'"{media["digest"]}"'
    again = ready.http.get(media["url"], headers={**CLIENT, "If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = ready.http.head(media["url"], headers=CLIENT)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(DATA)))


def test_a_file_that_nobody_reads_is_given_up_before_its_end(tmp_path: Path) -> None:
    """Only what lies in the buffers of two sockets is read from the disk."""
    size = 32 * 1024 * 1024
    with Running(tmp_path / "data", write_timeout=0.5) as service:
        made_ready(service)
        media = receive(service, data=bytes(size))["media"]
        with Raw(service.url) as deaf:
            deaf.send(request(target=media["url"], X_Cliente_Id="1"))
            with pytest.raises(Closed):
                until(lambda: deaf.send(b"G"), lambda _: False, "it is cut off")
            assert deaf.rest() < size
        assert service.http.get(media["url"], headers=CLIENT).status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "content", "range"),
    [
        ("bytes=0-3", 206, DATA[:4], "bytes 0-3/18"),
        ("bytes=8-", 206, DATA[8:], "bytes 8-17/18"),
        ("bytes=-5", 206, DATA[-5:], "bytes 13-17/18"),
        ("bytes=10-999", 206, DATA[10:], "bytes 10-17/18"),
        ("bytes=18-", 416, b"", "bytes */18"),
        ("bytes=0-1,4-5", 200, DATA, None),
        ("lines=1-2", 200, DATA, None),
    ],
)
def test_ranges(ready: Running, asked: str, status: int, content: bytes, range: str | None) -> None:
    url = receive(ready)["media"]["url"]
    answer = ready.http.get(url, headers={**CLIENT, "Range": asked})
    assert (answer.status_code, answer.content, answer.headers.get("content-range")) == (status, content, range)
    stale = ready.http.get(url, headers={**CLIENT, "Range": asked, "If-Range": '"another"'})
    assert (stale.status_code, stale.content) == (200, DATA)


@pytest.mark.parametrize(
    "mimetype", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/pdf", "text/plain"]
)
def test_what_could_hold_a_script_is_a_download(ready: Running, mimetype: str) -> None:
    media = receive(ready, mimetype, "page.html", b"<script>alert(1)</script>")["media"]
    answer = ready.http.get(media["url"], headers=CLIENT)
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"].split(";")[0] == mimetype


def test_a_file_is_served_to_who_may_read_the_client_that_received_it(ready: Running) -> None:
    url = receive(ready)["media"]["url"]
    assert ready.http.get(url, headers={"X-Cliente-Id": "2"}).json()["code"] == "MEDIA_NOT_FOUND"
    assert ready.http.get(url).status_code == 400
    missing = ready.http.get("/media/3EB0AAAAAAAAAAAAAAAAAA.png", headers=CLIENT)
    assert (missing.status_code, missing.json()["code"]) == (404, "MEDIA_NOT_FOUND")
    assert ready.http.get("/media/..%2Fstore.db", headers=CLIENT).status_code == 404


def test_a_file_is_fetched_again(ready: Running) -> None:
    ready.browser.answers[FetchMedia] = lambda *_: OperationRefused("media download failed with 410", None)
    again = ready.http.post(f"/chats/{ANA}/messages/3EB0AAAAAAAAAAAAAAAAAA/media", headers=CLIENT)
    assert (again.status_code, again.json()["code"]) == (409, "OPERATION_REFUSED")
    payload = receive(ready)
    answer = ready.http.post(f"/chats/{ANA}/messages/{payload['id']}/media", headers=CLIENT)
    told = {name: payload["media"][name] for name in ("url", "digest", "size", "mimetype")}
    assert answer.json() == {"success": True, **told, "filename": "a.png"}
    assert ready.http.get(answer.json()["url"], headers=CLIENT).content == DATA


def test_messages_that_are_read_name_their_files_as_events_do(ready: Running) -> None:
    told = receive(ready)
    facts = {name: told["media"].get(name) for name in ("mimetype", "size", "filename", "duration")}
    whole = {**told["media"], "duration": None, "error": None}
    kept = PageMessage(told["id"], told["chat"], told["bare_id"], False, media=facts)
    lost = replace(kept, id="false_1@c.us_3A99", bare_id="3A99")
    answers, chat = ready.browser.answers, f"/chats/{ANA}"
    answers[GetChatMessages] = lambda *_: ChatMessages((kept, lost, replace(lost, media=None)))
    answers[GetChatMessage] = lambda *_: kept
    answers[GetChat] = lambda *_: PageChat(told["chat"], False, last_message=kept)
    answers[ListChats] = lambda *_: Chats(
        (PageChat("1@c.us", False), PageChat(told["chat"], False, last_message=kept)), 2
    )

    def get(path: str) -> Any:
        return ready.http.get(path, headers=CLIENT).json()

    read = [one["media"] for one in get(f"{chat}/messages")["messages"]]
    assert read == [whole, {**facts, "url": None, "digest": None, "error": None}, None]
    assert get(f"{chat}/messages/{told['bare_id']}")["media"] == whole
    assert get(chat)["last_message"]["media"] == whole
    assert [one["last_message"] and one["last_message"]["media"] for one in get("/chats")["chats"]] == [
        None,
        whole,
    ]


def test_nobody_is_asked_for_a_message_that_cannot_be_one(ready: Running) -> None:
    answer = ready.http.post(f"/chats/{ANA}/messages/no%20id/media", headers=CLIENT)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
    absent = ready.http.post(f"/chats/{ANA}/messages/3EB0/media", headers={"X-Cliente-Id": "2"})
    assert (absent.status_code, absent.json()["code"]) == (409, "SESSION_NOT_READY")


@pytest.mark.parametrize(("range", "part"), [(None, None), ("bytes=5-2", None), ("bytes=-", None), ("", None)])
def test_a_range_without_sense_is_the_whole(range: str | None, part: object) -> None:
    assert part_of(range, 10) == part


def test_no_range_of_an_empty_file_can_be_satisfied() -> None:
    for range in ("bytes=0-", "bytes=-1", "bytes=0-0"):
        with pytest.raises(Unsatisfiable):
            part_of(range, 0)


def test_a_name_cannot_break_out_of_the_header() -> None:
    file = File("0", 1, "image/png", 'a"\r\nSet-Cookie: x\\é.png')
    assert "\r" not in disposition(file)
    assert disposition(file).startswith('inline; filename="a___Set-Cookie: x__.png"')


@pytest.mark.parametrize("fault", ["silent", "shorter"])
def test_a_file_that_stops_in_the_middle_ends_the_answer_and_is_one_line_of_the_log(
    ready: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    media = receive(ready, data=DATA + bytes(4 * CHUNK))["media"]
    run = MediaThreads.run

    async def stops(threads: MediaThreads, work: Any, /, *args: Any) -> Any:
        """Read the beginning as ever."""
        if getattr(work, "__name__", "") != "read" or work.__self__.tell() == 0:
            return await run(threads, work, *args)
        if fault == "silent":
            raise MediaSilent
        return b""

    monkeypatch.setattr(MediaThreads, "run", stops)
    with capture_logs() as logs, pytest.raises(httpx2.RemoteProtocolError, match="without sending complete"):
        ready.http.get(media["url"], headers=CLIENT)
    until(lambda: [line["event"] for line in logs], lambda told: "http.request" in told, "the answer has ended")
    told = [line for line in logs if line["log_level"] in {"warning", "error"}]
    assert [line["event"] for line in told] == ["media.answer_incomplete"]
    assert "exc_info" not in told[0]
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]
