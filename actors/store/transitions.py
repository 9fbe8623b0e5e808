"""The journal: every change of a client's state, for whoever asks later what happened."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, insert, select

from actors.clients.ports import Transition
from actors.clients.types import ClientId, Reason, Seconds, State
from actors.store.events import append, draw_id, of_transition
from actors.store.message import Operations, Read, Write
from actors.store.schema import transitions


@dataclass(frozen=True, slots=True)
class RecordTransition(Write[None]):
    """A client has changed its state. Appends its event."""

    transition: Transition
    id: str = field(default_factory=draw_id)
    """Of its event."""


@dataclass(frozen=True, slots=True)
class GetTransitions(Read[tuple[Transition, ...]]):
    """The newest `limit` changes of a client, oldest of them first."""

    client_id: ClientId
    limit: int = 100


@dataclass(frozen=True, slots=True)
class PruneTransitions(Write[int]):
    """Delete what is older than `before` (epoch seconds), at most `limit`: as many answered means ask again."""

    before: Seconds
    limit: int = 1000


def record(connection: Connection, message: RecordTransition) -> None:
    told = message.transition
    if append(connection, of_transition(told, message.id)) is None:
        return
    connection.execute(insert(transitions), {name: getattr(told, name) for name in Transition.__slots__})


def get_newest(connection: Connection, message: GetTransitions) -> tuple[Transition, ...]:
    of_client = select(transitions).where(transitions.c.client_id == message.client_id)
    rows = connection.execute(of_client.order_by(transitions.c.position.desc()).limit(message.limit))
    return tuple(map(_transition, rows))[::-1]


def prune(connection: Connection, message: PruneTransitions) -> int:
    old = select(transitions.c.position).where(transitions.c.at < message.before).limit(message.limit)
    return connection.execute(transitions.delete().where(transitions.c.position.in_(old))).rowcount


WRITES: Operations = {RecordTransition: record, PruneTransitions: prune}
READS: Operations = {GetTransitions: get_newest}


def _transition(row: Row[tuple[object, ...]]) -> Transition:
    told = row._mapping
    return Transition(
        told["client_id"],
        State(told["before"]),
        State(told["after"]),
        told["event"],
        None if told["reason"] is None else Reason(told["reason"]),
        told["text"],
        told["at"],
        told["request_id"],
    )
