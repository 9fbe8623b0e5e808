"""A call of WAHA: one row of its table, and the route that is made of it.

A request passes: key, scope, body, the session it is about, the rights on that client, its rates, the wait for the
session's status, the handler. `X-Cliente-Id` is not WAHA's: it is set here, from the session, for the checks that all
calls share.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from actors.clients.types import ClientId
from actors.waha.statuses import WORKING
from gateway.access_log import ABOUT, Named
from gateway.calls import NOBODY, adapter_of
from gateway.http import HEADER, parse_values, read
from gateway.json_text import NotJson, as_utf8, value_of
from gateway.prefix import prefix_of
from gateway.security.auth import (
    ANYONE,
    CALLER,
    Caller,
    Forbidden,
    Need,
    RateClass,
    Scope,
    Unauthorized,
    Whose,
    caller_of,
    check,
)
from gateway.security.connections import count_key
from gateway.security.keys import presented
from gateway.unknown_names import FOREIGN, RECIPIENT, foreign, plain, shown
from gateway.waha import errors
from gateway.waha.answers import respond
from gateway.waha.errors import BadRequest, NotSupported
from gateway.waha.given import Given

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Send
    from starlette.types import Scope as AsgiScope

    from gateway.app import Gateway
    from gateway.files.intake import MediaIntake
    from gateway.files.uploads import Uploads
    from gateway.waha.sessions import WahaSessions

Kind = TypeVar("Kind")
DEFAULT_SESSION = "default"
"""The session of a call that names none. WAHA has no default; this is lenient."""
QUERY_KEY = "x-api-key"
_SESSION = "session"
_BESIDE = ("reply_to", "replyTo", "mentions")
"""Fields that may stand beside any content."""


@dataclass(frozen=True, slots=True)
class WahaRequest:
    """A request on its way to a handler: let in, read, and about a session that has the status it needs."""

    gateway: Gateway
    sessions: WahaSessions
    http: Request
    given: Given
    session: str = DEFAULT_SESSION
    client_id: ClientId = NOBODY
    uploads: Uploads | None = None
    """The long texts of the body, where the call takes files."""

    @property
    def caller(self) -> Caller:
        """Return who calls."""
        return caller_of(self.http.scope) or ANYONE

    @property
    def media(self) -> MediaIntake:
        """Return the intake that keeps and finds the files of this request."""
        return self.gateway.media.of(self.client_id, self.caller.clients)

    @property
    def me(self) -> str | None:
        """Return the address of the session's account."""
        phone = self.gateway.configs.find(self.client_id).phone
        return None if phone is None else f"{phone}@c.us"

    @property
    def base_url(self) -> str:
        """Return the address under which the caller reaches the service."""
        here = str(self.http.base_url).rstrip("/") + prefix_of(self.http.scope)
        return (self.gateway.settings.public_url or here).rstrip("/")

    @property
    def now(self) -> int:
        """Return the present in epoch seconds."""
        return int(time.time())

    async def operate(self, operation: Any) -> Any:
        """Have the client carry out an operation."""
        return await self.gateway.bridge.operate(self.client_id, operation)


def checked(kind: type[Kind], **values: Any) -> Kind:
    """Return an operation of these arguments. Raises InvalidRequest."""
    found: Kind = parse_values(values, adapter_of(kind))
    return found


