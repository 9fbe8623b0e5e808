"""The configurations of clients: name, metadata, proxy, ignored chats, and what other faces keep with them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

from sqlalchemy import Connection, RowMapping, select

from actors.clients.registry.config import ClientConfig, Ignored, Proxy
from actors.clients.types import MAX_CLIENT_ID, ClientId, Seconds
from actors.runtime import Refusal, Work
from actors.store.database import insert
from actors.store.requests import Read, Write
from actors.store.rows.unreadable import complain, object_in
from actors.store.schema import client_configs, sessions

FIRST_GIVEN = 1_000_000_001
"""The first number that the service itself gives to a client that comes with a name only."""


class NameTaken(Refusal):
    """Another client has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another client has the name {name}")
        self.name = name


@dataclass(frozen=True, slots=True)
class PutConfig(Write[ClientConfig], Work):
    """Store a client's configuration in place of an earlier one. Refuses NameTaken."""

    config: ClientConfig = field(repr=False)
    at: Seconds

    def run(self, connection: Connection) -> ClientConfig:
        config = self.config
        if config.name is not None:
            named = select(client_configs.c.client_id).where(client_configs.c.name == config.name)
            if connection.execute(named).scalar() not in (None, config.client_id):
                raise NameTaken(config.name)
        row = {
            "name": config.name,
            "metadata": dict(config.metadata),
            "proxy": None if config.proxy is None else asdict(config.proxy),
            "ignored": asdict(config.ignored),
            "more": dict(config.more),
            "stopped": config.stopped,
            "updated_at": self.at,
        }
        statement = insert(connection, client_configs).values(client_id=config.client_id, **row)
        connection.execute(statement.on_conflict_do_update(index_elements=["client_id"], set_=row))
        return config


@dataclass(frozen=True, slots=True)
class CreateConfig(Write[ClientConfig], Work):
    """Store the configuration of a new client under a free number: that of `config` does not count.

    Refuses NameTaken.
    """

    config: ClientConfig = field(repr=False)
    at: Seconds

    def run(self, connection: Connection) -> ClientConfig:
        config = replace(self.config, client_id=_free(connection))
        return PutConfig(config, self.at).run(connection)


@dataclass(frozen=True, slots=True)
class GetConfigs(Read[tuple[ClientConfig, ...]]):
    """Read every configuration, by number."""

    def run(self, connection: Connection) -> tuple[ClientConfig, ...]:
        rows = connection.execute(select(client_configs).order_by(client_configs.c.client_id))
        return tuple(map(_config, rows.mappings()))


def _free(connection: Connection) -> ClientId:
    """Return a number that no client has: the next after all that were given, or the first gap."""
    taken: set[int] = set()
    for table in (client_configs, sessions):
        given = select(table.c.client_id).where(table.c.client_id >= FIRST_GIVEN)
        taken.update(connection.execute(given).scalars())
    newest = max(taken, default=FIRST_GIVEN - 1)
    if newest < MAX_CLIENT_ID:
        return ClientId(newest + 1)
    return ClientId(next(number for number in range(FIRST_GIVEN, MAX_CLIENT_ID) if number not in taken))


def _config(row: RowMapping) -> ClientConfig:
    """Return the configuration of a row. A proxy that cannot be read lets nothing through: no client goes without."""
    metadata, ignored, more = (object_in(row[name]) for name in ("metadata", "ignored", "more"))
    return ClientConfig(
        ClientId(row["client_id"]),
        row["name"],
        {name: str(value) for name, value in metadata.items()},
        None if row["proxy"] is None else _proxy(row),
        Ignored(**{name: ignored.get(name) is True for name in Ignored.__slots__}),
        more,
        row["stopped"],
    )


def _proxy(row: RowMapping) -> Proxy:
    told = object_in(row["proxy"])
    server, username, password = (told.get(name) for name in Proxy.__slots__)
    if isinstance(server, str) and all(one is None or isinstance(one, str) for one in (username, password)):
        return Proxy(server, username, password)
    complain("client_configs", row["client_id"], "its proxy cannot be read")
    return NO_WAY_OUT


NO_WAY_OUT = Proxy("proxy-that-cannot-be-read.invalid:1")
"""A proxy that nothing gets through."""
