"""Everything callers have asked of one client and not been answered: each gets an answer on every way it can go.

until                                              waits for another state   text     look-up   logout   code   picture
the page says so                                                             x        x         x        x      x
the state is another                               x                                                     x
the page is let go                                 x                         x        x         x        x      x
its time is over                                   x                         x        x         x        x      x
the actor dies (the runtime answers)               x                         x        x         x        x      x
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.clients.asking import AnswerLate, Askers
from actors.clients.errors import LogOutFailed, NotReady, PairingUnavailable
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
from actors.clients.sending import Sending, SendLate
from actors.clients.types import Reason, State
from actors.clients.waiting import Waiting, WaitOver

if TYPE_CHECKING:
    from actors.clients.ports import Page
    from actors.clients.protocol import Status
    from actors.clients.times import Times
    from actors.runtime import Actor

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
