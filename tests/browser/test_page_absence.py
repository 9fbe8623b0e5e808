"""Real Chromium on the sandbox: what happened while the page was away is told when it is back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from actors.browser import page as page_of_chromium
from actors.browser.browser import ChromiumBrowser
from actors.clients.events import AccountEvent
from actors.clients.operations.messages import SendPoll, draw_message_id
from actors.clients.protocol import Answered, AwaitState, Init, Ready
from actors.clients.types import STARTING, ClientId, State
from actors.settings import Settings
from actors.store.event_pages import ReadPage
from actors.system import System
from tests.browser.pages import ADDRESSING, CHAT, CLIENT, FRIEND, NUMBER, Open, Opened, options
from tests.rig import Sandbox, processes

pytestmark = pytest.mark.e2e

OTHER, GROUP = "5491166778899", "120363000000000009@g.us"


@pytest.fixture
def told_before() -> list[Mapping[str, Any]]:
    """The reactions that the browser believes to have been told, and to stand."""
    return []


@pytest.fixture
def remembering(sandbox: Sandbox, tmp_path: Path, told_before: list[Mapping[str, Any]]) -> Iterator[ChromiumBrowser]:
    """A browser that knows what was told, as one of a service does."""

    async def standing(_client_id: ClientId) -> Sequence[Mapping[str, Any]]:
        return tuple(told_before)

    browser = ChromiumBrowser(options(tmp_path, sandbox.url), standing=standing)
    browser.start()
    yield browser
    assert browser.stop(10.0)


def of_type(page: Opened, type_: str, holds: Callable[[Mapping[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
    return dict(page.told.until(AccountEvent, lambda fact: fact.type == type_ and holds(fact.payload)).payload)


@ADDRESSING
def test_votes_calls_and_reactions_taken_back_are_told_afterwards(
    remembering: ChromiumBrowser,
    told_before: list[Mapping[str, Any]],
    linked: Open,
    opened: Open,
    sandbox: Sandbox,
    compat: str,
    lids: bool,
) -> None:
    sandbox.post("/settings", compat=compat)
    sandbox.post(f"/phones/{OTHER}")
    group = {"subject": "Us", "participants": [NUMBER, FRIEND, OTHER], "owner": NUMBER}
    sandbox.api.put(f"/api/groups/{GROUP}", json=group).raise_for_status()
    first = linked(remembering, lids=lids)
    remembering.keep_login(CLIENT)
    poll = draw_message_id()
    first.page.call(poll, SendPoll(GROUP, "Lunch?", ("yes", "no")))
    first.told.until(Answered)

    def vote(number: str, *choices: str) -> None:
        sandbox.post(f"/phones/{number}/vote", to=NUMBER, id=poll, choices=choices)

    vote(FRIEND, "yes")
    live = of_type(first, "poll.vote")
    for number, emoji in ((FRIEND, "👍"), (OTHER, "🎉")):
        id_ = sandbox.post(f"/phones/{number}/send", to=NUMBER, text="Look")["id"]
        of_type(first, "message")
        sandbox.post(f"/phones/{number}/react", to=NUMBER, id=id_, emoji=emoji)
        told_before.append(of_type(first, "message.reaction"))
    first.close()
    taken_back, stands = told_before
    sandbox.post(f"/phones/{FRIEND}/react", to=NUMBER, id=taken_back["bare_id"], emoji="")
    vote(OTHER, "no")
    vote(FRIEND)
    sandbox.post(f"/phones/{FRIEND}/call", to=NUMBER, video=True)
    second = opened(remembering)
    second.told.until(Ready)
    gone = of_type(second, "message.reaction", lambda told: not told["reaction"])
    assert {name: gone[name] for name in ("bare_id", "author", "chat")} == {
        name: taken_back[name] for name in ("bare_id", "author", "chat")
    }
    facts = list(second.told.told(AccountEvent))
    votes = {fact.payload["author"]: fact for fact in facts if fact.type == "poll.vote"}
    assert {author: fact.payload["choices"] for author, fact in votes.items()} == {
        live["author"]: [],
        stands["author"]: ["no"],
    }
    assert all(fact.key is not None and fact.read_again for fact in votes.values())
    (missed,) = [fact.payload for fact in facts if fact.type == "call.logged"]
    assert (missed["outcome"], missed["video"]) == ("Missed", True)
    removed = [
        fact.payload["bare_id"] for fact in facts if fact.type == "message.reaction" and not fact.payload["reaction"]
    ]
    assert set(removed) <= {taken_back["bare_id"]}


@ADDRESSING
def test_reactions_and_votes_that_come_late_are_told_though_they_are_older_than_the_page(
    shell: ChromiumBrowser,
    linked: Open,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    compat: str,
    lids: bool,
) -> None:
    """A phone without a network keeps them, with their time. wa-js passes over what is older than its own start."""
    monkeypatch.setattr(page_of_chromium, "LOOK_AGAIN", 0.2)
    monkeypatch.setattr(page_of_chromium, "LOOK_GROWTH", 1.0)
    sandbox.post("/settings", compat=compat)
    page = linked(shell, lids=lids)
    poll, id_ = draw_message_id(), sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="Look")["id"]
    of_type(page, "message")
    page.page.call(poll, SendPoll(CHAT, "Lunch?", ("yes", "no")))
    page.told.until(Answered)
    sandbox.post(f"/phones/{FRIEND}/react", to=NUMBER, id=id_, emoji="👍", ago=600)
    assert of_type(page, "message.reaction")["reaction"] == "👍"
    sandbox.post(f"/phones/{FRIEND}/vote", to=NUMBER, id=poll, choices=["yes"], ago=600)
    vote = of_type(page, "poll.vote")
    assert (vote["choices"], vote["live"]) == (["yes"], False)
    sandbox.post(f"/phones/{FRIEND}/vote", to=NUMBER, id=poll, choices=["no"])
    assert of_type(page, "poll.vote")["choices"] == ["no"]


def told_by(system: System, types: tuple[str, ...]) -> list[Any]:
    """The events that the store has of the client, oldest first."""
    page = system.store.ask(ReadPage(0, frozenset({CLIENT}), types)).get(timeout=10.0)
    return [event.payload for event in page.events]


def test_a_service_that_was_stopped_tells_it_once(sandbox: Sandbox, tmp_path: Path) -> None:
    given: dict[str, Any] = {"data_dir": tmp_path, "whatsapp_url": sandbox.url}
    system = System(Settings(**given))

    @contextmanager
    def running() -> Iterator[None]:
        system.start()
        try:
            yield
        finally:
            assert system.stop()

    def ready() -> None:
        client: Any = system.find(CLIENT)
        waited = AwaitState(frozenset(State) - {State.READY}, 20.0)
        assert client.ask(waited, timeout=25.0).state is State.READY

    def told(type_: str, least: int) -> list[Any]:
        def enough(found: list[Any]) -> bool:
            return len(found) >= least

        return processes.until(lambda: told_by(system, (type_,)), enough, f"{least} of {type_} are told", 20.0)

    with running():
        system.supervisor.ask(Init(CLIENT), timeout=10)
        client: Any = system.find(CLIENT)
        shown = client.ask(AwaitState(STARTING, 20.0), timeout=25.0)
        sandbox.post("/scan", code=shown.qr.code, number=NUMBER)
        ready()
        id_ = sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="Look")["id"]
        told("message", 1)
        sandbox.post(f"/phones/{FRIEND}/react", to=NUMBER, id=id_, emoji="👍")
        told("message.reaction", 1)
    sandbox.post(f"/phones/{FRIEND}/react", to=NUMBER, id=id_, emoji="")
    for restarts in (1, 2):
        with running():
            ready()
            sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="Done?")
            told("message", 1 + restarts)
            assert [one["reaction"] for one in told("message.reaction", 2)] == ["👍", ""]
