"""Every rate of a service: of starts, messages, calls, wrong keys. On the gateway's event loop."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from gateway.admission.authority import Caller, Need
from gateway.admission.authority import Scope as Right
from gateway.admission.rate import Rate
from gateway.admission.start_rates import StartRates
from gateway.identity import HeaderRefused, client_of

if TYPE_CHECKING:
    from starlette.types import Scope

    from config.settings import Settings

_ADDRESSES = 10_000
"""Addresses whose wrong keys are counted at most: anyone can send one, so this is what they can make us remember."""
_NETWORK = 64
"""Bits of an IPv6 address that count: whoever has one has all of its /64."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Every rate of one service."""

    starts: StartRates
    sends: Rate
    requests: Rate
    wrong_keys: Rate

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        per_client = Rate("starts of this client", settings.init_rate)
        starts = StartRates(per_client, Rate("starts from this address", settings.init_address_rate))
        return cls(
            starts,
            Rate("messages of this client", settings.send_rate),
            Rate("calls", settings.request_rate),
            Rate("wrong keys from this address", settings.wrong_key_rate, kept=_ADDRESSES),
        )

    def count(self, need: Need, caller: Caller | None, scope: Scope) -> None:
        """Count a call that was let in. Raises RateLimited. Calls open to strangers are not counted."""
        if caller is None or need.scope is None:
            return
        if self.requests:
            self.requests.hit(caller.key_id or address_of(scope))
        if self.sends and need.scope is Right.SEND and scope["method"] == "POST":
            self.sends.hit(_client_named(scope))

    def count_wrong_key(self, scope: Scope) -> None:
        """Count a key that was refused. Raises RateLimited where there were too many, to be told instead.

        Only after it was refused: a right key is let in whoever else shares its address, and pays nothing here.
        """
        self.wrong_keys.hit(address_of(scope))


def address_of(scope: Scope) -> str:
    """The address a request comes from, as rates are counted by it."""
    host: str = (scope.get("client") or ("",))[0]
    if ":" not in host:
        return host
    try:
        return str(ipaddress.ip_network((host.partition("%")[0], _NETWORK), strict=False))
    except ValueError:  # a listed proxy forwarded something that is no address
        return host


def _client_named(scope: Scope) -> str:
    try:
        return str(client_of(scope["headers"]))
    except HeaderRefused:  # the call itself refuses it
        return ""
