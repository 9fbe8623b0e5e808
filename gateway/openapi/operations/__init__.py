"""Every call, described. A route without a row here cannot be served, unless it says `include_in_schema=False`."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.openapi.operation import Operation
from gateway.openapi.operations import clients, events, messages, service, webhooks

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    **clients.OPERATIONS,
    **messages.OPERATIONS,
    **events.OPERATIONS,
    **webhooks.OPERATIONS,
    **service.OPERATIONS,
}
"""Method and path as the application's routes spell them."""
