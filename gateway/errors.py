"""The table of errors: the exception's class, or the nearest of its bases, gives the answer.

HTTP itself            404, 405, 408, 413, raised by Starlette or `http`
HeaderRefused          the header names no client
Unauthorized …         the caller is not authorised, or calls too often (security)
InvalidRequest         the body or the query does not fit the call
ClientRefusal …        an actor refuses (actors.clients.errors)
MailboxFull, Timeout   an actor is overloaded
Exception              a bug of ours: logged with its traceback, answered without it
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import structlog
from pykka import Timeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route

from actors.clients.errors import (
    CapacityExceeded,
    DeleteFailed,
    LogOutFailed,
    NoSuchClient,
    NotInAccount,
    NotReady,
    OperationRefused,
    OperationUnanswered,
    OperationUnknown,
    PairingUnavailable,
    SendFailed,
    SendUnknown,
    ShuttingDown,
    StartFailed,
    Starting,
    StartOvertaken,
    StartUnderWay,
)
from actors.inbox.inbox import FileUnavailable
from actors.media.conversion import ConversionFailed, ConversionUnavailable
from actors.media.fetching import MediaRefused, MediaUnreachable
from actors.media.folder import MediaFull, MediaTooLarge
from actors.runtime import MailboxFull, Refusal
from actors.store.errors import (
    IdempotencyKeyReused,
    MessageNotHeld,
    MessageNotQueued,
    NeverLinked,
    NoSuchMessage,
    OutboxFull,
    StatementFailed,
    StoreUnavailable,
)
from actors.store.message_states import OPEN
from actors.store.rows.configs import NameTaken
from actors.store.rows.consumers import ConsumerDiffers, NoSuchConsumer, NoSuchReceipt, TooManyConsumers
from actors.store.rows.keys import NoSuchKey
from actors.store.rows.media import NoSuchMedia
from actors.store.webhooks import NoSuchWebhook, WebhookExists
from actors.webhooks.definition import InvalidWebhook
from gateway.files.received import NoSuchFile
from gateway.http import HeaderRefused, InvalidRequest, reply
from gateway.schemas.shape import ErrorAnswer
from gateway.security.auth import Forbidden, Unauthorized
from gateway.security.keys import KeyRefused
from gateway.security.rate_limits import RateLimited
from gateway.service.outbox import Undelivered
from gateway.service.webhooks import NoSuchDeadLetter

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import Scope

_log = structlog.get_logger("gateway")


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it is answered: status, code, message, and the code's additions to body and headers."""

    status: int
    code: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def _as(status: int, code: str, **fields: Any) -> Callable[[Any], Problem]:
    """Return a row whose message is the exception's own text; `fields` are constants."""
    return lambda error: Problem(status, code, str(error), fields)


def _later(status: int, code: str, seconds: float, **fields: Any) -> Callable[[Any], Problem]:
    """Return a row with the time of the next attempt."""
    retry = math.ceil(seconds)
    headers = {"Retry-After": str(retry)}
    return lambda error: Problem(status, code, str(error), {**fields, "retry_after_seconds": retry}, headers)


_NAMES = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "PAYLOAD_TOO_LARGE"}
"""Codes that would otherwise depend on the version of Python."""


def _http(error: HTTPException) -> Problem:
    """Return HTTP's own refusal: the code is the status's own name."""
    status = HTTPStatus(error.status_code)
    return Problem(status, _NAMES.get(status, status.name), error.detail, headers=dict(error.headers or {}))


def allowed(routes: Iterable[BaseRoute], scope: Scope) -> Mapping[str, str]:
    """Return the header Allow for a path: every method of every route that the path fits, sorted.

    Starlette names those of the first such route only; `/status/text` fits two.
    """
    fitting = (route for route in routes if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE)
    return {"Allow": ", ".join(sorted({method for route in fitting for method in route.methods or ()}))}


def _start_under_way(error: StartUnderWay) -> Problem:
    seconds = error.retry_after_seconds
    fields = {"cliente_id": error.client_id, "retry_after_seconds": seconds}
    return Problem(409, "INITIALIZATION_IN_PROGRESS", str(error), fields, {"Retry-After": str(seconds)})


