"""The one writer: whatever changes the store goes through this actor's mailbox.

On the first write of a group it tells itself Commit, which queues behind all that already waits: under load groups grow
by themselves, without load a write is committed at once.

When the database cannot be used, callers (Work) are refused at once; facts are held, in order, and written when it is
back: their answer takes as long as that takes. Tried again every `retry_after` seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from actors.runtime import Actor, Reminder, Work
from actors.store.database import Database
from actors.store.errors import StoreUnavailable
from actors.store.group_commit import GroupCommit, Pending
from actors.store.message import CarryOut, Write
from actors.store.operations import carry_out
from actors.store.subscriptions import Subscribe, Subscriptions, Unsubscribe


@dataclass(frozen=True, slots=True)
class Commit(Reminder):
    """Told by the writer to itself. A group that was full before this arrived has been committed already."""

    group: int


@dataclass(frozen=True, slots=True)
class GetOutage:
    """Answers why the database cannot be used now, as far as is known, or None."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Timer: the database may be usable again."""


class Writer(Actor):
    """Writes one after the other, commits them in groups of at most `max_group`. Answers Write messages, each as it
    says.

    `hold_limit` bounds the facts kept in memory while the database cannot be used; more are refused, and logged.
    `alone`: as in `Database.writing`.
    """

    def __init__(
        self,
        database: Database,
        *,
        max_group: int = 128,
        retry_after: float = 1.0,
        hold_limit: int = 10_000,
        carry_out: CarryOut = carry_out,
        alone: bool = False,
    ) -> None:
        super().__init__()
        self._group = GroupCommit(database.writing(alone=alone), carry_out)
        self._max_group, self._retry_after, self._hold_limit = max_group, retry_after, hold_limit
        self._groups = 0
        self._held: deque[Pending] = deque()
        self._outage: StoreUnavailable | None = None
        self._said: str | None = None
        """The outage that the log tells of: until a commit, each try finds it again."""
        self._subscriptions = Subscriptions()

    def started(self) -> None:
        self._subscriptions.start_at(self._group.connection())

    def receive(self, message: object) -> object:
        match message:
            case Commit():
                if message.group == self._groups:
                    self._commit()
            case Write():
                self._take(Pending(message, self.defer()))
            case Subscribe():
                return self._subscriptions.add(message.subscriber)
            case Unsubscribe():
                self._subscriptions.remove(message.subscriber)
            case GetOutage():
                return None if self._outage is None else str(self._outage)
            case TryAgain():
                self._try_again()
            case _:
                return super().receive(message)
        return None

    def closed(self, cause: BaseException | None) -> None:
        if cause is None:
            self._try_again()
            self._commit()
        if lost := [type(pending.write).__name__ for pending in (*self._held, *self._group.abandon())]:
            self.log.error("facts_lost", count=len(lost), kinds=sorted(set(lost)))

    def _take(self, pending: Pending) -> None:
        if self._outage is None:
            self._apply(pending)
        else:
            self._set_aside(pending, self._outage)

    def _apply(self, pending: Pending) -> None:
        try:
            self._group.apply(pending)
        except StoreUnavailable as why:
            self._suspend(why)
            return
        if len(self._group) >= self._max_group:
            self._commit()
        elif len(self._group) == 1 and not self.actor_stopped.is_set():
            self.actor_ref.tell(Commit(self._groups))

    def _commit(self) -> None:
        self._groups += 1
        try:
            answers = self._group.commit()
        except StoreUnavailable as why:
            self._suspend(why)
            return
        if answers and self._said is not None:
            self.log.info("store_available")
            self._said = None
        for answer in answers:
            answer()
        self._publish()

    def _publish(self) -> None:
        try:
            self._subscriptions.publish(self._group.connection())
        except StoreUnavailable as why:
            self._suspend(why)

    def _suspend(self, why: StoreUnavailable) -> None:
        self._groups += 1
        if self._said != str(why):
            self.log.error("store_unavailable", reason=str(why))
        self._outage, self._said = why, str(why)
        for pending in self._group.abandon():
            self._set_aside(pending, why)
        if not self.actor_stopped.is_set():
            self.start_timer("try_again", self._retry_after, TryAgain())

    def _set_aside(self, pending: Pending, why: StoreUnavailable) -> None:
        is_fact = not isinstance(pending.write, Work)
        if is_fact and len(self._held) < self._hold_limit:
            self._held.append(pending)
            return
        if is_fact:
            self.log.error("fact_refused", kind=type(pending.write).__name__, held=len(self._held))
        pending.reply_to.refuse(StoreUnavailable(str(why), self._retry_after))

    def _try_again(self) -> None:
        was_out, self._outage = self._outage, None
        held, self._held = self._held, deque()
        for pending in held:
            self._take(pending)
        if was_out is not None and self._outage is None and not len(self._group):
            self._publish()  # what a crash between commit and telling left untold
