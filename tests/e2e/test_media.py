"""Files from the caller to the phone, through everything: and once, whatever dies on the way."""

from __future__ import annotations

import hashlib
import random

import psutil
import pytest

from tests.e2e.conftest import Consumers, Serve
from tests.rig import Consumer, Sandbox, Service, naming
from tests.rig.processes import until

FRIEND = "5491122334455"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
MIB = 1024 * 1024


def document(size: int) -> bytes:
    return b"%PDF-1.7 " + random.randbytes(size)


def hand_in(client: Consumer, data: bytes, kind: str = "document", **fields: str) -> str:
    answer = client.http.post("/messages", data={"to": FRIEND, **fields}, files={kind: ("a file", data)})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def reaches(client: Consumer, id: str, *states: str) -> dict[str, object]:
    return until(lambda: client.message(id), lambda told: told["state"] in states, f"{id} is {states}", 30.0)


def kill_chromium(service: Service) -> None:
    for pid in naming(service.data_dir / "profiles"):
        with_main = psutil.Process(pid)
        if not any(argument.startswith("--type=") for argument in with_main.cmdline()):
            with_main.kill()
            return
    raise AssertionError("no Chromium runs")


def test_files_and_texts_arrive_in_their_order_byte_for_byte(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    client = consumer(serve().start())
    client.pair()
    large, picture = document(16 * MIB), PNG + random.randbytes(MIB)
    ids = [hand_in(client, large), hand_in(client, picture, "image", caption="second")]
    third = client.http.post("/messages", json={"to": FRIEND, "message": "third"}).json()["id"]
    for id in (*ids, third):
        reaches(client, id, "delivered", "read")
    arrived = sandbox.get(f"/phones/{FRIEND}")["received"]
    assert [message["type"] for message in arrived] == ["document", "image", "chat"]
    digests = [message["media"]["sha256"] for message in arrived if message["media"]]
    assert digests == [hashlib.sha256(data).hexdigest() for data in (large, picture)]


@pytest.mark.parametrize("killed", ["Chromium", "the service"])
def test_what_dies_in_the_middle_of_an_upload_costs_nothing(
    serve: Serve, sandbox: Sandbox, consumer: Consumers, killed: str
) -> None:
    service = serve(backoff_first=0.2, backoff_cap=0.5).start()
    client, data = consumer(service), document(MIB)
    client.pair()
    sandbox.post("/settings", uploads="hang")
    id = hand_in(client, data)
    until(lambda: sandbox.get("/state")["uploads"], bool, "the upload is under way", 20.0)
    if killed == "Chromium":
        kill_chromium(service)
    else:
        service.kill()
    sandbox.post("/settings", uploads="ok")
    if killed == "the service":
        service.start()
        client.reaches("READY")
    reaches(client, id, "sent", "delivered", "read")
    (message,) = sandbox.get(f"/phones/{FRIEND}")["received"]
    assert (message["arrivals"], message["media"]["sha256"]) == (1, hashlib.sha256(data).hexdigest())


def test_a_message_whose_file_is_gone_fails_and_the_next_one_leaves(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    service = serve().start()
    client = consumer(service)
    client.init()
    client.reaches("QR_REQUIRED")
    data = document(1000)
    gone, fine = hand_in(client, data), hand_in(client, document(1000))
    (service.data_dir / "media" / hashlib.sha256(data).hexdigest()).unlink()
    client.pair()
    assert "gone from the media store" in str(reaches(client, gone, "failed")["reason"])
    reaches(client, fine, "sent", "delivered", "read")


def test_64_mib_pass_without_the_service_growing(serve: Serve, sandbox: Sandbox, consumer: Consumers) -> None:
    service = serve().start()
    client, process = consumer(service), psutil.Process(service.pid)
    client.pair()
    reaches(client, hand_in(client, document(MIB)), "sent", "delivered", "read")
    before = most = process.memory_info().rss
    id = hand_in(client, document(64 * MIB - 100))
    while client.message(id)["state"] in ("queued", "sending"):
        most = max(most, process.memory_info().rss)
    most = max(most, process.memory_info().rss)
    assert client.message(id)["state"] != "failed", client.message(id)
    assert most - before < 8 * MIB
