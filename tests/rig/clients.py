"""One client as its consumer sees it over HTTP, with the sandbox phone that owns its number."""

from __future__ import annotations

import base64
import io
from typing import Any, Protocol

import httpx2
import zxingcpp
from PIL import Image

from tests.rig.processes import Sandbox, until

Answer = dict[str, Any]


class Reachable(Protocol):
    """A service, whoever runs it."""

    @property
    def url(self) -> str:
        """Where it answers, without a final slash."""


class Consumer:
    """Calls the gateway for one client number. `number` is the WhatsApp number its phone has in the sandbox."""

    def __init__(self, service: Reachable, sandbox: Sandbox, client_id: int, number: str | None = None) -> None:
        self.client_id, self.sandbox = client_id, sandbox
        self.number = number or f"54911{client_id:08d}"
        headers = {"X-Cliente-Id": str(client_id)}
        self.http = httpx2.Client(base_url=service.url, headers=headers, timeout=60.0, verify=False)

    def close(self) -> None:
        """Give the connection back."""
        self.http.close()

    def init(self) -> httpx2.Response:
        return self.http.post("/init")

    def status(self) -> Answer:
        answer: Answer = self.http.get("/status").json()
        return answer

    def state(self) -> str:
        return str(self.status()["state"])

    def send(self, to: str, message: str, **fields: Any) -> httpx2.Response:
        return self.http.post("/send", json={"to": to, "message": message, **fields})

    def message(self, id: str) -> Answer:
        """How a message stands."""
        answer: Answer = self.http.get(f"/messages/{id}").raise_for_status().json()
        return answer

    def reaches(self, *states: str, seconds: float = 30.0) -> Answer:
        """The status once the state is one of these. Raises AssertionError with the last status after `seconds`."""
        what = f"client {self.client_id} reaches {' or '.join(states)}"
        return until(self.status, lambda status: status["state"] in states, what, seconds)

    def scan(self, **how: Any) -> None:
        """Have the phone scan what /status shows now; read again where the code rotated in between."""
        for _ in range(5):
            code = decoded(self.reaches("QR_REQUIRED")["qr_code_base64"])
            body = {"code": code, "number": self.number, **how}
            if self.sandbox.api.post("/api/scan", json=body).status_code == 200:
                return
        raise AssertionError("the code rotated five times while it was scanned")

    def pair(self, **how: Any) -> Answer:
        """POST /init, scan if a QR is shown, READY."""
        self.init().raise_for_status()
        if self.reaches("QR_REQUIRED", "READY")["state"] == "QR_REQUIRED":
            self.scan(**how)
        return self.reaches("READY")

    def phone(self, action: str, **body: Any) -> Any:
        """What happens to the account: `logout`, `ban`, `network`, … of the sandbox's control API."""
        return self.sandbox.post(f"/accounts/{self.number}/{action}", **body)


def decoded(data_url: str) -> str:
    """What a camera reads in a `data:image/png;base64,…` URL. Raises AssertionError unless there is exactly one QR."""
    png = base64.b64decode(data_url.removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(png)) as image:
        found = zxingcpp.read_barcodes(
            image.convert("L"), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
    assert len(found) == 1, f"{len(found)} QR codes were read"
    return str(found[0].text)
