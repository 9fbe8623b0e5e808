"""A key sees its own clients only, on every call: nothing of another client is in an answer, whatever is asked for.

Rule of this file: everything of the other client has a mark in it, so that one look at an answer finds it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest

from actors.browser.fake import FakeBrowser
from actors.clients.types import ClientId, State
from actors.store.events import AppendEvent
from actors.store.webhooks import RecordDeadLetter
from gateway.api import CALLS
from gateway.security.auth import Scope
from gateway.security.keys import Keyring, draw
from gateway.security.sessions import BrowserSessions
from gateway.waha.table import WAHA_CALLS
from tests.browser.pages import PICTURE_DATA
from tests.gateway.listening import Sse, Ws
from tests.gateway.running import PATIENCE, Running

FIRST = "the-first-key-of-a-test"
OURS, OTHERS = 7, 770_318
PHONE, NAME, SECRET = "5491177777777", "the-other-shop", "secret-of-the-other"
MARKS = re.compile("|".join((PHONE, NAME, SECRET, str(OTHERS))))
LEFT_OUT = (("GET", "/events"), ("DELETE", "/webhooks/{id}"))
"""A stream, which is read below; and what would take the letters away that are looked for."""
LAST = ("/stop", "/logout", "/session/{clienteId}", "/init")
"""Calls after which our own client has less to show."""


FILE = PICTURE_DATA + b"of the other"
DIGEST = hashlib.sha256(FILE).hexdigest()
NAMING = (
    ("POST", "/messages", {"to": "5491133334444", "document": {"digest": DIGEST}}),
    ("POST", "/messages", {"to": "5491133334444", "voice": {"digest": DIGEST, "convert": True}}),
    ("POST", "/status/image", {"file": {"digest": DIGEST}}),
    ("PUT", "/profile/picture", {"picture": {"digest": DIGEST}}),
    ("PUT", "/groups/120363000000000001@g.us/picture", {"picture": {"digest": DIGEST}}),
    ("POST", "/media", {"digest": DIGEST}),
    ("POST", "/media/convert/sticker", {"digest": DIGEST}),
    ("POST", "/api/sendFile", {"session": "ours", "chatId": f"{PHONE}@c.us", "file": {"digest": DIGEST}}),
    ("POST", "/api/ours/media/convert/video", {"digest": DIGEST}),
)
"""Every kind of call in which a file may be named."""


@dataclass(frozen=True, slots=True)
class House:
    """A service with our client and another, and a key that may do everything with ours."""

    service: Running
    key: str
    webhook: str
    message: str
    letters: tuple[int, ...]

    def ask(self, method: str, path: str, client: int | None = OURS, **how: Any) -> httpx2.Response:
        """A call with our key."""
        headers = {"X-Api-Key": self.key, **({} if client is None else {"X-Cliente-Id": str(client)})}
        return httpx2.request(method, self.service.url + path, headers=headers, timeout=PATIENCE, verify=False, **how)

    def admin(self, path: str) -> Any:
        """What the first key gets, on a connection of its own."""
        headers = {"X-Api-Key": FIRST}
        return httpx2.get(self.service.url + path, headers=headers, timeout=PATIENCE, verify=False).json()

    def path(self, template: str) -> str:
        """The path with whatever is the other client's in it."""
        webhooks = template.startswith("/webhooks")
        id = self.webhook if webhooks else self.message if template.startswith("/messages") else str(OTHERS)
        known = {"id": id, "clienteId": str(OTHERS), "session": NAME, "letter": str(self.letters[0]), "form": "voice"}
        known |= {"chat": PHONE, "chatId": f"{PHONE}@c.us"}
        return re.sub(r"\{(\w+)\}", lambda part: known.get(part[1], "x"), template)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    browser = FakeBrowser()
    directory = tmp_path_factory.mktemp("seen") / "data"
    with Running(directory, browser, api_key=FIRST, init_wait=0.2, qr_wait=0.2, body_timeout=1.0) as service:
        service.ready(OURS)
        service.post("/init", OTHERS)
        browser.scan(ClientId(OTHERS), PHONE)
        service.reaches(OTHERS, State.READY)
        config = {"name": NAME, "metadata": {"shop": SECRET}}
        assert service.call("PATCH", f"/clients/{OTHERS}/config", json=config).status_code == 200
        message = service.post("/messages", OTHERS, {"to": PHONE, "message": SECRET, "send_at": "2099-01-01T00:00:00Z"})
        file = {"data": base64.b64encode(FILE).decode(), "filename": SECRET}
        assert service.post("/media", OTHERS, file).json()["digest"] == DIGEST
        assert service.call("PATCH", f"/clients/{OURS}/config", json={"name": "ours"}).status_code == 200
        hook = {"url": "https://93.184.216.34/hook", "clients": [OURS, OTHERS], "active": False}
        webhook = service.post("/webhooks", json=hook).json()["id"]
        for client in (OURS, OTHERS):
            text = SECRET if client == OTHERS else "ours"
            store = service.system.store
            event = store.ask(AppendEvent(ClientId(client), "message", {"body": text}, 100.0)).get(timeout=PATIENCE)
            assert event is not None
            letter = RecordDeadLetter(
                webhook,
                ClientId(client),
                event.sequence,
                event.id,
                "message",
                json.dumps({"body": text}),
                1,
                text,
                500,
                1.0,
                2.0,
            )
            store.ask(letter).get(timeout=PATIENCE)
        letters = service.get(f"/webhooks/{webhook}/dead-letters").json()["dead_letters"]
        # From now on the webhook is for our client only; what it has of the other was made before.
        assert service.call("PATCH", f"/webhooks/{webhook}", json={"clients": [OURS]}).status_code == 200
        wanted = {"name": "ours", "scopes": ["admin"], "clients": [OURS]}
        key = service.post("/keys", json=wanted).json()["key"]
        theirs = tuple(one["id"] for one in letters if one["cliente_id"] == OTHERS)
        yield House(service, key, webhook, message.json()["id"], theirs)
    assert service.code == 0


