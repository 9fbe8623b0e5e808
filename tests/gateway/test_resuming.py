"""What callers see of clients that wait for their turn after a restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from actors.browser.fake import BY_HAND, FakeBrowser
from actors.clients.types import ClientId
from tests.gateway.running import Running

CLIENTS = (1, 2, 3, 4)


def test_clients_that_are_to_resume_are_there_and_take_messages_from_the_first_moment(tmp_path: Path) -> None:
    with Running(tmp_path / "data") as before:
        for client in CLIENTS:
            before.ready(client)
    again = FakeBrowser(replace(BY_HAND, closes=True))  # no WhatsApp answers: nothing is told of a launch
    for client in CLIENTS:
        again.keep_login(ClientId(client))
    with Running(tmp_path / "data", again) as service:
        assert service.get("/clients").json() == [{"id": client, "state": "RECONNECTING"} for client in CLIENTS]
        assert [service.status(client)["queue_position"] for client in CLIENTS] == [None, None, 1, 2]
        for client in CLIENTS:
            answer = service.post("/messages", client, {"to": "5491122334455", "message": "promised"})
            assert answer.status_code == 202, answer.text
        assert service.get("/ready").json()["ready"] is True
        assert service.post("/init", 4).json()["status"]["state"] == "RECONNECTING"
        assert service.status(3)["queue_position"] == 1
        assert service.status(4)["queue_position"] is None
        assert sorted(again.opened) == [1, 2, 4]
