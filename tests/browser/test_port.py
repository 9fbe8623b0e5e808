"""What every browser promises, asked of both: the fake, and real Chromium on the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.fake import FakeBrowser
from actors.clients.events import AccountEvent
from actors.clients.operations.account import LogOut, RequestPairingCode, TakeScreenshot
from actors.clients.operations.messages import LookedUp, LookUp, SendText
from actors.clients.ports import Browser, Page
from actors.clients.protocol import (
    Answered,
    BrowserGone,
    LinkLost,
    LinkResumed,
    LoggedOut,
    Probed,
    QrScanned,
    QrShown,
    QrVoid,
    Ready,
    Refused,
)
from actors.clients.types import ClientId, Reason
from tests.browser.pages import CLIENT, FRIEND, NUMBER, Listener
from tests.rig import Sandbox

CHAT = f"{FRIEND}@c.us"
NOBODY = "5491133333333"
BARE = "3EB0000000000000000001"


class World(Protocol):
    """A browser, and the phone and the network around it."""

    @property
    def browser(self) -> Browser: ...
    def scan(self, code: str) -> None: ...
    def remove(self) -> None: ...
    def cut(self) -> None: ...
    def mend(self) -> None: ...
    def write(self, text: str, id: str | None = None) -> None: ...
    def nobody(self) -> None: ...


class FakeWorld:
    """The fake, and its own controls."""

    def __init__(self) -> None:
        self.fake = FakeBrowser()

    @property
    def browser(self) -> Browser:
        return self.fake

    def scan(self, code: str) -> None:
        assert self.fake.page(CLIENT).code == code
        self.fake.scan(CLIENT, NUMBER)

    def remove(self) -> None:
        self.fake.remove(CLIENT)

    def cut(self) -> None:
        self.fake.cut(CLIENT)

    def mend(self) -> None:
        self.fake.mend(CLIENT)

    def write(self, text: str, id: str | None = None) -> None:
        self.fake.receive(CLIENT, FRIEND, text, id)

    def nobody(self) -> None:
        self.fake.whatsapp.absent.add(f"{NOBODY}@c.us")


class RealWorld:
    """Real Chromium, and the sandbox's control API."""

    def __init__(self, browser: ChromiumBrowser, sandbox: Sandbox) -> None:
        self.browser: Browser = browser
        self._sandbox = sandbox

    def scan(self, code: str) -> None:
        self._sandbox.post("/scan", code=code, number=NUMBER)

    def remove(self) -> None:
        self._sandbox.post(f"/accounts/{NUMBER}/logout")

    def cut(self) -> None:
        self._sandbox.post(f"/accounts/{NUMBER}/network", online=False)

    def mend(self) -> None:
        self._sandbox.post(f"/accounts/{NUMBER}/network", online=True)

    def write(self, text: str, id: str | None = None) -> None:
        self._sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text=text, id=id)

    def nobody(self) -> None:
        self._sandbox.api.put(f"/api/absent/{NOBODY}")


@pytest.fixture(scope="module", autouse=True)
def before_any_test(browsers: object) -> None:
    """What all tests share must be there before one of them looks at what is there."""


@pytest.fixture(params=["fake", pytest.param("chromium", marks=pytest.mark.e2e)])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    return RealWorld(request.getfixturevalue("shell"), request.getfixturevalue("sandbox"))


@pytest.fixture
def open_page(world: World) -> Iterator[Callable[[ClientId], tuple[Page, Listener]]]:
    """Opens pages that are gone when the test ends."""
    opened: list[tuple[Page, Listener]] = []

    def open_one(client_id: ClientId = CLIENT) -> tuple[Page, Listener]:
        told = Listener()
        page = world.browser.open(client_id, told)
        opened.append((page, told))
        return page, told

    yield open_one
    for page, told in opened:
        page.kill()
        if not told.told(BrowserGone):
            told.until(BrowserGone)
    world.browser.drop_login(CLIENT)


Open = Callable[..., tuple[Page, Listener]]


@pytest.fixture
def ready(world: World, open_page: Open) -> tuple[Page, Listener]:
    """A page whose code was scanned."""
    page, told = open_page()
    world.scan(told.until(QrShown).code)
    told.until(QrScanned)
    assert told.until(Ready).phone == NUMBER
    return page, told


