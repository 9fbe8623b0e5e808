"""Everything callers have asked of one client and not been answered: each gets an answer on every way it can go.

until                                              waits for another state   text     look-up   logout   code   picture
the page says so                                                             x        x         x        x      x
the state is another                               x                                                     x
the page is let go                                 x                         x        x         x        x      x
its time is over                                   x                         x        x         x        x      x
the actor dies (the runtime answers)               x                         x        x         x        x      x
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from actors.clients.errors import LogOutFailed, NotReady, PairingUnavailable, SendFailed, SendUnknown
from actors.clients.message_ids import draw
from actors.clients.protocol import (
    AwaitState,
    LookedUp,
    LookUp,
    PairingCodeRefused,
    PairingCodeShown,
    Screenshot,
    ScreenshotTaken,
    SendRefused,
    SendText,
    SendUnsettled,
    Sent,
)
from actors.clients.types import Reason, State

if TYPE_CHECKING:
    from actors.clients.policy import Times
    from actors.clients.ports import Page
    from actors.clients.protocol import Status
    from actors.clients.types import Seconds
    from actors.runtime import Actor, ReplyTo


@dataclass(frozen=True, slots=True)
class AnswerLate:
    """Timer: the page has not answered this asker in time. `kind` names the question."""

    kind: str
    ticket: int


class Askers:
    """The askers of one kind of question, first come, first served. Runs in the client's thread."""

    def __init__(self, actor: Actor, kind: str, patience: Seconds) -> None:
        self.kind = kind
        self._actor, self._patience = actor, patience
        self._tickets = count(1)
        self._askers: dict[int, ReplyTo] = {}

    def add(self) -> int:
        """Keep the asker of the present message. Answers its ticket, for questions that are not answered in order."""
        ticket = next(self._tickets)
        self._askers[ticket] = self._actor.defer()
        self._actor.start_timer((self.kind, ticket), self._patience, AnswerLate(self.kind, ticket))
        return ticket

    def answer(self, value: object) -> None:
        """Answer the one who has waited longest, if any."""
        if asker := self._take(next(iter(self._askers), None)):
            asker.answer(value)

    def refuse(self, error: Exception) -> None:
        """Refuse the one who has waited longest, if any."""
        if asker := self._take(next(iter(self._askers), None)):
            asker.refuse(error)

    def answer_one(self, ticket: int, value: object) -> None:
        """Answer the one with this ticket, if it still waits."""
        if asker := self._take(ticket if ticket in self._askers else None):
            asker.answer(value)

    def answer_all(self, value: object) -> None:
        """Answer everyone."""
        while self._askers:
            self.answer(value)

    def refuse_all(self, error: Exception) -> None:
        """Refuse everyone."""
        while self._askers:
            self.refuse(error)

    def late(self, ticket: int, error: Exception) -> None:
        """Refuse one whose time is over."""
        if asker := self._take(ticket):
            asker.refuse(error)

    def __bool__(self) -> bool:
        return bool(self._askers)

    def _take(self, ticket: int | None) -> ReplyTo | None:
        if ticket is None:
            return None
        self._actor.cancel_timer((self.kind, ticket))
        return self._askers.pop(ticket, None)


@dataclass(frozen=True, slots=True)
class WaitOver:
    """Timer: this waiter has waited long enough."""

    ticket: int


class Waiting:
    """The waiters of one client. Runs in the client's thread."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._tickets = count(1)
        self._waiters: dict[int, tuple[frozenset[State], ReplyTo]] = {}

    def add(self, question: AwaitState, status: Status) -> Status | None:
        """Answer at once where the state is already outside `leaving`; else keep the asker for later."""
        if status.state not in question.leaving or question.seconds <= 0:
            return status
        ticket = next(self._tickets)
        self._waiters[ticket] = (question.leaving, self._actor.defer())
        self._actor.start_timer(("wait", ticket), question.seconds, WaitOver(ticket))
        return None

    def changed(self, status: Status) -> None:
        """Answer everyone who waited for this."""
        for ticket in [t for t, (leaving, _) in self._waiters.items() if status.state not in leaving]:
            self.over(ticket, status)

    def over(self, ticket: int, status: Status) -> None:
        """Answer one waiter with what is known now."""
        waiter = self._waiters.pop(ticket, None)
        if waiter is not None:
            self._actor.cancel_timer(("wait", ticket))
            waiter[1].answer(status)

    def end(self, status: Status) -> None:
        """Answer everyone: the client ends."""
        for ticket in list(self._waiters):
            self.over(ticket, status)


@dataclass(frozen=True, slots=True)
class SendLate:
    """Timer: the page has not settled this order in time."""

    order: str


class Sending:
    """The unsettled orders of one client; an order is named by its message id. Runs in the client's thread."""

    def __init__(self, actor: Actor, patience: Seconds) -> None:
        self._actor = actor
        self._patience = patience
        self._askers: dict[str, ReplyTo] = {}

    def send(self, page: Page, message: SendText) -> None:
        """Order one message from the page and keep the asker until it is settled."""
        order = message.message_id or draw()
        self._askers[order] = self._actor.defer()
        self._actor.start_timer(("send", order), self._patience, SendLate(order))
        page.send_text(order, message.chat, message.text, message_id=order)

    def settle(self, fact: Sent | SendRefused | SendUnsettled) -> None:
        """Tell the asker what became of the order."""
        asker = self._take(fact.order)
        if asker is None:
            return
        match fact:
            case Sent():
                asker.answer(fact)
            case SendRefused(why=why):
                asker.refuse(SendFailed(why))
            case SendUnsettled(order=order, why=why):
                asker.refuse(SendUnknown(why, order))

    def late(self, order: str) -> None:
        """Give up waiting for one order."""
        self.settle(SendUnsettled(order, f"WhatsApp did not confirm the message within {self._patience:g} s"))

    def page_gone(self) -> None:
        """Give up every order: the page that had them is gone."""
        for order in list(self._askers):
            self.settle(SendUnsettled(order, "The page went away before WhatsApp confirmed the message"))

    def __len__(self) -> int:
        return len(self._askers)

    def _take(self, order: str) -> ReplyTo | None:
        self._actor.cancel_timer(("send", order))
        return self._askers.pop(order, None)


