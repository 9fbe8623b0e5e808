"""How many messages between actors one call takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pykka import ActorRegistry

from actors.runtime import Mailbox, mailbox_of
from tests.gateway.running import Running, until

GOOD = {"to": "5491122334455", "message": "hello"}
AT_MOST = 16


@contextmanager
def traced(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Whatever is put into a mailbox of an actor meanwhile, as `actor: Message`."""
    seen: list[str] = []
    put = Mailbox.put

    def note(self: Mailbox, envelope: Any) -> None:
        seen.append(f"{self.owner}: {type(envelope.message).__name__}")
        put(self, envelope)

    with monkeypatch.context() as patch:
        patch.setattr(Mailbox, "put", note)
        yield seen


def test_one_send_takes_few_messages(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    service.ready(1)
    assert service.post("/send", 1, GOOD).status_code == 200
    idle = lambda: all(mailbox_of(ref).is_idle() for ref in ActorRegistry.get_all())  # noqa: E731 - asked again
    until(idle, bool, "every actor waits for something to do")
    with traced(monkeypatch) as seen:
        assert service.post("/send", 1, {**GOOD, "message": "again"}).status_code == 200
    assert len(seen) <= AT_MOST, "\n".join(seen)
