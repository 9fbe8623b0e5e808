"""`serve --sandbox`: the sandbox beside the service comes back with it, and is the world of its store."""

from __future__ import annotations

from pathlib import Path

import httpx2

from tests.rig import Service
from tests.rig.processes import until

SHOP, FRIEND = "5491100000099", "5491122334455"
ME = {"X-Cliente-Id": "99"}


class Beside(Service):
    """A service with a sandbox of its own."""

    program = ("gateway.cli", "serve", "--sandbox")

    def phones(self) -> str:
        """Where its sandbox is, as it has printed it last."""
        said = self.log.read_bytes()[self.log_starts :].decode().partition("Phones: ")[2]
        return said.partition("phones")[0]

    def state(self) -> str:
        return str(httpx2.get(f"{self.url}/status", headers=ME, timeout=30.0).json()["state"])


def test_a_client_of_the_sandbox_is_ready_after_a_restart_without_a_scan(tmp_path: Path) -> None:
    service = Beside(tmp_path / "data", "https://web.whatsapp.com/")
    try:
        service.start()
        first = service.phones()
        httpx2.post(f"{service.url}/init", headers=ME, timeout=30.0).raise_for_status()
        (page,) = httpx2.get(f"{first}api/pages", params={"wait": 20}, timeout=30.0).json()
        scan = {"page": page["id"], "number": SHOP}
        httpx2.post(f"{first}api/scan", json=scan, timeout=30.0).raise_for_status()
        until(service.state, lambda state: state == "READY", "it is linked", 30.0)
        sent = {"to": FRIEND, "message": "before"}
        httpx2.post(f"{service.url}/send", headers=ME, json=sent, timeout=30.0).raise_for_status()
        assert service.stop() == 0

        service.start()
        assert service.phones() == first, "the same port: the login in Chromium is of that origin"
        until(service.state, lambda state: state == "READY", "it comes back", 30.0)
        phone = httpx2.get(f"{first}api/phones/{FRIEND}", timeout=30.0).json()
        assert [message["text"] for message in phone["received"]] == ["before"]
        states = [change["after"] for change in service.events("client.state")]
        assert "QR_REQUIRED" not in states
    finally:
        service.kill_if_running()