def _start_failed(error: StartFailed) -> Problem:
    return Problem(500, "INITIALIZATION_FAILED", str(error), {"cliente_id": error.client_id, "retry": True})


def _delete_failed(error: DeleteFailed) -> Problem:
    return Problem(500, "DELETE_FAILED", str(error), {"cliente_id": error.client_id, "logged_out": error.logged_out})


def _send_unknown(error: SendUnknown) -> Problem:
    return Problem(500, "SEND_FAILED", str(error), {"outcome": "unknown", "message_id": error.message_id})


def _undelivered(error: Undelivered) -> Problem:
    """Return the answer to the error itself, with how the message stands."""
    problem, standing = problem_of(error.error), error.standing
    return replace(problem, fields={**problem.fields, **asdict(standing)})


def _no_such_client(error: NoSuchClient) -> Problem:
    return Problem(404, "CLIENT_NOT_FOUND", str(error), {"cliente_id": error.client_id})


def _unauthorized(error: Unauthorized) -> Problem:
    return Problem(401, "UNAUTHORIZED", str(error), headers={"WWW-Authenticate": 'Bearer realm="session-manager"'})


def _rate_limited(error: RateLimited) -> Problem:
    headers = {"Retry-After": str(error.standing.reset), **error.standing.headers}
    fields = {"retry_after_seconds": error.standing.reset}
    return Problem(429, "RATE_LIMIT_EXCEEDED", str(error), fields, headers)


def _store_unavailable(error: StoreUnavailable) -> Problem:
    return _later(503, "STORE_UNAVAILABLE", error.retry_after_seconds)(error)


def _mailbox_full(error: MailboxFull) -> Problem:
    return _later(503, "OVERLOADED", error.retry_after_seconds)(error)


def _no_answer(_: Timeout) -> Problem:
    return _later(503, "NO_ANSWER", 5)("The client did not answer in time: read its status, then try again")


def _not_as_needed(code: str) -> Callable[[Any], Problem]:
    """Return a row of a message that is in another state."""
    return lambda error: Problem(
        409, code, str(error), {"id": error.id, "state": error.state, "final": error.state not in OPEN}
    )


def _bug(_: Exception) -> Problem:
    return Problem(500, "INTERNAL_ERROR", "Internal error: it has been logged")


