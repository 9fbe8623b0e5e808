"""How much of everything, drawn from one seed, and the tide that spreads messages evenly over the faults."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass

CHATS = 5
"""People each client writes to, and who write to it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`messages` go out and as many come in, while at least `kills` faults strike."""

    messages: int = 2000
    kills: int = 100
    seed: int = 1
    clients: int = 2
    patience: float = 90.0
    """Seconds within which a client must be READY again after a fault, and all must be settled after the last."""

    def chance(self, *of: object) -> random.Random:
        """A stream of chance of one's own: who else draws how much changes nothing for it."""
        return random.Random(f"{self.seed} {of}")

    def share(self, client_id: int, chat: int) -> int:
        """How many of the messages belong to one chat of one client."""
        number, parts = (client_id - 1) * CHATS + chat, self.clients * CHATS
        return self.messages // parts + (number < self.messages % parts)


def friend(client_id: int, chat: int) -> str:
    """The phone number of one person a client has to do with."""
    return f"54922{client_id:04d}{chat:04d}"


class Tide:
    """Lets messages go as the faults go: of n messages, the k-th one while the k-th n-th of the faults strike."""

    def __init__(self, faults: int) -> None:
        self._faults, self._struck = max(1, faults), 0
        self._changed = threading.Condition()
        self._failed: BaseException | None = None

    def rise(self) -> None:
        """One fault more."""
        with self._changed:
            self._struck += 1
            self._changed.notify_all()

    def flood(self, because: BaseException | None = None) -> None:
        """Everything may go; or, `because` of something, nothing more."""
        with self._changed:
            self._struck, self._failed = self._faults, because or self._failed
            self._changed.notify_all()

    def wait(self, share: float) -> bool:
        """Until so much of everything may have gone; False: the campaign has failed. `flood` ends every wait."""
        with self._changed:
            self._changed.wait_for(lambda: share <= (self._struck + 1) / self._faults or self._failed is not None)
            return self._failed is None
