"""Every error of WAHA's calls, as one table; word for word where consumers match them.

The native table (`gateway.errors`) answers all others, in WAHA's shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog

from actors.clients.errors import (
    LogOutFailed,
    OperationRefused,
    OperationUnanswered,
    OperationUnknown,
    PairingUnavailable,
    SendFailed,
    SendUnknown,
    StartFailed,
)
from actors.media.fetching import MediaUnreachable
from actors.waha.envelope import Environment
from actors.webhooks.definition import InvalidWebhook
from gateway.errors import note_refusal, problem_of
from gateway.http import NO_STORE, InvalidRequest, JsonResponse, render_plain
from gateway.security.auth import Forbidden, Unauthorized
from gateway.service.outbox import Undelivered

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_log = structlog.get_logger("gateway")
NOT_AS_EXPECTED = "Session status is not as expected. Try again later or restart the session"
"""Consumers match this sentence, read `status`, and start or restart the session."""
_LONGEST_SHOWN = 200


class WahaRefusal(Exception):
    """A refusal that WAHA has words for. `status` is HTTP's."""

    status = 400

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages

    @property
    def body(self) -> dict[str, Any]:
        """The answer."""
        return _plain(self.status, str(self))


class BadRequest(WahaRefusal):
    """Something given is wrong: one sentence each."""

    @property
    def body(self) -> dict[str, Any]:
        """The answer: a list of sentences, as for every validation."""
        return _plain(400, [*self.messages])


class NotFound(WahaRefusal):
    """There is none."""

    status = 404


class Unprocessable(WahaRefusal):
    """It cannot be done as things are."""

    status = 422


class NotSupported(WahaRefusal):
    """This service does not have the call."""

    status = 501


class FileGone(NotFound):
    """A file is not there, or its time is over."""

    @property
    def body(self) -> dict[str, Any]:
        """The answer."""
        details = f"There is no file {self.messages[0][:200]}, or its time is over"
        return {"error": {"code": 404, "key": "FILE_NOT_FOUND", "message": "File not found", "details": details}}


class SessionUnknown(WahaRefusal):
    """A call needs a session that does not exist."""

    status = 422

    def __init__(self, session: str) -> None:
        super().__init__(f'Session "{session}" does not exist')
        self.session = session

    @property
    def body(self) -> dict[str, Any]:
        """The answer."""
        return {"error": str(self), "session": self.session}


class StatusUnexpected(WahaRefusal):
    """The session has another status than the call needs, after a while of waiting."""

    status = 422

    def __init__(self, session: str, status: str, expected: Iterable[str]) -> None:
        super().__init__(NOT_AS_EXPECTED)
        self.session, self.session_status, self.expected = session, status, list(expected)

    @property
    def body(self) -> dict[str, Any]:
        """The answer."""
        return {
            "error": NOT_AS_EXPECTED,
            "session": self.session,
            "status": self.session_status,
            "expected": self.expected,
        }


@dataclass(frozen=True, slots=True)
class WahaProblem:
    """An error as it goes out."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def _plain(status: int, message: str | list[str], name: str | None = None) -> dict[str, Any]:
    return {"message": message, "error": name or HTTPStatus(status).phrase, "statusCode": status}


def _thrown(error: Exception, http: Request, given: Mapping[str, Any]) -> WahaProblem:
    """WhatsApp refused, or did not answer: an exception of its own in WAHA."""
    body = {
        "statusCode": 500,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "exception": {"message": str(error), "name": type(error).__name__},
        "request": {
            "path": http.url.path,
            "method": http.method,
            "body": _shown(given),
            "query": {name: value for name, value in http.query_params.items() if name != "x-api-key"},
        },
        "version": Environment().told,
    }
    return WahaProblem(500, body)


def _shown(value: Any) -> Any:
    """Return the arguments without files in base64."""
    if isinstance(value, Mapping):
        return {name: _shown(one) for name, one in value.items() if name != "data"}
    if isinstance(value, list):
        return [_shown(one) for one in value]
    return value[:_LONGEST_SHOWN] if isinstance(value, str) else value


def _unauthorized(error: Exception, http: Request, given: Mapping[str, Any]) -> WahaProblem:
    return WahaProblem(401, {"message": "Unauthorized", "statusCode": 401})


def _forbidden(error: Exception, http: Request, given: Mapping[str, Any]) -> WahaProblem:
    return WahaProblem(403, _plain(403, "Forbidden resource"))


def _wrong(error: Exception, http: Request, given: Mapping[str, Any]) -> WahaProblem:
    return WahaProblem(400, _plain(400, [str(error)]))


def _refusal(error: WahaRefusal, http: Request, given: Mapping[str, Any]) -> WahaProblem:
    return WahaProblem(error.status, error.body)


def _undelivered(error: Undelivered, http: Request, given: Mapping[str, Any]) -> WahaProblem:
    """The answer to the error itself, with how the message stands, which WAHA has no field for."""
    row = next(kind for kind in type(error.error).__mro__ if kind in WAHA_ERRORS)
    problem = WAHA_ERRORS[row](error.error, http, given)
    return replace(problem, body={**problem.body, **asdict(error.standing)})


def _native(error: Exception, http: Request, given: Mapping[str, Any]) -> WahaProblem:
    """An error of the native table, in WAHA's shape."""
    problem = problem_of(error)
    if problem.code == "INTERNAL_ERROR":
        _log.error("http.failed", method=http.method, path=http.url.path, exc_info=error)
    if problem.code == "NOT_FOUND":
        return WahaProblem(404, _plain(404, f"Cannot {http.method} {http.url.path}"))
    return WahaProblem(
        problem.status, {**_plain(problem.status, problem.message), "code": problem.code}, problem.headers
    )


WAHA_ERRORS: dict[type[Exception], Callable[[Any, Request, Mapping[str, Any]], WahaProblem]] = {
    WahaRefusal: _refusal,
    Unauthorized: _unauthorized,
    Forbidden: _forbidden,
    InvalidRequest: _wrong,
    InvalidWebhook: _wrong,
    Undelivered: _undelivered,
    SendFailed: _thrown,
    SendUnknown: _thrown,
    OperationRefused: _thrown,
    OperationUnanswered: _thrown,
    OperationUnknown: _thrown,
    LogOutFailed: _thrown,
    PairingUnavailable: _thrown,
    StartFailed: _thrown,
    MediaUnreachable: _thrown,
    Exception: _native,
}


def answer(http: Request, error: Exception, given: Mapping[str, Any]) -> Response:
    """Return the answer to an exception: the row of its class, or of the nearest base that has one."""
    note_refusal(http.scope, error)
    row = next(kind for kind in type(error).__mro__ if kind in WAHA_ERRORS)
    problem = WAHA_ERRORS[row](error, http, given)
    return JsonResponse(render_plain(problem.body), problem.status, {**NO_STORE, **problem.headers})
