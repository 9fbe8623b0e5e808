"""`python -m tests.outbox.crashing DIRECTORY POINT`: hand a message in, and end without a word at one point of its way.

The points are around its durable steps: the three commits, and what happens between them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actors.browser.fake import FakePage, Outgoing
from actors.outbox import dispatcher
from actors.outbox.protocol import Outcome
from actors.store.outbox import AcceptMessage, ClaimNext, RequeueMessage, SettleMessage
from actors.store.writer import GroupCommit
from tests.campaign.fake_whatsapp import RecordedWhatsApp
from tests.outbox.conftest import Post

CRASHED = 9
COMMITS: dict[str, type] = {
    "acceptance": AcceptMessage,
    "mark": ClaimNext,
    "settlement": SettleMessage,
    "requeue": RequeueMessage,
}
POINTS = (
    *(f"{side} the {commit}" for commit in ("acceptance", "mark", "settlement") for side in ("before", "after")),
    "before the page has it",
    "after WhatsApp has it",
    "after the page has answered",
)
AGAIN = (
    *(("before the page has it", f"{side} the requeue") for side in ("before", "after")),
    *(("after WhatsApp has it", f"{side} the settlement") for side in ("before", "after")),
)
"""Where it ends first, and where it ends once more while that is made up for by a look-up."""
TEXT, KEY = "hello", "order-1"


def hand_in(directory: Path) -> Post:
    """A life of the service in which a caller hands the message in, perhaps once more, and it is sent."""
    post = Post(directory, RecordedWhatsApp(directory / "whatsapp"))
    post.ready()
    post.accept(TEXT, key=KEY, fingerprint=TEXT)
    return post


def end(*_: object, **__: object) -> None:
    """As if the power went, but for what the kernel has."""
    os._exit(CRASHED)


def wrap(point: str) -> None:
    """End at this point."""
    side, _, what = point.partition(" the ")
    if what in COMMITS:
        _wrap_commit(COMMITS[what], before=side == "before")
    elif point == "before the page has it":
        FakePage.call = end  # type: ignore[method-assign]  # a crash point
    elif point == "after WhatsApp has it":
        RecordedWhatsApp.deliver = _then_end(RecordedWhatsApp.deliver)  # type: ignore[assignment,method-assign]  # another
    else:
        dispatcher._HANDLERS[Outcome] = end


def _then_end(whole: Callable[[RecordedWhatsApp, Outgoing], None]) -> Callable[[RecordedWhatsApp, Outgoing], None]:
    def deliver(self: RecordedWhatsApp, delivery: Outgoing) -> None:
        whole(self, delivery)
        end()

    return deliver


def _wrap_commit(kind: type, *, before: bool) -> None:
    whole: Any = GroupCommit.commit

    def commit(self: GroupCommit) -> Any:
        is_ours = any(isinstance(pending.write, kind) for pending in self._pending)
        if is_ours and before:
            end()
        answers = whole(self)
        if is_ours:
            end()
        return answers

    GroupCommit.commit = commit  # type: ignore[method-assign]  # a crash point


if __name__ == "__main__":
    wrap(sys.argv[2])
    hand_in(Path(sys.argv[1]))
