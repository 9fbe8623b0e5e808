"""Files fetched from their addresses, through the same guard as webhooks.

Each address is judged when it is connected to, that of a redirect too (`actors.webhooks.http.CheckedBackend`): no
private address is reached unless the operator allows it, whatever a name says the second time. Size and time are
bounded, a web page is no file, and nothing of the answer but its bytes, type and name is used. Runs in an event loop.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message as Headers
from email.utils import collapse_rfc2231_value
from typing import Any
from urllib.parse import unquote

import httpcore2 as httpcore
import httpx2

from actors.clients.types import Seconds
from actors.runtime import Refusal
from actors.webhooks.addresses import Network
from actors.webhooks.http import CheckedBackend, Resolver, TargetRefused, authorities
from actors.webhooks.targets import target_of

REDIRECTS = 5
"""How often an address may lead to another."""
CONNECT: Seconds = 10.0
CHUNK = 256 * 1024
_MOVED = frozenset({301, 302, 303, 307, 308})
_PAGES = ("text/html", "application/xhtml+xml")
_ASKED = [
    (b"User-Agent", b"session-manager"),
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"identity"),
]
_SPACE = re.compile(r"\s")


class MediaUnreachable(Refusal):
    """A file could not be fetched from its address: it may be another time."""


class MediaRefused(Refusal):
    """A file, or the address of one, that is not taken."""


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """`deadline` bounds a whole fetch, in seconds; `largest` is in bytes, None: no limit. `allowed` are networks that
    may be reached although they are not the public internet.
    """

    deadline: Seconds = 60.0
    largest: int | None = None
    allowed: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """The facts on the file in the headers of the answer."""

    mimetype: str | None
    filename: str | None


Take = Callable[[bytes], Awaitable[None]]
"""Takes some bytes of a file."""


class Fetcher:
    """Fetches files, each on a connection of its own."""

    def __init__(self, options: FetchOptions, *, resolver: Resolver | None = None) -> None:
        self._options, self._resolver = options, resolver

    async def fetch(self, url: str, take: Take) -> FetchedFile:
        """Pass a file on, piece by piece. Raises MediaRefused, MediaUnreachable, and what `take` raises."""
        try:
            async with asyncio.timeout(self._options.deadline):
                return await self._follow(url, take)
        except TimeoutError as error:
            raise MediaUnreachable(
                f"The file could not be fetched within {self._options.deadline:g} s (SM_MEDIA_FETCH_TIMEOUT)"
            ) from error
        except TargetRefused as error:
            raise MediaRefused(f"The file may not be fetched: {_lowered(str(error))}") from error
        except (httpcore.NetworkError, httpcore.ConnectError) as error:
            raise MediaUnreachable("The file could not be fetched: its server cannot be connected to") from error
        except httpcore.TimeoutException as error:
            raise MediaUnreachable("The file could not be fetched: its server cannot be connected to") from error
        except httpcore.ProtocolError as error:
            raise MediaUnreachable("The file could not be fetched: its server does not answer in valid HTTP") from error

    async def _follow(self, url: str, take: Take) -> FetchedFile:
        pool = httpcore.AsyncConnectionPool(
            ssl_context=authorities(),
            network_backend=CheckedBackend(self._options.allowed, self._resolver),
            max_keepalive_connections=0,
        )
        async with pool:
            for _ in range(REDIRECTS + 1):
                target = _address(url)
                async with pool.stream(
                    "GET",
                    httpcore.URL(
                        scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
                    ),
                    headers=[(b"Host", target.netloc), *_ASKED],
                    extensions={"timeout": {"connect": CONNECT, "pool": CONNECT}},
                ) as response:
                    if response.status not in _MOVED:
                        return await self._received(response, target, take)
                    moved = _header(response, b"location")
                    if moved is None:
                        raise MediaUnreachable("The file could not be fetched: its server says it moved, but not where")
                    url = str(target.join(moved)) if not _SPACE.search(moved) else moved
        raise MediaUnreachable(f"The file could not be fetched: its address leads on more than {REDIRECTS} times")

    async def _received(self, response: httpcore.Response, url: httpx2.URL, take: Take) -> FetchedFile:
        if response.status != 200:
            raise MediaUnreachable(f"The file could not be fetched: its server answered {response.status}")
        kind = _header(response, b"content-type")
        if kind is not None and kind.split(";")[0].strip().lower() in _PAGES:
            raise MediaRefused("The address leads to a web page, not to a file")
        self._check(_length(response))
        waiting, size = bytearray(), 0
        async for part in response.aiter_stream():
            size += len(part)
            self._check(size)
            waiting += part
            if len(waiting) >= CHUNK:
                await take(bytes(waiting))
                waiting.clear()
        if waiting:
            await take(bytes(waiting))
        return FetchedFile(kind, _name(_header(response, b"content-disposition")) or _last_part(url))

    def _check(self, size: int) -> None:
        if self._options.largest is not None and size > self._options.largest:
            raise MediaRefused(f"The file is larger than {self._options.largest} bytes, the limit (SM_MEDIA_MAX)")


def _address(url: str) -> httpx2.URL:
    try:
        return target_of(url)
    except ValueError as error:
        raise MediaRefused(f"The file's address should {error}") from None


def _header(response: httpcore.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), None)


def _length(response: httpcore.Response) -> int:
    with suppress(ValueError):
        return int(_header(response, b"content-length") or 0)
    return 0


def _name(disposition: str | None) -> str | None:
    """Return the file's name in a Content-Disposition header, RFC 6266."""
    if disposition is None:
        return None
    headers: Any = Headers()
    headers["content-disposition"] = disposition
    given = [value for name, value in headers.get_params((), "content-disposition") if name.lower() == "filename"]
    encoded = [value for value in given if isinstance(value, tuple)]  # in UTF-8: it says more than a plain one
    return collapse_rfc2231_value((encoded or given)[0]) if given else None


def _last_part(url: httpx2.URL) -> str | None:
    name = unquote(url.path.rpartition("/")[2])
    return name if "." in name else None


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
