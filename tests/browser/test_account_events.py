"""Account events: one declaration and one row of the page script are all that an event needs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from actors.browser import wa_js
from actors.browser.browser import ChromiumBrowser
from actors.clients.events import EVENTS, AccountEvent
from actors.clients.types import ClientId
from actors.metrics.counters import OTHER, Counters
from actors.store.events import Event
from tests.browser.pages import CHAT, answer, options
from tests.docs.events import PAGE, events_page
from tests.gateway.running import Running
from tests.rig import Consumer, Sandbox

SCRIPTS = Path(wa_js.__file__).parent / "scripts"
ROW = re.compile(r"^    (\w+): \['([\w.]+)', ", re.MULTILINE)
"""A row of events.js."""
STORE_ROW = re.compile(r"^    (\w+): \[\(\) => wa\(\)\.(\w+), '", re.MULTILINE)
"""A row about a store of WhatsApp Web."""


@pytest.fixture
def registry() -> Iterator[None]:
    """What a test declares is forgotten after it."""
    before = dict(EVENTS)
    yield
    EVENTS.clear()
    EVENTS.update(before)


def rows() -> dict[str, str]:
    """The page's name of each event -> the event of wa-js it is made of."""
    return dict(ROW.findall((SCRIPTS / "events.js").read_text("utf-8")))


def store_rows() -> dict[str, str]:
    """The page's name of each event that a store of WhatsApp Web tells -> that store."""
    return dict(STORE_ROW.findall((SCRIPTS / "events.js").read_text("utf-8")))


def told_by_orders() -> set[str]:
    """The page's names of the events that an order tells of itself."""
    scripts = [path for path in SCRIPTS.glob("*.js") if path.name not in ("page.js", "events.js")]
    return {name for path in scripts for name in re.findall(r"tell\(\{\s+e: '(\w+)'", path.read_text("utf-8"))}


def counted(types: list[str]) -> set[str]:
    """The labels under which events of these types are counted."""
    metrics = CollectorRegistry()
    Counters(metrics).published([Event(1, "id", ClientId(1), 1, 0.0, type, {}) for type in types])
    (family,) = [family for family in metrics.collect() if family.name == "session_manager_events"]
    return {sample.labels["type"] for sample in family.samples}


def test_every_event_of_a_page_is_one_row_of_the_page_script_and_each_row_is_declared() -> None:
    assert rows().keys() | store_rows().keys() | told_by_orders() == {
        event.page_name for event in EVENTS.values() if event.page_name is not None
    }


def test_every_row_listens_to_an_event_that_wa_js_has() -> None:
    declared = "".join(path.read_text("utf-8") for path in (wa_js.PACKAGE / "dist").rglob("eventTypes.d.ts"))
    assert [event for event in rows().values() if f"'{event}'" not in declared] == []


def test_every_event_is_documented_and_counted_by_its_type() -> None:
    assert re.findall(r"^### `([a-z_.]+)`: ", PAGE.read_text("utf-8"), re.MULTILINE) == list(EVENTS)
    assert counted([*EVENTS, "tomorrow"]) == {*EVENTS, OTHER}


@pytest.mark.parametrize("type", EVENTS)
def test_a_declaration_is_whole(type: str) -> None:
    event = EVENTS[type]
    assert event.__doc__
    assert tuple(event.example) == event.fields
    assert set(event.identified_by) <= set(event.fields)
    assert event.page_name is None or not event.notices
    assert bool(event.needs) is (event.page_name is not None or bool(event.notices))
    assert (event(event.example).key is None) is ("id" not in event.fields)


def test_no_two_events_are_the_same_row_or_notice() -> None:
    names = [event.page_name for event in EVENTS.values() if event.page_name is not None]
    notices = [notice for event in EVENTS.values() for notice in event.notices]
    assert len(set(names)) == len(names)
    assert len(set(notices)) == len(notices)


NEW_ROW = """
    poll_answered: ['chat.poll_response', ({ msgId, sender, selectedOptions }) => (
      { ...keyed(msgId), author: cut(sender), choices: selectedOptions.map(({ name }) => cut(name)) })],"""


@pytest.mark.e2e
def test_an_event_that_is_declared_goes_from_the_page_to_stream_store_metrics_and_document(
    registry: None, tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PollAnswered(AccountEvent):
        """Somebody has answered a poll."""

        type = "poll.answered"
        page_name = "poll_answered"
        fields = ("id", "bare_id", "chat", "author", "choices", "live")
        identified_by = ("author", "choices")
        example = dict.fromkeys(fields)

    scripts = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, scripts)
    text = (scripts / "events.js").read_text("utf-8")
    (scripts / "events.js").write_text(text.replace("const rows = {", f"const rows = {{{NEW_ROW}"), "utf-8")
    monkeypatch.setattr(wa_js, "_SCRIPTS", scripts)

    chromium: Any = ChromiumBrowser(options(tmp_path / "profiles", sandbox.url))
    with Running(tmp_path / "data", chromium) as service, closing(Consumer(service, sandbox, 1)) as consumer:
        consumer.pair()
        http = consumer.http
        vote = f"""(() => {{
            const msgId = WPP.whatsapp.MsgKey.fromString('false_{CHAT}_3A00000000000000AAAA');
            const vote = {{ msgId, sender: '{CHAT}', selectedOptions: [{{ name: 'yes' }}] }};
            WPP.emit('chat.poll_response', vote);
            WPP.emit('chat.poll_response', vote);
        }})()"""
        with http.stream("GET", "/events", params={"types": "poll.answered", "after": 0}) as stream:
            answer(chromium, vote)
            line = next(line for line in stream.iter_lines() if line.startswith("data: "))
        event = json.loads(line.removeprefix("data: "))
        assert event["type"] == PollAnswered.type
        assert event["payload"] == {
            "id": f"false_{CHAT}_3A00000000000000AAAA",
            "bare_id": "3A00000000000000AAAA",
            "chat": CHAT,
            "author": CHAT,
            "choices": ["yes"],
            "live": True,
        }
        stored = http.get(
            "/events/next", params={"consumer": "y", "types": "poll.answered", "after": 0, "wait": 0}
        ).json()
        assert stored["events"] == [event]
        assert 'session_manager_events_total{type="poll.answered"} 1.0' in http.get("/metrics").text
    assert "### `poll.answered`: somebody has answered a poll\n" in events_page()
