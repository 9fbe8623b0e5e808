"""Connections to webhook targets: a name is resolved once, what comes out is judged, and that very address is used.

Rule of this file: no name ever reaches a function that would resolve it again, so a name that answers differently the
second time (DNS rebinding) gains nothing. TLS still verifies the name: httpcore passes it to `start_tls` itself.

Built on httpcore, the layer under httpx: it follows no redirects, reads no proxy from the environment, and keeps no
cookies.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any

import httpcore2 as httpcore

from actors.webhooks.addresses import Address, Network, why_refused

__all__ = ["CheckedBackend", "Resolver", "TargetRefused", "resolve"]

if find_spec("sniffio") is None:
    # httpcore 1.0 tries to import it for every lock it makes, several times a request; where it is not installed, each
    # try searches the whole path: a third of the time of a delivery. Known to be absent, the import fails at once.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # None says: not there

Resolver = Callable[[str, int], Awaitable[list[Address]]]
"""The addresses of a name. Raises OSError where there is none."""


class TargetRefused(Exception):
    """The target's address may not be reached: nothing was sent. The text says what kind of address it is."""


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the first address of a host that is allowed and answers. Runs in the loop that calls it."""

    def __init__(self, allowed: Iterable[Network] = (), resolver: Resolver | None = None) -> None:
        self._allowed = tuple(allowed)
        self._resolver = resolver or resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises TargetRefused, httpcore.ConnectError, httpcore.ConnectTimeout after `timeout` seconds in all."""
        try:
            async with asyncio.timeout(timeout):
                addresses = self._reachable(await self._addresses(host, port))
                return await self._connect(addresses, port, timeout, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("no connection in time") from error
        except OSError as error:
            raise httpcore.ConnectError("the name cannot be resolved") from error

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Never: a webhook is on the network."""
        raise TargetRefused("a unix socket is no target")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[Address]:
        with suppress(ValueError):
            return [ip_address(host)]
        return await self._resolver(host, port)

    def _reachable(self, addresses: list[Address]) -> list[Address]:
        refusals = {address: why_refused(address, self._allowed) for address in addresses}
        if not refusals:
            raise httpcore.ConnectError("the name has no address")
        reachable = [address for address, why in refusals.items() if why is None]
        if not reachable:
            raise TargetRefused(f"The target's address is {next(iter(refusals.values()))}: it may not be reached")
        return reachable

    async def _connect(
        self, addresses: list[Address], port: int, timeout: float | None, *options: Any
    ) -> httpcore.AsyncNetworkStream:
        # An address that does not answer must leave time for the next one.
        share = None if timeout is None else timeout / len(addresses)
        *others, last = addresses
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._connect_to(address, port, share, *options)
        return await self._connect_to(last, port, share, *options)

    async def _connect_to(self, address: Address, port: int, *options: Any) -> httpcore.AsyncNetworkStream:
        stream = await self._network.connect_tcp(str(address), port, *options)
        peer = stream.get_extra_info("server_addr")
        why = "not known" if peer is None else why_refused(peer[0], self._allowed)
        if why is not None:
            await stream.aclose()
            raise TargetRefused(f"The target's address is {why}: it may not be reached")
        return stream


async def resolve(host: str, port: int) -> list[Address]:
    """Ask the system's resolver, in a thread of its own: one that hangs holds up no other, nor the process's exit."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Address]] = loop.create_future()

    def look_up() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(ip_address(row[4][0]) for row in rows))
        except (OSError, ValueError) as error:  # UnicodeError is a ValueError: what no name can be
            _post(loop, found.set_exception, error if isinstance(error, OSError) else OSError(str(error)), found)
        else:
            _post(loop, found.set_result, addresses, found)

    threading.Thread(target=look_up, name="webhook-dns", daemon=True).start()
    return await found


def _post(
    loop: asyncio.AbstractEventLoop, settle: Callable[[Any], None], value: object, future: asyncio.Future[Any]
) -> None:
    with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
        loop.call_soon_threadsafe(lambda: None if future.done() else settle(value))
