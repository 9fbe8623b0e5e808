"""The checks of hosts, origins and proxies, before anything else reads a request; and the headers of pages.

Refused are:

* a Host that is not ours: a page of a site whose name was made to point here (DNS rebinding) is same-origin with
  itself, but its requests have that name as Host;
* a page of another origin, unless it is listed. Browsers send `Origin` with every call that a script makes, and with
  forms that post;
* while no key exists, what another site makes a browser fetch without `Origin`: images, frames, links. A GET may read,
  and some of WAHA's send. Browsers name the relation in `Sec-Fetch-Site`, and the page of a listed origin in `Referer`;
  only our pages themselves may be opened from elsewhere.

A forwarded address is ignored unless it comes from a listed proxy. Our own pages load, run, frame and call only files
of the package. Only HTML answers get these headers.

CORS, Host and Origin: https://fetch.spec.whatwg.org/, RFC 9110 section 7.2. Sec-Fetch-Site:
https://www.w3.org/TR/fetch-metadata/.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from actors.texts.hosts import is_loopback
from gateway.errors import problem_of, respond
from gateway.security.auth import Forbidden

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from actors.settings import Settings
    from gateway.security.keys import Keyring


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    "Range",
    "X-Api-Key",
    "X-Cliente-Id",
    "X-Request-Id",
    "traceparent",
    "tracestate",
)
"""What a page of a listed origin may send: every header that a call takes, and those of tracing."""
ANSWER_HEADERS = (
    "Retry-After",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "X-Request-Id",
    "traceparent",
)
PAGES = frozenset({"/", "/dashboard", "/docs"})
"""The paths that a link on another site may lead to: they show nothing of anybody until their scripts ask."""
_ELSEWHERE = frozenset({b"cross-site", b"same-site"})
"""Sec-Fetch-Site of a page that is not ours. A page on another port of this host is `same-site`."""
_REMEMBERED = 1000
"""The most Host headers that are remembered as good."""
_DEFAULT_PORTS = (b":80", b":443")


def checked(app: ASGIApp, settings: Settings, keyring: Keyring) -> ASGIApp:
    """Return the application behind these checks, with their settings."""
    if settings.allowed_origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.allowed_origins,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=ANSWER_HEADERS,
        )
    hosts = Hosts(settings.allowed_hosts, settings.host, lambda: not keyring.needed)
    app = OriginCheck(app, hosts, settings.allowed_origins)
    if settings.trusted_proxies:
        app = ProxyHeadersMiddleware(app, list(settings.trusted_proxies))  # type: ignore[arg-type,assignment]  # own types
    return app


class Hosts:
    """The service's own Host names.

    Without a list every name is accepted; while no key exists (`open`), only names of loopback.
    """

    def __init__(self, listed: Iterable[str], listening: str, open: Callable[[], bool]) -> None:
        self._names = frozenset(name for name in listed if not name.startswith("*."))
        self._domains = tuple(name[1:] for name in listed if name.startswith("*."))
        self._any = not (self._names or self._domains)
        self._listening, self._open = listening.lower(), open
        self._good: set[bytes] = set()

    @property
    def open(self) -> bool:
        """True while no key exists: whoever may call may do anything."""
        return self._open()

    def allow(self, header: bytes) -> bool:
        """Return True if a Host header, with or without a port, is ours."""
        if self._any and not self._open():
            return True
        if header in self._good:
            return True
        if not self._is_ours(host_name(header)):
            return False
        if len(self._good) < _REMEMBERED:
            self._good.add(header)
        return True

    def _is_ours(self, name: str) -> bool:
        if self._any:
            return name == self._listening or is_loopback(name)
        return name in self._names or name.endswith(self._domains or ("\0",))


def host_name(header: bytes) -> str:
    """Return the name in a Host header: lower case, without port and final dot, IPv6 in its brackets."""
    name = header.decode("latin-1").lower()
    end = name.find("]")
    head, colon, _ = name[end + 1 :].partition(":")
    return (name[: end + 1] + head if colon else name).removesuffix(".")


class OriginCheck:
    """Refuses requests by the rules above, and passes all others on unchanged."""

    def __init__(self, app: ASGIApp, hosts: Hosts, origins: Iterable[str]) -> None:
        self._app, self._hosts = app, hosts
        self._origins = frozenset(origin.encode("ascii") for origin in origins)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        try:
            self.check(scope["headers"], scope["path"])
        except (HTTPException, Forbidden) as error:
            return respond(problem_of(error))(scope, receive, send)
        return self._app(scope, receive, send)

    def check(self, headers: Iterable[tuple[bytes, bytes]], path: str = "") -> None:
        """Check raw ASGI headers. Raises HTTPException 421, or Forbidden."""
        host, origin, site = b"", None, b""
        for name, value in headers:
            if name == b"host":
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
        if host and not self._hosts.allow(host):
            raise HTTPException(421, "This host is not served here: see SM_ALLOWED_HOSTS")
        if origin is not None and origin not in self._origins and not is_same_origin(origin, host):
            raise Forbidden("Pages of this origin may not call: see SM_ALLOWED_ORIGINS")
        if site in _ELSEWHERE and origin is None and self._hosts.open and not self._may_be_embedded(headers, path):
            raise Forbidden("Pages of other sites may not call while no key exists: see SM_ALLOWED_ORIGINS")

    def _may_be_embedded(self, headers: Iterable[tuple[bytes, bytes]], path: str) -> bool:
        """Return True for a page of ours that a link leads to, and for what a page of a listed origin shows."""
        named = dict(headers)
        opened = (named.get(b"sec-fetch-mode"), named.get(b"sec-fetch-dest")) == (b"navigate", b"document")
        return (opened and path in PAGES) or origin_of(named.get(b"referer", b"")) in self._origins


def origin_of(url: bytes) -> bytes:
    """Return the origin of an address in a header, as browsers write it."""
    scheme, separator, rest = url.partition(b"://")
    return scheme + separator + rest.partition(b"/")[0]


def is_same_origin(origin: bytes, host: bytes) -> bool:
    """Return True if a page of this origin was served under this Host.

    The scheme is left out: a proxy may have ended TLS.
    """
    _, separator, authority = origin.lower().partition(b"://")
    return bool(separator) and _without_default(authority) == _without_default(host.lower())


def _without_default(authority: bytes) -> bytes:
    for port in _DEFAULT_PORTS:
        authority = authority.removesuffix(port)
    return authority


POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # QR images
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    b"content-security-policy": POLICY.encode("ascii"),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Under `no-referrer` a browser would send our own forms with `Origin: null`, and these checks would refuse them.
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}


class PageHeaders:
    """Adds the missing headers to every HTML answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        def add(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start" and _is_page(message):
                there = {name.lower() for name, _ in message["headers"]}
                missing = [(name, value) for name, value in HEADERS.items() if name not in there]
                message["headers"] = [*message["headers"], *missing]
            return send(message)

        return self._app(scope, receive, add if scope["type"] == "http" else send)


def _is_page(message: Message) -> bool:
    for name, value in message["headers"]:
        if name == b"content-type" or name.lower() == b"content-type":
            return b"html" in value.lower()
    return False
