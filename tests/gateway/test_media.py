"""Files in requests: how they come, what is kept of them, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from actors.clients.operations.fields import File
from actors.clients.operations.media import SendDocument, SendImage, SendSticker, SendVideo, SendVoice
from actors.clients.types import ClientId
from actors.media.folder import media_dir
from gateway.files.uploads import LONG
from tests.browser.pages import PICTURE_DATA as PICTURE
from tests.gateway.running import Running, until
from tests.webhooks.receiver import Receiver, always
from tests.webhooks.receiver import answer as receiver_answer

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
TO = "5491122334455"
CHAT = f"{TO}@c.us"
MIB = 1024 * 1024


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def kept(service: Running) -> set[str]:
    """The names in the directory of files."""
    return {path.name for path in media_dir(service.settings.data_dir).iterdir()}


def sent(service: Running) -> list[Any]:
    return [delivery.operation for delivery in service.browser.whatsapp.deliveries]


@pytest.fixture
def ready(service: Running) -> Running:
    service.ready(1)
    return service


def accepted(service: Running, **body: Any) -> dict[str, Any]:
    answer = service.post("/messages", 1, {"to": TO, **body})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def arrives(service: Running, count: int = 1) -> list[Any]:
    return until(lambda: sent(service), lambda there: len(there) >= count, "messages arrive")


def test_a_picture_in_base64_leaves_with_its_caption(ready: Running) -> None:
    told = accepted(ready, image={"data": b64(PICTURE), "caption": "hello", "filename": "a/b/photo.png"})
    digest = sha(PICTURE)
    assert told["image"] == {
        "digest": digest,
        "size": len(PICTURE),
        "mimetype": "image/png",
        "filename": "photo.png",
        "caption": "hello",
        "view_once": False,
    }
    assert arrives(ready) == [SendImage(CHAT, File(digest, len(PICTURE), "image/png", "photo.png"), "hello")]
    assert kept(ready) == {digest}


@pytest.mark.parametrize("size", [10, LONG - 100, LONG + 1, 3 * MIB])
def test_base64_of_any_length_arrives_whole(ready: Running, size: int) -> None:
    data = PDF + bytes(size)
    body = json.dumps({"to": TO, "document": {"data": b64(data), "filename": "ñ.pdf", "caption": 'say "hi" \\ /'}})
    for text in (body, body.replace("/", "\\/").replace("=", "\\u003d")):
        answer = ready.call("POST", "/messages", 1, content=text.encode())
        assert answer.status_code == 202, answer.text
        assert answer.json()["document"]["digest"] == sha(data)
        assert answer.json()["document"]["caption"] == 'say "hi" \\ /'
        assert answer.json()["document"]["filename"] == "ñ.pdf"
    assert kept(ready) == {sha(data)}


def test_base64_may_come_as_a_data_url(ready: Running) -> None:
    for data in (PDF, PDF + bytes(LONG)):
        told = accepted(ready, document={"data": f"data:application/pdf;base64,{b64(data)}"})
        assert (told["document"]["digest"], told["document"]["mimetype"]) == (sha(data), "application/pdf")


@pytest.mark.parametrize("data", ["nonsense!", "ab=c", "A" * (2 * LONG) + "!", 'x"y' * LONG, "ñ" * LONG])
def test_what_is_not_base64_is_refused_and_leaves_nothing(with_page: Running, data: str) -> None:
    answer = with_page.post("/messages", 1, {"to": TO, "document": {"data": data}})
    assert (answer.status_code, answer.json()["message"]) == (400, "data is not base64")
    assert kept(with_page) == set()


def test_a_long_text_is_no_file(ready: Running) -> None:
    text = b64(bytes(LONG))
    answer = ready.post("/messages", 1, {"to": TO, "message": text})
    assert answer.status_code == 400
    assert f"longer than {LONG} bytes" in answer.json()["message"]
    answer = ready.post("/messages", 1, {"to": TO, "message": "x", "other": text})
    assert answer.status_code == 400
    assert kept(ready) == set()


def test_a_file_is_uploaded_once_and_named_by_its_digest(ready: Running) -> None:
    uploaded = ready.call(
        "POST", "/media?filename=invoice.pdf", 1, content=PDF, headers={"Content-Type": "application/pdf"}
    )
    assert uploaded.status_code == 201
    told = uploaded.json()
    assert told == {"digest": sha(PDF), "size": len(PDF), "mimetype": "application/pdf", "filename": "invoice.pdf"}
    for name in ("first", "second"):
        accepted(ready, document={"digest": told["digest"], "caption": name})
    file = File(sha(PDF), len(PDF), "application/pdf", "invoice.pdf")
    assert arrives(ready, 2) == [SendDocument(CHAT, file, "first"), SendDocument(CHAT, file, "second")]


def test_a_digest_of_nothing_is_not_found(ready: Running) -> None:
    answer = ready.post("/messages", 1, {"to": TO, "document": {"digest": "0" * 64}})
    assert (answer.status_code, answer.json()["code"]) == (404, "MEDIA_NOT_FOUND")


def multipart(service: Running, fields: dict[str, str], name: str, file: Any, **headers: str) -> httpx2.Response:
    return service.call("POST", "/messages", 1, data=fields, files={name: file}, headers=headers)


def test_a_message_comes_as_multipart(ready: Running) -> None:
    fields = {"to": TO, "caption": "hola ñ", "view_once": "true", "priority": "3"}
    answer = multipart(ready, fields, "image", ("ñ.png", PICTURE, "image/png"))
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["priority"], told["image"]["view_once"], told["image"]["filename"]) == (3, True, "ñ.png")
    assert arrives(ready)[0].caption == "hola ñ"


def test_a_large_file_comes_as_multipart(ready: Running) -> None:
    data = PDF * 500
    answer = multipart(ready, {"to": TO}, "document", ("big.pdf", data, "application/pdf"))
    assert answer.json()["document"]["digest"] == sha(data)
    assert ready.call("POST", "/media", 1, files={"file": ("big.pdf", data)}).json()["digest"] == sha(data)
    assert kept(ready) == {sha(data)}


@pytest.mark.parametrize(
    ("fields", "status"),
    [({}, 400), ({"to": "nobody"}, 400), ({"to": TO, "message": "x"}, 400), ({"to": TO, "priority": "high"}, 400)],
)
def test_a_multipart_body_that_is_wrong_leaves_nothing(with_page: Running, fields: dict[str, str], status: int) -> None:
    assert multipart(with_page, fields, "image", ("a.png", PICTURE, "image/png")).status_code == status
    assert kept(with_page) == set()


def test_a_multipart_body_that_is_not_whole_leaves_nothing(ready: Running) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    for body in (head + PICTURE, b"nonsense", b"--x\r\n\r\nno name\r\n--x--\r\n", b""):
        answer = ready.call(
            "POST", "/messages", 1, content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST"), body
    answer = ready.call("POST", "/messages", 1, content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert "without a boundary" in answer.json()["message"]
    assert kept(ready) == set()


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("image", b"<!DOCTYPE html><title>404</title>", "not a picture: it is text/html"),
        ("image", b"no picture at all", "of no type that is known"),
        ("image", PDF, "it is application/pdf"),
        ("sticker", PICTURE, "not a WebP picture: it is image/png"),
        ("video", PICTURE, "not a video: it is image/png"),
        ("voice", PICTURE, "not a sound: it is image/png"),
        ("document", b"", "The file is empty"),
        ("image", b"", "The file is empty"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_refused(with_page: Running, name: str, data: bytes, why: str) -> None:
    answer = multipart(with_page, {"to": TO}, name, ("photo.jpg", data, "image/jpeg"))
    assert (answer.status_code, answer.json()["code"]) == (422, "MEDIA_REFUSED")
    assert why in answer.json()["message"]
    assert kept(with_page) == set()


def test_a_type_that_lies_is_put_right_by_the_content(ready: Running) -> None:
    told = accepted(ready, image={"data": b64(PICTURE), "mimetype": "application/pdf"})
    assert told["image"]["mimetype"] == "image/png"
    told = accepted(ready, document={"data": b64(PICTURE), "mimetype": "application/x-own"})
    assert told["document"]["mimetype"] == "application/x-own"
    assert accepted(ready, document={"data": b64(PICTURE)})["document"]["filename"] == "image.png"


def test_kinds_of_files_leave_as_what_they_are(ready: Running) -> None:
    webp, ogg = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(20), b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead"
    mp4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(20)
    accepted(ready, sticker={"data": b64(webp)})
    accepted(ready, voice={"data": b64(ogg), "mimetype": "audio/ogg; codecs=opus"})
    accepted(ready, video={"data": b64(mp4), "gif": True})
    sticker, voice, video = arrives(ready, 3)
    assert [type(one) for one in (sticker, voice, video)] == [SendSticker, SendVoice, SendVideo]
    assert (sticker.file.mimetype, voice.file.mimetype) == ("image/webp", "audio/ogg; codecs=opus")
    assert (video.file.mimetype, video.gif) == ("video/mp4", True)


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ({}, "one of url, data, digest"),
        ({"url": "http://a/", "data": "AAAA"}, "one of url, data, digest"),
        ({"url": "ftp://a/b.png"}, "url"),
        ({"digest": "x"}, "digest"),
        ({"data": "AAAA", "caption": " "}, "blank"),
    ],
)
def test_a_file_is_named_in_one_way(with_page: Running, image: dict[str, Any], why: str) -> None:
    answer = with_page.post("/messages", 1, {"to": TO, "image": image})
    assert answer.status_code == 400
    assert why in answer.json()["message"]


def test_the_same_file_under_the_same_key_is_one_message(ready: Running) -> None:
    headers = {"Idempotency-Key": "one"}
    first = multipart(ready, {"to": TO}, "image", ("a.png", PICTURE, "image/png"), **headers)
    again = multipart(ready, {"to": TO}, "image", ("a.png", PICTURE, "image/png"), **headers)
    assert (again.json()["id"], again.headers["Idempotent-Replayed"]) == (first.json()["id"], "true")
    other = multipart(ready, {"to": TO}, "image", ("a.png", PICTURE + b"x", "image/png"), **headers)
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    arrives(ready)
    assert len(sent(ready)) == 1


def test_a_client_that_cannot_send_has_nothing_kept_for_it(service: Running) -> None:
    answer = service.post("/messages", 1, {"to": TO, "document": {"data": b64(PDF * 100)}})
    assert (answer.status_code, answer.json()["code"]) == (409, "SESSION_NOT_READY")
    assert kept(service) == set()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Running]:
    """A service that takes files of up to 1 MiB."""
    with Running(tmp_path / "data", media_max=1, body_timeout=2.0) as running:
        running.ready(1)
        yield running
    assert running.code == 0


def test_what_is_too_large_is_refused_however_it_comes(small: Running) -> None:
    data = bytes(MIB + 1)
    answers = [
        small.call("POST", "/media", 1, content=data),
        small.call("POST", "/media", 1, content=iter([data[:70_000], data[70_000:]])),
        multipart(small, {"to": TO}, "document", ("big", data)),
        small.post("/messages", 1, {"to": TO, "document": {"data": b64(data)}}),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert "SM_MEDIA_MAX" in answer.json()["message"]
    assert kept(small) == set()
    assert small.call("POST", "/media", 1, content=data[1:]).status_code == 201


def test_a_file_without_end_is_cut_off(small: Running) -> None:
    head = b"POST /media HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(small.where, timeout=10) as connection:
        connection.sendall(head)
        with pytest.raises((ConnectionError, TimeoutError)):
            connection.sendall((b"10000\r\n" + b"x" * 65536 + b"\r\n") * 1000)
    assert kept(small) == set()


def test_a_file_that_comes_too_slowly_is_given_up_and_leaves_nothing(small: Running) -> None:
    head = b"POST /media HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r\nContent-Length: 100000\r\n\r\n"
    answer = small.raw(head + b"slow")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert kept(small) == set()


def test_an_upload_broken_off_leaves_nothing(ready: Running) -> None:
    head = b"POST /media HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cliente-Id: 1\r\nContent-Length: 1000000\r\n\r\n"
    with socket.create_connection(ready.where, timeout=10) as connection:
        connection.sendall(head + bytes(500_000))
        until(lambda: kept(ready), bool, "the file begins to arrive")
    until(lambda: kept(ready), lambda names: not names, "what was half is deleted")


def test_a_full_disk_is_said_so_and_nothing_half_is_kept(ready: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=1, f_frsize=4096))
        for answer in (
            ready.call("POST", "/media", 1, content=PDF),
            multipart(ready, {"to": TO}, "document", ("a.pdf", PDF)),
            ready.post("/messages", 1, {"to": TO, "document": {"data": b64(PDF * 100)}}),
            ready.post("/messages", 1, {"to": TO, "document": {"data": b64(PDF)}}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (507, "MEDIA_FULL"), answer.text
    assert kept(ready) == set()
    accepted(ready, document={"data": b64(PDF)})


def test_a_message_waits_for_its_client_with_its_file(service: Running) -> None:
    service.without_wait(1)
    told = accepted(service, document={"data": b64(PDF)})
    assert told["state"] == "queued"
    service.browser.scan(ClientId(1))
    assert arrives(service)[0].file.digest == sha(PDF)
    seen = until(lambda: service.get(f"/messages/{told['id']}", 1).json(), lambda one: one["state"] != "queued", "sent")
    assert seen["document"] == told["document"]


@pytest.fixture
def fetching(tmp_path: Path) -> Iterator[Running]:
    """A service that may fetch from loopback."""
    with Running(tmp_path / "data", media_allow_private=True, media_max=1, media_fetch_timeout=1.0) as running:
        running.ready(1)
        yield running
    assert running.code == 0


def test_a_file_is_fetched_before_the_promise(fetching: Running) -> None:
    with Receiver(always(receiver_answer(200, PICTURE, Content_Type="image/png"))) as receiver:
        url = f"http://127.0.0.1:{receiver.port}/a/photo.png"
        told = accepted(fetching, image={"url": url, "caption": "hi"})
        assert (told["image"]["digest"], told["image"]["filename"]) == (sha(PICTURE), "photo.png")
        kept_too = fetching.post("/media", 1, {"url": url, "filename": "b.png"}).json()
        assert (kept_too["digest"], kept_too["filename"]) == (sha(PICTURE), "b.png")
    assert arrives(fetching)[0].caption == "hi"


def test_an_address_under_the_same_key_is_fetched_once(fetching: Running) -> None:
    headers = {"Idempotency-Key": "one"}
    with Receiver(always(receiver_answer(200, PICTURE))) as receiver:
        body = {"to": TO, "image": {"url": f"http://127.0.0.1:{receiver.port}/"}}
        first = fetching.call("POST", "/messages", 1, json=body, headers=headers)
        receiver.behaviour = always(receiver_answer(404))
        again = fetching.call("POST", "/messages", 1, json=body, headers=headers)
        assert len(receiver.requests) == 1
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    body["image"] = {"url": "http://127.0.0.1:1/other"}
    other = fetching.call("POST", "/messages", 1, json=body, headers=headers)
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (receiver_answer(404), 502, "MEDIA_UNREACHABLE"),
        (receiver_answer(200, b"<html>", Content_Type="text/html"), 422, "MEDIA_REFUSED"),
        (receiver_answer(200, b"<!doctype html>x", Content_Type="image/png"), 422, "MEDIA_REFUSED"),
        (receiver_answer(200, b""), 422, "MEDIA_REFUSED"),
        (receiver_answer(200, bytes(MIB + 1)), 422, "MEDIA_REFUSED"),
        (None, 502, "MEDIA_UNREACHABLE"),
    ],
)
def test_an_address_without_a_file_is_refused_and_nothing_kept(
    fetching: Running, raw: bytes | None, status: int, code: str
) -> None:
    with Receiver(always(raw)) as receiver:
        answer = fetching.post("/messages", 1, {"to": TO, "image": {"url": f"http://127.0.0.1:{receiver.port}/"}})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert kept(fetching) == set()


def test_a_private_address_is_refused(ready: Running) -> None:
    with Receiver() as receiver:
        answer = ready.post("/messages", 1, {"to": TO, "image": {"url": f"http://127.0.0.1:{receiver.port}/"}})
        assert (answer.status_code, answer.json()["code"]) == (422, "MEDIA_REFUSED")
        assert "loopback" in answer.json()["message"]
        assert receiver.requests == []


def test_a_voice_message_is_converted_where_that_is_asked_for(ready: Running) -> None:
    wave = b"RIFF" + (36 + 16000).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    wave += b"".join(n.to_bytes(w, "little") for n, w in ((1, 2), (1, 2), (8000, 4), (16000, 4), (2, 2), (16, 2)))
    wave += b"data" + (16000).to_bytes(4, "little") + bytes(16000)
    headers = {"Idempotency-Key": "one"}
    body = {"to": TO, "voice": {"data": b64(wave), "convert": True, "filename": "memo.wav"}}
    first = ready.call("POST", "/messages", 1, json=body, headers=headers)
    assert first.status_code == 202, first.text
    again = ready.call("POST", "/messages", 1, json=body, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    told = first.json()["voice"]
    assert (told["mimetype"], told["filename"]) == ("audio/ogg; codecs=opus", "memo.ogg")
    converted = ready.call("POST", "/media/convert/voice", 1, content=wave)
    assert converted.json()["mimetype"] == "audio/ogg; codecs=opus"
    refused = ready.call("POST", "/media/convert/voice", 1, content=PDF)
    assert (refused.status_code, refused.json()["code"]) == (422, "MEDIA_REFUSED")
    broken = ready.call("POST", "/media/convert/video", 1, content=wave)
    assert (broken.status_code, broken.json()["code"]) == (422, "CONVERSION_FAILED")
    assert ready.call("POST", "/media/convert/song", 1, content=wave).status_code == 400
    assert not [name for name in kept(ready) if name.endswith(".part")]


def test_without_ffmpeg_a_conversion_says_what_to_install(ready: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    answer = ready.call("POST", "/media/convert/sticker", 1, content=PICTURE)
    assert (answer.status_code, answer.json()["code"]) == (501, "CONVERSION_UNAVAILABLE")
    assert "session-manager[media]" in answer.json()["message"]


def test_a_thousand_files_at_once_are_all_taken_and_all_leave(ready: Running) -> None:
    async def hand_in() -> list[int]:
        limits = httpx2.Limits(max_connections=200)
        async with httpx2.AsyncClient(
            base_url=ready.url, timeout=httpx2.Timeout(60.0, pool=None), limits=limits, verify=False
        ) as http:

            async def one(number: int) -> int:
                file = ("a.png", PICTURE + number.to_bytes(4))
                answer = await http.post(
                    "/messages", data={"to": TO}, files={"image": file}, headers={"X-Cliente-Id": "1"}
                )
                return answer.status_code

            return await asyncio.gather(*map(one, range(1000)))

    assert set(asyncio.run(hand_in())) == {202}
    until(lambda: len(sent(ready)), lambda count: count >= 1000, "all of them leave", 60.0)
    there = sent(ready)
    assert len({operation.file.digest for operation in there}) == len(there) == 1000
    assert len(kept(ready)) == 1000
