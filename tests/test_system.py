"""The composition root, as a program of one's own uses it: without HTTP."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import structlog
from pykka._envelope import Envelope

from actors.browser.fake import FakeBrowser
from actors.clients.errors import Starting
from actors.clients.operations.messages import SendText
from actors.clients.policy import Rules
from actors.clients.protocol import AwaitState, GetClients, Init, StatusChanged
from actors.clients.supervisor import Resume
from actors.clients.types import STARTING, ClientId, State
from actors.options import rules
from actors.outbox import protocol as outbox
from actors.runtime.mailbox import dead_letters
from actors.runtime.testing import Leaks
from actors.settings import Settings, StartRefused
from actors.store.ownership import claim
from actors.store.retention import Pruned
from actors.system import System
from actors.webhooks import protocol as webhooks

CLIENT = ClientId(99)


def chosen(data_dir: Path, **settings: Any) -> Settings:
    return Settings(**{"data_dir": data_dir, **settings})


def paired(system: System, browser: FakeBrowser) -> Any:
    """A READY client's ref."""
    system.supervisor.ask(Init(CLIENT), timeout=5)
    client: Any = system.find(CLIENT)
    assert client.ask(AwaitState(STARTING, 5), timeout=10).state is State.QR_REQUIRED
    browser.scan(CLIENT)
    assert client.ask(AwaitState(frozenset({State.QR_REQUIRED}), 5), timeout=10).state is State.READY
    return client


def test_a_program_drives_clients_without_http(tmp_path: Path) -> None:
    browser = FakeBrowser()
    system = System(chosen(tmp_path), browser)
    system.start()
    try:
        client = paired(system, browser)
        sent = client.ask(SendText("5491122334455@c.us", "Hello"), timeout=5)
        assert sent.message_id.startswith("true_5491122334455@c.us_3EB0")
        assert system.versions["wa_js"] == "fake"
        assert system.versions["session_manager"]
    finally:
        assert system.stop() is True


def test_nothing_is_left_after_the_stop_and_it_can_start_again(tmp_path: Path) -> None:
    leaks, browser = Leaks(), FakeBrowser()
    system = System(chosen(tmp_path), browser)
    for _ in range(3):
        system.start()
        assert system.stop() is True
        leaks.check()
        claim(tmp_path).release()


def test_a_stop_without_a_start_is_in_order(tmp_path: Path) -> None:
    system = System(chosen(tmp_path), FakeBrowser())
    assert system.find(CLIENT) is None
    with pytest.raises(Starting):
        _ = system.supervisor
    assert system.stop() is True
    assert system.stop() is True


def test_a_start_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    leaks = Leaks()
    with claim(tmp_path), pytest.raises(StartRefused, match="in use by process"):
        System(chosen(tmp_path), FakeBrowser()).start()

    class Unstartable(FakeBrowser):
        def start(self) -> None:
            raise OSError(28, "No space left on device")

    with structlog.testing.capture_logs() as logs, pytest.raises(StartRefused, match="No space left on device"):
        System(chosen(tmp_path), Unstartable()).start()
    assert [entry for entry in logs if entry["event"] == "dead_letters"] == []
    leaks.check()
    claim(tmp_path).release()


@pytest.mark.parametrize(
    "answer",
    [
        *(outbox.NextClaimed, outbox.UnsettledRead, outbox.LookUpWritten, outbox.GivenUp),
        *(outbox.Settled, outbox.Found, outbox.Withdrawn, outbox.Standing, outbox.Glanced, outbox.Known),
        *(outbox.Expired, outbox.ExpiryRead, webhooks.Subscribed, webhooks.Refreshed, webhooks.CursorRead),
        *(webhooks.Recorded, Pruned),
    ],
)
def test_an_answer_that_comes_after_a_stop_is_no_dead_letter(answer: type) -> None:
    """The store or the page still knows."""
    assert dead_letters([Envelope(object.__new__(answer))]) == {}


@pytest.mark.parametrize("news", [outbox.Outcome, webhooks.Posted, webhooks.Change])
def test_news_that_comes_after_a_stop_is_a_dead_letter(news: type) -> None:
    assert dead_letters([Envelope(object.__new__(news))]) == {news.__name__: 1}


def test_the_death_of_the_supervisor_is_told_once_and_an_ordered_end_is_not(tmp_path: Path) -> None:
    told: list[str] = []
    died = threading.Event()

    def fatal(why: str) -> None:
        told.append(why)
        died.set()

    browser = FakeBrowser()
    system = System(chosen(tmp_path), browser, fatal=fatal)
    system.start()
    paired(system, browser)
    system.supervisor.tell(StatusChanged(None))  # type: ignore[arg-type]  # which is a bug
    assert died.wait(5)
    assert system.stop() is False
    assert browser.running() == []
    assert len(told) == 1
    assert told[0].startswith("Supervisor crashed: AttributeError")


def test_a_client_that_was_ready_resumes_at_the_next_start_without_a_qr(tmp_path: Path) -> None:
    browser = FakeBrowser()
    system = System(chosen(tmp_path), browser)
    system.start()
    paired(system, browser)
    assert system.stop() is True
    system = System(chosen(tmp_path), browser)
    system.start()
    system.supervisor.ask(GetClients(), timeout=5)  # answered after the resumption has begun
    client: Any = system.find(CLIENT)
    assert client.ask(AwaitState(STARTING, 5), timeout=10).state is State.READY
    assert system.stop() is True


def test_nobody_is_served_before_all_is_there_and_those_that_ran_are_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, seen, resume = System(chosen(tmp_path), FakeBrowser()), list[str](), Resume

    def at_this_moment(client_ids: tuple[ClientId, ...]) -> Resume:
        for part in ("supervisor", "store", "outbox", "webhooks"):
            with pytest.raises(Starting):
                getattr(system, part)
            seen.append(part)
        return resume(client_ids)

    monkeypatch.setattr("actors.system.Resume", at_this_moment)
    with system:
        assert len(seen) == 4
        assert system.supervisor.ask(GetClients(), timeout=5) == ()


def test_settings_become_rules() -> None:
    made = rules(
        chosen(
            Path("x"),
            start_patience=1.0,
            qr_lifetime=2.0,
            link_patience=3.0,
            send_timeout=4.0,
            close_grace=5.0,
            probe_interval=6.0,
            probe_timeout=7.0,
            max_reconnection_attempts=8,
            backoff_first=9.0,
            backoff_cap=10.0,
            stable_after=11.0,
            cleanup_delay=12.0,
            start_concurrency=13,
            max_clients=14,
            client_memory=15,
        )
    )
    assert isinstance(made, Rules)
    patience, times, policy = made.times.patience, made.times, made.reconnection
    assert (patience.start, patience.qr, patience.link) == (1.0, 2.0, 3.0)
    assert (times.send, times.probe_interval, times.probe_timeout) == (4.0, 6.0, 7.0)
    assert times.close > 5.0
    assert (policy.limit, policy.backoff.first, policy.backoff.cap, policy.stable_after) == (8, 9.0, 10.0, 11.0)
    assert (made.cleanup_delay, made.start_concurrency, made.max_clients) == (12.0, 13, 14)
    assert made.client_memory == 15 * 1024 * 1024
