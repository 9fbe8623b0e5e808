"""The open questions of callers to one client: each gets an answer in every case.

until                                      waits for another state    an operation
the page answers                                                      x, by its answer
the state is another                       x                          refused, where it is confined to some states
the page is let go                         x                          the state, where that is the answer; else failed
its time is over                           x                          failed
the actor dies (the runtime answers)       x                          x

The failure of an operation follows from its effect: a READ may be asked again; a CHANGE or a SEND may have been done.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from actors.clients.operations import Effect, Failure
from actors.clients.operations.account import LogOut
from actors.clients.operations.messages import draw_message_id
from actors.clients.protocol import Answered, Refused
from actors.clients.types import State

if TYPE_CHECKING:
    from actors.clients.operations import Operation
    from actors.clients.policy import Times
    from actors.clients.ports import Page
    from actors.clients.protocol import AwaitState, OutcomeUnknown, Status
    from actors.runtime import Actor, ReplyTo


@dataclass(frozen=True, slots=True)
class DeadlineOver:
    """Timer: the deadline of an asker. `key` is an order, or the ticket of an asker who waits for a state."""

    key: str | int


class Pending:
    """The open questions of one client. Runs in the client's thread, within the message that asks or answers."""

    def __init__(self, actor: Actor, times: Times) -> None:
        self._actor, self._times = actor, times
        self._tickets = count(1)
        self._waiting: dict[int, tuple[frozenset[State], ReplyTo]] = {}
        """The askers that wait until the client has left these states."""
        self._ordered: dict[str, tuple[Operation[Any], ReplyTo]] = {}
        """The askers that wait for the page, by the order."""

    @property
    def sending(self) -> bool:
        """True while a message is being sent."""
        return any(operation.effect is Effect.SEND for operation, _ in self._ordered.values())

    @property
    def logging_out(self) -> bool:
        """True while a caller's logout is not finished."""
        return any(isinstance(operation, LogOut) for operation, _ in self._ordered.values())

    # --- asking -------------------------------------------------------------------------------------------------------

    def wait(self, question: AwaitState, status: Status) -> Status | None:
        """Answer at once if the state is already outside `leaving`; else keep the asker."""
        if status.state not in question.leaving or question.seconds <= 0:
            return status
        ticket = next(self._tickets)
        self._waiting[ticket] = (question.leaving, self._actor.defer())
        self._actor.start_timer(("pending", ticket), question.seconds, DeadlineOver(ticket))
        return None

    def order(self, page: Page, operation: Operation[Any], order: str | None = None) -> None:
        """Order an operation from the page, and keep the asker until it is answered.

        `order` names it: the bare id of the message, if it sends a message.
        """
        order = order or (draw_message_id() if operation.effect is Effect.SEND else str(next(self._tickets)))
        if order in self._ordered:  # the page does it once, and its answer goes to the last asker
            self._fail(order, Failure("It was ordered again meanwhile", State.READY, order))
        self._ordered[order] = (operation, self._actor.defer())
        self._actor.start_timer(("pending", order), self._times.of(operation), DeadlineOver(order))
        page.call(order, operation)

    # --- answering ----------------------------------------------------------------------------------------------------

    def answered(self, fact: Answered | Refused | OutcomeUnknown, state: State) -> None:
        """Pass the page's answer to its asker, if that still waits."""
        operation, _ = self._ordered.get(fact.order, (None, None))
        if operation is None:
            return
        match fact:
            case Answered():
                if operation.by_page:
                    self._answer(fact.order, fact.value)
            case Refused():
                self._fail(fact.order, Failure(fact.why, state, fact.order, declined=True, code=fact.code))
            case _ if operation.by_page:  # else the client's state answers
                self._fail(fact.order, Failure(fact.why, state, fact.order))

    def late(self, timer: DeadlineOver, status: Status) -> None:
        """Answer an asker whose time is over: with the present status, or with a failure."""
        if isinstance(timer.key, int):
            self._stop_waiting(timer.key, status)
        elif timer.key in self._ordered:
            seconds = self._times.of(self._ordered[timer.key][0])
            why = f"WhatsApp Web did not answer in time, within {seconds:g} s"
            self._fail(timer.key, Failure(why, status.state, timer.key))

    def changed(self, status: Status) -> None:
        """Answer every asker who waited for the new status, and those for whom it is too late."""
        for ticket in [ticket for ticket, (leaving, _) in self._waiting.items() if status.state not in leaving]:
            self._stop_waiting(ticket, status)
        for order, (operation, _) in list(self._ordered.items()):
            if operation.confined and status.state not in operation.states:
                self._fail(order, Failure(f"The client is {status.state} now", status.state, order))

    def page_gone(self, status: Status) -> None:
        """Answer every asker of the page, which was left. `status` is the client's new status."""
        for order, (operation, _) in list(self._ordered.items()):
            reached = operation.reached(status)
            if reached is None:
                self._fail(order, Failure("The page went away before it answered", status.state, order))
            else:
                self._answer(order, reached)

    def ended(self, status: Status) -> None:
        """Answer every asker who waits for another state: the client ends."""
        for ticket in list(self._waiting):
            self._stop_waiting(ticket, status)

    def _answer(self, order: str, value: object) -> None:
        self._take(order).answer(value)

    def _fail(self, order: str, failure: Failure) -> None:
        error = self._ordered[order][0].failed(failure)
        self._take(order).refuse(error)

    def _take(self, order: str) -> ReplyTo:
        self._actor.cancel_timer(("pending", order))
        return self._ordered.pop(order)[1]

    def _stop_waiting(self, ticket: int, status: Status) -> None:
        waiting = self._waiting.pop(ticket, None)
        if waiting is not None:
            self._actor.cancel_timer(("pending", ticket))
            waiting[1].answer(status)
