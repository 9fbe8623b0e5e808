"""WhatsApp's side of the fake browser, on disk: what it has seen outlives every kill of the service.

`out.jsonl` has one line an arrival, `in-<client>.jsonl` one line a message to that client. Only the service writes the
first, with one write system call a line, which a SIGKILL cannot take back; only the campaign writes the others.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

from actors.browser.fake import Outgoing, WhatsApp
from actors.clients.events import AccountEvent, MessageArrived
from actors.clients.types import ClientId
from tests.campaign.verdict import Arrival

KEPT = 500
"""Messages that a page knows from before it was opened."""


class RecordedWhatsApp(WhatsApp):
    """What a service begins with. Under the lock of the browser that uses it."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._read: dict[ClientId, int] = {}
        for arrival in arrivals(directory):
            self._arrivals[ClientId(arrival.client_id), arrival.id] += arrival.times
        self._out = os.open(directory / "out.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def deliver(self, delivery: Outgoing) -> None:
        """One more arrival, on disk."""
        told = delivery.operation.arguments
        file = told.get("file") or {}
        text = told.get("text") or told.get("caption") or file.get("filename", "")
        line = [delivery.client_id, delivery.chat, delivery.message_id, text, file.get("digest")]
        os.write(self._out, json.dumps(line).encode() + b"\n")
        super().deliver(delivery)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._out)

    def collect(self, client_id: ClientId) -> list[AccountEvent]:
        """What a page that is opened has in its memory: the newest messages, told before or not."""
        self._read[client_id] = 0
        return self.new(client_id)[-KEPT:]

    def new(self, client_id: ClientId) -> list[AccountEvent]:
        """What has come since the client's messages were last read."""
        file = self._directory / f"in-{client_id}.jsonl"
        if not file.exists():
            return []
        with file.open("rb") as lines:
            lines.seek(self._read.get(client_id, 0))
            found = lines.read()
        whole = found[: found.rfind(b"\n") + 1]
        self._read[client_id] = self._read.get(client_id, 0) + len(whole)
        return [MessageArrived(json.loads(line)) for line in whole.splitlines()]


def written(directory: Path, client_id: int, phone: str, text: str, id: str) -> None:
    """Somebody writes to a client. One thread at a time for each client."""
    chat = f"{phone}@c.us"
    told = {"id": f"false_{chat}_{id}", "chat": chat, "phone": phone, "lid": None, "text": text, "from_me": False}
    file = os.open(directory / f"in-{client_id}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, json.dumps(told).encode() + b"\n")
    finally:
        os.close(file)


def arrivals(directory: Path) -> list[Arrival]:
    """Everything that ever arrived, in the order of first arrivals."""
    file = directory / "out.jsonl"
    lines = [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []
    found: dict[tuple[int, str], Arrival] = {}
    for client_id, chat, id, text, digest in lines:
        known = found.get((client_id, id))
        if known is None:
            found[client_id, id] = Arrival(client_id, chat, id, text, 1, digest)
        else:
            found[client_id, id] = replace(known, times=known.times + 1)
    return list(found.values())


def count(directory: Path) -> int:
    """How many arrivals there have been."""
    file = directory / "out.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0
