"""The receipts of a client's sent messages: their share, compared with its own past. Pure.

The acknowledgement by WhatsApp's server (ack 1) takes another way through the page than those by phones (ack 2 and
more). So a client whose messages are accepted and whose phones all fall silent may have lost the way of the latter.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from actors.clients.types import Seconds

DAY: Seconds = 86400.0
PAST = 7
"""The number of past days for the comparison."""
SILENT = 20
"""The sends in a row without a receipt that are not chance."""
GRACE: Seconds = 600.0
"""The time a message may be without a receipt before that counts: a phone may be off."""
ENOUGH = 50
"""The messages in a day, and in the days before, that make a share worth comparing."""
FALL = 0.5
"""A share below this part of the past's is too small."""
_KEPT = 5000

DayCount = tuple[int, int, int]
"""A day (since 1970), the messages that were sent on it, and those of them that a phone has received."""


@dataclass(slots=True, eq=False)
class _Day:
    number: int
    sent: int = 0
    received: int = 0


@dataclass(frozen=True, slots=True)
class ReceiptsSeen:
    """The receipts at one instant. Shares are None if there are too few messages."""

    share: float | None
    past: float | None
    unanswered: int
    """Messages older than the grace, in a row, without any receipt since."""

    @property
    def lost(self) -> bool:
        """True if receipts seem to be lost."""
        fallen = self.share is not None and self.past is not None and self.share < FALL * self.past
        return self.unanswered >= SILENT or fallen


class Receipts:
    """The sends and receipts of one client. Instants are epoch seconds; one thread at a time.

    `past` are the days of an earlier process, as `days` returned them.
    """

    def __init__(self, past: Iterable[DayCount] = ()) -> None:
        self._days = deque((_Day(*day) for day in sorted(past)), maxlen=PAST + 1)
        self._open: OrderedDict[str, tuple[Seconds, _Day]] = OrderedDict()
        self._since: deque[Seconds] = deque(maxlen=_KEPT)
        """The times of sends since the last receipt."""

    def acknowledged(self, message: str, ack: int, at: Seconds) -> None:
        """Take an acknowledgement by WhatsApp's server (1) or a phone (2 and more)."""
        if ack == 1 and message not in self._open:
            day = self._today(at)
            day.sent += 1
            self._open[message] = (at, day)
            self._since.append(at)
            if len(self._open) > _KEPT:
                self._open.popitem(last=False)
        elif ack >= 2:
            self._since.clear()
            if (known := self._open.pop(message, None)) is not None:
                known[1].received += 1

    def look(self, now: Seconds) -> ReceiptsSeen:
        """Return the receipts at this instant. A message within the grace does not count yet."""
        today = int(now // DAY)
        fresh = sum(1 for at, _ in self._open.values() if now - at < GRACE)
        present = [day for day in self._days if day.number == today]
        before = [day for day in self._days if today - PAST <= day.number < today]
        return ReceiptsSeen(
            _share(sum(day.sent for day in present) - fresh, sum(day.received for day in present)),
            _share(sum(day.sent for day in before), sum(day.received for day in before)),
            sum(1 for at in self._since if now - at >= GRACE),
        )

    def days(self, now: Seconds) -> tuple[DayCount, ...]:
        """Return the days to keep over a restart, without messages within the grace: nobody will hear of those."""
        fresh = [day for at, day in self._open.values() if now - at < GRACE]
        return tuple((day.number, day.sent - fresh.count(day), day.received) for day in self._days)

    def _today(self, at: Seconds) -> _Day:
        number = int(at // DAY)
        if not self._days or self._days[-1].number < number:
            self._days.append(_Day(number))
        return self._days[-1]


def _share(sent: int, received: int) -> float | None:
    return min(1.0, received / sent) if sent >= ENOUGH else None
