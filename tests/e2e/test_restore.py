"""Backup and restore of the real service on real Chromium: what has left since the backup arrives once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.conftest import Consumers, Serve
from tests.rig import Consumer, Sandbox, Service
from tests.rig.processes import until

FRIEND = "5491122334455"


def command(service: Service, *arguments: object) -> str:
    assert service.interpreter is not None
    done = service.interpreter.run(["gateway.cli", *map(str, arguments)], service.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


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


def test_what_has_left_since_the_backup_arrives_once_whatever_is_known_of_the_present(
    serve: Serve, sandbox: Sandbox, consumer: Consumers, tmp_path: Path
) -> None:
    service: Service = serve().start()
    client = consumer(service)
    client.pair()
    id, file = queued(client, "before the backup"), tmp_path / "store.backup"
    command(service, "backup", file)
    leaves(client, id)

    assert service.stop() == 0
    told = command(service, "restore", file)
    assert "have ended since the backup" in told
    service.start()
    client.reaches("READY", seconds=40.0)
    stands(client, id)

    assert service.stop() == 0
    (service.data_dir / "session-manager.db").write_bytes(b"\xff" * 50_000)
    assert "looked up" in command(service, "restore", file)
    service.start()
    assert client.message(id)["state"] == "sending"
    client.reaches("READY", seconds=40.0)
    stands(client, id)
    # Where the page tells the acknowledgement before it is asked, nothing is looked up.
    assert {told["proof"] for told in service.events("outbox.looked_up")} <= {"SETTLED"}

    assert client.send(FRIEND, "after it").status_code == 200
    assert arrivals(sandbox, client, "before the backup") == [1]
    assert arrivals(sandbox, client, "after it") == [1]
