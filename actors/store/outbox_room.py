"""Whether a client's outbox has room, without counting it at every acceptance: counting ten thousand rows takes longer
than writing one.

Rule of this file: what is remembered is never less than what is queued, up to the limit, which is one for the life of a
connection. It grows by whatever is queued, on the connection of the one writer, and is counted anew once it says that
there is no room; so it costs a count where the outbox is, or was, nearly full, and else hardly ever.
"""

from __future__ import annotations

from sqlalchemy import Connection

from actors.clients.types import ClientId
from actors.store.outbox_reads import count_queued

_AT_MOST = "queued at most"


def has_room(connection: Connection, client_id: ClientId, limit: int) -> bool:
    """Whether fewer than `limit` messages of the client are queued."""
    at_most = connection.info.setdefault(_AT_MOST, {})
    if at_most.get(client_id, limit) >= limit:
        at_most[client_id] = count_queued(connection, client_id, limit)
    return bool(at_most[client_id] < limit)


def one_more(connection: Connection, client_id: ClientId) -> None:
    """A message of the client is queued now that was not."""
    at_most = connection.info.get(_AT_MOST, {})
    if client_id in at_most:
        at_most[client_id] += 1
