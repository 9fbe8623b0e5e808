"""Backup and restore of the real service on real Chromium: what has left since the backup arrives once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from actors.backups import back_up, handed_over
from tests.e2e.conftest import Consumers, Serve
from tests.gateway.running import chosen
from tests.rig import Consumer, Sandbox, Service
from tests.rig.processes import until
from tests.store.restore_steps import KILLED

FRIEND = "5491122334455"


def command(*arguments: object) -> str:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    line = [sys.executable, "-m", "gateway.cli", *map(str, arguments)]
    done = subprocess.run(line, env=ours, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def queued(client: Consumer, text: str) -> str:
    """Accept a message while the network is away."""
    client.phone("network", online=False)
    client.reaches("DISCONNECTED_RECOVERABLE")
    answer = client.http.post("/messages", json={"to": FRIEND, "message": text})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def leaves(client: Consumer, id: str) -> None:
    client.phone("network", online=True)
    client.reaches("READY")
    stands(client, id)


def stands(client: Consumer, id: str) -> dict[str, Any]:
    past = ("sent", "delivered", "read")
    return until(
        lambda: client.message(id), lambda told: told["state"] in past, "the message is known to be sent", 30.0
    )


def arrivals(sandbox: Sandbox, client: Consumer, text: str) -> list[int]:
    found = sandbox.get(f"/accounts/{client.number}/messages")
    return [message["arrivals"] for message in found if message["text"] == text]


def test_what_has_left_since_the_backup_arrives_once_whichever_way_it_is_restored(
    serve: Serve, sandbox: Sandbox, consumer: Consumers, tmp_path: Path
) -> None:
    service: Service = serve().start()
    client = consumer(service)
    client.pair()
    id, file = queued(client, "before the backup"), tmp_path / "store.backup"
    command("backup", file, "--data-dir", service.data_dir)
    leaves(client, id)

    told = command("restore", file, "--data-dir", service.data_dir, "--url", service.url)
    assert "its clients resume" in told
    assert "have ended since the backup" in told
    client.reaches("READY", seconds=40.0)
    stands(client, id)

    assert service.stop() == 0
    (service.data_dir / "session-manager.db").write_bytes(b"\xff" * 50_000)
    assert "looked up" in command("restore", file, "--data-dir", service.data_dir)
    service.start()
    assert client.message(id)["state"] == "sending"
    client.reaches("READY", seconds=40.0)
    stands(client, id)
    assert [told["proof"] for told in service.events("outbox.looked_up")] == ["SETTLED"]

    assert client.send(FRIEND, "after it").status_code == 200
    assert arrivals(sandbox, client, "before the backup") == [1]
    assert arrivals(sandbox, client, "after it") == [1]


def doomed(service: Service, step: str) -> Service:
    """Start it as one that is killed at this step of its first restore."""
    service.program = ("tests.gateway.doomed_restore", "real", step)
    return service.start()


def test_a_service_that_is_killed_in_a_restore_goes_on_with_the_one_or_the_other(
    serve: Serve, sandbox: Sandbox, consumer: Consumers, tmp_path: Path
) -> None:
    service: Service = doomed(serve(), "the rename is done")
    client, file = consumer(service), tmp_path / "store.backup"
    client.pair()
    # Chromium is closed before the first kill, and dies with the service at the second: by then its login is on disk.
    for life, following in (("restored", "no new work is taken"), ("as it was", "the rename is done")):
        left = queued(client, f"{life}: left since")
        back_up(chosen(service.data_dir), file)
        leaves(client, left)
        since = client.http.post("/messages", json={"to": FRIEND, "message": f"{life}: new since"}).json()["id"]
        stands(client, since)
        handed = handed_over(chosen(service.data_dir))
        handed.mkdir()
        shutil.copy(file, handed / "a.backup")
        with pytest.raises(httpx.TransportError):
            client.http.post("/restore", json={"file": "a.backup"})
        assert service.wait() == KILLED

        doomed(service, following)
        client.reaches("READY", seconds=40.0)
        stands(client, left)
        assert client.http.get(f"/messages/{since}").status_code == (404 if life == "restored" else 200)
        assert not handed.exists()
        assert client.send(FRIEND, f"{life}: after it").status_code == 200
        for text in ("left since", "new since", "after it"):
            assert arrivals(sandbox, client, f"{life}: {text}") == [1]
    assert service.stop() == 0
