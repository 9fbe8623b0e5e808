"""The body of a delivery, in the format of its webhook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from actors.clients.registry.registry import ClientRegistry
from actors.store.events import Event
from actors.store.webhooks import Webhook
from actors.waha import envelope, events
from actors.waha.envelope import Environment
from actors.webhooks.definition import Format, matches


@dataclass(frozen=True, slots=True)
class Bodies:
    """Makes the bodies of all webhooks; what they tell of a client is that of the registry, now."""

    registry: ClientRegistry = field(default_factory=ClientRegistry)
    environment: Environment = field(default_factory=Environment)

    def types(self, webhook: Webhook) -> tuple[str, ...]:
        """Return patterns for the types of our events among which the webhook's are."""
        return events.types(webhook.events) if webhook.format == Format.WAHA else webhook.events

    def of(self, webhook: Webhook, event: Event) -> bytes | None:
        """Return the body of a delivery; None if the webhook does not want the event."""
        if webhook.format == Format.WAHA:
            return envelope.of_webhook(event, self.registry, self.environment, webhook.events)
        if not matches(webhook.events, event.type):
            return None
        return body_of(event, self.registry.find(event.client_id).config.told)


def body_of(event: Event, client: Mapping[str, Any] | None = None) -> bytes:
    """Return the body of a delivery: the same bytes each time, for the same client. ASCII JSON; `at` is ISO 8601, UTC.

    `client` is what is told of a client that has a name or metadata.
    """
    told: dict[str, Any] = {
        "id": event.id,
        "type": event.type,
        "cliente_id": event.client_id,
        "sequence": event.sequence,
        "at": datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "payload": event.payload,
    }
    if client:
        told["client"] = dict(client)
    return json.dumps(told, separators=(",", ":")).encode()
