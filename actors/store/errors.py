"""What the store says when it cannot.

Refusal                      an answer: the actor that gave it lives on
 ├── StoreUnavailable        the database cannot be used now; nothing was written: try again later
 │    └── ServerAway         its server is not there, or is on its way up or down
 ├── WriteFailed             this one write is impossible as it stands; its neighbours went through
 ├── IdempotencyKeyReused    the caller's key belongs to another message: draw a new one
 ├── OutboxFull              as many messages wait as may: try again later
 ├── NoSuchMessage           no message of the client has this id
 └── MessageNotQueued        the message has left, or will never leave: too late to cancel

StoreError                   the store cannot be opened; for whoever starts the service
 ├── StoreTooNew             a newer version of the service has written here
 ├── BadAddress              what is given as the database's address is none
 ├── DataDirInUse            another process owns the data directory
 └── BadBackup               a file is not a whole backup, or does not fit where it is to be restored
"""

from __future__ import annotations

from pathlib import Path

from actors.runtime import Refusal


class StoreUnavailable(Refusal):
    """The database cannot be used now: disk full, locked, damaged, or its server gone.

    What was asked for was not acknowledged as done. On PostgreSQL a connection that breaks during COMMIT leaves it open
    whether the write is there: repeat it with the same key. Try again after `retry_after_seconds`.
    """

    def __init__(self, why: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(why)
        self.retry_after_seconds = retry_after_seconds


class ServerAway(StoreUnavailable):
    """Nobody answers at the database's address, or a server that lets nobody in yet: that mostly passes."""


class WriteFailed(Refusal):
    """The database refuses this write for what it says, not for the state it is in; repeating it is no use."""


class IdempotencyKeyReused(Refusal):
    """The client has a message with this key and another body."""

    def __init__(self, key: str) -> None:
        super().__init__("This Idempotency-Key was used with another body: use a new key for another message")
        self.key = key


class OutboxFull(Refusal):
    """As many messages of the client are queued as may be. Try again after `retry_after_seconds`."""

    def __init__(self, limit: int, retry_after_seconds: float = 5.0) -> None:
        super().__init__(f"The queue of this client is full, it holds {limit}: try again later")
        self.limit, self.retry_after_seconds = limit, retry_after_seconds


class NoSuchMessage(Refusal):
    """The outbox has no such message (any more)."""

    def __init__(self, client_id: int | None, id: str) -> None:
        super().__init__(f"There is no message {id}" + ("" if client_id is None else f" of client {client_id}"))
        self.client_id, self.id = client_id, id


class MessageNotQueued(Refusal):
    """Only what is queued can be cancelled."""

    def __init__(self, id: str, state: str) -> None:
        super().__init__(f"The message is {state}: only a queued one can be cancelled")
        self.id, self.state = id, state


class StoreError(Exception):
    """The store cannot be opened."""


class StoreTooNew(StoreError):
    """The database has a schema this version does not know."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"The database has schema {found}, newer than {known}, the newest this version knows: "
            "start the newer version again, or restore a backup made by this one"
        )
        self.found, self.known = found, known


class DataDirInUse(StoreError):
    """Another process owns the data directory. `pid` is None where it has not said which yet."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        owner = "another process" if pid is None else f"process {pid}"
        super().__init__(f"The data directory {data_dir} is in use by {owner}: stop it first, or use another directory")
        self.data_dir, self.pid = data_dir, pid


class BadAddress(StoreError):
    """What was given as the address of the database cannot be used as one."""

    def __init__(
        self, why: str = "SM_DATABASE_URL is no address of a database: sqlite:///… or postgresql://… is"
    ) -> None:
        super().__init__(why)


class BadBackup(StoreError):
    """The backup cannot be read or restored; nothing was changed."""