Handler = Callable[[WahaRequest], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Missing:
    """A call that is answered 501, and why."""

    what: str

    @property
    def sentence(self) -> str:
        """The answer's message."""
        return f"{self.what} is not supported"


@dataclass(frozen=True, slots=True)
class WahaCall:
    """One row. `expects`: the statuses of the session that the call needs and waits for; empty: any."""

    method: str
    path: str
    tier: int
    work: Handler | Missing
    scope: Scope | None = Scope.READ
    rate: RateClass = RateClass.CALL
    about_session: bool = True
    about_all: bool = False
    """Whether it is about all clients: it needs a key for all of them."""
    expects: tuple[str, ...] = (WORKING,)
    takes_files: bool = False
    """Whether the body may hold files in base64 of any length."""
    contents: tuple[str, ...] = ()
    """The names of content that a call which sends takes; it refuses those of other services, and names of times."""
    key_in_query: bool = False
    """Whether the key may come in the query: for pictures in pages, and WebSockets."""

    @property
    def need(self) -> Need:
        """The requirements on the caller."""
        if self.scope is None:
            return Need(None, Whose.SEEN)
        whose = Whose.ALL if self.about_all else Whose.CLIENT if self.about_session else Whose.SEEN
        return Need(self.scope, whose, self.rate)


def waha_routes(calls: Iterable[WahaCall], gateway: Gateway, sessions: WahaSessions) -> list[BaseRoute]:
    """Return the routes of a table, one a path; a trailing slash is as good as none."""
    paths: dict[str, dict[str, WahaCall]] = {}
    for call in calls:
        if call.method in paths.setdefault(call.path, {}):
            raise ValueError(f"{call.method} {call.path} stands in the table twice")
        paths[call.path][call.method] = call
    made: list[BaseRoute] = []
    for path, by_method in paths.items():
        endpoint = _WahaEndpoint(by_method, gateway, sessions)
        for template in (path, f"{path}/"):
            route = Route(template, endpoint, methods=[*by_method])
            route.app = Named(endpoint, path)
            made.append(route)
    return made


@dataclass(slots=True)
class _WahaEndpoint:
    """The calls of one path as an ASGI application. It answers every exception, by the table of errors."""

    calls: Mapping[str, WahaCall]
    gateway: Gateway
    sessions: WahaSessions

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        http, given, begun = Request(scope, receive, send), Given(), False

        async def begin(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            method = "GET" if http.method == "HEAD" else http.method
            call = self.calls[method]
            self._let_in(call, http)
            response: Response
            if call.takes_files and not isinstance(call.work, Missing):
                async with self.gateway.media.uploads() as uploads:
                    body, _ = await uploads.values(http, self.gateway.settings.body_timeout)
                    given = Given(http.path_params, body, _query(http))
                    response = respond(http, await self._answer(call, http, given, uploads))
            else:
                given = await _read(call, http, self.gateway.settings.body_timeout)
                response = respond(http, await self._answer(call, http, given))
            await response(scope, receive, begin)
        except Exception as error:
            if begun:
                raise
            await errors.answer(http, error, given.values)(scope, receive, send)

    def _let_in(self, call: WahaCall, http: Request) -> None:
        """Find out who calls. Raises Unauthorized, Forbidden, RateLimited, HTTPException."""
        http.scope[CALLER] = None
        in_query = http.query_params.get(QUERY_KEY) if call.key_in_query else None
        if call.scope is None:
            http.scope[CALLER] = self.gateway.keyring.identify(http.scope["headers"])
            return
        caller = http.scope[CALLER] = identified(self.gateway, http.scope, in_query)
        check(Need(call.scope, Whose.ALL if call.about_all else Whose.SEEN), caller, http.scope)
        count_key(caller.key_id, http.scope)

    async def _answer(self, call: WahaCall, http: Request, given: Given, uploads: Uploads | None = None) -> Any:
        if isinstance(call.work, Missing):
            raise NotSupported(call.work.sentence)
        if call.rate is RateClass.SEND:
            refuse_contents(given.values, (*call.contents, *_BESIDE))
        if not call.about_session:
            self.gateway.rates.count(call.need, caller_of(http.scope), http.scope)
            return await call.work(WahaRequest(self.gateway, self.sessions, http, given))
        name = given.optional_text(_SESSION) or DEFAULT_SESSION
        client_id = http.scope[ABOUT] = await self.sessions.find(name)
        caller = caller_of(http.scope)
        if caller is not None and not caller.sees(client_id):  # the name says nothing of the number behind it
            raise Forbidden("The key is for other clients only")
        scope = {**http.scope, "headers": [*_without_client(http), (HEADER, str(client_id).encode())]}
        check(call.need, caller_of(scope), scope)
        self.gateway.rates.count(call.need, caller_of(scope), scope)
        if call.expects:
            await self.sessions.expect(name, client_id, call.expects)
        return await call.work(WahaRequest(self.gateway, self.sessions, http, given, name, client_id, uploads))


def identified(gateway: Gateway, scope: AsgiScope, in_query: str | None) -> Caller:
    """Return who calls, by the key in a header or that in the query. Raises Unauthorized, RateLimited."""
    keyring = gateway.keyring
    caller = keyring.identify(scope["headers"])
    if caller is None and in_query:
        caller = keyring.recognise(in_query.encode("utf-8", "replace"))
    if caller is not None:
        return caller
    if in_query or presented(scope["headers"]) is not None:
        gateway.rates.count_wrong_key(scope)
    raise Unauthorized


def refuse_contents(given: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise BadRequest for a name of content or time that the call would pass over: nothing leaves by halves."""
    known = tuple(known)
    unknown = {name: value for name, value in given.items() if name not in known}
    for name in foreign(unknown):
        if FOREIGN[plain(name)][0] is not RECIPIENT:
            raise BadRequest(f"{shown(name)} is not supported by this call: leave it out")


def _without_client(http: Request) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in http.scope["headers"] if name != HEADER]


async def _read(call: WahaCall, http: Request, seconds: float) -> Given:
    """Return the arguments in path, body and query. Raises BadRequest, HTTPException 408 and 413."""
    body: Any = {}
    if call.method in ("POST", "PUT", "DELETE"):
        content = await read(http, seconds)
        if content.strip():
            try:
                body = value_of(as_utf8(content, http.headers.get("content-type", "")))
            except NotJson as error:
                raise BadRequest(str(error)) from error
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise BadRequest("The body is not a JSON object")
    return Given(http.path_params, body, _query(http))


def _query(http: Request) -> dict[str, Any]:
    query: dict[str, Any] = {}
    for name, value in http.query_params.multi_items():
        if name != QUERY_KEY:
            query[name] = value if name not in query else [*_listed(query[name]), value]
    return query


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