Answer = Sent | SendRefused | SendUnsettled | LookedUp | PairingCodeShown | PairingCodeRefused | ScreenshotTaken
"""What a page says that answers somebody."""
Late = SendLate | WaitOver | AnswerLate
"""The timers of those who wait."""


class Unanswered:
    """The open questions of one client. Runs in the client's thread, within the message that asks or answers."""

    def __init__(self, actor: Actor, times: Times) -> None:
        self._waiting = Waiting(actor)
        self._sending = Sending(actor, times.send)
        self._look_ups = Askers(actor, "look-up", times.answer)
        self._log_outs = Askers(actor, "log-out", times.log_out)
        self._codes = Askers(actor, "pairing-code", times.answer)
        self._pictures = Askers(actor, "screenshot", times.answer)

    @property
    def sending(self) -> bool:
        """Whether a message is on its way."""
        return bool(self._sending)

    @property
    def logging_out(self) -> bool:
        """Whether a caller has ordered a logout that has not come yet."""
        return bool(self._log_outs)

    def wait(self, question: AwaitState, status: Status) -> Status | None:
        """The answer, if it is known now."""
        return self._waiting.add(question, status)

    def send(self, page: Page, message: SendText) -> None:
        """Have a text sent."""
        self._sending.send(page, message)

    def look_up(self, page: Page, question: LookUp) -> None:
        """Have the page look a message up."""
        page.look_up(str(self._look_ups.add()), question.chat, question.message_id)

    def log_out(self, page: Page) -> None:
        """Have the page log out."""
        self._log_outs.add()
        page.log_out()

    def pairing_code(self, page: Page, phone: str) -> None:
        """Have the page ask for a code."""
        self._codes.add()
        page.request_pairing_code(phone)

    def picture(self, page: Page) -> None:
        """Have the page take a picture."""
        self._pictures.add()
        page.take_screenshot()

    def told(self, fact: Answer, state: State) -> None:
        """The page has answered somebody."""
        match fact:
            case PairingCodeShown():
                self._codes.answer(fact)
            case PairingCodeRefused(why=why):
                self._codes.refuse(PairingUnavailable(why))
            case ScreenshotTaken(png=None):
                self._pictures.refuse(NotReady(state))
            case ScreenshotTaken(png=bytes() as png):
                self._pictures.answer(Screenshot(png))
            case Sent() | SendRefused() | SendUnsettled():
                self._sending.settle(fact)
            case LookedUp(order=order) if order.isdecimal():
                self._look_ups.answer_one(int(order), fact)

    def late(self, timer: Late, status: Status) -> None:
        """Somebody's time is over."""
        match timer:
            case WaitOver(ticket=ticket):
                self._waiting.over(ticket, status)
            case SendLate(order=order):
                self._sending.late(order)
            case AnswerLate(kind=self._log_outs.kind, ticket=ticket):
                self._log_outs.late(ticket, _not_logged_out(status.state))
            case AnswerLate(kind=self._codes.kind, ticket=ticket):
                self._codes.late(ticket, PairingUnavailable("WhatsApp Web gave no pairing code in time"))
            case AnswerLate(kind=self._look_ups.kind, ticket=ticket):
                self._look_ups.late(ticket, NotReady(status.state))
            case AnswerLate(ticket=ticket):
                self._pictures.late(ticket, NotReady(status.state))

    def changed(self, status: Status) -> None:
        """The client is something else now."""
        self._waiting.changed(status)
        if status.state is not State.QR_REQUIRED:
            self._codes.refuse_all(PairingUnavailable(f"No pairing code is to be had in {status.state}"))

    def page_gone(self, status: Status) -> None:
        """The page was let go: it answers nobody any more. `status` says what the client has become."""
        self._sending.page_gone()
        self._codes.refuse_all(NotReady(status.state))
        self._pictures.refuse_all(NotReady(status.state))
        self._look_ups.refuse_all(NotReady(status.state))
        if status.reason is Reason.LOGGED_OUT_BY_API:
            self._log_outs.answer_all(status)
        self._log_outs.refuse_all(_not_logged_out(status.state))

    def ended(self, status: Status) -> None:
        """The client ends: nobody waits for another state any longer."""
        self._waiting.end(status)


def _not_logged_out(state: State) -> LogOutFailed:
    return LogOutFailed(f"WhatsApp Web did not confirm the logout. Current state: {state}")
