"""The commands that are clients of a service, against the real gateway over the fake browser."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from actors.browser.fake import FakeBrowser
from actors.clients.errors import OperationRefused
from actors.clients.operations.fields import File
from actors.clients.operations.groups import Admission, CreateGroup
from actors.clients.operations.messages import (
    ContactCard,
    ForwardMessage,
    SendContacts,
    SendLocation,
    SendPoll,
    SendText,
)
from actors.clients.operations.received import FetchMedia
from actors.clients.protocol import PairingCodeRenewed, PairingHindered
from actors.clients.types import ClientId, Reason, State
from gateway.cli.clients import BLOCKS, drawn
from gateway.status_cache import data_url
from tests.browser.pages import PICTURE_DATA
from tests.gateway.decoding import decoded
from tests.gateway.running import Running, until
from tests.rig.forked import Interpreter

ADMIN = "an-admins-key-of-32-characters-xx"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, FakeBrowser()) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Result:
    """What a command printed, and how it ended."""

    exit_code: int
    stdout: str
    stderr: str


class Forks:
    """What the commands are forked from."""

    interpreter: Interpreter


@pytest.fixture(scope="module", autouse=True)
def forks(interpreter: Interpreter) -> None:
    Forks.interpreter = interpreter


def ran(*words: str, **environment: str) -> Result:
    """A command, as its own process."""
    done = Forks.interpreter.run(["gateway.cli", *words], os.environ | {"COLUMNS": "200"} | environment)
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def typed(service: Running, *words: str, key: str | None = None) -> Result:
    """A command that is told where the service is."""
    return ran(*words, SESSION_MANAGER_URL=service.url, **({"SESSION_MANAGER_KEY": key} if key else {}))


def told(service: Running, *words: str, key: str | None = None) -> Any:
    """The JSON a command printed."""
    result = typed(service, *words, "--json", key=key)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def sentence(result: Result, exit_code: int) -> str:
    """The one line a command gives up with."""
    assert result.exit_code == exit_code, result
    [line] = result.stderr.splitlines()
    return line


def test_clients_are_listed_for_people_and_for_scripts(service: Running) -> None:
    service.ready(1)
    heading, row = typed(service, "clients").stdout.splitlines()
    assert heading.split() == ["CLIENT", "STATE", "SINCE", "PHONE", "MEMORY", "WHY"]
    assert row.split()[:2] == ["1", "READY"]
    assert service.status(1)["since"] in row
    assert told(service, "clients") == [{"id": 1, "state": "READY"}]


def test_chats_their_messages_and_contacts_are_listed(service: Running) -> None:
    service.ready(1)
    chats = typed(service, "chats", "1").stdout.splitlines()
    assert chats[0].split()[:2] == ["CHAT", "NAME"]
    assert "5491122334455@c.us" in chats[1]
    assert "Good morning" in chats[1]
    messages = typed(service, "chats", "1", "+54 9 11 2233-4455", "--limit", "3").stdout
    assert "false_5491122334455@c.us_3AF0A9E082754536608C" in messages
    (asked,) = service.browser.page(ClientId(1)).ordered("GetChatMessages")
    assert (asked["chat"], asked["limit"]) == ("5491122334455@c.us", 3)
    assert "Ana Díaz" in typed(service, "contacts", "1", "--mine").stdout
    assert told(service, "contacts", "1")["total"] == 1


def test_init_shows_a_qr_and_waits_until_the_client_is_ready(service: Running) -> None:
    with ThreadPoolExecutor(1) as pool:
        typing = pool.submit(typed, service, "init", "7", "--wait", "20")
        until(lambda: service.status(7)["state"], lambda state: state == State.QR_REQUIRED, "a QR is shown", 30.0)
        service.browser.scan(ClientId(7))
        result = typing.result()
    assert result.exit_code == 0
    assert "READY" in result.stdout


def test_init_shows_a_pairing_code_where_a_phone_is_named(service: Running) -> None:
    result = typed(service, "init", "7", "--phone", "5491122334455", "--wait", "2")
    assert "ABCD1234" in result.stdout
    assert "QR_REQUIRED" in sentence(result, 1)


def test_init_prints_each_renewed_pairing_code_and_why_there_is_no_further_one(service: Running) -> None:
    with ThreadPoolExecutor(1) as pool:
        command = pool.submit(typed, service, "init", "7", "--phone", "5491122334455", "--wait", "20")
        until(lambda: service.status(7).get("pairing_code"), bool, "a code is shown", 30.0)
        page = service.browser.page(ClientId(7))
        page.tell(PairingCodeRenewed("WXYZ6789", 60.0))
        looked_at(service)
        page.tell(PairingHindered(Reason.PAIRING_CODE_OVER, "no further code: scan the QR"))
        looked_at(service)
        service.browser.scan(ClientId(7))
        result = command.result()
    assert result.exit_code == 0
    codes = [line for line in result.stdout.splitlines() if "Type this code" in line]
    assert [line.rpartition(" ")[2] for line in codes] == ["ABCD1234", "WXYZ6789"]
    assert "no further code: scan the QR" in result.stdout


def looked_at(service: Running) -> None:
    """Wait until GET /status was answered twice more: whoever watches has seen what was told before."""
    name = "session_manager_http_request_seconds_count"

    def answers() -> float:
        lines = service.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and 'route="/status"' in line)

    before = answers()
    until(answers, lambda now: now >= before + 2, "the command looks again", 30.0)


def test_init_for_scripts_prints_json_alone_and_shows_the_qr_beside_it(service: Running) -> None:
    result = typed(service, "init", "7", "--wait", "2", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["state"] == "QR_REQUIRED"
    assert "▀" in result.stderr
    assert result.stderr.splitlines()[-1] == "session-manager: Client 7 is QR_REQUIRED: not READY in time"


def test_a_status_is_told_without_its_image(service: Running) -> None:
    service.post("/init", 1)
    result = typed(service, "status", "1")
    assert "QR_REQUIRED" in result.stdout
    assert "base64" not in result.stdout
    assert result.stdout.splitlines()[0].split() == ["cliente_id", "1"]
    assert told(service, "status", "1")["qr_code_base64"].startswith("data:image/png;base64,")


def test_a_message_is_sent_or_queued(service: Running) -> None:
    service.ready(1)
    assert told(service, "send", "1", "5491122334455", "hello")["state"] == "sent"
    assert told(service, "send", "1", "5491122334455", "later", "--queue")["state"] == "queued"


TO = "5491122334455"
KINDS = {
    "place": ("Obelisco", "--location", "-34.6,-58.4"),
    "contact": ("--contact", "Ana=+5491133334444"),
    "poll": ("When?", "--poll", "now", "--poll", "later", "--multiple"),
    "forward": ("--forward", "3EB0AA"),
    "reply": ("yes", "--reply-to", "3EB0AA", "--mention", "5491133334444"),
    "preview": ("see https://example.com", "--link-preview"),
}
SENT = {
    "place": SendLocation(f"{TO}@c.us", -34.6, -58.4, "Obelisco"),
    "contact": SendContacts(f"{TO}@c.us", (ContactCard("Ana", "5491133334444"),)),
    "poll": SendPoll(f"{TO}@c.us", "When?", ("now", "later"), multiple_answers=True),
    "forward": ForwardMessage(f"{TO}@c.us", "3EB0AA"),
    "reply": SendText(f"{TO}@c.us", "yes", reply_to="3EB0AA", mentions=("5491133334444@c.us",)),
    "preview": SendText(f"{TO}@c.us", "see https://example.com", link_preview=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_message_is_sent(service: Running, kind: str) -> None:
    service.ready(1)
    assert told(service, "send", "1", TO, *KINDS[kind])["state"] == "sent"
    (delivery,) = service.browser.whatsapp.deliveries
    assert delivery.operation == SENT[kind]


def test_a_file_is_sent_by_its_name(service: Running, tmp_path: Path) -> None:
    service.ready(1)
    picture, invoice = tmp_path / "photo.png", tmp_path / "invoice.pdf"
    picture.write_bytes(PICTURE_DATA)
    invoice.write_bytes(b"%PDF-1.7")
    assert told(service, "send", "1", TO, "here", "--file", str(picture))["image"]["caption"] == "here"
    assert (
        told(service, "send", "1", TO, "--file", str(picture), "--as", "document")["document"]["filename"]
        == "photo.png"
    )
    assert told(service, "send", "1", TO, "--file", str(invoice))["document"]["mimetype"] == "application/pdf"
    assert "not a picture" in sentence(typed(service, "send", "1", TO, "--file", str(invoice), "--as", "image"), 1)
    assert typed(service, "send", "1", TO, "--file", str(tmp_path / "gone")).exit_code == 2
    assert len(service.browser.whatsapp.deliveries) == 3


def test_what_became_of_messages_is_listed_and_one_is_cancelled(service: Running) -> None:
    service.ready(1)
    assert typed(service, "messages", "1").stdout.strip() == "Client 1 was given no message."
    typed(service, "send", "1", "5491122334455", "Hello")
    later = {"to": "5491122334455", "location": {"latitude": 1, "longitude": 2, "name": "Here"}}
    later["send_at"] = "2030-01-01T00:00:00Z"
    id = service.http.post("/messages", json=later, headers={"X-Cliente-Id": "1"}).json()["id"]
    heading, newest, oldest = typed(service, "messages", "1").stdout.splitlines()
    assert heading.split() == ["AT", "TO", "STATE", "MESSAGE", "WHY", "ID"]
    assert newest.split()[1:] == ["5491122334455@c.us", "queued", "Here", id]
    assert oldest.split()[1:4] == ["5491122334455@c.us", "sent", "Hello"]
    assert "queued" in typed(service, "messages", "1", id).stdout
    assert told(service, "messages", "1", id, "--cancel")["state"] == "cancelled"
    assert sentence(typed(service, "messages", "1", "none"), 1)
    assert typed(service, "messages", "1", "--cancel").exit_code == 2


def test_the_file_of_a_message_is_fetched_and_saved(service: Running, tmp_path: Path) -> None:
    service.ready(1)

    def file(*_: object) -> File:
        folder = service.system.media._folder
        incoming = folder.begin()
        incoming.write(b"%PDF-1.4")
        return File(folder.keep(incoming), 8, "application/pdf", "../invoice.pdf")

    service.browser.answers[FetchMedia] = file
    message = ("5491122334455", "false_5491122334455@c.us_3AF0A9E082754536608C")
    saved = tmp_path / "invoice.pdf"
    assert typed(service, "fetch", "1", *message, "--to", str(tmp_path)).stdout.strip() == str(saved)
    assert saved.read_bytes() == b"%PDF-1.4"
    again = typed(service, "fetch", "1", *message, "--to", str(tmp_path))
    assert (again.exit_code, "exists" in again.stderr) == (2, True)
    assert told(service, "fetch", "1", *message, "--to", str(saved))["saved"] == str(saved)
    service.browser.answers[FetchMedia] = lambda *_: OperationRefused("WhatsApp has it no more", "404")
    assert "WhatsApp has it no more" in sentence(typed(service, "fetch", "1", *message), 1)


def test_what_is_no_place_and_no_card_is_said(service: Running) -> None:
    for words in (("--location", "here"), ("--contact", "Ana")):
        assert typed(service, "send", "1", TO, *words).exit_code == 2


def test_an_idempotency_key_sends_once(service: Running) -> None:
    service.ready(1)
    words = ("send", "1", "5491122334455", "hello", "--idempotency-key", "k1")
    assert told(service, *words)["id"] == told(service, *words)["id"]
    assert len(service.browser.whatsapp.deliveries) == 1


def test_a_client_is_stopped_started_again_logged_out_and_deleted(service: Running) -> None:
    service.ready(1)
    assert typed(service, "stop", "1").exit_code == 0
    assert told(service, "clients") == []
    assert told(service, "clients", "--all") == [{"id": 1, "state": "NOT_INITIALIZED"}]
    assert "NOT_INITIALIZED" in typed(service, "clients", "-a").stdout
    assert told(service, "init", "1")["state"] == "READY"
    assert told(service, "logout", "1")["status"]["state"] == "DISCONNECTED_LOGOUT"
    assert told(service, "delete", "1")["success"] is True
    assert told(service, "clients") == []


def test_events_are_followed_from_a_position(service: Running) -> None:
    service.ready(1)
    result = typed(service, "tail", "--after", "0", "--types", "client.state", "--count", "3", "--json")
    assert result.exit_code == 0, result.stderr
    states = [json.loads(line)["payload"]["state"] for line in result.stdout.splitlines()]
    assert states == ["INITIALIZING", "QR_REQUIRED", "INITIALIZING"]
    piped = typed(service, "tail", "--after", "0", "--count", "1").stdout
    assert json.loads(piped)["type"] == "client.state"


def test_what_the_service_refuses_is_one_sentence_and_exit_code_1(service: Running) -> None:
    told_no = sentence(typed(service, "send", "1", "5491122334455", "hello"), 1)
    assert told_no == (
        "session-manager: WhatsApp session not ready. Current state: NOT_INITIALIZED"
        ": `session-manager init CLIENT` starts a client, and waits until it is READY"
    )


@pytest.mark.parametrize("command", ["clients", "tail"])
def test_no_service_is_exit_code_4_at_once(command: str) -> None:
    assert "http://127.0.0.1:1" in sentence(ran(command, "--url", "http://127.0.0.1:1"), 4)


@pytest.mark.parametrize("said", [b"<html>hello</html>", b'{"a": 1}'])
def test_an_address_of_something_else_is_one_sentence(said: bytes) -> None:
    with something_else(said) as url:
        told_no = sentence(ran("clients", "--url", url), 1)
    assert told_no == f"session-manager: {url} is no session-manager: name the service's address with --url."


@contextmanager
def something_else(said: bytes) -> Iterator[str]:
    """A server of something else: every GET is answered with 200 and these bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(server.handle_request)
        yield f"http://127.0.0.1:{server.server_address[1]}"


