"""Operations over HTTP that the page refuses, or never answers: what a row answers follows from the operation."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp

from actors.browser.fake import FakeBrowser
from actors.browser.fake.page import FakePage
from actors.clients.errors import OperationRefused
from actors.clients.operations import Effect, Operation
from actors.clients.operations.base import Failure
from actors.clients.protocol import Delete, OutcomeUnknown
from actors.clients.types import ClientId, Reason, State
from actors.system import System
from gateway.api import CALLS
from gateway.app import application, gateway_of
from gateway.calls import Call, post
from gateway.errors import problem_of
from gateway.security.auth import Scope, Whose
from gateway.security.needs import in_path
from tests.browser.samples import sample
from tests.gateway.running import PATIENCE, chosen, linked

ME = ClientId(7)
PLAIN = (str, int, float, type(None))


@dataclass(frozen=True, slots=True)
class TidyUp(Operation[None]):
    """Tidy the account up: a change that this service does not have."""

    thoroughly: bool = True

    effect = Effect.CHANGE
    example = None


TABLE = (*CALLS, post("/clients/{id}/tidiness", TidyUp, in_path(Scope.CONTROL, "id")))
ROWS = [
    call
    for call in TABLE
    if (kind := call.operation) is not None
    if kind.effect is not Effect.SEND and State.READY in kind.states
    if all(isinstance(value, PLAIN) for value in asdict(sample(kind)).values())
]
"""The calls that are direct operations, with arguments that any body or query can have."""


def refuses(_page: FakePage, _: Operation[Any]) -> object:
    return OperationRefused("It says no", "E_NO")


def does_not_know(page: FakePage, operation: Operation[Any]) -> object:
    order = str(page.ordered(type(operation).__name__)[-1].arguments["order"])
    page.tell(OutcomeUnknown(order, "The page cannot tell"))
    return operation.example


def dies(page: FakePage, operation: Operation[Any]) -> object:
    page.end(Reason.BROWSER_CRASHED, "Chromium died")
    return operation.example


FAILURES: dict[str, tuple[Callable[[FakePage, Operation[Any]], object], Failure]] = {
    "refused": (refuses, Failure("It says no", State.READY, "", declined=True, code="E_NO")),
    "unknown to the page": (does_not_know, Failure("The page cannot tell", State.READY, "")),
    "lost with the page": (dies, Failure("The page went away before it answered", State.READY, "")),
}

CODES = {
    Effect.READ: (409, "OPERATION_REFUSED", 503, "OPERATION_UNANSWERED"),
    Effect.CHANGE: (409, "OPERATION_REFUSED", 500, "OPERATION_UNKNOWN"),
}
"""Effect -> the answer to a refusal, and to a failure of which nobody knows whether it was done."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A system for all tests, and its calls as an application."""

    system: System
    browser: FakeBrowser
    app: ASGIApp


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    settings, browser = chosen(tmp_path_factory.mktemp("operations")), FakeBrowser()
    with System(settings, browser) as system:
        yield Stage(system, browser, application(gateway_of(system, settings), TABLE))


@pytest.fixture
def stage(shared: Stage) -> Iterator[Stage]:
    """The same with a client that is READY, and gone afterwards, as is what the test has the page answer."""
    linked(shared.system, shared.browser, ME)
    yield shared
    shared.browser.answers.clear()
    shared.system.supervisor.ask(Delete(ME, log_out=False), timeout=PATIENCE)


def name(call: Call) -> str:
    return f"{call.method} {call.path}"


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("call", ROWS, ids=name)
def test_a_failure_is_answered_by_what_the_operation_makes_of_it(stage: Stage, call: Call, failure: str) -> None:
    assert call.operation is not None
    stage.browser.answers[call.operation], said = FAILURES[failure]
    operation = sample(call.operation)
    answer = asyncio.run(asked(stage.app, call, operation))
    problem = problem_of(operation.failed(said))
    if type(operation).failed is Operation.failed:
        codes = CODES[operation.effect]
        assert (problem.status, problem.code) == (codes[:2] if said.declined else codes[2:])
    assert (answer.status_code, answer.json()["code"]) == (problem.status, problem.code), answer.text
    assert answer.json()["message"] == problem.message
    assert problem.fields.items() <= answer.json().items()


async def asked(app: ASGIApp, call: Call, operation: Operation[Any]) -> httpx2.Response:
    """The answer to a call, whose arguments stand where the row takes them."""
    given = {name: value for name, value in asdict(operation).items() if value is not None}
    places = {**given, call.need.parameter: ME}
    path = re.sub(r"\{(\w+)\}", lambda found: str(places[found[1]]), call.path)
    rest = {name: given[name] for name in call.arguments if name in given}
    options: dict[str, Any] = {"json": rest} if call.method in ("POST", "PUT", "PATCH") else {"params": rest}
    headers = {"X-Cliente-Id": str(ME)} if call.need.whose is Whose.CLIENT else {}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as http:
        return await http.request(call.method, path, headers=headers, **options)
