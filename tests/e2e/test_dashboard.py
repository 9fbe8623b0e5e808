"""The dashboard in real Chromium: over the fake browser where a client's states are to be chosen, and the whole way,
from an empty page to a message that was read, over the real service and the sandbox.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from actors.clients.page_contract import PageContract
from actors.clients.protocol import (
    Banned,
    ContractRead,
    PairingCodeRenewed,
    PairingHindered,
    QrShown,
    QrVoid,
)
from actors.clients.types import ClientId, Reason, State
from tests.e2e.conftest import Consumers, Serve
from tests.gateway.running import Running, until
from tests.rig.window import Window
from tests.webhooks.receiver import Receiver, always, answer

FIRST = "the-first-key-of-a-test"
MARKUP = "<img src=x onerror=window.broken=1><b>bold</b>"
ROW = "document.querySelector('#row-{id} .state')?.innerText === {state!r}"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """One Chromium for the tests here. Tests take `window`."""
    with Window(tmp_path_factory.mktemp("window") / "profile") as window:
        yield window


@pytest.fixture
def window(browser: Window) -> Iterator[Window]:
    """The window as somebody new finds it; nothing may have been complained of at the end, but what a test expects."""
    browser.resize(1280)
    browser.prefers("light")
    browser.forget()
    yield browser
    assert browser.complaints == []
    browser.goto("about:blank")  # the service that ends now has no reader left


@pytest.fixture
def opened(service: Running, window: Window) -> Window:
    """The page of a service without keys."""
    window.goto(f"{service.url}/dashboard")
    window.until("document.querySelector('#search')")
    return window


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Running]:
    """A service that needs a key."""
    with Running(tmp_path / "data", api_key=FIRST) as running:
        yield running
    assert running.code == 0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    """A service without keys, over the fake browser; clients that have ended stay."""
    with Running(tmp_path / "data", cleanup_delay=600.0) as running:
        yield running
    assert running.code == 0


def sees(window: Window, id: int, state: str) -> None:
    """Wait until the list says so of a client."""
    window.until(ROW.format(id=id, state=state))


# --- the whole way ----------------------------------------------------------------------------------------------------


def test_from_an_empty_page_to_a_message_that_was_read(serve: Serve, consumer: Consumers, window: Window) -> None:
    service = serve().start()  # which ends after the window has gone to another page
    someone = consumer(service, 7)
    window.goto(f"{service.url}/dashboard")
    window.until("document.body.innerText.includes('No clients.')")

    window.fill("#start-number", "7")
    window.click("#start")
    window.until("document.querySelector('.qr img')?.src.startsWith('data:image/png')", 30)
    sees(window, 7, "Scan the QR")
    window.until("/New code in \\d+ s/.test(document.querySelector('.shown').innerText)")

    someone.scan(name=MARKUP)
    sees(window, 7, "Ready")
    window.until(f"document.querySelector('#panel').innerText.includes('+{someone.number}')")
    window.until("document.querySelectorAll('.timeline li').length >= 2")
    assert "Ready" in window.js("document.querySelector('#announcer').textContent")

    window.click("#do-screenshot")
    window.until("document.querySelector('dialog img').naturalWidth > 300")
    window.press("Escape")

    window.fill("#test-message [name=to]", "5491155550001")
    window.fill("#test-message [name=text]", MARKUP)
    window.click("#send")
    window.until("document.querySelector('.ticks.read')", 20)
    assert MARKUP in window.text(".messages")
    assert window.js("window.broken") is None

    window.click("#do-stop")
    window.click("#confirm")
    sees(window, 7, "Not running")
    assert someone.state() == "NOT_INITIALIZED"
    window.reload()
    sees(window, 7, "Not running")
    assert "Login kept" in window.text("#row-7")
    window.click("#do-start")
    sees(window, 7, "Ready")
    window.click("#do-log-out")
    window.click("#confirm")
    sees(window, 7, "Logged out")
    assert "Logged out from here" in window.text("#row-7")


# --- who --------------------------------------------------------------------------------------------------------------


def test_one_signs_in_with_a_key_and_out_again(locked: Running, window: Window) -> None:
    locked.ready(1)
    window.goto(f"{locked.url}/dashboard")
    window.fill("#key", "wrong")
    window.press("Enter")
    window.until("document.querySelector('.wrong').textContent === 'This key is not valid.'")
    window.fill("#key", FIRST)
    window.press("Enter")
    sees(window, 1, "Ready")
    assert FIRST not in window.js("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
    assert window.js("document.cookie") == ""  # it is there, and out of reach of scripts

    window.reload()
    sees(window, 1, "Ready")
    window.until("document.querySelector('#live').innerText === 'Live'")
    status = "(await fetch('/logout', {method: 'POST', headers: {'X-Cliente-Id': '1'}})).status"
    assert window.js(f"(async () => {status})()") == 403
    assert locked.status(1)["state"] == "READY"

    window.click("#sign-out")
    window.until("document.querySelector('#key')")
    assert window.js("(async () => (await fetch('/clients')).status)()") == 401
    window.excuse(r"40[13]")


def test_signing_out_in_another_tab_signs_this_one_out(locked: Running, window: Window) -> None:
    window.goto(f"{locked.url}/dashboard")
    window.fill("#key", FIRST)
    window.press("Enter")
    window.until("document.querySelector('#live').innerText === 'Live'")
    until(lambda: len(locked.streams), bool, "the page has its stream")
    window.js(
        "(async () => { const { csrf } = await (await fetch('/dashboard/session')).json(); "
        "await fetch('/dashboard/session', {method: 'DELETE', headers: {'X-CSRF-Token': csrf}}); })()"
    )
    window.until("document.querySelector('#key') && document.body.innerText.includes('The session has ended')")
    until(lambda: len(locked.streams), lambda count: count == 0, "no stream is left")
    window.excuse(r"401")


def test_a_session_whose_key_is_revoked_ends_and_says_so(locked: Running, window: Window) -> None:
    made = locked.post("/keys", json={"name": "guest", "scopes": ["read"]}).json()
    locked.ready(1)
    window.goto(f"{locked.url}/dashboard")
    window.fill("#key", made["key"])
    window.press("Enter")
    sees(window, 1, "Ready")
    assert [window.js(f"document.querySelector({one!r})") for one in ("#start", "#do-stop", "#sign-out[hidden]")] == [
        None
    ] * 3
    assert window.text("#tabs") == "Clients"
    assert locked.call("DELETE", f"/keys/{made['id']}").status_code == 200
    window.until("document.querySelector('#key') && document.body.innerText.includes('The session has ended')")
    window.excuse(r"401")


def test_a_key_is_made_shown_once_and_revoked(locked: Running, window: Window) -> None:
    window.goto(f"{locked.url}/dashboard#/keys")
    window.fill("#key", FIRST)
    window.press("Enter")
    window.fill("#create-key [name=name]", MARKUP)
    window.fill("#create-key [name=clients]", "1, 2")
    window.click("#create-key button")
    window.until("document.querySelector('dialog .secret')")
    key = window.js("document.querySelector('dialog .secret').value")
    assert httpx2.get(f"{locked.url}/clients", headers={"X-Api-Key": key}).status_code == 200
    window.press("Escape")
    window.until("!document.querySelector('dialog')")
    assert key not in window.js("document.documentElement.outerHTML")
    window.until(f"document.querySelector('#keys').innerText.includes({MARKUP!r})")
    window.click("#keys .danger")
    window.click("#confirm")
    window.until("!document.querySelector('#keys .danger')")
    assert httpx2.get(f"{locked.url}/clients", headers={"X-Api-Key": key}).status_code == 401
    assert window.js("window.broken") is None


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_every_state_is_shown_and_what_can_be_done_about_it(service: Running, opened: Window) -> None:
    states = [state for state in State if state is not State.NOT_INITIALIZED]
    for number, state in enumerate(states, 1):
        service.bring(number, state)
    opened.until(f"document.querySelectorAll('#clients li').length === {len(states)}")
    opened.until("document.querySelector('#filter-ended b').innerText === '4'")
    for number, state in enumerate(states, 1):
        opened.js(f"(location.hash = '#/clients/{number}', null)")
        opened.until(f"document.querySelector('#client-title')?.innerText === 'Client {number}'")
        text = opened.text("#panel")
        assert "NOT_" not in text
        assert state not in text
        assert ("Start again" in text) is (state in {*State} - {*_RUNNING})
    opened.click("#filter-ended")
    opened.until("document.querySelectorAll('#clients li').length === 4")
    opened.fill("#search", "chromium")
    opened.until("document.querySelectorAll('#clients li').length === 1")
    assert "Chromium did not start" in opened.text("#clients")


def test_messages_for_another_account_are_shown_and_sent_from_this_one(service: Running, opened: Window) -> None:
    client, send = ClientId(1), {"to": "5491122334455", "message": "for the first"}
    service.ready(1)
    service.browser.cut(client)
    service.reaches(1, State.DISCONNECTED_RECOVERABLE)
    service.post("/messages", 1, send)
    service.browser.remove(client)
    service.reaches(1, State.DISCONNECTED_LOGOUT)
    service.post("/init", 1)
    service.browser.scan(client, "5491199999999")
    sees(opened, 1, "Ready")
    opened.click("#row-1")
    opened.until("document.querySelector('#held')?.innerText.includes('+5491100000001: 1')")
    opened.click("#do-release")
    opened.click("#confirm")
    opened.until("document.querySelector('#held').hidden")
    until(lambda: service.browser.whatsapp.deliveries, bool, "it leaves")


_RUNNING = (
    State.NOT_INITIALIZED,
    State.INITIALIZING,
    State.RECONNECTING,
    State.QR_REQUIRED,
    State.READY,
    State.DISCONNECTED_RECOVERABLE,
)


def test_markup_from_outside_is_shown_as_text(service: Running, opened: Window) -> None:
    service.ready(1)
    service.browser.page(ClientId(1)).tell(Banned(Reason.BANNED, MARKUP))
    sees(opened, 1, "Banned")
    opened.click("#row-1")
    opened.until(f"document.querySelector('.todo').innerText.includes({MARKUP!r})")
    opened.until(f"document.querySelector('.timeline').innerText.includes({MARKUP!r})")
    assert opened.js("[window.broken, document.querySelectorAll('main img').length]") == [None, 0]


EARLY = """(() => {
    const real = window.fetch;
    window.early = true;
    window.fetch = async (url, given) => {
        const answer = await real(url, given);
        if (!window.early || !String(url).includes('/history')) return answer;
        const told = await answer.json();
        window.cut = true;
        return Response.json({ ...told, transitions: told.transitions.slice(0, {told}) });
    };
})()"""
"""Histories are told as they were a moment before."""


@pytest.mark.parametrize("told", [0, 1])
def test_a_history_that_was_read_too_early_is_read_again(service: Running, opened: Window, told: int) -> None:
    opened.js(EARLY.replace("{told}", str(told)))
    service.ready(1)
    service.browser.page(ClientId(1)).tell(Banned(Reason.BANNED, "too early"))
    sees(opened, 1, "Banned")
    opened.click("#row-1")
    opened.until(f"window.cut && document.querySelectorAll('.timeline li').length === {told}")
    opened.js("window.early = false")
    service.without_wait(2)  # any news has the page look again
    opened.until("document.querySelector('.timeline').innerText.includes('too early')")


OVERTAKEN = """(() => {
    const real = window.fetch, row = () => document.querySelector('#row-1 .state')?.innerText;
    window.fetch = async (url, given) => {
        const answer = await real(url, given);
        if (window.holds && String(url).startsWith('/clients?')) {
            window.holds = false;
            await new Promise((go) => { window.letGo = go; });
        }
        return answer;
    };
    window.rows = [];
    new MutationObserver(() => window.rows.push(row())).observe(document, { subtree: true, childList: true });
})()"""
"""The answer about all clients comes late, once `holds` is set, and `rows` is what the first has been."""


def test_an_answer_that_a_later_one_has_overtaken_changes_nothing(service: Running, opened: Window) -> None:
    service.bring(1, State.QR_REQUIRED)
    sees(opened, 1, "Scan the QR")
    opened.js(OVERTAKEN)
    opened.js("window.holds = true")
    service.without_wait(2)  # any news has the page ask
    opened.until("window.letGo")
    service.browser.scan(ClientId(1))
    sees(opened, 1, "Ready")
    opened.js("(window.rows.length = 0, window.letGo())")
    service.without_wait(3)
    opened.until("document.querySelector('#row-3')")
    assert set(opened.js("window.rows")) == {"Ready"}


def test_below_a_path_of_a_proxy_it_loads_and_stays_fresh(tmp_path: Path, window: Window) -> None:
    with Running(tmp_path / "data", path_prefix="/wa", cleanup_delay=600.0) as service:
        window.goto(f"{service.url}/wa/dashboard")
        window.until("document.querySelector('#search')")
        window.until("document.querySelector('#live').innerText === 'Live'")
        service.bring(1, State.QR_REQUIRED)
        sees(window, 1, "Scan the QR")
        loaded = window.js("performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)")
        assert all(path.startswith("/wa/") for path in loaded), loaded
        window.goto("about:blank")


def test_a_client_that_was_deleted_does_not_come_back_with_an_answer_from_before(
    service: Running, opened: Window
) -> None:
    service.bring(1, State.QR_REQUIRED)
    opened.click("#row-1")
    opened.js(OVERTAKEN)
    opened.js("window.holds = true")
    service.without_wait(2)
    opened.until("window.letGo")
    opened.click("#do-delete")
    opened.click("#confirm")
    opened.until("!document.querySelector('#row-1')")
    opened.js("(window.rows.length = 0, window.letGo())")
    service.without_wait(3)
    opened.until("document.querySelector('#row-3')")
    assert set(opened.js("window.rows")) == {None}


def test_changes_are_seen_at_once_and_announced(service: Running, opened: Window) -> None:
    opened.until("document.querySelector('#live').innerText === 'Live'")
    service.ready(1)
    sees(opened, 1, "Ready")
    service.browser.remove(ClientId(1))
    sees(opened, 1, "Logged out")
    opened.until("document.querySelector('#announcer').textContent.includes('Client 1: Logged out')")
    opened.until("document.querySelectorAll('#row-1 .strip rect').length >= 3")


def test_a_client_that_does_not_run_is_listed_until_it_is_deleted(service: Running, opened: Window) -> None:
    service.bring(1, State.QR_REQUIRED)
    service.ready(2)
    for client in (1, 2):
        sees(opened, client, {1: "Scan the QR", 2: "Ready"}[client])
        service.post("/stop", client)
        sees(opened, client, "Not running")
    opened.reload()
    opened.click("#filter-stopped")
    opened.until("document.querySelectorAll('#clients li').length === 2")
    opened.until("/No login · for .*/.test(document.querySelector('#row-1').innerText)")
    assert "Login kept" in opened.text("#row-2")
    opened.click("#row-1")
    opened.click("#do-delete")
    opened.click("#confirm")
    opened.until("!document.querySelector('#row-1')")
    until(lambda: service.get("/clients?known=1").json(), lambda there: len(there) == 1, "it is forgotten")
    opened.click("#row-2")
    opened.until("document.querySelector('#client-title')?.innerText === 'Client 2'")
    opened.click("#do-start")
    opened.until("document.querySelectorAll('#clients li').length === 0")  # it is no longer among the stopped
    service.reaches(2, State.READY)


def test_the_qr_rotates_and_a_pairing_code_can_be_had(service: Running, opened: Window) -> None:
    service.bring(1, State.QR_REQUIRED)
    opened.click("#row-1")
    opened.until("document.querySelector('.qr img')")
    first = opened.js("document.querySelector('.qr img').src")
    assert first == service.status(1)["qr_code_base64"]
    service.browser.page(ClientId(1)).tell(QrShown("2@another,code", 20.0))
    opened.until(f"document.querySelector('.qr img').src !== {first!r}")
    assert opened.js("document.querySelector('.qr img').src") == service.status(1)["qr_code_base64"]
    opened.click("details summary")
    opened.fill(".pairing [name=phone]", "+54 9 11 2233 4455")
    opened.press("Enter")
    code = opened.until("document.querySelector('.typed b')?.innerText") and opened.text(".typed b")
    assert code.replace("-", "") == service.status(1)["pairing_code"]


def test_a_pairing_code_has_its_time_and_why_there_is_none_is_told(service: Running, opened: Window) -> None:
    service.bring(1, State.QR_REQUIRED)
    page = service.browser.page(ClientId(1))
    opened.click("#row-1")
    opened.until("document.querySelector('.qr img')")
    page.tell(QrVoid())
    page.tell(PairingCodeRenewed("WXYZ6789", 60.0))
    opened.until("document.querySelector('.typed b')?.innerText === 'WXYZ-6789'")
    line = "document.querySelector('.pairing').innerText.split('\\n').find((line) => line.startsWith('Valid'))"
    opened.until(rf"/^Valid for ([1-5]?\d|60) s; then a new code follows$/.test({line})")
    opened.until("document.querySelector('.shown').innerText.includes('No QR while a pairing code is active')")
    for reason, words in HINDRANCES.items():
        page.tell(PairingHindered(reason, "in English"))
        opened.until(f"document.querySelector('.todo').innerText.includes({words['en']!r})")
    assert not opened.text(".typed")
    opened.click("#language")
    for reason, words in HINDRANCES.items():
        page.tell(PairingHindered(reason, "in English"))
        opened.until(f"document.querySelector('.todo').innerText.includes({words['es']!r})")


HINDRANCES = {
    Reason.PASSKEY_REQUIRED: {"en": "A passkey is required", "es": "Se requiere una llave de acceso"},
    Reason.PLATFORM_REFUSED: {"en": "No pairing code for this browser", "es": "Sin código para este navegador"},
    Reason.PAIRING_CODE_OVER: {"en": "The pairing code expired", "es": "El código para vincular caducó"},
}


def test_what_a_page_lacks_is_shown_beside_its_version(service: Running, opened: Window) -> None:
    service.ready(1)
    sees(opened, 1, "Ready")
    page = service.browser.page(ClientId(1))
    opened.click("#row-1")
    page.tell(ContractRead(PageContract("2.3000.7")))
    facts = "(document.querySelector('#panel dl')?.innerText ?? '')"
    service.without_wait(2)  # any news has the page look again
    opened.until(f"{facts}.includes('2.3000.7 · complete')")
    page.tell(
        ContractRead(PageContract("2.3000.8", missing=("unixTime",), lost=frozenset({"message.ack", "sendText"})))
    )
    opened.until(f"{facts}.includes('2.3000.8 · degraded')")
    assert "unixTime" in opened.js(facts)
    assert "acknowledgements, sending texts" in opened.js(facts)
    opened.click("#language")
    opened.until(f"{facts}.includes('2.3000.8 · degradado')")
    assert "confirmaciones, enviar textos" in opened.js(facts)


def test_a_service_that_goes_away_is_noticed(tmp_path: Path, window: Window) -> None:
    with Running(tmp_path / "data") as service:
        window.goto(f"{service.url}/dashboard")
        window.until("document.querySelector('#live').innerText === 'Live'")
    window.excuse(r"ERR_|503")
    window.until("document.querySelector('#live').innerText === 'No answer'")


def test_a_webhook_is_made_switched_and_what_it_missed_is_sent_again(tmp_path: Path, window: Window) -> None:
    quick: dict[str, Any] = {"webhook_allow_private": True, "webhook_retry_delay": 0.05, "webhook_attempts": 1}
    with Receiver(always(answer(500))) as receiver, Running(tmp_path / "data", **quick) as service:
        window.goto(f"{service.url}/dashboard#/webhooks")
        window.fill("#create-hook [name=url]", receiver.url)
        window.fill("#create-hook [name=events]", "client.*")
        window.press("Enter")
        window.until("document.querySelector('dialog .secret').value.length > 20")
        window.press("Escape")
        window.until(f"document.querySelector('#webhooks').innerText.includes({receiver.url!r})")
        service.bring(1, State.QR_REQUIRED)
        window.js("(location.hash = '#/dead-letters', null)")
        until(lambda: dead(service), bool, "something is given up")
        window.reload()
        window.click("#deadLetters summary")
        assert '"state": "' in window.text("#deadLetters pre")
        receiver.behaviour = always(answer(200))
        window.click("#deadLetters .buttons button")
        window.until("document.body.innerText.includes('Sending again')")
        window.js("(location.hash = '#/webhooks', null)")
        window.click("#webhooks .buttons button")
        window.until("document.querySelector('#webhooks').innerText.includes('Enable')")
        window.click("#webhooks .danger")
        window.click("#confirm")
        window.until("document.body.innerText.includes('No webhooks.')")
        assert service.get("/webhooks").json() == []
        window.goto("about:blank")


def dead(service: Running) -> list[object]:
    """Every dead letter."""
    hooks = service.get("/webhooks").json()
    return [one for hook in hooks for one in service.get(f"/webhooks/{hook['id']}/dead-letters").json()["dead_letters"]]


# --- how it is used ---------------------------------------------------------------------------------------------------


def test_everything_can_be_done_with_the_keyboard(service: Running, opened: Window) -> None:
    opened.until("document.querySelector('#live').innerText === 'Live'")
    opened.press("Tab")
    assert opened.js("document.activeElement.className") == "skip"
    reach(opened, "start-number")
    assert opened.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    opened.type("1")
    opened.press("Enter")
    sees(opened, 1, "Scan the QR")
    service.browser.scan(ClientId(1))
    sees(opened, 1, "Ready")
    reach(opened, "row-1")
    opened.press("Enter")
    reach(opened, "do-delete")
    opened.press("Enter")
    opened.until("document.activeElement.innerText === 'Cancel' && document.querySelector('dialog[open]')")
    opened.press("Escape")
    opened.until("!document.querySelector('dialog')")
    assert opened.js("document.activeElement.id") == "do-delete"
    opened.press("Enter", "Tab")
    assert opened.js("document.activeElement.id") == "confirm"
    opened.press("Enter")
    opened.until("!document.querySelector('#row-1')")
    assert service.get("/clients").json() == []


def test_the_focus_returns_from_a_dialog_also_to_what_was_drawn_anew_meanwhile(
    service: Running, opened: Window
) -> None:
    service.bring(1, State.QR_REQUIRED)
    opened.click("#row-1")
    opened.until("document.activeElement.id === 'client-title'")
    opened.until("(document.querySelector('#do-delete').focus(), true)")
    opened.press("Enter")
    opened.until("document.querySelector('dialog[open]')")
    service.browser.scan(ClientId(1))
    opened.until("document.querySelector('#do-log-out')")
    opened.press("Escape")
    opened.until("!document.querySelector('dialog')")
    assert opened.js("document.activeElement.id") == "do-delete"


def test_escape_leads_from_a_client_back_to_the_list(service: Running, opened: Window) -> None:
    service.ready(1)
    sees(opened, 1, "Ready")
    opened.js("document.querySelector('#row-1').focus()")
    opened.press("Enter")
    opened.until("document.activeElement.id === 'client-title'")
    opened.press("Escape")
    opened.until("document.activeElement.id === 'row-1' && location.hash === '#/clients'")


def reach(window: Window, id: str) -> None:
    """Press Tab until the focus is there."""
    for _ in range(40):
        if window.js("document.activeElement.id") == id:
            return
        window.press("Tab")
    raise AssertionError(f"{id} is not reached by Tab")


@pytest.mark.parametrize("language", ["en", "es"])
def test_it_fits_a_phone_in_both_languages(service: Running, opened: Window, language: str) -> None:
    service.bring(1, State.QR_REQUIRED)
    service.ready(2147483647)
    service.bring(3, State.ERROR)
    if language == "es":
        opened.click("#language")
    opened.resize(360, 740)
    for place in ("clients", "clients/1", "clients/2147483647", "clients/3", "keys", "webhooks", "dead-letters"):
        opened.js(f"(location.hash = '#/{place}', null)")
        opened.until(f"document.querySelector('#tabs a[aria-current]').hash.startsWith('#/{place.split('/')[0]}')")
        wide = opened.js(
            "[...document.querySelectorAll('body *')].filter((one) => one.scrollWidth > 0 && "
            "one.getBoundingClientRect().right > 361 && !one.closest('#tabs')).map((one) => one.outerHTML.slice(0, 80))"
        )
        assert (place, wide) == (place, [])
        assert opened.js(
            "document.documentElement.scrollWidth <= 360 && document.querySelector('#main').scrollWidth <= 360"
        )


def test_both_languages_have_every_text_and_the_choice_is_kept(service: Running, opened: Window) -> None:
    texts = opened.js("import('/dashboard/texts.js').then(({ TEXTS }) => TEXTS)")
    assert set(texts["en"]) == set(texts["es"])
    places = re.compile(r"\{\w+\}")
    assert {
        name for name in texts["en"] if places.findall(texts["en"][name]) != places.findall(texts["es"][name])
    } == set()
    assert {f"state_{state}" for state in State} | {f"reason_{reason}" for reason in Reason} <= set(texts["en"])
    service.ready(1)
    sees(opened, 1, "Ready")
    opened.click("#language")
    sees(opened, 1, "Listo")
    assert opened.js("document.documentElement.lang") == "es"
    opened.reload()
    sees(opened, 1, "Listo")


def test_what_is_wrong_is_said_beside_its_field_in_the_language_of_the_page(service: Running, opened: Window) -> None:
    texts = opened.js("import('/dashboard/texts.js').then(({ TEXTS }) => TEXTS)")
    opened.click("#language")
    service.ready(1)
    opened.js("(location.hash = '#/clients/1', null)")

    def beside(field: str) -> str:
        """What is said beside the field, once something is."""
        said = f"document.querySelector({f'{field} + .wrong'!r})?.innerText"
        opened.until(said)
        return str(opened.js(said))

    opened.until("document.querySelector('#send')?.disabled === false")
    opened.fill("#test-message [name=to]", "12")
    opened.click("#send")
    assert beside("#test-message [name=to]") == texts["es"]["wrong_to"]
    assert opened.js("document.activeElement.name") == "to"
    opened.fill("#test-message [name=to]", "+54 9 11 2233-4455")
    opened.click("#send")
    opened.until("document.querySelector('.messages li') && !document.querySelector('#test-message .wrong')")
    opened.js("(location.hash = '#/webhooks', null)")
    opened.fill("#create-hook [name=url]", "http://127.0.0.1/hook")
    opened.press("Enter")
    assert beside("#create-hook [name=url]") == texts["es"]["wrong_url"]
    opened.js("(location.hash = '#/keys', null)")
    opened.fill("#create-key [name=name]", "first")  # the first key cannot be one that only reads
    opened.press("Enter")
    assert beside("#create-key [data-field=scopes]") == texts["es"]["wrong_scopes"]
    opened.excuse(r"400|409")


def test_the_theme_follows_the_system_until_one_is_chosen(opened: Window) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = opened.js(ground)
    opened.prefers("dark")
    dark = opened.js(ground)
    assert light != dark
    opened.click("#theme")
    assert opened.js(ground) == light
    opened.reload()
    opened.until("document.querySelector('#search')")
    assert opened.js(ground) == light
    opened.click("#theme")
    assert opened.js(ground) == dark


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_on_what_is_behind_them(service: Running, opened: Window, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of 4.5 to 1."""
    opened.prefers(scheme)
    for number, state in enumerate([State.READY, State.ERROR, State.QR_REQUIRED, State.DISCONNECTED_RECOVERABLE], 1):
        service.bring(number, state)
        opened.js(f"(location.hash = '#/clients/{number}', null)")
        opened.until(f"document.querySelector('#client-title')?.innerText === 'Client {number}'")
        found = opened.js(CONTRASTS)
        assert {text: ratio for text, ratio in found.items() if ratio < 4.5} == {}


CONTRASTS = """(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => channels(color).slice(0, 3).map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (one) => {
    const color = getComputedStyle(one).backgroundColor;
    return channels(color)[3] === 0 && one.parentElement ? behind(one.parentElement) : color;
  };
  const found = {};
  for (const one of document.querySelectorAll('body *')) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !one.checkVisibility() || one.closest('[disabled], .unseen, .skip')) continue;
    const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
    found[one.textContent.slice(0, 40)] = (a + 0.05) / (b + 0.05);
  }
  return found;
})()"""


def test_nothing_is_asked_of_any_other_host(service: Running, opened: Window) -> None:
    service.ready(1)
    sees(opened, 1, "Ready")
    asked = opened.js("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(service.url)] == []
    assert json.dumps(opened.js("document.querySelectorAll('[style], [onclick]').length")) == "0"
