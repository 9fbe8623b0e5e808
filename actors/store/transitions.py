"""The journal: every change of a client's state, for whoever asks later what happened."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, insert, select

from actors.clients.ports import Transition
from actors.clients.types import ClientId, Reason, Seconds, State
from actors.store.events import draw_id, of_transition
from actors.store.message import Read, Write
from actors.store.schema import transitions


@dataclass(frozen=True, slots=True)
class RecordTransition(Write[None]):
    """A client has changed its state. Appends its event."""

    transition: Transition
    id: str = field(default_factory=draw_id)
    """Of its event."""

    def run(self, connection: Connection) -> None:
        told = self.transition
        if of_transition(told, self.id).run(connection) is None:
            return
        connection.execute(insert(transitions), {name: getattr(told, name) for name in Transition.__slots__})


@dataclass(frozen=True, slots=True)
class GetTransitions(Read[tuple[Transition, ...]]):
    """The newest `limit` changes of a client, oldest of them first."""

    client_id: ClientId
    limit: int = 100

    def run(self, connection: Connection) -> tuple[Transition, ...]:
        of_client = select(transitions).where(transitions.c.client_id == self.client_id)
        rows = connection.execute(of_client.order_by(transitions.c.position.desc()).limit(self.limit))
        return tuple(map(_transition, rows))[::-1]


@dataclass(frozen=True, slots=True)
class PruneTransitions(Write[int]):
    """Delete what is older than `before` (epoch seconds), at most `limit`: as many answered means ask again."""

    before: Seconds
    limit: int = 1000

    def run(self, connection: Connection) -> int:
        old = select(transitions.c.position).where(transitions.c.at < self.before).limit(self.limit)
        return connection.execute(transitions.delete().where(transitions.c.position.in_(old))).rowcount


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