def test_what_cannot_be_printed_is_one_sentence(service: Running) -> None:
    command = [sys.executable, "-m", "gateway.cli", "clients", "--url", service.url]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, b"session-manager: No space left on device.\n")


def test_tables_that_nobody_looks_at_are_not_cut(service: Running) -> None:
    name = "a name that is longer than what is left of eighty columns, [/b] and no markup"
    made = told(service, "keys", "create", name)
    result = ran("keys", "list", "--url", service.url, "--key", made["key"], COLUMNS="")
    assert name in result.stdout


@pytest.mark.parametrize("number", ["0", "-1", "x", "2147483648"])
def test_a_number_that_is_none_is_exit_code_2(number: str) -> None:
    assert ran("status", number).exit_code == 2


def test_keys_are_created_listed_and_revoked_over_http(tmp_path: Path) -> None:
    with Running(tmp_path, api_key=ADMIN) as service:
        made = told(service, "keys", "create", "reader", "--scope", "read", "--client", "7", key=ADMIN)
        listed = {entry["id"]: entry for entry in told(service, "keys", "list", key=ADMIN)}
        assert listed[made["id"]]["clients"] == [7]
        assert "key" not in listed[made["id"]]
        assert typed(service, "keys", "revoke", made["id"], key=ADMIN).exit_code == 0
        refused = sentence(typed(service, "status", "7", key=made["key"]), 1)
        assert refused.startswith("session-manager: A valid API key is required")
        assert refused.endswith(": give it with --key or SESSION_MANAGER_KEY")


