"""The programs of docs/guides.md do what they say, on a real service, Chromium and the sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.conftest import Consumers, Serve
from tests.rig import Consumer, Service
from tests.rig.processes import ended, until

EXAMPLES = Path(__file__).parents[2] / "examples"
OTHER = "5491155550000"


@contextmanager
def running(service: Service, name: str, *arguments: str, stdin: str = "") -> Iterator[subprocess.Popen[str]]:
    """An example as a process; it is ended if it does not end by itself."""
    environment = {"PATH": os.environ["PATH"], "SERVICE": service.url, "CLIENT": "1"}
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        try:
            yield process
        finally:
            ended(process)  # type: ignore[arg-type]  # the same for texts


def line(process: subprocess.Popen[str]) -> str:
    """The next line that it prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def whole(process: subprocess.Popen[str]) -> str:
    """All that it prints until it ends with 0."""
    assert process.stdout is not None
    said = process.stdout.read()
    assert process.wait(10.0) == 0, said
    return said.strip()


def received(client: Consumer, number: str) -> list[dict[str, object]]:
    """What the phone of a number has got."""
    found: list[dict[str, object]] = client.sandbox.get(f"/phones/{number}")["received"]
    return found


def test_a_page_shows_codes_until_one_is_scanned(serve: Serve, consumer: Consumers, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    with serve() as service, running(service, "show_qr.py", str(page)) as program:
        assert line(program).startswith("a new code, until ")
        assert "data:image/png;base64," in page.read_text()
        consumer(service).scan()
        assert whole(program).endswith("linked")
        assert page.read_text() == "<h1>Linked</h1>"


def test_messages_are_answered_invoices_and_campaigns_arrive(serve: Serve, consumer: Consumers, tmp_path: Path) -> None:
    with serve() as service:
        client = consumer(service)
        client.pair()
        client.sandbox.post(f"/phones/{OTHER}")
        with running(service, "reply.py") as program:
            assert line(program) == "waiting for messages"
            client.http.get("/events/next", params={"consumer": "greeter", "types": "message", "wait": 0})
            client.sandbox.post(f"/phones/{OTHER}/send", to=client.number, text="What does it cost?")
            assert line(program).startswith("answered ")
        until(
            lambda: [message["text"] for message in received(client, OTHER)],
            lambda bodies: "You wrote: What does it cost?" in bodies,
            "the answer arrives",
            20.0,
        )
        invoice = tmp_path / "invoice.pdf"
        invoice.write_bytes(b"%PDF-1.4\n%%EOF\n")
        for _ in range(2):
            with running(service, "send_invoice.py", OTHER, str(invoice), "INVOICE-17") as program:
                assert whole(program).rpartition("\n")[2].strip() in ("sent", "delivered", "read")
        documents = [message for message in received(client, OTHER) if message["type"] == "document"]
        assert len(documents) == 1, documents
        with running(service, "campaign.py", "monday", stdin=f"{OTHER}\nnobody\n") as program:
            said = whole(program)
            assert "nobody refused: to should be a chat's id or a phone number" in said
        assert [message["text"] for message in received(client, OTHER)].count("We move on Monday.") == 1
