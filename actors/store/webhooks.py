"""Who is told of events: the webhooks, as their owners want them. What was delivered is in `deliveries`.

A webhook hears of what happens after it was made, and of a client only from when it began to want that client: its
lines begin at the sequence the client has then. Changes go through the sender (`actors.webhooks.sender.Change`), which
hands them to the store and acts on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update

from actors.clients.types import ClientId, Seconds
from actors.runtime import Refusal, Work
from actors.store.database import insert
from actors.store.message import Read, Write
from actors.store.schema import event_counts
from actors.store.webhook_schema import webhook_lines, webhooks


class NoSuchWebhook(Refusal):
    """There is no webhook of this id."""

    def __init__(self, id: str) -> None:
        super().__init__(f"There is no webhook {id}")


class WebhookExists(Refusal):
    """There is a webhook of this id."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One target. No `clients` means all of them; what of `retry_…` is None is the operator's default.

    `secret` and `headers` hold what nobody else may know: they are not in the repr, and are shown masked
    (`actors.webhooks.definition.shown`).
    """

    id: str
    url: str
    created_at: Seconds
    updated_at: Seconds
    events: tuple[str, ...] = ("*",)
    clients: tuple[ClientId, ...] = ()
    secret: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    retry_growth: str | None = None
    retry_delay: Seconds | None = None
    retry_attempts: int | None = None
    active: bool = True

    def wants_client(self, client_id: ClientId) -> bool:
        """Whether events of this client are for this webhook."""
        return not self.clients or client_id in self.clients


@dataclass(frozen=True, slots=True)
class CreateWebhook(Write[Webhook], Work):
    """Have events delivered from now on. Answers the webhook; refuses WebhookExists. Check it first (`definition`)."""

    webhook: Webhook

    def run(self, connection: Connection) -> Webhook:
        row = {column.name: getattr(self.webhook, column.name) for column in webhooks.columns}
        statement = insert(connection, webhooks).values(row).on_conflict_do_nothing()
        if connection.execute(statement.returning(webhooks.c.id)).first() is None:
            raise WebhookExists(f"There is a webhook {self.webhook.id} already")
        _begin_now(connection, self.webhook.id, before=None)
        return GetWebhook(self.webhook.id).run(connection)


@dataclass(frozen=True, slots=True)
class ChangeWebhook(Write[Webhook], Work):
    """Set some fields of a webhook. Answers it as it then is; refuses NoSuchWebhook.

    What has not been delivered goes by the new fields, is due at once, and has its whole budget of retries. A webhook
    that is not `active` is told once it is again.
    """

    id: str
    changes: Mapping[str, Any] = field(repr=False)
    at: Seconds

    def run(self, connection: Connection) -> Webhook:
        before = GetWebhook(self.id).run(connection)
        changes = {name: value for name, value in self.changes.items() if name in _CHANGEABLE}
        of_id = update(webhooks).where(webhooks.c.id == self.id)
        connection.execute(of_id.values(changes | {"updated_at": self.at}))
        _begin_now(connection, self.id, before)
        of_webhook = update(webhook_lines).where(webhook_lines.c.webhook_id == self.id)
        connection.execute(of_webhook.values(attempts=0, next_at=None, failing_since=None))
        return GetWebhook(self.id).run(connection)


@dataclass(frozen=True, slots=True)
class DeleteWebhook(Write[None], Work):
    """Forget a webhook, what it has not had, and its dead letters. Refuses NoSuchWebhook."""

    id: str

    def run(self, connection: Connection) -> None:
        if connection.execute(delete(webhooks).where(webhooks.c.id == self.id)).rowcount == 0:
            raise NoSuchWebhook(self.id)


@dataclass(frozen=True, slots=True)
class GetWebhook(Read[Webhook]):
    """One webhook; refuses NoSuchWebhook."""

    id: str

    def run(self, connection: Connection) -> Webhook:
        row = connection.execute(select(webhooks).where(webhooks.c.id == self.id)).mappings().first()
        if row is None:
            raise NoSuchWebhook(self.id)
        return _webhook(row)


@dataclass(frozen=True, slots=True)
class GetWebhooks(Read[tuple[Webhook, ...]]):
    """All webhooks, oldest first."""

    def run(self, connection: Connection) -> tuple[Webhook, ...]:
        rows = connection.execute(select(webhooks).order_by(webhooks.c.created_at, webhooks.c.id))
        return tuple(map(_webhook, rows.mappings()))


_CHANGEABLE = frozenset(f.name for f in fields(Webhook)) - {"id", "created_at", "updated_at"}


def _begin_now(connection: Connection, id: str, before: Webhook | None) -> None:
    """Let the webhook's lines begin where the clients are now: those of clients it did not want before."""
    now = GetWebhook(id).run(connection)
    rows = [
        {"webhook_id": id, "client_id": client_id, "sequence": sequence, "attempts": 0, "delivered": 0}
        for client_id, sequence in connection.execute(select(event_counts.c.client_id, event_counts.c.sequence))
        if now.wants_client(client_id) and (before is None or not before.wants_client(client_id))
    ]
    if rows:
        statement = insert(connection, webhook_lines)
        restart = {"sequence": statement.excluded.sequence, "attempts": 0, "next_at": None}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["webhook_id", "client_id"], set_=restart), rows
        )


def _webhook(row: RowMapping) -> Webhook:
    listed = {"events": tuple(row["events"]), "clients": tuple(row["clients"])}
    return Webhook(**{**row, **listed, "headers": tuple((name, value) for name, value in row["headers"])})