def test_webhooks_are_created_listed_and_deleted(service: Running) -> None:
    made = told(service, "webhooks", "create", "https://93.184.216.34/hook", "--event", "message.*", "--client", "7")
    assert made["secret"]
    [listed] = told(service, "webhooks", "list")
    assert (listed["id"], listed["events"], listed["clients"]) == (made["id"], ["message.*"], [7])
    assert made["id"] in typed(service, "webhooks", "list").stdout
    assert told(service, "webhooks", "dead-letters", made["id"])["dead_letters"] == []
    assert "sent again: 0" in typed(service, "webhooks", "replay", made["id"]).stdout
    assert typed(service, "webhooks", "delete", made["id"]).exit_code == 0
    assert told(service, "webhooks", "list") == []


def test_keys_are_made_before_the_first_start(tmp_path: Path) -> None:
    made = ran("keys", "create", "ops", "--offline", SM_DATA_DIR=str(tmp_path))
    assert made.exit_code == 0, made.stderr
    service = Running(tmp_path)
    with service.unready():
        until(lambda: service.get("/clients").status_code, lambda code: code == 401, "strangers are turned away")
        key = made.stdout.strip()
        until(lambda: typed(service, "clients", key=key).exit_code, lambda code: code == 0, "the key is known", 30.0)


