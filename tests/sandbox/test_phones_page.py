"""A person at /phones: links a waiting page, chats, sees ticks, logs out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox.conftest import Sandbox, Tab
from tests.sandbox.linked import MAIN

pytestmark = pytest.mark.e2e

ME = "5491100000077"
FILL = "((name, value) => {{ document.querySelector(name).value = value; }})({!r}, {!r})"


def click(tab: Tab, selector: str) -> None:
    tab.until(f"document.querySelector({selector!r})")
    tab.js(f"document.querySelector({selector!r}).click()")


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
