"""A disk that does not answer under `media/`: calls about files are refused, and nothing else is held up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.clients.operations.fields import File
from actors.clients.types import ClientId
from actors.media.folder import media_dir
from actors.media.threads import MediaThreads
from actors.store.rows.received import KeepReceived
from tests.gateway.running import PATIENCE, Running, until

SHORT = 0.3
DIGEST = "ab" * 32


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr("actors.media.media.MediaThreads", lambda *_: MediaThreads(2, SHORT))
    with Running(tmp_path / "data") as service:
        service.ready(1)
        yield service
    assert service.code == 0


def test_files_that_cannot_be_read_hold_up_nothing_else(service: Running) -> None:
    silent = media_dir(service.settings.data_dir) / DIGEST
    os.mkfifo(silent)  # whoever opens it waits until somebody writes
    file = File(DIGEST, 5, "image/png", "x.png")
    store = service.system.store
    store.ask(KeepReceived(ClientId(1), "3EB0AA", file, 1.0, 9e9)).get(timeout=PATIENCE)
    for _ in range(2):
        assert service.get("/media/3EB0AA.png", 1).status_code == 503
    until(lambda: service.system.media.threads.are_stuck, bool, "both threads wait for the disk")
    refused = service.call("POST", "/media", 1, content=b"%PDF-1.7", headers={"Content-Type": "application/pdf"})
    assert (refused.status_code, refused.json()["code"]) == (503, "STORE_UNAVAILABLE")
    assert "media/" in refused.json()["message"]
    assert refused.headers["retry-after"]
    assert service.get("/health").status_code == 200
    assert service.post("/send", 1, {"to": "5491122334455", "message": "text"}).status_code == 200
    with silent.open("wb", buffering=0):
        until(lambda: service.system.media.threads.are_stuck, lambda stuck: not stuck, "the disk answers again")
    kept = service.call("POST", "/media", 1, content=b"%PDF-1.7", headers={"Content-Type": "application/pdf"})
    assert kept.status_code == 201
