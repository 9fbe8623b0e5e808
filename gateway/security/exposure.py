"""The exposure of the service: who can reach it without a key, and TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING

from actors.settings import StartRefused
from actors.texts.hosts import is_loopback

if TYPE_CHECKING:
    from actors.settings import Settings
    from actors.store.rows.keys import ApiKey


def refuse_exposure(settings: Settings, keys: Iterable[ApiKey]) -> None:
    """Raise StartRefused if other machines could call without a key."""
    if settings.api_key is not None or any(key.revoked_at is None for key in keys):
        return
    if not _is_local(settings.host):
        raise StartRefused(
            f"Without an API key the service listens on loopback only, and SM_HOST is {settings.host}: set SM_API_KEY, "
            "or create a key with `session-manager keys create NAME --offline`, or take SM_HOST away."
        )


def check_certificate(settings: Settings) -> None:
    """Raise StartRefused if HTTPS is configured and cannot be served."""
    if settings.tls_cert is None or settings.tls_key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key, _no_password)
    except FileNotFoundError as error:
        raise StartRefused("There is no such file: set SM_TLS_CERT and SM_TLS_KEY to files that are there.") from error
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = getattr(error, "reason", None) or error
        raise StartRefused(
            f"SM_TLS_CERT and SM_TLS_KEY cannot be used ({why}): name a PEM certificate chain and its unencrypted key."
        ) from error


def _is_local(host: str) -> bool:
    """Return True if every address of this name is loopback."""
    if is_loopback(host):
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(is_loopback(str(address[0])) for *_, address in found)


def _no_password() -> str:
    raise ValueError("the key is encrypted")
