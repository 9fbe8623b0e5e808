"""A person at /phones: links a waiting page, chats, sees ticks, logs out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox.conftest import Sandbox, Tab
from tests.sandbox.linked import MAIN

pytestmark = pytest.mark.e2e

ME = "5491100000077"
FILL = """((name, value) => {{
    const field = document.querySelector(name);
    field.value = value;
    field.dispatchEvent(new Event('change'));
}})({!r}, {!r})"""
HOLD = """(() => {
    const real = window.fetch;
    let holds = true;
    window.fetch = async (url, given) => {
        const answer = await real(url, given);
        if (holds && url === '/api/state') {
            holds = false;
            await new Promise((go) => { window.letGo = go; });
        }
        return answer;
    };
})()"""
"""The next answer about everything comes late."""


def click(tab: Tab, selector: str) -> None:
    """In one step: what is there may be drawn anew at any time."""
    tab.until(f"(document.querySelector({selector!r}).click(), true)")


def test_a_person_links_chats_and_logs_out(sandbox: Sandbox, tab: Callable[..., Tab]) -> None:
    page, phones = tab("page"), tab("phones")
    page.open()
    phones.open("phones")
    phones.js(FILL.format("#scan [name=number]", ME))
    click(phones, "#waiting button")
    page.until(MAIN)

    phones.until(f"document.querySelector('#talk select').value === '{ME}'")
    phones.js(FILL.format("#talk [name=text]", "hello <b>there</b>"))
    click(phones, "#talk button:not([type])")
    page.until("heard.find(([name, what]) => name === 'chat.new_message' && what.body === 'hello <b>there</b>')")
    phones.until("document.querySelector('#messages').textContent.includes('hello <b>there</b>')")

    page.js("WPP.chat.sendTextMessage('5491155550001@c.us', 'hi', {linkPreview: false, markIsRead: false})")
    phones.until("document.querySelector('#messages .read')?.textContent === '✓✓ read'")

    click(phones, f"#go-{ME}")
    page.until("location.search.includes('post_logout=1')")
    phones.until("document.querySelector('#accounts').textContent.includes('gone')")
    for width in (390, 1280):
        phones.resize(width)
        assert phones.js("document.documentElement.scrollWidth <= innerWidth")


def test_a_person_votes_in_a_poll_and_types(sandbox: Sandbox, tab: Callable[..., Tab]) -> None:
    page, phones = tab("page"), tab("phones")
    page.open()
    phones.open("phones")
    phones.js(FILL.format("#scan [name=number]", ME))
    click(phones, "#waiting button")
    page.until(MAIN)
    phones.until(f"document.querySelector('#talk select').value === '{ME}'")

    person = "'5491155550001@c.us'"
    page.js(f"WPP.chat.sendCreatePollMessage({person}, 'When?', ['now', 'later'], {{markIsRead: false}})")
    click(phones, "#messages button[id^='Vote later']")
    page.until("heard.find(([name]) => name === 'chat.poll_response')")
    phones.until("document.querySelector('#messages').textContent.includes('now (0) / later (1)')")

    page.js(f"WPP.chat.markIsRecording({person})")
    phones.until("document.querySelector('#seen').textContent === 'The account is recording…'")
    click(phones, "#typing")
    page.until("heard.find(([name]) => name === 'chat.presence_change')")


def test_what_a_person_typed_is_kept_where_it_failed_and_gone_where_it_worked(
    sandbox: Sandbox, tab: Callable[..., Tab]
) -> None:
    page, phones = tab("page"), tab("phones")
    phones.open("phones")
    phones.until("document.querySelector('#waiting').textContent.includes('No page shows a code')")
    phones.until("document.querySelector('#accounts').textContent.includes('No accounts')")
    page.open()
    phones.until("document.querySelector('#waiting button')")

    phones.js(FILL.format("#scan [name=code]", "2@nonsense"))
    click(phones, "#scan button:not([type])")
    phones.until("document.querySelector('#notice.bad').textContent === 'no page shows that code now'")
    assert phones.js("document.querySelector('#scan [name=code]').value") == "2@nonsense"
    phones.js(FILL.format("#scan [name=code]", sandbox.get(f"{sandbox.url}api/pages")[0]["code"]))
    phones.js(FILL.format("#scan [name=number]", ME))
    click(phones, "#scan button:not([type])")
    phones.until(f"document.querySelector('#notice:not(.bad)').textContent === '{ME} is linked'")
    assert phones.js("document.querySelector('#scan [name=code]').value") == ""

    phones.until(f"document.querySelector('#talk select').value === '{ME}'")
    sandbox.put(f"{sandbox.url}api/absent/5491155550001")
    phones.js(FILL.format("#talk [name=text]", "hello"))
    click(phones, "#talk button:not([type])")
    phones.until("document.querySelector('#notice.bad').textContent.includes('is not on WhatsApp')")
    assert phones.js("document.querySelector('#talk [name=text]').value") == "hello"


def test_what_was_chosen_to_happen_stays_chosen_when_the_account_is_drawn_again(
    sandbox: Sandbox, tab: Callable[..., Tab]
) -> None:
    page, phones = tab("page"), tab("phones")
    page.open()
    phones.open("phones")
    phones.js(FILL.format("#scan [name=number]", ME))
    click(phones, "#waiting button")
    phones.until("document.querySelector('#accounts').textContent.includes('connected')")
    phones.js(FILL.format(f"#act-{ME}", "Network off"))
    click(phones, f"#go-{ME}")
    phones.until("document.querySelector('#accounts').textContent.includes('network off')")
    assert phones.js(f"document.querySelector('#act-{ME}').value") == "Network off"


def test_an_answer_that_comes_late_is_not_the_last_that_is_shown(sandbox: Sandbox, tab: Callable[..., Tab]) -> None:
    page, phones = tab("page"), tab("phones")
    page.open()
    phones.open("phones")
    phones.js(FILL.format("#scan [name=number]", ME))
    click(phones, "#waiting button")
    page.until(MAIN)
    phones.until("document.querySelector('#accounts').textContent.includes('connected')")
    phones.js(HOLD)
    account = f"{sandbox.url}api/accounts/{ME}"
    sandbox.post(f"{account}/sending", mode="ok")
    phones.until("window.letGo")
    sandbox.post(f"{account}/network", online=False)
    off = "document.querySelector('#accounts').textContent.includes('network off')"
    late = "new Promise((go) => setTimeout(go, 500))"  # for what comes after the change to come before it
    phones.js(f"{late}.then(() => window.letGo())")
    phones.until(off)
    assert phones.js(f"{late}.then(() => {off})")


def test_a_pairing_code_is_shown_with_the_number_it_is_for(sandbox: Sandbox, tab: Callable[..., Tab]) -> None:
    page, phones = tab("page"), tab("phones")
    page.open()
    phones.open("phones")
    phones.until("document.querySelector('#waiting button')")
    page.until("window.WPP?.isFullReady")
    code = page.js(f"WPP.conn.genLinkDeviceCodeForPhoneNumber('{ME}', false)")
    phones.until(f"document.querySelector('#waiting').textContent.includes('pairing code {code} for {ME}')")
    phones.js(FILL.format("#scan [name=number]", ME))
    phones.js(FILL.format("#pair [name=code]", code))
    click(phones, "#pair button")
    phones.until(f"document.querySelector('#notice').textContent === '{ME} is linked'")
    assert phones.js("document.querySelector('#pair [name=code]').value") == ""


PICK = """(() => {
    const all = new DataTransfer();
    all.items.add(new File([Uint8Array.of(137, 80, 78, 71)], 'a.png', {type: 'image/png'}));
    document.querySelector('#talk [name=file]').files = all.files;
})()"""


def test_a_person_sends_a_picture(sandbox: Sandbox, tab: Callable[..., Tab]) -> None:
    page, phones = tab("page"), tab("phones")
    page.open()
    phones.open("phones")
    phones.js(FILL.format("#scan [name=number]", ME))
    click(phones, "#waiting button")
    page.until(MAIN)
    phones.until(f"document.querySelector('#talk select').value === '{ME}'")
    phones.js(PICK)
    phones.js(FILL.format("#talk [name=text]", "look"))
    click(phones, "#talk button:not([type])")
    page.until("heard.find(([name, what]) => name === 'chat.new_message' && what.type === 'image')")
    phones.until("document.querySelector('#messages img')?.alt")
    phones.until("document.querySelector('#talk [name=file]').files.length === 0")
    assert "look" in phones.js("document.querySelector('#messages').textContent")
