"""What the network sees of the service: whether it may, how it is encrypted, and uvicorn's options for that."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from config.refusal import StartRefused
from gateway.admission.connections import bounded
from gateway.admission.door import is_loopback

if TYPE_CHECKING:
    from actors.store.keys import ApiKey
    from config.settings import Settings

_WS_MESSAGE = 64 * 1024
"""Bytes of the largest WebSocket message taken: callers hardly send any."""
_YEAR = 365 * 24 * 3600


def refuse_exposure(settings: Settings, keys: Iterable[ApiKey]) -> None:
    """Raise StartRefused where others than this machine could call without a key."""
    if settings.api_key is not None or any(key.revoked_at is None for key in keys):
        return
    if not _is_local(settings.host):
        raise StartRefused(
            f"Without an API key the service listens on loopback only, and SM_HOST is {settings.host}: set SM_API_KEY, "
            "or create a key with `session-manager keys create NAME --offline`, or take SM_HOST away."
        )


def check_certificate(settings: Settings) -> None:
    """Raise StartRefused where HTTPS is wanted and cannot be served."""
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


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """The options of uvicorn.Config that bound callers, and encrypt."""
    tls = settings.tls_cert is not None
    headers = [("X-Content-Type-Options", "nosniff")]
    if tls:
        headers.append(("Strict-Transport-Security", f"max-age={_YEAR}"))
    return {
        "http": bounded(settings),
        "h11_max_incomplete_event_size": settings.max_header_size,
        "headers": headers,
        "proxy_headers": False,  # the door does it, for listed proxies only
        "server_header": False,
        "ws_max_size": _WS_MESSAGE,
        "ws_ping_interval": settings.stream_heartbeat,
        "ws_per_message_deflate": False,
        "ssl_certfile": settings.tls_cert,
        "ssl_keyfile": settings.tls_key,
    }


def _is_local(host: str) -> bool:
    """Whether everything this name stands for is loopback."""
    if is_loopback(host):
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(is_loopback(str(address[0])) for *_, address in found)


def _no_password() -> str:
    raise ValueError("the key is encrypted")