def test_a_message_is_sent_once_under_its_own_id_and_found_again(ready: tuple[Page, Listener]) -> None:
    page, told = ready
    page.call(BARE, SendText(CHAT, "hello"))
    sent = told.until(Answered)
    assert (sent.order, sent.value.message_id) == (BARE, f"true_{sent.value.chat}_{BARE}")
    page.call("known", LookUp(CHAT, BARE))
    found = told.until(Answered)
    assert (found.order, found.value.complete) == ("known", True)
    assert found.value.ack >= 1
    page.call("unknown", LookUp(CHAT, "3EB0FFFFFFFFFFFFFFFFFF"))
    assert told.until(Answered).value == LookedUp(None, complete=True)
    assert [fact.order for fact in told.told(Answered)].count(BARE) == 1


def test_a_number_without_whatsapp_is_refused(world: World, ready: tuple[Page, Listener]) -> None:
    page, told = ready
    world.nobody()
    page.call("order", SendText(f"{NOBODY}@c.us", "hello"))
    assert told.until(Refused).order == "order"


def test_what_is_received_is_told_with_who_sent_it(world: World, ready: tuple[Page, Listener]) -> None:
    _, told = ready
    world.write("hello")
    payload = told.until(AccountEvent, lambda fact: fact.type == "message").payload
    assert (payload["phone"], payload["from_me"]) == (FRIEND, False)
    assert payload["id"].startswith("false_")
    assert {"lid", "t"} <= set(payload)


def test_a_page_answers_what_it_is_asked(ready: tuple[Page, Listener]) -> None:
    page, told = ready
    page.probe(5)
    assert told.until(Probed).token == 5
    page.call("picture", TakeScreenshot())
    assert (told.until(Answered).value.png or b"").startswith(b"\x89PNG")


def test_a_pairing_code_is_shown(open_page: Open) -> None:
    page, told = open_page()
    told.until(QrShown)
    page.call("code", RequestPairingCode(NUMBER))
    told.until(QrVoid)
    shown = told.until(Answered).value
    assert len(shown.code) == 8
    assert 0 < shown.lifetime <= 180


def test_a_lost_link_is_told_and_comes_back(world: World, ready: tuple[Page, Listener]) -> None:
    _, told = ready
    world.cut()
    assert told.until(LinkLost).reason is Reason.NETWORK_LOST
    world.mend()
    told.until(LinkResumed)
    told.until(Ready)


def test_a_logout_is_told_by_whom(world: World, ready: tuple[Page, Listener]) -> None:
    page, told = ready
    page.call("log out", LogOut())
    assert told.until(LoggedOut).reason is Reason.LOGGED_OUT_BY_API


def test_a_removal_on_the_phone_is_told_once(world: World, ready: tuple[Page, Listener]) -> None:
    page, told = ready
    world.remove()
    assert told.until(LoggedOut).reason is Reason.LOGGED_OUT_BY_PHONE
    page.close()
    told.until(BrowserGone)
    assert len(told.told(LoggedOut)) == 1


def test_the_end_is_told_once_and_last(ready: tuple[Page, Listener]) -> None:
    page, told = ready
    page.close()
    page.close()
    page.kill()
    assert told.until(BrowserGone).reason is None
    page.probe(1)
    page.call("late", SendText(CHAT, "hello"))
    page.close()
    assert isinstance(told.told(BrowserGone)[-1], BrowserGone)
    assert isinstance(told.facts[-1], BrowserGone)
    assert len(told.told(BrowserGone)) == 1


def test_a_login_is_resumed_until_it_is_dropped(world: World, ready: tuple[Page, Listener], open_page: Open) -> None:
    page, told = ready
    assert not world.browser.has_login(CLIENT)
    world.browser.keep_login(CLIENT)
    assert world.browser.has_login(CLIENT)
    page.close()
    told.until(BrowserGone)
    page, told = open_page()
    told.until(Ready)
    assert not told.told(QrShown)
    world.browser.drop_login(CLIENT)
    assert not world.browser.has_login(CLIENT)
    page.close()
    told.until(BrowserGone)
    _, told = open_page()
    told.until(QrShown)


def test_a_second_page_on_a_profile_begins_when_the_first_is_gone(open_page: Open) -> None:
    first, told_first = open_page()
    told_first.until(QrShown)
    _, told_second = open_page()
    assert not told_second.told(QrShown)
    first.close()
    told_first.until(BrowserGone)
    told_second.until(QrShown)
