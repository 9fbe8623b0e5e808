"""The definition of a webhook: the fields an owner may set, each with its check, and the form that is shown.

Pure. An address is checked again when a delivery connects; a name can only be checked then. Each check in `CHECKS`
takes JSON and returns the stored value, or raises ValueError with the end of the sentence "<field> should …", which
never repeats a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from typing import Any

from ulid import ULID

from actors.clients.events import EVENTS
from actors.clients.types import MAX_CLIENT_ID, Seconds
from actors.store.webhooks import Webhook
from actors.waha import events as waha
from actors.webhooks.addresses import Network
from actors.webhooks.schedule import Growth, RetryPolicy
from actors.webhooks.signature import OUR_HEADERS, mask
from actors.webhooks.targets import refused_literal, target_of


class Format(StrEnum):
    """The form of a webhook's bodies, and of the names in its `events`."""

    NATIVE = "native"
    WAHA = "waha"


class InvalidWebhook(Exception):
    """A field has an invalid value; `field` is its name. The text never repeats a secret."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} should {why}")
        self.field = field


def new_webhook(wishes: Mapping[str, object], *, at: Seconds, allowed: Iterable[Network] = ()) -> Webhook:
    """Return a new webhook from an owner's fields, with its own id. Raises InvalidWebhook; only `url` is required."""
    if "url" not in wishes:
        raise InvalidWebhook("url", "be given")
    return Webhook(id=str(ULID()), created_at=at, updated_at=at, **changes(wishes, allowed=allowed))


def changes(
    wishes: Mapping[str, object], *, allowed: Iterable[Network] = (), before: Webhook | None = None
) -> dict[str, Any]:
    """Return an owner's changes to a webhook, checked, for ChangeWebhook; `before`: the webhook, where there is one.

    Raises InvalidWebhook, also for an unknown field.
    """
    allowed = tuple(allowed)
    checked = {field: _checked(field, value) for field, value in wishes.items()}
    if "events" in checked or "format" in checked:
        patterns = checked.get("events", ("*",) if before is None else before.events)
        _check_types(patterns, Format(checked.get("format", Format.NATIVE if before is None else before.format)))
    if "url" in checked and (why := refused_literal(target_of(checked["url"]), allowed)) is not None:
        raise InvalidWebhook("url", f"not point to an address that is {why}")
    return checked


def shown(webhook: Webhook) -> dict[str, Any]:
    """Return everything of a webhook that may be shown: its secret and the values of its headers are masked."""
    headers = {name: mask(value) for name, value in webhook.headers}
    return asdict(webhook) | {"secret": mask(webhook.secret), "headers": headers}


def policy_of(webhook: Webhook, default: RetryPolicy) -> RetryPolicy:
    """Return the operator's retry policy, with the changes of the webhook's owner."""
    # A newer version may have stored one that this does not know.
    growth = next((one for one in Growth if one == webhook.retry_growth), default.growth)
    delay = default.delay if webhook.retry_delay is None else webhook.retry_delay
    attempts = default.attempts if webhook.retry_attempts is None else webhook.retry_attempts
    return replace(default, growth=growth, delay=delay, attempts=attempts, cap=max(default.cap, delay))


def _check_types(patterns: Iterable[str], format: Format) -> None:
    """Raise InvalidWebhook for a pattern that no event of this form can match."""
    for pattern in patterns:
        if (fault := unknown_type(pattern, format)) is not None:
            raise InvalidWebhook("events", f"list types of events, and {fault}")


def _checked(field: str, value: object) -> Any:
    if field not in CHECKS:
        raise InvalidWebhook(field, "be left out: a webhook has no such field")
    try:
        return CHECKS[field](value)
    except ValueError as error:
        raise InvalidWebhook(field, str(error)) from None


MAX_URL, MAX_PATTERNS, MAX_CLIENTS, MAX_HEADERS, MAX_HEADER = 2000, 100, 10_000, 30, 4000
MAX_ATTEMPTS, MAX_DELAY = 1000, 24 * 3600.0
MIN_SECRET, MAX_SECRET = 8, 512

