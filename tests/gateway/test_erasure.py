"""`DELETE /session/{clienteId}?everything=true`: nothing of the client is left, in any table or on disk."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actors.clients.events import ClientErased, MessageEdited
from actors.clients.operations.fields import File
from actors.clients.types import ClientId, State
from actors.media.folder import media_dir
from actors.media.retention import DeleteMediaNow
from actors.refusals import database_of
from actors.store import erasure
from actors.store.erasure import TABLES
from actors.store.rows.held import HoldEvent
from actors.store.rows.media import KeepMedia
from actors.store.rows.received import KeepReceived
from actors.store.schema import metadata, outbox_chats, webhook_lines
from actors.store.webhooks import RecordDeadLetter, RecordRetry
from tests.browser.pages import PICTURE_DATA
from tests.gateway.listening import Sse
from tests.gateway.running import PATIENCE, Running, until
from tests.store.postgresql import NoPostgreSQL, running

GONE, STAYS = 770_318, 8
MARK = "mark-of-the-erased"
PHONES = {GONE: "5491177777777", STAYS: "5491188888888"}
SHARED = PICTURE_DATA + b"of both"


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    """A service on each database."""
    if request.param == "sqlite":
        with Running(tmp_path / "data") as on_sqlite:
            yield on_sqlite
        return
    try:
        with running("fsync=off") as server, Running(tmp_path / "d", database_url=server.url("postgres")) as on_server:
            yield on_server
    except NoPostgreSQL as why:
        pytest.skip(str(why))


def lives(service: Running, client: int, mark: str) -> None:
    """Let a client leave a trace in every table."""
    number = ClientId(client)
    service.post("/init", client)
    service.browser.scan(number, PHONES[client])
    service.reaches(client, State.READY)
    config = {"name": mark, "metadata": {"shop": mark}}
    assert service.call("PATCH", f"/clients/{client}/config", json=config).status_code == 200
    assert service.post("/send", client, {"to": PHONES[client], "message": mark}).status_code == 200
    later = {"to": PHONES[client], "message": mark, "send_at": "2099-01-01T00:00:00Z"}
    assert service.post("/messages", client, later).status_code == 202
    for content in (SHARED, mark.encode()):
        file = {"data": base64.b64encode(content).decode(), "filename": f"{mark}.bin"}
        assert service.post("/media", client, file).status_code == 201
    service.browser.receive(number, PHONES[client], mark)
    hook = {"url": "https://93.184.216.34/hook", "active": False, "clients": [client], "events": ["message"]}
    webhook = service.post("/webhooks", json=hook).json()["id"]
    received = File(hashlib.sha256(mark.encode()).hexdigest(), len(mark), "text/plain", f"{mark}.txt")
    writes: list[Any] = [
        KeepReceived(number, mark, received, 1.0, 9e9),
        HoldEvent(number, MessageEdited({**dict.fromkeys(MessageEdited.fields), "id": mark, "body": mark}), 1.0),
        RecordDeadLetter(webhook, number, 50, mark, "message", json.dumps(mark), 1, mark, 500, 1.0, 2.0),
        RecordRetry(webhook, number, 51, 1, 9e9, 1.0, mark, 500),
    ]
    for write in writes:
        service.system.store.ask(write).get(timeout=PATIENCE)
    with database_of(service.settings).writing().begin() as connection:
        connection.execute(outbox_chats.insert(), {"client_id": client, "chat": mark, "named": mark})


def rows(service: Running) -> dict[str, list[dict[str, Any]]]:
    """Everything in the database, by table."""
    engine = database_of(service.settings).reading()
    with engine.connect() as connection:
        found = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def test_nothing_is_left_of_a_client_and_all_of_the_others(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure.EraseSome.__init__, "__defaults__", (1,))  # many steps
    lives(service, GONE, MARK)
    lives(service, STAYS, "the-other")
    until(
        lambda: rows(service)["events"], lambda all: sum(one["type"] == "message" for one in all) == 2, "both are told"
    )
    before = rows(service)
    empty = [table.name for table in TABLES if not any(one["client_id"] == GONE for one in before[table.name])]
    assert empty == [], "a table of which this test shows nothing"
    position = max(one["position"] for one in before["events"])

    answer = service.call("DELETE", f"/session/{GONE}?everything=true")
    assert answer.json()["success"] is True

    after = rows(service)
    (last,) = (one for one in after["events"] if one["client_id"] == GONE)
    assert last["type"] == ClientErased.type
    assert not [mark for mark in (MARK, PHONES[GONE]) if mark in json.dumps(after, default=str)]
    named = {name for name, found in after.items() for one in found if str(GONE) in str(one.get("client_id"))}
    assert named == {*erasure.STAY, "events"}
    assert all(one["sequence"] >= last["sequence"] - 1 for one in after[webhook_lines.name] if one["client_id"] == GONE)
    for table in TABLES:
        theirs = [one for one in before[table.name] if one["client_id"] == STAYS]
        assert [one for one in after[table.name] if one["client_id"] == STAYS] == theirs
    files = {path.name for path in media_dir(service.settings.data_dir).iterdir()}
    assert files == {hashlib.sha256(content).hexdigest() for content in (SHARED, b"the-other")}
    with Sse(service, f"?after={position}") as stream:
        told = stream.events(1)
    assert [one["type"] for one in told][-1] == ClientErased.type, "a reader goes on where it was"
    assert service.call("DELETE", f"/session/{GONE}?everything=true").status_code == 404


def test_what_a_deletion_left_can_be_erased_later(service: Running) -> None:
    lives(service, GONE, MARK)
    assert service.call("DELETE", f"/session/{GONE}").status_code == 200
    assert service.call("DELETE", f"/session/{GONE}").status_code == 404
    assert MARK in json.dumps(rows(service), default=str)
    assert service.call("DELETE", f"/session/{GONE}?everything=true").status_code == 200
    assert not [mark for mark in (MARK, PHONES[GONE]) if mark in json.dumps(rows(service), default=str)]


def test_what_was_under_way_while_a_client_was_erased_leaves_nothing(service: Running) -> None:
    lives(service, GONE, MARK)
    number, began = ClientId(GONE), time.time()
    webhook = service.get("/webhooks").json()[0]["id"]
    assert service.call("DELETE", f"/session/{GONE}?everything=true").status_code == 200
    late = File(hashlib.sha256(b"late").hexdigest(), 4, "text/plain", f"{MARK}.txt")
    edited = MessageEdited({**dict.fromkeys(MessageEdited.fields), "id": MARK, "body": MARK})
    writes: list[Any] = [
        KeepMedia(late, began, 9e9, number, began),
        KeepReceived(number, MARK, late, began, 9e9),
        HoldEvent(number, edited, began),
        RecordDeadLetter(webhook, number, 1, MARK, "message", json.dumps(MARK), 1, MARK, 500, 1.0, 2.0),
    ]
    answers = [service.system.store.ask(write).get(timeout=PATIENCE) for write in writes]
    assert (answers[0], answers[2]) == (None, False)
    service.system.media_retention.ask(DeleteMediaNow(), timeout=PATIENCE)
    assert MARK not in json.dumps(rows(service), default=str)


def test_an_upload_that_an_erasure_overtook_is_told_so(service: Running) -> None:
    directory = media_dir(service.settings.data_dir)
    head = f"POST /media HTTP/1.1\r\nHost: localhost\r\nX-Cliente-Id: {GONE}\r\nContent-Type: text/plain\r\n"
    lives(service, GONE, MARK)
    before = set(directory.iterdir())
    with socket.create_connection(service.where, timeout=PATIENCE) as upload:
        upload.sendall(f"{head}Content-Length: 8\r\nConnection: close\r\n\r\nhalf".encode())
        until(lambda: set(directory.iterdir()) - before, bool, "the file arrives")
        assert service.call("DELETE", f"/session/{GONE}?everything=true").status_code == 200
        upload.sendall(b"half")
        answer = b"".join(iter(partial(upload.recv, 65536), b""))
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"was erased while the file arrived" in answer
    service.system.media_retention.ask(DeleteMediaNow(), timeout=PATIENCE)
    until(lambda: list(directory.iterdir()), lambda left: not left, "its file is deleted")