def shows_nothing(answer: httpx2.Response) -> None:
    """The answer has no mark in it that the caller did not send himself."""
    asked = str(answer.request.url) + answer.request.headers.get("x-cliente-id", "")
    told = f"{answer.text} {answer.headers}"
    assert {mark for mark in MARKS.findall(told) if mark not in asked} == set(), (asked, told)


@pytest.mark.parametrize(("method", "path", "body"), NAMING)
def test_a_file_of_another_client_cannot_be_named(house: House, method: str, path: str, body: dict[str, Any]) -> None:
    answer = house.ask(method, path, json=body)
    assert answer.status_code == 404, answer.text
    assert f"There is no file {DIGEST}" in answer.text


def test_whose_a_file_is_follows_from_uploads_and_messages(house: House) -> None:
    mine = PICTURE_DATA + b"of ours"
    document = {
        "to": "5491133334444",
        "document": {"digest": hashlib.sha256(mine).hexdigest()},
        "send_at": "2099-01-01T00:00:00Z",
    }
    uploaded = {"data": base64.b64encode(mine).decode()}
    assert house.ask("POST", "/messages", json=document).status_code == 404
    assert house.ask("POST", "/media", json=uploaded).status_code == 201
    assert house.ask("POST", "/messages", json=document).status_code == 202
    # A key for all clients names any file; what it sends for a client is then that client's too.
    theirs = {**document, "document": {"digest": DIGEST, "filename": "ours.pdf"}}
    assert house.service.post("/messages", OURS, theirs).status_code == 202
    assert house.ask("POST", "/messages", json=theirs).status_code == 202


def test_no_native_call_shows_anything_of_another_client(house: House) -> None:
    calls = [call for call in CALLS if (call.method, call.path) not in LEFT_OUT]
    for call in sorted(calls, key=lambda call: call.path in LAST):
        wait = {"params": {"consumer": "c", "after": 0}} if call.path == "/events/next" else {}
        for client in (OURS, OTHERS, None):
            answer = house.ask(call.method, house.path(call.path), client, **wait)
            assert answer.status_code < 500 or call.path in ("/ready",), (call.path, answer.text)
            shows_nothing(answer)
    for query in ("?known=1", "?detail=1", "?known=1&detail=1"):
        shows_nothing(house.ask("GET", f"/clients{query}"))
    shows_nothing(house.ask("GET", f"/webhooks/{house.webhook}/dead-letters?client={OTHERS}"))