HOP_BY_HOP = frozenset(
    (
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Headers about the connection or the body's length (RFC 9110, 7.6.1), which an owner may not set."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_VISIBLE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")


def _url(value: object) -> str:
    if not isinstance(value, str) or not _VISIBLE.fullmatch(value) or " " in value or len(value) > MAX_URL:
        raise ValueError(f"be an address of at most {MAX_URL} visible ASCII characters")
    url = target_of(value)
    if url.fragment or value.endswith("#"):
        raise ValueError("not have a fragment")
    return str(url)


def _events(value: object) -> tuple[str, ...]:
    texts = _list(value, MAX_PATTERNS)
    if not all(isinstance(text, str) and is_pattern(text) for text in texts):
        raise ValueError('list types of events, such as "message", "message.*" or "*"')
    return tuple(dict.fromkeys(str(text) for text in texts))


def _clients(value: object) -> tuple[int, ...]:
    numbers = [] if value is None else _list(value, MAX_CLIENTS, least=0)
    if not all(type(number) is int and 1 <= number <= MAX_CLIENT_ID for number in numbers):
        raise ValueError("list numbers of clients, or nothing for all of them")
    return tuple(sorted({int(str(number)) for number in numbers}))


def _secret(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not MIN_SECRET <= len(value) <= MAX_SECRET or not value.isprintable():
        raise ValueError(f"be {MIN_SECRET} to {MAX_SECRET} printable characters, or null for no signature")
    return value


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping) or len(value) > MAX_HEADERS:
        raise ValueError(f"be an object of at most {MAX_HEADERS} names and values")
    if len({str(name).lower() for name in value}) < len(value):
        raise ValueError("name each header once")
    for name, text in value.items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise ValueError("have names of letters, digits and dashes")
        if name.lower() in HOP_BY_HOP | OUR_HEADERS or name.lower().startswith("x-webhook-"):
            raise ValueError(f"not set {name}: that is the sender's")
        if not isinstance(text, str) or not _VISIBLE.fullmatch(text) or len(text) > MAX_HEADER:
            raise ValueError(f"have a value of 1 to {MAX_HEADER} visible ASCII characters for {name}")
    return tuple(value.items())


def _retry_growth(value: object) -> str | None:
    if value is not None and value not in list(Growth):
        raise ValueError(f"be one of {', '.join(Growth)}, or null")
    return None if value is None else str(value)


def _retry_delay(value: object) -> float | None:
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not isfinite(value)
        or not 0 < value <= MAX_DELAY
    ):
        raise ValueError(f"be seconds, more than 0 and at most {MAX_DELAY:g}, or null")
    return float(value)


def _retry_attempts(value: object) -> int | None:
    if value is not None and not (type(value) is int and 1 <= value <= MAX_ATTEMPTS):
        raise ValueError(f"be a number from 1 to {MAX_ATTEMPTS}, or null")
    return value


def _active(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("be true or false")
    return value


def _format(value: object) -> str:
    if value not in list(Format):
        raise ValueError(f"be one of {', '.join(Format)}")
    return str(value)


def _list(value: object, most: int, least: int = 1) -> list[object]:
    if not isinstance(value, list | tuple) or not least <= len(value) <= most:
        raise ValueError(f"be a list of {least} to {most}")
    return list(value)


CHECKS: dict[str, Callable[[object], Any]] = {
    "url": _url,
    "events": _events,
    "clients": _clients,
    "secret": _secret,
    "headers": _headers,
    "retry_growth": _retry_growth,
    "retry_delay": _retry_delay,
    "retry_attempts": _retry_attempts,
    "active": _active,
    "format": _format,
}
"""An owner's fields."""


_PATTERN = re.compile(r"\*|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?")
LONGEST = 100


def is_pattern(text: str) -> bool:
    """Return True if this may stand in a webhook's list of events."""
    return len(text) <= LONGEST and _PATTERN.fullmatch(text) is not None


def unknown_type(pattern: str, format: Format = Format.NATIVE) -> str | None:
    """Return what is said of a pattern that matches no type of event, with the nearest type; None if it matches one."""
    types = EVENTS if format is Format.NATIVE else waha.KNOWN
    match = matches if format is Format.NATIVE else waha.wanted
    if any(match((pattern,), type) for type in types):
        return None
    near = get_close_matches(pattern.removesuffix(".*"), types, 1)
    return f"{pattern} is none" + (f": did you mean {near[0]}?" if near else f": they are {', '.join(types)}")


def matches(patterns: Iterable[str], event_type: str) -> bool:
    """Return True if any pattern matches this type of event. `message.*` does not match `message` itself."""
    return any(_matches(pattern, event_type) for pattern in patterns)


def _matches(pattern: str, event_type: str) -> bool:
    if pattern.endswith("*"):
        return event_type.startswith(pattern[:-1])
    return pattern == event_type
