"""The guard before every call: an ASGI application around each route's own, so that no call is without one.

Rule of this file: it costs a few dict look-ups and a SHA-256, never a read or a wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.admission.authority import CALLER, NEEDS, Caller, Forbidden, Need, Unauthorized, check
from gateway.admission.browser_sessions import BrowserSessions
from gateway.admission.keyring import Keyring
from gateway.admission.keys import presented
from gateway.admission.rate import RateLimited
from gateway.admission.rate_limits import Rates
from gateway.errors import problem_of, respond
from gateway.identity import HeaderRefused

_UPGRADE = "GET"
"""A WebSocket is asked for by a GET."""


class Guard:
    """Lets in who may make the call, and tells the call who that is (`authority.caller_of`)."""

    def __init__(
        self,
        app: ASGIApp,
        needs: Mapping[str, Need],
        keyring: Keyring,
        rates: Rates,
        sessions: BrowserSessions | None = None,
    ) -> None:
        self._app, self._needs, self._keyring, self._rates = app, needs, keyring, rates
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        need, scope[CALLER] = self._needs[scope.get("method", _UPGRADE)], None
        try:
            caller = scope[CALLER] = self._keyring.identify(scope["headers"]) or self._signed_in(need, scope)
            check(need, caller, scope)
            self._rates.count(need, caller, scope)
        except (Unauthorized, Forbidden, HeaderRefused, RateLimited) as error:
            await respond(problem_of(self._refusal(error, scope)))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, error: Exception, scope: Scope) -> Exception:
        """What a refused caller is told: that it is unknown, or that it has been so too often."""
        if isinstance(error, Unauthorized) and presented(scope["headers"]) is not None:
            try:
                self._rates.count_wrong_key(scope)
            except RateLimited as limited:
                return limited
        return error

    def _signed_in(self, need: Need, scope: Scope) -> Caller | None:
        """Who comes with the dashboard's cookie. Raises Forbidden for a change that a page of ours did not ask for."""
        if self._sessions is None:
            return None
        try:
            return self._sessions.identify(scope)
        except Forbidden:
            if need.scope is None:  # open to strangers: to this one too
                return None
            raise


def guard(
    routes: Iterable[BaseRoute],
    keyring: Keyring,
    rates: Rates,
    needs: Mapping[tuple[str, str], Need] = NEEDS,
    sessions: BrowserSessions | None = None,
) -> list[BaseRoute]:
    """The routes, each behind its guard. Raises KeyError for a call that the table does not name."""
    guarded: list[BaseRoute] = []
    for route in routes:
        match route:
            case Route() | WebSocketRoute():
                route.app = Guard(route.app, _needs_of(route, needs), keyring, rates, sessions)
            case Mount():  # files of the package: pages and what they load
                route.app = Guard(route.app, _Same(_need_of(needs, _UPGRADE, route.path)), keyring, rates, sessions)
            case _:
                raise TypeError(f"{route} is no kind of route that can be guarded")
        guarded.append(route)
    return guarded


def _needs_of(route: Route | WebSocketRoute, needs: Mapping[tuple[str, str], Need]) -> dict[str, Need]:
    methods = (route.methods or ()) if isinstance(route, Route) else {_UPGRADE}
    return {method: _need_of(needs, "GET" if method == "HEAD" else method, route.path) for method in methods}


def _need_of(needs: Mapping[tuple[str, str], Need], method: str, path: str) -> Need:
    if (method, path) not in needs:
        raise KeyError(f"{method} {path} has no row in gateway.admission.authority.NEEDS: say who may call it")
    return needs[method, path]


class _Same(dict[str, Need]):
    """The same need whatever the method."""

    def __init__(self, need: Need) -> None:
        super().__init__()
        self._need = need

    def __missing__(self, method: str) -> Need:
        return self._need
