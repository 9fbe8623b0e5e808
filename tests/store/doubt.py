"""A commit that is done, and of which nobody hears: the database server went away under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.store.errors import StoreUnavailable
from actors.store.writer import GroupCommit, Settle

if TYPE_CHECKING:
    import pytest


def break_after_commit_of(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next commit with a write of this kind be done, and its connection break before that is known."""
    whole = GroupCommit.commit

    def commit(group: GroupCommit) -> list[Settle]:
        if not any(isinstance(pending.write, kind) for pending in group._pending):
            return whole(group)
        monkeypatch.setattr(GroupCommit, "commit", whole)
        group.connection().commit()
        raise StoreUnavailable("The connection to PostgreSQL is lost")

    monkeypatch.setattr(GroupCommit, "commit", commit)
