"""A call: one row of a table, and the route made of it.

A row declares everything about a call but the work itself: method, path, authorisation, rate, arguments and answers.
Routes, authorisation, rates, the OpenAPI document and the tables of the documents are made of rows. The work is a
handler of a few lines, or an operation of the client (`actors.clients.operations`), which needs no handler: its fields
come from path, query and body, and its answer is the answer.

A second face of the service is a second table over the same handlers and operations.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_args, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from actors.clients.errors import NoSuchClient
from actors.clients.operations import Operation
from actors.clients.operations.fields import File
from actors.clients.operations.messages import Send
from actors.clients.types import ClientId
from gateway import errors
from gateway.access_log import Named
from gateway.files.intake import ANYTHING, FITS, MediaIntake
from gateway.http import (
    NO_STORE,
    HeaderRefused,
    InvalidRequest,
    JsonResponse,
    client_number,
    client_of,
    from_values,
    idempotency_key,
    parse,
    parse_object,
    parse_query,
    parse_values,
    query_of,
    read,
    refuse_names,
    refuse_nul,
    render_plain,
    reply,
    validated,
)
from gateway.schemas.files import FileSource
from gateway.schemas.messages import SentAnswer
from gateway.security.auth import ANYONE, Caller, Need, Whose, caller_of
from gateway.service.outbox import Draft
from gateway.unknown_names import UnknownName, refuse_foreign

if TYPE_CHECKING:
    from pydantic import BaseModel
    from starlette.types import ASGIApp, Message, Receive
    from starlette.types import Scope as ASGIScope
    from starlette.types import Send as ASGISend

    from gateway.app import Gateway
    from gateway.files.uploads import Uploads

Body = TypeVar("Body", covariant=True)
Query = TypeVar("Query", covariant=True)
NOBODY = ClientId(0)
URGENT = 5
"""The priority of a message whose caller waits; see POST /send."""

Schema = Mapping[str, Any]
BYTES: Schema = {"type": "string", "format": "binary"}
"""The schema of a file that is a body, or a part of one."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """An answer that is not JSON."""

    type: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """The value of a path's part, or of a header."""

    schema: Schema
    text: str = ""


@dataclass(slots=True)  # not frozen: that takes half a microsecond of each request
class ApiRequest(Generic[Body, Query]):
    """A request for a handler: authorised, and with everything that the row declares read and validated."""

    gateway: Gateway
    http: Request
    client_id: ClientId
    """The client that the call is about; NOBODY if it is about none in particular."""
    body: Body
    query: Query
    uploads: Uploads | None = None
    """The files that came with the body, where the row takes files."""

    @property
    def caller(self) -> Caller:
        """The caller."""
        return caller_of(self.http.scope) or ANYONE

    @property
    def media(self) -> MediaIntake:
        """The intake that keeps and finds the files of this request."""
        return self.gateway.media.of(self.client_id, self.caller.clients)

    def path(self, name: str) -> str:
        """Return the path's part of this name."""
        return str(self.http.path_params[name])


