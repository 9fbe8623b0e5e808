"""Baileys, a client that is made by others, on the mock of WhatsApp's server.

It pairs by QR, logs in, sends, receives, comes back with its stored login, and is logged out from either side.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from sandbox.protocol.curve import KeyPair, verify
from tests.peers import installation
from tests.peers.program import Program
from tests.sandbox.protocol.process import ProtocolSandbox

pytestmark = pytest.mark.peers

ME, PERSON = "5491100000001", "5491122334455"
CHAT = f"{PERSON}@s.whatsapp.net"
PROGRAM = Path(__file__).parent / "programs/baileys.mjs"
StartBaileys = Callable[[], Program]


@pytest.fixture(scope="module")
def baileys() -> Path:
    try:
        return installation.baileys()
    except installation.OutOfReachError as error:
        pytest.skip(str(error))


@pytest.fixture
def server(baileys: Path) -> Iterator[ProtocolSandbox]:
    with ProtocolSandbox(baileys) as server:
        yield server


@pytest.fixture
def begin(server: ProtocolSandbox, baileys: Path, tmp_path: Path) -> Iterator[StartBaileys]:
    """Starts Baileys, each time with the login that the one before has stored."""
    running: list[Program] = []

    def start() -> Program:
        given = {"baileys": str(baileys), "url": server.url, "root": server.root, "directory": str(tmp_path / "login")}
        running.append(Program(["node", str(PROGRAM), json.dumps(given)], tmp_path / "errors.log", {}))
        return running[-1]

    yield start
    for program in running:
        program.close()


@pytest.fixture
def paired(server: ProtocolSandbox, begin: StartBaileys) -> Program:
    client = begin()
    server.post("/api/scan", code=client.hears("qr")["code"], number=ME, name="Shop")
    client.hears("close", code=515)
    assert client.hears("open")["me"] == f"{ME}:1@s.whatsapp.net"
    return client


def test_it_pairs_sends_receives_and_comes_back(server: ProtocolSandbox, begin: StartBaileys, paired: Program) -> None:
    paired.hears("keys")
    paired.hears("name", name="Shop")  # of the app state, whose codes it checks
    assert paired.does("known", number=PERSON) is True

    first = paired.does("send", to=CHAT, text="Hello")
    paired.hears("ack", id=first, status=4)
    server.post(f"/api/phones/{PERSON}/send", to=ME, text="Good morning")
    assert paired.hears("message", text="Good morning")["from"].endswith("@lid")
    second = paired.does("send", to=CHAT, text="How are you?")
    paired.hears("ack", id=second, status=4)

    paired.does("end")
    server.post(f"/api/phones/{PERSON}/send", to=ME, text="While you were away")
    again = begin()
    again.hears("open")
    again.hears("message", text="While you were away")
    third = again.does("send", to=CHAT, text="I am back")
    read = server.get(f"/api/phones/{PERSON}?wait=30&count=3")["received"]
    assert [(one["id"], one["text"]) for one in read] == [
        (first, "Hello"),
        (second, "How are you?"),
        (third, "I am back"),
    ]

    again.does("logout")
    again.hears("close", code=401)
    assert server.get(f"/api/phones/{ME}?linked=false&wait=30")["linked"] is False


def test_a_phone_logs_it_out_and_its_login_is_good_for_nothing(server: ProtocolSandbox, paired: Program) -> None:
    server.post(f"/api/phones/{ME}/logout")
    attempt = paired.hears("close", code=401)["attempt"]
    paired.asks("connect")
    paired.hears("close", code=401, attempt=attempt + 1)


def test_a_login_is_refused_for_a_reason_until_it_is_not(server: ProtocolSandbox, paired: Program) -> None:
    paired.does("end")
    attempt = paired.hears("open")["attempt"]
    for reason in (402, 403, 405, 503):
        server.post("/api/refuse", reason=reason)
        paired.asks("connect")
        attempt += 1
        paired.hears("close", code=reason, attempt=attempt)
    server.post("/api/refuse")
    paired.asks("connect")
    paired.hears("open", attempt=attempt + 1)


def test_signatures_are_those_of_another_implementation(begin: StartBaileys) -> None:
    client = begin()
    for turn in range(20):
        message = b"message %d" % turn
        pair = KeyPair.new()
        ours = {"key": pair.typed.hex(), "message": message.hex(), "signature": pair.sign(message).hex()}
        assert client.does("verify", **ours) is True
        assert client.does("verify", **ours | {"message": (message + b"!").hex()}) is False
        theirs = client.does("sign", message=message.hex())
        verify(bytes.fromhex(theirs["key"])[1:], message, bytes.fromhex(theirs["signature"]))


def test_a_code_that_nobody_shows_is_refused(server: ProtocolSandbox) -> None:
    for code, status in (("2@x,AAAA,AAAA,AAAA", 404), ("2@x", 400), ("2@x,A,A,A", 400)):
        answer = httpx2.post(f"{server.api}/api/scan", json={"code": code, "number": ME})
        assert answer.status_code == status
