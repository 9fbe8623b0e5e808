"""The check before every call: an ASGI application around each route, so that no call is without it.

Rule of this file: it costs a few dict look-ups and a SHA-256, never a read or a wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import problem_of, respond
from gateway.http import HeaderRefused
from gateway.security.auth import CALLER, Caller, Forbidden, Need, Unauthorized, check
from gateway.security.connections import count_key
from gateway.security.keys import Keyring, presented
from gateway.security.rate_limits import RateLimited, Rates
from gateway.security.sessions import BrowserSessions

_UPGRADE = "GET"
"""A WebSocket is asked for by a GET."""


class Guard:
    """Lets authorised callers in, and puts the caller into the scope (`auth.caller_of`)."""

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

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        need, scope[CALLER] = self._needs[scope.get("method", _UPGRADE)], None
        try:
            caller = scope[CALLER] = self._keyring.identify(scope["headers"]) or self._signed_in(need, scope)
            check(need, caller, scope)
            self._rates.count(need, caller, scope)
            if caller is not None and need.scope is not None:
                count_key(caller.key_id, scope)
        except (Unauthorized, Forbidden, HeaderRefused, RateLimited, HTTPException) as error:
            return respond(problem_of(self._refusal(error, scope)))(scope, receive, send)
        return self._app(scope, receive, send)

    def _refusal(self, error: Exception, scope: Scope) -> Exception:
        """Return the answer for a refused caller: unknown, or too often unknown."""
        if isinstance(error, Unauthorized) and presented(scope["headers"]) is not None:
            try:
                self._rates.count_wrong_key(scope)
            except RateLimited as limited:
                return limited
        return error

    def _signed_in(self, need: Need, scope: Scope) -> Caller | None:
        """Return the caller of the dashboard's cookie.

        Raises Forbidden for a change that a page of ours did not request.
        """
        if self._sessions is None:
            return None
        try:
            return self._sessions.identify(scope)
        except Forbidden:
            if need.scope is None:  # public: for this stranger too
                return None
            raise
