"""The sessions at the dashboard: a cookie stands for the key that was typed there. Belongs to the event loop.

Rules of this file:

* A session has the permissions of its key, and ends with it; its open streams end with the session.
* A browser sends the cookie by itself, so the cookie alone changes nothing: a call that could change something needs
  the session's token in a header, which only our own pages have read. Pages of another origin are refused before that,
  also a page on another port of this host, which SameSite lets through.
* Nothing is stored on disk: after a restart people sign in again. Of the cookie's value only the digest is kept.

The attributes of cookies: RFC 6265bis; Sec-Fetch-Site: https://www.w3.org/TR/fetch-metadata/.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from actors.clients.types import Seconds
from gateway.security.auth import Caller, Forbidden
from gateway.security.keys import Keyring, digest_of, presented
from gateway.security.origins import is_same_origin

COOKIE = "session_manager"
HTTPS_COOKIE = f"__Host-{COOKIE}"
"""Its name over HTTPS: browsers then accept it from this host only, not from a sibling domain, nor over HTTP."""
TOKEN_HEADER = b"x-csrf-token"
IDLE: Seconds = 30 * 60.0
"""The time a session lasts without a call."""
LIFE: Seconds = 12 * 3600.0
"""The longest time a session lasts."""
LIMIT = 100
"""The most sessions. One more ends the least recently used session of the key with the most sessions."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({b"same-origin", b"none"})
"""Sec-Fetch-Site of our own pages, and of addresses that a person typed."""


@dataclass(slots=True)
class BrowserSession:
    """One sign-in. `digest` is of the cookie's value; times are the clock's."""

    digest: bytes
    caller: Caller
    token: str
    began_at: Seconds
    used_at: Seconds


class BrowserSessions:
    """The open sessions. `shut_out` is called whenever a session has ended before its time."""

    def __init__(
        self,
        keyring: Keyring,
        clock: Callable[[], Seconds] = time.monotonic,
        *,
        shut_out: Callable[[], None] = lambda: None,
    ) -> None:
        self._keyring, self._clock, self._shut_out = keyring, clock, shut_out
        self._sessions: dict[bytes, BrowserSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def open(self, key: str) -> tuple[str, BrowserSession] | None:
        """Sign in with a key. Return the cookie's value and the session; None if the key is not valid."""
        caller = self._keyring.recognise(key.encode("utf-8", "replace"))
        if caller is None:
            return None
        self._make_room()
        id, now = secrets.token_urlsafe(32), self._clock()
        session = BrowserSession(_digest(id), caller, secrets.token_urlsafe(32), now, now)
        self._sessions[session.digest] = session
        return id, session

    def find(self, scope: Mapping[str, Any]) -> BrowserSession | None:
        """Return the session of a request; None without one, for another origin, or if the request has a key."""
        id = _cookie(scope)
        if id is None or presented(scope["headers"]) is not None or not is_ours(scope):
            return None
        session = self._sessions.get(_digest(id))
        if session is None:
            return None
        if not self._lives(session):
            self._end(session)
            return None
        session.used_at = self._clock()
        return session

    def identify(self, scope: Mapping[str, Any]) -> Caller | None:
        """Return the caller of a request by cookie; None for a stranger.

        Raises Forbidden for a change without the token.
        """
        session = self.find(scope)
        if session is None:
            return None
        if scope.get("method", "GET") not in _SAFE:
            check_token(session, scope)
        return session.caller

    def close(self, scope: Mapping[str, Any]) -> None:
        """Sign out. Raises Forbidden without the token."""
        session = self.find(scope)
        if session is not None:
            check_token(session, scope)
            self._end(session)

    def is_open(self, session: BrowserSession) -> bool:
        """Return True if the session is still valid: for long connections. It does not prolong the session."""
        return self._sessions.get(session.digest) is session and self._lives(session)

    def _end(self, session: BrowserSession) -> None:
        self._sessions.pop(session.digest, None)
        self._shut_out()

    def _lives(self, session: BrowserSession) -> bool:
        now = self._clock()
        fresh = now - session.used_at < IDLE and now - session.began_at < LIFE
        return fresh and self._keyring.is_valid(session.caller)

    def _make_room(self) -> None:
        self._sessions = {id: session for id, session in self._sessions.items() if self._lives(session)}
        if len(self._sessions) >= LIMIT:
            count = Counter(session.caller.key_id for session in self._sessions.values())
            crowd = max(count.values())
            left = (session for session in self._sessions.values() if count[session.caller.key_id] == crowd)
            self._end(min(left, key=lambda session: session.used_at))


def check_token(session: BrowserSession, scope: Mapping[str, Any]) -> None:
    """Raise Forbidden unless the request has the session's token in its header."""
    told = dict(scope["headers"]).get(TOKEN_HEADER, b"")
    if not compare_digest(told, session.token.encode("ascii")):
        raise Forbidden("A change by cookie needs the session's token in X-CSRF-Token")


def cookie(id: str, *, secure: bool) -> str:
    """Return the Set-Cookie header of a session; an empty id takes the cookie away."""
    age = int(LIFE) if id else 0
    name = HTTPS_COOKIE if secure else COOKIE
    return f"{name}={id}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")


def is_secure(scope: Mapping[str, Any]) -> bool:
    """Return True if the browser speaks HTTPS. An unlisted proxy is believed here: a lie hurts only the liar."""
    forwarded = dict(scope["headers"]).get(b"x-forwarded-proto", b"")
    return scope.get("scheme") in ("https", "wss") or forwarded.startswith(b"https")


def is_ours(scope: Mapping[str, Any]) -> bool:
    """Return True if the request comes from one of our pages, by both headers that browsers send."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin is not None and not is_same_origin(origin, headers.get(b"host", b"")):
        return False
    return headers.get(b"sec-fetch-site", b"none") in _OWN


def _digest(id: str) -> bytes:
    return digest_of(id.encode("utf-8", "replace"))


def _cookie(scope: Mapping[str, Any]) -> str | None:
    """Return the value of our cookie.

    Cookies of others on this host may have any form, on which the standard library fails.
    """
    header = dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")
    pairs = (pair.partition("=") for pair in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}.get(HTTPS_COOKIE if is_secure(scope) else COOKIE)