@pytest.mark.parametrize("code", ["2@short", "2@" + "Zm9vYmFy" * 30])
def test_a_camera_reads_the_terminals_qr_as_the_code(code: str) -> None:
    shown = data_url(code)
    assert shown is not None
    pairs = {block: pair for pair, block in BLOCKS.items()}
    lines = drawn(shown).split("\n")
    rows = [[pairs[block][half] for block in line] for line in lines for half in (0, 1)]
    image = Image.new("L", (len(rows[0]), len(rows)))
    image.putdata([255 * light for row in rows for light in row])
    picture = io.BytesIO()
    image.resize((image.width * 4, image.height * 4), Image.Resampling.NEAREST).save(picture, "PNG")
    assert decoded("data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()) == code


def test_groups_are_listed_shown_and_created(service: Running) -> None:
    service.ready(1)
    example = CreateGroup.example
    heading, row = typed(service, "groups", "list", "1").stdout.splitlines()
    assert (heading.split(), row.split()[0]) == (["GROUP", "MEMBERS", "SUBJECT"], example.group.id)
    assert [one["id"] for one in told(service, "groups", "list", "1")] == [example.group.id]
    shown = typed(service, "groups", "show", "1", example.group.id).stdout
    assert "5491122334455" in shown
    assert "superadmin" in shown
    refused = Admission("5491133333333@c.us", 403, None, "5491133333333", "Fk2Zr0x7QqIBWmC3yNvHtA", 1796049062)
    service.browser.answers[CreateGroup] = lambda _page, _: replace(example, participants=(refused,))
    made = typed(service, "groups", "create", "1", "Team", "5491133333333").stdout.splitlines()
    assert made[0] == example.group.id
    assert made[-1].split() == ["5491133333333", "403", "Fk2Zr0x7QqIBWmC3yNvHtA"]
    assert "yes" not in shown
    assert "has left" in typed(service, "groups", "leave", "1", example.group.id).stdout
    typed(service, "groups", "delete", "1", example.group.id)
    assert told(service, "groups", "delete", "1", example.group.id, "--leave")["success"]
    page = service.browser.page(ClientId(1))
    assert [order["leave"] for order in page.ordered("DeleteGroup")] == [False, True]
    (order,) = page.ordered("CreateGroup")
    assert (order["subject"], order["participants"]) == ("Team", ("5491133333333@c.us",))
