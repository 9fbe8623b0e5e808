"""What a restored database takes over from the one in whose place it comes, so that nothing happens twice.

Rules of this file:

* A message that the backup calls open may have left since. What the present database knows of its end counts; else it
  is `sending`: the page is asked for its id before it may be sent, and what cannot be told is `unknown`.
* A number that readers may have seen is not given to another event. Sequences and positions go on after the present
  ones; what is left out between is noted in `event_gaps`, for readers who were in there.
* Where the present database cannot be read (it is damaged), or is not what became of the backup's (another host),
  numbers leap.

All of it happens in the copy of the backup, before that takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, literal_column, or_, select

from actors.clients.types import Seconds
from actors.store.counters import count_on, counts
from actors.store.database import Database, insert
from actors.store.faults import as_unavailable, is_damage
from actors.store.group_commit import DATABASE_ERRORS
from actors.store.message_states import OPEN
from actors.store.outbox import MarkSending
from actors.store.outbox_writes import mark_sending
from actors.store.schema import event_counts, event_gaps, outbox

LEAP = 1_000_000
"""By how much numbers leap where nobody knows how far they had come: more than are told between backup and restore."""
_AT_ONCE = 500
_OUTCOME = ("state", "reason", "full_id", "attempts", "times", "changed_at")

_log = structlog.get_logger("store")


@dataclass(frozen=True, slots=True)
class Present:
    """What the database that is replaced knows: the newest position and sequences, and messages that have ended."""

    position: int
    sequences: Mapping[int, int]
    ended: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it, for whoever ordered it: messages by whose word they stand, and numbers of events left out."""

    looked_up: int
    ended: int
    left_out: int
    present_known: bool


def succeed(copy: Connection, database: Database, at: Seconds) -> Restored:
    """Have the copy of a backup go on from what `database` holds now; writes to the copy only.

    Raises StoreUnavailable where the database may be readable another time: what it knows is not given up for that.
    """
    open_ids = list(copy.execute(select(outbox.c.id).where(_is_open()).order_by(outbox.c.position)).scalars())
    present = _look_at(database, open_ids)
    left_out = _go_on_counting(copy, present)
    ended = present.ended if present is not None else {}
    for id, outcome in ended.items():
        copy.execute(outbox.update().where(outbox.c.id == id), dict(outcome))
    for ids in _batches([id for id in open_ids if id not in ended]):
        mark_sending(copy, MarkSending(ids, at))
    return Restored(len(open_ids) - len(ended), len(ended), left_out, present is not None)


def _look_at(database: Database, open_ids: list[str]) -> Present | None:
    if database.path is not None and not database.path.exists():
        return None
    try:
        with database.reading().begin() as connection:
            sequences = {row.client_id: row.sequence for row in connection.execute(select(event_counts))}
            return Present(counts(connection)["events"], sequences, dict(_ended(connection, open_ids)))
    except DATABASE_ERRORS as error:
        unavailable = as_unavailable(error)
        if unavailable is not None and not is_damage(error):
            raise unavailable from error
        _log.warning("store.present_unreadable", why=str(error).splitlines()[0])
        return None


def _ended(connection: Connection, ids: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    columns = [outbox.c[name] for name in ("id", *_OUTCOME)]
    for some in _batches(ids):
        found = connection.execute(select(*columns).where(outbox.c.id.in_(some), ~_is_open()))
        yield from ((row["id"], {name: row[name] for name in _OUTCOME}) for row in found.mappings())


def _go_on_counting(copy: Connection, present: Present | None) -> int:
    """Keep clear of every number the present database has given; how many positions are left out for that."""
    last = counts(copy)["events"]
    sequences: dict[int, int] = {row.client_id: row.sequence for row in copy.execute(select(event_counts))}
    if present is None or present.position < last:  # it has counted less: it is not what became of the backup's
        present = _leapt(last, sequences)
    for client_id in {*sequences, *present.sequences}:
        told = {"client_id": client_id, "sequence": _further(client_id, sequences, present.sequences)}
        upsert = insert(copy, event_counts).values(told)
        copy.execute(upsert.on_conflict_do_update(index_elements=["client_id"], set_=told))
        sequences[client_id] = told["sequence"]
    # As long as no event is kept, all that is known of positions is how many there must have been.
    position = max(last, present.position, sum(sequences.values()))
    count_on(copy, {"events": position})
    if position > last:
        copy.execute(event_gaps.insert(), {"after": last, "resumed": position})
    return position - last


def _leapt(position: int, sequences: Mapping[int, int]) -> Present:
    return Present(position + LEAP, {client_id: sequence + LEAP for client_id, sequence in sequences.items()})


def _further(client_id: int, *known: Mapping[int, int]) -> int:
    return max(sequences.get(client_id, 0) for sequences in known)


def _is_open() -> ColumnElement[bool]:
    # Literals, so that the partial indexes apply.
    return or_(*(outbox.c.state == literal_column(f"'{state.value}'") for state in sorted(OPEN)))


def _batches(ids: list[str]) -> Iterator[tuple[str, ...]]:
    yield from (tuple(ids[start : start + _AT_ONCE]) for start in range(0, len(ids), _AT_ONCE))
