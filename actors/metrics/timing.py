"""Decorators that time the browser's pages and the webhooks' poster: sends, probes and deliveries, as callers see them.

Any thread may call. A measurement begun in a client's thread is stopped in the browser's: each step is one operation on
a dict.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from actors.clients.operations import Effect
from actors.clients.protocol import Answered, BrowserGone, OutcomeUnknown, PageFact, Probed, Refused
from actors.metrics.counters import OTHER, UNANSWERED
from actors.webhooks import schedule

if TYPE_CHECKING:
    from actors.clients.operations import Operation
    from actors.clients.ports import Browser, Dropped, Page, Tell
    from actors.clients.types import ClientId, Seconds
    from actors.metrics.counters import Counters
    from actors.webhooks.http import Post, Poster, Then
    from actors.webhooks.schedule import Outcome


OUTCOMES: dict[type[PageFact], str] = {Answered: "sent", Refused: "refused", OutcomeUnknown: "unsettled"}


class TimedBrowser:
    """A browser that passes everything on. Any thread may call."""

    def __init__(self, browser: Browser, counters: Counters) -> None:
        self._browser, self._counters = browser, counters

    def open(self, client_id: ClientId, tell: Tell) -> Page:
        """See the port."""
        watch = Stopwatch(self._counters, tell)
        return TimedPage(self._browser.open(client_id, watch.hear), watch)

    def has_login(self, client_id: ClientId) -> bool:
        """See the port."""
        return self._browser.has_login(client_id)

    def keep_login(self, client_id: ClientId) -> None:
        """See the port."""
        self._browser.keep_login(client_id)

    def has_profile(self, client_id: ClientId) -> bool:
        """See the port."""
        return self._browser.has_profile(client_id)

    def drop_login(self, client_id: ClientId, then: Dropped = lambda _: None) -> None:
        """See the port."""
        self._browser.drop_login(client_id, then)


class Stopwatch:
    """The timed orders of one page.

    Begun in the client's thread, stopped in the browser's: each step is one operation on a dict.
    """

    def __init__(self, counters: Counters, tell: Tell) -> None:
        self._counters, self._tell = counters, tell
        self._orders: dict[str, Seconds] = {}
        self._probes: dict[int, Seconds] = {}

    def ordered(self, order: str) -> None:
        """Start the time of a message that goes to the page."""
        self._orders[order] = time.monotonic()

    def asked(self, token: int) -> None:
        """Start the time of a probe; an earlier unanswered probe is dropped."""
        self._probes = {token: time.monotonic()}

    def hear(self, fact: PageFact) -> None:
        """Stop the time that this fact of the page ends."""
        match fact:
            case Answered(order=order) | Refused(order=order) | OutcomeUnknown(order=order):
                if (at := self._orders.pop(order, None)) is not None:
                    self._counters.sent(OUTCOMES[type(fact)], time.monotonic() - at)
            case Probed(token=token):
                if (at := self._probes.pop(token, None)) is not None:
                    self._counters.probed(time.monotonic() - at)
            case BrowserGone():
                self._orders.clear()
            case _:
                pass
        self._tell(fact)


class TimedPage:
    """A page that passes everything on. Any thread may call."""

    def __init__(self, page: Page, watch: Stopwatch) -> None:
        self._page, self._watch = page, watch

    def call(self, order: str, operation: Operation[Any]) -> None:
        """See the port."""
        if operation.effect is Effect.SEND:
            self._watch.ordered(order)
        self._page.call(order, operation)

    def probe(self, token: int) -> None:
        """See the port."""
        self._watch.asked(token)
        self._page.probe(token)

    def ask_server(self, token: int) -> None:
        """See the port."""
        self._page.ask_server(token)

    def reload(self) -> None:
        """See the port."""
        self._page.reload()

    def close(self) -> None:
        """See the port."""
        self._page.close()

    def kill(self) -> None:
        """See the port."""
        self._page.kill()


_CLASSES = range(1, 6)


class TimedPoster:
    """A poster that passes everything on. Any thread may call."""

    def __init__(self, poster: Poster, counters: Counters) -> None:
        self._poster, self._counters = poster, counters

    def start(self) -> None:
        """See the port."""
        self._poster.start()

    def post(self, post: Post, then: Then) -> None:
        """See the port."""
        began = time.monotonic()

        def hear(outcome: Outcome) -> None:
            self._counters.delivered(outcome_of(outcome), time.monotonic() - began)
            then(outcome)

        self._poster.post(post, hear)

    def stop(self, seconds: float) -> None:
        """See the port."""
        self._poster.stop(seconds)


def outcome_of(outcome: Outcome) -> str:
    """Return the class of the status code, or `unanswered`."""
    if not isinstance(outcome, schedule.HttpAnswer):
        return UNANSWERED
    hundreds = outcome.status // 100
    return f"{hundreds}xx" if hundreds in _CLASSES else OTHER