Handler = Callable[[ApiRequest[Any, Any]], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Call:
    """One row of a table of calls.

    `answers` are shapes (or a MediaType) by status; several shapes are a union. `errors` are codes by status, of errors
    in the common shape, without the errors of all calls.
    """

    method: str
    path: str
    work: Handler | type[Operation[Any]]
    need: Need
    answers: Mapping[int, Any] = field(default_factory=dict)
    errors: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """The parts of the path, where they are not fields of the operation."""
    headers: Mapping[str, Parameter] = field(default_factory=dict)
    const: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the operation that this call fixes."""
    takes_files: bool = False
    """Whether files may come with the body, in multipart or as base64 of any length."""
    bodies: Mapping[str, Schema] = field(default_factory=dict)
    """Schemas of the body in other types than JSON."""
    completed: Callable[[ApiRequest[Any, Any], Any], Awaitable[Any]] | None = None
    """Adds to the operation's answer what the service knows besides."""
    described: bool = True
    """True if it is in the OpenAPI document."""
    tolerant: bool = False
    """True if names that the call does not have mean nothing, as in the v2.0 contract: see `gateway.unknown_names`."""
    websocket: ASGIApp | None = None
    """The same over a WebSocket."""
    header_refused: Callable[[HeaderRefused], Response] | None = None
    """The answer to a client header that is missing or wrong, where it has a shape of its own."""

    @property
    def operation(self) -> type[Operation[Any]] | None:
        """The operation that does the work; None if a handler does."""
        return self.work if isinstance(self.work, type) else None

    @property
    def name(self) -> str:
        """The name that people know it by, such as `POST /send`."""
        return f"{self.method} {self.path}"

    @property
    def tag(self) -> str:
        """The family that the call belongs to."""
        return self.work.__module__.rpartition(".")[2].capitalize()

    @property
    def family(self) -> str:
        """The first line of the docstring of the work's module."""
        return (inspect.getdoc(inspect.getmodule(self.work)) or "").partition("\n")[0]

    @property
    def summary(self) -> str:
        """The first paragraph of the work's docstring."""
        return self._paragraphs[0].rstrip(".")

    @property
    def text(self) -> str:
        """The rest of the work's docstring."""
        return " ".join(self._paragraphs[1:])

    @property
    def _paragraphs(self) -> list[str]:
        return [" ".join(part.split()) for part in (inspect.getdoc(self.work) or "").split("\n\n")]

    @property
    def arguments(self) -> tuple[str, ...]:
        """The fields of the operation that come from query or body."""
        if self.operation is None:
            return ()
        elsewhere = {part[1:-1] for part in self.path.split("/") if part.startswith("{")} | {*self.const}
        return tuple(one.name for one in fields(self.operation) if one.name not in elsewhere)


def get(path: str, work: Handler | type[Operation[Any]], need: Need, *more: Any, **options: Any) -> Call:
    """Return the row of a GET; HEAD goes with it."""
    return Call("GET", path, work, need, *more, **options)


def post(path: str, work: Handler | type[Operation[Any]], need: Need, *more: Any, **options: Any) -> Call:
    """Return the row of a POST."""
    return Call("POST", path, work, need, *more, **options)


def put(path: str, work: Handler | type[Operation[Any]], need: Need, *more: Any, **options: Any) -> Call:
    """Return the row of a PUT."""
    return Call("PUT", path, work, need, *more, **options)


def patch(path: str, work: Handler | type[Operation[Any]], need: Need, *more: Any, **options: Any) -> Call:
    """Return the row of a PATCH."""
    return Call("PATCH", path, work, need, *more, **options)


def delete(path: str, work: Handler | type[Operation[Any]], need: Need, *more: Any, **options: Any) -> Call:
    """Return the row of a DELETE."""
    return Call("DELETE", path, work, need, *more, **options)


def routes(calls: Iterable[Call], guarded: Callable[[ASGIApp, Mapping[str, Need]], ASGIApp]) -> list[BaseRoute]:
    """Return the routes of a table, one per path, so that a 405 lists every method; each behind `guarded`."""
    paths: dict[str, dict[str, Call]] = {}
    for call in calls:
        if call.method in paths.setdefault(call.path, {}):
            raise ValueError(f"{call.method} {call.path} stands in the table twice")
        paths[call.path][call.method] = call
    return [route for path, by_method in paths.items() for route in _routes(path, by_method, guarded)]


def _routes(
    path: str, calls: Mapping[str, Call], guarded: Callable[[ASGIApp, Mapping[str, Need]], ASGIApp]
) -> Iterable[BaseRoute]:
    needs = {method: call.need for method, call in calls.items()}
    if "GET" in needs:
        needs["HEAD"] = needs["GET"]
    route = Route(path, _Endpoint(calls), methods=[*calls])
    route.app = Named(guarded(route.app, needs), path)
    yield route
    for call in calls.values():
        if call.websocket is not None:
            upgrade = WebSocketRoute(path, call.websocket)
            upgrade.app = Named(guarded(upgrade.app, needs), path)
            yield upgrade


class _Endpoint:
    """The calls of one path as an ASGI application. It answers every exception, by the table of errors."""

    def __init__(self, calls: Mapping[str, Call]) -> None:
        self._calls = {**calls, **({"HEAD": calls["GET"]} if "GET" in calls else {})}
        self._with_files = {method for method, call in self._calls.items() if _takes_files(call)}

    async def __call__(self, scope: ASGIScope, receive: Receive, send: ASGISend) -> None:
        http, begun = Request(scope, receive, send), False

        def begin(message: Message) -> Awaitable[None]:
            nonlocal begun
            begun = True
            return send(message)

        try:
            response = await self._response(http)
            await response(scope, receive, begin)
        except Exception as error:
            response = await errors.answer(http, error)  # the table of errors knows all of them, bugs too
            if begun:
                raise
            await response(scope, receive, send)

    async def _response(self, http: Request) -> Response:
        scope = http.scope
        call = self._calls[scope["method"]]
        try:
            client_id = _client(call, http)
        except HeaderRefused as error:
            if call.header_refused is None:
                raise
            return call.header_refused(error)
        if scope["path_params"] and call.need.scope is not None:  # public calls read files of the package
            refuse_nul("The path", scope["path_params"].values())
        gateway = cast("Gateway", scope["app"].state.gateway)
        query = _query(call, http)
        if scope["method"] in self._with_files:
            async with gateway.media.uploads() as uploads:
                seconds = gateway.settings.body_timeout
                body = None if call.body is None else await uploads.body(http, call.body, seconds)
                return await _worked(call, ApiRequest(gateway, http, client_id, body, query, uploads))
        body = None
        if call.body is not None:
            body = await parse(http, call.body, gateway.settings.body_timeout)
            _refuse_foreign(body.model_extra or {}, vars(body))
        elif call.method != "GET" and call.described and not takes_body(call) and _has_body(http):
            _refuse_body(call, await read(http, gateway.settings.body_timeout), client_id)
        request = ApiRequest(gateway, http, client_id, body, query)
        return await (_worked(call, request) if isinstance(call.work, type) else call.work(request))


def _takes_files(call: Call) -> bool:
    return call.takes_files or (call.operation is not None and bool(file_fields(call.operation)))


async def _worked(call: Call, request: ApiRequest[Any, Any]) -> Response:
    if call.operation is not None:
        return await _operate(call, call.operation, request)
    return await cast(Handler, call.work)(request)


def _query(call: Call, http: Request) -> BaseModel | None:
    """Return the query as the row's shape. Raises InvalidRequest, also for names that the call does not have."""
    if call.query is not None:
        return parse_query(http, call.query, tolerant=call.tolerant)
    if not call.described:
        return None
    if call.tolerant:
        if call.method == "POST":
            _refuse_foreign(http.query_params, {})
    elif call.operation is None or takes_body(call):
        refuse_names(query_of(http), ())
    return None


def _has_body(http: Request) -> bool:
    return http.headers.get("content-length", "0") != "0" or "transfer-encoding" in http.headers


def _refuse_body(call: Call, body: bytes, client_id: ClientId) -> None:
    """Refuse a body where the call has none: an empty object is as good as nothing. Raises InvalidRequest."""
    try:
        given = from_json(body) if body.strip() else {}
    except ValueError:
        given = None
    if call.tolerant:
        fields = given if isinstance(given, dict) else {}
        if str(fields.get("cliente_id", client_id)) != str(client_id):
            raise InvalidRequest("cliente_id differs from the client that the call is about")
        _refuse_foreign(fields, {})
    elif given != {}:
        raise InvalidRequest("The call takes no body")


def _refuse_foreign(unknown: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    try:
        refuse_foreign(unknown, given)
    except UnknownName as error:
        raise InvalidRequest(str(error)) from None


def _client(call: Call, http: Request) -> ClientId:
    """Return the client that the call is about. Raises HeaderRefused, NoSuchClient."""
    match call.need.whose:
        case Whose.CLIENT:
            return client_of(http.scope["headers"])
        case Whose.PATH:
            text: Any = http.path_params[call.need.parameter]
            number = client_number(text.encode("utf-8", "replace"))
            if number is None:
                raise NoSuchClient(text)
            return number
        case _:
            return NOBODY


# --- operations -------------------------------------------------------------------------------------------------------


async def _operate(call: Call, kind: type[Operation[Any]], request: ApiRequest[Any, Any]) -> Response:
    """Read the operation from the request, let the client perform it, and return its answer."""
    operation = await _operation_of(call, kind, request)
    if isinstance(operation, Send):
        return await _send(operation, request)
    answer = await request.gateway.bridge.operate(request.client_id, operation)
    if call.completed is not None:
        answer = await call.completed(request, answer)
    plain = {"success": True} if kind.answer is None else adapter_of(kind.answer).dump_python(answer)
    return JsonResponse(render_plain(plain), headers=NO_STORE)


async def _send(operation: Send, request: ApiRequest[Any, Any]) -> Response:
    """Send through the outbox, and return once WhatsApp has the message."""
    draft = Draft(request.client_id, operation, URGENT, idempotency_key(request.http))
    handed = await request.gateway.outbox.send(draft)
    return reply(SentAnswer.of(handed.message), headers=handed.headers)


async def _operation_of(call: Call, kind: type[Operation[Any]], request: ApiRequest[Any, Any]) -> Operation[Any]:
    """Return the operation in the request. Raises InvalidRequest."""
    http, adapter = request.http, adapter_of(kind)
    given = {name: value for name, value in http.path_params.items() if name != call.need.parameter}
    if request.uploads is not None:
        return await _with_files(call, kind, request, {**given, **call.const})
    if takes_body(call):
        seconds = request.gateway.settings.body_timeout
        more = {**given, **call.const}
        operation: Operation[Any] = await parse_object(http, adapter, seconds, call.arguments, more)
        return operation
    query = query_of(http)
    refuse_names(query, call.arguments)
    return cast(Operation[Any], parse_values({**given, **query, **call.const}, adapter))


async def _with_files(
    call: Call, kind: type[Operation[Any]], request: ApiRequest[Any, Any], more: Mapping[str, Any]
) -> Operation[Any]:
    """Return an operation some of whose fields are files: each is a `FileSource` in JSON, or a part of its name."""
    uploads, media = cast("Uploads", request.uploads), request.media
    values, texts = await uploads.values(request.http, request.gateway.settings.body_timeout)
    refuse_names(values, call.arguments)
    for name in file_fields(kind):
        if values.get(name) is not None:
            source = validated(FileSource, values[name], name)
            values[name] = asdict(await media.take(source, uploads, FITS.get(kind, ANYTHING)))
    uploads.refuse_unused()
    operation: Operation[Any] = from_values({**values, **more}, adapter_of(kind), strict=not texts)
    return operation


def file_fields(kind: Any) -> tuple[str, ...]:
    """Return the fields of an operation that are files."""
    return _file_fields(kind)


@cache
def _file_fields(kind: Hashable) -> tuple[str, ...]:
    types = get_type_hints(kind)
    return tuple(one.name for one in fields(cast(Any, kind)) if File in (types[one.name], *get_args(types[one.name])))


def takes_body(call: Call) -> bool:
    """Return True if the operation's arguments are in a body; else they are in the query."""
    return bool(call.arguments) and call.method in ("POST", "PUT", "PATCH")


def adapter_of(kind: Any) -> TypeAdapter[Any]:
    """Return the adapter that validates an operation, or writes its answer; created once for each type."""
    return _adapter(kind)


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, kind))
