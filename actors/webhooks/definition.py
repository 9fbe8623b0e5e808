"""What an owner may say of a webhook, and what is shown of it.

Rule of this file: pure. Whether an address may be reached is judged again when a delivery connects; of a name it can
only be judged then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

import httpx2 as httpx
from ulid import ULID

from actors.clients.types import Seconds
from actors.store.webhooks import Webhook
from actors.webhooks.addresses import Network, why_refused
from actors.webhooks.fields import CHECKS
from actors.webhooks.schedule import Growth, RetryPolicy
from actors.webhooks.signature import mask

__all__ = ["InvalidWebhook", "changes", "new_webhook", "policy_of", "shown"]


class InvalidWebhook(Exception):
    """A field is not as it should be; `field` is its name. The text never repeats a secret."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} should {why}")
        self.field = field


def new_webhook(wishes: Mapping[str, object], *, at: Seconds, allowed: Iterable[Network] = ()) -> Webhook:
    """The webhook an owner wants, with an id of its own. Raises InvalidWebhook; `url` is the one field needed."""
    if "url" not in wishes:
        raise InvalidWebhook("url", "be there")
    return Webhook(id=str(ULID()), created_at=at, updated_at=at, **changes(wishes, allowed=allowed))


def changes(wishes: Mapping[str, object], *, allowed: Iterable[Network] = ()) -> dict[str, Any]:
    """What an owner wants changed, checked, for ChangeWebhook. Raises InvalidWebhook, for an unknown field too."""
    allowed = tuple(allowed)
    checked = {field: _checked(field, value) for field, value in wishes.items()}
    if "url" in checked and (why := _refused_literal(checked["url"], allowed)) is not None:
        raise InvalidWebhook("url", f"not point to an address that is {why}")
    return checked


def shown(webhook: Webhook) -> dict[str, Any]:
    """Everything of a webhook that may be shown: its secret and the values of its headers are masked."""
    headers = {name: mask(value) for name, value in webhook.headers}
    return asdict(webhook) | {"secret": mask(webhook.secret), "headers": headers}


def policy_of(webhook: Webhook, default: RetryPolicy) -> RetryPolicy:
    """The operator's retry policy, with what the webhook's owner wants otherwise."""
    growth = default.growth if webhook.retry_growth is None else Growth(webhook.retry_growth)
    delay = default.delay if webhook.retry_delay is None else webhook.retry_delay
    attempts = default.attempts if webhook.retry_attempts is None else webhook.retry_attempts
    return replace(default, growth=growth, delay=delay, attempts=attempts, cap=max(default.cap, delay))


def _checked(field: str, value: object) -> Any:
    if field not in CHECKS:
        raise InvalidWebhook(field, "not be there: a webhook has no such field")
    try:
        return CHECKS[field](value)
    except ValueError as error:
        raise InvalidWebhook(field, str(error)) from None


def _refused_literal(url: str, allowed: tuple[Network, ...]) -> str | None:
    try:
        return why_refused(httpx.URL(url).host, allowed)
    except ValueError:  # a name: judged when it has been resolved
        return None
