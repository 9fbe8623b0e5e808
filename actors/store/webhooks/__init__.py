"""Webhooks in the store.

definitions   the webhooks: created, changed, deleted, read
progress      the progress of each with each client, and the work that follows
dead_letters  events that were given up, and their replays
"""

from actors.store.webhooks.dead_letters import (
    DeleteDeadLetters,
    GetDeadLetters,
    Letter,
    PruneDeadLetters,
    RecordReplayed,
    RecordReplayRetry,
    ReplayDeadLetters,
)
from actors.store.webhooks.definitions import (
    ChangeWebhook,
    CreateWebhook,
    DeleteWebhook,
    GetWebhook,
    GetWebhooks,
    NoSuchWebhook,
    Webhook,
    WebhookExists,
)
from actors.store.webhooks.progress import (
    Backlog,
    Due,
    GetBacklog,
    GetDue,
    GetProgress,
    Progress,
    RecordDeadLetter,
    RecordDelivered,
    RecordPassed,
    RecordRetry,
    is_wanted,
)

__all__ = [
    "Backlog",
    "ChangeWebhook",
    "CreateWebhook",
    "DeleteDeadLetters",
    "DeleteWebhook",
    "Due",
    "GetBacklog",
    "GetDeadLetters",
    "GetDue",
    "GetProgress",
    "GetWebhook",
    "GetWebhooks",
    "Letter",
    "NoSuchWebhook",
    "Progress",
    "PruneDeadLetters",
    "RecordDeadLetter",
    "RecordDelivered",
    "RecordPassed",
    "RecordReplayRetry",
    "RecordReplayed",
    "RecordRetry",
    "ReplayDeadLetters",
    "Webhook",
    "WebhookExists",
    "is_wanted",
]
