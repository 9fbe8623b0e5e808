"""From what a page sends to facts: nothing it can send, nor its owner do, disturbs the thread of all pages."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import structlog

from actors.browser import page_events
from actors.browser.page_events import MAX_EVENT, PART, REMEMBERED, SLACK, PageEvents
from actors.browser.wa_js import BINDING
from actors.clients.events import AccountEvent, MessageArrived
from actors.clients.protocol import (
    BrowserGone,
    PageFact,
    PageFailed,
    QrShown,
    Ready,
)
from actors.clients.types import ClientId, Reason
from tests.browser.views import ACCEPTED, MAIN, code, view

HOME = "https://web.whatsapp.com/"


class Heard:
    """A PageEvents, what it told, and a page to speak for."""

    def __init__(self) -> None:
        self.told: list[PageFact] = []
        self.events = PageEvents(ClientId(7), self.told.append, HOME, lambda: 1_800_000_000.0)

    def say(self, event: object, name: str = BINDING) -> None:
        """Through the binding, as JSON."""
        self.payload(json.dumps(event), name)

    def payload(self, payload: object, name: str = BINDING) -> None:
        """Through the binding, as it is."""
        self.events.listeners["Runtime.bindingCalled"]({"name": name, "payload": payload})

    def navigated(self, url: str, **frame: Any) -> None:
        """A frame shows another document."""
        self.events.listeners["Page.frameNavigated"]({"frame": {"url": url, **frame}})


@pytest.fixture
def heard() -> Heard:
    return Heard()


NONSENSE = ["", "{", "[]", "null", "5", '"view"', '{"e": []}', '{"e": "none"}', "[" * 100_000, '{"e": null}', "\ud800"]


@pytest.mark.parametrize("payload", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_passed_over(heard: Heard, payload: str) -> None:
    heard.payload(payload)
    heard.say(code("2@a"))
    assert heard.told == [QrShown("2@a", 60.0)]


def test_an_event_without_an_end_is_passed_over(heard: Heard) -> None:
    heard.payload(json.dumps(code("2@a" + "x" * MAX_EVENT)))
    heard.payload(None)
    assert heard.told == []


def test_what_the_page_has_in_its_memory_is_passed_over_where_it_is_nonsense(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = {"e": "message", "bare_id": "3EB0", "ack": 10**400, "media": {"size": {}}, "poll": [5], "quoted": "x"}
    parts: list[object] = [[[{"e": []}, None, {"e": "view"}], None, [message]], {}]

    async def ask(*_: object, **__: object) -> object:
        return parts.pop(0)

    monkeypatch.setattr(page_events, "ask", ask)
    asyncio.run(heard.events.tell_stored(None))  # type: ignore[arg-type]  # `ask` is replaced
    (payload,) = [fact.payload for fact in heard.told if isinstance(fact, AccountEvent)]
    assert (payload["bare_id"], payload["quoted"], payload["poll"]) == ("3EB0", None, [])
    assert payload["media"] == dict.fromkeys(MessageArrived.parts["media"])
    assert parts == []


def test_what_is_older_than_the_link_is_not_asked_for_also_after_a_restart(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def ask(_wire: object, _name: str, arguments: object, **_: object) -> list[object]:
        asked.append(arguments)
        return []

    monkeypatch.setattr(page_events, "ask", ask)
    later = PageEvents(ClientId(7), heard.told.append, HOME, lambda: 1_800_000_000.0, since=1_700_000_000.0)
    for events in (heard.events, later):
        asyncio.run(events.tell_stored(None))  # type: ignore[arg-type]  # `ask` is replaced
    assert asked == [{"since": since, "told": 0, "most": PART} for since in (0.0, 1_700_000_000.0 - SLACK)]


def test_nobody_else_is_listened_to(heard: Heard) -> None:
    heard.say(code("2@a"), name="another")
    assert heard.told == []


def test_what_happened_is_told_once_however_often_and_late_it_is_said(heard: Heard) -> None:
    for number in range(REMEMBERED):
        heard.say({"e": "message", "bare_id": str(number), "id": "live"})
    heard.say({"e": "message", "bare_id": "0", "id": "again"})
    assert len(heard.told) == REMEMBERED
    assert all(isinstance(fact, AccountEvent) for fact in heard.told)


def test_a_page_that_failed_is_told_once_and_not_listened_to_any_more(heard: Heard) -> None:
    heard.events.listeners["Inspector.targetCrashed"]({})
    heard.events.fail(Reason.BROWSER_DEAF, "and deaf")
    heard.say(code("2@a"))
    heard.events.end(BrowserGone(None, "Closed"))
    heard.events.end(BrowserGone(None, "Closed"))
    assert heard.told == [
        PageFailed(Reason.PAGE_CRASHED, "The page's renderer has crashed"),
        BrowserGone(None, "Closed"),
    ]


def test_only_the_main_frame_can_leave_and_only_once_it_was_there(heard: Heard) -> None:
    heard.navigated("about:blank")
    heard.events.opened()
    heard.navigated("https://example.com/", parentId="main")
    heard.navigated(f"{HOME}?post_logout=1")
    assert heard.told == []
    heard.navigated("https://example.com/")
    assert [fact.reason for fact in heard.told if isinstance(fact, PageFailed)] == [Reason.PAGE_LEFT]


def test_an_owner_that_raises_hears_what_follows(heard: Heard) -> None:
    def raising(fact: PageFact) -> None:
        heard.told.append(fact)
        raise RuntimeError("a bug of the owner's")

    heard.events._owner = raising
    heard.say(code("2@a"))
    heard.say(ACCEPTED)
    heard.say(view(MAIN))
    assert [type(fact) for fact in heard.told] == [QrShown, Ready]


def test_from_ready_on_lines_do_not_name_the_call_that_ordered_the_start(heard: Heard) -> None:
    with structlog.contextvars.bound_contextvars(request="the-start", trace="0af7"):
        heard.say(code("2@a"))
        assert structlog.contextvars.get_contextvars() == {"request": "the-start", "trace": "0af7"}
        heard.say(ACCEPTED)
        heard.say(view(MAIN))
        assert structlog.contextvars.get_contextvars() == {}


def test_where_the_servers_word_was_missed_it_is_asked_until_it_answers(heard: Heard) -> None:
    async def story() -> None:
        asked: asyncio.Queue[None] = asyncio.Queue()
        heard.events.on_unproven = lambda: asked.put_nowait(None)
        heard.say(view(MAIN))
        async with asyncio.timeout(10):
            for _ in range(2):
                await asked.get()
                assert heard.told == []
                heard.events.look_for_proof()
            heard.say(ACCEPTED)
        assert [type(fact) for fact in heard.told] == [Ready]
        heard.events.look_for_proof()
        heard.events.rest()

    asyncio.run(story())