def test_no_call_of_waha_shows_anything_of_another_client(house: House) -> None:
    for call in WAHA_CALLS:
        about = {"session": NAME, "name": NAME}
        how: dict[str, Any] = {"params": about} if call.method == "GET" else {"json": about}
        answer = house.ask(call.method, house.path(call.path), None, **how)
        assert answer.status_code != 500, (call.path, answer.text)
        shows_nothing_but_the_name(answer)
    shows_nothing(house.ask("GET", "/api/sessions?all=true", None))


def shows_nothing_but_the_name(answer: httpx2.Response) -> None:
    """The name was asked for; nothing of the client behind it is told."""
    marks = {PHONE, SECRET, str(OTHERS)} - {mark for mark in (PHONE,) if mark in str(answer.request.url)}
    assert not [mark for mark in marks if mark in answer.text], (answer.request.url, answer.text)


def test_no_stream_shows_anything_of_another_client(house: House) -> None:
    for kind in (Sse, Ws):
        with kind(house.service, "?after=0", X_Api_Key=house.key) as stream:
            told = stream.events(3)
        assert {one["cliente_id"] for one in told} == {OURS}
        assert not MARKS.search(json.dumps(told))


def test_a_key_for_some_clients_counts_those_and_a_stranger_none(house: House) -> None:
    counts = house.ask("GET", "/health").json()["clients"]
    assert sum(counts.values()) <= 1
    assert sum(house.admin("/health")["clients"].values()) > sum(counts.values())
    stranger = httpx2.get(f"{house.service.url}/health", verify=False).json()
    assert stranger == {"status": "ok", "service": "session-manager", "whatsapp_state": "NOT_INITIALIZED"}


def test_letters_of_another_client_are_neither_sent_again_nor_deleted(house: House) -> None:
    letters = f"/webhooks/{house.webhook}/dead-letters"
    for method, path in (("POST", "/replay"), ("DELETE", "")):
        assert house.ask(method, f"{letters}/{house.letters[0]}{path}").status_code == 404
        house.ask(method, letters + path)
    left = house.admin(letters)["dead_letters"]
    assert [one["id"] for one in left] == [*house.letters]
    assert not left[0]["replaying"]


def test_an_admin_of_some_clients_makes_no_key_for_all_by_any_face(house: House) -> None:
    assert house.ask("POST", "/keys", json={"name": "x", "scopes": ["admin"]}).status_code == 403
    for path, body in (("", {"isAdmin": True}), ("/media", {"session": NAME}), ("/control", {"session": NAME})):
        assert house.ask("POST", f"/api/keys{path}", None, json=body).status_code == 403
    assert house.ask("GET", "/api/keys", None).status_code == 403


def test_a_revoked_key_leaves_no_webhook_unnamed(house: House) -> None:
    def ask(method: str, path: str, key: str = FIRST, **body: Any) -> Any:
        headers = {"X-Api-Key": key}
        return httpx2.request(method, house.service.url + path, headers=headers, json=body or None, verify=False).json()

    key = ask("POST", "/keys", name="hooks", scopes=["admin"])
    hook = {"url": "https://93.184.216.35/hook"}
    made = ask("POST", "/webhooks", str(key["key"]), url=hook["url"], active=False)
    assert made["key_id"] == key["id"]
    left = ask("DELETE", f"/keys/{key['id']}")
    assert left["webhooks"] == [made["id"]]
    assert left["queued_messages"] == left["scheduled_messages"] > 0
    assert ask("PATCH", f"/webhooks/{made['id']}", events=["message"])["key_id"] != key["id"]


def test_what_was_opened_before_a_key_was_narrowed_ends() -> None:
    cut: list[str] = []
    keyring = Keyring(lambda: pytest.fail("nothing is read"), shut_out=lambda: cut.append("streams"))
    key, text = draw("ops", [Scope.READ], None)
    keyring.hold([key])
    sessions = BrowserSessions(keyring)
    caller, opened = keyring.recognise(text.encode()), sessions.open(text)
    assert caller is not None
    assert opened is not None
    cut.clear()
    keyring.hold([replace(key, last_used_at=5.0)])
    assert keyring.is_valid(caller)
    assert not cut
    keyring.hold([replace(key, clients=frozenset({ClientId(OURS)}))])
    assert not keyring.is_valid(caller)
    assert not sessions.is_open(opened[1])
    assert cut == ["streams"]
