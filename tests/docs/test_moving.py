"""The programs of those who move here, from WAHA and from v2.0, do what they did: on a service in this process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors.clients.types import ClientId, State
from tests.gateway.running import Running, until

EXAMPLES = Path(__file__).parents[2] / "examples"
KEY, FRIEND = "the-key-of-somebody-who-moves", "5491122334455"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path / "data", api_key=KEY) as running:
        yield running
    assert running.code == 0


@contextmanager
def moving(name: str, where: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The program in a directory of its own; it must end with 0."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), FRIEND, "Hello"]
    with subprocess.Popen(
        command, cwd=where, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        try:
            yield program
            said, _ = program.communicate(timeout=20.0)
        finally:
            program.kill()  # of one that has ended, nothing
        assert program.returncode == 0, said
        (where / "said").write_text(said)


def scanned(service: Running, client_id: int) -> None:
    until(lambda: service.status(client_id)["state"], State.QR_REQUIRED.__eq__, "a QR is shown")
    service.browser.scan(ClientId(client_id))


def test_a_program_for_waha_pairs_looks_up_sends_and_reads(service: Running, tmp_path: Path) -> None:
    with moving("from_waha.py", tmp_path, WAHA_URL=service.url, WAHA_API_KEY=KEY, WAHA_SESSION="shop"):
        until(lambda: service.system.registry.named("shop"), bool, "the session is made")
        client_id = service.system.registry.named("shop")
        assert client_id is not None
        until((tmp_path / "qr.png").exists, bool, "the QR is drawn")
        scanned(service, client_id)
    *_, sent, read = (tmp_path / "said").read_text().splitlines()
    assert sent.startswith(f"sent true_{FRIEND}@c.us_")
    assert read == f"{FRIEND}@c.us Good morning"
    assert (tmp_path / "qr.png").read_bytes().startswith(b"\x89PNG")


def test_a_program_for_v2_starts_pairs_and_sends(service: Running, tmp_path: Path) -> None:
    with moving("from_v2.py", tmp_path, SERVICE=service.url, CLIENT="7", API_KEY=KEY):
        until((tmp_path / "qr.html").exists, bool, "the QR is drawn")
        scanned(service, 7)
    begun, shown, *_, sent = (tmp_path / "said").read_text().splitlines()
    assert begun == "init 200 INITIALIZING"
    assert shown == "QR_REQUIRED - Scan QR code to authenticate"
    assert sent.startswith(f"sent true_{FRIEND}@c.us_")
    assert "data:image/png;base64," in (tmp_path / "qr.html").read_text()
