"""The fake browser itself: what it promises to the tests that lean on it."""

from __future__ import annotations

from pathlib import Path

from actors.browser.fake import BY_HAND, FakeBrowser, Fate, Habits, always
from actors.clients.events import AccountEvent
from actors.clients.operations.account import LogOut
from actors.clients.operations.messages import LookedUp, LookUp, SendText, Sent
from actors.clients.ports import Browser, Page
from actors.clients.protocol import (
    Answered,
    BrowserGone,
    LinkLost,
    LinkResumed,
    LoggedOut,
    PageFact,
    PageLaunched,
    PageSettled,
    Probed,
    QrScanned,
    QrShown,
    Ready,
    Refused,
)
from actors.clients.types import ClientId, Reason

ONE = ClientId(1)
CHAT = "5491122334455@c.us"


class Facts(list[PageFact]):
    """Hears a page, but for its launch and its load, which every page that opens tells first."""

    def append(self, fact: PageFact) -> None:
        if isinstance(fact, PageLaunched | PageSettled):
            assert not self or isinstance(self[-1], BrowserGone)
        else:
            super().append(fact)

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self]


def ready(browser: FakeBrowser) -> Facts:
    facts = Facts()
    browser.open(ONE, facts.append)
    browser.scan(ONE)
    browser.keep_login(ONE)
    facts.clear()
    return facts


def test_it_is_a_browser_with_pages() -> None:
    browser: Browser = FakeBrowser()
    page: Page = browser.open(ONE, lambda _: None)
    page.close()


def test_a_page_shows_a_code_and_is_ready_once_it_is_scanned() -> None:
    facts, browser = Facts(), FakeBrowser()
    browser.open(ONE, facts.append)
    assert facts.kinds() == ["QrShown"]
    browser.scan(ONE, "5491100000001")
    assert facts[1:] == [QrScanned(), Ready("5491100000001")]


def test_a_stored_login_resumes_and_a_dropped_one_does_not() -> None:
    browser = FakeBrowser()
    ready(browser)
    browser.page(ONE).close()
    facts = Facts()
    browser.open(ONE, facts.append)
    assert facts == [Ready("5491100000001")]
    browser.drop_login(ONE)
    assert not browser.has_login(ONE)
    browser.page(ONE).close()
    browser.open(ONE, facts.append)
    assert facts.kinds() == ["Ready", "BrowserGone", "QrShown"]


def test_logins_in_a_directory_outlive_the_browser(tmp_path: Path) -> None:
    ready(FakeBrowser(directory=tmp_path))
    again, facts = FakeBrowser(directory=tmp_path), Facts()
    assert again.has_login(ONE)
    again.open(ONE, facts.append)
    assert facts == [Ready("5491100000001")]


def test_one_profile_has_one_page_at_a_time() -> None:
    browser, facts = FakeBrowser(), Facts()
    first = browser.open(ONE, lambda _: None)
    second = browser.open(ONE, facts.append)
    assert facts == []
    assert browser.running() == [first]
    first.kill()
    assert facts.kinds() == ["QrShown"]
    assert browser.running() == [second]


def test_a_page_that_waits_for_its_profile_may_be_closed() -> None:
    browser, facts = FakeBrowser(), Facts()
    browser.open(ONE, lambda _: None)
    browser.open(ONE, facts.append).close()
    browser.page(ONE).kill()
    assert facts == [BrowserGone(None, "Closed")]


def test_gone_is_told_once_and_last() -> None:
    browser = FakeBrowser()
    facts = ready(browser)
    browser.crash(ONE)
    browser.page(ONE).close()
    browser.page(ONE).tell(QrShown("late", 1.0))
    assert facts == [BrowserGone(Reason.BROWSER_CRASHED, "Chromium died")]


def test_a_text_is_delivered_and_acknowledged() -> None:
    browser = FakeBrowser()
    facts = ready(browser)
    browser.page(ONE).call("3EB0AA", SendText(CHAT, "hello"))
    assert facts == [Answered("3EB0AA", Sent(f"true_{CHAT}_3EB0AA", CHAT))]
    assert [(d.text, d.message_id) for d in browser.whatsapp.deliveries] == [("hello", "3EB0AA")]


def test_a_number_without_whatsapp_is_refused() -> None:
    browser = FakeBrowser()
    facts = ready(browser)
    browser.whatsapp.absent.add(CHAT)
    browser.page(ONE).call("a", SendText(CHAT, "hello"))
    assert facts == [Refused("a", f"There is no such chat on WhatsApp ({CHAT})")]


