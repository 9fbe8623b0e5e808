"""A browser without Chromium: the same port, in memory, for tests, demonstrations and load.

    habits    Habits: the behaviour of pages by themselves; Fate: the fate of a sent message
    whatsapp  WhatsApp: the service's side, with deliveries and void logins. Survives every page
    page      FakePage: one page, with a list of its orders
    profiles  the stored logins
    browser   FakeBrowser: opens pages one after the other on each profile, and lets a test play the phone

By default everything is answered at once, in the calling thread: a page shows a code, or resumes a stored login;
`browser.scan(99)` makes it Ready; a text is delivered and acknowledged. With `FakeBrowser(BY_HAND)` nothing happens by
itself, and a test tells each fact: `browser.page(99).tell(QrShown("2@…", 60.0))`.
"""

from actors.browser.fake.browser import FakeBrowser
from actors.browser.fake.habits import BY_HAND, Fate, Habits, always
from actors.browser.fake.page import FakePage, Order
from actors.browser.fake.whatsapp import Outgoing, WhatsApp

__all__ = [
    "BY_HAND",
    "FakeBrowser",
    "FakePage",
    "Fate",
    "Habits",
    "Order",
    "Outgoing",
    "WhatsApp",
    "always",
]
