"""The whole story of a client, as its consumer lives it: on both builds of Chromium, on both generations of page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Consumers, nothing_runs
from tests.rig import Consumer, Sandbox, Service
from tests.rig.clients import decoded
from tests.rig.processes import until

BUILDS = ("chromium-headless-shell", "chromium")
FRIEND = "5491122334455"


@pytest.fixture(scope="module", params=BUILDS)
def service(
    request: pytest.FixtureRequest, sandbox_process: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One service for each build."""
    directory = tmp_path_factory.mktemp(request.param) / "data"
    with Service(directory, sandbox_process.url, chromium=request.param, cleanup_delay=0.5) as running:
        assert running.versions["chromium_build"] == request.param
        yield running


@pytest.mark.parametrize("compat", ["classic", "modern"])
def test_from_nothing_to_a_code_a_login_a_message_and_back_to_nothing(
    service: Service, sandbox: Sandbox, consumer: Consumers, compat: str
) -> None:
    sandbox.post("/settings", compat=compat, qr_first=2.5)
    client = consumer(service)

    assert client.init().json()["status"]["state"] == "QR_REQUIRED"
    # The first is there for a moment only, and may go between two looks.
    first, _ = until(
        lambda: (shown(client), code_in(sandbox)), lambda both: both[0] == both[1], "the page's code", 10.0
    )
    assert first.startswith("https://wa.me/settings/linked_devices#2@")  # what a phone's own camera opens
    assert first.count(",") == 4
    until(lambda: shown(client), lambda code: code != first, "the code rotates", 30.0)
    assert shown(client) == code_in(sandbox)
    client.scan()
    assert client.reaches("READY")["phone"] == client.number
    assert client.init().json()["action"] == "NO_ACTION_NEEDED"
    assert client.http.get("/qr").status_code == 409

    sent = client.send(FRIEND, "¿Qué tal? 👋").json()
    assert sent["message_id"].startswith(f"true_{FRIEND}@c.us_3EB0")
    assert received(sandbox) == ["¿Qué tal? 👋"]
    until(lambda: client.message(sent["id"])["state"], "read".__eq__, "it is read", 10.0)

    client.http.post("/logout").raise_for_status()
    assert client.state() in ("DISCONNECTED_LOGOUT", "NOT_INITIALIZED")
    client.reaches("NOT_INITIALIZED")
    nothing_runs(service, client.client_id)
    assert client.http.get("/clients").json() == []
    gone = service.data_dir / "profiles" / "1"
    until(gone.exists, lambda there: not there, "the profile is deleted", 10.0)


def test_an_account_that_addresses_chats_by_lid(service: Service, sandbox: Sandbox, consumer: Consumers) -> None:
    client = consumer(service)
    client.pair(lids=True)
    sent = client.send(FRIEND, "by LID").json()
    assert received(sandbox) == ["by LID"]
    assert sent["chat"].endswith("@lid")
    until(lambda: client.message(sent["id"])["state"], "read".__eq__, "it is read", 10.0)
    assert client.http.delete("/session/1").json()["success"]
    client.reaches("NOT_INITIALIZED")


def test_a_pairing_code_typed_on_the_phone_instead_of_a_scan(
    service: Service, sandbox: Sandbox, consumer: Consumers
) -> None:
    client = consumer(service)
    client.init().raise_for_status()
    code = client.http.post("/pairing-code", json={"phone": client.number}).json()["pairing_code"]
    assert client.status()["pairing_code"] == code
    sandbox.post("/pair", code=code, number=client.number)
    client.reaches("READY")
    assert client.send(FRIEND, "paired by a code").status_code == 200
    client.http.delete("/session/1").raise_for_status()
    client.reaches("NOT_INITIALIZED")


def shown(client: Consumer) -> str:
    """What a camera reads in GET /qr."""
    return decoded(client.http.get("/qr").json()["qr"])


def code_in(sandbox: Sandbox) -> str:
    """The code that the one open page shows."""
    (code,) = [page["code"] for page in sandbox.get("/pages") if page["code"]]
    return str(code)


def received(sandbox: Sandbox) -> list[str]:
    """The texts on the friend's phone, once there is one."""
    return [message["text"] for message in sandbox.get(f"/phones/{FRIEND}", wait=5, count=1)["received"]]