PROBLEMS: dict[type[Exception], Callable[[Any], Problem]] = {
    HTTPException: _http,
    ClientDisconnect: _as(400, "CLIENT_DISCONNECTED"),  # nobody is there to read it
    HeaderRefused: lambda error: Problem(400, error.code, str(error)),
    InvalidRequest: _as(400, "INVALID_REQUEST"),
    Unauthorized: _unauthorized,
    Forbidden: _as(403, "FORBIDDEN"),
    RateLimited: _rate_limited,
    KeyRefused: _as(409, "KEY_REFUSED"),
    NameTaken: _as(409, "NAME_TAKEN"),
    NoSuchKey: _as(404, "KEY_NOT_FOUND"),
    StoreUnavailable: _store_unavailable,
    StatementFailed: _bug,  # logged by the store; what a caller can send is refused before it gets there
    IdempotencyKeyReused: lambda error: Problem(422, "IDEMPOTENCY_KEY_REUSED", str(error), {"id": error.id}),
    Undelivered: _undelivered,
    OutboxFull: lambda error: _later(429, "OUTBOX_FULL", error.retry_after_seconds, limit=error.limit)(error),
    NoSuchMessage: _as(404, "MESSAGE_NOT_FOUND"),
    NoSuchMedia: _as(404, "MEDIA_NOT_FOUND"),
    NoSuchFile: _as(404, "MEDIA_NOT_FOUND"),
    FileUnavailable: _as(409, "MEDIA_UNAVAILABLE"),
    MediaTooLarge: lambda error: Problem(
        413, "PAYLOAD_TOO_LARGE", str(error), {"limit": error.limit}, {"Connection": "close"}
    ),
    MediaRefused: _as(422, "MEDIA_REFUSED"),
    MediaUnreachable: _as(502, "MEDIA_UNREACHABLE"),
    MediaFull: _as(507, "MEDIA_FULL"),
    ConversionUnavailable: _as(501, "CONVERSION_UNAVAILABLE"),
    ConversionFailed: _as(422, "CONVERSION_FAILED"),
    MessageNotQueued: _not_as_needed("MESSAGE_NOT_QUEUED"),
    MessageNotHeld: _not_as_needed("MESSAGE_NOT_HELD"),
    NeverLinked: _as(409, "NEVER_LINKED"),
    InvalidWebhook: lambda error: Problem(400, "INVALID_REQUEST", str(error), {"field": error.field}),
    NoSuchWebhook: _as(404, "WEBHOOK_NOT_FOUND"),
    WebhookExists: _as(409, "WEBHOOK_EXISTS"),
    NoSuchDeadLetter: _as(404, "DEAD_LETTER_NOT_FOUND"),
    NoSuchConsumer: _as(404, "CONSUMER_NOT_FOUND"),
    NoSuchReceipt: _as(404, "RECEIPT_NOT_FOUND"),
    ConsumerDiffers: _as(409, "CONSUMER_DIFFERS"),
    TooManyConsumers: _as(409, "TOO_MANY_CONSUMERS"),
    StartUnderWay: _start_under_way,
    StartFailed: _start_failed,
    StartOvertaken: lambda error: Problem(409, "INITIALIZATION_OVERTAKEN", str(error), {"cliente_id": error.client_id}),
    NotReady: _as(409, "SESSION_NOT_READY"),
    SendFailed: _as(500, "SEND_FAILED", outcome="failed"),
    SendUnknown: _send_unknown,
    LogOutFailed: _as(500, "LOGOUT_FAILED"),
    OperationRefused: lambda error: Problem(409, "OPERATION_REFUSED", str(error), {"reason": error.code}),
    NotInAccount: lambda error: Problem(404, error.code, str(error)),
    OperationUnanswered: _later(503, "OPERATION_UNANSWERED", 5),
    OperationUnknown: _as(500, "OPERATION_UNKNOWN", outcome="unknown"),
    DeleteFailed: _delete_failed,
    NoSuchClient: _no_such_client,
    PairingUnavailable: _as(409, "PAIRING_UNAVAILABLE"),
    CapacityExceeded: _as(503, "CAPACITY_EXCEEDED"),
    Starting: _later(503, "STARTING", 1),
    ShuttingDown: _later(503, "SHUTTING_DOWN", 5),
    MailboxFull: _mailbox_full,
    Timeout: _no_answer,
    Refusal: _as(409, "REFUSED"),
    Exception: _bug,
}


REFUSED_KEY = "session_manager.refused"
"""The key of the ASGI scope that says: this request was refused by somebody else, whatever its status."""
_BY_OTHERS = (SendFailed, OperationRefused, MediaUnreachable)
"""The contract answers a number that is not on WhatsApp with 500."""


def note_refusal(scope: MutableMapping[str, Any], error: Exception) -> None:
    """Note in the scope of a request that its error is no fault of the service."""
    if isinstance(error.error if isinstance(error, Undelivered) else error, _BY_OTHERS):
        scope[REFUSED_KEY] = True


def problem_of(error: Exception) -> Problem:
    """Return the answer to an exception: the row of its class, or of the nearest base that has one."""
    row = next(cls for cls in type(error).__mro__ if cls in PROBLEMS)
    return PROBLEMS[row](error)


async def answer(request: Request, error: Exception) -> Response:
    """Starlette's exception handler for every row."""
    note_refusal(request.scope, error)
    problem = problem_of(error)
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        problem = replace(problem, headers=allowed(request.app.routes, request.scope))
    if problem.code == "INTERNAL_ERROR":
        _log.error("http.failed", method=request.method, path=request.url.path, exc_info=error)
    return respond(problem)


def respond(problem: Problem) -> Response:
    """Return a problem as an HTTP response in the contract's shape."""
    fields = cast(dict[str, Any], problem.fields)
    return reply(
        ErrorAnswer(code=problem.code, message=problem.message, **fields), problem.status, headers=problem.headers
    )
