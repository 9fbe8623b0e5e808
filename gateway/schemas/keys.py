"""The shapes of GET, POST and DELETE /keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from actors.clients.types import MAX_CLIENT_ID
from actors.store.rows.keys import ApiKey, KeyLeft
from gateway.schemas.shape import Answer, Request, iso
from gateway.security.auth import Scope

_SHORT = 100
"""The most characters of a key's name, which is for people."""
_LISTED = 10_000
"""The most clients in the list of one key."""
Number = Annotated[int, Field(ge=1, le=MAX_CLIENT_ID)]


class KeyRequest(Request):
    """Body of POST /keys."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_SHORT)]
    """What people call it."""
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    """What it may do: `read`, `send`, `control`, `admin`."""
    clients: Annotated[frozenset[Number], Field(min_length=1, max_length=_LISTED)] | None = None
    """The clients that it is for. Left out, it is for all, also for future ones."""


class KeyEntry(Answer):
    """One valid key."""

    id: str
    """The key's id, which is no secret."""
    name: str
    """What people call it."""
    scopes: list[Scope]
    """What it may do."""
    clients: list[int] | None
    """The clients that it is for; null for all."""
    created_at: str | None
    """When it was made."""
    last_used_at: str | None
    """When it was last used; the last seconds before a restart may be missing."""

    @classmethod
    def of(cls, key: ApiKey, /, **more: Any) -> Self:
        """Fill from what is stored."""
        return cls(
            id=key.id,
            name=key.name,
            scopes=[scope for scope in Scope if scope in key.scopes],
            clients=None if key.clients is None else sorted(key.clients),
            created_at=iso(key.created_at),
            last_used_at=iso(key.last_used_at),
            **more,
        )


class KeyCreated(KeyEntry):
    """POST /keys."""

    key: str
    """The key itself. It is shown only here: it cannot be computed from what is stored."""


class KeyRevoked(Answer):
    """DELETE /keys/{id}, with what goes on without the key, until it is deleted or cancelled."""

    success: Literal[True] = True
    message: Literal["Key revoked"] = "Key revoked"
    id: str
    """The key's id."""
    webhooks: list[str]
    """The webhooks that the key made or changed last."""
    queued_messages: int
    """The messages that are not sent yet, of all clients the key could send for, whichever key handed them in: that is
    not recorded.
    """
    scheduled_messages: int
    """Those of them that are to leave at a later time."""

    @classmethod
    def of(cls, id: str, left: KeyLeft) -> Self:
        """Fill from what is left of a key."""
        return cls(id=id, webhooks=[*left.webhooks], queued_messages=left.queued, scheduled_messages=left.scheduled)
