"""The address of the service, and the HTTP client that calls it: by the settings, unless an address is given.

A service of this machine is never called through a proxy, and its certificate, which names it as others know it, is not
compared with the address. To others the environment's proxies lead (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from actors.settings import Settings, StartRefused, load
from actors.texts.hosts import is_on_loopback

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


class Unreachable(StartRefused):
    """No service answered."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """An address of the service. `host`: the Host header by which it knows itself, if not the address's own name.

    `ours`: it is beside us, as the settings say, or at least on this machine.
    """

    url: str
    host: str | None = None
    ours: bool = False
    verify: bool = True

    @classmethod
    def of(cls, given: str) -> ServiceAddress:
        """Return the given address, or the one that the settings name. Raises SettingsRefused, Unreachable."""
        if not given:
            return cls.served(load())
        scheme, marks, _ = given.partition("://")
        if not marks:  # localhost:3001, as people type it
            given = f"http://{given}"
        elif scheme.lower() not in ("http", "https"):
            raise Unreachable(f"{given} is no address of a service: it begins with http:// or https://.")
        return cls(given, ours=is_on_loopback(given))

    @classmethod
    def served(cls, settings: Settings) -> ServiceAddress:
        """Return where a service with these settings listens. Raises Unreachable."""
        if settings.port == 0:
            raise Unreachable("SM_PORT is 0, so the service took a free port: name its address with --url.")
        name = _ANYWHERE.get(settings.host, settings.host)
        host = f"[{name}]" if ":" in name else name
        scheme = "http" if settings.tls_cert is None else "https"
        known = next(iter(settings.allowed_hosts), None)
        return cls(
            f"{scheme}://{host}:{settings.port}",
            host=None if known is None or host in settings.allowed_hosts else known.replace("*", "health"),
            ours=True,
            verify=settings.tls_cert is None,
        )

    def client(self, timeout: float, headers: Mapping[str, str] | None = None) -> httpx2.Client:
        """Return an HTTP client for it. Raises Unreachable if the environment's proxy or the address cannot be used."""
        named = {**(headers or {}), **({} if self.host is None else {"Host": self.host})}
        options: dict[str, Any] = {"base_url": self.url, "headers": named, "timeout": timeout}
        try:
            if self.ours:
                return httpx2.Client(trust_env=False, verify=self.verify, **options)
            return httpx2.Client(**options)
        except httpx2.InvalidURL as error:
            raise Unreachable(f"{self.url} is no address: {error}.") from error
        except UnicodeEncodeError:  # a key with an accent: no fault of a proxy
            raise
        except (ImportError, ValueError) as error:  # a proxy of a kind that is not supported, or no address
            why = "is not of a kind that this program can use: set an http:// one, or name the host in NO_PROXY"
            raise Unreachable(f"The proxy of the environment (ALL_PROXY, HTTPS_PROXY, HTTP_PROXY) {why}.") from error