def test_what_was_delivered_is_found_after_a_crash_and_what_was_not_is_not() -> None:
    browser = FakeBrowser()
    ready(browser)
    for fate, bare in ((Fate.CRASH_AFTER, "3EB0AA"), (Fate.CRASH_BEFORE, "3EB0BB")):
        browser.habits = Habits(sends=always(fate))
        browser.page(ONE).call(bare, SendText(CHAT, "hello"))
        facts = Facts()
        browser.open(ONE, facts.append)
        browser.page(ONE).call("l", LookUp(CHAT, bare))
        found = 1 if fate is Fate.CRASH_AFTER else None
        assert facts[-1] == Answered("l", LookedUp(found, complete=True))
    assert browser.whatsapp.duplicates() == []


def test_what_is_sent_without_a_network_waits_in_the_page() -> None:
    browser = FakeBrowser()
    facts = ready(browser)
    browser.cut(ONE)
    browser.page(ONE).call("3EB0AA", SendText(CHAT, "hello"))
    browser.page(ONE).call("l", LookUp(CHAT, "3EB0AA"))
    assert facts.kinds() == ["LinkLost", "Answered"]
    assert facts[-1] == Answered("l", LookedUp(0, complete=False))
    browser.mend(ONE)
    assert facts.kinds()[2:] == ["LinkResumed", "Ready", "Answered"]
    assert isinstance(facts[0], LinkLost)
    assert isinstance(facts[2], LinkResumed)


def test_what_comes_in_while_no_page_is_ready_is_told_at_the_next_one() -> None:
    browser = FakeBrowser()
    facts = ready(browser)
    browser.receive(ONE, "5491122334455", "one", "3EB001")
    browser.crash(ONE)
    browser.receive(ONE, "5491122334455", "two", "3EB002")
    browser.open(ONE, facts.append)
    texts = [fact.payload["body"] for fact in facts if isinstance(fact, AccountEvent)]
    assert texts == ["one", "two"]
    assert facts.kinds() == ["MessageArrived", "BrowserGone", "Ready", "MessageArrived"]


def test_a_removal_is_heard_now_or_at_the_next_resume() -> None:
    browser = FakeBrowser()
    facts = ready(browser)
    browser.remove(ONE)
    assert facts.kinds() == ["LoggedOut"]
    browser = FakeBrowser()
    facts = ready(browser)
    browser.page(ONE).close()
    browser.remove(ONE)
    browser.open(ONE, facts.append)
    assert facts.kinds() == ["BrowserGone", "LoggedOut"]


def test_a_banned_number_is_logged_out_as_soon_as_it_is_paired() -> None:
    browser, facts = FakeBrowser(), Facts()
    browser.ban(ONE)
    browser.open(ONE, facts.append)
    browser.scan(ONE)
    assert facts.kinds() == ["QrShown", "QrScanned", "Ready", "LoggedOut"]


def test_an_ordered_logout_voids_the_login() -> None:
    browser = FakeBrowser()
    facts = ready(browser)
    browser.page(ONE).call("log out", LogOut())
    assert isinstance(facts[0], LoggedOut)
    assert facts[0].reason is Reason.LOGGED_OUT_BY_API
    browser.page(ONE).close()
    browser.open(ONE, facts.append)
    assert facts.kinds() == ["LoggedOut", "Answered", "BrowserGone", "QrShown"]


def test_a_hung_page_answers_nothing_until_it_is_killed() -> None:
    browser = FakeBrowser()
    facts = ready(browser)
    page = browser.page(ONE)
    page.probe(1)
    page.hung = True
    page.probe(2)
    page.close()
    assert facts == [Probed(1)]
    page.kill()
    assert facts.kinds() == ["Probed", "BrowserGone"]


def test_by_hand_nothing_happens_by_itself_and_orders_are_noted() -> None:
    browser, facts = FakeBrowser(BY_HAND), Facts()
    page = browser.open(ONE, facts.append)
    page.probe(7)
    page.close()
    assert facts == []
    assert [order.name for order in page.orders] == ["probe", "close"]
    assert page.ordered("probe")[0]["token"] == 7
    page.tell(QrShown("2@x", 60.0))
    assert facts == [QrShown("2@x", 60.0)]


def test_a_page_can_be_made_to_fail() -> None:
    browser, facts = FakeBrowser(), Facts()
    browser.fail_next(ONE, Reason.CHROMIUM_FAILED, "No Chromium")
    browser.open(ONE, facts.append)
    assert facts == [BrowserGone(Reason.CHROMIUM_FAILED, "No Chromium")]


def test_a_stopped_browser_has_no_page() -> None:
    browser, facts = FakeBrowser(), Facts()
    browser.open(ONE, facts.append)
    assert browser.stop(1.0)
    assert browser.running() == []
    assert browser.stop(1.0)
    browser.open(ONE, facts.append)
    assert facts.kinds() == ["QrShown", "BrowserGone", "BrowserGone"]
